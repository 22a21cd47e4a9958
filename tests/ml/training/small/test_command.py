"""The whole way, from a corpus to a file that llama.cpp answers from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from training.small.prepare import load_packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ml.conftest import LlamaCpp

ROOT = Path(__file__).parents[4]
SIZES = ("--vocabulary", "320", "--context", "64", "--hidden", "128", "--intermediate", "128")


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
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    feelings = ["难过", "开心", "着急", "孤单", "疲惫", "紧张"]
    with path.open("w", encoding="utf-8") as lines:
        for number in range(400):
            feeling = feelings[number % 6]
            utterances = [
                {"role": "client", "content": f"{number}号那天我觉得很{feeling}，一直没有说出来。"},
                {"role": "counselor", "content": f"听起来你很{feeling}，是什么让你这样觉得呢？"},
            ]
            line = {"id": number, "dialogue": utterances}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def test_corpus_becomes_a_model_that_answers(
    corpus: Path, tmp_path: Path, llama_cpp: Callable[[Path], LlamaCpp]
) -> None:
    out = tmp_path / "run"
    common = ("small", "--smile", str(corpus), "--out", str(out), *SIZES, "--layers", "1")

    done = training(*common, "--minutes", "0.05", "--no-compile", "--threads", "1")

    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((out / "corpus.json").read_text())
    assert report["dialogues_train"] + report["dialogues_held_out"] == 400
    assert report["dialogues_held_out"] > 0
    assert len(load_packed(out / "train.npz").tokens) == report["rows_train"]
    served = llama_cpp(out / "shudong-small.gguf")
    answer = served.chat([{"role": "user", "content": "我很难过"}], max_tokens=20)
    assert answer["usage"]["completion_tokens"] > 0


def test_missing_corpus_is_one_sentence(tmp_path: Path) -> None:
    done = training("small", "--smile", str(tmp_path / "none.jsonl"), "--out", str(tmp_path))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none.jsonl" in done.stderr


def test_corpus_that_is_too_small_is_one_sentence(corpus: Path, tmp_path: Path) -> None:
    first = corpus.read_text(encoding="utf-8").splitlines()[0]
    corpus.write_text(first, encoding="utf-8")

    done = training("small", "--smile", str(corpus), "--out", str(tmp_path / "run"), *SIZES)

    assert done.returncode == 2
    assert "corpus.jsonl has too few usable dialogues" in done.stderr


def test_training_before_preparing_is_one_sentence(tmp_path: Path) -> None:
    done = training("small", "--smile", "unused", "--out", str(tmp_path), "--only", "train", *SIZES)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "train.npz" in done.stderr
