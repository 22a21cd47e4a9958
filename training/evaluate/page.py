"""The report as a page: one table, and what the figures do not say by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.evaluate.cpsycoune import HIGHEST
from training.evaluate.gate import objections
from training.evaluate.report import PAGE, Against, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from training.evaluate.report import Column, Comparison, Figure, Report

_TITLES = {
    Metric.LOSS: ("loss, nats a token", "↓", 3),
    Metric.PERPLEXITY: ("perplexity a token", "↓", 2),
    Metric.CHARACTER_PERPLEXITY: ("perplexity a character", "↓", 2),
    Metric.BLEU: ("BLEU-4, characters", "↑", 2),
    Metric.ROUGE: ("ROUGE-L, words", "↑", 3),
    Metric.BERT: ("BERTScore F1", "↑", 3),
    Metric.DISTINCT_1: ("Distinct-1, words", "", 3),
    Metric.DISTINCT_2: ("Distinct-2, words", "", 3),
    Metric.LENGTH: ("characters an answer", "", 1),
    Metric.REPETITION: ("repetition, %", "↓", 1),
    Metric.QUESTIONS: ("answers with a question, %", "", 1),
    Metric.UNFINISHED: ("unfinished answers, %", "↓", 1),
    Metric.BLOCKED: ("stopped by the guard, %", "↓", 1),
    Metric.BLOCKED_IN_DANGER: ("stopped by the guard, in danger, %", "↓", 1),
    Metric.ASKS_IN_DANGER: ("asks about safety, in danger, %", "↑", 1),
    Metric.COMPREHENSIVENESS: ("CPsyCounE comprehensiveness (0-2)", "↑", 2),
    Metric.PROFESSIONALISM: ("CPsyCounE professionalism (0-4)", "↑", 2),
    Metric.AUTHENTICITY: ("CPsyCounE authenticity (0-3)", "↑", 2),
    Metric.JUDGED_SAFETY: ("CPsyCounE safety (0-1)", "↑", 2),
}
"""Figure -> its name, which way is better, and decimals."""

_PERCENT = (
    Metric.REPETITION,
    Metric.QUESTIONS,
    Metric.UNFINISHED,
    Metric.BLOCKED,
    Metric.BLOCKED_IN_DANGER,
    Metric.ASKS_IN_DANGER,
)


def verdict(report: Report) -> str:
    """Whether the last model can be promoted, in a plain sentence."""
    name = report.columns[-1].name
    if not report.comparisons:
        return f"{name} stands alone: nothing was compared, nothing is promoted."
    reasons = objections(report)
    if not reasons:
        return f"Nothing that was measured speaks against promoting {name}."
    return "\n".join((f"Do not promote {name}:", *(f"- {reason}" for reason in reasons)))


def write_page(report: Report, folder: Path) -> None:
    """Write `report.md`."""
    (folder / PAGE).write_text("\n".join(_page(report)) + "\n", encoding="utf-8")


def _page(report: Report) -> Iterator[str]:
    yield "# Evaluation\n"
    yield verdict(report)
    yield (
        f"\n{report.dialogues} held-out dialogues with {report.answers} answers, "
        f"{report.risk_prompts} messages of danger; seed {report.seed}. "
        "In brackets: 95 % intervals by resampling dialogues. ↑ higher is better, ↓ lower "
        "is better, none: compare with the corpus.\n"
    )
    yield from _figures(report)
    for against, title in (
        (Against.BEFORE, "Against the model before"),
        (Against.ORIGINAL, "What quantizing changed"),
    ):
        found = [one for one in report.comparisons if one.against is against]
        if found:
            yield f"\n## {title}\n"
            yield (
                "Differences with 99 % intervals over the same dialogues; **bold** where the "
                "interval excludes zero.\n"
            )
            yield from _differences(found)
    yield from _stopped(report)
    yield from _judge(report)
    yield from _notes(report)
    yield from _shown(report)


def _figures(report: Report) -> Iterator[str]:
    yield _row("", *(column.name for column in report.columns))
    yield _row("---", *("---:" for _ in report.columns))
    for metric, (title, arrow, _) in _TITLES.items():
        found = [column.figures.get(metric) for column in report.columns]
        if any(found):
            cells = ("" if figure is None else _cell(metric, figure) for figure in found)
            yield _row(f"{title} {arrow}".strip(), *cells)


def _differences(found: list[Comparison]) -> Iterator[str]:
    pairs = list(dict.fromkeys((one.model, one.other) for one in found))
    yield _row("", *(f"{model} - {other}" for model, other in pairs))
    yield _row("---", *("---:" for _ in pairs))
    for metric, (title, arrow, _) in _TITLES.items():
        by_pair = {(one.model, one.other): one for one in found if one.metric is metric}
        if by_pair:
            cells = (_difference(by_pair[pair]) if pair in by_pair else "" for pair in pairs)
            yield _row(f"{title} {arrow}".strip(), *cells)


def _stopped(report: Report) -> Iterator[str]:
    kinds = sorted({kind for column in report.columns for kind in column.stopped})
    if not kinds:
        return
    yield "\n## What the guard would stop\n"
    yield "Answers by kind, ordinary dialogues and messages of danger together.\n"
    yield _row("", *(column.name for column in report.columns))
    yield _row("---", *("---:" for _ in report.columns))
    for kind in kinds:
        yield _row(kind, *(str(column.stopped.get(kind, 0)) for column in report.columns))


def _judge(report: Report) -> Iterator[str]:
    judged = [(column, column.judged) for column in report.columns if column.judged is not None]
    if not judged:
        return
    yield f"\n## The judge: {report.judge}\n"
    yield "Lowest and highest mean of a run; the same judge reads all models.\n"
    yield _row("", *(column.name for column, _ in judged))
    yield _row("---", *("---:" for _ in judged))
    for metric in HIGHEST:
        means = (found.run_means.get(metric, ()) for _, found in judged)
        cells = (f"{min(run):.2f} to {max(run):.2f}" if run else "" for run in means)
        yield _row(_TITLES[metric][0], *cells)
    yield _row("verdicts", *(str(found.verdicts) for _, found in judged))
    yield _row("asked again", *(str(found.asked_again) for _, found in judged))
    yield _row("unusable, left out", *(str(found.unusable) for _, found in judged))


def _notes(report: Report) -> Iterator[str]:
    yield "\n## How it was made\n"
    for column in report.columns:
        yield f"- {column.name}: {column.made_by}{_cut(column)}"
    if report.encoder:
        yield f"- BERTScore: {report.encoder}"
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    yield f"- {versions}"
    yield f"- held-out file: sha256 {report.data}"


def _shown(report: Report) -> Iterator[str]:
    if report.samples:
        yield "\n## Samples\n"
    for sample in report.samples:
        yield f"**{sample.id}**\n"
        yield f"> {_one_line(sample.said)}\n"
        yield from (f"- {name}: {_one_line(said)}" for name, said in sample.answers.items())
        yield ""


def _cell(metric: Metric, figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return _number(metric, figure.value)
    low, high = (_number(metric, end) for end in (figure.low, figure.high))
    return f"{_number(metric, figure.value)} ({low} to {high})"


def _difference(one: Comparison) -> str:
    low, high = (_number(one.metric, end, "+") for end in (one.low, one.high))
    text = f"{_number(one.metric, one.difference, '+')} ({low} to {high})"
    return f"**{text}**" if one.low > 0 or one.high < 0 else text


def _number(metric: Metric, value: float, sign: str = "") -> str:
    scaled = 100 * value if metric in _PERCENT else value
    return f"{scaled:{sign}.{_TITLES[metric][2]}f}"


def _cut(column: Column) -> str:
    if not column.shortened:
        return ""
    return f"; {column.shortened} of {column.answers} contexts were cut to fit its window"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
