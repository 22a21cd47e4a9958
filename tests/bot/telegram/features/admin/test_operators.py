"""What operators do in the chat: by role, once confirmed where it is for good, written down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.locales import Language
from bot.locales.access import access_texts_for
from bot.locales.operators import operator_texts_for
from bot.storage import Role
from bot.telegram.access import AccessOptions
from bot.telegram.context import Incident
from tests.bot.telegram.features.handoff.conversations import HIGH, ONCALL_CHAT, takes_over
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.talks import talked, toasts
from tests.bot.telegram.test_feature_declarations import OPERATORS
from tests.bot.telegram.updates import ADMIN, FIRST_MOMENT, GROUP, OTHER, PERSON, message, press

ACCESS, OPERATOR = access_texts_for(Language.ZH_CN), operator_texts_for(Language.ZH_CN)
DUTY, VIEWER, STRANGER = 201, 202, 77
STAFF = AccessOptions(duty=frozenset({DUTY}), viewers=frozenset({VIEWER}))


async def asks(room, text, person=ADMIN, **where):
    await room.arrive(message(text, person=person, **where))
    await room.passes(3)
    return room.bot.texts(where.get("chat", person))[-1]


async def says(room, text, person=STRANGER):
    await room.arrive(message(text, person=person))
    await room.passes(5)


async def acts(room, number=1):
    entries = await room.storage.audit.list_recent(number)
    return [(entry.admin_id, entry.action, entry.target, entry.outcome) for entry in entries]


@pytest.fixture
async def staffed(open_room):
    return open_room(access=STAFF)


@pytest.mark.parametrize("name", sorted(OPERATORS | {"close", "pass"}))
async def test_for_nobody_there_is_no_such_command(staffed, name):
    assert await asks(staffed, f"/{name} 5", STRANGER) == TEXTS.unknown_command
    assert await acts(staffed) == [(STRANGER, name, "other", "refused")]
    assert await asks(staffed, "/dance", STRANGER) == TEXTS.unknown_command


@pytest.mark.parametrize("name", ["ban", "grant", "invite", "maintenance", "quota", "audit"])
@pytest.mark.parametrize("person", [DUTY, VIEWER])
async def test_duty_and_viewers_have_not_what_takes_an_admin(staffed, name, person):
    assert await asks(staffed, f"/{name} 5", person) == TEXTS.unknown_command


async def test_the_menu_shows_each_role_its_own(staffed):
    await asks(staffed, "/admin")
    assert "admin:grant" in staffed.buttons(ADMIN)
    await asks(staffed, "/admin", VIEWER)
    assert staffed.buttons(VIEWER) != []
    assert not {"admin:grant", "admin:ban", "admin:audit"} & set(staffed.buttons(VIEWER))
    await staffed.arrive(press("admin:audit", person=VIEWER, chat=VIEWER))
    assert toasts(staffed) == [TEXTS.button_expired]
    await staffed.arrive(press("admin:audit", person=STRANGER, chat=STRANGER))
    assert toasts(staffed)[-1] == TEXTS.button_expired
    await staffed.arrive(press("admin:audit", person=ADMIN, chat=ADMIN))
    assert "admin -: shown" in staffed.bot.texts(ADMIN)[-1]


async def test_in_a_group_that_is_not_theirs_operators_have_no_commands(open_room):
    room = open_room(admin_chat=ONCALL_CHAT)
    assert await asks(room, "/audit", chat=GROUP) == TEXTS.unknown_command
    assert await asks(room, "/audit", chat=ONCALL_CHAT) != TEXTS.unknown_command


async def test_a_ban_and_its_reason_are_for_admins_and_repeated_they_change_nothing(staffed):
    for _ in range(2):
        assert await asks(staffed, f"/ban {STRANGER} 总在骚扰") == OPERATOR.ban_done(
            number=STRANGER
        )
    assert await acts(staffed) == [(ADMIN, "ban", str(STRANGER), "done")]
    assert "总在骚扰" in await asks(staffed, "/ban")
    await says(staffed, "你好")
    assert staffed.bot.texts(STRANGER)[0].startswith("对不起，这个树洞现在不能")
    for said in (OPERATOR.unban_done, OPERATOR.unban_not_banned):
        assert await asks(staffed, f"/unban {STRANGER}") == said(number=STRANGER)
    await says(staffed, "你好")
    assert ANSWER in staffed.bot.texts(STRANGER)


@pytest.mark.parametrize("text", ["/ban x", "/ban -5", "/ban 0", f"/ban {'9' * 30}", "/unban"])
async def test_who_is_no_id_is_not_banned_and_not_written_down(staffed, text):
    assert await asks(staffed, text) == OPERATOR.ban_usage
    assert (await acts(staffed))[0][2:] == ("-", "usage")


async def test_who_has_a_role_is_not_banned(staffed):
    assert await asks(staffed, f"/ban {DUTY}") == OPERATOR.ban_has_role(number=DUTY)


async def test_an_invite_is_a_link_a_code_and_a_picture(open_room):
    room = open_room(access=AccessOptions(mode="invite"))
    await room.arrive(message("/invite 2 12h", person=ADMIN))
    await room.passes(5)
    made, picture = room.bot.texts(ADMIN)
    assert picture == "invite-1.png"
    [document] = [call for call in room.bot.calls if call.method == "document"]
    assert document.details["document"].startswith(b"\x89PNG")
    code = made.rpartition("invite-")[2]
    assert made.startswith("邀请 #1：可以进 2 个人，到 01-01 15:00 UTC。")
    await says(room, f"/start invite-{code}")
    assert room.bot.texts(STRANGER)[0] == ACCESS.invite_welcome
    assert await asks(room, "/invite list") == OPERATOR.invite_line(
        number=1, used=1, uses=2, until="01-01 15:00 UTC"
    )
    for said in (OPERATOR.invite_revoked, OPERATOR.invite_unknown):
        assert await asks(room, "/invite revoke 1") == said(number=1)
    assert code not in str(await acts(room, 9))


async def test_an_admin_lets_one_person_in_by_their_id(open_room):
    room = open_room(access=AccessOptions(mode="invite"))
    said = OPERATOR.invite_admitted(number=STRANGER)
    assert await asks(room, f"/invite admit {STRANGER}") == said
    await says(room, "你好")
    assert ANSWER in room.bot.texts(STRANGER)


async def test_a_persons_own_limit_takes_the_place_of_everybodys(open_room, engine):
    room = open_room(answers_per_day=5)
    assert await asks(room, f"/quota {STRANGER} 1") == OPERATOR.quota_shown(
        number=STRANGER, used=0, of="1"
    )
    await says(room, "一")
    await says(room, "二")
    assert len(engine.prompts) == 1
    assert "用完了" in room.bot.texts(STRANGER)[-1]
    assert await asks(room, f"/quota {STRANGER} off") == OPERATOR.quota_shown(
        number=STRANGER, used=1, of="5"
    )


async def test_a_role_that_is_given_counts_at_once_and_so_does_its_end(open_room):
    room = open_room(admin_chat=ONCALL_CHAT)
    granted = OPERATOR.role_granted(number=OTHER, role=OPERATOR.role_duty)
    assert await asks(room, f"/grant {OTHER} duty") == granted
    assert room.bot.menus[OTHER][-1] == "admin"
    await says(room, HIGH, PERSON)
    await takes_over(room, admin=OTHER)
    assert (await room.storage.handovers.for_user(PERSON)).admin_id == OTHER

    assert await asks(room, f"/revoke {OTHER}") == OPERATOR.role_revoked(number=OTHER)
    await room.passes(5)
    assert OTHER not in room.bot.menus
    assert await room.storage.handovers.for_user(PERSON) is None
    assert await asks(room, f"/revoke {OTHER}") == OPERATOR.role_none(number=OTHER)
    assert await asks(room, "/admin", OTHER) == TEXTS.unknown_command


async def test_a_role_of_the_settings_is_not_changed_in_the_chat(staffed):
    for text in (f"/grant {DUTY} admin", f"/revoke {DUTY}"):
        assert await asks(staffed, text) == OPERATOR.role_in_settings(number=DUTY)
    assert staffed.access.role_of(DUTY) is Role.DUTY


async def test_in_maintenance_words_wait_are_told_of_once_and_answered_afterwards(staffed, engine):
    await asks(staffed, "/maintenance on")
    await says(staffed, "一")
    await says(staffed, "二")
    assert staffed.bot.texts(STRANGER) == [ACCESS.paused]
    await says(staffed, "我不想活了，今晚就走", PERSON)
    assert "12356" in "".join(staffed.bot.texts(PERSON))
    await staffed.arrive(press("redo:1", person=PERSON, chat=PERSON))
    assert toasts(staffed) == [ACCESS.paused_button]
    answered = len(engine.prompts)
    assert await asks(staffed, "/maintenance off") == OPERATOR.maintenance_off
    assert (await acts(staffed))[0][1:] == ("maintenance", "off", "done")
    await staffed.sweep()
    await staffed.passes(10)
    assert staffed.bot.texts(STRANGER)[-1] == ANSWER
    assert len(engine.prompts) > answered
    await asks(staffed, "/maintenance off")
    assert (await acts(staffed))[0][1:] == ("maintenance", "off", "was so already")


async def test_faults_are_shown_by_name(open_room):
    incidents = [Incident("turn_lost", 3, datetime(2026, 1, 1, 2, 0, tzinfo=UTC))]
    room = open_room(incidents=incidents, access=STAFF)
    assert "turn_lost  3 次，最后 01-01 02:00 UTC" in await asks(room, "/incident", VIEWER)


async def test_an_admin_erases_who_cannot_write_any_more_once_it_is_confirmed(staffed):
    await talked(staffed)
    assert await asks(staffed, f"/erase {PERSON}") == OPERATOR.erase_ask(number=PERSON)
    yes, no = staffed.buttons(ADMIN)
    newest = max(number for chat, number in staffed.bot.shown if chat == ADMIN)
    where = {"chat": ADMIN, "message_id": newest, "at": FIRST_MOMENT}
    await staffed.arrive(press(yes, person=DUTY, **where))
    await staffed.arrive(press(no, person=ADMIN, **where))
    assert (await acts(staffed))[0][1:] == ("erase", str(PERSON), "cancelled")
    assert await staffed.storage.users.get(PERSON) is not None
    await asks(staffed, f"/erase {PERSON}")
    newest = max(number for chat, number in staffed.bot.shown if chat == ADMIN)
    where["message_id"] = newest
    await staffed.arrive(press(yes, person=ADMIN, **where))
    assert staffed.bot.texts(ADMIN)[-1] == OPERATOR.erase_done(number=PERSON, count=1)
    assert await staffed.storage.users.get(PERSON) is None
    assert (await acts(staffed))[0][1:] == ("erase", str(PERSON), "done")


async def test_for_others_an_id_behind_erase_is_nothing(staffed):
    assert await asks(staffed, f"/erase {PERSON}", STRANGER) == TEXTS.erase_ask
    assert staffed.buttons(STRANGER)[0] == f"erase:yes:{STRANGER}"


async def test_an_old_confirmation_does_nothing(staffed):
    await talked(staffed)
    await asks(staffed, f"/erase {PERSON}")
    yes = staffed.buttons(ADMIN)[0]
    await staffed.sleeps_through(601)
    await staffed.arrive(press(yes, person=ADMIN, chat=ADMIN, at=FIRST_MOMENT))
    assert toasts(staffed)[-1] == TEXTS.admin_expired
    assert await staffed.storage.users.get(PERSON) is not None


async def test_the_numbers_are_of_nobody_in_particular(staffed):
    await says(staffed, "你好")
    await says(staffed, "我不想活了，今晚就走", PERSON)
    assert await asks(staffed, "/stats", VIEWER) == "stats.png"
    said = staffed.bot.texts(VIEWER)[-2]
    [chart] = [call for call in staffed.bot.calls if call.method == "document"]
    assert chart.details["document"].startswith(b"\x89PNG")
    assert OPERATOR.stats_people(day=3, week=3, month=3, ever=3) in said
    assert "答完 2" in said
    assert "high 1" in said
    assert "在线" in said
    assert str(PERSON) not in said
    assert (await acts(staffed))[0] == (VIEWER, "stats", "-", "shown")


async def test_an_engine_in_this_machine_has_no_nodes_to_drain(staffed):
    assert await asks(staffed, "/engine", VIEWER) == OPERATOR.stats_engine(
        model="scripted", state=OPERATOR.engine_up
    )
    assert await asks(staffed, "/engine drain 1") == OPERATOR.engine_usage
