"""Who may use the bot and who runs it, in a whole process: by role, repeated, after a crash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from bot.locales.access import access_texts_for
from bot.locales.complaints import complaint_texts_for
from bot.locales.operators import operator_texts_for
from tests.e2e.house import ADMIN, REDO, House, records
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

DUTY, VIEWER = 9101, 9102
TEXTS = texts_for(Language.ZH_CN)
ACCESS, OPERATOR = access_texts_for(Language.ZH_CN), operator_texts_for(Language.ZH_CN)
SOMEBODY = 8_000_001
"""Has never written to the bot."""
LINE = "12356"


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    """A bot for who was invited, with an admin, one on duty, and one who may look."""
    roles = {"ADMIN_USER_IDS": str(ADMIN), "DUTY_USER_IDS": str(DUTY)}
    more = {"VIEWER_USER_IDS": str(VIEWER), "BURST_WINDOW": "0.2", "ACCESS": "invite"}
    return new_house("invited", roles | more)


@pytest.fixture
async def admin(telegram: Telegram) -> Person:
    return await telegram.someone(ADMIN)


async def asks(person: Person, text: str) -> str:
    """Send a command; the first message that answers it."""
    before = {shown.id for shown in await person.sees()}
    await person.says(text)

    async def answered() -> str | None:
        new = [shown.text for shown in await person.sees() if shown.id not in before]
        return new[0] if new else None

    return await eventually(answered, f"{person.id} is answered")


async def invited(telegram: Telegram, admin: Person) -> Person:
    person = await telegram.person()
    await asks(admin, f"/invite admit {person.id}")
    return person


async def audited(house: House, admin_id: int) -> tuple[str, str, str]:
    """The newest act of somebody: what, to whom, how it ended."""
    async with records(house.bot) as kept:
        entries = await kept.audit.list_recent(20)
        own = next(entry for entry in entries if entry.admin_id == admin_id)
        return own.action, own.target, own.outcome


BY_VIEWERS = {
    "/admin": "你的角色",
    "/stats": "人数",
    "/engine": "引擎",
    "/incident": "这个进程",
}
BY_DUTY = {
    "/close": TEXTS.desk_nothing_to_close,
    "/pass": TEXTS.desk_nothing_to_close,
    "/complaints": OPERATOR.complaint_usage,
}
BY_ADMINS = {
    "/ban": OPERATOR.ban_usage,
    f"/ban {SOMEBODY} 骚扰": OPERATOR.ban_done(number=SOMEBODY),
    f"/unban {SOMEBODY + 1}": OPERATOR.unban_not_banned(number=SOMEBODY + 1),
    f"/quota {SOMEBODY} 5": OPERATOR.quota_shown(number=SOMEBODY, used=0, of="5"),
    "/invite list": OPERATOR.invite_none,
    f"/grant {SOMEBODY + 2} viewer": OPERATOR.role_granted(
        number=SOMEBODY + 2, role=OPERATOR.role_viewer
    ),
    f"/revoke {SOMEBODY + 3}": OPERATOR.role_none(number=SOMEBODY + 3),
    "/maintenance": OPERATOR.maintenance_off,
    "/broadcast": OPERATOR.cast_usage,
}


@pytest.mark.parametrize("command", [*BY_VIEWERS, *BY_DUTY, *BY_ADMINS])
async def test_a_command_as_admin_repeated_as_duty_as_viewer_and_as_nobody(
    command: str, house: House, telegram: Telegram, admin: Person
) -> None:
    answer = (BY_VIEWERS | BY_DUTY | BY_ADMINS)[command].strip()
    assert answer in await asks(admin, command)
    assert answer in await asks(admin, command)
    for role, theirs in ((DUTY, BY_VIEWERS | BY_DUTY), (VIEWER, BY_VIEWERS)):
        said = await asks(await telegram.someone(role), command)
        if command in theirs:
            assert answer in said
        else:
            assert said == TEXTS.unknown_command
            assert (await audited(house, role))[2] == "refused"
    nobody = await invited(telegram, admin)
    assert await asks(nobody, command) == TEXTS.unknown_command
    name = command.split()[0].removeprefix("/")
    assert await audited(house, nobody.id) == (name, "other", "refused")


async def test_the_audit_is_read_by_admins_alone(telegram: Telegram, admin: Person) -> None:
    nobody = await invited(telegram, admin)
    assert f"invite {nobody.id}: admitted" in await asks(admin, "/audit")
    assert "audit -: shown" in await asks(admin, "/audit 1")
    for person in (nobody, await telegram.someone(DUTY), await telegram.someone(VIEWER)):
        assert await asks(person, "/audit") == TEXTS.unknown_command


async def test_who_is_not_invited_reads_so_and_in_danger_gets_the_card(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    stranger = await telegram.person()
    refused = ACCESS.refused_invite.text.partition("\n")[0]
    said = await asks(stranger, "你好呀")
    assert said.startswith(refused)
    assert LINE in said
    assert not engine.prompts("你好呀")
    for command in ("/help", "/ban 5", "/dance"):
        assert (await asks(stranger, command)).startswith(refused)

    await stranger.says("我不想活了，真的撑不住")
    card = await stranger.hears("", button=TEXTS.risk_button_safe)
    assert LINE in card.text


async def test_a_banned_person_in_danger_gets_the_card(
    telegram: Telegram, admin: Person, house: House
) -> None:
    person = await invited(telegram, admin)
    await person.says("先聊两句天气")
    await person.hears("先聊两句天气", button=REDO)
    await asks(admin, f"/ban {person.id} 不公开的原因")
    said = await asks(person, "还在吗")
    assert said.startswith(ACCESS.refused_banned.text.partition("\n")[0])
    assert "不公开的原因" not in said
    await person.says("我不想活了，真的撑不住")
    assert LINE in (await person.hears("", button=TEXTS.risk_button_safe)).text
    await person.says("/complain 我没有骚扰谁")
    taken = complaint_texts_for(Language.ZH_CN).taken.text.partition("{")[0]
    await person.hears(taken)


async def test_an_invite_lets_in_one_and_no_second(telegram: Telegram, admin: Person) -> None:
    made = await asks(admin, "/invite")
    code = re.search(r"start=invite-([A-Z2-7]{16})", made)
    assert code is not None
    first, second = await telegram.person(), await telegram.person()
    assert await asks(first, f"/start invite-{code[1]}") == ACCESS.invite_welcome
    await first.says("我进来了，你好")
    await first.hears("我进来了，你好", button=REDO)
    gone = ACCESS.invite_gone.text.partition("\n")[0]
    assert (await asks(second, f"/start invite-{code[1]}")).startswith(gone)

    async def pictured() -> bool:
        files = [shown.body.get("document", {}) for shown in await admin.sees()]
        return any(file.get("mime_type") == "image/png" for file in files)

    await eventually(pictured, "the code is shown as a picture, too")


async def test_in_maintenance_words_wait_and_are_answered_afterwards(
    telegram: Telegram, admin: Person
) -> None:
    person = await invited(telegram, admin)
    assert "维护中" in await asks(admin, "/maintenance on")
    assert await asks(person, "等得到回答吗") == ACCESS.paused
    await asks(admin, "/maintenance off")
    await person.hears("等得到回答吗", button=REDO)


async def test_an_admin_erases_who_cannot_write_any_more(
    house: House, telegram: Telegram, admin: Person
) -> None:
    person = await invited(telegram, admin)
    await person.says("这一句要被删掉")
    await person.hears("这一句要被删掉", button=REDO)
    await admin.says(f"/erase {person.id}")
    question = await admin.hears(OPERATOR.erase_ask(number=person.id), button="确认")
    await admin.presses("确认", question)
    await admin.hears(OPERATOR.erase_done(number=person.id, count=1))
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == []
    assert await audited(house, ADMIN) == ("erase", str(person.id), "done")


async def test_a_broadcast_cut_off_by_kill_9_goes_on_and_repeats_nobody(
    house: House, telegram: Telegram, admin: Person
) -> None:
    people = [await invited(telegram, admin) for _ in range(14)]
    for person in people:
        await asks(person, "/about")
    words = "周日凌晨停机一小时，你写的都在"
    await admin.says(f"/broadcast {words}")
    question = await admin.hears("收不回来", button="确认")
    await admin.presses("确认", question)

    async def heard() -> list[int]:
        return [sum(shown.text == words for shown in await person.sees()) for person in people]

    async def has_begun() -> bool:
        return sum(await heard()) >= 3

    await eventually(has_begun, "some have read it")
    house.bot.kill()
    house.bot.start()
    report = await admin.hears("群发 #1：已发")
    counts = await heard()
    assert max(counts) == 1
    unsure = re.search(r"不确定 (\d+)", report.text)
    assert unsure is not None
    assert int(unsure[1]) <= 1
    assert sum(counts) >= len(people) - int(unsure[1])
    assert "还没发 0" in report.text
