"""The engine is asked with the sampling that its model is tuned for, up to the answer's length."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inference.local.engine import TRIAL_SAMPLING
from tests.bot.telegram.scripted_engine import ScriptedEngine
from tests.bot.telegram.updates import message


@pytest.fixture
def engine():
    engine = ScriptedEngine()
    engine.sampling = TRIAL_SAMPLING
    return engine


async def test_nothing_of_the_sampling_but_the_length_of_an_answer_is_the_bots_own(room, engine):
    await room.arrive(message("睡不着"))
    await room.passes(2)
    [asked] = engine.samplings
    assert replace(asked, max_tokens=TRIAL_SAMPLING.max_tokens) == TRIAL_SAMPLING
    assert asked.dry_multiplier > 0
