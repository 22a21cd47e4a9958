"""The flat table finds what a dict of the same pieces would."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bot.safety.ngrams import pieces
from bot.safety.pieces import build_table, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.safety.pieces import PieceTable

CHARACTERS = "我你他想死活跳楼药吃了，。 abc\ue001\ue002^$"
HEADS = 3


def drawn(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(CHARACTERS, k=length))


@pytest.fixture(scope="module")
def views() -> list[dict[str, tuple[int, ...]]]:
    chance = random.Random(5)
    return [
        {
            drawn(chance, chance.randint(1, 4)): tuple(chance.randint(-900, 900) for _ in "abc")
            for _ in range(2_000)
        }
        for _ in range(2)
    ]


def counted(table: PieceTable, view: int, text: str) -> Counter[tuple[tuple[int, ...], int]]:
    return Counter(
        (tuple(weights[place] for weights in table.weights), count)
        for place, count in table.find(view, text).items()
    )


def expected(
    views: Sequence[Mapping[str, tuple[int, ...]]], view: int, text: str
) -> Counter[tuple[tuple[int, ...], int]]:
    found = Counter(filter(views[view].__contains__, pieces(text)))
    return Counter((views[view][piece], count) for piece, count in found.items())


def test_every_piece_is_found_with_its_weights_and_no_other(
    views: list[dict[str, tuple[int, ...]]],
) -> None:
    table = read_table(build_table(views).record(), HEADS)
    chance = random.Random(6)
    for length in (0, 1, 2, 3, 5, 30, 400):
        for view in range(2):
            text = drawn(chance, length) + chance.choice(["", "龘", "😀"]) + drawn(chance, length)
            assert counted(table, view, text) == expected(views, view, text)


def test_pieces_that_differ_in_one_character_do_not_crowd() -> None:
    many = {f"我{chr(0x4E00 + number)}": (number,) for number in range(4_000)}
    table = build_table([many])
    found = table.find(0, "".join(many))
    assert {table.weights[0][place] for place in found} == set(range(4_000))


def test_a_table_of_nothing_finds_nothing() -> None:
    assert build_table([{}, {}]).find(1, "我想") == {}


def test_more_characters_than_a_key_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="different characters"):
        build_table([{chr(0x4E00 + number): (1,) for number in range(9_000)}])
