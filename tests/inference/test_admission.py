"""Who may generate now, who waits and who is sent away."""

from __future__ import annotations

import asyncio

import pytest

from inference.admission import Admission
from inference.engine import EngineOverloaded


async def hold(admission: Admission, log: list[int], name: int, release: asyncio.Event) -> None:
    async with admission.slot():
        log.append(name)
        await release.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_places_are_given_in_the_order_of_asking() -> None:
    admission, log = Admission(running=2, waiting=3), []
    release = [asyncio.Event() for _ in range(5)]
    tasks = [asyncio.create_task(hold(admission, log, n, release[n])) for n in range(5)]
    await settle()
    assert log == [0, 1]
    for n in (1, 0, 2, 3, 4):
        release[n].set()
        await settle()
    assert log == [0, 1, 2, 3, 4]
    await asyncio.gather(*tasks)


async def test_one_too_many_is_overloaded_at_once() -> None:
    admission, log = Admission(running=1, waiting=1), []
    release = asyncio.Event()
    tasks = [asyncio.create_task(hold(admission, log, n, release)) for n in range(2)]
    await settle()
    with pytest.raises(EngineOverloaded):
        await hold(admission, log, 2, release)
    release.set()
    await asyncio.gather(*tasks)
    await hold(admission, log, 3, release)
    assert log == [0, 1, 3]


async def test_one_that_gives_up_waiting_leaves_its_place() -> None:
    admission, log = Admission(running=1, waiting=1), []
    release = asyncio.Event()
    first, second = (asyncio.create_task(hold(admission, log, n, release)) for n in range(2))
    await settle()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    third = asyncio.create_task(hold(admission, log, 2, release))
    await settle()
    release.set()
    await asyncio.gather(first, third)
    assert log == [0, 2]
