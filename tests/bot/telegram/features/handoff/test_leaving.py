"""Who may end it, and when: an admin is asked twice after danger, a person is never asked why."""

from __future__ import annotations

import pytest

from bot.locales import Language, texts_for
from bot.telegram.features.handoff.without_human import wants_no_human
from tests.bot.telegram.features.handoff.conversations import (
    HIGH,
    IMMINENT,
    ONCALL_CHAT,
    TAKEN,
    acts,
    alerts,
    says,
    takes_over,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import ADMIN, GROUP, OTHER, PERSON, message, press

OFF, CALL = f"human:off:{PERSON}", f"human:call:{PERSON}"


@pytest.fixture
async def taken(desk):
    """A desk at which an admin has taken a person over."""
    await says(desk, HIGH)
    await takes_over(desk)
    return desk


@pytest.mark.parametrize("by", ["command", "button"])
async def test_close_asks_once_more_after_words_of_danger(taken, by):
    await says(taken, IMMINENT)
    await says(taken, "嗯")
    closes = message("/close", person=ADMIN)
    if by == "button":
        closes = press("desk:close:1", person=ADMIN, chat=ADMIN, message_id=3)
    await taken.arrive(closes)
    await taken.passes(5)
    asked = TEXTS.desk_close_ask(level=TEXTS.desk_imminent).strip()
    assert taken.bot.texts(ADMIN)[-1] == asked
    assert taken.buttons(ADMIN) == ["desk:stay:1", "desk:pass:1", "desk:end:1"]
    assert TEXTS.desk_person_closed not in taken.bot.texts(PERSON)

    newest = max(number for chat, number in taken.bot.shown if chat == ADMIN)
    await taken.arrive(press("desk:stay:1", person=ADMIN, chat=ADMIN, message_id=newest))
    await taken.passes(5)
    assert taken.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_stays(handle=1)
    await says(taken, "我还在", person=ADMIN)
    assert taken.bot.texts(PERSON)[-1].endswith("我还在")

    await taken.arrive(press("desk:end:1", person=ADMIN, chat=ADMIN, message_id=newest))
    await taken.passes(5)
    assert taken.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed
    assert await acts(taken) == [("handover close", "done"), ("handover take", "done")]


async def test_close_asks_nothing_an_hour_after_the_danger(taken):
    await says(taken, "好多了")
    await taken.passes(5 * 60)
    await says(taken, "听你这么说真好", person=ADMIN)
    await taken.passes(3600)
    await taken.arrive(message("/close", person=ADMIN))
    await taken.passes(5)
    assert taken.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed


async def test_another_admins_question_ends_nothing(taken):
    await taken.arrive(press("desk:end:1", person=OTHER, chat=OTHER, message_id=1))
    await taken.passes(5)
    assert taken.bot.answered[-1][1] == TEXTS.desk_admins_only
    assert (await taken.storage.handovers.get(1)).state == "taken"


@pytest.mark.parametrize("by", ["button", "不要真人", "No human, please!", "让真人离开吧，谢谢"])
async def test_a_person_ends_the_presence_of_a_human_at_once(taken, engine, by):
    asked = len(engine.prompts)
    assert taken.buttons(PERSON) == [OFF]
    newest = max(number for chat, number in taken.bot.shown if chat == PERSON)
    await taken.arrive(press(OFF, message_id=newest) if by == "button" else message(by))
    await taken.passes(10)
    assert taken.bot.texts(PERSON)[-1] == TEXTS.desk_person_declined
    assert taken.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_declined(handle=1)
    assert "💬" not in "".join(taken.bot.texts(ADMIN))
    assert taken.bot.texts(ONCALL_CHAT) == [TEXTS.desk_declined(handle=1)]
    assert await acts(taken) == [("handover decline", "by the person"), ("handover take", "done")]
    await says(taken, "这下好多了")
    assert taken.bot.texts(PERSON)[-1] == ANSWER
    assert len(engine.prompts) == asked + 1
    await says(taken, "你还在吗", person=ADMIN)
    assert "你还在吗" not in "".join(taken.bot.texts(PERSON))


async def test_who_wants_no_human_gets_none_for_new_danger_and_the_alert_says_so(taken):
    await says(taken, "不要真人")
    await says(taken, IMMINENT)
    assert TEXTS.desk_alert_declined in alerts(taken)[-1]
    assert taken.buttons(ONCALL_CHAT) == []
    await taken.arrive(press("desk:take:2", person=ADMIN, chat=ADMIN, message_id=1))
    await taken.passes(3600)
    assert taken.bot.answered[-1][1] == TEXTS.desk_gone
    assert taken.bot.texts(PERSON).count(TAKEN) == 1
    assert len(alerts(taken)) == 2  # nobody else is called for what cannot be taken
    await says(taken, "/human")
    assert TEXTS.desk_alert_wants in alerts(taken)[-1]
    await takes_over(taken, handover=2)
    assert taken.bot.texts(PERSON)[-1] == TAKEN


async def test_a_call_is_taken_back_before_anybody_has_come(desk):
    await says(desk, "/human")
    assert desk.buttons(PERSON) == [OFF]
    await desk.arrive(press(OFF, message_id=2))
    await desk.passes(5)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_person_not_called
    assert alerts(desk) == [TEXTS.desk_declined(handle=1)]
    assert desk.buttons(ONCALL_CHAT) == []
    await desk.passes(3600)
    assert TEXTS.desk_unanswered not in desk.bot.texts(PERSON)


async def test_where_no_human_is_the_words_are_answered_by_what_is_so(desk):
    await says(desk, "不要真人")
    assert desk.bot.texts(PERSON) == [TEXTS.desk_nobody_here]
    await desk.arrive(message("不要真人", chat=GROUP))
    await desk.passes(5)
    assert desk.bot.texts(GROUP) == [TEXTS.private_here]


async def test_a_word_to_the_admin_outlives_the_process(open_room):
    first = open_room(admin_chat=ONCALL_CHAT)
    await says(first, HIGH)
    await takes_over(first)
    await first.storage.handovers.decline(PERSON)  # and it dies before it says so
    await first.aclose()
    again = open_room(admin_chat=ONCALL_CHAT)
    await again.passes(60)
    assert again.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_declined(handle=1)
    assert again.bot.texts(ONCALL_CHAT) == [TEXTS.desk_declined(handle=1)]


async def test_who_says_so_while_a_human_is_coming_reads_of_none(desk, monkeypatch):
    await says(desk, HIGH)
    say = desk.outbox.send_text

    async def declines_meanwhile(chat_id, *arguments, **named):
        if chat_id == ADMIN:
            await desk.storage.handovers.decline(PERSON)
        return await say(chat_id, *arguments, **named)

    monkeypatch.setattr(desk.outbox, "send_text", declines_meanwhile)
    await takes_over(desk)
    assert TAKEN not in desk.bot.texts(PERSON)
    assert desk.bot.answered[-1][1] == TEXTS.desk_gone
    assert ("handover take", "too late") in await acts(desk)


async def test_only_the_person_themself_sends_their_human_away(taken):
    await taken.arrive(press(OFF, person=OTHER, chat=OTHER))
    await taken.passes(5)
    assert (await taken.storage.handovers.get(1)).state == "taken"


@pytest.mark.parametrize(
    "words",
    [
        *("不要真人", "我不想要真人。", "不用真人了，谢谢", "不想跟真人说话", "别让值班的人看了"),
        *("请让真人离开", "讓真人走開吧", "真人走吧", "真人可以走了", "不要人工客服"),
        *("换回AI吧", "叫回AI", "我只想和AI说话", "只想跟机器人聊"),
        *("No human, please", "I don’t want a human here", "without a human"),
        "give me the AI back",
    ],
)
def test_words_that_send_a_human_away(words):
    assert wants_no_human(words)


@pytest.mark.parametrize(
    "words",
    [
        *("你是真人吗", "不要让真人走", "别让真人离开", "真人走了吗", "我要真人", "叫真人来"),
        *("我想和你说话", "我不想和AI说话", "真人可以走了吗", "不要工作"),
        *("我不想活了", "不要告诉我妈", "你不是真人吧", "不要真人离开", "这个真人不错"),
        *("are you human", "i want a human", "don't leave me", "no"),
        "不要真人，我爸要来了，他要打我，怎么办怎么办怎么办怎么办怎么办怎么办怎么办怎么办",
    ],
)
def test_words_that_do_not(words):
    assert not wants_no_human(words)


@pytest.mark.parametrize("language", Language)
def test_what_a_person_reads_of_a_human_says_how_to_be_rid_of_them(language):
    texts = texts_for(language)
    assert any(mark in texts.desk_person_taken.text for mark in ("不要真人", "no human"))
    assert "/human" in texts.desk_person_declined
    assert "/help_now" in texts.desk_person_declined
