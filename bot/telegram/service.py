"""The Telegram side of the bot as one part: connected, recovered, listening, drained."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram.error import TelegramError

from bot.conversation.availability import Availability
from bot.errors import StartupError
from bot.locales import language_for
from bot.telegram.answering import Answering
from bot.telegram.buttons import Buttons
from bot.telegram.care.check_ins import CheckIns
from bot.telegram.care.contact import ContactBook
from bot.telegram.care.crisis import Crisis
from bot.telegram.care.crisis_buttons import CrisisButtons
from bot.telegram.care.disclosing import Disclosing
from bot.telegram.care.duty_alerts import DutyAlerts
from bot.telegram.care.duty_desk import DutyDesk
from bot.telegram.care.help_lines import HelpLines
from bot.telegram.chats import Chats
from bot.telegram.commands import Commands
from bot.telegram.edits import Edits
from bot.telegram.export import Exporter
from bot.telegram.express import Express
from bot.telegram.generating import Generations
from bot.telegram.inbound.election import OnePoller
from bot.telegram.inbound.intake import ALLOWED_UPDATES, Arrival, Intake
from bot.telegram.inbound.polling import Polling
from bot.telegram.inbound.webhook import webhook_route
from bot.telegram.letting_go import within
from bot.telegram.menus import publish_menu_of_admin, publish_menus
from bot.telegram.outbound.outbox import CALLS_PER_SECOND, Outbox
from bot.telegram.quota import Quota
from bot.telegram.ratings import Ratings
from bot.telegram.upkeep import Upkeep
from bot.telegram.waiting_room import WaitingRoom

if TYPE_CHECKING:
    from datetime import timedelta

    from starlette.routing import Route

    from bot.conversation.companion import Companion
    from bot.locales import Language
    from bot.storage.store import Storage
    from bot.telegram.client import Client, Connection

log = structlog.get_logger(__name__)


class TelegramService:
    """Receives, answers and recovers, from `start` to `stop`."""

    def __init__(
        self,
        bot: Client,
        connection: Connection,
        storage: Storage,
        companion: Companion,
        *,
        admins: frozenset[int],
        burst_window: float,
        is_trial: bool,
        card_window: timedelta,
        check_in_after: timedelta | None,
        admin_chat_id: int | None = None,
        answers_per_day: int = 0,
        chats_at_once: int = 1000,
        engine_patience: float = 1800.0,
        calls_per_second: int = CALLS_PER_SECOND,
    ) -> None:
        self._bot = bot
        self._connection = connection
        self._storage = storage
        self._admins = admins
        now = storage.claimant.clock
        me = bot.bot
        self._outbox = Outbox(bot, clock=time.monotonic, calls_per_second=calls_per_second)
        self._availability = Availability(companion.ready)
        lines = HelpLines(self._outbox, storage.users, storage.counters)
        disclosing = Disclosing(
            outbox=self._outbox,
            lines=lines,
            disclosures=storage.disclosures,
            counters=storage.counters,
            now=now,
            is_trial=is_trial,
        )
        self._check_ins = CheckIns(
            outbox=self._outbox,
            risk=storage.risk,
            users=storage.users,
            counters=storage.counters,
            now=now,
        )
        alerts_wanted = asyncio.Event()
        desk = DutyDesk(
            outbox=self._outbox,
            lines=lines,
            storage=storage,
            admins=admins,
            admin_chat=admin_chat_id,
            language_of=self._language_of,
            stop=lambda chat_id: self._answering.stop(chat_id),  # noqa: PLW0108  (made below)
            on_due=alerts_wanted.set,
        )
        self._duty_alerts = DutyAlerts(
            outbox=self._outbox,
            storage=storage,
            desk=desk,
            admin_chat=admin_chat_id,
            language_of=self._language_of,
            wanted=alerts_wanted,
        )
        contacts = ContactBook(self._outbox, storage.contacts)
        ratings = Ratings(
            outbox=self._outbox,
            feedback=storage.feedback,
            disclosures=storage.disclosures,
            risk=storage.risk,
            counters=storage.counters,
            now=now,
        )
        self._crisis = Crisis(
            cards=storage.cards,
            risk=storage.risk,
            users=storage.users,
            counters=storage.counters,
            outbox=self._outbox,
            lines=lines,
            contacts=contacts,
            now=now,
            window=card_window,
            check_in_after=check_in_after,
            on_raised=desk.raised,
        )
        self._answering = Answering(
            companion,
            storage.turns,
            storage.users,
            self._outbox,
            Generations(
                companion, self._availability, patience=engine_patience, clock=time.monotonic
            ),
            self._crisis,
            edits=Edits(bot, me, storage.inbox, storage.turns),
            disclosing=disclosing,
            desk=desk,
            clock=time.monotonic,
            sure_for=storage.sure_for,
        )
        work_wanted = asyncio.Event()
        self._chats = Chats(
            bot=bot,
            me=me,
            inbox=storage.inbox,
            turns=storage.turns,
            users=storage.users,
            answering=self._answering,
            desk=desk,
            quota=Quota(
                storage.limits,
                storage.risk,
                storage.handovers,
                self._outbox,
                answers_per_day,
                now,
            ),
            ratings=ratings,
            burst_window=burst_window,
            language_of=self._language_of,
            now=now,
            at_once=chats_at_once,
            on_room=work_wanted.set,
        )
        self._express = Express(
            bot=bot,
            me=me,
            inbox=storage.inbox,
            users=storage.users,
            outbox=self._outbox,
            commands=Commands(
                outbox=self._outbox,
                answering=self._answering,
                users=storage.users,
                audit=storage.audit,
                exporter=Exporter(storage.users, self._outbox),
                disclosing=disclosing,
                lines=lines,
                desk=desk,
                contacts=contacts,
                ratings=ratings,
                admins=admins,
                publish_menu_of_admin=partial(publish_menu_of_admin, bot),
            ),
            buttons=Buttons(
                outbox=self._outbox,
                answering=self._answering,
                conversations=storage.conversations,
                turns=storage.turns,
                users=storage.users,
                recent=storage.recent,
                audit=storage.audit,
                disclosing=disclosing,
                crisis=CrisisButtons(
                    outbox=self._outbox,
                    crisis=self._crisis,
                    desk=desk,
                    risk=storage.risk,
                    users=storage.users,
                    lines=lines,
                ),
                desk=desk,
                contacts=contacts,
                ratings=ratings,
                admins=admins,
                wake=self._chats.wake,
                now=now,
            ),
        )
        self._intake = Intake(
            storage.inbox,
            bot,
            self._crisis,
            is_on_duty=desk.is_on_duty,
            now=now,
            on_arrival=self._arrived,
        )
        polling = Polling(bot, self._intake, clock=time.monotonic)
        self._polling: Polling | OnePoller = (
            OnePoller(polling, storage.jobs, clock=time.monotonic) if storage.is_shared else polling
        )
        self._upkeep = Upkeep(
            storage,
            self._answering,
            self._chats,
            self._express,
            self._crisis,
            self._check_ins,
            WaitingRoom(storage.inbox, storage.jobs, self._outbox, language_of=self._language_of),
            wanted=work_wanted,
        )

    @property
    def webhook(self) -> Route | None:
        """The route Telegram calls, in webhook mode."""
        url = self._connection.webhook_url
        if url is None:
            return None
        return webhook_route(url, self._connection.webhook_secret, self._intake)

    async def start(self) -> None:
        """Take up what was left, then let new updates in."""
        await self._crisis.recover()
        await publish_menus(self._bot, self._admins)
        self._express.start()
        self._upkeep.start()
        self._duty_alerts.start()
        connection = self._connection
        if connection.webhook_url is None:
            await self._leave_webhook()
            await self._polling.start()
        else:
            await self._set_webhook(connection.webhook_url)

    async def stop(self, grace: float) -> None:
        """Let nothing in, finish what can be finished in `grace` seconds, leave the rest stored."""
        self._intake.close()
        await asyncio.gather(
            within(grace, "intake", self._polling.stop()),
            self._chats.drain(grace),
            self._express.drain(grace),
        )
        await within(1.0, "claims", self._hand_back())
        await within(1.0, "upkeep", self._upkeep.stop())
        await within(0.5, "duty alerts", self._duty_alerts.stop())
        await within(0.5, "engine probe", self._availability.aclose())
        await within(1.5, "outbox", self._outbox.aclose(drain_seconds=1.0))
        await within(0.5, "cards", self._crisis.aclose())
        await within(0.5, "check-ins", self._check_ins.aclose())
        await within(0.5, "telegram", self._bot.shutdown())

    async def _hand_back(self) -> None:
        """Let go of what could not be finished, so that nobody has to wait for its lease."""
        if owed := self._answering.owed:
            await self._storage.turns.release(owed)
        if held := self._express.held:
            await self._storage.inbox.release(held)

    async def receiving(self) -> bool:
        """Whether new messages reach the bot (by webhook: as far as it can know)."""
        if self._intake.is_closed:
            return False
        return self._connection.webhook_url is not None or await self._polling.alive()

    def _arrived(self, arrival: Arrival) -> None:
        if arrival.chat_id is not None:
            self._outbox.reachable(arrival.chat_id)
        if arrival.lane == "chat" and arrival.chat_id is not None:
            wake = self._chats.edited if arrival.is_edit else self._chats.wake
            wake(arrival.chat_id)
        else:
            self._express.wake()

    async def _language_of(self, user_id: int) -> Language:
        return language_for(await self._storage.users.language_code(user_id))

    async def _leave_webhook(self) -> None:
        """A webhook that is still set would refuse polling."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("webhook_not_removed", error=type(error).__name__)

    async def _set_webhook(self, url: str) -> None:
        try:
            await self._bot.set_webhook(
                url,
                secret_token=self._connection.webhook_secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=100,
            )
        except TelegramError as error:
            raise StartupError(
                f"Telegram refused WEBHOOK_URL ({type(error).__name__}); it has to be an address "
                "Telegram can reach by https on port 443, 80, 88 or 8443."
            ) from None
