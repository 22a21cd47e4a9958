"""Thumbs under an answer, the question whether they may help to train, and one's own wording."""

from __future__ import annotations

import json

import pytest

from bot.conversation.objections import OBJECTIONS
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, ME, OTHER, PERSON, edit, message, press

PLAIN = ["redo:1", "rate:up:1", "rate:down:1"]
UP = ["redo:1", "rate:undo:1", "rate:down:1"]
WRONG = [f"wrong:{wish}:1" for wish in ("long", "lost", "preachy", "cold")]
DOWN = ["redo:1", "rate:up:1", "rate:undo:1", *WRONG]
DANGER = "我不想活了，想结束自己的生命"


def toasts(room):
    return [text for _, text, _ in room.bot.answered]


def keyboard(room, message_id=1):
    rows = room.bot.shown[PERSON, message_id][1].inline_keyboard
    return [button.callback_data for row in rows for button in row]


async def talked(room, text="房东涨价"):
    await room.arrive(message(text))
    await room.passes(5)


async def presses(room, data, message_id=1, **who):
    await room.arrive(press(data, message_id=message_id, **who))
    await room.passes(10)


async def agreed(room):
    """A person who liked an answer, was asked, and said yes."""
    await talked(room)
    await presses(room, "rate:up:1")
    await presses(room, f"train:yes:{PERSON}", message_id=2)


def reply(text, to, **fields):
    said = {"message_id": to, "date": 1, "from": ME.to_dict()}
    chat = {"id": PERSON, "type": "private", "first_name": "小林"}
    return message(text, reply_to_message={**said, "chat": chat}, **fields)


async def ratings(room, person=PERSON):
    exported = await room.storage.users.export(person)
    return [(one.text, one.rating, one.rewritten) for one in exported.ratings]


async def counted(room):
    today = room.now().date()
    totals = await room.storage.counters.totals(today, today)
    return {name: count for name, count in totals.items() if name.startswith("feedback_")}


async def test_a_press_is_kept_shown_and_acknowledged(room):
    await talked(room)
    assert room.buttons() == PLAIN
    await presses(room, "rate:up:1")
    assert keyboard(room) == UP
    assert toasts(room) == [TEXTS.rate_thanks_up]
    assert await ratings(room) == [(ANSWER, "up", None)]
    assert await counted(room) == {"feedback_up": 1}


async def test_a_press_is_changed_and_undone(room):
    await talked(room)
    await presses(room, "rate:up:1")
    await presses(room, "rate:down:1")
    assert keyboard(room) == DOWN
    assert await ratings(room) == [(ANSWER, "down", None)]
    await presses(room, "rate:undo:1")
    assert keyboard(room) == PLAIN
    assert toasts(room)[1:] == [TEXTS.rate_thanks_down, TEXTS.rate_undone]
    assert await ratings(room) == []


async def test_the_question_about_training_comes_once(room):
    await talked(room)
    await presses(room, "rate:up:1")
    assert room.bot.texts(PERSON)[1:] == [TEXTS.train_ask]
    assert room.buttons() == [f"train:{answer}:{PERSON}" for answer in ("yes", "no", "what")]
    await presses(room, "rate:down:1")
    await talked(room, "还是涨价的事")
    await presses(room, "rate:up:2", message_id=3)
    assert room.bot.texts(PERSON).count(TEXTS.train_ask) == 1


async def test_a_dislike_asks_what_was_wrong_and_for_no_consent(room):
    await talked(room)
    await presses(room, "rate:down:1")
    assert room.bot.texts(PERSON)[1:] == []
    assert toasts(room) == [TEXTS.rate_thanks_down]
    assert await room.storage.feedback.consent(PERSON) is None
    await presses(room, "rate:up:1")
    assert room.bot.texts(PERSON)[1:] == [TEXTS.train_ask]


@pytest.mark.parametrize("wish", list(OBJECTIONS))
async def test_what_was_wrong_is_told_the_model_and_answered_anew_in_the_same_message(
    room, engine, wish
):
    await talked(room)
    await presses(room, "rate:down:1")
    engine.will("这样呢。")
    await presses(room, f"wrong:{wish}:1")
    assert OBJECTIONS[wish] in engine.prompts[-1][0].content
    assert room.bot.shown[PERSON, 1][0] == "这样呢。"
    await talked(room, "嗯嗯，还行")
    assert OBJECTIONS[wish] not in engine.prompts[-1][0].content
    assert engine.prompts[-1][-2].content == "这样呢。"


