"""The whole way, from a corpus to a file that llama.cpp answers from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from training.small.corpus import load_packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ml.conftest import LlamaCpp

ROOT = Path(__file__).parents[4]
SETTINGS = (
    *("vocabulary=320", "context=64", "base_length=32", "hidden=128", "intermediate=128"),
    *("layers=1", "threads=1", "compile=false", "base_own=100", "tune_own=200", "tune_taken_up=0"),
)
TINY = [word for setting in SETTINGS for word in ("--set", setting)]
ON_A_CPU = ("--set", "device=cpu", "--set", "batch_tokens=128", "--set", "rows_at_once=2")


def training(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder as `python -m training prepare` writes it, as far as it is read here."""
    folder = tmp_path / "prepared"
    folder.mkdir()
    feelings = ["难过", "开心", "着急", "孤单", "疲惫", "紧张"]
    rows, decisions, held_out = [], [], []
    for number in range(200):
        feeling = feelings[number % 6]
        asked = f"{number}号那天我觉得很{feeling}，一直没有说出来。"
        answer = f"听起来你很{feeling}，是什么让你这样觉得呢？"
        if number % 20:
            rows.append({"conversation": [{"system": "x", "input": asked, "output": answer}]})
            decisions.append({"source": "smile", "id": str(number), "split": "train"})
        else:
            said = [("system", "x"), ("user", asked), ("assistant", answer)]
            messages = [{"role": role, "content": text} for role, text in said]
            held_out.append({"source": "smile", "id": str(number), "messages": messages})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "train.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    for name, values in (("decisions", decisions), ("held-out", held_out)):
        text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_prepared_corpus_becomes_a_model_that_answers(
    prepared: Path, tmp_path: Path, llama_cpp: Callable[[Path], LlamaCpp]
) -> None:
    out = tmp_path / "run"
    common = ("small", "--prepared", str(prepared), "--out", str(out), *TINY)

    done = training(*common, "--million-tokens", "0.03")

    assert (done.returncode, done.stderr) == (0, "")
    counts = json.loads((out / "corpus.json").read_text())
    assert counts["base"]["dialogues"] == {"own-words": 100, "smile": 190}
    assert counts["tune"]["dialogues"] == {"own-words": 200, "smile": 190}
    assert counts["held out"]["dialogues"] == {"smile": 10}
    assert load_packed(out / "base.npz").tokens.shape == (counts["base"]["rows"], 32)
    served = llama_cpp(out / "shudong-small.gguf")
    answer = served.chat([{"role": "user", "content": "我很难过"}], max_tokens=20)
    assert answer["usage"]["completion_tokens"] > 0


def test_lent_gpu_needs_the_tokens_alone_and_goes_on_where_it_stopped(
    prepared: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    gpu = ("small", "--preset", "gpu", "--out", str(out), *TINY, *ON_A_CPU)
    assert training(*gpu, "--prepared", str(prepared), "--only", "encode").returncode == 0
    prepared.rename(tmp_path / "stayed at home")

    part = training(*gpu, "--million-tokens", "0.01", "--for", "0", "--only", "train")
    step = torch.load(out / "checkpoint.pt", weights_only=True)["step"]
    whole = training(*gpu, "--million-tokens", "0.01")

    assert (part.returncode, part.stderr, step) == (0, "", 1)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert torch.load(out / "checkpoint.pt", weights_only=True)["tokens"] >= 10_000
    assert (out / "shudong-small.gguf").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--prepared", "nowhere"), "nowhere"),
        ((), "--prepared"),
        (("--only", "train"), "base.npz"),
        (("--set", "colour=red"), "colour"),
        (("--set", "layers=many"), "layers"),
        (("--set", "hidden=200"), "128"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    done = training("small", "--out", str(tmp_path), *arguments)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert word in done.stderr
