"""What a person has to be told about whom they write to, and when: pure decisions about time.

That it is an AI at first contact, on return after a week and every three hours of continued use; a
word about a break every two hours of it; and, at the start, the question whether they are 18. Never
more than one at a time, and nothing that asks or interrupts a person who may be in danger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales import Language
    from bot.storage import Disclosure

SESSION_GAP = timedelta(minutes=30)
"""A person who pauses less than this is still using the bot."""
REMIND_EVERY = timedelta(hours=3)
BREAK_EVERY = timedelta(hours=2)
AWAY = timedelta(days=7)
ASK_AGAIN_AFTER = timedelta(days=1)
MAX_QUESTIONS = 2
GUARDIAN_AGAIN_AFTER = timedelta(days=7)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is stored when a person wrote last."""


class Notice(StrEnum):
    """Something that has to be said now, beside the answer."""

    FIRST = "first"
    RETURN = "return"
    REMINDER = "reminder"
    BREAK = "break"
    AGE = "age"
    GUARDIAN = "guardian"
    IN_DANGER = "in_danger"

    @property
    def says_ai(self) -> bool:
        """Whether it tells the person that they write to an AI."""
        return self in {Notice.FIRST, Notice.RETURN, Notice.REMINDER, Notice.IN_DANGER}


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """A notice that has to be said in a person's private chat, and what is known about them."""

    user_id: int
    language: Language
    notice: Notice
    known: Disclosure
    in_danger: bool


def wrote(known: Disclosure, now: datetime) -> Disclosure:
    """What is known once a person has written again."""
    last = known.last_wrote_at
    goes_on = known.session_began_at is not None and last is not None and now - last < SESSION_GAP
    return replace(
        known,
        session_began_at=known.session_began_at if goes_on else now,
        last_wrote_at=now,
    )


def worth_noting(known: Disclosure, now: datetime) -> bool:
    """Whether a message without a notice changes enough to be stored."""
    return known.last_wrote_at is None or abs(now - known.last_wrote_at) >= NOTED_EVERY


def due(
    known: Disclosure, now: datetime, *, in_danger: bool, has_card: bool = False
) -> Notice | None:
    """What has to be said to a person who writes now; `known` is from before this message.

    A person who may be in danger is told that this is an AI, and neither asked how old they are
    nor sent off to take a break. One whose danger calls for a card reads one sentence of it at
    most: that this is an AI, which cannot call anybody. All else waits until that is over.
    """
    if has_card:
        is_new = known.told_at is None and known.last_wrote_at is None
        says_ai = known.told_at is not None and _says_ai(known, now) is not None
        return Notice.IN_DANGER if is_new or says_ai else None
    if (notice := _says_ai(known, now)) is not None:
        return notice
    if in_danger:
        return None
    began = wrote(known, now).session_began_at or now
    if now - max(began, known.break_at or began) >= BREAK_EVERY:
        return Notice.BREAK
    return _question(known, now)


def _says_ai(known: Disclosure, now: datetime) -> Notice | None:
    if known.told_at is None:
        return Notice.FIRST
    if known.last_wrote_at is not None and now - known.last_wrote_at >= AWAY:
        return Notice.RETURN
    began = wrote(known, now).session_began_at or now
    if now - max(began, known.told_at) >= REMIND_EVERY:
        return Notice.REMINDER
    return None


def _question(known: Disclosure, now: datetime) -> Notice | None:
    since = None if known.asked_at is None else now - known.asked_at
    if known.age is None:
        again = known.asked < MAX_QUESTIONS and (since is None or since >= ASK_AGAIN_AFTER)
        return Notice.AGE if again else None
    if known.age == "child" and known.guardian_agreed_at is None:
        return Notice.GUARDIAN if since is None or since >= GUARDIAN_AGAIN_AFTER else None
    return None


def given(known: Disclosure, notice: Notice, now: datetime, *, asked: bool) -> Disclosure:
    """What is known once `notice` was given, with a question or without."""
    told = replace(known, told_at=now) if notice.says_ai else known
    if notice is Notice.IN_DANGER and known.told_at is None:
        told = known  # who was new still has to read the whole of it, when the danger is over
    if notice is Notice.BREAK:
        told = replace(told, break_at=now)
    return replace(told, asked_at=now, asked=told.asked + 1) if asked else told
