"""Our own words: what strangers type first, which no counselling corpus contains.

Written for this project, in plain text. A block is a little talk: lines that begin with `>` hold
what a person may type (alternatives between bars), the lines with `<` after them answers of which
each fits all of those; further `>` lines after an answer go on with the talk. `# name` says what
the blocks after it are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from training.corpora.dialogue import Dialogue, Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

SOURCE = "own-words"
SMALL_TALK, FIRST_ANSWERS = "small_talk.txt", "first_answers.txt"
FILES = (
    SMALL_TALK, FIRST_ANSWERS, "family.txt", "love_and_friends.txt", "study_and_work.txt",
    "self_and_night.txt",
)  # fmt: skip
GREETING, CLOSINGS = "greeting", ("thanks", "good-bye")
_GREETED, _CLOSED, _SHORTENED = 0.25, 0.2, 0.5


@dataclass(frozen=True, slots=True)
class Exchange:
    """What may be typed, and answers of which each fits all of it."""

    client: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnTalk:
    """A little talk of one or more exchanges."""

    name: str
    exchanges: tuple[Exchange, ...]


def read_blocks(names: Iterable[str] = FILES) -> tuple[OwnTalk, ...]:
    """Every block of these files beside this module."""
    folder = files("training.corpora.own")
    return tuple(
        block
        for name in names
        for block in parse_blocks(folder.joinpath(name).read_text(encoding="utf-8"))
    )


def parse_blocks(text: str) -> Iterator[OwnTalk]:
    """The blocks of one file; raises ValueError for a line that belongs to none."""
    for part in text.strip().split("\n\n"):
        head, *lines = part.strip().splitlines()
        if not head.startswith("# ") or not lines:
            raise ValueError(f"a block begins with '# name', not with {head[:20]!r}")
        yield OwnTalk(head[2:], tuple(_exchanges(lines)))


def _exchanges(lines: list[str]) -> Iterator[Exchange]:
    client: list[str] = []
    answers: list[str] = []
    for line in lines:
        mark, text = line[:2], line[2:].strip()
        if mark == "> ":
            if answers:
                yield Exchange(tuple(client), tuple(answers))
                client, answers = [], []
            client += [one.strip() for one in text.split(" | ")]
        elif mark == "< " and client:
            answers.append(text)
        else:
            raise ValueError(f"neither '> ' nor '< ' in {line[:20]!r}")
    if not answers:
        raise ValueError(f"nothing answers {client[:1]!r}")
    yield Exchange(tuple(client), tuple(answers))


class OwnWords:
    """Draws dialogues from the blocks; the same `random` state gives the same dialogues."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._blocks = read_blocks()

    def dialogues(self, count: int) -> Iterator[Dialogue]:
        """`count` dialogues: a block, at times after a greeting and before thanks or good-bye."""
        for number in range(count):
            block = self._random.choice(self._blocks)
            turns = self._turns(block)
            if self._random.random() < _GREETED and block.name != GREETING:
                turns = (*self._turns(self._named(GREETING)), *turns)
            if self._random.random() < _CLOSED and block.name not in CLOSINGS:
                turns = (*turns, *self._turns(self._named(*CLOSINGS)))
            yield Dialogue(SOURCE, str(number), turns)

    def greet(self, dialogues: Iterable[Dialogue], share: float) -> Iterator[Dialogue]:
        """The dialogues, a `share` of them with a greeting and its answer put in front."""
        for dialogue in dialogues:
            if self._random.random() < share:
                turns = (*self._turns(self._named(GREETING)), *dialogue.turns)
                yield Dialogue(dialogue.source, dialogue.id, turns)
            else:
                yield dialogue

    def _named(self, *names: str) -> OwnTalk:
        return self._random.choice([block for block in self._blocks if block.name in names])

    def _turns(self, block: OwnTalk) -> tuple[Turn, ...]:
        exchanges = block.exchanges
        if len(exchanges) > 1 and self._random.random() < _SHORTENED:
            exchanges = exchanges[: self._random.randrange(1, len(exchanges))]
        return tuple(
            turn
            for exchange in exchanges
            for turn in (
                Turn(Role.CLIENT, self._random.choice(exchange.client)),
                Turn(Role.COUNSELOR, self._random.choice(exchange.answers)),
            )
        )