async def test_what_exactly_is_told_before_the_same_question(room):
    await talked(room)
    await presses(room, "rate:up:1")
    await presses(room, f"train:what:{PERSON}", message_id=2)
    assert room.bot.texts(PERSON)[1:] == [TEXTS.train_what]
    assert room.buttons() == [f"train:{answer}:{PERSON}" for answer in ("yes", "no")]
    assert await room.storage.feedback.consent(PERSON) == "asked"


async def test_after_a_no_nothing_is_kept_and_nothing_asked(room):
    await talked(room)
    await presses(room, "rate:up:1")
    await presses(room, f"train:no:{PERSON}", message_id=2)
    assert room.bot.texts(PERSON)[1:] == [TEXTS.train_no]
    assert await ratings(room) == []
    await presses(room, "rate:down:1")
    assert keyboard(room) == DOWN
    assert await ratings(room) == []
    assert len(room.bot.texts(PERSON)) == 2
    assert await counted(room) == {"feedback_down": 1, "feedback_up": 1}


async def test_consent_is_taken_back_in_privacy_and_given_there_again(room):
    await agreed(room)
    await room.arrive(message("/privacy"))
    await room.passes(5)
    assert room.bot.texts(PERSON)[-1] == TEXTS.train_state_yes
    assert room.buttons() == [f"train:no:{PERSON}"]
    await presses(room, f"train:no:{PERSON}", message_id=4)
    assert await room.storage.feedback.consent(PERSON) == "no"
    assert await ratings(room) == []

    await room.arrive(message("/privacy"))
    await room.passes(5)
    assert room.bot.texts(PERSON)[-1] == TEXTS.train_state_no
    [what] = room.buttons()
    await presses(room, what, message_id=6)
    yes, _ = room.buttons()
    await presses(room, yes, message_id=6)
    assert await room.storage.feedback.consent(PERSON) == "yes"


async def test_privacy_in_a_group_says_nothing_of_a_persons_consent(room):
    await agreed(room)
    await room.arrive(message("/privacy@shudong_bot", chat=GROUP))
    await room.passes(5)
    assert room.bot.texts(GROUP) == [TEXTS.data_privacy]


async def test_a_dislike_invites_to_say_it_otherwise(room, engine):
    await agreed(room)
    await presses(room, "rate:down:1")
    await presses(room, "rate:down:1")
    assert room.bot.texts(PERSON)[2:] == [TEXTS.rate_invite]
    [said] = [call for call in room.bot.calls if call.text == TEXTS.rate_invite]
    assert said.details["reply"].message_id == 1

    mine = reply("听起来很难熬，想说说吗？", to=3)
    [update_id] = await room.arrive(mine)
    await room.passes(5)
    assert await ratings(room) == [(ANSWER, "down", "听起来很难熬，想说说吗？")]
    assert room.bot.texts(PERSON)[3:] == [TEXTS.rate_rewritten]
    assert await room.update(update_id) == ("done", None)
    assert len(engine.prompts) == 1
    assert await room.turns() == [("answered", None)]

    await room.arrive(edit(mine, "听起来很难熬，发生什么了？"))
    await room.passes(5)
    assert await ratings(room) == [(ANSWER, "down", "听起来很难熬，发生什么了？")]
    assert len(engine.prompts) == 1


async def test_a_dislike_that_brought_the_question_invites_once_the_answer_is_yes(room):
    await talked(room)
    await presses(room, "rate:down:1")
    assert TEXTS.rate_invite not in room.bot.texts(PERSON)
    await presses(room, f"train:yes:{PERSON}", message_id=2)
    assert room.bot.texts(PERSON)[1:] == [TEXTS.train_yes, TEXTS.rate_invite]


async def test_other_replies_are_answered(room, engine):
    await agreed(room)
    await presses(room, "rate:down:1")
    await room.arrive(reply("你刚才说的我没懂", to=1))
    await room.passes(5)
    assert len(engine.prompts) == 2
    await room.storage.feedback.refuse_consent(PERSON)
    await room.arrive(reply("太晚了吗", to=3))
    await room.passes(5)
    assert len(engine.prompts) == 3
    assert await ratings(room) == []


async def test_what_is_said_beside_a_rewritten_answer_is_answered(open_room, engine):
    room = open_room(burst_window=2.0)
    await agreed(room)
    await presses(room, "rate:down:1")
    await room.arrive(reply("辛苦了。", to=3), message("今天好一点了"))
    await room.passes(10)
    assert await ratings(room) == [(ANSWER, "down", "辛苦了。")]
    assert engine.prompts[-1][-1].content == "今天好一点了"


