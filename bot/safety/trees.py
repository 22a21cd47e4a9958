"""Boosted trees, read without a library: small questions about numbers, and what answers add up to.

Trained by `python -m training risk`. A tree is written as four lists of equal length, a place a
node: the number that is asked about (below zero: a leaf), the most it may be to go left, where left
and right go, and what a leaf adds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Leaf = float
Split = tuple[int, float, Any, Any]
"""The number that is asked about, the most it may be to go left, and a node to each side."""
Node = Split | Leaf


@dataclass(frozen=True, slots=True)
class Trees:
    """What many trees say together, in log-odds."""

    start: float
    trees: tuple[Node, ...] = field(repr=False)

    def score(self, numbers: Sequence[float]) -> float:
        """The sum of what every tree adds."""
        total = self.start
        for tree in self.trees:
            node = tree
            while isinstance(node, tuple):
                asked, at_most, left, right = node
                node = left if numbers[asked] <= at_most else right
            total += node
        return total


def read_trees(record: Mapping[str, Any]) -> Trees:
    """Trees as training writes them."""
    return Trees(record["start"], tuple(_node(tree, 0) for tree in record["trees"]))


def _node(tree: Mapping[str, Sequence[Any]], place: int) -> Node:
    asked = tree["asks"][place]
    if asked < 0:
        return float(tree["adds"][place])
    left, right = (_node(tree, tree[side][place]) for side in ("left", "right"))
    return asked, tree["at_most"][place], left, right
