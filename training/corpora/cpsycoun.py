"""CPsyCounD (Findings of ACL 2024; CC BY 4.0): dialogues rebuilt from counselling reports.

Published as a folder of text files; a turn begins with 来访者： or 心理咨询师：.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError

if TYPE_CHECKING:
    from training.corpora.files import Record

SOURCE = "cpsycoun"
ENDING = ".txt"

_SPEAKER = re.compile(r"^\s*\**(来访者|求助者|心理咨询师|咨询师)\**\s*[:：]\**[ \t]*", re.MULTILINE)
_CLIENTS = ("来访者", "求助者")


def parse_cpsycoun(record: Record) -> list[Dialogue]:
    """The dialogue of a file; raises CorpusFormatError."""
    try:
        text = record.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CorpusFormatError(record.place, "not UTF-8") from None
    before, *parts = _SPEAKER.split(text)
    if before.strip():
        raise CorpusFormatError(record.place, "text before the first speaker")
    if not parts:
        raise CorpusFormatError(record.place, "no speaker is named")
    turns = tuple(
        Turn(Role.CLIENT if speaker in _CLIENTS else Role.COUNSELOR, said.strip())
        for speaker, said in zip(parts[::2], parts[1::2], strict=True)
    )
    return [Dialogue(SOURCE, record.stem, turns)]
