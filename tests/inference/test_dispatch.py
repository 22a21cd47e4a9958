"""What every command of `python -m inference` and `python -m training` does alike."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from inference.dispatch import Command, dispatch

if TYPE_CHECKING:
    from pathlib import Path

RUN = """
def add_arguments(parser):
    parser.add_argument("--number", type=int, default=0)

def run(parsed):
    {}
"""


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        (RUN.format("return None"), 0, ""),
        (RUN.format("return parsed.number"), 7, ""),
        ("import a_package_that_is_missing", 2, "a_package_that_is_missing: pip install"),
        (RUN.format("open('/nowhere/file')"), 2, "/nowhere/file"),
        (RUN.format("raise ValueError('too small')"), 2, "python -m p c: too small"),
        (RUN.format("raise KeyboardInterrupt"), 130, ""),
        ("raise KeyboardInterrupt", 130, ""),
    ],
    ids=["done", "status", "no package", "no file", "no value", "ctrl-c", "ctrl-c while importing"],
)
def test_a_command_ends_with_a_status_and_at_most_one_sentence(
    source: str,
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a_command_of_the_test.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "a_command_of_the_test", raising=False)
    commands = {"c": Command("a_command_of_the_test", "for the test", "extra")}
    assert dispatch("p", commands, ["c", "--number", "7"]) == status
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == bool(words)
