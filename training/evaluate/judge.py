"""The judge: asks a strong model about every answer, several times over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import openai

from training.evaluate import cpsycoune
from training.evaluate.config import EvaluateError
from training.evaluate.models import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai.types.chat import ChatCompletionMessageParam

    from training.evaluate.config import JudgeConfig
    from training.evaluate.held_out import EvalPrompt
    from training.evaluate.ledger import Ledger

MAX_ATTEMPTS = 4
"""Times that one verdict is asked for before it is counted as unusable."""
_RETRIES = 6
"""Of a request that failed on the way or was refused as too many; the pause doubles."""
_TIMEOUT = 180.0


@dataclass(frozen=True, slots=True)
class JudgeScores:
    """Scores in the order of `cpsycoune.KEYS`, or None: the judge never said it properly."""

    scores: tuple[int, ...] | None
    asked: int


@dataclass(frozen=True, slots=True)
class JudgeModel:
    """A judge's model, found and ready."""

    config: JudgeConfig
    model: str

    @property
    def name(self) -> str:
        """For the report, without the key."""
        return f"{self.model} at {urlsplit(self.config.url).netloc.rpartition('@')[2]}"


def found(config: JudgeConfig) -> JudgeModel:
    """Look for the judge before anything is generated for it. Raises EvaluateError."""

    async def first_listed() -> str:
        async with _client(config) as client:
            async for model in await client.models.list():
                return model.id
        return ""

    try:
        name = config.model or asyncio.run(first_listed())
    except openai.OpenAIError as error:
        raise _failure(error) from None
    if not name:
        raise EvaluateError(f"The judge at {config.url} lists no model; name one.")
    return JudgeModel(config, name)


def sit(
    judge_model: JudgeModel,
    answers: Sequence[tuple[EvalPrompt, str]],
    ledger: Ledger,
    advance: Callable[[int], object],
) -> list[list[JudgeScores]]:
    """Scores of every answer, in each run; what the ledger has is not asked again.

    Raises EvaluateError: the judge does not answer. What was said until then is kept.
    """
    try:
        asyncio.run(_ask_all(judge_model, answers, ledger, advance))
    except openai.OpenAIError as error:
        raise _failure(error) from None
    return [
        [_read(ledger[_name(run, prompt)]) for prompt, _ in answers]
        for run in range(judge_model.config.runs)
    ]


async def _ask_all(
    judge_model: JudgeModel,
    answers: Sequence[tuple[EvalPrompt, str]],
    ledger: Ledger,
    advance: Callable[[int], object],
) -> None:
    places = asyncio.Semaphore(judge_model.config.at_once)
    async with _client(judge_model.config) as client:

        async def ask(run: int, prompt: EvalPrompt, answer: str) -> None:
            async with places:
                judge_score = await _scores_of(client, judge_model, prompt, answer)
            ledger.put(_name(run, prompt), [judge_score.scores, judge_score.asked])
            advance(1)

        try:
            async with asyncio.TaskGroup() as tasks:
                for run in range(judge_model.config.runs):
                    for prompt, answer in answers:
                        if _name(run, prompt) in ledger:
                            advance(1)
                        else:
                            tasks.create_task(ask(run, prompt, answer))
        except* openai.OpenAIError as group:
            failures = group
        else:
            return
    raise _first(failures)


async def _scores_of(
    client: openai.AsyncOpenAI, judge_model: JudgeModel, prompt: EvalPrompt, answer: str
) -> JudgeScores:
    for asked in range(1, MAX_ATTEMPTS + 1):
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": one.content}
            if one.role == "system"
            else {"role": "user", "content": one.content}
            for one in cpsycoune.question(prompt, answer, again=asked > 1)
        ]
        # Only fields that every server of this protocol takes.
        reply = await client.chat.completions.create(
            model=judge_model.model, messages=messages, temperature=judge_model.config.temperature
        )
        said = reply.choices[0].message.content if reply.choices else None
        scores = cpsycoune.scores(said or "")
        if scores is not None:
            return JudgeScores(scores, asked)
    return JudgeScores(None, MAX_ATTEMPTS)


def _client(config: JudgeConfig) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=config.url,
        api_key=config.api_key or "none",
        max_retries=_RETRIES,
        timeout=_TIMEOUT,
        http_client=httpx2.AsyncClient(trust_env=urlsplit(config.url).hostname not in LOOPBACK),
    )


def _name(run: int, prompt: EvalPrompt) -> str:
    return f"{run}/{prompt.id}"


def _read(value: tuple[list[int] | None, int]) -> JudgeScores:
    scores, asked = value
    return JudgeScores(None if scores is None else tuple(scores), asked)


def _first(group: BaseExceptionGroup[openai.OpenAIError]) -> openai.OpenAIError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _failure(error: openai.OpenAIError) -> EvaluateError:
    """Without the server's words: they may hold what it was asked."""
    status = f", status {error.status_code}" if isinstance(error, openai.APIStatusError) else ""
    return EvaluateError(
        f"The judge does not answer ({type(error).__name__}{status}). What it said so far is kept; "
        "run the same command again."
    )
