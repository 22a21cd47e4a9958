"""`python -m training small-blind`: can a reader tell whose answer an answer is?

Writes a sheet with every answer of the fixed test under two first messages, its own and another one
in a drawn order, and counts the marks of who read it. Chance is one half.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    Answers = Sequence[tuple[str, str]]
    """First messages and what the model said to each."""

FIRST, SECOND = "A", "B"

_INSTRUCTION = """\
Each answer below was given to one of the two messages under it. Write A or B behind the arrow;
guess where you cannot tell.
"""
_MARK = re.compile(r"^(\d+) -> ([AB])\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """An answer, two first messages, and which of them (`FIRST` or `SECOND`) it answers."""

    answer: str
    first: str
    second: str
    right: str


def questions(answers: Answers, seed: int) -> Iterator[Question]:
    """One for each answer, in a drawn order; the other message is never answered alike."""
    random = Random(seed)  # noqa: S311 - not a secret
    for own, answer in random.sample(answers, len(answers)):
        other = random.choice([one for one, said in answers if one != own and said != answer])
        if random.random() < 0.5:
            yield Question(answer, own, other, FIRST)
        else:
            yield Question(answer, other, own, SECOND)


def sheet(asked: Sequence[Question]) -> str:
    """What the reader gets; nothing in it tells which is right."""
    blocks = (
        f"{number}. {one.answer}\n"
        f"   {FIRST}: {one.first}\n   {SECOND}: {one.second}\n{number} -> \n"
        for number, one in enumerate(asked, start=1)
    )
    return "\n".join((_INSTRUCTION, *blocks))


def right_marks(asked: Sequence[Question], marked: str) -> int:
    """How many marks of a read sheet are right.

    Raises ValueError where one is missing, or the sheet is of other questions.
    """
    marks = {int(number): mark for number, mark in _MARK.findall(marked)}
    missing = [number for number in range(1, len(asked) + 1) if number not in marks]
    if missing:
        raise ValueError(f"neither A nor B is written behind {missing[0]} ->")
    if _MARK.sub(r"\1 -> ", marked).split() != sheet(asked).split():
        raise ValueError("this sheet is of other answers, or was drawn with another --seed")
    return sum(one.right == marks[number] for number, one in enumerate(asked, start=1))


def by_chance(right: int, of: int) -> float:
    """How probable at least so many right guesses are for who cannot tell."""
    return sum(math.comb(of, count) for count in range(right, of + 1)) / 2.0**of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--run", type=Path, required=True, help="where `small-judge` wrote to")
    parser.add_argument("--seed", type=int, default=1)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--sheet", type=Path, help="write a sheet for a reader to this file")
    mode.add_argument("--marked", type=Path, help="count the marks of the sheet that was read")


def run(options: argparse.Namespace) -> None:
    """Write a sheet, or say how many of its marks are right."""
    found = json.loads((options.run / "evaluation.json").read_text(encoding="utf-8"))
    asked = list(questions([tuple(pair) for pair in found["samples"]["answers"]], options.seed))
    if options.sheet:
        options.sheet.write_text(sheet(asked), encoding="utf-8")
        print(f"{options.sheet} is written; --marked reads it when it is filled in.")
        return
    right = right_marks(asked, options.marked.read_text(encoding="utf-8"))
    print(f"{right} of {len(asked)} are right, {right / len(asked):.0%}.")
    print(f"Who guesses does as well with a probability of {by_chance(right, len(asked)):.2g}.")
