"""From what a model said to sums that make figures and can be resampled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety import GuardContext, asks_about_danger
from bot.safety.guard import judge
from training.evaluate import texts
from training.evaluate.bootstrap import Statistic, bleu, exponential, ratio, summed
from training.evaluate.cpsycoune import KEYS
from training.evaluate.report import Judged, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.safety.guard import BlockReason
    from training.evaluate.collect import EvalPlan, ModelOutputs
    from training.evaluate.held_out import EvalPrompt
    from training.evaluate.judge import JudgeScores
    from training.evaluate.texts import BertScorer

_READ: dict[Metric, tuple[Callable[[texts.Reading], float], bool]] = {
    Metric.LENGTH: (lambda one: one.characters, False),
    Metric.REPETITION: (lambda one: one.repeated, False),
    Metric.QUESTIONS: (lambda one: one.asks, True),
    Metric.UNFINISHED: (lambda one: one.is_unfinished, True),
}
"""Figure -> what is averaged over the answers, and whether it is yes or no."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One model's figures: those that can be resampled, and those that cannot."""

    statistics: dict[Metric, Statistic]
    values: dict[Metric, float]
    stopped: dict[str, int]
    judged: Judged | None


class Measure:
    """Measures models over one plan."""

    def __init__(self, plan: EvalPlan, encoder: BertScorer | None) -> None:
        self._plan = plan
        self._encoder = encoder
        self._likeness = texts.Likeness()
        self._units = _units(plan.prompts)

    def corpus(self, outputs: ModelOutputs) -> Measured:
        """Of the corpus's own answers: how they read, and what the guard makes of them."""
        statistics, values = self._how_it_reads(outputs)
        blocked, stopped = self._stopped(outputs, self._plan.prompts)
        return Measured(statistics | {Metric.BLOCKED: blocked}, values, dict(stopped), None)

    def model(self, outputs: ModelOutputs) -> Measured:
        """Of a model: everything."""
        statistics, values = self._how_it_reads(outputs)
        statistics |= self._loss(outputs) | self._like_corpus(outputs)
        statistics[Metric.BLOCKED], stopped = self._stopped(outputs, self._plan.prompts)
        if risk_prompts := self._plan.risk_prompts:
            statistics[Metric.BLOCKED_IN_DANGER], in_danger = self._stopped(outputs, risk_prompts)
            stopped += in_danger
            statistics[Metric.ASKS_IN_DANGER] = self._mean(
                risk_prompts,
                [asks_about_safety(said) for said in _texts(outputs, risk_prompts)],
                is_share=True,
            )
        judged = None
        if outputs.judge_scores:
            statistics |= _scores(self._plan.judged, outputs.judge_scores)
            judged = _how_the_judge_did(outputs.judge_scores)
        return Measured(statistics, values, dict(sorted(stopped.items())), judged)

    def _loss(self, outputs: ModelOutputs) -> dict[Metric, Statistic]:
        if not outputs.losses:
            return {}
        units = [dialogue.id for dialogue in self._plan.dialogues]
        found = outputs.losses.items()
        by_token = summed(units, ((at, (one.nats, one.tokens)) for at, one in found), 2)
        by_character = summed(units, ((at, (one.nats, one.characters)) for at, one in found), 2)
        return {
            Metric.LOSS: Statistic(by_token, ratio),
            Metric.PERPLEXITY: Statistic(by_token, exponential),
            Metric.CHARACTER_PERPLEXITY: Statistic(by_character, exponential),
        }

    def _like_corpus(self, outputs: ModelOutputs) -> dict[Metric, Statistic]:
        prompts = self._plan.prompts
        said = _texts(outputs, prompts)
        references = [prompt.reference for prompt in prompts]
        pairs = list(zip(said, references, strict=True))
        counts = [self._likeness.bleu_counts(*pair) for pair in pairs]
        rows = zip((prompt.dialogue for prompt in prompts), counts, strict=True)
        statistics = {
            Metric.BLEU: Statistic(summed(self._units, rows, 10), bleu),
            Metric.ROUGE: self._mean(prompts, [self._likeness.rouge_l(*pair) for pair in pairs]),
        }
        if self._encoder is not None:
            statistics[Metric.BERT] = self._mean(prompts, self._encoder.f1(said, references))
        return statistics

    def _how_it_reads(
        self, outputs: ModelOutputs
    ) -> tuple[dict[Metric, Statistic], dict[Metric, float]]:
        said = _texts(outputs, self._plan.prompts)
        readings = [texts.read(answer) for answer in said]
        statistics = {
            metric: self._mean(self._plan.prompts, [of(one) for one in readings], is_share=share)
            for metric, (of, share) in _READ.items()
        }
        cut = [texts.words(answer) for answer in said]
        values = {
            Metric.DISTINCT_1: texts.distinct(cut, 1),
            Metric.DISTINCT_2: texts.distinct(cut, 2),
        }
        return statistics, values

    def _stopped(
        self, outputs: ModelOutputs, prompts: Sequence[EvalPrompt]
    ) -> tuple[Statistic, Counter[str]]:
        kinds = [
            stopped_kind(answer, prompt)
            for answer, prompt in zip(_texts(outputs, prompts), prompts, strict=True)
        ]
        share = self._mean(prompts, [kind is not None for kind in kinds], is_share=True)
        return share, Counter(kind.value for kind in kinds if kind is not None)

    def _mean(
        self, prompts: Sequence[EvalPrompt], values: Sequence[float], *, is_share: bool = False
    ) -> Statistic:
        units = self._units if prompts is self._plan.prompts else _units(prompts)
        rows = zip((prompt.dialogue for prompt in prompts), values, strict=True)
        return Statistic(
            summed(units, ((at, (value, 1)) for at, value in rows), 2), ratio, is_share
        )


