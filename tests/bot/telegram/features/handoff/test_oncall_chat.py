"""Whether alerts will arrive is found out at start, not when a person is in danger."""

from __future__ import annotations

import pytest
import structlog
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError

from tests.bot.telegram.room import rest

DUTY = -900


@pytest.mark.parametrize("refusal", [BadRequest("Chat not found"), Forbidden("bot was kicked")])
async def test_a_oncall_chat_that_cannot_be_written_to_is_told_at_start(open_room, refusal):
    before = open_room()
    before.bot.chat_faults[DUTY].append(refusal)
    with structlog.testing.capture_logs() as logs:
        room = open_room(admin_chat=DUTY)
        await rest()
    assert "oncall_chat_unreachable" in [entry["event"] for entry in logs]
    assert not await room.oncall_alerts.is_oncall_chat_reachable()


async def test_a_oncall_chat_that_became_a_supergroup_is_named_and_followed(open_room):
    before = open_room()
    before.bot.chat_faults[DUTY].append(ChatMigrated(-1007))
    with structlog.testing.capture_logs() as logs:
        room = open_room(admin_chat=DUTY)
        await rest()
    assert "-1007" in str(logs)
    assert await room.oncall_alerts.is_oncall_chat_reachable()


async def test_one_failed_call_says_nothing_about_the_oncall_chat(open_room):
    before = open_room()
    before.bot.chat_faults[DUTY].append(NetworkError("Bad Gateway"))
    room = open_room(admin_chat=DUTY)
    await room.passes(2)
    assert [call.method for call in room.bot.calls if call.chat_id == DUTY] == ["typing", "typing"]
    assert await room.oncall_alerts.is_oncall_chat_reachable()
