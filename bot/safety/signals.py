"""Words of one kind, read as one sign: `signals.toml`.

What is trained of one word then holds for its sisters, and a kind can be asked about by its name.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    import re

_FIRST_SIGN = 0xE000  # private use: no message has these after normalization brings it here


@dataclass(frozen=True)
class Signal:
    """One kind of words, and the character that stands for it."""

    name: str
    sign: str
    words: str = field(repr=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Its words, compiled when first asked for."""
        return compiled(self.words)


SIGNALS: tuple[Signal, ...] = tuple(
    Signal(name, chr(_FIRST_SIGN + number), words)
    for number, (name, words) in enumerate(
        tomllib.loads(
            resources.files("bot.safety").joinpath("signals.toml").read_text("utf-8")
        ).items()
    )
)


def signals_in(text: str) -> tuple[frozenset[str], str]:
    """The names of the kinds found in a reading, and the reading with signs for their words.

    Where two kinds claim a character, the first of the file has it.
    """
    names = []
    owner = [""] * len(text)
    begins = bytearray(len(text))
    for signal in SIGNALS:
        found = False
        for match in signal.pattern.finditer(text):
            start, end = match.span()
            if start == end:
                continue
            found = True
            if not any(owner[start:end]):
                owner[start:end] = [signal.sign] * (end - start)
                begins[start] = 1
        if found:
            names.append(signal.name)
    signs = [
        sign if begins[place] else ("" if sign else text[place]) for place, sign in enumerate(owner)
    ]
    return frozenset(names), "".join(signs)