async def test_danger_in_a_rewritten_answer_is_danger(room, engine):
    await agreed(room)
    await presses(room, "rate:down:1")
    await room.arrive(reply(DANGER, to=3))
    await room.passes(10)
    assert await ratings(room) == [(ANSWER, "down", None)]
    assert [state for state, _ in await room.turns()] == ["answered", "answered"]
    assert any("安全" in text for text in room.bot.texts(PERSON)[3:])


async def test_nobody_in_danger_is_asked_to_rate(room):
    await talked(room)
    await talked(room, DANGER)
    buttons = [
        data
        for (_, number), (_, shown) in room.bot.shown.items()
        if number > 1 and shown
        for row in shown.inline_keyboard
        for data in [button.callback_data for button in row]
    ]
    assert buttons
    assert not any(data.startswith("rate:") for data in buttons)
    calls = len(room.bot.calls)
    await presses(room, "rate:up:1")
    assert toasts(room) == [TEXTS.rate_not_now]
    assert [call.method for call in room.bot.calls[calls:]] == ["callback"]
    assert await ratings(room) == []
    await presses(room, f"train:yes:{PERSON}")
    assert await room.storage.feedback.consent(PERSON) is None


async def test_an_answer_that_the_guard_replaced_is_not_rated(room, engine):
    engine.will("你可以每天吃两片舍曲林。")
    await talked(room)
    assert room.buttons() == ["redo:1"]
    await presses(room, "rate:up:1")
    assert toasts(room) == [TEXTS.rate_gone]
    assert await counted(room) == {}


async def test_an_answer_that_asks_about_danger_is_not_rated(room, engine):
    engine.will(f"我在听。{TEXTS.guard_ask}")
    await talked(room)
    assert room.buttons() == ["redo:1"]


async def test_a_stopped_answer_is_not_rated(room, engine):
    engine.will("我在，", lambda: room.running_turns.stop_here([1]), "你说。")
    await talked(room)
    assert room.buttons() == ["redo:1"]


async def test_answers_in_a_group_are_not_rated(room):
    await room.arrive(message("房东涨价", chat=GROUP))
    await room.passes(5)
    assert room.buttons(GROUP) == ["redo:1"]
    await presses(room, "rate:up:1", chat=GROUP)
    assert toasts(room) == [TEXTS.rate_gone]


async def test_nobody_rates_or_agrees_for_somebody_else(room):
    await talked(room)
    await presses(room, "rate:up:1", person=OTHER, chat=OTHER)
    await presses(room, f"train:yes:{PERSON}", person=OTHER, chat=OTHER)
    assert toasts(room) == [TEXTS.rate_gone, TEXTS.button_expired]
    assert await room.storage.feedback.consent(PERSON) is None
    assert await room.storage.feedback.consent(OTHER) is None


@pytest.mark.parametrize("data", ["rate:up", "rate:up:x", "rate:maybe:1", f"train:always:{PERSON}"])
async def test_data_that_no_button_has_changes_nothing(room, data):
    await talked(room)
    await presses(room, data)
    assert toasts(room) == [TEXTS.button_expired]
    assert await ratings(room) == []
    assert await room.storage.feedback.consent(PERSON) is None


async def test_who_is_under_18_is_thanked_and_nothing_is_kept_or_asked(room):
    await room.storage.disclosures.set_age(PERSON, "teen")
    await talked(room)
    await presses(room, "rate:down:1")
    assert keyboard(room) == DOWN
    assert toasts(room) == [TEXTS.rate_thanks_down]
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await ratings(room) == []
    await presses(room, f"train:yes:{PERSON}")
    assert await room.storage.feedback.consent(PERSON) is None
    await room.arrive(message("/privacy"))
    await room.passes(5)
    assert room.bot.texts(PERSON)[1:] == [TEXTS.data_privacy]


async def test_another_try_is_rated_by_itself(room, engine):
    await agreed(room)
    engine.will("换个说法。")
    await presses(room, "redo:1")
    assert keyboard(room) == [*PLAIN, "page:1:1", "page:1:2"]
    await presses(room, "rate:down:1")
    assert await ratings(room) == [(ANSWER, "up", None), ("换个说法。", "down", None)]


async def test_export_holds_what_was_rated_and_erase_takes_it_away(room):
    await agreed(room)
    await room.arrive(message("/export"))
    await room.passes(5)
    [sent] = [call for call in room.bot.calls if call.method == "document"]
    feedback = json.loads(sent.details["document"])["feedback"]
    assert feedback["training_consent"] == "yes"
    assert [(one["answer"], one["rating"]) for one in feedback["ratings"]] == [(ANSWER, "up")]
    await presses(room, f"erase:yes:{PERSON}")
    assert await room.storage.feedback.consent(PERSON) is None
    assert await ratings(room) == []
