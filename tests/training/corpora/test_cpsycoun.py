from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError
from training.corpora.registry import CORPORA, read_corpus

if TYPE_CHECKING:
    from pathlib import Path


def dialogues_below(folder: Path) -> list[Dialogue]:
    corpus = CORPORA["cpsycoun"]
    return [
        dialogue for record in read_corpus("cpsycoun", folder) for dialogue in corpus.parse(record)
    ]


def test_speakers_are_told_apart_and_long_turns_kept_whole(tmp_path: Path) -> None:
    text = "来访者：我睡不着。\n\n心理咨询师：嗯。\n\n可以说说吗？\n\n来访者: 好。\n"
    (tmp_path / "case_1.txt").write_text(text, encoding="utf-8")

    assert dialogues_below(tmp_path) == [
        Dialogue(
            "cpsycoun",
            "case_1",
            (
                Turn(Role.CLIENT, "我睡不着。"),
                Turn(Role.COUNSELOR, "嗯。\n\n可以说说吗？"),
                Turn(Role.CLIENT, "好。"),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("私密\n来访者：嗨".encode(), "text before the first speaker"),
        ("没有人说话".encode(), "text before the first speaker"),
        (b"", "no speaker is named"),
        ("来访者：嗨".encode("gbk"), "not UTF-8"),
    ],
)
def test_malformed_file_is_named_without_its_text(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "case_7.txt").write_bytes(data)

    with pytest.raises(CorpusFormatError, match=rf"^case_7\.txt: {reason}$"):
        dialogues_below(tmp_path)
