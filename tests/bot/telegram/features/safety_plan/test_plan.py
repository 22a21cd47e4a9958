"""/plan: six steps by buttons and short answers, its person's alone, and never a model's."""

from __future__ import annotations

import json
import random

import pytest

from bot.locales import Language, texts_for
from bot.safety import Assessment, RiskLevel
from bot.storage import DatabaseUnavailable, PlanStep
from bot.telegram.features.safety_plan.keyboards import parse_plan_button
from bot.telegram.features.safety_plan.pages import (
    MAX_LINE,
    MAX_LINES,
    lines_on_card,
    ready_lines,
)
from tests.bot.telegram.features.safety_plan.conftest import WORDS, Writer
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, PHOTO, edit, message, press

HIGH = "我不想活了"
ANSWERS = ("睡不着", "出门走走", "图书馆", "妈妈 13800138000", "三院的陈医生", "药放妹妹那里")


async def test_six_answers_make_a_plan_and_no_model_reads_any(writer):
    await writer.begins()
    for answer, step in zip(ANSWERS, PlanStep, strict=True):
        assert WORDS.place_in_order(count=step.number) in writer.sees
        await writer.types(answer)
    assert await writer.lines() == {s.value: (a,) for s, a in zip(PlanStep, ANSWERS, strict=True)}
    assert writer.sees.startswith(WORDS.noted(lines=f"· {ANSWERS[-1]}"))
    assert all(answer in writer.sees for answer in ANSWERS)
    assert "12356" in writer.sees
    assert WORDS.owner in writer.sees
    assert writer.sees.index("12356") < writer.sees.index(WORDS.own_words)
    assert writer.asked_the_model == 0
    assert await writer.room.turns() == []


async def test_who_has_no_plan_reads_what_it_is_and_what_is_written_next_is_talk(writer):
    await writer.types("/plan")
    assert writer.sees == WORDS.intro
    await writer.types("今天好累")
    assert writer.asked_the_model == 1
    assert await writer.lines() == {}


async def test_a_burst_is_one_answer_a_line_a_message(open_room):
    writer = Writer(open_room(burst_window=1.0))
    await writer.begins()
    await writer.room.arrive(message("睡不着"), message("不想吃饭"))
    await writer.room.passes(5)
    assert await writer.lines() == {"signs": ("睡不着", "不想吃饭")}
    assert WORDS.name_alone in writer.sees


async def test_ready_lines_are_added_and_dropped_by_their_buttons(writer):
    await writer.begins()
    first, second, *_ = ready_lines(WORDS, PlanStep.SIGNS)
    for _ in range(2):
        await writer.presses("plan:add:signs:0")
    await writer.presses("plan:add:signs:1")
    assert await writer.lines() == {"signs": (first, second)}
    assert "plan:drop:signs:0" in writer.buttons
    await writer.presses("plan:drop:signs:0")
    assert await writer.lines() == {"signs": (second,)}
    await writer.presses("plan:wipe:signs")
    assert writer.sees == WORDS.clear_ask
    assert await writer.lines() == {"signs": (second,)}
    await writer.presses("plan:keep:signs")
    assert second in writer.sees
    await writer.presses("plan:wipe:signs")
    await writer.presses("plan:clear:signs")
    assert await writer.lines() == {}
    assert writer.sees.startswith(WORDS.place_in_order(count=1))


async def test_skip_back_and_stop_by_button_and_in_words(writer):
    await writer.begins()
    await writer.presses("plan:ask:alone")
    assert WORDS.name_alone in writer.sees
    await writer.types("跳过")
    assert WORDS.name_company in writer.sees
    await writer.types("上一步")
    assert WORDS.name_alone in writer.sees
    await writer.types("先不写了")
    assert writer.sees == WORDS.stopped_empty
    assert await writer.lines() == {}
    await writer.types("今天好累")
    assert writer.asked_the_model == 1


