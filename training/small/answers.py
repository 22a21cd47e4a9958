"""What a GGUF model answers to 60 fixed first messages, and how the answers read, by counting."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import TYPE_CHECKING

from inference.engine import Message
from training.small.relevance import Relevance, TfIdf, relevance, shuffled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.engine import Sampling
    from inference.local import LocalEngine

_LOOP_CHARACTERS = 6


@dataclass(frozen=True, slots=True)
class Quality:
    """How a set of answers reads, by counting; shares are 0 to 1."""

    answers: int
    mean_characters: float
    looping: float
    """Share of answers that say the same six characters twice."""
    distinct_2: float
    """Different character pairs by all character pairs, over all answers."""
    same_beginning: float
    """Share of answers that begin with the most frequent first six characters."""
    unfinished: float
    """Share of answers that do not end in a sentence's end."""

    def score(self, told_apart: float) -> float:
        """One number to choose a setting by: the geometric mean of four things that are wanted.

        They are relevance above chance (`told_apart` is `Relevance.told_apart`), diversity, no
        loop and an end; a setting that fails at one cannot make up for it by the others.
        """
        relevant = max(0.0, 2 * told_apart - 1)
        wanted = relevant * self.distinct_2 * (1 - self.looping) * (1 - self.unfinished)
        return round(math.sqrt(math.sqrt(wanted)), 3)


def judge(answers: Sequence[str]) -> Quality:
    """Count; `answers` must not be empty."""
    pairs = [answer[i : i + 2] for answer in answers for i in range(len(answer) - 1)]
    beginnings = Counter(answer[:_LOOP_CHARACTERS] for answer in answers)
    return Quality(
        answers=len(answers),
        mean_characters=round(sum(map(len, answers)) / len(answers), 1),
        looping=round(sum(map(_loops, answers)) / len(answers), 3),
        distinct_2=round(len(set(pairs)) / max(1, len(pairs)), 3),
        same_beginning=round(beginnings.most_common(1)[0][1] / len(answers), 3),
        unfinished=round(
            sum(not answer.endswith(tuple("。？！…～~.?!”")) for answer in answers) / len(answers),
            3,
        ),
    )


def _loops(answer: str) -> bool:
    parts = [answer[i : i + _LOOP_CHARACTERS] for i in range(len(answer) - _LOOP_CHARACTERS + 1)]
    return len(set(parts)) < len(parts)


def fixed_openings() -> list[str]:
    """The first messages every model of this repository is tried on."""
    text = files("training.small").joinpath("openings.txt").read_text(encoding="utf-8")
    return text.splitlines()


async def answers(engine: LocalEngine, openings: Sequence[str], sampling: Sampling) -> list[str]:
    """One answer to each opening, each in a conversation of its own."""

    async def answer(opening: str) -> str:
        stream = engine.stream([Message("user", opening)], sampling)
        async with aclosing(stream) as pieces:
            return "".join([piece async for piece in pieces])

    return list(await asyncio.gather(*map(answer, openings)))


def relevance_by_words(openings: Sequence[str], said: Sequence[str]) -> Relevance:
    """How often answers are told from chance by words that they share with what they answer."""
    words = TfIdf([*openings, *said])
    contexts = shuffled(len(openings), Random(1))  # noqa: S311 - not a secret
    return relevance(contexts, lambda a, c: words.similarity(said[a], openings[c]))
