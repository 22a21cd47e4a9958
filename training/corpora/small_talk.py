"""Our own small talk: what strangers type first, which no counselling corpus contains.

`small_talk.json` maps an intent to things a client may type and answers that fit each of them;
it was written for this project.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

from training.corpora.dialogue import Dialogue, Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

SOURCE = "small-talk"
_GREETING = "greeting"


class SmallTalk:
    """Draws dialogues from the intents; the same `random` state gives the same dialogues."""

    def __init__(self, random: Random) -> None:
        text = files("training.corpora").joinpath("small_talk.json").read_text(encoding="utf-8")
        self._intents: dict[str, dict[str, list[str]]] = json.loads(text)
        self._random = random

    def dialogues(self, count: int) -> Iterator[Dialogue]:
        """`count` dialogues of one to three pairs, each pair of another intent."""
        for number in range(count):
            intents = self._random.sample(sorted(self._intents), self._random.choice((1, 1, 2, 3)))
            turns = tuple(turn for intent in intents for turn in self._pair(intent))
            yield Dialogue(SOURCE, str(number), turns)

    def greet(self, dialogues: Iterable[Dialogue], share: float) -> Iterator[Dialogue]:
        """The dialogues, a `share` of them with a greeting and its answer put in front."""
        for dialogue in dialogues:
            if self._random.random() < share:
                turns = self._pair(_GREETING) + dialogue.turns
                yield Dialogue(dialogue.source, dialogue.id, turns)
            else:
                yield dialogue

    def _pair(self, intent: str) -> tuple[Turn, ...]:
        lines = self._intents[intent]
        return (
            Turn(Role.CLIENT, self._random.choice(lines["client"])),
            Turn(Role.COUNSELOR, self._random.choice(lines["counselor"])),
        )