async def test_a_step_is_changed_alone_and_the_plan_is_shown_behind_it(writer):
    await writer.begins()
    await writer.types("睡不着")
    await writer.types("/plan")
    await writer.presses("plan:steps")
    await writer.presses("plan:edit:place")
    await writer.types("刀放在姐姐家")
    assert await writer.lines() == {"signs": ("睡不着",), "place": ("刀放在姐姐家",)}
    assert WORDS.title in writer.sees


async def test_deleting_asks_and_then_nothing_is_left(writer):
    await writer.begins()
    await writer.types("睡不着")
    await writer.types("/plan")
    await writer.presses("plan:delete")
    await writer.presses("plan:show")
    assert await writer.lines() == {"signs": ("睡不着",)}
    await writer.presses("plan:delete")
    await writer.presses("plan:forget")
    assert writer.sees == WORDS.deleted
    assert await writer.lines() == {}
    assert await writer.room.storage.safety_plans.asked(PERSON) is None


async def test_an_edited_answer_changes_its_line(writer):
    await writer.begins()
    sent = await writer.types("睡不着")
    await writer.room.arrive(edit(sent, "三点还醒着"))
    await writer.room.passes(5)
    assert await writer.lines() == {"signs": ("三点还醒着",)}
    await writer.room.arrive(edit(sent, HIGH))
    await writer.room.passes(5)
    assert await writer.lines() == {"signs": ("三点还醒着",)}
    assert "12356" in writer.sees


async def test_danger_is_no_line_its_card_comes_and_the_plan_waits(writer):
    await writer.begins()
    question = writer.newest
    await writer.types(HIGH)
    assert await writer.lines() == {}
    assert any("12356" in text for text in writer.room.bot.texts(PERSON))
    waiting = writer.room.bot.shown[PERSON, question][1].inline_keyboard
    assert [button.callback_data for row in waiting for button in row] == ["plan:ask:signs"]
    await writer.types("嗯")
    assert await writer.lines() == {}
    await writer.presses("plan:ask:signs", message_id=question)
    assert writer.room.bot.shown[PERSON, question][0].startswith(WORDS.set_aside)
    await writer.types("又开始那样想了")
    await writer.types("/plan")
    assert await writer.lines() == {"signs": ("又开始那样想了",)}
    await writer.presses("plan:clear:signs")
    assert WORDS.set_aside not in writer.sees
    await writer.types("睡不着")
    assert await writer.lines() == {"signs": ("睡不着",)}


async def test_an_answer_to_what_was_asked_since_is_no_line(writer):
    await writer.begins()
    await writer.room.arrive(
        edit(message("早上好"), HIGH)
    )  # a card by an edit: the plan stays open
    await writer.room.passes(5)
    await writer.types("不安全")
    assert await writer.lines() == {}


async def test_a_line_that_sounds_of_need_is_kept_and_not_passed_over(writer):
    await writer.begins()
    await writer.types("觉得活着没意思")
    lines = await writer.lines()
    said = writer.room.bot.texts(PERSON)
    # Either it was danger enough for a card, or it is a line beside which help is named.
    assert any("12356" in text for text in said) or (
        lines == {"signs": ("觉得活着没意思",)}
        and WORDS.noted_in_need(lines="· 觉得活着没意思") in writer.sees
    )


async def test_what_is_not_kept_is_said_and_no_model_reads_it(writer):
    await writer.begins()
    await writer.types("长" * (MAX_LINE + 1))
    assert writer.sees == WORDS.too_long
    assert await writer.lines() == {}
    assert writer.asked_the_model == 0
    await writer.types("短一点")
    assert await writer.lines() == {"signs": ("短一点",)}


async def test_the_number_of_ones_own_doctor_stands_apart_from_the_checked_ones(writer):
    await writer.begins()
    await writer.presses("plan:ask:professionals")
    await writer.types("陈医生 010-62345678")
    await writer.types("/plan")
    own = f"{WORDS.own_words}\n· 陈医生 010-62345678"
    assert own in writer.sees
    assert writer.sees.index("12356") < writer.sees.index(own)


