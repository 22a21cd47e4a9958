"""Which of our own talks are nearly another one: `python -m devtools.near_talks`.

Run it whenever a writer's file is added or changed, and take out one of each pair it names: the one
that may be trained on, where the other is only measured on. A test holds that there are none.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from training.corpora.openings import letters
from training.corpora.own.talks import read_talks, writers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from training.corpora.dialogue import Dialogue

NEAR: Final = 2 / 3
"""Of the different pairs of neighbouring letters of the talk that has fewer of them."""


def near_pairs(dialogues: Iterable[Dialogue]) -> list[tuple[str, str]]:
    """Return the ids of every two talks that share `NEAR` of their neighbouring letters."""
    found = {one.id: _neighbours(one) for one in dialogues}
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for name, pairs in found.items():
        for pair in pairs:
            holders[pair].add(name)
    frequency = Counter({pair: len(names) for pair, names in holders.items()})
    near: set[tuple[str, str]] = set()
    for name, pairs in found.items():
        # A talk that shares two thirds with this one has some of its rarest third.
        rarest = sorted(pairs, key=lambda pair: (frequency[pair], pair))
        rarest = rarest[: len(pairs) - int(NEAR * len(pairs)) + 1]
        for other in set().union(*(holders[pair] for pair in rarest)) - {name}:
            shared = len(pairs & found[other])
            if shared >= NEAR * min(len(pairs), len(found[other])):
                near.add((min(name, other), max(name, other)))
    return sorted(near)


def _neighbours(dialogue: Dialogue) -> set[str]:
    said = letters("".join(turn.text for turn in dialogue.turns))
    return {said[start : start + 2] for start in range(len(said) - 1)}


def main() -> None:
    """Print the pairs; the exit status is 1 where there are some."""
    pairs = near_pairs(talk.dialogue for talk in read_talks(writers()))
    for one, other in pairs:
        print(one, other)
    print(f"{len(pairs)} pairs")
    sys.exit(bool(pairs))


if __name__ == "__main__":
    main()
