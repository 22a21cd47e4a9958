"""From single requests to the figures of a load, and to text."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.bench.load import Run

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles, in seconds; not a number where nothing was measured."""

    p50: float
    p90: float
    p99: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What one load gave."""

    load: str
    requests: int
    failed: int
    failures: dict[str, int]
    seconds: float
    tokens: int
    requests_per_second: float
    tokens_per_second: float
    ttft: Spread
    """Time to first token."""
    tpot: Spread
    """Time per output token after the first, by request."""


def figures_of(run: Run) -> Figures:
    """Summarize a load."""
    tokens = sum(one.tokens for one in run.answered)
    per_token = [
        (one.whole - one.first_token) / (one.tokens - 1) for one in run.answered if one.tokens > 1
    ]
    return Figures(
        load=run.load,
        requests=len(run.answered) + len(run.failures),
        failed=len(run.failures),
        failures=dict(Counter(run.failures)),
        seconds=run.seconds,
        tokens=tokens,
        requests_per_second=len(run.answered) / run.seconds if run.seconds else 0.0,
        tokens_per_second=tokens / run.seconds if run.seconds else 0.0,
        ttft=_spread([one.first_token for one in run.answered]),
        tpot=_spread(per_token),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; not a number for no values."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return ranked[max(math.ceil(len(ranked) * percent / 100), 1) - 1]


def table(all_figures: Sequence[Figures]) -> str:
    """The figures as a Markdown table."""
    head = (
        "| load | requests | failed | requests/s | tokens/s | TTFT p50 / p90 / p99 (ms) "
        "| TPOT p50 / p90 / p99 (ms) |"
    )
    rows = [
        f"| {f.load} | {f.requests} | {f.failed} | {f.requests_per_second:.2f} "
        f"| {f.tokens_per_second:.1f} | {_milliseconds(f.ttft)} | {_milliseconds(f.tpot, 1)} |"
        for f in all_figures
    ]
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|", *rows])


def to_json(all_figures: Sequence[Figures]) -> list[dict[str, Any]]:
    """The figures as JSON can hold them: what was not measured is null."""
    return [_without_nan(asdict(figures)) for figures in all_figures]


def ratios(all_figures: Sequence[Figures], others: Sequence[dict[str, Any]]) -> list[str]:
    """One line for each load that was also put on something else: how many times its tokens/s."""
    theirs = {str(other["load"]): float(other["tokens_per_second"]) for other in others}
    return [
        f"{f.load}: {f.tokens_per_second / theirs[f.load]:.2f} times the tokens a second"
        for f in all_figures
        if theirs.get(f.load)
    ]


def _spread(values: Sequence[float]) -> Spread:
    return Spread(*(percentile(values, percent) for percent in PERCENTILES))


def _milliseconds(spread: Spread, digits: int = 0) -> str:
    return " / ".join(
        f"{value * 1000:.{digits}f}" for value in (spread.p50, spread.p90, spread.p99)
    )


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
