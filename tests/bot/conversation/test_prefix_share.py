"""Consecutive turns share most of their prompt, so that an engine's prefix cache is of use.

The dialogues are 16 of SmileChat's (CC0 1.0), as published but for their empty annotations.
"""

from pathlib import Path

import pytest

from benchmarks.prefix_share import joined, prefix_share, read_chats
from bot.conversation import prompt

SAMPLE = Path(__file__).with_name("smilechat_sample.jsonl")


@pytest.fixture(scope="module")
def chats():
    return read_chats(SAMPLE, 100)


@pytest.mark.parametrize("budget", [700, 1000, 2000, 7300])
def test_real_chats_share_four_fifths_of_each_prompt_with_the_turn_before(chats, budget):
    assert prefix_share(chats, budget=budget) >= 0.8


@pytest.mark.parametrize("budget", [1000, 2000, 7300])
def test_so_do_chats_that_have_outgrown_the_window(chats, budget):
    assert prefix_share(joined(chats, 16), budget=budget) >= 0.8


def test_a_window_that_slides_at_every_turn_would_not(chats, monkeypatch):
    monkeypatch.setattr(prompt, "KEPT_AT_A_STEP", 1.0)
    assert prefix_share(joined(chats, 16), budget=2000) < 0.6
