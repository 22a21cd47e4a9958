"""What only the second reading finds: it stops the answer, brings the card, and delays nothing."""

from __future__ import annotations

import asyncio

import pytest

from bot.locales import Language
from bot.safety import Assessment, Axis, Danger, RiskLevel, Who, card, guidance, question_of_another
from inference.engine import EngineProtocolError, EngineUnavailable
from tests.bot.telegram.features.crisis.cards import (
    ASKS,
    CN,
    HIGH,
    HIGH_CARD,
    IMMINENT,
    IMMINENT_CARD,
    says,
    shown,
    whole_card,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, edit, message, press

HIDDEN = "猫托付给邻居了，钥匙也放门卫那儿了"
NEW = 777
"""Has never written before."""
HALF = "听起来你安排得很好，"


class ScriptedReader:
    """Finds what is written down for a message, when the test lets it."""

    name = "scripted"

    def __init__(self):
        self.finds = {}
        self.talks = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, said, standing=RiskLevel.NONE):
        self.talks.append([one.text for one in said])
        await self.gate.wait()
        found = self.finds.get(said[-1].text, RiskLevel.NONE)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Assessment):
            return found
        return Assessment(found, (self.name,))

    async def aclose(self):
        """Nothing is held."""


@pytest.fixture
async def reader():
    reader = ScriptedReader()
    reader.finds[HIDDEN] = RiskLevel.HIGH
    return reader


@pytest.fixture
async def read_room(open_room, reader):
    return open_room(second_readers=[reader])


async def test_the_half_answer_is_withdrawn_the_card_comes_and_then_another_answer(
    read_room, reader, engine
):
    reader.gate.clear()
    engine.will(HALF, asyncio.Event())
    await read_room.arrive(message(HIDDEN))
    await read_room.passes(5)
    assert read_room.bot.texts(PERSON) == [HALF]
    now = read_room.clock.now
    reader.gate.set()
    await read_room.passes(0.9)
    [card] = [call for call in read_room.bot.calls if call.text == shown(HIGH_CARD)]
    assert card.at <= now + 1
    await read_room.passes(10)
    assert read_room.bot.texts(PERSON) == [TEXTS.withdrawn, shown(HIGH_CARD), ANSWER]
    assert guidance(RiskLevel.HIGH, card_asks=True) in engine.prompts[-1][0].content
    turn = await read_room.storage.turns.get(1)
    assert (turn.state, turn.answer) == ("answered", ANSWER)
    assert reader.talks == [[HIDDEN]], "it reads a turn once"


async def test_before_the_first_word_the_card_is_the_first_thing_seen(read_room, reader, engine):
    reader.gate.clear()
    engine.will(reader.gate.set, asyncio.Event())
    await read_room.arrive(message(HIDDEN))
    await read_room.passes(10)
    assert read_room.bot.texts(PERSON) == [shown(HIGH_CARD), ANSWER]


async def test_an_answer_that_was_faster_waits_for_the_reading_and_is_withdrawn(read_room, reader):
    reader.gate.clear()
    await read_room.arrive(message(HIDDEN))
    await read_room.passes(1)
    assert [state for state, _ in await read_room.turns()] != ["answered"]
    reader.gate.set()
    await read_room.passes(10)
    assert read_room.bot.texts(PERSON)[-2:] == [shown(HIGH_CARD), ANSWER]
    assert [state for state, _ in await read_room.turns()] == ["answered"]


async def test_with_the_trial_model_the_card_is_the_answer(open_room, reader, engine):
    room = open_room(is_trial=True, second_readers=[reader])
    engine.will(HALF, asyncio.Event())
    await room.arrive(message(HIDDEN))
    await room.passes(10)
    assert room.bot.texts(PERSON)[-1] == shown(HIGH_CARD)
    [asked] = await says(room, "外面下着雨")
    assert asked in ASKS.values()
    assert asked not in HIGH_CARD


async def test_an_engine_that_is_away_keeps_the_card_from_nobody(read_room, engine):
    engine.is_ready = False
    engine.will(EngineUnavailable("x"))
    await read_room.arrive(message(HIDDEN))
    await read_room.passes(5)
    assert shown(HIGH_CARD) in read_room.bot.texts(PERSON)
    engine.is_ready = True
    await read_room.passes(30)
    assert read_room.bot.texts(PERSON)[-1] == ANSWER


async def test_an_answer_that_failed_does_not_hide_it(read_room, reader, engine):
    reader.gate.clear()
    engine.will(HALF, EngineProtocolError("broken"))
    await read_room.arrive(message(HIDDEN))
    await read_room.passes(5)
    reader.gate.set()
    await read_room.passes(10)
    assert read_room.bot.texts(PERSON)[-2:] == [shown(HIGH_CARD), ANSWER]


async def test_it_raises_high_to_imminent(read_room, reader):
    reader.finds[HIGH] = RiskLevel.IMMINENT
    await read_room.arrive(message(HIGH))
    await read_room.passes(10)
    seen = read_room.bot.texts(PERSON)
    assert seen.index(shown(HIGH_CARD)) < seen.index(shown(IMMINENT_CARD))
    assert 3 in (await read_room.storage.risk.for_user(PERSON)).ends


async def test_who_is_being_met_for_it_reads_no_second_question(open_room, reader):
    room = open_room(trusted_at_risk=(), second_readers=[reader])
    await says(room, IMMINENT)
    before = (await room.storage.risk.for_user(PERSON)).ends[3]
    reader.finds["外面下着雨"] = RiskLevel.IMMINENT
    assert len(await says(room, "外面下着雨")) == 1
    assert (await room.storage.risk.for_user(PERSON)).ends[3] > before, "it is kept in mind"


async def test_the_body_that_is_in_danger_now_brings_its_card_all_the_same(open_room, reader):
    room = open_room(trusted_at_risk=(), second_readers=[reader])
    await says(room, IMMINENT)
    axes = frozenset({Axis.BODY, Axis.SUICIDE})
    reader.finds["手脚都麻麻的"] = Assessment(RiskLevel.IMMINENT, ("encoder",), axes, Who.SELF)
    said = await says(room, "手脚都麻麻的")
    assert shown(whole_card(RiskLevel.IMMINENT, danger=Danger.BODY)) in said


async def test_what_may_have_changed_is_asked_anew_where_only_the_second_has_raised(
    open_room, reader
):
    room = open_room(trusted_at_risk=(), second_readers=[reader])
    await says(room, HIGH)
    assert await says(room, "外面下着雨") == [ASKS["taken"]]
    reader.finds["雨还是很大"] = RiskLevel.IMMINENT
    assert shown(IMMINENT_CARD) in await says(room, "雨还是很大")
    assert await says(room, "外面下着雨") == [ASKS["taken"]]


async def test_nobody_new_is_asked_their_age_above_their_card(read_room):
    await read_room.arrive(message(HIDDEN, person=NEW, chat=NEW))
    await read_room.passes(10)
    seen = read_room.bot.texts(NEW)
    assert seen[0] == shown(card(RiskLevel.HIGH, CN))
    assert not any(TEXTS.care_ask_age in text for text in seen)


async def test_it_never_lowers(read_room, reader):
    assert (await says(read_room, HIGH))[0] == shown(HIGH_CARD)


async def test_what_is_imminent_is_not_read_again(read_room, reader):
    await says(read_room, IMMINENT)
    assert reader.talks == []


async def test_who_says_that_they_are_safe_is_believed(read_room, reader):
    await says(read_room, HIGH)
    before = len(reader.talks)
    await says(read_room, "我现在安全")
    assert len(reader.talks) == before


async def test_a_concern_is_asked_about_behind_the_answer_and_kept_in_mind(
    read_room, reader, engine
):
    reader.finds[HIDDEN] = RiskLevel.CONCERN
    assert await says(read_room, HIDDEN) == [f"{ANSWER}\n\n{shown(TEXTS.guard_ask)}"]
    await says(read_room, "今天吃什么")
    assert guidance(RiskLevel.CONCERN) in engine.prompts[-1][0].content


async def test_one_that_breaks_costs_nothing(read_room, reader):
    reader.finds["你好"] = RuntimeError("broken")
    assert await says(read_room, "你好") == [ANSWER]


async def test_an_edit_is_read_anew(read_room, reader, engine):
    reader.gate.clear()
    engine.will(asyncio.Event())
    first = message("你好")
    await read_room.arrive(first)
    await read_room.arrive(edit(first, HIDDEN))
    reader.gate.set()
    await read_room.passes(10)
    assert [talk[-1] for talk in reader.talks] == ["你好", HIDDEN]
    assert read_room.bot.texts(PERSON)[-2:] == [shown(HIGH_CARD), ANSWER]


async def test_what_was_read_harmless_is_read_again_when_it_is_edited(read_room, reader, engine):
    engine.will(asyncio.Event())
    first = message("你好")
    await read_room.arrive(first)
    await read_room.arrive(edit(first, HIDDEN))
    await read_room.passes(10)
    assert read_room.bot.texts(PERSON)[-2:] == [shown(HIGH_CARD), ANSWER]


async def test_who_stopped_the_answer_gets_the_card_all_the_same(read_room, reader, engine):
    reader.gate.clear()
    engine.will(HALF, asyncio.Event())
    await read_room.arrive(message(HIDDEN))
    await read_room.passes(5)
    [turn_id] = read_room.running_turns.held
    await read_room.arrive(press(f"stop:{turn_id}"))
    reader.gate.set()
    await read_room.passes(10)
    assert shown(HIGH_CARD) in read_room.bot.texts(PERSON)


async def test_a_process_that_dies_before_the_card_leaves_it_to_the_next_one(
    open_room, reader, engine, storage
):
    reader.gate.clear()
    engine.will(HALF, asyncio.Event())
    room = open_room(second_readers=[reader])
    await room.arrive(message(HIDDEN))
    await room.passes(5)
    await room.aclose()
    await storage.turns.release_others()
    reader.gate.set()
    after = open_room(second_readers=[reader])
    await after.sweep()
    await after.passes(10)
    assert after.bot.texts(PERSON)[-2:] == [shown(HIGH_CARD), ANSWER]


async def test_what_was_read_with_the_talk_is_told_to_it(read_room, reader):
    await says(read_room, "你好")
    await says(read_room, HIDDEN)
    assert reader.talks[-1] == ["你好", ANSWER, HIDDEN]


async def test_who_fears_for_a_friend_is_asked_of_the_friend_and_not_of_themselves(
    read_room, reader, engine
):
    for said in ("我担心我妹妹，她最近总说活着没意思", "我室友好像有自残，我很怕"):
        answer = (await says(read_room, said))[-1]
        assert "你是不是不想活" not in answer
        assert "不要问他自己" in engine.prompts[-1][0].content
    assert shown(question_of_another(Language.ZH_CN)) in "\n".join(read_room.bot.texts(PERSON))


async def test_the_protocol_does_not_ask_beside_a_card_of_the_second_reading(
    open_room, reader, engine
):
    room = open_room(second_readers=[reader], trusted_at_risk=())
    await says(room, "我不想活了")
    reader.finds["坐在这里"] = RiskLevel.IMMINENT
    answered = await says(room, "坐在这里")
    assert len(answered) == 1, "one question a turn, and that is the card's"
