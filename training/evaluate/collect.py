"""Lets a model speak: losses, answers and, where there is a judge, verdicts on them."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from training.evaluate import cpsycoune, judge
from training.evaluate.ledger import Ledger
from training.evaluate.models import Answer, Loss
from training.evaluate.speaking import speaking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluate.config import Order, Subject
    from training.evaluate.held_out import Dialogue, Moment
    from training.evaluate.judge import Bench, Verdict
    from training.evaluate.models import Speaker

ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Plan:
    """What every model is asked, in the same order."""

    dialogues: tuple[Dialogue, ...]
    moments: tuple[Moment, ...]
    dangers: tuple[Moment, ...]
    judged: tuple[Moment, ...]

    @property
    def all_moments(self) -> tuple[Moment, ...]:
        """Everything that is answered."""
        return (*self.moments, *self.dangers, *self.judged)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came of one model; keys are ids of dialogues and moments."""

    name: str
    made_by: str
    is_quantized: bool | None
    answers: dict[str, Answer]
    losses: dict[str, Loss] = field(default_factory=dict)
    verdicts: list[list[Verdict]] = field(default_factory=list)
    """A list a run, in the order of the plan's judged moments."""


def collect(subject: Subject, plan: Plan, order: Order, bench: Bench | None) -> Spoken:
    """Everything one model has to say, from the disk where it said it before.

    Raises `CommandError`: the model or the judge cannot be used.
    """
    folder = order.out / ANSWERS
    with speaking(subject, order) as speaker:
        task = _task(speaker, plan, order)
        with Ledger(folder / f"{subject.name}.jsonl", task) as ledger:
            losses = _losses(subject.name, speaker, plan, ledger)
            answers = _answers(subject.name, speaker, plan, order, ledger)
        spoken = Spoken(subject.name, speaker.made_by, speaker.is_quantized, answers, losses)
    # The model's memory is free again: the judge may run on the same machine.
    if bench is not None:
        asked = [(moment, answers[moment.id].text) for moment in plan.judged]
        with (
            Ledger(folder / f"{subject.name}.judge.jsonl", _judging(bench, asked)) as ledger,
            _bar(f"{subject.name}: judge", len(asked) * bench.order.runs) as bar,
        ):
            spoken.verdicts.extend(judge.sit(bench, asked, ledger, bar.update))
    return spoken


def _losses(name: str, speaker: Speaker, plan: Plan, ledger: Ledger) -> dict[str, Loss]:
    found: dict[str, Loss] = {}
    if not speaker.tells_losses:
        return found
    with _bar(f"{name}: loss", len(plan.dialogues)) as bar:
        for dialogue in plan.dialogues:
            key = f"loss/{dialogue.id}"
            if key not in ledger:
                loss = speaker.loss(dialogue)
                ledger.put(key, None if loss is None else asdict(loss))
            if ledger[key] is not None:
                found[dialogue.id] = Loss(**ledger[key])
            bar.update()
    return found


def _answers(
    name: str, speaker: Speaker, plan: Plan, order: Order, ledger: Ledger
) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    with _bar(f"{name}: answers", len(plan.all_moments)) as bar:
        for number, batch in enumerate(_batches(plan, order.batch)):
            key = f"answers/{number}"
            if key not in ledger:
                prompts = [moment.prompt for moment in batch]
                said = speaker.answer(prompts, order.seed + number)
                ledger.put(
                    key,
                    {one.id: asdict(answer) for one, answer in zip(batch, said, strict=True)},
                )
            found |= {one: Answer(**answer) for one, answer in ledger[key].items()}
            bar.update(len(batch))
    return found


def _batches(plan: Plan, size: int) -> Iterator[list[Moment]]:
    """Prompts of like length together, the longest first: memory runs out at once or not at all.

    Which prompts are together depends on the plan alone, so that a run that goes on after a kill
    draws what an unbroken one would have drawn.
    """
    by_length = sorted(
        plan.all_moments, key=lambda moment: -sum(len(one.content) for one in moment.prompt)
    )
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]


def _task(speaker: Speaker, plan: Plan, order: Order) -> dict[str, object]:
    """Everything that decides what the model says."""
    return {
        "model": speaker.fingerprint,
        "made_by": speaker.made_by,
        "sampling": asdict(order.sampling),
        "seed": order.seed,
        "batch": order.batch,
        "dialogues": _hash([[asdict(one) for one in it.messages] for it in plan.dialogues]),
        "prompts": _hash(
            [[moment.id, [asdict(one) for one in moment.prompt]] for moment in plan.all_moments]
        ),
    }


def _judging(bench: Bench, asked: list[tuple[Moment, str]]) -> dict[str, object]:
    return {
        "judge": bench.name,
        "temperature": bench.order.temperature,
        "questions": _hash(
            [
                [asdict(one) for one in cpsycoune.question(moment, answer, again=False)]
                for moment, answer in asked
            ]
        ),
    }


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def _bar(what: str, total: int) -> Any:  # noqa: ANN401 - tqdm is not typed
    """Progress with the time that is left; seldom where nobody watches."""
    return tqdm(total=total, desc=what, mininterval=0.5 if sys.stderr.isatty() else 30)
