"""Lets a model speak: losses, answers and, where there is a judge, its scores."""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from training.evaluate import cpsycoune, judge
from training.evaluate.ledger import Ledger
from training.evaluate.models import AnswerLoss, GeneratedAnswer, ServedFolder, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluate.config import EvalConfig, ModelSource
    from training.evaluate.held_out import EvalPrompt, HeldOutDialogue
    from training.evaluate.judge import JudgeModel, JudgeScores
    from training.evaluate.models import EvalModel

ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class EvalPlan:
    """What every model is asked, in the same order."""

    dialogues: tuple[HeldOutDialogue, ...]
    prompts: tuple[EvalPrompt, ...]
    risk_prompts: tuple[EvalPrompt, ...]
    judged: tuple[EvalPrompt, ...]

    @property
    def all_prompts(self) -> tuple[EvalPrompt, ...]:
        """Everything that is answered."""
        return (*self.prompts, *self.risk_prompts, *self.judged)


@dataclass(frozen=True, slots=True)
class ModelOutputs:
    """What came of one model; keys are ids of dialogues and prompts."""

    name: str
    made_by: str
    is_quantized: bool | None
    answers: dict[str, GeneratedAnswer]
    losses: dict[str, AnswerLoss] = field(default_factory=dict)
    judge_scores: list[list[JudgeScores]] = field(default_factory=list)
    """A list a run, in the order of the plan's judged prompts."""


@contextmanager
def opened_model(source: ModelSource, config: EvalConfig) -> Iterator[EvalModel]:
    """The model of a source, for as long as it is needed.

    Raises `CommandError`: it cannot be loaded or reached.
    """
    with ExitStack() as stack:
        if isinstance(source.where, str):
            yield stack.enter_context(reached(source.where, config))
            return
        # Imported late: an address needs neither torch nor transformers.
        from training.evaluate.folder import loaded  # noqa: PLC0415

        folder = stack.enter_context(loaded(source.where, config))
        if source.served_at:
            server = stack.enter_context(reached(source.served_at, config))
            yield ServedFolder(folder, server)
        else:
            yield folder


def collect(
    source: ModelSource, plan: EvalPlan, config: EvalConfig, judge_model: JudgeModel | None
) -> ModelOutputs:
    """Everything one model has to say, from the disk where it said it before.

    Raises `CommandError`: the model or the judge cannot be used.
    """
    folder = config.out / ANSWERS
    with opened_model(source, config) as model:
        task = _task(model, plan, config)
        with Ledger(folder / f"{source.name}.jsonl", task) as ledger:
            losses = _losses(source.name, model, plan, ledger)
            answers = _answers(source.name, model, plan, config, ledger)
        outputs = ModelOutputs(source.name, model.made_by, model.is_quantized, answers, losses)
    # The model's memory is free again: the judge may run on the same machine.
    if judge_model is not None:
        asked = [(prompt, answers[prompt.id].text) for prompt in plan.judged]
        with (
            Ledger(folder / f"{source.name}.judge.jsonl", _judging(judge_model, asked)) as ledger,
            _bar(f"{source.name}: judge", len(asked) * judge_model.config.runs) as bar,
        ):
            outputs.judge_scores.extend(judge.sit(judge_model, asked, ledger, bar.update))
    return outputs


def _losses(name: str, model: EvalModel, plan: EvalPlan, ledger: Ledger) -> dict[str, AnswerLoss]:
    found: dict[str, AnswerLoss] = {}
    if not model.tells_losses:
        return found
    with _bar(f"{name}: loss", len(plan.dialogues)) as bar:
        for dialogue in plan.dialogues:
            key = f"loss/{dialogue.id}"
            if key not in ledger:
                loss = model.loss(dialogue)
                ledger.put(key, None if loss is None else asdict(loss))
            if ledger[key] is not None:
                found[dialogue.id] = AnswerLoss(**ledger[key])
            bar.update()
    return found


def _answers(
    name: str, model: EvalModel, plan: EvalPlan, config: EvalConfig, ledger: Ledger
) -> dict[str, GeneratedAnswer]:
    found: dict[str, GeneratedAnswer] = {}
    with _bar(f"{name}: answers", len(plan.all_prompts)) as bar:
        for number, batch in enumerate(_batches(plan, config.batch)):
            key = f"answers/{number}"
            if key not in ledger:
                prompts = [prompt.messages for prompt in batch]
                said = model.answer(prompts, config.seed + number)
                ledger.put(
                    key,
                    {one.id: asdict(answer) for one, answer in zip(batch, said, strict=True)},
                )
            found |= {one: GeneratedAnswer(**answer) for one, answer in ledger[key].items()}
            bar.update(len(batch))
    return found


def _batches(plan: EvalPlan, size: int) -> Iterator[list[EvalPrompt]]:
    """Prompts of like length together, the longest first: memory runs out at once or not at all.

    Which prompts are together depends on the plan alone, so that a run that goes on after a kill
    draws what an unbroken one would have drawn.
    """
    by_length = sorted(
        plan.all_prompts, key=lambda prompt: -sum(len(one.content) for one in prompt.messages)
    )
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]


def _task(model: EvalModel, plan: EvalPlan, config: EvalConfig) -> dict[str, object]:
    """Everything that decides what the model says."""
    return {
        "model": model.fingerprint,
        "made_by": model.made_by,
        "sampling": asdict(config.sampling),
        "seed": config.seed,
        "batch": config.batch,
        "dialogues": _hash([[asdict(one) for one in it.messages] for it in plan.dialogues]),
        "prompts": _hash(
            [[prompt.id, [asdict(one) for one in prompt.messages]] for prompt in plan.all_prompts]
        ),
    }


def _judging(judge_model: JudgeModel, asked: list[tuple[EvalPrompt, str]]) -> dict[str, object]:
    return {
        "judge": judge_model.name,
        "temperature": judge_model.config.temperature,
        "questions": _hash(
            [
                [asdict(one) for one in cpsycoune.question(prompt, answer, again=False)]
                for prompt, answer in asked
            ]
        ),
    }


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def _bar(what: str, total: int) -> Any:  # noqa: ANN401 - tqdm is not typed
    """Progress with the time that is left; seldom outside a terminal."""
    return tqdm(total=total, desc=what, mininterval=0.5 if sys.stderr.isatty() else 30)
