"""Putting another engine behind one that is answering."""

import asyncio

import pytest

from inference.changeable import ChangeableEngine
from inference.engine import (
    EngineRejected,
    EngineUnavailable,
    Message,
    ModelInfo,
    Sampling,
    ignore_wait,
)

PROMPT = [Message("user", "在吗")]


class Speaking:
    """Says its name twice; what follows the first time waits until it may go on."""

    def __init__(self, name, *, starts=True):
        self.name, self.starts = name, starts
        self.may_go_on = asyncio.Event()
        self.is_open = False
        self.sampling = Sampling(max_tokens=len(name))

    async def start(self):
        if not self.starts:
            raise EngineRejected("no such file")
        self.is_open = True
        return ModelInfo(self.name, 512)

    async def stream(self, messages, sampling, *, affinity="", on_wait=ignore_wait):
        yield self.name
        await self.may_go_on.wait()
        if not self.is_open:
            raise EngineUnavailable("closed")
        yield self.name

    async def ready(self):
        return self.is_open

    async def aclose(self):
        self.is_open = False
        self.may_go_on.set()


async def answer(engine):
    return [piece async for piece in engine.stream(PROMPT, Sampling())]


async def settled():
    """Let the engine that was replaced be closed."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_ends_on_the_old_engine_and_the_next_is_the_new_ones():
    old, new = Speaking("old"), Speaking("new")
    engine = ChangeableEngine(old)
    await engine.start()
    running = engine.stream(PROMPT, Sampling())
    said = [await anext(running)]

    assert (await engine.change_to(new)).name == engine.serving().name == "new"
    assert engine.sampling == new.sampling
    new.may_go_on.set()
    assert await answer(engine) == ["new", "new"]
    assert old.is_open

    old.may_go_on.set()
    said += [piece async for piece in running]
    assert said == ["old", "old"]
    await settled()
    assert not old.is_open
    assert await engine.ready()
    await engine.aclose()
    assert not new.is_open


async def test_an_engine_without_answers_is_closed_at_once():
    old, new = Speaking("old"), Speaking("new")
    engine = ChangeableEngine(old)
    await engine.start()
    await engine.change_to(new)
    await settled()
    assert (old.is_open, new.is_open) == (False, True)


async def test_an_answer_that_is_broken_off_holds_no_engine_open():
    old, new = Speaking("old"), Speaking("new")
    engine = ChangeableEngine(old)
    await engine.start()
    running = engine.stream(PROMPT, Sampling())
    await anext(running)
    await engine.change_to(new)
    await running.aclose()
    await settled()
    assert not old.is_open


async def test_one_that_does_not_start_changes_nothing():
    old, broken = Speaking("old"), Speaking("new", starts=False)
    engine = ChangeableEngine(old)
    await engine.start()
    with pytest.raises(EngineRejected):
        await engine.change_to(broken)
    old.may_go_on.set()
    assert await answer(engine) == ["old", "old"]
    assert engine.serving().name == "old"


async def test_closing_closes_the_engine_that_is_still_answering_as_well():
    old, new = Speaking("old"), Speaking("new")
    engine = ChangeableEngine(old)
    await engine.start()
    running = engine.stream(PROMPT, Sampling())
    await anext(running)
    await engine.change_to(new)
    await engine.aclose()
    assert (old.is_open, new.is_open) == (False, False)
    with pytest.raises(EngineUnavailable):
        await anext(running)
    late = Speaking("late")
    with pytest.raises(EngineUnavailable):
        await engine.change_to(late)
    assert not late.is_open


async def test_nothing_is_served_before_it_has_started():
    with pytest.raises(EngineUnavailable):
        ChangeableEngine(Speaking("old")).serving()
