"""Which node gets the next generation.

A conversation goes to the node that has its beginning in the prefix cache: the one that wins
rendezvous hashing over the conversation's key. Where that node has clearly more to do than its
share, the conversation goes to the next in its own order, always the same one, so that the cache
there gets warm too (consistent hashing with bounded loads, https://arxiv.org/abs/1608.01350).
"""

from __future__ import annotations

import hashlib
from math import ceil
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class Routable(Protocol):
    """What routing knows of a node."""

    @property
    def address(self) -> str:
        """Names the node; the same in every replica of the bot."""
        ...

    @property
    def running(self) -> int:
        """Generations it makes for this process now."""
        ...

    @property
    def takes_work(self) -> bool:
        """False for a node that failed and has not proved itself again."""
        ...

    @property
    def rests_until(self) -> float:
        """For a node that takes no work: when it may be asked again."""
        ...


N = TypeVar("N", bound=Routable)

LIGHT_LOAD: Final = 4
"""A GPU makes so many answers at once about as fast as one: below, the warm cache wins."""

_OVER_FAIR_SHARE: Final = 1.25


def in_order(nodes: Sequence[N], affinity: str) -> list[N]:
    """All nodes in the order to try them; those that failed come last, longest rested first.

    Without an affinity the idlest node comes first.
    """
    working = [node for node in nodes if node.takes_work]
    resting = sorted(
        (node for node in nodes if not node.takes_work), key=lambda node: node.rests_until
    )
    if not affinity:
        return sorted(working, key=lambda node: node.running) + resting
    ranked = sorted(working, key=lambda node: _score(node.address, affinity), reverse=True)
    most = _most_running(working)
    # Sorting is stable: within each half the conversation's own order stays.
    return sorted(ranked, key=lambda node: node.running >= most) + resting


def _most_running(nodes: Sequence[Routable]) -> int:
    """Generations that a node may have, the next one included, before it counts as busy."""
    if not nodes:
        return 0
    fair_share = (sum(node.running for node in nodes) + 1) / len(nodes)
    return max(LIGHT_LOAD, ceil(_OVER_FAIR_SHARE * fair_share))


def _score(address: str, affinity: str) -> bytes:
    """Rendezvous hashing: the node with the highest score wins, whatever other nodes there are."""
    return hashlib.blake2b(f"{address}\0{affinity}".encode(), digest_size=8).digest()
