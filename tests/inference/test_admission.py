"""Who may generate now, who waits and who is sent away."""

from __future__ import annotations

import asyncio

import pytest

from inference.admission import Admission
from inference.engine import EngineOverloaded


async def hold(
    admission: Admission,
    log: list[int],
    name: int,
    release: asyncio.Event,
    conversation: str = "",
) -> None:
    async with admission.slot(conversation=conversation):
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


async def test_who_waits_is_told_the_place_whenever_it_changes() -> None:
    admission = Admission(running=1, waiting=5)
    places: dict[int, list[int]] = {name: [] for name in range(4)}
    release = [asyncio.Event() for _ in range(4)]

    async def wait(name: int) -> None:
        async with admission.slot(places[name].append):
            await release[name].wait()

    tasks = [asyncio.create_task(wait(name)) for name in range(4)]
    await settle()
    assert places == {0: [], 1: [1], 2: [2], 3: [3]}
    tasks[2].cancel()
    await settle()
    assert places[3] == [3, 2]
    release[0].set()
    await settle()
    assert places == {0: [], 1: [1], 2: [2], 3: [3, 2, 1]}
    for event in release:
        event.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_place_that_comes_in_the_moment_of_giving_up_goes_to_the_next() -> None:
    admission, log = Admission(running=1, waiting=5), []
    release = asyncio.Event()
    first, second, third = (
        asyncio.create_task(hold(admission, log, name, release)) for name in range(3)
    )
    await settle()
    release.set()
    first_done = asyncio.ensure_future(first)
    await first_done
    second.cancel()  # admitted by the end of the first, but has not run since
    await asyncio.gather(second, third, return_exceptions=True)
    await hold(admission, log, 3, release)
    assert log[0] == 0
    assert log[-2:] == [2, 3]


async def test_conversations_take_turns_however_much_one_of_them_asks_for() -> None:
    admission, log = Admission(running=1, waiting=10), []
    asked = ["greedy"] * 4 + ["quiet", "greedy", "late", "quiet"]
    release = [asyncio.Event() for _ in asked]
    tasks = [
        asyncio.create_task(hold(admission, log, n, release[n], conversation))
        for n, conversation in enumerate(asked)
    ]
    await settle()
    for _ in asked:
        release[log[-1]].set()
        await settle()
    assert [asked[n] for n in log] == [
        "greedy", "greedy", "quiet", "late", "greedy", "quiet", "greedy", "greedy",
    ]  # fmt: skip
    assert log == [0, 1, 4, 6, 2, 7, 3, 5]
    await asyncio.gather(*tasks)


async def test_who_is_overtaken_by_another_conversation_is_told() -> None:
    admission = Admission(running=1, waiting=5)
    places: dict[str, list[int]] = {name: [] for name in ("first", "a1", "a2", "b1")}

    async def wait(name: str) -> None:
        async with admission.slot(places[name].append, conversation=name[0]):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(wait(name)) for name in places]
    await settle()
    assert places == {"first": [], "a1": [1], "a2": [2, 3], "b1": [2]}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_that_gives_up_leaves_its_conversation_in_line() -> None:
    admission, log = Admission(running=1, waiting=5), []
    release = asyncio.Event()
    tasks = [
        asyncio.create_task(hold(admission, log, n, release, conversation))
        for n, conversation in enumerate(["a", "b", "b", "c"])
    ]
    await settle()
    tasks[1].cancel()
    await settle()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert log == [0, 2, 3]
