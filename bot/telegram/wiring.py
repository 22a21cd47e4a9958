"""Puts the parts of the room together: who knows whom. `service` starts and stops them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from bot.conversation.availability import Availability
from bot.telegram.answering import Answering
from bot.telegram.buttons import Buttons
from bot.telegram.chats import Chats
from bot.telegram.commands import Commands
from bot.telegram.edits import Edits
from bot.telegram.features.account.export import Exporter
from bot.telegram.features.contact import ContactBook
from bot.telegram.features.crisis.buttons import CrisisButtons
from bot.telegram.features.crisis.cards import Crisis
from bot.telegram.features.crisis.check_ins import CheckIns
from bot.telegram.features.crisis.hotlines import HotlineList
from bot.telegram.features.disclosure import DisclosureService
from bot.telegram.features.feedback import Ratings
from bot.telegram.features.handoff.alerts import OncallAlerts
from bot.telegram.features.handoff.desk import HandoffDesk
from bot.telegram.generating import Generations
from bot.telegram.quota import Quota
from bot.telegram.update_handler import UpdateHandler
from bot.telegram.upkeep import Upkeep
from bot.telegram.waiting_room import WaitingRoom

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from telegram import Bot, User

    from bot.conversation.companion import Companion
    from bot.locales import Language
    from bot.storage.store import Storage
    from bot.telegram.outbound.outbox import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an operator decides; times in seconds, `answers_per_day` 0: no limit."""

    admins: frozenset[int]
    burst_window: float
    is_trial: bool
    card_window: timedelta
    check_in_after: timedelta | None
    admin_chat_id: int | None = None
    answers_per_day: int = 0
    chats_at_once: int = 1000
    engine_patience: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What the parts are given of the world: Telegram, time, and a person's language."""

    bot: Bot
    me: User
    clock: Callable[[], float]
    language_of: Callable[[int], Awaitable[Language]]
    publish_menu_of_admin: Callable[[int], Awaitable[None]]
    sure_for: float = inf
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class Parts:
    """What has to be started, stopped or woken."""

    availability: Availability
    desk: HandoffDesk
    oncall_alerts: OncallAlerts
    check_ins: CheckIns
    crisis: Crisis
    answering: Answering
    chats: Chats
    commands: Commands
    update_handler: UpdateHandler
    upkeep: Upkeep


def build_parts(
    storage: Storage, companion: Companion, outbox: Outbox, options: Options, wiring: Wiring
) -> Parts:
    """The parts, ready to be started; nothing has begun."""
    now = storage.clock
    availability = Availability(companion.ready, sleep=wiring.sleep)
    hotlines = HotlineList(outbox, storage.users, storage.counters)
    disclosing = DisclosureService(
        outbox=outbox,
        hotlines=hotlines,
        disclosures=storage.disclosures,
        counters=storage.counters,
        now=now,
        is_trial=options.is_trial,
    )
    check_ins = CheckIns(
        outbox=outbox,
        risk=storage.risk,
        users=storage.users,
        counters=storage.counters,
        now=now,
    )
    alerts_wanted = asyncio.Event()
    desk = HandoffDesk(
        outbox=outbox,
        hotlines=hotlines,
        storage=storage,
        admins=options.admins,
        admin_chat=options.admin_chat_id,
        language_of=wiring.language_of,
        stop=lambda chat_id: answering.stop(chat_id),  # noqa: PLW0108  (made below)
        on_due=alerts_wanted.set,
        sleep=wiring.sleep,
    )
    oncall_alerts = OncallAlerts(
        outbox=outbox,
        storage=storage,
        desk=desk,
        admin_chat=options.admin_chat_id,
        language_of=wiring.language_of,
        wanted=alerts_wanted,
        sleep=wiring.sleep,
    )
    contacts = ContactBook(outbox, storage.contacts)
    ratings = Ratings(
        outbox=outbox,
        feedback=storage.feedback,
        disclosures=storage.disclosures,
        risk=storage.risk,
        counters=storage.counters,
        now=now,
    )
    crisis = Crisis(
        cards=storage.cards,
        risk=storage.risk,
        users=storage.users,
        counters=storage.counters,
        outbox=outbox,
        hotlines=hotlines,
        contacts=contacts,
        now=now,
        window=options.card_window,
        check_in_after=options.check_in_after,
        on_risk_detected=desk.on_risk_detected,
    )
    answering = Answering(
        companion,
        storage.turns,
        storage.users,
        outbox,
        Generations(
            companion,
            availability,
            patience=options.engine_patience,
            clock=wiring.clock,
            sleep=wiring.sleep,
        ),
        crisis,
        edits=Edits(wiring.bot, wiring.me, storage.inbox, storage.turns),
        disclosing=disclosing,
        desk=desk,
        clock=wiring.clock,
        sure_for=wiring.sure_for,
        sleep=wiring.sleep,
    )
    work_wanted = asyncio.Event()
    chats = Chats(
        bot=wiring.bot,
        me=wiring.me,
        inbox=storage.inbox,
        turns=storage.turns,
        users=storage.users,
        answering=answering,
        desk=desk,
        quota=Quota(
            storage.limits,
            storage.risk,
            storage.handovers,
            outbox,
            options.answers_per_day,
            now,
        ),
        ratings=ratings,
        burst_window=options.burst_window,
        language_of=wiring.language_of,
        now=now,
        at_once=options.chats_at_once,
        on_room=work_wanted.set,
        sleep=wiring.sleep,
    )
    commands = Commands(
        outbox=outbox,
        answering=answering,
        users=storage.users,
        audit=storage.audit,
        exporter=Exporter(storage.users, outbox),
        disclosing=disclosing,
        hotlines=hotlines,
        desk=desk,
        contacts=contacts,
        ratings=ratings,
        admins=options.admins,
        publish_menu_of_admin=wiring.publish_menu_of_admin,
    )
    update_handler = UpdateHandler(
        bot=wiring.bot,
        me=wiring.me,
        inbox=storage.inbox,
        users=storage.users,
        outbox=outbox,
        commands=commands,
        buttons=Buttons(
            outbox=outbox,
            answering=answering,
            conversations=storage.conversations,
            turns=storage.turns,
            users=storage.users,
            recent=storage.history_cache,
            audit=storage.audit,
            disclosing=disclosing,
            crisis=CrisisButtons(
                outbox=outbox,
                crisis=crisis,
                desk=desk,
                risk=storage.risk,
                users=storage.users,
                hotlines=hotlines,
            ),
            desk=desk,
            contacts=contacts,
            ratings=ratings,
            admins=options.admins,
            wake=chats.wake,
            now=now,
        ),
    )
    upkeep = Upkeep(
        storage,
        answering,
        chats,
        update_handler,
        crisis,
        check_ins,
        WaitingRoom(storage.inbox, storage.jobs, outbox, language_of=wiring.language_of),
        wanted=work_wanted,
        sleep=wiring.sleep,
    )
    return Parts(
        availability,
        desk,
        oncall_alerts,
        check_ins,
        crisis,
        answering,
        chats,
        commands,
        update_handler,
        upkeep,
    )
