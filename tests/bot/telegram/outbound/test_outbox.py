from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import httpx
import pytest
import structlog
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.telegram.outbound.delivery import Closed, Expired, Undeliverable, Unreachable
from bot.telegram.outbound.lanes import Priority
from bot.telegram.outbound.outbox import Outbox
from bot.telegram.outbound.rendering import Rendered, render
from tests.clock import settle

ANNA, BELA, GROUP = 11, 12, -100


def text(words: str) -> Rendered:
    return Rendered(words)


def soon(coroutine):
    return asyncio.ensure_future(coroutine)


async def test_first_operation_goes_out_at_once(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("你好"))
    assert bot.texts(ANNA) == ["你好"]
    assert message_id == 1
    assert clock.now == 1000.0


async def test_one_operation_a_second_in_a_private_chat(outbox, bot, clock):
    sends = [soon(outbox.send(ANNA, text(str(number)))) for number in range(4)]
    await clock.advance(10)
    await asyncio.gather(*sends)
    assert bot.log() == [(float(number), "send", str(number)) for number in range(4)]


async def test_the_gap_counts_from_the_end_of_a_slow_call(outbox, bot, clock):
    bot.gate = asyncio.Event()
    first = soon(outbox.send(ANNA, text("1")))
    second = soon(outbox.send(ANNA, text("2")))
    await clock.advance(0.7)
    bot.gate.set()
    await first
    await clock.advance(0.9)
    assert len(bot.calls) == 1
    await clock.advance(0.2)
    await second
    assert bot.log()[1] == (1.7, "send", "2")


async def test_chats_do_not_wait_for_each_other(outbox, bot, clock):
    sends = [soon(outbox.send(chat, text("hi"))) for chat in range(1, 21)]
    await settle()
    assert len(bot.calls) == 20
    await asyncio.gather(*sends)


async def test_thirty_a_second_for_the_whole_bot(outbox, bot, clock):
    sends = [soon(outbox.send(chat, text("hi"))) for chat in range(1, 101)]
    await clock.advance(5)
    await asyncio.gather(*sends)
    starts = [at for at, _, _ in bot.log()]
    assert len(starts) == 100
    assert max(sum(s <= other < s + 1 for other in starts) for s in starts) == 30
    assert starts[-1] == 3.0


