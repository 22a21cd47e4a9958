from __future__ import annotations

import pytest

from tests.bot.telegram.features.handoff.conversations import ONCALL_CHAT
from tests.bot.telegram.room import rest


@pytest.fixture
async def desk(open_room):
    """A bot whose operators have a chat for alerts, which was tried at start."""
    room = open_room(admin_chat=ONCALL_CHAT)
    await rest()
    return room
