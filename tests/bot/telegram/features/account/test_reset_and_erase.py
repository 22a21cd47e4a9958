"""/reset and /erase: who may answer the question, and what is left afterwards."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.talks import talked, toasts
from tests.bot.telegram.updates import ADMIN, GROUP, OTHER, PERSON, message, press


@pytest.mark.parametrize("target", ["everybody", "", "-5x", str(10**30)])
async def test_an_admin_with_a_forged_target_resets_nobody(room, target):
    await talked(room)
    [update_id] = await room.arrive(
        press(f"admin_reset:yes:{ADMIN}:{target}", person=ADMIN, chat=ADMIN, at=room.now())
    )
    await room.passes(5)
    assert toasts(room) == [TEXTS.button_expired]
    assert await room.update(update_id) == ("done", None)
    assert await room.storage.turns.last_for_chat(PERSON) is not None


@pytest.mark.parametrize("action", ["reset", "erase"])
async def test_only_who_was_asked_can_say_yes_in_a_group(room, action):
    await talked(room, chat=GROUP)
    await room.arrive(message(f"/{action}@shudong_bot", chat=GROUP))
    await room.passes(5)
    yes, _ = room.buttons(GROUP)
    shown = room.bot.texts(GROUP)
    newest = max(number for chat, number in room.bot.shown if chat == GROUP)

    await room.arrive(press(yes, person=OTHER, chat=GROUP, message_id=newest))
    await room.passes(5)
    assert toasts(room) == [TEXTS.button_expired]
    assert room.bot.texts(GROUP) == shown
    assert await room.turns() == [("answered", None)]
    assert await room.storage.turns.last_for_chat(GROUP) is not None

    await room.arrive(press(yes, person=PERSON, chat=GROUP, message_id=newest))
    await room.passes(5)
    done = TEXTS.reset_done if action == "reset" else TEXTS.erase_done
    assert room.bot.texts(GROUP)[-1] == done
    if action == "reset":
        assert await room.storage.turns.last_for_chat(GROUP) is None
    else:
        assert await room.turns() == []


@pytest.mark.parametrize("action", ["reset", "erase"])
async def test_no_keeps_everything(room, action):
    await talked(room)
    await room.arrive(message(f"/{action}"))
    await room.passes(5)
    *_, no = room.buttons()
    newest = max(number for _, number in room.bot.shown)
    await room.arrive(press(no, message_id=newest))
    await room.passes(5)
    kept = TEXTS.reset_kept if action == "reset" else TEXTS.erase_kept
    assert room.bot.texts(PERSON)[-1] == kept
    assert await room.turns() == [("answered", None)]
    assert await room.storage.turns.last_for_chat(PERSON) is not None


@pytest.mark.parametrize(
    ("age", "outcome"), [(timedelta(minutes=9), "done"), (timedelta(minutes=11), "refused")]
)
async def test_the_question_to_an_admin_expires_after_ten_minutes(room, age, outcome):
    await talked(room)
    await room.arrive(message(f"/reset {PERSON}", person=ADMIN))
    await room.passes(5)
    yes, _ = room.buttons(ADMIN)
    newest = max(number for chat, number in room.bot.shown if chat == ADMIN)
    await room.arrive(press(yes, person=ADMIN, chat=ADMIN, message_id=newest, at=room.now() - age))
    await room.passes(5)
    [entry] = await room.storage.audit.list_recent(10)
    assert (entry.admin_id, entry.target, entry.outcome) == (ADMIN, str(PERSON), outcome)
    still_open = await room.storage.turns.last_for_chat(PERSON) is not None
    assert still_open == (outcome == "refused")
    assert toasts(room) == [TEXTS.admin_expired if outcome == "refused" else None]


async def test_an_admin_button_in_other_hands_does_nothing(room):
    await talked(room)
    await room.arrive(press(f"admin_reset:yes:{ADMIN}:{PERSON}", person=OTHER, at=room.now()))
    await room.arrive(press(f"admin_reset:yes:{OTHER}:{PERSON}", person=OTHER, at=room.now()))
    await room.passes(5)
    assert toasts(room) == [TEXTS.admin_expired] * 2
    assert await room.storage.turns.last_for_chat(PERSON) is not None


async def test_an_erase_in_mid_answer_leaves_nothing_of_it(room, engine):
    more = asyncio.Event()
    engine.will("我在听，", more, "你说。")
    await room.arrive(message("我的秘密"))
    await room.passes(2)
    await room.arrive(message("/erase"))
    await room.passes(5)
    yes, _ = room.buttons()
    newest = max(number for _, number in room.bot.shown)
    await room.arrive(press(yes, message_id=newest))
    await room.passes(10)
    assert await room.turns() == []
    await room.arrive(message("你好"))
    await room.passes(5)
    assert "我的秘密" not in str(engine.prompts[-1])
    assert await room.turns() == [("answered", None)]


async def test_the_audit_keeps_nothing_that_a_stranger_wrote(room):
    await room.arrive(message("/reset 13800138000"), message("/reset 我吃了药"))
    await room.arrive(press(f"admin_reset:yes:{ADMIN}:13800138000"))
    await room.arrive(press("desk:take:13800138000"))
    await room.passes(20)
    entries = await room.storage.audit.list_recent(10)
    assert {(entry.target, entry.outcome) for entry in entries} == {("other", "refused")}
    assert len(entries) == 4


@pytest.mark.parametrize("target", [PERSON, 4_242_424])
async def test_a_group_does_not_read_whether_somebody_uses_the_bot(room, target):
    await talked(room)
    await room.arrive(message(f"/reset {target}", person=ADMIN, chat=GROUP))
    await room.passes(5)
    assert room.bot.texts(GROUP) == [TEXTS.private_here]
