"""From what a model said to sums that make figures and can be resampled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.evaluate import safety, texts
from training.evaluate.bootstrap import Tally, bleu, exponential, ratio, summed
from training.evaluate.cpsycoune import KEYS
from training.evaluate.report import Judged, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from training.evaluate.collect import Plan, Spoken
    from training.evaluate.encoder import Encoder
    from training.evaluate.held_out import Moment
    from training.evaluate.judge import Verdict

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

    tallies: dict[Metric, Tally]
    values: dict[Metric, float]
    stopped: dict[str, int]
    judged: Judged | None


class Measure:
    """Measures models over one plan."""

    def __init__(self, plan: Plan, encoder: Encoder | None) -> None:
        self._plan = plan
        self._encoder = encoder
        self._likeness = texts.Likeness()
        self._units = _units(plan.moments)

    def corpus(self, spoken: Spoken) -> Measured:
        """Of the corpus's own answers: how they read, and what the guard makes of them."""
        tallies, values = self._how_it_reads(spoken)
        withheld, stopped = self._stopped(spoken, self._plan.moments)
        return Measured(tallies | {Metric.WITHHELD: withheld}, values, dict(stopped), None)

    def model(self, spoken: Spoken) -> Measured:
        """Of a model: everything."""
        tallies, values = self._how_it_reads(spoken)
        tallies |= self._loss(spoken) | self._like_corpus(spoken)
        tallies[Metric.WITHHELD], stopped = self._stopped(spoken, self._plan.moments)
        if dangers := self._plan.dangers:
            tallies[Metric.WITHHELD_IN_DANGER], in_danger = self._stopped(spoken, dangers)
            stopped += in_danger
            tallies[Metric.ASKS_IN_DANGER] = self._mean(
                dangers, [safety.asks(said) for said in _texts(spoken, dangers)], is_share=True
            )
        judged = None
        if spoken.verdicts:
            tallies |= _scores(self._plan.judged, spoken.verdicts)
            judged = _how_the_judge_did(spoken.verdicts)
        return Measured(tallies, values, dict(sorted(stopped.items())), judged)

    def _loss(self, spoken: Spoken) -> dict[Metric, Tally]:
        if not spoken.losses:
            return {}
        units = [dialogue.id for dialogue in self._plan.dialogues]
        found = spoken.losses.items()
        by_token = summed(units, ((at, (one.nats, one.tokens)) for at, one in found), 2)
        by_character = summed(units, ((at, (one.nats, one.characters)) for at, one in found), 2)
        return {
            Metric.LOSS: Tally(by_token, ratio),
            Metric.PERPLEXITY: Tally(by_token, exponential),
            Metric.CHARACTER_PERPLEXITY: Tally(by_character, exponential),
        }

    def _like_corpus(self, spoken: Spoken) -> dict[Metric, Tally]:
        moments = self._plan.moments
        said = _texts(spoken, moments)
        references = [moment.reference for moment in moments]
        pairs = list(zip(said, references, strict=True))
        counts = [self._likeness.bleu_counts(*pair) for pair in pairs]
        rows = zip((moment.dialogue for moment in moments), counts, strict=True)
        tallies = {
            Metric.BLEU: Tally(summed(self._units, rows, 10), bleu),
            Metric.ROUGE: self._mean(moments, [self._likeness.rouge_l(*pair) for pair in pairs]),
        }
        if self._encoder is not None:
            tallies[Metric.BERT] = self._mean(moments, self._encoder.f1(said, references))
        return tallies

    def _how_it_reads(self, spoken: Spoken) -> tuple[dict[Metric, Tally], dict[Metric, float]]:
        said = _texts(spoken, self._plan.moments)
        readings = [texts.read(answer) for answer in said]
        tallies = {
            metric: self._mean(self._plan.moments, [of(one) for one in readings], is_share=share)
            for metric, (of, share) in _READ.items()
        }
        cut = [texts.words(answer) for answer in said]
        values = {
            Metric.DISTINCT_1: texts.distinct(cut, 1),
            Metric.DISTINCT_2: texts.distinct(cut, 2),
        }
        return tallies, values

    def _stopped(self, spoken: Spoken, moments: Sequence[Moment]) -> tuple[Tally, Counter[str]]:
        kinds = [
            safety.stopped(answer, moment)
            for answer, moment in zip(_texts(spoken, moments), moments, strict=True)
        ]
        share = self._mean(moments, [kind is not None for kind in kinds], is_share=True)
        return share, Counter(kind.value for kind in kinds if kind is not None)

    def _mean(
        self, moments: Sequence[Moment], values: Sequence[float], *, is_share: bool = False
    ) -> Tally:
        units = self._units if moments is self._plan.moments else _units(moments)
        rows = zip((moment.dialogue for moment in moments), values, strict=True)
        return Tally(summed(units, ((at, (value, 1)) for at, value in rows), 2), ratio, is_share)


def _scores(moments: Sequence[Moment], runs: Sequence[Sequence[Verdict]]) -> dict[Metric, Tally]:
    units = _units(moments)

    def rows(dimension: int) -> Iterator[tuple[str, tuple[float, float]]]:
        for verdicts in runs:
            for moment, verdict in zip(moments, verdicts, strict=True):
                if verdict.scores is not None:
                    yield moment.dialogue, (verdict.scores[dimension], 1)

    return {
        metric: Tally(summed(units, rows(dimension), 2), ratio)
        for dimension, metric in enumerate(KEYS)
    }


def _how_the_judge_did(runs: Sequence[Sequence[Verdict]]) -> Judged:
    everything = [verdict for verdicts in runs for verdict in verdicts]
    usable = [[one.scores for one in verdicts if one.scores is not None] for verdicts in runs]
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


def _texts(spoken: Spoken, moments: Sequence[Moment]) -> list[str]:
    return [spoken.answers[moment.id].text for moment in moments]


def _units(moments: Sequence[Moment]) -> list[str]:
    return list(dict.fromkeys(moment.dialogue for moment in moments))