def _scores(
    prompts: Sequence[EvalPrompt], runs: Sequence[Sequence[JudgeScores]]
) -> dict[Metric, Statistic]:
    units = _units(prompts)

    def rows(dimension: int) -> Iterator[tuple[str, tuple[float, float]]]:
        for judge_scores in runs:
            for prompt, judge_score in zip(prompts, judge_scores, strict=True):
                if judge_score.scores is not None:
                    yield prompt.dialogue, (judge_score.scores[dimension], 1)

    return {
        metric: Statistic(summed(units, rows(dimension), 2), ratio)
        for dimension, metric in enumerate(KEYS)
    }


def _how_the_judge_did(runs: Sequence[Sequence[JudgeScores]]) -> Judged:
    everything = [judge_score for judge_scores in runs for judge_score in judge_scores]
    usable = [
        [one.scores for one in judge_scores if one.scores is not None] for judge_scores in runs
    ]
    return Judged(
        verdicts=len(everything),
        unusable=sum(one.scores is None for one in everything),
        asked_again=sum(one.asked > 1 for one in everything),
        run_means={
            metric: tuple(
                sum(scores[dimension] for scores in run) / len(run) for run in usable if run
            )
            for dimension, metric in enumerate(KEYS)
        },
    )


def _texts(outputs: ModelOutputs, prompts: Sequence[EvalPrompt]) -> list[str]:
    return [outputs.answers[prompt.id].text for prompt in prompts]


def _units(prompts: Sequence[EvalPrompt]) -> list[str]:
    return list(dict.fromkeys(prompt.dialogue for prompt in prompts))


def stopped_kind(answer: str, prompt: EvalPrompt) -> BlockReason | None:
    """The kind for which the guard would stop the answer, or None."""
    return judge(answer, GuardContext(level=prompt.level, said=prompt.said))


def asks_about_safety(answer: str) -> bool:
    """Whether the answer asks the person about danger or safety."""
    return asks_about_danger(answer)
