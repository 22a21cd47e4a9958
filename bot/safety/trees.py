"""Boosted trees, read without a library: small questions about numbers, and what answers add up to.

Trained by `python -m training risk`. A tree is four lists of equal length, a place a node: the
number that is asked about (below zero: a leaf), the most it may be to go left, where left and right
go, and what a leaf adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree."""

    asks: tuple[int, ...]
    at_most: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    adds: tuple[float, ...]

    def value(self, numbers: Sequence[float]) -> float:
        """What the tree adds for these numbers."""
        node = 0
        while (asked := self.asks[node]) >= 0:
            goes_left = numbers[asked] <= self.at_most[node]
            node = self.left[node] if goes_left else self.right[node]
        return self.adds[node]


@dataclass(frozen=True, slots=True)
class Trees:
    """What many trees say together, in log-odds."""

    start: float
    trees: tuple[Tree, ...]

    def score(self, numbers: Sequence[float]) -> float:
        """The sum of what every tree adds."""
        return self.start + sum(tree.value(numbers) for tree in self.trees)


def read_trees(record: Mapping[str, Any]) -> Trees:
    """Trees as training writes them."""
    return Trees(
        start=record["start"],
        trees=tuple(
            Tree(
                asks=tuple(tree["asks"]),
                at_most=tuple(tree["at_most"]),
                left=tuple(tree["left"]),
                right=tuple(tree["right"]),
                adds=tuple(tree["adds"]),
            )
            for tree in record["trees"]
        ),
    )