async def test_a_long_line_is_told_where_to_go_on_talking(writer):
    await writer.begins()
    await writer.types(
        "星期天下午把屋子扫一遍，衣服洗了晒上，晚饭自己包几个饺子，一边听收音机一边吃"
    )
    assert WORDS.talk_on in writer.sees
    await writer.types("喝茶")
    assert WORDS.talk_on not in writer.sees


async def test_a_step_that_is_full_takes_no_more(writer):
    await writer.begins()
    for number in range(MAX_LINES):
        await writer.presses("plan:ask:signs")
        await writer.types(f"第 {number} 句")
    await writer.presses("plan:ask:signs")
    await writer.types("还有一句")
    assert writer.sees == WORDS.full
    await writer.presses("plan:add:signs:0")
    assert len((await writer.lines())["signs"]) == MAX_LINES
    assert writer.room.bot.answered[-1][1] == WORDS.full


async def test_a_question_of_an_hour_ago_takes_nothing_any_more(writer):
    await writer.begins()
    await writer.room.passes(3601)
    await writer.types("晚饭吃了面")
    assert await writer.lines() == {}
    assert writer.asked_the_model == 1


async def test_pictures_and_forwards_are_no_lines(writer):
    await writer.begins()
    await writer.room.arrive(message(photo=PHOTO, caption="看这个"))
    await writer.room.passes(5)
    forwarded = {"type": "hidden_user", "sender_user_name": "某人", "date": 1}
    await writer.types("别人的话", forward_origin=forwarded)
    assert await writer.lines() == {}
    await writer.types("睡不着")
    assert await writer.lines() == {"signs": ("睡不着",)}


async def test_a_line_whose_handling_was_cut_off_is_kept_once_and_the_next_step_asked(
    writer, monkeypatch
):
    await writer.begins()
    inbox = writer.room.storage.inbox
    finish_all, cuts = type(inbox).finish_all, iter([True])

    async def cut_off(self, update_ids):
        if next(cuts, False):
            raise DatabaseUnavailable
        await finish_all(self, update_ids)

    monkeypatch.setattr(type(inbox), "finish_all", cut_off)
    await writer.types("睡不着")
    await writer.room.arrive(message("又来一句"))
    await writer.room.sweep()
    await writer.room.passes(5)
    lines = await writer.lines()
    assert sum(line.count("睡不着") for of_step in lines.values() for line in of_step) == 1
    assert sum(line.count("又来一句") for of_step in lines.values() for line in of_step) == 1
    assert writer.asked_the_model == 0


@pytest.mark.parametrize("is_on_its_way", [True, False])
async def test_a_process_that_ends_at_every_step_loses_and_repeats_nothing(
    open_room, is_on_its_way
):
    writer = Writer(open_room())
    await writer.begins()
    for answer, step in zip(ANSWERS, PlanStep, strict=True):
        assert WORDS.place_in_order(count=step.number) in writer.sees
        if is_on_its_way:
            await writer.room.store(message(answer))
        await writer.room.aclose()
        writer.room = open_room()
        if is_on_its_way:
            await writer.room.storage.inbox.release_others()
            await writer.room.sweep()
            await writer.room.passes(5)
        else:
            await writer.types(answer)
    assert await writer.lines() == {s.value: (a,) for s, a in zip(PlanStep, ANSWERS, strict=True)}
    assert WORDS.owner in writer.sees
    assert writer.asked_the_model == 0


async def test_in_a_group_it_says_nothing_of_a_plan_and_shows_the_way(room):
    await room.arrive(message("/plan@shudong_bot", chat=GROUP))
    await room.passes(5)
    assert room.bot.texts(GROUP) == [TEXTS.private_here]
    [(_, keyboard)] = [shown for (chat, _), shown in room.bot.shown.items() if chat == GROUP]
    assert keyboard.inline_keyboard[0][0].url == "https://t.me/shudong_bot?start=plan"


async def test_the_link_from_a_group_opens_the_plan(writer):
    await writer.types("/start plan")
    assert writer.sees == WORDS.intro


