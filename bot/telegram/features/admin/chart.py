"""A picture of how many turns each day had, answered and failed: digits only, in every language."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage.statistics import DayCounts

WIDTH: Final = 720
HEIGHT: Final = 320
MARGIN: Final = 48
_PAPER, _INK, _ANSWERED, _FAILED = "#ffffff", "#444444", "#5b8def", "#e0605e"


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(14)


def turns_chart(days: Sequence[DayCounts]) -> bytes:
    """A PNG of stacked bars, a day each, the oldest on the left; failed ones on top."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw, font = ImageDraw.Draw(picture), _font()
    most = max(1, *(day.answered + day.failed for day in days))
    floor, room = HEIGHT - MARGIN, HEIGHT - 2 * MARGIN
    step = (WIDTH - 2 * MARGIN) / len(days)
    draw.line((MARGIN, floor, WIDTH - MARGIN, floor), _INK)
    draw.line((MARGIN, floor - room, WIDTH - MARGIN, floor - room), "#dddddd")
    draw.text((MARGIN - 6, floor - room), str(most), _INK, font, anchor="rm")
    for place, day in enumerate(days):
        left = MARGIN + place * step
        right, middle = left + step * 0.7, left + step * 0.35
        top = float(floor)
        for count, colour in ((day.answered, _ANSWERED), (day.failed, _FAILED)):
            if count:
                bottom, top = top, top - room * count / most
                draw.rectangle((left, top, right, bottom), colour)
        draw.text((middle, floor + 6), f"{day.day:%m-%d}", _INK, font, anchor="ma")
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
