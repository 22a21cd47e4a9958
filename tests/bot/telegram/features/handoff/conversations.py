"""What tests of the hand-off do over and over."""

from __future__ import annotations

from datetime import date

from bot.locales import Language
from bot.safety.hotlines import emergency
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import ADMIN, PERSON, message, press

ONCALL_CHAT = -900
HIGH, IMMINENT = "我不想活了", "我今晚就去跳楼，已经决定了。"
YEAR = date(2026, 1, 1), date(2026, 12, 31)
TAKEN = TEXTS.desk_person_taken(emergency=emergency(Language.ZH_CN)).strip()


def alerts(room):
    return [text for text in room.bot.texts(ONCALL_CHAT) if "#" in text]


async def says(room, text, person=PERSON):
    await room.arrive(message(text, person=person))
    await room.passes(10)


async def takes_over(room, admin=ADMIN, handover=1):
    newest = max(number for chat, number in room.bot.shown if chat == ONCALL_CHAT)
    await room.arrive(
        press(f"desk:take:{handover}", person=admin, chat=ONCALL_CHAT, message_id=newest)
    )
    await room.passes(5)


async def acts(room):
    return [(entry.action, entry.outcome) for entry in await room.storage.audit.list_recent(10)]
