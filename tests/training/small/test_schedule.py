from __future__ import annotations

import pytest

from training.small.schedule import Schedule

SCHEDULE = Schedule(warm_up_steps=10, decay_from=0.6, tune_client_weight=0.2)


def test_rate_warms_up_over_steps() -> None:
    assert [SCHEDULE.learning_rate(step, 0.0) for step in (0, 4, 9, 50)] == [0.1, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(
    ("progress", "rate"), [(0.0, 1.0), (0.6, 1.0), (0.8, 0.5), (1.0, 0.0), (1.2, 0.0)]
)
def test_rate_is_constant_then_falls_to_zero(progress: float, rate: float) -> None:
    assert SCHEDULE.learning_rate(100, progress) == pytest.approx(rate)


@pytest.mark.parametrize(("progress", "tunes", "weight"), [(0.5, False, 1.0), (0.6, True, 0.2)])
def test_counselors_side_is_tuned_while_the_rate_falls(
    progress: float, tunes: bool, weight: float
) -> None:
    assert SCHEDULE.tunes(progress) is tunes
    assert SCHEDULE.client_weight(progress) == weight
