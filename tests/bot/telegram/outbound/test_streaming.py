from __future__ import annotations

from itertools import pairwise

import pytest

from bot.telegram.outbound.rendering import PLACEHOLDER, Rendered
from bot.telegram.outbound.streaming import StreamedReply
from tests.bot.telegram.outbound.saying import ANNA
from tests.bot.telegram.outbound.streamed import REDO, STOP, finish
from tests.clock import settle


async def test_the_first_text_is_shown_without_any_wait(reply, bot, clock):
    reply.start()
    await clock.advance(0.3)
    reply.update("我在")
    await settle()
    assert bot.texts(ANNA) == ["我在"]
    assert bot.calls[0].at == clock.now
    assert bot.calls[0].keyboard == STOP


async def test_a_placeholder_is_shown_when_nothing_comes(reply, bot, clock, ids):
    reply.start()
    await clock.advance(0.79)
    assert bot.calls == []
    await clock.advance(0.02)
    assert bot.texts(ANNA) == ["…"]
    assert ids.stored == [1]


async def test_the_first_token_after_the_placeholder_is_shown_at_once(reply, bot, clock):
    reply.start()
    await clock.advance(3)
    reply.update("我")
    await settle()
    assert bot.texts(ANNA) == ["我"]


async def test_one_message_grows_and_the_newest_text_is_shown(reply, bot, clock):
    reply.start()
    for length in range(1, 41):
        reply.update("字" * length)
        await clock.advance(0.1)
    assert await finish(reply, clock, "字" * 40 + "。") == (1,)
    assert bot.shown[ANNA, 1] == ("字" * 40 + "。", REDO)
    sizes = [len(call.text) for call in bot.calls]
    assert sizes[0] == 1
    assert sizes[1] == 10  # what there was at the slot, not when it was asked for
    assert sizes == sorted(sizes)
    assert [call.method for call in bot.calls] == ["send"] + ["edit"] * (len(sizes) - 1)


async def test_a_long_answer_is_edited_less_and_less_often(reply, bot, clock):
    reply.start()
    for length in range(1, 1201):
        reply.update("字" * length)
        await clock.advance(0.1)
    await finish(reply, clock, "完")
    starts = [call.at for call in bot.calls[:-1]]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps[0] == pytest.approx(1.0)
    assert gaps[-1] == pytest.approx(4.0, abs=0.2)
    assert len(starts) < 45


async def test_the_id_is_stored_before_anything_is_edited_in(reply, bot, clock, ids):
    reply.start()
    reply.update("一")
    await clock.advance(0.1)
    reply.update("一二")
    await clock.advance(2)
    assert ids.stored == [1]
    assert ids.calls_before == [["send"]]


async def test_an_id_that_could_not_be_stored_is_offered_again(reply, bot, clock, ids):
    ids.failures = 2
    reply.start()
    reply.update("一")
    await clock.advance(0.1)
    reply.update("一二")
    await clock.advance(2)
    assert ids.stored == []
    assert bot.texts(ANNA) == ["一二"]
    await finish(reply, clock, "一二三")
    assert ids.stored == [1]
    assert bot.texts(ANNA) == ["一二三"]


async def test_the_same_visible_text_is_not_edited_in(reply, bot, clock):
    reply.start()
    reply.update("好的")
    await clock.advance(2)
    reply.update("好的 ")
    await clock.advance(2)
    reply.update("好的\n")
    await clock.advance(2)
    assert len([call for call in bot.calls if call.method == "edit"]) == 0


async def test_typing_is_kept_alive_while_nothing_new_is_shown(reply, bot, clock):
    reply.start()
    reply.update("想一想")
    await clock.advance(30)
    typing = [at for at, method, _ in bot.log() if method == "typing"]
    assert 5 <= len(typing) <= 7
    assert all(later - earlier < 5 for earlier, later in pairwise(typing))


async def test_typing_begins_in_time_after_a_long_pause_between_previews(reply, bot, clock):
    reply.start()
    for length in range(1, 600):
        reply.update("字" * length)
        await clock.advance(0.1)
    await clock.advance(30)
    times = [call.at for call in bot.calls]
    assert max(later - earlier for earlier, later in pairwise(times)) < 5


async def test_a_turn_taken_over_shows_typing_until_there_is_text(outbox, bot, clock, ids):
    reply = StreamedReply(outbox, ANNA, 7, on_message_id=ids, clock=clock, sleep=clock.sleep)
    reply.start()
    await clock.advance(1)
    assert bot.log() == [(0.0, "typing", "")]
    await reply.cancel()


async def test_a_turn_taken_over_goes_on_in_the_same_message(outbox, bot, clock, ids):
    old = await outbox.send(ANNA, PLACEHOLDER)
    reply = StreamedReply(
        outbox, ANNA, old, on_message_id=ids, keyboard=STOP, clock=clock, sleep=clock.sleep
    )
    reply.start()
    await clock.advance(2)
    reply.update("接着说")
    await clock.advance(2)
    assert await finish(reply, clock, "接着说完") == (old,)
    assert bot.texts(ANNA) == ["接着说完"]
    assert ids.stored == []


async def test_updates_render_nothing_until_the_slot_is_there(reply, bot, clock, monkeypatch):
    rendered = []
    monkeypatch.setattr(
        "bot.telegram.outbound.streaming.partial",
        lambda text: rendered.append(text) or Rendered(text),
    )
    reply.start()
    for length in range(1, 101):
        reply.update("字" * length)
        await clock.advance(0.01)
    assert len(rendered) <= 2