async def test_a_slot_of_the_whole_bot_is_not_free_before_its_call_has_ended(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    bot.gate = asyncio.Event()
    sends = [soon(outbox.send(chat, text("hi"))) for chat in (ANNA, BELA)]
    await clock.advance(3)
    assert len(bot.calls) == 1
    bot.gate.set()
    await settle()
    assert len(bot.calls) == 1
    await clock.advance(1)
    assert len(bot.calls) == 2
    await asyncio.gather(*sends)
    await outbox.aclose(0)


async def test_crisis_and_final_text_pass_the_previews_of_other_chats(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    waiting = [soon(outbox.send(1, text("first")))]
    await settle()
    waiting += [soon(outbox.send(chat, text("send"))) for chat in range(2, 5)]
    waiting.append(soon(outbox.send(5, text("final"), priority=Priority.FINAL)))
    waiting.append(soon(outbox.send(6, text("crisis"), priority=Priority.CRISIS)))
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert [words for _, _, words in bot.log()] == ["first", "crisis", "final"] + ["send"] * 3


async def test_a_lane_in_line_moves_forward_when_final_text_joins_it(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    waiting = [soon(outbox.send(chat, text(str(chat)))) for chat in (1, 2, 3)]
    await settle()
    waiting.append(soon(outbox.send(3, text("final"), priority=Priority.FINAL)))
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert [words for _, _, words in bot.log()] == ["1", "final", "2", "3"]


async def test_a_crisis_card_waits_for_no_slot_of_its_chat_or_of_the_bot(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=2)
    await outbox.send(1, text("just now"))
    waiting = [soon(outbox.send(chat, text(str(chat)))) for chat in (1, 2, 3)]
    await settle()
    waiting.append(soon(outbox.send(1, text("crisis"), priority=Priority.CRISIS)))
    waiting.append(soon(outbox.send(3, text("crisis"), priority=Priority.CRISIS)))
    await settle()
    assert [at for at, _, words in bot.log() if words == "crisis"] == [0.0, 0.0]
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert len(bot.calls) == 6


async def test_a_flood_wait_of_the_chat_holds_a_crisis_card_only_when_it_is_its_own(
    outbox, bot, clock
):
    bot.faults["send"].extend([RetryAfter(7), None, RetryAfter(3)])
    waiting = [soon(outbox.send(ANNA, text("held")))]
    await settle()
    waiting.append(soon(outbox.send(ANNA, text("one"), priority=Priority.CRISIS)))
    await settle()
    waiting.append(soon(outbox.send(ANNA, text("two"), priority=Priority.CRISIS)))
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert bot.log() == [
        (0.0, "send", "held"),
        (0.0, "send", "one"),
        (0.0, "send", "two"),
        (3.0, "send", "two"),
        (7.0, "send", "held"),
    ]


async def test_priorities_within_one_chat(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    waiting = [
        soon(outbox.edit(ANNA, 1, text("edit"))),
        soon(outbox.send(ANNA, text("send"))),
        soon(outbox.send(ANNA, text("final"), priority=Priority.FINAL)),
        soon(outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS)),
    ]
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert [words for _, _, words in bot.log()] == ["0", "crisis", "final", "send", "edit"]


async def test_a_crisis_card_does_not_wait_for_a_call_that_hangs(outbox, bot, clock):
    bot.gate = asyncio.Event()
    hanging = soon(outbox.send(ANNA, text("hangs")))
    await settle()
    crisis = soon(outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS))
    await clock.advance(2)
    assert bot.log() == [(0.0, "send", "hangs"), (0.0, "send", "crisis")]
    bot.gate.set()
    await asyncio.gather(hanging, crisis)
    after = soon(outbox.send(ANNA, text("after")))
    await clock.advance(1)
    assert await after == 3


async def test_a_group_gets_twenty_a_minute_and_the_end_never_waits_for_the_window(
    outbox, bot, clock
):
    message_id = await outbox.send(GROUP, text("0"))

    async def stream():
        for number in range(1, 100):
            await outbox.edit(GROUP, message_id, text(str(number)))

    streaming = soon(stream())
    await clock.advance(110)
    finals = [soon(outbox.send(GROUP, text("end"), priority=Priority.FINAL)) for _ in range(3)]
    await clock.advance(4)
    assert bot.texts(GROUP).count("end") == 3
    await clock.advance(200)
    streaming.cancel()
    starts = [at for at, _, _ in bot.log()]
    assert max(sum(s <= other < s + 60 for other in starts) for s in starts) <= 20
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= 1
    await asyncio.gather(*finals)


async def test_twenty_finals_fill_a_groups_minute(outbox, bot, clock):
    sends = [soon(outbox.send(GROUP, text("x"), priority=Priority.FINAL)) for _ in range(25)]
    await clock.advance(59)
    assert len(bot.calls) == 20
    await clock.advance(10)
    assert len(bot.calls) == 25
    await asyncio.gather(*sends)


async def test_a_newer_edit_replaces_the_waiting_one(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    edits = [soon(outbox.edit(ANNA, message_id, text(str(number)))) for number in range(1, 6)]
    await clock.advance(5)
    assert await asyncio.gather(*edits) == [message_id] * 5
    assert [words for _, _, words in bot.log()] == ["0", "5"]


async def test_edits_of_different_messages_do_not_replace_each_other(outbox, bot, clock):
    first = await outbox.send(ANNA, text("a"))
    second = soon(outbox.send(ANNA, text("b")))
    await clock.advance(1)
    edits = [
        soon(outbox.edit(ANNA, first, text("A"))),
        soon(outbox.edit(ANNA, await second, text("B"))),
    ]
    await clock.advance(5)
    await asyncio.gather(*edits)
    assert bot.texts(ANNA) == ["A", "B"]


async def test_no_preview_comes_after_the_final_text(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.gate = asyncio.Event()
    await clock.advance(1)
    final = soon(outbox.edit(ANNA, message_id, text("final"), final=True))
    await settle()
    await outbox.edit_latest(ANNA, message_id, lambda: text("preview"))  # the final is on its way
    bot.gate.set()
    await clock.advance(5)
    await final
    assert [words for _, _, words in bot.log()] == ["0", "final"]


async def test_the_final_text_takes_the_place_of_a_waiting_preview(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    preview = soon(outbox.edit_latest(ANNA, message_id, lambda: text("preview")))
    await settle()
    final = soon(outbox.edit(ANNA, message_id, text("final"), final=True))
    await clock.advance(5)
    await asyncio.gather(preview, final)
    assert [words for _, _, words in bot.log()] == ["0", "final"]


async def test_latest_content_is_asked_for_when_the_slot_has_come(outbox, bot, clock):
    newest = "early"
    message_id = await outbox.send(ANNA, text("0"))
    edit = soon(outbox.edit_latest(ANNA, message_id, lambda: text(newest)))
    await clock.advance(0.5)
    newest = "late"
    await clock.advance(0.5)
    await edit
    assert bot.texts(ANNA) == ["late"]


async def test_nothing_to_show_takes_no_slot(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    assert await outbox.send_latest(ANNA, lambda: None) is None
    await outbox.send(ANNA, text("now"))
    assert clock.now == 1000.0
    await outbox.aclose(0)


async def test_a_turn_in_line_that_nobody_wants_any_more_goes_to_the_next(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    sends = [soon(outbox.send(chat, text(str(chat)))) for chat in (1, 2, 3)]
    await settle()
    sends[1].cancel()
    await clock.advance(1)
    assert [words for _, _, words in bot.log()] == ["1", "3"]
    await asyncio.gather(sends[0], sends[2])
    await outbox.aclose(0)


async def test_a_fault_in_the_content_reaches_the_caller_and_the_lane_goes_on(outbox, bot):
    def broken() -> Rendered:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await outbox.send_latest(ANNA, broken)
    await outbox.send(ANNA, text("on"))
    assert bot.texts(ANNA) == ["on"]


async def test_who_stops_waiting_takes_a_send_back(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    send = soon(outbox.send(ANNA, text("1")))
    await settle()
    send.cancel()
    await clock.advance(5)
    assert bot.texts(ANNA) == ["0"]
    assert outbox.waiting == 0


async def test_final_text_goes_out_though_nobody_waits_for_it_any_more(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    send = soon(outbox.send(ANNA, text("1"), priority=Priority.FINAL))
    await settle()
    send.cancel()
    await clock.advance(5)
    assert bot.texts(ANNA) == ["0", "1"]


async def test_typing_is_shown_when_nothing_else_is_to_be_said(outbox, bot):
    outbox.typing(ANNA)
    await settle()
    assert bot.log() == [(0.0, "typing", "")]


async def test_a_typing_action_that_hangs_holds_up_neither_message_nor_card(outbox, bot, clock):
    bot.gate = asyncio.Event()
    outbox.typing(ANNA)
    await clock.advance(0.2)
    card = soon(outbox.send(ANNA, text("card"), priority=Priority.CRISIS))
    await settle()
    outbox.typing(BELA)
    message = soon(outbox.send(BELA, text("hello")))
    await clock.advance(2)
    assert bot.log(ANNA) == [(0.0, "typing", ""), (0.2, "send", "card")]
    assert bot.log(BELA) == [(0.2, "typing", ""), (1.2, "send", "hello")]
    bot.gate.set()
    await asyncio.gather(card, message)


async def test_a_typing_action_that_hangs_is_let_go(outbox, bot, clock):
    bot.gate = asyncio.Event()
    for chat in range(1, 100):
        outbox.typing(chat)
    await clock.advance(5)
    begun = len(bot.calls)
    assert 0 < begun < 30
    for chat in range(101, 200):
        outbox.typing(chat)
    await settle()
    assert len(bot.calls) == 2 * begun


async def test_a_blocked_bot_is_noticed_by_a_typing_action_too(outbox, bot):
    bot.faults["typing"].append(Forbidden("Forbidden: bot was blocked by the user"))
    outbox.typing(ANNA)
    await settle()
    with pytest.raises(Unreachable):
        outbox.typing(ANNA)


async def test_typing_is_dropped_when_the_slot_is_not_free(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    outbox.typing(ANNA)
    await clock.advance(5)
    assert [method for _, method, _ in bot.log()] == ["send"]


async def test_typing_is_dropped_when_something_waits_or_runs(outbox, bot, clock):
    bot.gate = asyncio.Event()
    send = soon(outbox.send(ANNA, text("0")))
    await clock.advance(2)
    outbox.typing(ANNA)
    bot.gate.set()
    await send
    assert [method for _, method, _ in bot.log()] == ["send"]


async def test_typing_leaves_half_of_the_bots_pace_to_words(outbox, bot, clock):
    sends = [soon(outbox.send(chat, text("hi"))) for chat in range(1, 17)]
    await settle()
    outbox.typing(BELA + 100)
    await asyncio.gather(*sends)
    assert {method for _, method, _ in bot.log()} == {"send"}


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
    assert waits[0] <= 1.0  # never faster than the lane
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
        outbox = Outbox(bot, clock=clock, sleep=clock.sleep, random=Random(seed))
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
        outbox.typing(ANNA)
    assert len(bot.calls) == 1
    outbox.reachable(ANNA)
    back = soon(outbox.send(ANNA, text("back")))
    await clock.advance(1)
    await back
    assert bot.texts(ANNA) == ["back"]


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


async def test_a_reason_never_quotes_an_answer_that_could_quote_the_text(outbox, bot):
    error = BadRequest("Bad Request (400). Parsing the server response b'secret' failed")
    error.__cause__ = ValueError()
    bot.faults["send"].append(error)
    with structlog.testing.capture_logs() as logs, pytest.raises(Undeliverable) as caught:
        await outbox.send(ANNA, text("secret"))
    assert "secret" not in f"{caught.value} {logs}"


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


async def test_idle_chats_are_forgotten_and_leave_no_task(outbox, bot, clock):
    await asyncio.gather(*(outbox.send(chat, text("hi")) for chat in range(1, 26)))
    await settle()
    assert clock.sleepers == 0
    assert len(asyncio.all_tasks()) == 1
    await clock.advance(1)
    await outbox.send(BELA + 1000, text("hi"))
    assert outbox.lanes == 1


async def test_a_group_is_remembered_for_its_minute(outbox, bot, clock):
    await outbox.send(GROUP, text("hi"))
    await clock.advance(30)
    await outbox.send(ANNA, text("hi"))
    assert outbox.lanes == 2
    await clock.advance(31)
    await outbox.send(BELA, text("hi"))
    assert outbox.lanes == 1


async def test_closing_says_what_must_be_said_and_drops_previews(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    preview = soon(outbox.edit_latest(ANNA, message_id, lambda: text("preview")))
    send = soon(outbox.send(ANNA, text("final"), priority=Priority.FINAL))
    await settle()
    closing = soon(outbox.aclose(5))
    await settle()
    late = soon(outbox.send(BELA, text("late"), priority=Priority.FINAL))
    await clock.advance(1)
    await closing
    assert await late
    assert await send
    with pytest.raises(Closed):
        await preview
    assert bot.texts(ANNA) == ["0", "final"]
    with pytest.raises(Closed):
        await outbox.send(BELA, text("too late"), priority=Priority.FINAL)


async def test_closing_takes_no_longer_than_allowed(outbox, bot, clock):
    bot.gate = asyncio.Event()
    hanging = soon(outbox.send(ANNA, text("a"), priority=Priority.FINAL))
    behind = soon(outbox.send(ANNA, text("b"), priority=Priority.FINAL))
    await settle()
    closing = soon(outbox.aclose(5))
    await clock.advance(4.9)
    assert not closing.done()
    await clock.advance(0.2)
    await closing
    for send in (hanging, behind):
        with pytest.raises(Closed):
            await send
    await settle()
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("seed", range(20))
async def test_in_any_mixture_the_limits_hold_and_every_final_text_arrives(bot, clock, seed):
    luck = Random(seed)
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, random=luck, calls_per_second=5)
    chats = [*range(1, 13), GROUP]
    ids = {chat: soon(outbox.send(chat, text("0"), priority=Priority.FINAL)) for chat in chats}
    await clock.advance(30)
    ids = {chat: await sent for chat, sent in ids.items()}
    finals = []
    for number in range(150):
        chat = luck.choice(chats)
        kind = luck.randrange(6)
        if kind == 0:
            priority = luck.choice((Priority.CRISIS, Priority.FINAL))
            words = f"{priority.name} {number}"
            finals.append((chat, words))
            soon(outbox.send(chat, text(words), priority=priority))
        elif kind == 1:
            outbox.typing(chat)
        else:
            preview = f"{number}"
            soon(outbox.edit_latest(chat, ids[chat], lambda preview=preview: text(preview)))
        if luck.random() < 0.15:
            method = luck.choice(("send", "edit", "typing"))
            bot.faults[method].append(luck.choice((TimedOut(), NetworkError("x"), RetryAfter(3))))
        await clock.advance(luck.choice((0, 0, 0.1, 0.3, 2)))
    bot.faults.clear()
    ends = [soon(outbox.edit(chat, ids[chat], text("end"), final=True)) for chat in chats]
    await clock.advance(300)
    await asyncio.gather(*ends)
    for chat, words in finals:
        assert words in bot.texts(chat)
    paced = [call for call in bot.calls if not call.text.startswith(Priority.CRISIS.name)]
    for chat in chats:
        assert bot.shown[chat, ids[chat]] == ("end", None)
        times = [call.at for call in paced if call.chat_id == chat]
        assert all(later - earlier >= 1 for earlier, later in pairwise(times))
    times = [call.at for call in paced]
    assert all(later - first >= 1 for first, later in zip(times, times[5:], strict=False))
    assert clock.sleepers == 0
    assert outbox.waiting == 0
    await outbox.aclose(0)