async def test_buttons_in_a_group_do_nothing(writer):
    await writer.begins()
    for person in (PERSON, OTHER):
        await writer.room.arrive(press("plan:add:signs:0", person=person, chat=GROUP))
        await writer.room.passes(5)
        assert writer.room.bot.answered[-1][1] == TEXTS.button_expired
        assert (await writer.room.storage.safety_plans.for_user(person)).lines == {}


async def test_the_card_carries_its_first_lines_and_in_a_group_none(writer):
    await writer.begins()
    for answer in ANSWERS:
        await writer.types(answer)
    await writer.types(HIGH, chat=GROUP)
    assert not any("出门走走" in text for text in writer.room.bot.texts(GROUP))
    await writer.types(HIGH)
    assert not any("出门走走" in text for text in writer.room.bot.texts(GROUP))
    own = WORDS.on_card(lines="· 出门走走\n· 图书馆\n· 妈妈 13800138000")
    card = next(text for text in writer.room.bot.texts(PERSON) if own in text)
    assert card.index("出门走走") < card.index("12356")


NOTHING = (
    *(
        "没有",
        "没人",
        "没有人",
        "一个人都没有",
        "谁都没有",
        "真的没有",
        "我没有朋友",
        "不知道",
        "想不出来",
    ),
    *(
        "没谁",
        "嗯…没有吧",
        "没有，真的没有",
        "無",
        "沒有人",
        "想不到誰",
        "none",
        "No one.",
        "nobody",
    ),
    *("I have no one", "I don't know", "没有人会来的", "没人在乎我", "谁也不会管我", "都没有"),
)


@pytest.mark.parametrize("said", NOTHING)
async def test_who_has_nobody_leaves_the_step_open_and_no_card_says_so(writer, said):
    await writer.begins()
    await writer.presses("plan:ask:people")
    await writer.types(said)
    assert await writer.lines() == {}
    assert writer.sees.startswith(f"{WORDS.no_one_yet}\n\n{WORDS.place_in_order(count=5)}")
    # ... nor where it was kept before it was understood.
    await writer.room.storage.safety_plans.add(PERSON, PlanStep.PEOPLE, said, at_most=6)
    plan = await writer.room.storage.safety_plans.for_user(PERSON)
    assert lines_on_card(WORDS, plan) is None


@pytest.mark.parametrize(
    "said", ["没有人比我妈更懂我", "小雨", "没电话，去找她", "只有我姐", "老张，没有微信", "吴老师"]
)
async def test_who_has_somebody_is_not_taken_for_alone(writer, said):
    await writer.begins()
    await writer.presses("plan:ask:people")
    await writer.types(said)
    assert await writer.lines() == {"people": (said,)}


async def test_ones_own_line_comes_before_a_ready_one_on_the_card(writer):
    await writer.begins()
    await writer.presses("plan:ask:alone")
    await writer.presses("plan:add:alone:1")
    await writer.types("给小雨打个电话")
    plan = await writer.plan()
    assert lines_on_card(WORDS, plan) == WORDS.on_card(lines="· 给小雨打个电话")


async def test_the_plan_shows_no_gaps_and_says_once_that_some_are_open(writer):
    await writer.begins()
    await writer.types("睡不着")
    await writer.presses("plan:stop")
    assert writer.sees.startswith(WORDS.stopped)
    assert WORDS.left_open(count=4) in writer.sees
    assert WORDS.name_people not in writer.sees
    assert writer.buttons == ["plan:ask:alone", "plan:edit:place", "plan:steps", "plan:delete"]


async def test_the_last_word_says_where_it_is_found(writer):
    await writer.begins()
    await writer.presses("plan:ask:place")
    await writer.presses("plan:add:place:1")
    await writer.presses("plan:done")
    assert writer.sees.startswith(WORDS.finished)


async def test_what_is_on_the_card_is_read_as_no_markup(writer):
    await writer.begins()
    await writer.presses("plan:ask:alone")
    await writer.types("**洗澡** `[x](https://evil.example)`")
    await writer.types(HIGH)
    assert any("· 洗澡 x(https://evil.example)" in text for text in writer.room.bot.texts(PERSON))


