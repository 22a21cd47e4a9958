from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import httpx
import pytest
import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.telegram.outbound.failures import Expired, Undeliverable, Unreachable
from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.outbox import Outbox
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.outbound.saying import ANNA, BELA, GROUP, soon, text
from tests.clock import settle


async def test_retry_after_is_obeyed_by_its_chat_only(outbox, bot, clock):
    bot.chat_faults[ANNA].append(RetryAfter(7))
    anna = [soon(outbox.send(ANNA, text(words))) for words in ("a", "b")]
    await settle()
    for _ in range(3):
        await outbox.send(BELA, text("x"))
        await clock.advance(1)
    await clock.advance(3.9)
    assert bot.texts(ANNA) == []
    await clock.advance(0.2)
    assert bot.texts(ANNA) == ["a"]
    await clock.advance(1)
    await asyncio.gather(*anna)
    assert bot.log(ANNA) == [(0.0, "send", "a"), (7.0, "send", "a"), (8.0, "send", "b")]
    assert outbox.floods == 1


async def test_a_preview_waits_as_long_as_telegram_wants(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.faults["edit"].append(RetryAfter(300))
    preview = soon(outbox.edit_latest(ANNA, message_id, lambda: text("1")))
    await clock.advance(302)
    await preview
    assert bot.texts(ANNA) == ["1"]


async def test_a_final_gives_up_where_telegram_wants_silence_beyond_its_limit(outbox, bot, clock):
    bot.chat_faults[ANNA].append(RetryAfter(3600))
    with pytest.raises(Expired):
        await outbox.send(ANNA, text("a"), priority=Priority.FINAL)
    with pytest.raises(Expired):
        await outbox.send(ANNA, text("b"), priority=Priority.FINAL)
    assert len(bot.calls) == 1
    assert await outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS) == 1
    bot.chat_faults[ANNA].append(RetryAfter(3600))
    with pytest.raises(Expired):
        await outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS)


async def test_a_final_outlasts_an_outage(outbox, bot, clock):
    bot.faults["send"].extend(NetworkError("Bad Gateway") for _ in range(12))
    send = soon(outbox.send(ANNA, text("a"), priority=Priority.FINAL))
    await clock.advance(400)
    assert await send == 1
    waits = [later[0] - earlier[0] for earlier, later in pairwise(bot.log())]
    assert waits[0] <= 1.0  # never faster than the queue
    assert waits[-1] > 15.0
    assert max(waits) <= 30.0


async def test_a_final_that_never_gets_through_expires_after_its_limit(outbox, bot, clock):
    bot.faults["send"].extend(TimedOut() for _ in range(100))
    send = soon(outbox.send(ANNA, text("a"), priority=Priority.FINAL))
    await clock.advance(560)
    assert not send.done()
    await clock.advance(40)
    with pytest.raises(Expired):
        await send


async def test_back_off_is_jittered(bot, clock):
    retries = set()
    for seed in range(5):
        outbox = Outbox(
            bot, clock=clock, sleep=clock.sleep, random=Random(seed), calls_per_second=30
        )
        bot.calls.clear()
        bot.faults["send"].extend(NetworkError("x") for _ in range(4))
        send = soon(outbox.send(ANNA, text("a")))
        await clock.advance(60)
        await send
        retries.add(bot.log()[-1][0])
        await outbox.aclose(0)
    assert len(retries) == 5


