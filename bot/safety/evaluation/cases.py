"""Files of what people wrote, with or without labels: plain lines, or JSON lines.

A file whose first line is no JSON object holds a message a line. Else a line is
{"text": str, "level"?: str, "labels"?: [str]} or
{"messages": [{"role": str, "content": str, "level"?: str}, ...], "level"?, "labels"?}: the roles
are user, assistant, and others that are not read. What the assistant said may be a card, a question
or a check-in of ours, or a mark for one (see `marks`). Levels are none, concern, high and imminent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety.evaluation.marks import spelt_out
from bot.safety.levels import RiskLevel
from bot.safety.utterance import Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LEVELS = {level.label: level for level in RiskLevel}


class BatchError(ValueError):
    """A line that cannot be read: says which and what was expected, never what it held."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message, or a talk, of a file."""

    number: int
    """Of its line, from 1."""
    said: tuple[Utterance, ...]
    wanted: tuple[RiskLevel | None, ...]
    """The label of every message of `said`, where it has one."""
    labels: tuple[str, ...] | None = None
    """Names of kinds, as the corpus PsySUICIDE has them."""
    is_talk: bool = False


def read_cases(lines: Iterable[str]) -> Iterator[Case]:
    """The cases of a file, in order; blank lines are skipped. Raises BatchError."""
    is_plain: bool | None = None
    for number, line in enumerate(lines, start=1):
        if not (text := line.strip()):
            continue
        if is_plain is None:
            is_plain = not text.startswith(("{", "["))
        if is_plain:
            yield Case(number, (Utterance(text),), (None,))
        else:
            yield _case(text, number)


def _case(line: str, number: int) -> Case:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        # Its message and its traceback would carry the text of the line.
        raise BatchError(f"line {number}: not JSON") from None
    said: tuple[Utterance, ...]
    wanted: tuple[RiskLevel | None, ...]
    match record:
        case {"text": str(text)}:
            said, wanted, is_talk = (Utterance(text),), (_level(record, number),), False
        case {"messages": [*messages]} if messages and all(map(_is_message, messages)):
            said, wanted = _talk(messages, number)
            is_talk = True
            if (last := _level(record, number)) is not None and said:
                wanted = (*wanted[:-1], last)
        case _:
            raise BatchError(
                f'line {number}: expected {{"text": ...}} or '
                '{"messages": [{"role", "content"}, ...]}'
            )
    match record:
        case {"labels": [*labels]} if all(isinstance(label, str) for label in labels):
            return Case(number, said, wanted, tuple(labels), is_talk)
    return Case(number, said, wanted, None, is_talk)


def _talk(
    messages: list[Mapping[str, str]], number: int
) -> tuple[tuple[Utterance, ...], tuple[RiskLevel | None, ...]]:
    said: list[Utterance] = []
    wanted: list[RiskLevel | None] = []
    for message in messages:
        if message["role"] == "assistant":
            said.append(Utterance(spelt_out(message["content"]), by_bot=True))
            wanted.append(None)
        elif message["role"] == "user":
            said.append(Utterance(message["content"]))
            wanted.append(_level(message, number))
    return tuple(said), tuple(wanted)


def _level(record: Mapping[str, object], number: int) -> RiskLevel | None:
    name = record.get("level")
    if name is None:
        return None
    if name not in _LEVELS:
        raise BatchError(f"line {number}: expected a level of {', '.join(_LEVELS)}")
    return _LEVELS[str(name)]


def _is_message(value: object) -> bool:
    match value:
        case {"role": str(), "content": str()}:
            return True
    return False
