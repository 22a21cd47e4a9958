"""What a person has to be told about whom they write to, and when: pure decisions about time.

That it is an AI at first contact, when they come again and every few hours of continued use, more
often where they said that they are under 18; a word about a break after hours of it; one about
people, to who leans on the bot; and, at the start, the question whether they are 18. Never more
than one at a time, and nothing that asks or interrupts a person who may be in danger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.safety.occasions import Occasion

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.locales import Language
    from bot.storage import Disclosure

SESSION_GAP = timedelta(minutes=30)
"""A person who pauses less than this is still using the bot."""
AWAY = timedelta(days=7)
ASK_AGAIN_AFTER = timedelta(days=1)
MAX_QUESTIONS = 2
GUARDIAN_AGAIN_AFTER = timedelta(days=7)
LEANING_AGAIN_AFTER = timedelta(days=7)
MANY_DAYS = 14
"""Days in a row after which ..."""
MANY_DAYS_USE = timedelta(hours=1)
"""... so much use of the last one is much, too."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is stored when a person wrote last."""


@dataclass(frozen=True, slots=True)
class NoticeTimes:
    """How often things are said, as the operator decides; a law may ask for more, never for less.

    Args:
        remind: between two notices that this is an AI.
        remind_minors: the same, to who said that they are under 18.
        pause: continued use after which a break is suggested.
        heavy_use: use of one day after which a person is reminded of people; None: never.
    """

    remind: timedelta = timedelta(hours=3)
    remind_minors: timedelta = timedelta(hours=1)
    pause: timedelta = timedelta(hours=2)
    heavy_use: timedelta | None = timedelta(hours=4)


USUAL = NoticeTimes()


class Notice(StrEnum):
    """Something that has to be said now, beside the answer."""

    FIRST = "first"
    RETURN = "return"
    SESSION = "session"
    REMINDER = "reminder"
    BREAK = "break"
    AGE = "age"
    GUARDIAN = "guardian"
    LEANING = "leaning"
    ELDERLY = "elderly"

    @property
    def says_ai(self) -> bool:
        """Whether it tells the person that they write to an AI."""
        return self in {Notice.FIRST, Notice.RETURN, Notice.SESSION, Notice.REMINDER}


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """A notice that has to be said in a person's private chat, and what is known about them."""

    user_id: int
    language: Language
    notice: Notice
    known: Disclosure


def wrote(known: Disclosure, now: datetime) -> Disclosure:
    """What is known once a person has written again."""
    last = known.last_wrote_at
    goes_on = _goes_on(known, now)
    used, days = known.used_today, known.days_in_row
    if last is None or now.date() != last.date():
        is_next_day = last is not None and now.date() - last.date() == timedelta(days=1)
        used, days = 0, days + 1 if is_next_day else 1
    elif goes_on:
        used += max(0, int((now - last).total_seconds()))
    return replace(
        known,
        session_began_at=known.session_began_at if goes_on else now,
        last_wrote_at=now,
        used_today=used,
        days_in_row=days,
    )


def worth_noting(known: Disclosure, now: datetime) -> bool:
    """Whether a message without a notice changes enough to be stored."""
    return known.last_wrote_at is None or abs(now - known.last_wrote_at) >= NOTED_EVERY


def due(
    known: Disclosure,
    now: datetime,
    *,
    in_danger: bool,
    occasions: Collection[Occasion] = (),
    times: NoticeTimes = USUAL,
) -> tuple[Notice, ...]:
    """What has to be said to a person who writes now; `known` is from before this message.

    One thing at a time; only to who comes again it is said in one line that this is an AI, and
    something else may follow the answer. A person who may be in danger reads one short line, that
    this is an AI, and neither a question nor a word about a break; all else waits until that is
    over. A card says it itself, see `told_by_card`.
    """
    says_ai = _says_ai(known, now, times, in_danger=in_danger)
    if in_danger or says_ai is Notice.REMINDER:
        return (says_ai,) if says_ai else ()
    if says_ai is Notice.FIRST:  # and how old they are is asked behind their first answer
        asked = _question(known, now)
        return (says_ai,) if asked is None else (says_ai, asked)
    later = _later(known, now, occasions, times)
    return tuple(notice for notice in (says_ai, later) if notice is not None)


