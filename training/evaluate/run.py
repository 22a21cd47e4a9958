"""One evaluation from beginning to end."""

from __future__ import annotations

import hashlib
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from training.evaluate import cpsycoune, judge
from training.evaluate.bootstrap import Bootstrap
from training.evaluate.collect import Plan, Spoken, collect
from training.evaluate.encoder import Encoder
from training.evaluate.errors import EvaluateError
from training.evaluate.held_out import HELD_OUT_FILE, moments_of, read_dangers, read_dialogues
from training.evaluate.measure import Measure, Measured
from training.evaluate.models import Answer
from training.evaluate.page import write_page
from training.evaluate.report import Against, Column, Comparison, Figure, Report, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from training.evaluate.config import Order

CORPUS = "corpus"
"""The column of the corpus's own answers; no model can have this name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PACKAGES = ("bert-score", "jieba", "rouge-score", "sacrebleu", "torch", "transformers")


def evaluate(order: Order) -> Report:
    """Measure every model of the order on the same dialogues; write report.md and report.json.

    Models are in memory one after the other. A run that was killed goes on with the same order.

    Raises:
        CommandError: data, a model or the judge is missing or wrong; says what to do.
    """
    _check(order)
    plan = _plan(order)
    bench = judge.found(order.judge) if order.judge else None
    encoder = Encoder(order.encoder, order.encoder_layer, order.device) if order.encoder else None
    order.out.mkdir(parents=True, exist_ok=True)
    spoken = [collect(subject, plan, order, bench) for subject in order.subjects]
    measure = Measure(plan, encoder)
    corpus = _corpus(plan)
    measured = [measure.model(one) for one in spoken]
    bootstrap = Bootstrap(order.resamples, order.seed)
    report = Report(
        columns=(
            _column(corpus, measure.corpus(corpus), bootstrap),
            *(_column(one, of, bootstrap) for one, of in zip(spoken, measured, strict=True)),
        ),
        comparisons=tuple(_comparisons(spoken, measured, bootstrap)),
        dialogues=len(plan.dialogues),
        answers=len(plan.moments),
        dangers=len(plan.dangers),
        seed=order.seed,
        data=_digest(order),
        versions=dict(_versions()),
        limits=order.limits,
        judge=f"{bench.name}, {bench.order.runs} runs" if bench else "",
        encoder=f"{order.encoder.name}, layer {encoder.layer}" if order.encoder and encoder else "",
        samples=tuple(_samples(plan, (corpus, *spoken), order.samples)),
    )
    report.write(order.out)
    write_page(report, order.out)
    return report


def _check(order: Order) -> None:
    names = [subject.name for subject in order.subjects]
    if not names:
        raise EvaluateError("Name at least one model.", exit_status=2)
    for name in names:
        if not _NAME.fullmatch(name) or name == CORPUS:
            raise EvaluateError(
                f"{name!r} cannot name a model: letters, digits, dots and dashes, not {CORPUS!r}.",
                exit_status=2,
            )
    if len(set(names)) < len(names):
        raise EvaluateError("Two models have the same name.", exit_status=2)


def _plan(order: Order) -> Plan:
    dialogues = read_dialogues(order)
    return Plan(
        dialogues=tuple(dialogues),
        moments=tuple(moments_of(dialogues, order.answers)),
        dangers=tuple(read_dangers(order)),
        judged=tuple(cpsycoune.read_moments(order.judge.dialogues) if order.judge else ()),
    )


def _corpus(plan: Plan) -> Spoken:
    answers = {moment.id: Answer(moment.reference) for moment in plan.moments}
    return Spoken(CORPUS, "the held-out answers themselves", False, answers)


def _column(spoken: Spoken, measured: Measured, bootstrap: Bootstrap) -> Column:
    figures = {metric: bootstrap.figure(tally) for metric, tally in measured.tallies.items()}
    figures |= {metric: Figure(value) for metric, value in measured.values.items()}
    return Column(
        name=spoken.name,
        made_by=spoken.made_by,
        is_quantized=spoken.is_quantized,
        figures=figures,
        stopped=measured.stopped,
        answers=len(spoken.answers),
        shortened=sum(answer.is_shortened for answer in spoken.answers.values()),
        judged=measured.judged,
    )


def _comparisons(
    spoken: Sequence[Spoken], measured: Sequence[Measured], bootstrap: Bootstrap
) -> Iterator[Comparison]:
    """Every model with the first, and a quantized one with the one right before it."""
    for place in range(1, len(spoken)):
        pairs = [(0, Against.BEFORE)]
        if spoken[place].is_quantized:
            pairs.append((place - 1, Against.ORIGINAL))
        for other, against in pairs:
            for metric, tally in measured[place].tallies.items():
                if (beside := measured[other].tallies.get(metric)) is not None:
                    yield Comparison(
                        spoken[place].name,
                        spoken[other].name,
                        against,
                        metric,
                        *bootstrap.difference(tally, beside),
                        dialogues=len(tally.rows),
                    )


def _samples(plan: Plan, spoken: Sequence[Spoken], most: int) -> Iterator[Sample]:
    """Moments of published dialogues; what users gave back is never shown."""
    feedback = {dialogue.id for dialogue in plan.dialogues if dialogue.is_feedback}
    shown = [moment for moment in plan.moments if moment.dialogue not in feedback]
    for moment in shown[:most]:
        answers = {one.name: one.answers[moment.id].text for one in spoken}
        yield Sample(moment.id, moment.said[-1], answers)


def _digest(order: Order) -> str:
    with (order.data / HELD_OUT_FILE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue
