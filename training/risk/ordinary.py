"""Ordinary talk: client turns of SmileChat, some trained as harmless, the others counted."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, Utterance, assess
from bot.safety.facts import message_facts
from training.corpora.dialogue import Role
from training.corpora.smile import read_smile
from training.risk.data import ORDINARY, Example

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.safety import FirstReader

SEED = 20260701
DRAWN = (2_000, 20_000)
TRAINED, TRAINED_SHORT, TRAINED_PLACED, TRAINED_TALKS = 1_200, 1_200, 1_500, 400
SHORT, SHORT_PLACED = 16, 40  # characters
TALK = 9  # messages of a talk that are read, of both
_PLACED = re.compile(
    "[在到去回从].?(?:家|宿舍|学校|公司|教室|路上|车上|地铁|楼[上下]|医院|单位|外面|寝室|老家|床上|图书馆|食堂|办公室|门口)"
    "|今[天晚早]|昨[天晚]|刚才|刚刚|现在|早上|半夜|凌晨|周末|晚上|一个人"
)


def client_turns(path: Path) -> list[str]:
    """What clients say in a file of SmileChat, in its order."""
    return [
        turn.text
        for dialogue in read_smile(path)
        for turn in dialogue.turns
        if turn.role is Role.CLIENT
    ]


def ordinary_examples(turns: Sequence[str]) -> list[Example]:
    """Turns in which no rule sees anything, as harmless ones; nobody labelled them.

    Some drawn at random, some short ones, some that name a place or a time. None of the turns that
    `shares` counts is among them.
    """
    counted, rest = _drawn(turns)
    counted_texts = set(counted)
    short = [text for text in rest[TRAINED:] if len(text) <= SHORT]
    placed = [
        text
        for text in rest[TRAINED:]
        if SHORT < len(text) <= SHORT_PLACED and _PLACED.search(text)
    ]
    chosen = [*rest[:TRAINED], *short[:TRAINED_SHORT], *placed[:TRAINED_PLACED]]
    return [
        _harmless((Utterance(text),))
        for text in dict.fromkeys(chosen)
        if text not in counted_texts and _seems_harmless(text)
    ]


def held_turns(turns: Sequence[str], count: int) -> list[Example]:
    """Turns as they come, which are neither trained on nor counted."""
    return [_harmless((Utterance(text),)) for text in _drawn(turns)[1][-count:]]


def held_talks(path: Path, count: int) -> list[Example]:
    """Turns of SmileChat with what was said before them, as they come; a dialogue each."""
    chance = random.Random(SEED + 1)  # noqa: S311 - sampling, not secrecy
    talks: list[Example] = []
    for dialogue in chance.sample(list(read_smile(path)), 2 * count):
        own = [at for at, turn in enumerate(dialogue.turns) if turn.role is Role.CLIENT][1:]
        if own and len(talks) < count:
            until = chance.choice(own) + 1
            said = (
                Utterance(turn.text, by_bot=turn.role is not Role.CLIENT)
                for turn in dialogue.turns[:until]
            )
            talks.append(_harmless(tuple(said), talk=ORDINARY))
    return talks


def ordinary_talks(path: Path, counted: Sequence[str]) -> list[Example]:
    """Beginnings of talks of SmileChat in which no rule sees anything, as harmless ones."""
    chance = random.Random(SEED)  # noqa: S311 - sampling, not secrecy
    counted_texts = set(_drawn(counted)[0])
    dialogues = list(read_smile(path))
    chance.shuffle(dialogues)
    talks: list[Example] = []
    for dialogue in dialogues:
        if len(talks) == TRAINED_TALKS:
            break
        turns = dialogue.turns[: chance.randrange(3, TALK + 1)]
        while turns and turns[-1].role is not Role.CLIENT:
            turns = turns[:-1]
        own = [turn.text for turn in turns if turn.role is Role.CLIENT]
        if len(own) > 1 and counted_texts.isdisjoint(own) and all(map(_seems_harmless, own)):
            said = (Utterance(turn.text, by_bot=turn.role is not Role.CLIENT) for turn in turns)
            talks.append(_harmless(tuple(said), talk=ORDINARY))
    return talks


def _harmless(said: tuple[Utterance, ...], talk: str = "") -> Example:
    return Example(said, RiskLevel.NONE, RiskLevel.NONE, ORDINARY, ORDINARY, talk=talk)


def _seems_harmless(text: str) -> bool:
    facts = message_facts(text)
    return not facts.matched and "wish" not in facts.signals


def shares(
    turns: Sequence[str], reader: FirstReader | None = None, counts: Sequence[int] = DRAWN
) -> Iterator[str]:
    """A line for each sample, with the share of each level; each turn is read by itself."""
    read = reader.read if reader else assess
    for count in counts:
        drawn = _drawn(turns)[0][:count]
        levels = Counter(read([Utterance(text)]).level for text in drawn)
        told = ", ".join(
            f"{level.label} {levels[level]} = {levels[level] / max(1, len(drawn)):.2%}"
            for level in list(RiskLevel)[1:]
        )
        yield f"{len(drawn)} of {len(turns)} client turns: {told}"


def _drawn(turns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The turns that are counted, and all others, in random order."""
    order = random.Random(SEED).sample(turns, len(turns))  # noqa: S311
    return order[: DRAWN[-1]], order[DRAWN[-1] :]
