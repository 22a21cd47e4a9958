from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from training.hashing import changes, code_hash, contents_of, differences, hash_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.py").write_text('"""What."""\ndef f(x):\n    """How."""\n    return x + 1\n')
    (folder / "words.txt").write_text("one")
    return folder


def test_a_comment_a_docstring_or_the_sentence_of_an_error_is_no_change_of_code(code: Path) -> None:
    (code / "b.py").write_text("def g(x):\n    raise ValueError('no')\n")
    before = code_hash([code])
    (code / "b.py").write_text("def g(x):\n    raise ValueError(f'{x} is no number')\n")
    (code / "a.py").write_text('"""Why."""\n\n# words\ndef f(x):\n    return x + 1  # more\n')
    assert code_hash([code]) == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.py", '"""What."""\ndef f(x):\n    """How."""\n    return x + 2\n'),
        ("words.txt", "two"),
        ("b.py", "y = 1\n"),
    ],
)
def test_other_code_or_data_beside_it_is_a_change(code: Path, file: str, text: str) -> None:
    before = code_hash([code])
    (code / file).write_text(text)
    assert code_hash([code]) != before


def test_contents_are_every_visible_file_wherever_the_folder_lies(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in/file").write_text("words")
        (tmp_path / name / ".hidden").write_text(name)
    here, there = contents_of(tmp_path / "here"), contents_of(tmp_path / "there")
    assert list(here) == ["in/file"]
    assert hash_of(here) == hash_of(there)
    (tmp_path / "there/in/file").write_text("other")
    assert differences(here, contents_of(tmp_path / "there")) == ["in/file"]


def test_what_is_not_there_is_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        contents_of(tmp_path / "nothing")


def test_only_what_counts_of_a_folder_is_its_contents(tmp_path: Path) -> None:
    for name in ("last/shard", "last.old", "log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(contents_of(tmp_path, only=["last"])) == ["last/shard"]


def test_changes_tell_what_was_there_before_and_only_the_names_of_hashes() -> None:
    before = {"launch": {"processes": 4}, "model": "a" * 64, "seed": 7}
    now = {"launch": {"processes": 1, "deepspeed": "zero2"}, "model": "b" * 64, "seed": 7}
    assert changes(before, now) == ["launch.deepspeed", "launch.processes=4", "model"]
