"""The detector over a file of JSON lines, for operators, evaluation and acceptance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypedDict

from bot.safety.detector import assess
from bot.safety.utterance import Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class LineLevel(TypedDict):
    """One line of the report."""

    level: str
    axes: list[str]
    who: str
    reasons: list[str]


class BatchError(ValueError):
    """A line that cannot be read: says which and what was expected, never what it held."""


def safety_report(lines: Iterable[str]) -> Iterator[LineLevel]:
    """A verdict a line, in order; blank lines are skipped.

    A line is {"text": str} or {"messages": [{"role": str, "content": str}, ...]}: the roles
    are user, assistant, and others that are not read. Raises BatchError with the line's number,
    counted from 1.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            said, _ = read_line(line, number)
            verdict = assess(said)
            yield {
                "level": verdict.level.label,
                "axes": sorted(axis.value for axis in verdict.axes),
                "who": verdict.who.value,
                "reasons": list(verdict.reasons),
            }


def read_line(
    line: str, number: int, *, labelled: bool = False
) -> tuple[list[Utterance], tuple[str, ...]]:
    """What was said in a line, and its `labels`, which only a labelled file must have.

    Raises BatchError with the line's number.
    """
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        # Its message and its traceback would carry the text of the line.
        raise BatchError(f"line {number}: not JSON") from None
    said = _said(record)
    if said is None:
        raise BatchError(
            f'line {number}: expected {{"text": ...}} or '
            '{"messages": [{"role", "content"}, ...]}'
        )
    match record:
        case {"labels": [*labels]} if all(isinstance(label, str) for label in labels):
            return said, tuple(labels)
    if labelled:
        raise BatchError(f'line {number}: expected "labels", a list of names')
    return said, ()


def _said(record: object) -> list[Utterance] | None:
    match record:
        case {"text": str(text)}:
            return [Utterance(text)]
        case {"messages": [*messages]} if messages and all(map(_is_message, messages)):
            return [
                Utterance(message["content"], by_bot=message["role"] == "assistant")
                for message in messages
                if message["role"] in ("user", "assistant")
            ]
    return None


def _is_message(value: object) -> bool:
    match value:
        case {"role": str(), "content": str()}:
            return True
    return False
