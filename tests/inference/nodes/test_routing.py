"""Conversations stay where their cache is warm, unless that node is clearly busier."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from inference.nodes.routing import LIGHT_LOAD, in_order


@dataclass
class Node:
    address: str
    running: int = 0
    takes_work: bool = True
    rests_until: float = 0.0


def nodes(*running: int) -> list[Node]:
    return [Node(f"gpu-{number}:23333", count) for number, count in enumerate(running)]


def first(them: list[Node], affinity: str) -> str:
    return in_order(them, affinity)[0].address


CHATS = [f"chat-{number}" for number in range(600)]


def test_a_conversation_comes_back_to_its_node_in_whatever_order_they_are_listed() -> None:
    them = nodes(0, 0, 0)
    for chat in CHATS:
        assert first(them, chat) == first(them[::-1], chat)


def test_conversations_spread_over_the_nodes() -> None:
    them = nodes(0, 0, 0)
    shares = Counter(first(them, chat) for chat in CHATS)
    assert len(shares) == 3
    assert min(shares.values()) > len(CHATS) / 3 * 0.75


def test_a_node_more_or_less_moves_only_its_own_conversations() -> None:
    three = nodes(0, 0, 0)
    two = three[:2]
    for chat in CHATS:
        if first(three, chat) != three[2].address:
            assert first(two, chat) == first(three, chat)


def test_a_light_load_never_moves_a_conversation() -> None:
    quiet = nodes(0, 0)
    for chat in CHATS:
        warm = first(quiet, chat)
        for node in quiet:
            node.running = LIGHT_LOAD - 1 if node.address == warm else 0
        assert first(quiet, chat) == warm
        quiet = nodes(0, 0)


def test_a_node_over_its_fair_share_hands_on_to_the_same_neighbour() -> None:
    for chat in CHATS:
        home, neighbour, _ = (node.address for node in in_order(nodes(0, 0, 0), chat))
        busy = nodes(20, 20, 20)
        next(node for node in busy if node.address == home).running = 60
        assert first(busy, chat) == neighbour


def test_no_node_gets_more_than_a_quarter_over_its_share() -> None:
    them = nodes(0, 0, 0, 0)
    for chat in ["the same one"] * 200:
        in_order(them, chat)[0].running += 1
    assert max(node.running for node in them) <= 63  # 200 / 4 x 1.25


def test_without_a_conversation_the_idlest_comes_first() -> None:
    assert [node.running for node in in_order(nodes(3, 1, 2), "")] == [1, 2, 3]


def test_nodes_that_failed_come_last_the_longest_rested_first() -> None:
    them = nodes(9, 0, 0)
    them[1].takes_work = them[2].takes_work = False
    them[1].rests_until, them[2].rests_until = 30.0, 20.0
    for affinity in ("", "chat"):
        assert in_order(them, affinity) == [them[0], them[2], them[1]]
