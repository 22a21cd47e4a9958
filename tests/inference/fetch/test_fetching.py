"""What is looked at before anything is fetched, copies on this machine, and the command."""

import fcntl
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inference.__main__ import main
from inference.catalogue import Catalogue
from inference.fetch.errors import FetchError
from inference.fetch.fetching import fetch
from inference.fetch.progress import ConsoleTeller, Progress, Reporter, spelled
from tests.inference.fetch.conftest import CONTENT
from tests.inference.fetch.hub import Hub

ROOT = Path(__file__).parents[3]


def test_too_little_memory_is_told_before_anything_is_fetched(model, teller, tmp_path):
    with pytest.raises(FetchError, match=r"takes 2\.0 GB of memory and 1\.5 GB are free"):
        fetch(model(memory=2_000_000_000), tmp_path, teller, memory=lambda: 1_500_000_000)
    assert list(tmp_path.iterdir()) == []


def test_too_little_disk_is_told_before_anything_is_fetched(model, teller, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        with pytest.raises(FetchError, match=r"0\.0 GB free and 0\.2 GB are needed"):
            fetch(model(), tmp_path, teller)
    assert hub.asked == []


def test_a_disk_that_fills_up_keeps_what_is_there(model, teller, tmp_path, monkeypatch):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
        try:
            with pytest.raises(FetchError, match="The disk is full: 1,000,000 bytes more"):
                fetch(model(), tmp_path, teller)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert fetch(model(), tmp_path, teller).read_bytes() == CONTENT
    assert hub.asked[-1][1] == "bytes=2000000-"


def test_a_folder_that_cannot_be_written_is_told(model, teller, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FetchError, match="--into names another folder"):
        fetch(model(), tmp_path / "file", teller)


def test_two_do_not_fetch_one_file_at_once(model, teller, tmp_path):
    with (tmp_path / ".better.gguf.part").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FetchError, match="Another process is fetching"):
            fetch(model(), tmp_path, teller)


def test_a_copy_is_taken_if_it_is_the_file(model, teller, tmp_path):
    copy = tmp_path / "copy.bin"
    copy.write_bytes(CONTENT)
    assert fetch(model(), tmp_path / "models", teller, copy=copy).read_bytes() == CONTENT
    assert copy.exists()


@pytest.mark.parametrize("content", [b"another", bytes(len(CONTENT)), CONTENT + b"!"])
def test_a_copy_of_something_else_is_refused(model, teller, tmp_path, content):
    copy = tmp_path / "copy.bin"
    copy.write_bytes(content)
    with pytest.raises(FetchError):
        fetch(model(), tmp_path / "models", teller, copy=copy)
    assert not (tmp_path / "models/better.gguf").exists()
    assert copy.read_bytes() == content
    with pytest.raises(FetchError, match="cannot be read"):
        fetch(model(), tmp_path / "models", teller, copy=tmp_path / "nowhere")


def test_the_hubs_own_cache_is_looked_into_first(model, teller, tmp_path, monkeypatch):
    snapshot = tmp_path / "hub/models--people--model/snapshots/abc"
    snapshot.mkdir(parents=True)
    (snapshot / "better.gguf").write_bytes(CONTENT)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert fetch(model(), tmp_path / "models", teller).read_bytes() == CONTENT
    assert teller.sentences == ["Asking a copy on this machine for Better."]


# The command, over a catalogue of one model.


@pytest.fixture
def catalogue(model, monkeypatch):
    made = Catalogue((model(),))
    monkeypatch.setattr("inference.fetch.command.load_catalogue", lambda _own: made)
    return made


def test_the_command_fetches_by_name_or_the_best(catalogue, tmp_path, monkeypatch, capsys):
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert main(["fetch", "better", "--into", str(tmp_path)]) == 0
        assert main(["fetch", "best", "--into", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Better: good. 0.00 GB, Apache-2.0" in said
    assert said.count("is there, and its SHA-256 is right") == 2
    assert main(["fetch", "--into", str(tmp_path)]) == 0
    assert "better (there): Better, good." in capsys.readouterr().out


def test_the_command_says_what_is_wrong(catalogue, tmp_path, capsys):
    assert main(["fetch", "worse"]) == 2
    assert "There is no model called worse; there is better." in capsys.readouterr().err
    assert main(["fetch", "better", "--into", str(tmp_path)]) == 1
    assert "nothing answers there" in capsys.readouterr().err


def test_a_program_is_told_in_json(catalogue, tmp_path, monkeypatch, capsys):
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert main(["fetch", "better", "--into", str(tmp_path), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["kind"] == "done"
    (last,) = [
        line for line in lines if line["kind"] == "progress" and line["done"] == len(CONTENT)
    ]
    assert last["total"] == len(CONTENT)


def test_nothing_is_fetched_by_looking(tmp_path):
    """A process of its own, with the catalogue of the package: it lists, and asks no network."""
    ended = subprocess.run(
        [sys.executable, "-m", "inference", "fetch", "--into", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "qwen2.5-coder-1.5b (not there)" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_rate_and_time_left_are_of_the_last_seconds():
    told, now = [], [0.0]
    reporter = Reporter(told.append, every=1.0, clock=lambda: now[0])
    reporter.begin("hub", 10_000)
    for second, done in ((0, 0), (0.5, 100), (1, 200), (20, 2000), (21, 3000)):
        now[0] = second
        reporter(done)
    assert told[0] == Progress("hub", 0, 10_000)
    assert told[1] == Progress("hub", 200, 10_000, 200.0, 49.0)
    assert told[-1] == Progress("hub", 3000, 10_000, 1000.0, 7.0)
    assert len(told) == 4  # half a second after the first one nothing is said


def test_a_log_gets_whole_lines(capsys):
    teller = ConsoleTeller()
    teller.progress(Progress("Hugging Face", 5_000_000, 1_117_000_000, 2_500_000.0, 445.0))
    assert capsys.readouterr().out == "  Hugging Face: 5 of 1,117 MB, 2.5 MB/s, 7 min 25 s left\n"
    assert (spelled(5), spelled(7200)) == ("5 s", "2 h 0 min")
