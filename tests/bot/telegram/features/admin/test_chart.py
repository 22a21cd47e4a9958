from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from PIL import Image

from bot.storage.statistics import DayCounts
from bot.telegram.features.admin.chart import HEIGHT, MARGIN, WIDTH, turns_chart

ANSWERED, FAILED = (0x5B, 0x8D, 0xEF), (0xE0, 0x60, 0x5E)


def drawn(*counts):
    first = date(2026, 1, 1)
    days = [DayCounts(first + timedelta(days=n), *both) for n, both in enumerate(counts)]
    return Image.open(io.BytesIO(turns_chart(days))).convert("RGB")


def tall(picture, colour):
    """How many pixels of a colour stand in each column."""
    return [
        sum(picture.getpixel((column, row)) == colour for row in range(HEIGHT))
        for column in range(WIDTH)
    ]


def test_a_day_of_twice_as_many_is_twice_as_tall_and_failures_stand_on_top():
    picture = drawn((10, 0), (5, 5))
    blue, red = tall(picture, ANSWERED), tall(picture, FAILED)
    assert max(blue) == pytest.approx(HEIGHT - 2 * MARGIN, abs=2)
    assert max(red) == pytest.approx(max(blue) / 2, abs=2)
    assert red.index(max(red)) > blue.index(max(blue))


@pytest.mark.parametrize("counts", [[(0, 0)], [(0, 0), (0, 0)], [(1_000_000, 0)] * 31])
def test_any_days_make_a_picture(counts):
    assert drawn(*counts).size == (WIDTH, HEIGHT)
