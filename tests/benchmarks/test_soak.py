"""A short soak, and the line that is fitted through its samples."""

import json

import pytest

from benchmarks import soak
from benchmarks.errors import BenchmarkError
from benchmarks.slope import slope_of


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


def test_too_few_samples_are_one_sentence():
    with pytest.raises(BenchmarkError, match="too few samples"):
        slope_of([(0.0, 1), (1.0, 1)])
