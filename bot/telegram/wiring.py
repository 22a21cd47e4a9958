"""Puts the Telegram room together: who knows whom. Tests build it the same way.

`service` starts and stops what is made here; nothing begins on its own.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.breaker import EngineCircuitBreaker
from bot.conversation.crisis_protocol import CrisisProtocol
from bot.telegram.access import AccessControl
from bot.telegram.arrivals import ArrivalRouter
from bot.telegram.command_menus import CommandMenus
from bot.telegram.context import Context, no_incidents
from bot.telegram.features.about import About
from bot.telegram.features.access.admission import Admission
from bot.telegram.features.access.door import Door
from bot.telegram.features.access.refusals import RefusalNotes
from bot.telegram.features.account.personal_data import PersonalData
from bot.telegram.features.account.reset import Reset
from bot.telegram.features.account.retention import RetentionKeeper
from bot.telegram.features.beginnings import Beginnings
from bot.telegram.features.broadcast.sender import BroadcastSender
from bot.telegram.features.care import CareFinder, with_care
from bot.telegram.features.complaints.channel import ComplaintChannel
from bot.telegram.features.contact import ContactBook
from bot.telegram.features.crisis.card_writer import CardWriter
from bot.telegram.features.crisis.cards import Crisis
from bot.telegram.features.crisis.check_ins import CheckIns
from bot.telegram.features.crisis.controls import CrisisControls
from bot.telegram.features.crisis.hotlines import HotlineList
from bot.telegram.features.crisis.keyboards import in_danger
from bot.telegram.features.disclosure import DisclosureService
from bot.telegram.features.exercises.breathing import BreathingGuide
from bot.telegram.features.exercises.menu import Exercises
from bot.telegram.features.exercises.offers import ExerciseOffers
from bot.telegram.features.exercises.sheets import SheetWriter
from bot.telegram.features.feedback import AnswerFeedback, after_answer
from bot.telegram.features.handoff.admin_controls import DeskControls
from bot.telegram.features.handoff.alerts import OncallAlerts
from bot.telegram.features.handoff.desk import HandoffDesk
from bot.telegram.features.handoff.human_requests import HumanRequests
from bot.telegram.features.handoff.keeper import DeskKeeper
from bot.telegram.features.help import Help
from bot.telegram.features.membership import Membership
from bot.telegram.features.memory.book import MemoryBook
from bot.telegram.features.private_only import open_private
from bot.telegram.features.safety_plan.answers import PlanAnswers
from bot.telegram.features.safety_plan.book import PlanBook
from bot.telegram.features.safety_plan.screen import PlanScreen
from bot.telegram.features.settings.screen import SettingsScreen
from bot.telegram.features.trusted_person.book import TrustedBook
from bot.telegram.features.trusted_person.invitations import TrustInvitations
from bot.telegram.features.trusted_person.messenger import TrustedMessenger
from bot.telegram.features.trusted_person.telling import HelpText
from bot.telegram.features.turn_controls import TurnControls, after_failure, while_answering
from bot.telegram.features.unsupported import UnsupportedMessages
from bot.telegram.features.written_lines import LineGuard, WrittenLines
from bot.telegram.inbound.intake import Intake
from bot.telegram.inbound.leader import LeaderElection
from bot.telegram.inbound.polling import Polling
from bot.telegram.maintenance import Maintenance
from bot.telegram.operator_wiring import build_operator_features
from bot.telegram.outbound.outbox import Outbox
from bot.telegram.request_pace import RequestPace
from bot.telegram.router import Router
from bot.telegram.shutdown import run_stage
from bot.telegram.turns.answer import AnswerSteps
from bot.telegram.turns.assembler import TurnAssembler
from bot.telegram.turns.collaborators import AnswerKeyboards
from bot.telegram.turns.edits import TurnEdits
from bot.telegram.turns.ending import TurnEnding
from bot.telegram.turns.generation import GenerationManager
from bot.telegram.turns.queue_notifier import QueueNotifier
from bot.telegram.turns.quota import Quota
from bot.telegram.turns.registry import RunningTurns
from bot.telegram.turns.runner import TurnRunner
from bot.telegram.turns.scheduler import TurnScheduler
from bot.telegram.update_handler import UpdateHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from random import Random

    from bot.conversation.companion import Companion
    from bot.conversation.memory.folding import MemoryFolding
    from bot.storage.store import Storage
    from bot.telegram.client import Client
    from bot.telegram.context import Incident, Options
    from bot.telegram.feature import Feature
    from bot.telegram.features.crisis.button_place import CrisisButtonPlace


@dataclass(frozen=True, slots=True)
class _Features:
    """What the bot does for people besides answering."""

    hotlines: HotlineList
    door: Door
    admission: Admission
    disclosure: DisclosureService
    check_ins: CheckIns
    desk: HandoffDesk
    desk_controls: DeskControls
    human_requests: HumanRequests
    oncall_alerts: OncallAlerts
    contacts: ContactBook
    trusted: TrustedBook
    trust_invitations: TrustInvitations
    trusted_messenger: TrustedMessenger
    plans: PlanBook
    plan_answers: PlanAnswers
    sheets: SheetWriter
    breathing: BreathingGuide
    written_lines: WrittenLines
    feedback: AnswerFeedback
    memory: MemoryBook
    crisis: Crisis
    protocol: CrisisProtocol
    quota: Quota


@dataclass(frozen=True, slots=True)
class Parts:
    """What has to be started, stopped or woken."""

    outbox: Outbox
    access: AccessControl
    intake: Intake
    poller: Polling | LeaderElection
    breaker: EngineCircuitBreaker
    desk: HandoffDesk
    oncall_alerts: OncallAlerts
    trusted_messenger: TrustedMessenger
    breathing: BreathingGuide
    check_ins: CheckIns
    retention: RetentionKeeper
    memory_folding: MemoryFolding
    broadcasts: BroadcastSender
    crisis: Crisis
    button_place: CrisisButtonPlace
    running_turns: RunningTurns
    scheduler: TurnScheduler
    router: Router
    update_handler: UpdateHandler
    maintenance: Maintenance
    work_wanted: asyncio.Event
    """Set where work is to be looked for before the next sweep."""

    def start_handling(self) -> None:
        """Begin with what is stored and what arrives."""
        self.update_handler.start()
        self.oncall_alerts.start()

    async def drain(self, grace: float) -> None:
        """Finish what is being handled and can be finished in `grace` seconds."""
        await asyncio.gather(self.scheduler.drain(grace), self.update_handler.drain(grace))

    async def aclose(self, *, drain_seconds: float) -> None:
        """End everything else; what is still to be sent gets `drain_seconds`."""
        await run_stage(1.0, "breathing", self.breathing.aclose())
        await run_stage(0.5, "on-call alerts", self.oncall_alerts.stop())
        await run_stage(0.5, "broadcasts", self.broadcasts.aclose())
        await run_stage(0.5, "engine probe", self.breaker.aclose())
        await run_stage(0.5, "memory", self.memory_folding.aclose())
        await run_stage(drain_seconds + 0.5, "outbox", self.outbox.aclose(drain_seconds))
        await run_stage(0.5, "cards", self.crisis.aclose())
        await run_stage(0.5, "alerts", self.oncall_alerts.aclose())
        await run_stage(0.5, "trusted messages", self.trusted_messenger.aclose())
        await run_stage(0.5, "check-ins", self.check_ins.aclose())
        await run_stage(0.5, "retention", self.retention.aclose())
        await run_stage(0.5, "crisis buttons", self.button_place.aclose())


def build_parts(
    client: Client,
    storage: Storage,
    companion: Companion,
    options: Options,
    *,
    lease_safe_seconds: float,
    incidents: Callable[[], Sequence[Incident]] = no_incidents,
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
        incidents: the faults that this process has logged.
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
        access=AccessControl(storage.access, options.access, admins=options.admins, clock=clock),
        clock=clock,
        sleep=sleep,
    )
    work_wanted = asyncio.Event()
    breaker = EngineCircuitBreaker(companion.ready, sleep=sleep)
    running_turns = RunningTurns(storage.turns, clock=clock, lease_safe_seconds=lease_safe_seconds)
    features = _build_features(context, companion, running_turns, on_due=work_wanted.set)
    scheduler = _build_scheduler(
        context, companion, breaker, running_turns, features, on_capacity=work_wanted.set
    )
    router = _build_router(
        *(context, features, running_turns, scheduler, companion),
        incidents=incidents,
        on_due=work_wanted.set,
    )

    def on_resumed() -> None:
        scheduler.end_rests()
        work_wanted.set()

    context.access.on_resumed = on_resumed
    update_handler = UpdateHandler(context, router)
    broadcasts = BroadcastSender(context, hotlines=features.hotlines)
    arrivals = ArrivalRouter(outbox, scheduler, update_handler)

    def on_danger(chat_id: int, by_edit: bool) -> None:
        running_turns.overtake_in_chat(chat_id, by_edit=by_edit)
        features.breathing.stop_soon(chat_id)

    intake = Intake(
        context,
        companion.first_reading,
        features.crisis,
        router.commands,
        is_handed_over=features.desk.is_handed_over,
        on_danger=on_danger,
        on_goodbye=running_turns.stop,
        on_arrival=arrivals.route,
    )
    retention = RetentionKeeper(context)
    return Parts(
        outbox=outbox,
        access=context.access,
        intake=intake,
        poller=_build_poller(context, intake),
        breaker=breaker,
        desk=features.desk,
        oncall_alerts=features.oncall_alerts,
        trusted_messenger=features.trusted_messenger,
        breathing=features.breathing,
        check_ins=features.check_ins,
        retention=retention,
        memory_folding=companion.folding,
        broadcasts=broadcasts,
        crisis=features.crisis,
        button_place=features.hotlines.buttons,
        running_turns=running_turns,
        scheduler=scheduler,
        router=router,
        update_handler=update_handler,
        maintenance=Maintenance(
            context,
            running_turns=running_turns,
            scheduler=scheduler,
            update_handler=update_handler,
            crisis=features.crisis,
            check_ins=features.check_ins,
            broadcasts=broadcasts,
            oncall_alerts=features.oncall_alerts,
            trusted_messenger=features.trusted_messenger,
            memory_folding=companion.folding,
            breathing=features.breathing,
            queue_notifier=QueueNotifier(context),
            retention=retention,
            wanted=work_wanted,
        ),
        work_wanted=work_wanted,
    )


def _build_features(
    context: Context,
    companion: Companion,
    running_turns: RunningTurns,
    *,
    on_due: Callable[[], None],
) -> _Features:
    alerts_wanted = asyncio.Event()
    hotlines = HotlineList(context)
    contacts = ContactBook(context)
    protocol = CrisisProtocol(context.storage.crisis_talks, context.storage.users, context.now)
    desk = HandoffDesk(context, on_due=alerts_wanted.set)
    keeper = DeskKeeper(context, desk=desk, wanted=alerts_wanted)
    help_text = HelpText(context, hotlines)
    trust_invitations = TrustInvitations(context, on_due=on_due)
    screen = PlanScreen(context, hotlines)
    plans = PlanBook(context, screen=screen)
    disclosure = DisclosureService(context, hotlines=hotlines)
    refusals = RefusalNotes(context, hotlines)
    admission = Admission(context, refusals=refusals, greet=disclosure.greet)
    guard = LineGuard(context, is_handed_over=desk.is_handed_over)
    sheets = SheetWriter(context)
    return _Features(
        hotlines=hotlines,
        door=Door(
            context,
            refusals=refusals,
            admission=admission,
            hears_danger=companion.hears_danger,
        ),
        admission=admission,
        disclosure=disclosure,
        check_ins=CheckIns(context, buttons=hotlines.buttons, protocol=protocol),
        desk=desk,
        desk_controls=DeskControls(
            context,
            desk=desk,
            hotlines=hotlines,
            stop=running_turns.stop,
            on_due=alerts_wanted.set,
        ),
        human_requests=HumanRequests(context, desk=desk, hotlines=hotlines),
        oncall_alerts=OncallAlerts(context, keeper=keeper, wanted=alerts_wanted),
        contacts=contacts,
        trusted=TrustedBook(
            context, invitations=trust_invitations, help_text=help_text, on_due=on_due
        ),
        trust_invitations=trust_invitations,
        trusted_messenger=TrustedMessenger(context, help_text=help_text),
        plans=plans,
        plan_answers=PlanAnswers(context, screen=screen, guard=guard),
        sheets=sheets,
        breathing=BreathingGuide(context),
        written_lines=WrittenLines(context, guard=guard, writers=(sheets,)),
        feedback=AnswerFeedback(context),
        memory=MemoryBook(context),
        crisis=Crisis(
            context,
            hotlines=hotlines,
            writer=CardWriter(context, protocol=protocol, contacts=contacts, plans=plans),
            on_risk_detected=desk.on_risk_detected,
        ),
        protocol=protocol,
        quota=Quota(context, context.options.answers_per_day),
    )


def _answer_keyboards(offers: ExerciseOffers) -> AnswerKeyboards:
    return AnswerKeyboards(
        while_answering=while_answering,
        after_answer=after_answer,
        after_failure=after_failure,
        in_danger=in_danger,
        with_care=with_care,
        with_exercise=offers.beside,
        into_private=lambda texts, bot_name: open_private(texts, bot_name, "help_now"),
    )


def _build_scheduler(
    context: Context,
    companion: Companion,
    breaker: EngineCircuitBreaker,
    running_turns: RunningTurns,
    features: _Features,
    *,
    on_capacity: Callable[[], None],
) -> TurnScheduler:
    ending = TurnEnding(context, companion, running_turns)
    keyboards = _answer_keyboards(ExerciseOffers(context.clock))
    steps = AnswerSteps(
        companion=companion,
        edits=TurnEdits(context),
        generation=GenerationManager(
            companion,
            breaker,
            wait_seconds=context.options.engine_patience,
            clock=context.clock,
            sleep=context.sleep,
        ),
        ending=ending,
        cards=features.crisis,
        handoff=features.desk,
        notices=features.disclosure,
        keyboards=keyboards,
        bot_name=context.me.username,
    )
    return TurnScheduler(
        context,
        TurnAssembler(
            context,
            features.quota,
            TurnEdits(context),
            door=features.door,
            handoff=features.desk,
            reply_takers=(features.feedback, features.memory),
            lines=(features.plan_answers, features.written_lines),
        ),
        TurnRunner(context, running_turns, steps, ending, keyboards),
        running_turns,
        on_capacity=on_capacity,
    )


def _build_router(
    context: Context,
    features: _Features,
    running_turns: RunningTurns,
    scheduler: TurnScheduler,
    companion: Companion,
    *,
    incidents: Callable[[], Sequence[Incident]],
    on_due: Callable[[], None],
) -> Router:
    hotlines, desk, feedback = features.hotlines, features.desk, features.feedback
    menus = CommandMenus(context)
    personal_data = PersonalData(
        context,
        running_turns=running_turns,
        desk=desk,
        feedback=feedback,
        hotlines=hotlines,
    )
    operators = build_operator_features(
        context,
        menus=menus,
        running_turns=running_turns,
        desk=desk,
        admission=features.admission,
        erasures=personal_data.erasures,
        companion=companion,
        incidents=incidents,
        on_due=on_due,
    )
    about = About(context)
    others: list[Feature] = [
        Help(context),
        CrisisControls(
            context,
            crisis=features.crisis,
            protocol=features.protocol,
            human_requests=features.human_requests,
            hotlines=hotlines,
        ),
        features.human_requests,
        features.desk_controls,
        TurnControls(
            context,
            running_turns=running_turns,
            quota=features.quota,
            wake=scheduler.wake,
            breathing=features.breathing,
            after_answer=after_answer,
        ),
        Reset(context, running_turns=running_turns),
        features.memory,
        features.contacts,
        features.trusted,
        features.trust_invitations,
        features.plans,
        Exercises(context, breathing=features.breathing, sheets=features.sheets),
        CareFinder(context, hotlines=hotlines),
        about,
        ComplaintChannel(context),
        feedback,
        personal_data,
        features.disclosure,
        Beginnings(context),
        Membership(context),
        UnsupportedMessages(context),
        *operators,
    ]
    rows = [row for feature in others for row in feature.setting_rows]
    settings = SettingsScreen(context, hotlines=hotlines, rows=rows)
    others.insert(others.index(about), settings)
    return Router(
        context,
        others,
        door=features.door,
        pace=RequestPace(context.options.requests_per_minute, clock=context.clock),
        menus=menus,
    )


def _build_poller(context: Context, intake: Intake) -> Polling | LeaderElection:
    polling = Polling(context.client, intake, clock=context.clock, sleep=context.sleep)
    if not context.storage.is_shared:
        return polling
    return LeaderElection(polling, context.storage.jobs, clock=context.clock, sleep=context.sleep)
