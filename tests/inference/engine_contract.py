"""What every engine must do, as tests that run over each of them.

A test module subclasses `EngineContract` and gives it a fixture `subject`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

import pytest

from inference.engine import ContextTooLong, EngineUnavailable, Message, Sampling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inference.engine import Engine, ModelInfo

SECRET = "我昨晚又没睡着"
PROMPT = [Message("system", "你是树洞。"), Message("user", SECRET)]
ENDLESS = Sampling(max_tokens=30_000)


class Subject(Protocol):
    """An engine that has started, and a look behind it.

    With `ENDLESS` it answers for many seconds; four generations run at once and a fifth waits.
    """

    engine: Engine
    info: ModelInfo
    alphabet: set[str]
    """The characters its answers are made of."""

    async def running(self) -> int:
        """Generations that run on the server's side."""
        ...

    async def break_down(self) -> None:
        """Take the server away."""
        ...


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.01)


async def first_piece(subject: Subject, opened: asyncio.Event, release: asyncio.Event) -> None:
    async with aclosing(subject.engine.stream(PROMPT, ENDLESS)) as pieces:
        async for _ in pieces:
            opened.set()
            await release.wait()
            return


class EngineContract:
    async def test_streams_pieces_that_make_up_the_answer(self, subject: Subject) -> None:
        pieces = [p async for p in subject.engine.stream(PROMPT, Sampling(max_tokens=12))]
        assert len(pieces) > 1
        assert all(pieces)
        assert set("".join(pieces)) <= subject.alphabet

    async def test_stops_at_max_tokens(self, subject: Subject) -> None:
        pieces = [p async for p in subject.engine.stream(PROMPT, Sampling(max_tokens=3))]
        assert len("".join(pieces)) == 3

    async def test_closing_the_stream_stops_the_generation(self, subject: Subject) -> None:
        async with aclosing(subject.engine.stream(PROMPT, ENDLESS)) as pieces:
            await anext(pieces)
            assert await subject.running() == 1

        await eventually(lambda: _runs(subject, 0))

    async def test_cancelling_the_task_stops_the_generation(self, subject: Subject) -> None:
        opened = asyncio.Event()
        task = asyncio.create_task(first_piece(subject, opened, asyncio.Event()))
        await opened.wait()
        assert await subject.running() == 1

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: _runs(subject, 0))

    async def test_generations_run_side_by_side(self, subject: Subject) -> None:
        opened = [asyncio.Event() for _ in range(4)]
        release = asyncio.Event()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for event in opened:
                group.create_task(first_piece(subject, event, release))
            for event in opened:
                await event.wait()
            assert await subject.running() == 4
            release.set()

    async def test_one_more_than_fits_waits_for_its_turn(self, subject: Subject) -> None:
        opened = [asyncio.Event() for _ in range(5)]
        release = [asyncio.Event() for _ in range(5)]
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for pair in zip(opened, release, strict=True):
                group.create_task(first_piece(subject, *pair))
            for event in opened[:4]:
                await event.wait()
            assert not opened[4].is_set()
            release[0].set()
            await opened[4].wait()
            for event in release:
                event.set()

    async def test_a_prompt_that_does_not_fit_is_context_too_long(self, subject: Subject) -> None:
        prompt = [Message("user", SECRET * subject.info.context_window)]
        with pytest.raises(ContextTooLong) as caught:
            [p async for p in subject.engine.stream(prompt, Sampling())]
        assert SECRET not in repr(caught.value)

    async def test_an_answer_that_does_not_fit_is_context_too_long(self, subject: Subject) -> None:
        # Leaves some tokens of room; every subject spends at least one for a character.
        prompt = [Message("user", "好" * (subject.info.context_window - 60))]
        with pytest.raises(ContextTooLong):
            [p async for p in subject.engine.stream(prompt, Sampling(max_tokens=500))]

    async def test_a_server_that_goes_away_is_unavailable(self, subject: Subject) -> None:
        assert await subject.engine.ready()
        stream = subject.engine.stream(PROMPT, ENDLESS)
        await anext(stream)

        await subject.break_down()

        with pytest.raises(EngineUnavailable):
            [p async for p in stream]
        with pytest.raises(EngineUnavailable):
            [p async for p in subject.engine.stream(PROMPT, Sampling())]
        assert not await subject.engine.ready()

    async def test_closing_the_engine_stops_the_generations(self, subject: Subject) -> None:
        stream = subject.engine.stream(PROMPT, ENDLESS)
        await anext(stream)

        await subject.engine.aclose()

        with pytest.raises(EngineUnavailable):
            [p async for p in stream]
        await eventually(lambda: _runs(subject, 0))
        assert not await subject.engine.ready()

    async def test_no_log_line_holds_chat_text(
        self, subject: Subject, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        answer = [p async for p in subject.engine.stream(PROMPT, Sampling(max_tokens=12))]
        assert SECRET not in caplog.text
        assert "".join(answer) not in caplog.text


async def _runs(subject: Subject, number: int) -> bool:
    return await subject.running() == number
