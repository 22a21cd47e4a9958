"""SmileChat (SMILE, Findings of EMNLP 2024; CC0 1.0): multi-turn support dialogues in Chinese.

Published as a folder of JSON files, one list of utterances a file. An archive of that folder and
JSON lines (one `{"id", "dialogue"}` object a line) are read as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError, Record, parsed, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = "smile"
ENDING = ".json"
_ROLES = {role.value: role for role in Role}


def read_smile(path: Path) -> Iterator[Dialogue]:
    """Every dialogue below `path` in a stable order.

    Raises FileNotFoundError for a missing path and CorpusFormatError for anything malformed.
    """
    for record in records(path, ENDING):
        yield from parse_smile(record)


def parse_smile(record: Record) -> list[Dialogue]:
    """The dialogue of a file or line; raises CorpusFormatError."""
    content = parsed(record)
    identifier = record.stem
    if record.is_line:
        if not isinstance(content, dict) or "id" not in content:
            raise CorpusFormatError(record.place, "expected an object with id and dialogue")
        identifier = str(content["id"])
        content = content.get("dialogue")
    if not isinstance(content, list) or not content:
        raise CorpusFormatError(record.place, "expected a list of utterances")
    try:
        turns = tuple(Turn(_ROLES[item["role"]], _text(item["content"])) for item in content)
    except (KeyError, TypeError, ValueError):
        raise CorpusFormatError(
            record.place, "every utterance needs a content and the role client or counselor"
        ) from None
    return [Dialogue(SOURCE, identifier, turns)]


def _text(content: object) -> str:
    if not isinstance(content, str):
        raise TypeError
    return content
