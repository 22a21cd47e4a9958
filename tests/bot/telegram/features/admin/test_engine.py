"""Nodes of the engine are shown and drained; a drain holds in every replica, and never of all."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.locales import Language
from bot.locales.operators import operator_texts_for
from bot.storage import Role
from bot.telegram.access import AccessControl, AccessOptions
from bot.telegram.features.admin.engine import EngineDesk
from bot.telegram.requests import CommandRequest
from inference.engine import EngineUnavailable
from tests.bot.telegram.updates import ADMIN

OPERATOR = operator_texts_for(Language.ZH_CN)
VIEWER = 202


class Node:
    def __init__(self, address, model="shudong-7b"):
        self.address, self._model = address, model
        self.running, self.takes_work, self.is_drained = 0, True, False

    async def check(self):
        if self._model is None:
            raise EngineUnavailable("away")
        return self._model


class Process:
    """One replica's engine desk over the storage that replicas share."""

    def __init__(self, room, *, is_ready=True):
        self._room = room
        self.nodes = [Node("http://a:1/v1"), Node("http://b:1/v1", None)]
        context = room.router._context  # noqa: SLF001 - what the parts share
        self.access = AccessControl(
            room.storage.access,
            AccessOptions(viewers=frozenset({VIEWER})),
            admins=frozenset({ADMIN}),
            clock=room.clock,
        )

        async def ready():
            return is_ready

        self.desk = EngineDesk(
            replace(context, access=self.access), nodes=self.nodes, is_ready=ready
        )

    async def asks(self, argument="", person=ADMIN):
        [act] = self.desk.acts
        asked = act.run(CommandRequest(person, person, argument, Language.ZH_CN))
        done = asyncio.ensure_future(asked)
        await self._room.passes(3)
        return done.result()


@pytest.fixture
def process(room):
    return Process(room)


async def test_each_node_is_shown_with_what_it_serves(room, process):
    assert (await process.asks(person=VIEWER)).outcome == "shown"
    [said] = room.bot.texts(VIEWER)
    up = {"number": 1, "address": "http://a:1/v1", "model": "shudong-7b", "running": 0}
    assert OPERATOR.engine_line(**up, state=OPERATOR.engine_up) in said
    assert OPERATOR.engine_down in said


async def test_a_drain_holds_in_the_other_replica_until_it_is_taken_back(room, process):
    other = Process(room)
    assert (await process.asks("drain 2")).outcome == "drain"
    await other.access.refresh()
    assert [node.is_drained for node in other.nodes] == [False, True]
    assert (await process.asks("drain 1")).outcome == "the last one"
    await other.asks("undrain 2")
    await process.access.refresh()
    assert [node.is_drained for node in process.nodes] == [False, False]


@pytest.mark.parametrize("argument", ["drain", "drain 0", "drain 3", "drain x", "stop 1"])
async def test_what_is_no_node_is_explained(process, argument):
    assert (await process.asks(argument)).outcome == "usage"


async def test_a_viewer_drains_nothing(process):
    assert process.access.role_of(VIEWER) is Role.VIEWER
    assert (await process.asks("drain 2", VIEWER)).outcome == "usage"
    assert not process.nodes[1].is_drained
