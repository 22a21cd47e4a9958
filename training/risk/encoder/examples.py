"""What the encoder learns from: our own lines and talks, labelled rows, ordinary client turns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.encoder.reader import AXES, PERSONS
from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from random import Random

MEASURED_ONLY = frozenset({"w7", "w8"})
"""Writers whose lines nothing is ever trained or chosen on."""
THRESHOLD_WRITER = "w6"
"""The writer on whose lines thresholds are chosen; nothing is trained on them either."""
LABELLED_WEIGHT, ORDINARY_WEIGHT = 0.5, 0.3
"""Beside one of our own lines: rows labelled by others' rules, turns that are only presumed
harmless."""
_OPENLY = {"主动自杀意图", "自杀计划", "自杀准备行为", "自杀未遂"}
_QUIETLY = {"被动自杀意图", "自伤行为", "自伤意图"}

# The corpus names what the bot said; a text of that meaning stands for it.
BOT_SAID = {
    "[card]": (
        "如果你现在有危险，请拨打120或110，也可以打12356。你现在安全吗？",
        "我听见了，你很痛。请打12356，有危险打120。身边有人吗？",
    ),
    "[card-violence]": ("先到有门有锁、有出口的房间，打110或120。你现在安全吗？",),
    "[card-body]": ("请现在就打120，把包装留着，也可以打110。身边有人吗？",),
    "[q-safe]": ("你现在安全吗？", "现在你待的地方安全吗？"),
    "[q-suicide]": ("你是不是想到过死？", "你有没有想过伤害自己？", "你是在想结束生命吗？"),
    "[q-alone]": ("现在有人在你身边吗？", "你是一个人吗？"),
    "[q-where]": ("你现在在哪里？",),
    "[q-means]": ("手边有没有能伤到自己的东西？", "身边有药或者刀吗？"),
    "[q-when]": ("有没有想过什么时候？", "打算什么时候？"),
    "[q-taken]": ("你已经吃了什么，或者伤到自己了吗？",),
    "[checkin]": ("几小时前你说很难受，我想问问你现在怎么样？",),
}


@dataclass(frozen=True, slots=True)
class TalkExample:
    """A talk whose last message is read: texts, and whether the bot said them, oldest first.

    `who` and `axes` are None where they are not known.
    """

    talk: tuple[tuple[str, bool], ...]
    level: RiskLevel
    who: int | None = None
    axes: tuple[bool, ...] | None = None
    weight: float = 1.0
    kind: str = ""
    is_line: bool = False


def writers() -> list[str]:
    """Return the names of the corpus' writers."""
    folder = resources.files("training.corpora.danger")
    return sorted(file.name.removesuffix(".jsonl") for file in folder.iterdir()
                  if file.name.endswith(".jsonl"))  # fmt: skip


def read_writers(names: Collection[str], random: Random) -> Iterator[TalkExample]:
    """Yield a writer's lines, and an example for every message of a person in their talks."""
    for name in names:
        file = resources.files("training.corpora.danger").joinpath(f"{name}.jsonl")
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            if "text" in record:
                yield _line(record)
            else:
                yield from _talk(record, random)


def read_labelled(path: Path) -> Iterator[TalkExample]:
    """Yield the rows of psysuicide's valid.jsonl."""
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        labels = set(record["labels"])
        level = RiskLevel.HIGH if labels & _OPENLY else RiskLevel(bool(labels & _QUIETLY))
        yield TalkExample(((record["text"], False),), level, weight=LABELLED_WEIGHT)


def ordinary(texts: Collection[str]) -> Iterator[TalkExample]:
    """Yield client turns in which the first reader sees nothing as harmless."""
    for text in texts:
        yield TalkExample(((text, False),), RiskLevel.NONE, weight=ORDINARY_WEIGHT)


def _line(record: dict[str, object]) -> TalkExample:
    axes = record["axes"]
    return TalkExample(
        ((str(record["text"]), False),),
        RiskLevel[str(record["level"]).upper()],
        PERSONS.index(str(record["who"])),
        tuple(axis in axes for axis in AXES) if isinstance(axes, list) else None,
        kind=str(record["kind"]),
        is_line=True,
    )


def _talk(record: dict[str, object], random: Random) -> Iterator[TalkExample]:
    said: list[tuple[str, bool]] = []
    messages = record["messages"]
    for message in messages if isinstance(messages, list) else []:
        content = message["content"]
        if message["role"] == "assistant":
            said.append((random.choice(BOT_SAID.get(content.split(" ")[0], (content,))), True))
            continue
        said.append((content, False))
        level = RiskLevel[message["level"].upper()]
        yield TalkExample(tuple(said), level, kind=str(record["type"]))
