"""A telephone number on the screen can be used with one tap."""

from __future__ import annotations

import pytest

from bot.locales import Language
from bot.safety import RiskLevel, card, render_hotlines
from bot.telegram.outbound.numbers import render_with_numbers


def marked(text: str) -> list[str]:
    """What a tap copies."""
    [part] = render_with_numbers(text)
    units = part.text.encode("utf-16-le")
    return [
        units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        for entity in part.entities
    ]


def test_short_numbers_can_be_copied_and_long_ones_are_left_to_telegram() -> None:
    assert marked("🌙 打 12356 或 010-88585821，也可以打 13 11 14") == ["12356", "13 11 14"]


@pytest.mark.parametrize("text", ["1123567", "+12356", "每天 8:30-17:30", "988-1", "第 1 20 页"])
def test_what_only_looks_like_a_number_of_a_line_is_left_alone(text: str) -> None:
    assert marked(text) == []


@pytest.mark.parametrize("language", Language)
def test_the_words_of_a_card_are_not_changed_by_its_marks(language: Language) -> None:
    for text in (card(RiskLevel.IMMINENT, language), render_hotlines(language)):
        [part] = render_with_numbers(text)
        assert part.text == text
        assert part.entities
