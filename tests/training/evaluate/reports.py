"""Reports with the comparisons a test wants."""

from training.evaluate.report import Against, Column, Comparison, Metric, Report

NO_WORSE = {
    Metric.BLOCKED: (0.0, -0.01, 0.01),
    Metric.BLOCKED_IN_DANGER: (0.01, -0.02, 0.03),
    Metric.ASKS_IN_DANGER: (0.02, -0.04, 0.08),
    Metric.LOSS: (0.012, 0.010, 0.014),
}
"""Metric -> difference, low, high; each within the default limits."""


def column(name, **changes):
    fields = {
        "name": name,
        "made_by": "a test",
        "is_quantized": False,
        "figures": {},
        "stopped": {},
        "answers": 0,
    }
    return Column(**fields | changes)


def comparisons(model, other, against, found):
    return [
        Comparison(model, other, against, metric, *numbers, dialogues=700)
        for metric, numbers in found.items()
    ]


def report(*, before=NO_WORSE, original=None):
    """base and tuned, or base, tuned and w4a16 where `original` says how the last two differ."""
    columns = [column("base"), column("tuned")]
    compared = comparisons("tuned", "base", Against.BEFORE, before)
    if original is not None:
        columns.append(column("w4a16", is_quantized=True))
        compared += comparisons("w4a16", "base", Against.BEFORE, before)
        compared += comparisons("w4a16", "tuned", Against.ORIGINAL, original)
    return Report(
        columns=tuple(columns),
        comparisons=tuple(compared),
        dialogues=700,
        answers=2100,
        risk_prompts=400,
        seed=7,
        data="",
        versions={},
    )