async def test_a_preview_is_given_up_after_three_tries(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.faults["edit"].extend(TimedOut() for _ in range(9))
    edit = soon(outbox.edit_latest(ANNA, message_id, lambda: text("1")))
    await clock.advance(30)
    with pytest.raises(Expired):
        await edit
    assert len(bot.calls) == 4


async def test_a_newer_preview_does_not_jump_over_the_back_off(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    await clock.advance(1)
    bot.faults["edit"].extend(TimedOut() for _ in range(20))
    edits = [soon(outbox.edit(ANNA, message_id, text("0!")))]
    await settle()
    for number in range(80):
        edits.append(soon(outbox.edit(ANNA, message_id, text(str(number)))))
        await clock.advance(0.1)
    assert 3 <= sum(method == "edit" for _, method, _ in bot.log()) <= 5
    bot.faults.clear()
    await clock.advance(30)
    await asyncio.gather(*edits)
    assert bot.texts(ANNA) == ["79"]


async def test_another_message_goes_out_while_one_backs_off(outbox, bot, clock):
    bot.faults["send"].extend([TimedOut()] * 5)
    slow = soon(outbox.send(ANNA, text("slow")))
    await clock.advance(8)
    tried = len(bot.calls)
    bot.faults["send"].clear()
    crisis = soon(outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS))
    await settle()
    assert [call.text for call in bot.calls[tried:]] == ["crisis"]
    await clock.advance(30)
    await asyncio.gather(slow, crisis)
    assert bot.texts(ANNA) == ["crisis", "slow"]


@pytest.mark.parametrize(
    ("fault", "uncertain"),
    [
        (TimedOut(), 1),
        (NetworkError("Bad Gateway"), 1),
        (TelegramError("Invalid server response"), 1),
        (httpx.ConnectError("no route"), 0),
        (httpx.PoolTimeout("busy"), 0),
    ],
)
async def test_sends_that_may_have_had_their_effect_are_counted(
    outbox, bot, clock, fault, uncertain
):
    if isinstance(fault, httpx.HTTPError):
        error = NetworkError("httpx")
        error.__cause__ = fault
        fault = error
    bot.faults["send"].append(fault)
    send = soon(outbox.send(ANNA, text("a")))
    await clock.advance(5)
    await send
    assert outbox.uncertain_sends == uncertain


async def test_an_edit_leaves_nothing_uncertain(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.faults["edit"].append(TimedOut())
    edit = soon(outbox.edit(ANNA, message_id, text("1")))
    await clock.advance(5)
    await edit
    assert outbox.uncertain_sends == 0


async def test_a_blocked_bot_shuts_the_chat_until_the_person_is_back(outbox, bot, clock):
    bot.chat_faults[ANNA].append(Forbidden("Forbidden: bot was blocked by the user"))
    sends = [soon(outbox.send(ANNA, text(words))) for words in "ab"]
    await settle()
    for send in sends:
        with pytest.raises(Unreachable):
            await send
    with pytest.raises(Unreachable):
        await outbox.edit(ANNA, 1, text("c"), final=True)
    with pytest.raises(Unreachable):
        outbox.show_typing(ANNA)
    assert len(bot.calls) == 1
    outbox.mark_reachable(ANNA)
    back = soon(outbox.send(ANNA, text("back")))
    await clock.advance(1)
    await back
    assert bot.texts(ANNA) == ["back"]


@pytest.mark.parametrize("kind", [Forbidden, BadRequest, Conflict, InvalidToken])
async def test_a_refusal_by_a_proxy_on_the_way_is_an_outage(outbox, bot, clock, kind):
    refused = kind("403. Parsing the server response failed")
    refused.__cause__ = TelegramError("the answer is not Telegram's")
    bot.chat_faults[ANNA].extend([refused] * 3)
    sends = [soon(outbox.send(ANNA, text(words), priority=Priority.FINAL)) for words in "ab"]
    await clock.advance(30)
    await asyncio.gather(*sends)
    assert sorted(bot.texts(ANNA)) == ["a", "b"]
    assert outbox.uncertain_sends == 0


async def test_a_token_that_telegram_forgets_for_a_while_loses_nothing(outbox, bot, clock):
    bot.chat_faults[ANNA].extend([InvalidToken("Not Found"), InvalidToken("Unauthorized")])
    send = soon(outbox.send(ANNA, text("a")))
    with structlog.testing.capture_logs() as logs:
        await clock.advance(10)
    assert await send == 1
    assert [entry["event"] for entry in logs].count("token_refused") == 2


async def test_an_edit_that_changes_nothing_is_a_success(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("same"))
    edit = soon(outbox.edit(ANNA, message_id, text("same")))
    await clock.advance(1)
    assert await edit == message_id


async def test_a_final_for_a_deleted_message_is_sent_as_a_new_one(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.shown.clear()
    edit = soon(outbox.edit(ANNA, message_id, text("final"), "buttons", final=True))
    await clock.advance(3)
    assert await edit == 2
    assert bot.shown[ANNA, 2] == ("final", "buttons")


async def test_a_preview_of_a_deleted_message_is_an_error(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.shown.clear()
    edit = soon(outbox.edit_latest(ANNA, message_id, lambda: text("1")))
    await clock.advance(3)
    with pytest.raises(Undeliverable, match="Message to edit not found"):
        await edit
    assert bot.texts(ANNA) == []


async def test_refused_entities_are_left_away(outbox, bot, clock):
    (rendered,) = render("**重要**")
    bot.faults["send"].append(BadRequest("Can't parse entities: unexpected end"))
    send = soon(outbox.send(ANNA, rendered))
    await clock.advance(2)
    await send
    assert [bool(call.details["entities"]) for call in bot.calls] == [True, False]


async def test_any_other_refusal_is_the_callers(outbox, bot):
    bot.faults["send"].append(BadRequest("Chat not found"))
    with pytest.raises(Undeliverable, match="Chat not found"):
        await outbox.send(ANNA, text("a"))


async def test_a_page_in_telegrams_place_is_an_outage_and_never_quoted(outbox, bot, clock):
    error = BadRequest("Bad Request (400). Parsing the server response b'secret' failed")
    error.__cause__ = ValueError()
    bot.faults["send"].append(error)
    with structlog.testing.capture_logs() as logs:
        sending = soon(outbox.send(ANNA, text("secret")))
        await settle()
        await clock.advance(10)
        await sending
    assert bot.texts(ANNA) == ["secret"]
    assert "secret" not in str(logs)


async def test_a_reply_goes_out_even_if_the_message_it_answers_was_deleted(outbox, bot):
    await outbox.send(GROUP, text("a"), reply_to=5)
    reply = bot.calls[0].details["reply"]
    assert (reply.message_id, reply.allow_sending_without_reply) == (5, True)


async def test_a_pressed_button_is_answered_at_once_and_takes_no_slot(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    assert await outbox.answer_callback("77", "好的", alert=True)
    assert bot.answered == [("77", "好的", True)]
    bot.faults["callback"].append(BadRequest("Query is too old"))
    assert not await outbox.answer_callback("78")
    assert clock.now == 1000.0


async def test_files_and_buttons(outbox, bot, clock):
    document = await outbox.send_document(ANNA, b"{}", "export.json", text("给你"))
    assert bot.calls[0].details == {"caption": "给你", "document": b"{}"}
    take = soon(outbox.edit_keyboard(ANNA, document, None))
    bare = soon(outbox.send_document(ANNA, b"{}", "more.json"))
    await clock.advance(3)
    await asyncio.gather(take, bare)
    assert bot.texts(ANNA) == ["export.json", "more.json"]


async def test_a_group_is_followed_to_the_supergroup_it_became(outbox, bot, clock):
    supergroup = -1001
    bot.chat_faults[GROUP].append(ChatMigrated(supergroup))
    said = [soon(outbox.send(GROUP, text(words))) for words in ("a", "b")]
    await clock.advance(5)
    await asyncio.gather(*said)
    assert bot.texts(supergroup) == ["a", "b"]
    await clock.advance(5)
    await outbox.send(GROUP, text("c"), priority=Priority.CRISIS)
    await outbox.send(supergroup, text("d"), priority=Priority.CRISIS)
    assert bot.texts(supergroup) == ["a", "b", "c", "d"]
    assert [call.chat_id for call in bot.calls].count(GROUP) == 1


async def test_the_end_of_a_message_of_a_group_is_said_in_its_supergroup(outbox, bot, clock):
    message_id = await outbox.send(GROUP, text("half"))
    bot.chat_faults[GROUP].append(ChatMigrated(-1001))
    end = soon(outbox.edit(GROUP, message_id, text("whole"), final=True))
    await clock.advance(10)
    await end
    assert bot.texts(-1001) == ["whole"]


async def test_a_chat_that_migrates_without_end_is_given_up(outbox, bot, clock):
    bot.chat_faults[GROUP].append(ChatMigrated(-1001))
    bot.chat_faults[-1001].append(ChatMigrated(GROUP))
    said = soon(outbox.send(GROUP, text("a")))
    await clock.advance(5)
    with pytest.raises(Undeliverable):
        await said
