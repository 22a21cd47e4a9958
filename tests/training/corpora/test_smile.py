from __future__ import annotations

import json
import lzma
from typing import TYPE_CHECKING

import pytest

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError
from training.corpora.smile import read_smile

if TYPE_CHECKING:
    from pathlib import Path

UTTERANCES = [
    {"role": "client", "content": "我和同桌吵架了。", "annotation": ""},
    {"role": "counselor", "content": "是什么让你们吵起来的呢？", "annotation": ""},
]
TURNS = (Turn(Role.CLIENT, "我和同桌吵架了。"), Turn(Role.COUNSELOR, "是什么让你们吵起来的呢？"))


def test_published_folder_is_read_in_numeric_order(tmp_path: Path) -> None:
    for name in ("10", "9"):
        (tmp_path / f"{name}.json").write_text(json.dumps(UTTERANCES), encoding="utf-8")

    assert list(read_smile(tmp_path)) == [
        Dialogue("smile", "9", TURNS),
        Dialogue("smile", "10", TURNS),
    ]


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.xz"])
def test_json_lines_are_read_plain_and_compressed(tmp_path: Path, name: str) -> None:
    line = json.dumps({"id": 7, "dialogue": UTTERANCES}, ensure_ascii=False).encode() + b"\n\n"
    data = lzma.compress(line) if name.endswith("xz") else line
    (tmp_path / name).write_bytes(data)

    assert list(read_smile(tmp_path / name)) == [Dialogue("smile", "7", TURNS)]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1, "dialogue": [{"role": "client", "content": "私密',
        '["私密"]',
        '{"id": 1, "dialogue": {"role": "client", "content": "私密"}}',
        '{"id": 1, "dialogue": [{"role": "doctor", "content": "私密"}]}',
        '{"id": 1, "dialogue": [{"role": "client"}]}',
        '{"id": 1, "dialogue": ["私密"]}',
    ],
)
def test_malformed_line_is_named_without_its_text(tmp_path: Path, line: str) -> None:
    good = json.dumps({"id": 0, "dialogue": UTTERANCES})
    (tmp_path / "corpus.jsonl").write_text(f"{good}\n{line}\n", encoding="utf-8")

    with pytest.raises(CorpusFormatError, match=r"corpus\.jsonl, line 2") as caught:
        list(read_smile(tmp_path / "corpus.jsonl"))

    assert "私密" not in str(caught.value)


def test_missing_corpus_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_smile(tmp_path / "corpus.jsonl"))
