"""`python -m inference bench` against a server over a socket and against llama.cpp."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from devtools.engines.lmdeploy import FakeLMDeploy
from inference.__main__ import main
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


def test_it_measures_a_server_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMDEPLOY_API_KEY", "right")
    file = tmp_path / "figures.json"
    with FakeLMDeploy(
        api_key="right", answer="嗯" * 9, context_window=9000
    ).serve_in_thread() as fake:
        flags = ["--people", "1,3", "--requests", "6", "--json", str(file)]
        assert main(["bench", "--address", fake.url, *flags]) == 0
        assert len(fake.requests) == 1 + 6 + 6
        flags = ["--people", "3", "--requests", "6", "--against", str(file)]
        assert main(["bench", "--address", fake.url, *flags]) == 0
        flags = ["--people", "2", "--requests", "2", "--against", str(file)]
        assert main(["bench", "--address", fake.url, *flags]) == 0
    written = json.loads(file.read_text())
    assert [load["tokens"] for load in written["loads"]] == [54, 54]
    assert written["target"] == fake.model
    said = capsys.readouterr().out
    assert "| 3 at once | 6 | 0 |" in said
    assert "against figures.json, 3 at once:" in said
    assert "figures.json has none of these loads" in said


def test_requests_that_fail_are_seen_in_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeLMDeploy(context_window=9000).serve_in_thread() as fake:
        assert main(["bench", "--address", fake.url, "--rates", "200", "--seconds", "0.1"]) == 0
        fake.context_window = 300  # too little for the later turns of a dialogue
        assert main(["bench", "--address", fake.url, "--people", "2"]) == 1
    assert "ContextTooLong" in capsys.readouterr().out


def test_it_measures_the_cpu_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_tiny_model(tmp_path / "tiny.gguf", context_length=4096)
    flags = ["--people", "2", "--requests", "4", "--max-tokens", "8"]
    assert main(["bench", "--local", str(model), *flags]) == 0
    assert "| 2 at once | 4 | 0 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (["--address", "http://127.0.0.1:9/v1"], 1, "nothing answers"),
        (["--local", "nowhere.gguf"], 1, "no model file"),
        (["--address", "http://x/v1", "--people", "0"], 2, "--people"),
        (["--address", "http://x/v1", "--rates", "fast"], 2, "--rates"),
        (["--address", "http://x/v1", "--people", ""], 2, "names a load"),
        (["--address", "http://x/v1", "--against", "nowhere.json"], 2, "no figures"),
        (["--address", "http://x/v1", "--seconds", "-1"], 2, "--seconds"),
        (["--address", "http://x/v1", "--max-tokens", "0"], 2, "--max-tokens"),
        (["--address", "http://x/v1", "--context", "256"], 2, "--context"),
        (["--address", "http://x/v1", "--json", "nowhere/f.json"], 2, "nowhere/f.json"),
        (["--address", "http://x/v1", "--plot", "figures.doc"], 2, "figures.doc"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    flags: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *flags]) == status
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("address", ["127.0.0.1:23333", "ftp://x/v1", "http:///v1", "x"])
@pytest.mark.parametrize("command", ["bench", "chat"])
def test_what_is_no_address_is_refused(
    command: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--address", address])
    assert ended.value.code == 2
    assert "is not an address like http://" in capsys.readouterr().err
