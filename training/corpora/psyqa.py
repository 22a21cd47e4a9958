"""PsyQA (Findings of ACL 2021): long answers to questions of a Chinese support forum.

The authors give the corpus out under an agreement; none of it is here. Published as one JSON
list of questions with their answers; JSON lines, one question a line, are read as well. Each
answer becomes a dialogue of one pair and keeps the names of its support strategies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError, Record, parsed, records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SOURCE = "psyqa"
ENDING = ".json"
STRATEGIES = (
    "Approval and Reassurance",
    "Interpretation",
    "Self-disclosure",
    "Direct Guidance",
    "Restatement",
    "Information",
    "Others",
)


def psyqa_records(
    path: Path, advance: Callable[[int], object] = lambda _: None
) -> Iterator[Record]:
    """One record a question; of a JSON file its text is held in memory, but not what it says."""
    for record in records(path, ENDING, advance):
        if record.is_line:
            yield record
        else:
            yield from _questions(record)


def parse_psyqa(record: Record) -> list[Dialogue]:
    """A dialogue for every answer of a question; raises CorpusFormatError."""
    question: dict[str, Any] = parsed(record)
    try:
        asked = "\n".join(
            part for key in ("question", "description") if (part := _text(question, key).strip())
        )
        return [
            Dialogue(
                SOURCE,
                f"{question['questionID']}-{number}",
                (
                    Turn(Role.CLIENT, asked),
                    Turn(Role.COUNSELOR, _text(answer, "answer_text"), _strategies(answer)),
                ),
            )
            for number, answer in enumerate(question["answers"])
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = str(error) if isinstance(error, _WrongLabelError) else "not a PsyQA question"
        raise CorpusFormatError(record.place, reason) from None


class _WrongLabelError(ValueError):
    """A strategy that PsyQA does not have, or one that lies outside of its answer."""


def _strategies(answer: dict[str, Any]) -> tuple[str, ...]:
    labels = answer.get("labels_sequence") or []
    length = len(answer["answer_text"])
    for label in labels:
        if label["type"] not in STRATEGIES or not 0 <= label["start"] <= label["end"] <= length:
            raise _WrongLabelError("a strategy is unknown or lies outside of its answer")
    return tuple(label["type"] for label in sorted(labels, key=lambda label: int(label["start"])))


def _text(value: dict[str, Any], key: str) -> str:
    text = value[key]
    if not isinstance(text, str):
        raise TypeError
    return text


def _questions(file: Record) -> Iterator[Record]:
    """The items of a JSON list, cut apart without keeping what they hold."""
    decoder = json.JSONDecoder()
    try:
        text = file.data.decode("utf-8-sig").strip()
        if not text.startswith("["):
            raise CorpusFormatError(file.place, "expected a list of questions")
        position, number = _skip(text, 1), 0
        while text[position] != "]":
            number += 1
            _, end = decoder.raw_decode(text, position)
            place = f"{file.place}, question {number}"
            yield Record(place, str(number), False, text[position:end].encode())
            position = _skip(text, end)
            if text[position] == ",":
                position = _skip(text, position + 1)
    except RecursionError:
        raise CorpusFormatError(file.place, "JSON that is nested too deep") from None
    except (ValueError, IndexError) as error:
        if isinstance(error, CorpusFormatError):
            raise
        raise CorpusFormatError(file.place, "not valid JSON") from None


def _skip(text: str, position: int) -> int:
    while text[position].isspace():
        position += 1
    return position
