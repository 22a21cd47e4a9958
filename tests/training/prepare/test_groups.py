from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from training.prepare.store import ExternalGroupBy

if TYPE_CHECKING:
    from pathlib import Path


def test_numbers_with_one_key_meet_whatever_the_order(tmp_path: Path) -> None:
    random = Random(1)
    keys = [random.randrange(2**64) for _ in range(20_000)]
    pairs = [(key, number) for number, key in enumerate(keys)]
    pairs += [(keys[number], 100_000 + number) for number in (5, 7, 7)]
    random.shuffle(pairs)
    groups = ExternalGroupBy(tmp_path, "test")

    for key, number in pairs:
        groups.add([key], number)

    assert sorted(groups.groups()) == [[5, 100_005], [7, 100_007, 100_007]]
    assert groups.distinct() == 20_000


def test_spills_of_one_folder_do_not_mix(tmp_path: Path) -> None:
    one, other = ExternalGroupBy(tmp_path, "one"), ExternalGroupBy(tmp_path, "other")

    one.add([1], 1)
    other.add([1], 2)

    assert (list(one.groups()), list(other.groups())) == ([], [])
    assert (one.distinct(), other.distinct()) == (1, 1)
