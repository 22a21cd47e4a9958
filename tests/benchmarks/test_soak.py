"""A short soak, and the line that is fitted through its samples."""

import json

import pytest

from benchmarks import soak
from benchmarks.errors import BenchmarkError
from benchmarks.slope import Slope, slope_of


def test_a_soak_answers_everything_and_prints_the_slope(tmp_path, capsys):
    figures = tmp_path / "figures.json"
    arguments = ["--minutes", "0.2", "--rate", "4", "--people", "20", "--without-redis"]

    soak.main([*arguments, "--json", str(figures)])  # no telling how memory moves in seconds

    captured = capsys.readouterr()
    assert "slope, 95 % interval" in captured.out
    found = json.loads(figures.read_text())
    assert found["answered"] == found["turns"] == 48
    assert found["to_final_p99"] >= found["to_final_p50"] > 0
    assert found["slope_low"] <= found["slope_mb_per_hour"] <= found["slope_high"]


def samples(megabytes):
    return [(second, int(megabytes(second) * 1e6)) for second in range(1200)]


def test_a_leak_is_told_from_noise():
    leak = slope_of(samples(lambda second: 100 + second * 6 / 3600 + second % 7))
    assert leak.low < 6 < leak.high
    assert leak.low > 0
    flat = slope_of(samples(lambda second: 100 + (second * 7919 % 13) / 2))
    assert flat.low <= 0 <= flat.high


@pytest.mark.parametrize(
    ("low", "high", "answered", "passed"),
    [(0.8, 1.4, 10, True), (-3.0, 1.6, 10, False), (1.2, 2.0, 10, False), (0.0, 0.1, 9, False)],
)
def test_memory_has_to_be_surely_as_good_as_flat(low, high, answered, passed):
    found = soak.SoakResult(
        said=10,
        answered=answered,
        wall_seconds=1.0,
        resident=[(0.0, 150_000_000)],
        slope=Slope((low + high) / 2, low, high),
        to_final=[1.0],
        cpu_per_turn=0.04,
    )
    assert found.passed is passed


def test_too_few_samples_are_one_sentence():
    with pytest.raises(BenchmarkError, match="too few samples"):
        slope_of([(0.0, 1), (1.0, 1)])
