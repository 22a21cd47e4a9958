"""One evaluation from beginning to end."""

from __future__ import annotations

import hashlib
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from training.corpora.prepared_files import HELD_OUT_FILE
from training.evaluate import cpsycoune, judge
from training.evaluate.bootstrap import Bootstrap
from training.evaluate.collect import EvalPlan, ModelOutputs, collect
from training.evaluate.config import EvaluateError
from training.evaluate.held_out import prompts_of, read_dialogues, read_risk_prompts
from training.evaluate.measure import Measure, Measured
from training.evaluate.models import GeneratedAnswer
from training.evaluate.page import write_page
from training.evaluate.report import Against, Column, Comparison, Figure, Report, Sample
from training.evaluate.texts import BertScorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from training.evaluate.config import EvalConfig

CORPUS = "corpus"
"""The column of the corpus's own answers; no model can have this name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PACKAGES = ("bert-score", "jieba", "rouge-score", "sacrebleu", "torch", "transformers")


def evaluate(config: EvalConfig) -> Report:
    """Measure every model of the order on the same dialogues; write report.md and report.json.

    Models are in memory one after the other. A run that was killed goes on with the same config.

    Raises:
        CommandError: data, a model or the judge is missing or wrong; says what to do.
    """
    _check(config)
    plan = _plan(config)
    judge_model = judge.found(config.judge) if config.judge else None
    encoder = (
        BertScorer(config.encoder, config.encoder_layer, config.device) if config.encoder else None
    )
    config.out.mkdir(parents=True, exist_ok=True)
    outputs = [collect(source, plan, config, judge_model) for source in config.models]
    measure = Measure(plan, encoder)
    corpus = _corpus(plan)
    measured = [measure.model(one) for one in outputs]
    bootstrap = Bootstrap(config.resamples, config.seed)
    report = Report(
        columns=(
            _column(corpus, measure.corpus(corpus), bootstrap),
            *(_column(one, of, bootstrap) for one, of in zip(outputs, measured, strict=True)),
        ),
        comparisons=tuple(_comparisons(outputs, measured, bootstrap)),
        dialogues=len(plan.dialogues),
        answers=len(plan.prompts),
        risk_prompts=len(plan.risk_prompts),
        seed=config.seed,
        data=_digest(config),
        versions=dict(_versions()),
        limits=config.limits,
        judge=f"{judge_model.name}, {judge_model.config.runs} runs" if judge_model else "",
        encoder=f"{config.encoder.name}, layer {encoder.layer}"
        if config.encoder and encoder
        else "",
        samples=tuple(_samples(plan, (corpus, *outputs), config.samples)),
    )
    report.write(config.out)
    write_page(report, config.out)
    return report


def _check(config: EvalConfig) -> None:
    names = [source.name for source in config.models]
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


def _plan(config: EvalConfig) -> EvalPlan:
    dialogues = read_dialogues(config)
    return EvalPlan(
        dialogues=tuple(dialogues),
        prompts=tuple(prompts_of(dialogues, config.answers)),
        risk_prompts=tuple(read_risk_prompts(config)),
        judged=tuple(cpsycoune.read_prompts(config.judge.dialogues) if config.judge else ()),
    )


def _corpus(plan: EvalPlan) -> ModelOutputs:
    answers = {prompt.id: GeneratedAnswer(prompt.reference) for prompt in plan.prompts}
    return ModelOutputs(CORPUS, "the held-out answers themselves", False, answers)


def _column(outputs: ModelOutputs, measured: Measured, bootstrap: Bootstrap) -> Column:
    figures = {
        metric: bootstrap.figure(statistic) for metric, statistic in measured.statistics.items()
    }
    figures |= {metric: Figure(value) for metric, value in measured.values.items()}
    return Column(
        name=outputs.name,
        made_by=outputs.made_by,
        is_quantized=outputs.is_quantized,
        figures=figures,
        stopped=measured.stopped,
        answers=len(outputs.answers),
        shortened=sum(answer.is_shortened for answer in outputs.answers.values()),
        judged=measured.judged,
    )


def _comparisons(
    outputs: Sequence[ModelOutputs], measured: Sequence[Measured], bootstrap: Bootstrap
) -> Iterator[Comparison]:
    """Every model with the first, and a quantized one with the one right before it."""
    for place in range(1, len(outputs)):
        pairs = [(0, Against.BEFORE)]
        if outputs[place].is_quantized:
            pairs.append((place - 1, Against.ORIGINAL))
        for other, against in pairs:
            for metric, statistic in measured[place].statistics.items():
                if (beside := measured[other].statistics.get(metric)) is not None:
                    yield Comparison(
                        outputs[place].name,
                        outputs[other].name,
                        against,
                        metric,
                        *bootstrap.difference(statistic, beside),
                        dialogues=len(statistic.rows),
                    )


def _samples(plan: EvalPlan, outputs: Sequence[ModelOutputs], limit: int) -> Iterator[Sample]:
    """Moments of published dialogues; what users gave back is never shown."""
    feedback = {dialogue.id for dialogue in plan.dialogues if dialogue.is_feedback}
    shown = [prompt for prompt in plan.prompts if prompt.dialogue not in feedback]
    for prompt in shown[:limit]:
        answers = {one.name: one.answers[prompt.id].text for one in outputs}
        yield Sample(prompt.id, prompt.said[-1], answers)


def _digest(config: EvalConfig) -> str:
    with (config.data / HELD_OUT_FILE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue
