"""What somebody sees who writes to the bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from inference.persona import SYSTEM_PROMPT
from tests.e2e.house import REDO, STOP, House, Kept, records
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine


async def test_what_was_said_is_answered_and_kept(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("今天下班路上突然很想哭", "先让眼泪流一会儿吧，我陪着你。")

    await person.says("今天下班路上突然很想哭")

    await person.hears("先让眼泪流一会儿吧，我陪着你。", button=REDO)
    assert len(await person.sees()) == 1
    assert engine.prompts("今天下班路上突然很想哭")[0][0]["role"] == "system"
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [
            Kept("今天下班路上突然很想哭", "先让眼泪流一会儿吧，我陪着你。", "answered")
        ]


async def test_an_answer_grows_in_one_message(telegram: Telegram, engine: ScriptedEngine) -> None:
    person = await telegram.person()
    answer = "慢慢来，一件一件说给我听，不用着急，今晚有的是时间。"
    engine.answers("事情太多了", answer)
    engine.fake.token_delay = 0.12

    await person.says("事情太多了，不知道从哪里讲起")

    growing = await person.hears("慢", button=STOP)
    assert answer.startswith(growing.text)
    assert growing.text != answer
    final = await person.hears(answer, button=REDO)
    assert final.id == growing.id
    assert len(await person.sees()) == 1
    assert len(await telegram.calls("editMessageText", person.id)) >= 2


async def test_someone_who_waits_long_sees_a_sign_of_life(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("你会一直在吗", "在")
    engine.fake.token_delay = 1.0

    await person.says("你会一直在吗")

    waiting = await person.hears("…", button=STOP)
    final = await person.hears("在", button=REDO)
    assert final.id == waiting.id


async def test_the_next_turn_knows_what_was_said_before(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("我家的猫叫团团", "团团，真好听的名字。")
    engine.answers("你还记得它的名字吗", "记得，是团团。")

    await person.says("我家的猫叫团团")
    await person.hears("团团，真好听的名字。", button=REDO)
    await person.says("你还记得它的名字吗")
    await person.hears("记得，是团团。", button=REDO)

    _, *talk = engine.prompts("你还记得它的名字吗")[0]
    assert [entry["content"] for entry in talk] == [
        "我家的猫叫团团",
        "团团，真好听的名字。",
        "你还记得它的名字吗",
    ]


async def test_twenty_people_writing_at_once_are_each_answered_in_order(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    people = [await telegram.person() for _ in range(20)]

    async def writes_three_lines(number: int) -> None:
        for line in "甲乙丙":
            await people[number].says(f"第{number}个人的{line}句话")

    await asyncio.gather(*(writes_three_lines(number) for number in range(20)))

    for number, person in enumerate(people):
        await person.hears(f"第{number}个人的丙句话", button=REDO)
    async with records(house.bot) as kept:
        for number, person in enumerate(people):
            turns = await kept.turns(person.id)
            said = "\n".join(turn.said for turn in turns)
            assert said.split("\n") == [f"第{number}个人的{line}句话" for line in "甲乙丙"]
            shown = [message.text for message in await person.sees()]
            assert shown == [turn.answer for turn in turns]
            assert shown == [f"我听见了：{turn.said}" for turn in turns]


async def test_the_longest_message_arrives_whole(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    long = "".join(f"第{number}天，我还是没有睡好。" for number in range(400))[:4096]
    engine.answers(long[-20:], "我都读完了。")

    await person.says(long)

    await person.hears("我都读完了。", button=REDO)
    assert engine.prompts(long[-20:])[0][-1]["content"] == long


async def test_emoji_survive_the_whole_way(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    said = "今天🥲👨‍👩‍👧 一家人𠮷野家吃饭，还是觉得孤单🌧️"
    answer = "抱抱你🤗，𠮷野家的热气也暖不了心里的雨☔。"
    engine.answers("一家人𠮷野家吃饭", answer)

    await person.says(said)

    assert (await person.hears(answer, button=REDO)).text == answer
    assert engine.prompts("一家人𠮷野家吃饭")[0][-1]["content"] == said
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [Kept(said, answer, "answered")]


async def test_an_answer_too_long_for_one_message_goes_on_in_the_next(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    answer = "".join(f"第{number}句：夜再长，也会有亮起来的时候。" for number in range(300))
    engine.answers("给我讲很长很长的故事", answer)

    await person.says("给我讲很长很长的故事")

    await person.hears("第299句", button=REDO)
    parts = await person.sees()
    assert "".join(part.text for part in parts) == answer
    assert all(len(part.text.encode("utf-16-le")) <= 2 * 4096 for part in parts)
    assert [REDO in part.buttons for part in parts] == [False] * (len(parts) - 1) + [True]


async def test_markdown_is_shown_as_formatting(telegram: Telegram, engine: ScriptedEngine) -> None:
    person = await telegram.person()
    engine.answers("给我三个小建议", "**先喝口水**😀，再试试：\n\n- 数到*十*\n- `4-7-8` 呼吸")

    await person.says("给我三个小建议")

    shown = await person.hears("先喝口水", button=REDO)
    assert "*" not in shown.text
    assert {("bold", "先喝口水"), ("italic", "十"), ("code", "4-7-8")} <= set(shown.entities)


async def test_stop_ends_an_answer_where_it_is(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("先说到这里", "这一句还没有，说完就会被打断")
    engine.hold_after(8)

    await person.says("先说到这里吧我有点累")
    await person.hears("这一句还没有，", button=STOP)
    await person.says("/stop")

    stopped = await person.hears("停在这里了", button=REDO)
    assert stopped.text.startswith("这一句还没有，\n")
    assert len(await person.sees()) == 1
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [
            Kept("先说到这里吧我有点累", "这一句还没有，", "stopped")
        ]


async def test_the_stop_button_ends_the_answer_and_the_generation(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("按钮也能停", "按下去，就会停住的一句话")
    engine.hold_after(5)
    aborted = engine.fake.aborted

    await person.says("按钮也能停吗")
    growing = await person.hears("按下去，", button=STOP)
    await person.presses(STOP, growing)

    stopped = await person.hears("停在这里了", button=REDO)
    assert stopped.id == growing.id

    async def generation_ended() -> bool:
        return engine.fake.aborted > aborted

    await eventually(generation_ended, "the engine stops generating")


async def test_stop_with_nothing_to_stop_says_so(telegram: Telegram) -> None:
    person = await telegram.person()

    await person.says("/stop")

    await person.hears("我现在没有在写")


async def test_redo_puts_another_answer_into_the_same_message(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("换一种说法好吗", "这是第一种说法。", "这是第二种说法。")

    await person.says("换一种说法好吗")
    first = await person.hears("这是第一种说法。", button=REDO)
    await person.presses(REDO, first)

    second = await person.hears("这是第二种说法。", button=REDO)
    assert second.id == first.id
    assert len(await person.sees()) == 1
    assert len(engine.prompts("换一种说法好吗")[1]) == 2  # the first answer is forgotten
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [
            Kept("换一种说法好吗", "这是第二种说法。", "answered")
        ]


async def test_only_the_last_answer_can_be_redone(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("早一点的那句话")
    old = await person.hears("早一点的那句话", button=REDO)
    await person.says("晚一点的那句话")
    await person.hears("晚一点的那句话", button=REDO)

    assert "只有最后一条" in await person.presses(REDO, old)
    assert len(engine.prompts("早一点的那句话")) == 1


async def test_an_edit_before_the_answer_begins_is_what_is_answered(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("占住这个聊天", "好，我先想一想这一句。")
    engine.hold_after(3)
    await person.says("占住这个聊天")
    busy = await person.hears("好，", button=STOP)

    written = await person.says("这是写错了的一句")
    await person.edits(written, "这是改正过的一句")
    engine.undo_faults()
    await person.presses(STOP, busy)

    await person.hears("我听见了：这是改正过的一句", button=REDO)
    assert not engine.prompts("这是写错了的一句")


async def test_an_edit_while_the_engine_thinks_is_what_is_answered(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(1)
    written = await person.says("还没有开始回答的一句")

    async def is_asked() -> bool:
        return bool(engine.prompts("还没有开始回答的一句"))

    await eventually(is_asked, "the engine was asked")
    engine.undo_faults()
    await person.edits(written, "回答之前改过的一句")

    await person.hears("我听见了：回答之前改过的一句", button=REDO)
    assert len(await person.sees()) == 1
    async with records(house.bot) as kept:
        assert [turn.said for turn in await kept.turns(person.id)] == ["回答之前改过的一句"]


async def test_someone_who_blocked_the_bot_does_not_hold_up_others(
    house: House, telegram: Telegram
) -> None:
    gone, here = await telegram.person(), await telegram.person()
    await gone.says("说完我就走了")
    await telegram.fault("error", chat_id=gone.id, status=403, times=None)
    await gone.says("走之前的最后一句")
    await here.says("我还在这里等你")

    await here.hears("我听见了：我还在这里等你", button=REDO)

    async def noted() -> bool:
        async with records(house.bot) as kept:
            user = await kept.users.get(gone.id)
            return user is not None and user.unreachable_at is not None

    await eventually(noted, "the bot notes that the person is unreachable")
    await telegram.undo_faults()
    await gone.blocks()
    await gone.unblocks()
    await gone.says("我又回来找你了")
    await gone.hears("我又回来找你了", button=REDO)


async def test_an_update_that_telegram_repeats_is_answered_once(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await telegram.fault("reset_after", method="getUpdates", times=2)

    await person.says("这一句会被送来两次")

    await person.hears("这一句会被送来两次", button=REDO)
    await person.says("那一句不要答两遍哦")
    await person.hears("那一句不要答两遍哦", button=REDO)
    assert len(await person.sees()) == 2
    assert len(engine.prompts("这一句会被送来两次")) == 1


async def test_someone_in_danger_gets_the_reviewed_card_before_any_answer(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("人在楼顶", "先往后退一步，我在这里。")

    await person.says("我现在就想跳楼，人在楼顶")

    await person.hears("先往后退一步", button=REDO)
    card, answer = await person.sees()
    assert "我听见了，我很担心你" in card.text
    assert "120" in card.text
    assert answer.text == "先往后退一步，我在这里。"
    assert len(engine.prompts("人在楼顶")[0][0]["content"]) > len(SYSTEM_PROMPT)
    assert "risk_detected" in house.bot.output


async def test_somebody_new_is_told_once_that_this_is_an_ai(telegram: Telegram) -> None:
    person = await telegram.person()
    await person.says("第一次来这里")
    answer = await person.hears("我听见了：第一次来这里", button=REDO)
    notice = await person.hears("我是 AI 陪伴助手，不是真人")
    question = await person.hears("你满 18 岁了吗", button="满了")
    assert notice.id < answer.id < question.id
    assert "好，记下了" in await person.presses("满了", question)

    await person.says("又来了一次这里")
    await person.hears("我听见了：又来了一次这里", button=REDO)
    assert len(await person.sees(notices=True)) == 4
