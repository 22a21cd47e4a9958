"""What admins may do, what others may not, and what is written down of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.house import ADMIN, OTHER_ADMIN, REDO, House, records

if TYPE_CHECKING:
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine


async def audited(house: House, number: int = 1) -> list[tuple[int, str, str]]:
    """The newest acts, newest first: who, to whom, with what outcome."""
    async with records(house.bot) as kept:
        return [(e.admin_id, e.target, e.outcome) for e in await kept.audit.list_recent(number)]


async def remembers(person: Person, engine: ScriptedEngine, question: str) -> bool:
    """Whether the engine is told of earlier turns when `person` asks `question`."""
    await person.says(question)
    await person.hears(question, button=REDO)
    return len(engine.prompts(question)[-1]) > 2


@pytest.fixture
async def admin(telegram: Telegram) -> Person:
    return await telegram.someone(ADMIN)


@pytest.fixture
async def person(telegram: Telegram) -> Person:
    person = await telegram.person()
    await person.says("这是要被记住的话")
    await person.hears("这是要被记住的话", button=REDO)
    return person


async def test_an_admin_can_make_the_bot_forget_one_person(
    house: House, telegram: Telegram, engine: ScriptedEngine, admin: Person, person: Person
) -> None:
    other = await telegram.person()
    await other.says("我也说过一句话")
    await other.hears("我也说过一句话", button=REDO)

    await admin.says(f"/reset {person.id}")
    question = await admin.hears(f"要让树洞忘记用户 {person.id}", button="确认")
    await admin.presses("确认", question)
    await admin.hears(f"已忘记用户 {person.id} 的对话")

    assert await audited(house) == [(ADMIN, str(person.id), "done")]
    assert not await remembers(person, engine, "单独忘掉之后还记得吗")
    assert await remembers(other, engine, "没被忘掉的人还记得吗")


async def test_an_admin_can_make_the_bot_forget_everybody(
    house: House, telegram: Telegram, engine: ScriptedEngine, admin: Person, person: Person
) -> None:
    await admin.says("/reset all")
    question = await admin.hears("忘记所有人", button="确认")
    await admin.presses("确认", question)
    await admin.hears("位用户的对话")

    assert await audited(house) == [(ADMIN, "all", "done")]
    assert not await remembers(person, engine, "全部忘掉之后还记得吗")


async def test_an_admin_can_think_better_of_it(
    house: House, engine: ScriptedEngine, admin: Person, person: Person
) -> None:
    await admin.says(f"/reset {person.id}")
    question = await admin.hears(f"要让树洞忘记用户 {person.id}", button="取消")
    await admin.presses("取消", question)

    assert (await admin.hears("已取消")).id == question.id
    assert await audited(house) == [(ADMIN, str(person.id), "cancelled")]
    assert await remembers(person, engine, "取消之后还记得吗")


async def test_others_are_refused_in_plain_words(
    house: House, engine: ScriptedEngine, person: Person
) -> None:
    await person.says("/reset all")

    refusal = await person.hears("只有管理员能用")
    assert not refusal.buttons
    assert await audited(house) == [(person.id, "other", "refused")]
    assert await remembers(person, engine, "被拒绝之后还记得吗")


async def test_nobody_else_can_confirm_for_the_admin_who_asked(
    house: House, telegram: Telegram, engine: ScriptedEngine, admin: Person, person: Person
) -> None:
    nobody, other_admin = await telegram.person(), await telegram.someone(OTHER_ADMIN)
    group = await telegram.group()
    await admin.says("/reset@shudong_bot all", chat=group)
    question = await admin.hears("忘记所有人", button="确认", chat=group)

    for presser, named in ((nobody, "other"), (other_admin, "all")):
        assert "另一位管理员" in await presser.presses("确认", question, chat=group)
        assert await audited(house) == [(presser.id, named, "refused")]

    assert await remembers(person, engine, "别人按了之后还记得吗")


@pytest.mark.parametrize(
    ("argument", "answer"), [("nonsense", "用法：/reset"), ("77777777", "没有找到用户 77777777")]
)
async def test_a_wrong_argument_is_explained(argument: str, answer: str, admin: Person) -> None:
    await admin.says(f"/reset {argument}")

    await admin.hears(answer)


async def test_only_admins_see_the_admins_menu(telegram: Telegram, admin: Person) -> None:
    person = await telegram.person()

    assert "管理员" in (await telegram.menu(ADMIN))["reset"]
    assert "管理员" not in (await telegram.menu(person.id))["reset"]
