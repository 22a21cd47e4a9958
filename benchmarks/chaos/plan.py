"""What a run does, decided by its seed alone: what people say, and what goes wrong when.

The seed decides words, behaviors and faults, not how the processes interleave: no two runs are the
same to the millisecond, which is the point of running several seeds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.chaos.engine_behaviors import BEHAVIORS

if TYPE_CHECKING:
    from collections.abc import Sequence

SetupName = Literal["sqlite", "postgres"]
Part = Literal["bot", "engine", "postgres", "redis"]
FaultKind = Literal["kill", "clock", "telegram", "reply"]

MIX: dict[SetupName, tuple[Part, ...]] = {
    "sqlite": ("bot", "bot", "engine", "bot", "bot"),
    "postgres": ("bot", "postgres", "bot", "engine", "bot", "redis", "bot"),
}
"""Who is killed, in these proportions."""
DOWN_FOR: dict[Part, tuple[float, float]] = {
    "bot": (0.0, 1.0),
    "engine": (3.0, 9.0),
    "postgres": (0.5, 6.0),
    "redis": (1.0, 6.0),
}
"""Seconds before it is started again, at least and at most."""
CLOCK_JUMPS = (45.0, -45.0, 600.0, -600.0, 7200.0)
"""Seconds: past a lease and far past it, both ways."""
TELEGRAM_FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "error", "status": 429, "retry_after": 3},
    {"kind": "error", "status": 502},
    {"kind": "error_after", "status": 504},
    {"kind": "hang", "seconds": 12.0},
    {"kind": "hang_after", "seconds": 12.0},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "malformed"},
)
SPOILT_METHODS = ("sendMessage", "editMessageText", "sendMessage", "getUpdates")
BEGINNINGS = ("今天下班的路上", "刚才吃晚饭的时候", "昨天夜里醒来", "早上等车的时候", "收拾房间时")
ENDINGS = ("看到一只橘色的猫", "想起了小时候的院子", "听见有人在弹琴", "翻到一张旧照片", "雨停了")
CRISIS = "我不想活了"
"""Comes up now and then, so that the card has to get through as well."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one person writes at once."""

    texts: tuple[str, ...]
    pause: float
    """Seconds before it is written."""
    waits: bool
    """Whether the person waits for the answer before the next step."""
    in_danger: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong once so many messages have been written."""

    after: int
    delay: float
    """Seconds to wait then."""
    kind: FaultKind
    target: str
    """A part that is killed, or the Bot API method that is spoilt."""
    number: int = 0
    """Which replica, if the target is a bot; how many calls or replies, otherwise."""
    seconds: float = 0.0
    """How long a killed part stays away; how far a clock jumps."""
    telegram_fault: int = 0
    """Which of `TELEGRAM_FAULTS`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that happens; `scripts` has one entry a chat."""

    scripts: Sequence[Sequence[Step]]
    faults: Sequence[Fault]


def make_plan(
    seed: int, setup: SetupName, *, chats: int, turns: int, kills: int, replicas: int
) -> Plan:
    """Write the play. `turns` is the number of steps, of which some are several messages."""
    dice = random.Random(f"{seed}/{setup}")
    scripts: list[list[Step]] = [[] for _ in range(chats)]
    for number in range(turns):
        scripts[number % chats].append(_step(dice, number))
    messages = sum(len(step.texts) for script in scripts for step in script)
    return Plan(scripts, _faults(dice, setup, messages, kills, replicas))


def _step(dice: random.Random, number: int) -> Step:
    count = dice.choice((1, 1, 1, 1, 2, 3))
    in_danger = dice.random() < 0.01
    texts = [
        f"第{number}件事{part}：{dice.choice(BEGINNINGS)}{dice.choice(ENDINGS)}"
        for part in range(count)
    ]
    if in_danger:
        texts[-1] = f"{texts[-1]}，{CRISIS}"
    elif dice.random() < 0.25:
        texts[-1] += dice.choice(tuple(BEHAVIORS))
    return Step(
        texts=tuple(texts),
        pause=dice.uniform(0.0, 2.0),
        waits=in_danger or dice.random() < 0.8,
        in_danger=in_danger,
    )


def _faults(
    dice: random.Random, setup: SetupName, messages: int, kills: int, replicas: int
) -> list[Fault]:
    """Kills at even distances, the other faults anywhere; all of them before the last tenth."""
    span = messages * 0.9

    def kill(number: int) -> Fault:
        part = MIX[setup][number % len(MIX[setup])]
        return Fault(
            after=int(span * (number + dice.random()) / max(kills, 1)),
            delay=dice.uniform(0.0, 2.0),
            kind="kill",
            target=part,
            number=dice.randrange(replicas),
            seconds=dice.uniform(*DOWN_FOR[part]),
        )

    def elsewhere(kind: FaultKind) -> Fault:
        return Fault(
            after=dice.randrange(max(int(span), 1)),
            delay=dice.uniform(0.0, 1.0),
            kind=kind,
            target=dice.choice(SPOILT_METHODS) if kind == "telegram" else "bot",
            number=dice.randrange(replicas) if kind == "clock" else dice.randint(1, 4),
            seconds=dice.choice(CLOCK_JUMPS) if kind == "clock" else 0.0,
            telegram_fault=dice.randrange(len(TELEGRAM_FAULTS)),
        )

    faults = [kill(number) for number in range(kills)]
    faults += [elsewhere("telegram") for _ in range(kills)]
    faults += [elsewhere("clock") for _ in range(max(kills // 5, 1))]
    if setup == "postgres":
        faults += [elsewhere("reply") for _ in range(max(kills // 3, 1))]
    return sorted(faults, key=lambda fault: fault.after)
