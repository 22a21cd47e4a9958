"""Puts the Telegram room together: who knows whom. Tests build it the same way.

`service` starts and stops what is made here; nothing begins on its own.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.breaker import EngineCircuitBreaker
from bot.telegram.arrivals import ArrivalRouter
from bot.telegram.context import Context
from bot.telegram.features.about import About
from bot.telegram.features.account.personal_data import PersonalData
from bot.telegram.features.account.reset import Reset
from bot.telegram.features.contact import ContactBook
from bot.telegram.features.crisis.buttons import CrisisButtons
from bot.telegram.features.crisis.cards import Crisis
from bot.telegram.features.crisis.check_ins import CheckIns
from bot.telegram.features.crisis.hotlines import HotlineList
from bot.telegram.features.disclosure import DisclosureService
from bot.telegram.features.feedback import AnswerFeedback
from bot.telegram.features.handoff.alerts import OncallAlerts
from bot.telegram.features.handoff.desk import HandoffDesk
from bot.telegram.features.help import Help
from bot.telegram.features.membership import Membership
from bot.telegram.features.turn_controls import TurnControls
from bot.telegram.features.unsupported import UnsupportedMessages
from bot.telegram.inbound.intake import Intake
from bot.telegram.inbound.leader import LeaderElection
from bot.telegram.inbound.polling import Polling
from bot.telegram.maintenance import Maintenance
from bot.telegram.outbound.outbox import Outbox
from bot.telegram.router import Router
from bot.telegram.turns.edits import Edits
from bot.telegram.turns.generation import GenerationManager
from bot.telegram.turns.queue_notifier import QueueNotifier
from bot.telegram.turns.quota import Quota
from bot.telegram.turns.runner import TurnRunner
from bot.telegram.turns.scheduler import TurnScheduler
from bot.telegram.update_handler import UpdateHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from bot.conversation.companion import Companion
    from bot.storage.store import Storage
    from bot.telegram.client import Client
    from bot.telegram.context import Options


@dataclass(frozen=True, slots=True)
class Parts:
    """What has to be started, stopped or woken."""

    outbox: Outbox
    intake: Intake
    poller: Polling | LeaderElection
    breaker: EngineCircuitBreaker
    desk: HandoffDesk
    oncall_alerts: OncallAlerts
    check_ins: CheckIns
    crisis: Crisis
    runner: TurnRunner
    scheduler: TurnScheduler
    router: Router
    update_handler: UpdateHandler
    maintenance: Maintenance
    work_wanted: asyncio.Event
    """Set where work is to be looked for before the next sweep."""


def build_parts(
    client: Client,
    storage: Storage,
    companion: Companion,
    options: Options,
    *,
    lease_safe_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    random: Random | None = None,
) -> Parts:
    """The parts, ready to be started; nothing has begun.

    Args:
        client: what speaks to Telegram.
        storage: the repositories.
        companion: the conversation.
        options: what the operator decides.
        lease_safe_seconds: seconds after a renewal in which no other replica can have a turn.
        clock: monotonic seconds.
        sleep: waits for seconds of that clock.
        random: spreads repeated calls to Telegram; None: a new one.
    """
    outbox = Outbox(
        client,
        clock=clock,
        sleep=sleep,
        random=random,
        calls_per_second=options.calls_per_second,
    )
    context = Context(
        client=client,
        storage=storage,
        outbox=outbox,
        options=options,
        clock=clock,
        sleep=sleep,
    )
    now, language_of = context.now, context.language_of
    breaker = EngineCircuitBreaker(companion.ready, sleep=sleep)
    hotlines = HotlineList(context)
    disclosing = DisclosureService(context, hotlines=hotlines)
    check_ins = CheckIns(context)
    alerts_wanted = asyncio.Event()
    desk = HandoffDesk(
        context,
        hotlines=hotlines,
        stop=lambda chat_id: runner.stop(chat_id),  # noqa: PLW0108  (made below)
        on_due=alerts_wanted.set,
    )
    oncall_alerts = OncallAlerts(context, desk=desk, wanted=alerts_wanted)
    contacts = ContactBook(context)
    feedback = AnswerFeedback(context)
    crisis = Crisis(
        context,
        hotlines=hotlines,
        contacts=contacts,
        on_risk_detected=desk.on_risk_detected,
    )
    runner = TurnRunner(
        companion,
        storage.turns,
        storage.users,
        outbox,
        GenerationManager(
            companion,
            breaker,
            patience=options.engine_patience,
            clock=clock,
            sleep=sleep,
        ),
        crisis,
        edits=Edits(client, context.me, storage.inbox, storage.turns),
        disclosing=disclosing,
        desk=desk,
        clock=clock,
        lease_safe_seconds=lease_safe_seconds,
        sleep=sleep,
    )
    work_wanted = asyncio.Event()
    scheduler = TurnScheduler(
        bot=client,
        me=context.me,
        inbox=storage.inbox,
        turns=storage.turns,
        users=storage.users,
        answering=runner,
        desk=desk,
        quota=Quota(
            storage.limits,
            storage.risk,
            storage.handovers,
            outbox,
            options.answers_per_day,
            now,
        ),
        feedback=feedback,
        burst_window=options.burst_window,
        language_of=language_of,
        now=now,
        at_once=options.chats_at_once,
        on_room=work_wanted.set,
        sleep=sleep,
    )
    router = Router(
        context,
        (
            Help(context),
            hotlines,
            CrisisButtons(context, crisis=crisis, desk=desk, hotlines=hotlines),
            desk,
            TurnControls(context, runner=runner, wake=scheduler.wake),
            Reset(context, runner=runner),
            contacts,
            About(context),
            feedback,
            PersonalData(context, runner=runner, desk=desk, feedback=feedback, hotlines=hotlines),
            disclosing,
        ),
        membership=Membership(context),
        unsupported=UnsupportedMessages(context),
    )
    update_handler = UpdateHandler(context, router)
    maintenance = Maintenance(
        storage,
        runner,
        scheduler,
        update_handler,
        crisis,
        check_ins,
        QueueNotifier(storage.inbox, storage.jobs, outbox, language_of=language_of),
        wanted=work_wanted,
        sleep=sleep,
    )
    intake = Intake(
        storage.inbox,
        client,
        crisis,
        is_on_duty=desk.is_on_duty,
        now=now,
        on_arrival=ArrivalRouter(outbox, scheduler, update_handler).route,
    )
    polling = Polling(client, intake, clock=clock, sleep=sleep)
    return Parts(
        outbox=outbox,
        intake=intake,
        poller=LeaderElection(polling, storage.jobs, clock=clock, sleep=sleep)
        if storage.is_shared
        else polling,
        breaker=breaker,
        desk=desk,
        oncall_alerts=oncall_alerts,
        check_ins=check_ins,
        crisis=crisis,
        runner=runner,
        scheduler=scheduler,
        router=router,
        update_handler=update_handler,
        maintenance=maintenance,
        work_wanted=work_wanted,
    )
