"""What the first reader learns from and is measured on."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from bot.safety import RiskLevel, Utterance
from bot.safety.evaluation.marks import spelt_out
from bot.safety.evaluation.report import is_positive, is_severe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPEN_WISH = "主动自杀意图"
VALID, OWN, ORDINARY = "valid", "own", "ordinary"
OWN_WORDS, OWN_TALKS, EVERYDAY = "own_words", "own_talks", "everyday"
ASSUMED = (ORDINARY, OWN_WORDS, OWN_TALKS, EVERYDAY)
"""Sources of harmless lines that share no words of danger on purpose."""

THRESHOLDS = "w6"
"""The writer on whose lines thresholds are chosen, and nothing is learnt."""
MEASURED_ONLY = ("w7", "w8")
"""Writers on whose lines nothing is learnt or chosen."""


@dataclass(frozen=True, slots=True)
class Example:
    """A talk whose last message has a level.

    A bound is what is certain of the level: at least `lowest`, at most `highest`.
    """

    said: tuple[Utterance, ...]
    lowest: RiskLevel
    highest: RiskLevel
    source: str
    """The writer, or the corpus."""
    kind: str = ""
    axes: frozenset[str] = frozenset()
    who: str = ""
    severe: bool = False
    """Of a plan, a preparation or an attempt."""
    before: RiskLevel = RiskLevel.NONE
    """The highest level of the messages before, where they have one."""
    talk: str = ""
    """The type of talk that it is a turn of."""

    @property
    def danger(self) -> bool:
        """Whether it is a concern or more."""
        return self.lowest > RiskLevel.NONE


def read_labelled(path: Path) -> list[Example]:
    """The rows of psysuicide/valid.jsonl. Raises ValueError naming the line it cannot read.

    Its labels say little of how serious it is now: a passive wish may be a concern or high.
    """
    examples = []
    for number, record in _records(path):
        try:
            text, labels = str(record["text"]), list(map(str, record["labels"]))
        except (KeyError, TypeError):
            raise ValueError(f"{path.name}, line {number}: expected text and labels") from None
        severe = is_severe(labels)
        if not is_positive(labels):
            lowest = highest = RiskLevel.NONE
        else:
            lowest = RiskLevel.HIGH if severe or OPEN_WISH in labels else RiskLevel.CONCERN
            highest = RiskLevel.IMMINENT
        examples.append(Example((Utterance(text),), lowest, highest, VALID, VALID, severe=severe))
    return examples


def read_own() -> list[Example]:
    """Sentences written for this project, before there were writers."""
    source = resources.files("training.risk").joinpath("own.toml").read_text("utf-8")
    record = tomllib.loads(source)
    return [
        *(_own(text, RiskLevel.CONCERN, RiskLevel.IMMINENT) for text in record["danger"]),
        *(_own(text, RiskLevel.NONE, RiskLevel.NONE) for text in record["harmless"]),
    ]


def read_danger(path: Path) -> list[Example]:
    """A writer's lines, and every turn of a person in their talks.

    Raises ValueError naming the line it cannot read.
    """
    examples: list[Example] = []
    for number, record in _records(path):
        try:
            if "text" in record:
                examples.append(_line(record))
            else:
                examples.extend(_turns(record))
        except (KeyError, TypeError):
            raise ValueError(f"{path.name}, line {number}: not a line of danger") from None
    return examples


def _own(text: str, lowest: RiskLevel, highest: RiskLevel) -> Example:
    return Example((Utterance(text),), lowest, highest, OWN, OWN)


def _line(record: dict[str, Any]) -> Example:
    level = RiskLevel[record["level"].upper()]
    return Example(
        said=(Utterance(record["text"]),),
        lowest=level,
        highest=level,
        source=record["writer"],
        kind=record["kind"],
        axes=frozenset(record["axes"]),
        who=record["who"],
    )


def _turns(record: dict[str, Any]) -> Iterator[Example]:
    said: list[Utterance] = []
    before = RiskLevel.NONE
    for message in record["messages"]:
        if message["role"] == "assistant":
            said.append(Utterance(spelt_out(message["content"]), by_bot=True))
            continue
        level = RiskLevel[message["level"].upper()]
        said.append(Utterance(message["content"].partition("\t")[0]))
        yield Example(
            said=tuple(said),
            lowest=level,
            highest=level,
            source=record["writer"],
            kind=record["kind"],
            before=before,
            talk=record["type"],
        )
        before = max(before, level)


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield number, json.loads(line)
            except ValueError:
                raise ValueError(f"{path.name}, line {number}: not JSON") from None
