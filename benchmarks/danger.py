"""How much danger is heard: the readers on writers nothing was ever trained on.

    python -m benchmarks.danger                     both readers, the writers only measured on
    python -m benchmarks.danger --writers w6        another writer
    python -m benchmarks.danger --misses FILE       ids of what was missed, by kind (no text)

A line counts as heard at high where it is high or imminent and a card goes out; an alarm is a
harmless line that is raised to anything. In talks each message is read with what was said before,
and with what the person is in by what was found before, as the bot keeps it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from bot.safety import (
    LOWEST_BY_WORD,
    RiskLevel,
    StackedReader,
    Utterance,
    assess,
    says_safe,
    takes_back,
)
from bot.safety.encoder import load_encoder
from bot.safety.evaluation.marks import CARD, spelt_out
from bot.safety.evaluation.report import interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MEASURED_ONLY = ("w7", "w8")
CONCERN, HIGH, IMMINENT = RiskLevel.CONCERN, RiskLevel.HIGH, RiskLevel.IMMINENT


@dataclass(frozen=True, slots=True)
class Reading:
    """A message with its right level and what each reader made of it.

    `place` is the kind of a line, or the type of a talk; `after_card` and `rises` are of talks:
    whether a card was sent before, and whether the right level is higher than ever before in it.
    """

    id: str
    place: str
    is_line: bool
    wanted: RiskLevel
    first: RiskLevel
    both: RiskLevel
    after_card: bool = False
    rises: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.danger")
    parser.add_argument("--writers", nargs="+", default=list(MEASURED_ONLY))
    parser.add_argument("--misses", type=Path, help="write ids of misses and alarms, by kind")
    options = parser.parse_args(arguments)
    readers = Readers()
    readings = [reading for name in options.writers for reading in read_writer(name, readers)]
    sys.stdout.writelines(f"{line}\n" for line in report(readings, readers))
    if options.misses is not None:
        options.misses.write_text("".join(f"{line}\n" for line in misses(readings)), "utf-8")


class Readers:
    """Both readers, and how long they take."""

    def __init__(self) -> None:
        encoder = load_encoder()
        self._both = None if encoder is None else StackedReader(encoder)
        self.first_ms: list[float] = []
        self.both_ms: list[float] = []

    @property
    def has_both(self) -> bool:
        """Whether the encoder is installed."""
        return self._both is not None

    def read(
        self,
        talk: Sequence[Utterance],
        alone: RiskLevel = RiskLevel.NONE,
        together: RiskLevel = RiskLevel.NONE,
    ) -> tuple[RiskLevel, RiskLevel]:
        """What the first reader makes of the last message, and what both do.

        `alone` and `together` are what the person is in by each.
        """
        began = time.perf_counter()
        first = assess(talk, alone).level
        took = 1000 * (time.perf_counter() - began)
        self.first_ms.append(took)
        if self._both is None:
            return first, first
        began = time.perf_counter()
        both = self._both.read(talk, together).level
        self.both_ms.append(took + 1000 * (time.perf_counter() - began))  # it finds that kept
        return first, both


def read_writer(name: str, readers: Readers) -> Iterator[Reading]:
    """Read every line and every talk of a writer."""
    file = resources.files("training.corpora.danger").joinpath(f"{name}.jsonl")
    for row in file.read_text("utf-8").splitlines():
        record = json.loads(row)
        if "text" in record:
            wanted = RiskLevel[record["level"].upper()]
            first, both = readers.read([Utterance(record["text"])])
            yield Reading(record["id"], record["kind"], True, wanted, first, both)
        else:
            yield from _read_talk(record, readers)


def _read_talk(
    record: dict[str, str | list[dict[str, str]]], readers: Readers
) -> Iterator[Reading]:
    said: list[Utterance] = []
    highest, after_card = RiskLevel.NONE, False
    alone = together = RiskLevel.NONE
    messages = record["messages"]
    for message in messages if isinstance(messages, list) else []:
        content = message["content"]
        if message["role"] == "assistant":
            after_card |= content.startswith(CARD)
            said.append(Utterance(spelt_out(content), by_bot=True))
            continue
        said.append(Utterance(content))
        wanted = RiskLevel[message["level"].upper()]
        first, both = readers.read(said, alone, together)
        alone, together = _kept(alone, first, said[-1].text), _kept(together, both, said[-1].text)
        rises = wanted > highest and wanted >= HIGH and len(said) > 1
        place = str(record["type"])
        yield Reading(
            str(record["id"]), place, False, wanted, first, both, after_card, rises
        )  # fmt: skip
        highest = max(highest, wanted)


def _kept(standing: RiskLevel, found: RiskLevel, text: str) -> RiskLevel:
    """What a person is in after a message, as the bot keeps it."""
    standing = max(standing, found)
    return min(standing, LOWEST_BY_WORD) if says_safe(text) or takes_back(text) else standing


def report(readings: Sequence[Reading], readers: Readers) -> Iterator[str]:
    """The figures, a line each: over lines, over talks, by kind, and how long it took."""
    lines = [reading for reading in readings if reading.is_line]
    turns = [reading for reading in readings if not reading.is_line]
    yield f"{len(lines)} lines, {len(turns)} messages in talks"
    if not readers.has_both:
        yield "the encoder is not installed (extra: reader)"
    for reader, level_of in _READERS.items():
        yield f"-- {reader}"
        yield _share("high or above, heard at high", lines, HIGH, level_of, HIGH)
        yield _share("imminent, told as imminent", lines, IMMINENT, level_of, IMMINENT)
        yield _share("concern, heard at all", _only(lines, CONCERN), CONCERN, level_of, CONCERN)
        yield _share("harmless lines raised", _only(lines, RiskLevel.NONE), None, level_of, CONCERN)
        yield _share("harmless lines, a card", _only(lines, RiskLevel.NONE), None, level_of, HIGH)
        harmless = [turn for turn in turns if turn.place == "harmless"]
        rising = [turn for turn in turns if turn.rises]
        after = [turn for turn in rising if turn.after_card]
        yield _share("escalations in talks, heard at their level", rising, None, level_of, None)
        yield _share("escalations after a card", after, None, level_of, None)
        yield _share("messages of harmless talks raised", harmless, None, level_of, CONCERN)
    yield "-- by kind: high or above heard at high, first reader / both; harmless raised, both"
    yield from _by_kind(lines)
    for name, times in (("first reader", readers.first_ms), ("both", readers.both_ms)):
        if times:
            ordered = sorted(times)
            p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
            yield f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms a message"


def misses(readings: Iterable[Reading]) -> Iterator[str]:
    """Ids of what both readers got wrong, by kind: JSON lines without text."""
    for one in readings:
        too_low = one.wanted >= HIGH > one.both or one.wanted is CONCERN > one.both
        if too_low or (one.wanted is RiskLevel.NONE and one.both > RiskLevel.NONE):
            yield json.dumps(
                {
                    "id": one.id,
                    "kind": one.place,
                    "wanted": one.wanted.label,
                    "first": one.first.label,
                    "both": one.both.label,
                }
            )


_READERS: dict[str, Callable[[Reading], RiskLevel]] = {
    "first reader alone": lambda reading: reading.first,
    "both readers": lambda reading: reading.both,
}


def _only(readings: Iterable[Reading], level: RiskLevel) -> list[Reading]:
    return [reading for reading in readings if reading.wanted is level]


def _share(
    what: str,
    readings: Iterable[Reading],
    wanted: RiskLevel | None,
    level_of: Callable[[Reading], RiskLevel],
    heard_at: RiskLevel | None,
) -> str:
    """How often a level is reached, `heard_at` or the right one, among those from `wanted` up."""
    hits = [
        level_of(reading) >= (reading.wanted if heard_at is None else heard_at)
        for reading in readings
        if wanted is None or reading.wanted >= wanted
    ]
    if not hits:
        return f"{what}: none"
    low, high = interval(hits)
    return (
        f"{what}: {sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.1%} ({low:.1%} to {high:.1%})"
    )


def _by_kind(lines: Iterable[Reading]) -> Iterator[str]:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        count = kinds[line.place]
        if line.wanted >= HIGH:
            count["grave"] += 1
            count["first"] += line.first >= HIGH
            count["both"] += line.both >= HIGH
        elif line.wanted is RiskLevel.NONE:
            count["harmless"] += 1
            count["raised"] += line.both > RiskLevel.NONE
    for kind, count in sorted(kinds.items()):
        heard = f"{count['first']}/{count['grave']} {count['both']}/{count['grave']}"
        yield f"{kind}: {heard}; {count['raised']}/{count['harmless']}"


if __name__ == "__main__":
    main()