async def test_a_database_that_is_away_does_not_keep_the_card_back(writer, database_switch):
    await writer.begins()
    await writer.presses("plan:add:alone:0")
    database_switch.is_away = True
    writer.room.crisis.send_unrecorded(
        writer.room.crisis.risk_signal(
            Assessment(RiskLevel.HIGH),
            chat_id=PERSON,
            user_id=PERSON,
            language_code="zh",
            update_id=77,
        )
    )
    await writer.room.passes(5)
    assert "12356" in writer.sees
    database_switch.is_away = False


async def test_whose_only_trace_is_a_plan_gets_it_exported_and_erased(writer, monkeypatch):
    await writer.begins()
    await writer.types("睡不着")
    files = []
    send = writer.room.outbox.send_document

    async def keep(chat_id, document, **more):
        files.append(json.loads(document))
        return await send(chat_id, document, **more)

    monkeypatch.setattr(writer.room.outbox, "send_document", keep)
    await writer.types("/export")
    assert [file["safety_plan"] for file in files] == [{"signs": ["睡不着"]}]
    await writer.types("/erase")
    await writer.presses(f"erase:yes:{PERSON}")
    assert await writer.lines() == {}


@pytest.mark.parametrize("data", ["", "ask", "ask:7", "add:signs", "add:signs:x", "show:signs"])
def test_data_that_no_button_has_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011  (any refusal will do)
        parse_plan_button(data.split(":"))


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_pressed_in_whatever_order_the_plan_says_what_was_typed(writer, seed):
    choose = random.Random(seed)
    await writer.begins()
    for number in range(30):
        before, asked = await writer.lines(), await writer.room.storage.safety_plans.asked(PERSON)
        if choose.random() < 0.35:
            text = f"第 {number} 句话"
            prompts = writer.asked_the_model
            await writer.types(text)
            step = asked.step if asked is not None else None
            if step is None:
                assert await writer.lines() == before
                assert writer.asked_the_model == prompts + 1
                continue
            assert writer.asked_the_model == prompts
            is_full = len(before.get(step, ())) == MAX_LINES
            expected = before.get(step, ()) + (() if is_full else (text,))
            assert await writer.lines() == before | ({step.value: expected} if expected else {})
            continue
        shown = [
            (button.callback_data, message_id)
            for (chat, message_id), (_, keyboard) in writer.room.bot.shown.items()
            if chat == PERSON and keyboard
            for row in keyboard.inline_keyboard
            for button in row
            if button.callback_data.startswith("plan:")
        ]
        old = [("plan:ask:people", 1), ("plan:add:alone:1", 1), ("plan:stop", 1)]
        data, message_id = choose.choice([*shown, *old])
        for _ in range(choose.choice((1, 1, 2))):
            await writer.presses(data, message_id=message_id)
        _, action, *about = data.split(":")
        gone = action in {"clear", "drop", "forget"}
        now = await writer.lines()
        ready = {line for step in PlanStep for line in ready_lines(WORDS, step)}
        typed = {(step, line) for step, lines in before.items() for line in lines} - {
            (step, line) for step, lines in before.items() for line in lines if line in ready
        }
        kept = {(step, line) for step, lines in now.items() for line in lines}
        if not gone:
            assert typed <= kept
        elif action == "clear":
            assert typed - {one for one in typed if one[0] == about[0]} <= kept
    assert writer.room.update_handler.held == []


@pytest.mark.parametrize("language", Language)
async def test_every_language_shows_every_page(room, language):
    from bot.locales.plan import plan_texts_for

    code = {"zh-CN": "zh-hans", "zh-TW": "zh-hant", "en": "en"}[language.value]
    texts = plan_texts_for(language)
    for step in PlanStep:
        update = press(f"plan:ask:{step}", message_id=1)
        update["callback_query"]["from"]["language_code"] = code
        await room.arrive(update)
        await room.passes(5)
        shown = room.bot.texts(PERSON)[-1]
        assert getattr(texts, f"name_{step}") in shown
        assert texts.how in shown
    assert texts_for(language).command_plan