def _later(
    known: Disclosure, now: datetime, occasions: Collection[Occasion], times: NoticeTimes
) -> Notice | None:
    """What can wait for the answer."""
    written = wrote(known, now)
    began = written.session_began_at or now
    if now - max(began, known.break_at or began) >= times.pause:
        return Notice.BREAK
    if Occasion.ELDERLY in occasions and known.elderly_at is None:
        return Notice.ELDERLY
    if _leans(written, now, occasions, times):
        return Notice.LEANING
    return _question(known, now)


def _says_ai(
    known: Disclosure, now: datetime, times: NoticeTimes, *, in_danger: bool
) -> Notice | None:
    if known.told_at is None:
        return Notice.SESSION if in_danger else Notice.FIRST
    if known.told_briefly and not in_danger:
        return Notice.FIRST
    if known.last_wrote_at is not None and now - known.last_wrote_at >= AWAY:
        return Notice.RETURN
    if now - known.told_at < (times.remind_minors if known.is_minor else times.remind):
        return None
    return Notice.REMINDER if _goes_on(known, now) else Notice.SESSION


def _goes_on(known: Disclosure, now: datetime) -> bool:
    """Whether a person who writes now has not paused."""
    last = known.last_wrote_at
    return known.session_began_at is not None and last is not None and now - last < SESSION_GAP


def _leans(
    written: Disclosure, now: datetime, occasions: Collection[Occasion], times: NoticeTimes
) -> bool:
    """Whether to remind a person of people: by what they say, or by how much they write."""
    if written.leaning_at is not None and now - written.leaning_at < LEANING_AGAIN_AFTER:
        return False
    used = timedelta(seconds=written.used_today)
    is_much = times.heavy_use is not None and (
        used >= times.heavy_use or (written.days_in_row >= MANY_DAYS and used >= MANY_DAYS_USE)
    )
    return is_much or Occasion.LEANING in occasions


def _question(known: Disclosure, now: datetime) -> Notice | None:
    since = None if known.asked_at is None else now - known.asked_at
    if known.age is None:
        again = known.asked < MAX_QUESTIONS and (since is None or since >= ASK_AGAIN_AFTER)
        return Notice.AGE if again else None
    answered = known.guardian_agreed_at is not None or known.home_unsafe_at is not None
    if known.age == "child" and not answered:
        return Notice.GUARDIAN if since is None or since >= GUARDIAN_AGAIN_AFTER else None
    return None


def given(known: Disclosure, notice: Notice, now: datetime, *, asked: bool) -> Disclosure:
    """What is known once `notice` was given, with a question or without."""
    told = replace(known, told_at=now) if notice.says_ai else known
    if notice is Notice.FIRST:
        told = replace(told, told_briefly=False)
    elif notice.says_ai and known.told_at is None:
        # Who was new still has to read the whole of it, when the danger is over.
        told = replace(told, told_briefly=True)
    if notice is Notice.BREAK:
        told = replace(told, break_at=now)
    if notice is Notice.LEANING:
        told = replace(told, leaning_at=now)
    if notice is Notice.ELDERLY:
        told = replace(told, elderly_at=now)
    return replace(told, asked_at=now, asked=told.asked + 1) if asked else told


def told_by_card(known: Disclosure, now: datetime) -> Disclosure:
    """What is known once a card was shown: it says that it is from an AI."""
    return given(wrote(known, now), Notice.SESSION, now, asked=False)


def left_unsaid(known: Disclosure, now: datetime) -> Disclosure:
    """What is known of a person who would rather not say how old they are: not asked again."""
    return replace(known, asked_at=now, asked=MAX_QUESTIONS)
