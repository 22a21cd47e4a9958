"""SmileChat (SMILE, Findings of EMNLP 2024; CC0 1.0): multi-turn support dialogues in Chinese.

Two layouts are read: the published folder of JSON files, one list of utterances a file, and a
JSON-lines file (plain or .xz) with one `{"id", "dialogue"}` object a line.
"""

from __future__ import annotations

import json
import lzma
from typing import TYPE_CHECKING

from training.corpora.dialogue import Dialogue, Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = "smile"


class SmileFormatError(ValueError):
    """A file or line is not in SmileChat's format; the message names the place, never the text."""


def read_smile(path: Path) -> Iterator[Dialogue]:
    """Every dialogue below `path` in a stable order.

    Raises FileNotFoundError for a missing path and SmileFormatError for anything malformed.
    """
    if path.is_dir():
        for file in sorted(path.glob("*.json"), key=lambda file: (len(file.stem), file.stem)):
            yield _dialogue(
                file.stem, _parse(file.read_text(encoding="utf-8"), file.name), file.name
            )
        return
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        place = f"{path.name}, line {number}"
        record = _parse(line, place)
        if not isinstance(record, dict) or "id" not in record:
            raise SmileFormatError(f"{place}: expected an object with id and dialogue")
        yield _dialogue(str(record["id"]), record.get("dialogue"), place)


def _lines(path: Path) -> Iterator[str]:
    if path.suffix == ".xz":
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            yield from lines
    else:
        with path.open(encoding="utf-8") as lines:
            yield from lines


def _parse(text: str, place: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise SmileFormatError(f"{place}: not valid JSON") from None


def _dialogue(identifier: str, utterances: object, place: str) -> Dialogue:
    if not isinstance(utterances, list):
        raise SmileFormatError(f"{place}: expected a list of utterances")
    try:
        turns = tuple(Turn(Role(item["role"]), str(item["content"])) for item in utterances)
    except (KeyError, TypeError, ValueError):
        raise SmileFormatError(
            f"{place}: every utterance needs a content and the role client or counselor"
        ) from None
    return Dialogue(SOURCE, identifier, turns)
