"""Cards for people in danger: sent the moment an update arrives, ahead of everything.

A card waits for no queue, no other message, no engine, no Redis and no limit. It is owed from the
transaction that stores its update until Telegram has taken it, so a process that dies in between
leaves it to the next one; a crash right after the sending can show it twice. While the database is
away the card goes out all the same, once in this process however often Telegram repeats the update.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import structlog

from bot import metrics
from bot.locales import language_for, texts_for
from bot.safety import (
    BY_OTHERS,
    Assessment,
    RiskLevel,
    needs_card,
    region_of,
)
from bot.storage import OwedCard, RiskSignal, StorageError
from bot.telegram.features.crisis.card_writer import told_in
from bot.telegram.features.crisis.danger_signals import DangerSignals
from bot.telegram.features.crisis.keyboards import in_danger
from bot.telegram.outbound.failures import Closed, Expired, Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversation.companion import Plan
    from bot.locales import Language
    from bot.storage import CardKey, Turn
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.card_writer import CardWriter
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.requests import CommandRequest

    OnRiskDetected = Callable[[int, int, RiskLevel], Awaitable[None]]

log = structlog.get_logger(__name__)

CARDS_AT_ONCE = 256
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class SendingKey:
    """What brings a card: an update, or a turn for which none could be stored."""

    source: Literal["update", "turn"]
    id: int
    level: int


class Crisis:
    """Sends cards and keeps in mind who is in danger.

    Args:
        context: what the features share.
        hotlines: shows reviewed texts, ahead of everything.
        writer: writes them.
        on_risk_detected: told of each card (chat, person, level) once it is in the outbox.
    """

    def __init__(
        self,
        context: Context,
        *,
        hotlines: HotlineList,
        writer: CardWriter,
        on_risk_detected: OnRiskDetected,
    ) -> None:
        self._outbox = context.outbox
        self._cards = context.storage.cards
        self._risk = context.storage.risk
        self._schedule = context.storage.check_ins
        self._users = context.storage.users
        self._counters = context.storage.counters
        self._now = context.now
        self._window = context.options.card_window
        self._check_in_after = context.options.check_in_after
        self._signals = DangerSignals(context.now, context.options.check_in_after)
        self._hotlines = hotlines
        self._writer = writer
        self._on_risk_detected = on_risk_detected
        self._sending: dict[SendingKey, tuple[int, asyncio.Task[None]]] = {}
        self._said: OrderedDict[SendingKey, None] = OrderedDict()
        self._alerts: set[asyncio.Task[None]] = set()
        self._unrecorded: dict[int, list[int]] = {}
        """Levels shown in a chat since the database went away."""

    @property
    def held(self) -> list[CardKey]:
        """The cards being sent, whose claims have to be renewed."""
        return [(key.id, key.level) for key in self._sending if key.source == "update"]

    def risk_signal(
        self,
        found: Assessment,
        *,
        chat_id: int,
        user_id: int,
        language_code: str | None,
        update_id: int = 0,
        met_for: str | None = None,
    ) -> RiskSignal:
        """What storage has to know of a sign of danger; `met_for` is the danger known before."""
        who = {"chat_id": chat_id, "user_id": user_id}
        return self._signals.of(
            found, **who, language_code=language_code, update_id=update_id, met_for=met_for
        )

    def send(self, owed: OwedCard) -> None:
        """Send a card we hold the claim of, and note how it ended."""
        self._unrecorded.pop(owed.chat_id, None)
        self._hotlines.remember_region(owed.user_id, region_of(owed.region))
        self._start(SendingKey("update", *owed.key), owed, self._deliver)

    def send_unrecorded(self, signal: RiskSignal) -> bool:
        """Send the card of a signal that could not be stored (in time); False if none is due."""
        key = SendingKey("update", signal.update_id, signal.level)
        return needs_card(RiskLevel(signal.level)) and self._send_unrecorded(key, signal)

    def show_hotlines_unrecorded(self, update_id: int, request: CommandRequest) -> None:
        """Show the hotlines to a person whose request could not be stored (in time)."""
        chat_id, user_id, language = request.chat_id, request.user_id, request.language.value
        self._send_unrecorded(
            SendingKey("update", update_id, RiskLevel.NONE),
            RiskSignal(update_id, chat_id, user_id, RiskLevel.NONE, language, ends={}),
        )

    async def before_answer(self, plan: Plan, language: Language) -> bool:
        """Note what a whole turn says, and let its cards go out before its answer.

        The turn is read with what was said before, which can be more serious than its updates
        were one by one. Does not wait for a card that another process sends. Returns whether
        what the turn says has brought a card, whoever sent it.

        Raises:
            StorageError: it cannot be noted; a card goes out all the same.
        """
        turn, level = plan.turn, plan.assessment.level
        if level is not RiskLevel.NONE:
            signal = self._signals.of_turn(plan, language)
            try:
                owed = await self._cards.owe_for_turn(turn.id, signal, self._window)
            except StorageError:
                if needs_card(level):
                    self._send_unrecorded(SendingKey("turn", turn.id, level), signal)
                raise
            if owed is not None:
                self.send(owed)
            if turn.attempts == 1:
                await self._counters.add(f"risk_{level.label}")
        waits = plan.risk.check_in_at is not None and not needs_card(level)
        if waits and self._check_in_after is not None:
            await self._schedule.postpone(turn.user_id, self._now() + self._check_in_after)
        tasks = [task for chat_id, task in self._sending.values() if chat_id == turn.chat_id]
        if tasks:
            await asyncio.wait(tasks)
        return needs_card(plan.level) and await self._cards.has_card(turn.id)

    async def note(self, plan: Plan, language: Language) -> None:
        """Keep in mind what a turn says of a danger that is being answered: no card comes of it.

        Raises:
            StorageError: it cannot be noted.
        """
        signal = self._signals.of_turn(plan, language)
        await self._risk.record(replace(signal, danger=plan.met_for, asked_anew=frozenset()))
        await self._counters.add(f"risk_{plan.assessment.level.label}")

    async def note_buttons(self, turn: Turn, message_id: int | None) -> None:
        """Note that the answer to a turn has the crisis buttons now. Never raises."""
        await self._hotlines.buttons.moved(turn.user_id, turn.chat_id, message_id)

    async def is_overtaken(self, turn: Turn) -> bool:
        """Whether words of danger were written behind a turn; its answer has no place any more.

        Raises:
            StorageError: it is not known.
        """
        return await self._cards.is_overtaken(turn.id, turn.chat_id)

    async def note_risk(
        self, level: RiskLevel, *, chat_id: int, user_id: int, language: Language
    ) -> None:
        """Note that a person asked for help by a button, which is a sign of danger of its own.

        It calls no human: the person is asked whether they want one.
        """
        signal = self._signals.of(
            Assessment(level), chat_id=chat_id, user_id=user_id, language_code=language.value
        )
        await self._risk.record(replace(signal, danger=None))

    async def recover(self) -> None:
        """Send owed cards that no process sends: after a crash, an outage, a failed attempt."""
        for owed in await self._cards.claim_owed(CARDS_AT_ONCE):
            self.send(owed)

    async def aclose(self) -> None:
        """Wait for what is being sent; call it when the outbox is closed, which ends it all."""
        while self._sending:
            await asyncio.wait([task for _, task in self._sending.values()])
        await asyncio.gather(*self._alerts)

    def _send_unrecorded(self, key: SendingKey, signal: RiskSignal) -> bool:
        if key in self._said or key in self._sending:
            return False
        log.warning("card_not_recorded", source=key.source, id=key.id)
        shown = self._unrecorded.setdefault(signal.chat_id, [])
        owed = OwedCard(
            *(signal.update_id, signal.level, signal.chat_id, signal.user_id, signal.language_code),
            repeated=any(level >= signal.level for level in shown),
            number=len(shown),
            region=self._hotlines.last_region(signal.user_id),
            danger=signal.danger,
            heard=signal.heard,
        )
        shown.append(signal.level)
        self._start(key, owed, self._try_to_say)
        return True

    def _start(
        self,
        key: SendingKey,
        owed: OwedCard,
        send: Callable[[SendingKey, OwedCard], Awaitable[None]],
    ) -> None:
        """Run `send`, behind what already sends the same card if something does."""
        before = self._sending.get(key)
        # A person who is owed a card has just written: they can be reached, whatever was before.
        self._outbox.mark_reachable(owed.chat_id)

        async def run() -> None:
            if before is not None:
                await asyncio.wait([before[1]])
            try:
                await send(key, owed)
            except Exception:
                log.exception("card_broke", source=key.source, id=key.id)
            finally:
                if self._sending.get(key, (0, None))[1] is asyncio.current_task():
                    del self._sending[key]

        task = asyncio.create_task(run(), name=f"card {key.id}")
        self._sending[key] = owed.chat_id, task

    async def _deliver(self, key: SendingKey, owed: OwedCard) -> None:
        try:
            await self._note_end(key, owed)
        except StorageError as error:
            # Still owed: the next sweep, of whichever process, comes back to it.
            log.warning("card_end_not_stored", update=owed.update_id, error=type(error).__name__)

    async def _note_end(self, key: SendingKey, owed: OwedCard) -> None:
        try:
            await self._say_once(key, owed)
        except Unreachable:
            await self._users.mark_unreachable(told_in(owed))
            await self._cards.mark_refused(owed.key)
            metrics.CARDS_SENT.labels("refused").inc()
        except (Expired, Closed) as error:
            log.warning("card_not_delivered_yet", update=owed.update_id, error=type(error).__name__)
            await self._cards.release(owed.key)
        except Undeliverable as error:
            log.error("card_undeliverable", update=owed.update_id, error=type(error).__name__)
            await self._cards.mark_refused(owed.key)
            metrics.CARDS_SENT.labels("refused").inc()
        else:
            await self._cards.mark_sent(owed.key)
            metrics.CARDS_SENT.labels("sent").inc()
            await self._counters.add("card_sent")

    async def _try_to_say(self, key: SendingKey, owed: OwedCard) -> None:
        try:
            await self._say_once(key, owed)
        except (Unreachable, Undeliverable) as error:
            # Telegram still holds the update and sends it again; that brings the card again.
            log.warning("card_not_delivered_yet", update=owed.update_id, error=type(error).__name__)

    async def _say_once(self, key: SendingKey, owed: OwedCard) -> None:
        """Send a card unless this process has sent it; a second try after a failure is fine."""
        if key in self._said:
            return
        saying = asyncio.create_task(self._say(owed), name=f"card text {owed.update_id}")
        if needs_card(RiskLevel(owed.level)):
            self._tell(owed.chat_id, owed.user_id, RiskLevel(owed.level))
        await saying
        self._said[key] = None
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)

    async def _say(self, owed: OwedCard) -> None:
        texts = texts_for(language_for(owed.language_code))
        if not needs_card(RiskLevel(owed.level)):
            language, region = language_for(owed.language_code), region_of(owed.region)
            await self._hotlines.show_lines(owed.chat_id, owed.user_id, language, region)
            return
        written = await self._writer.write(owed)
        await self._hotlines.say_with_buttons(
            owed.user_id,
            told_in(owed),
            written.text,
            in_danger(texts, owed.user_id, discreet=written.danger in BY_OTHERS),
        )
        await self._writer.note_said(owed, written)

    def _tell(self, chat_id: int, user_id: int, level: RiskLevel) -> None:
        """Tell the people on duty; no card and no answer waits for that."""
        alert = asyncio.create_task(self._alert(chat_id, user_id, level), name="alert")
        self._alerts.add(alert)
        alert.add_done_callback(self._alerts.discard)

    async def _alert(self, chat_id: int, user_id: int, level: RiskLevel) -> None:
        try:
            await self._on_risk_detected(chat_id, user_id, level)
        except StorageError as error:
            log.warning("oncall_not_alerted", error=type(error).__name__)
        except Exception:
            log.exception("oncall_alert_broke", user=user_id)
