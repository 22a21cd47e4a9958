"""Makes what waits in a chat into its next turn, once the burst is over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot import metrics
from bot.conversation.reading import read_for_danger
from bot.safety import Utterance, needs_card
from bot.safety.quoted import as_told
from bot.telegram.chat_ids import is_private
from bot.telegram.inbound.incoming import (
    join,
    join_texts,
    read_stored_texts,
    take_one_message,
    take_one_person,
    take_up_to,
)
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.topics import enter_topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.storage import Turn
    from bot.telegram.context import Context
    from bot.telegram.inbound.incoming import IncomingText
    from bot.telegram.turns.collaborators import (
        AskedLinesTaker,
        Doorkeeper,
        HumanHandoff,
        ReplyTaker,
    )
    from bot.telegram.turns.edits import TurnEdits
    from bot.telegram.turns.quota import Quota

log = structlog.get_logger(__name__)

MAX_BURST = 5
"""A burst is cut after so many windows: a person who never pauses is answered all the same."""

MESSAGES_AT_ONCE = 64
MAX_TEXT = 32_000
"""Messages and characters that become one turn at most. What is beyond becomes the next ones, each
behind everybody who waits for the engine by then: a chat that floods delays itself."""


@dataclass(frozen=True, slots=True)
class NextTurn:
    """What became of what waited in a chat.

    Args:
        turn: claimed by this process; None: no new turn began.
        with_media: whether it came with a picture or file, of which only the words count.
        rests_until: the person has had their answers of the day, or all answers wait; so long
            the chat is not looked at.
        look_again: whether more may wait than was looked at.
    """

    turn: Turn | None = None
    with_media: bool = False
    rests_until: datetime | None = None
    look_again: bool = False


class TurnAssembler:
    """Assembles turns.

    Args:
        context: what the parts share.
        quota: how much one person gets in a day.
        edits: of what was answered last.
        door: knows whose words are answered, and whether answers have to wait.
        handoff: carries what a human of the operators writes to their person.
        reply_takers: take replies that they have asked for.
        lines: take messages that people were asked to write, the first that has one.
    """

    def __init__(
        self,
        context: Context,
        quota: Quota,
        edits: TurnEdits,
        *,
        door: Doorkeeper,
        handoff: HumanHandoff,
        reply_takers: Sequence[ReplyTaker],
        lines: Sequence[AskedLinesTaker],
    ) -> None:
        self._context = context
        self._inbox = context.storage.inbox
        self._turns = context.storage.turns
        self._users = context.storage.users
        self._outbox = context.outbox
        self._window = context.options.burst_window
        self._quota = quota
        self._edits = edits
        self._access = context.access
        self._door = door
        self._handoff = handoff
        self._reply_takers = reply_takers
        self._lines = lines

    async def next_turn(self, chat_id: int) -> NextTurn:
        """Wait for the end of the burst and make what has arrived into one turn.

        Raises:
            StorageError: everything still waits.
        """
        while True:
            waiting = await self._inbox.list_pending(chat_id, MESSAGES_AT_ONCE)
            if not waiting:
                return NextTurn()
            found = read_stored_texts(waiting, self._context.client, self._context.me)
            if found.empty:
                await self._inbox.finish_all(found.empty)
            for update_id in found.unreadable:
                await self._inbox.fail(update_id, "unreadable")
            said = self._choose(found.said)
            if not said:
                continue
            # Whatever is said for these messages in this task goes into their topic.
            enter_topic(chat_id, said[-1].thread_id)
            pause = self._until_quiet(said)
            if pause > 0:
                with suppress(Unreachable, Undeliverable):
                    self._outbox.show_typing(chat_id)
                await self._context.sleep(pause)
                continue
            if not await self._may_be_answered(said):
                await self._inbox.finish_all([item.update_id for item in said])
                continue
            if await self._is_answered_anew(said):
                return NextTurn(look_again=True)
            if await self._hand_to_others(said, may_answer=waiting[0].may_answer):
                continue
            return await self._begin(said)

    def _choose(self, said: Sequence[IncomingText]) -> Sequence[IncomingText]:
        """What of all that waits belongs into one turn."""
        together = take_up_to(MAX_TEXT, take_one_person(said))
        # With no burst window each message gets its own answer, however long it had to wait.
        return together if self._window else take_one_message(together)

    def _until_quiet(self, said: Sequence[IncomingText]) -> float:
        """Seconds until the burst is over."""
        now = self._context.now().timestamp()
        if said[-1].received_at > now + self._window:
            return 0  # the clock was set back meanwhile: no person waits until it catches up
        end = min(
            said[-1].received_at + self._window,
            said[0].received_at + MAX_BURST * self._window,
        )
        return min(end - now, self._window)

    async def _may_be_answered(self, said: Sequence[IncomingText]) -> bool:
        """Whether their person may use the bot; who may not is told so."""
        first = said[0]
        language = self._context.language_for(first.user_id, first.language_code)
        text = as_told(join_texts(said))
        return await self._door.answers_words(first.user_id, first.chat_id, language, text)

    async def _is_answered_anew(self, said: Sequence[IncomingText]) -> bool:
        """Whether all that waits are edits of what was answered last, which is answered anew."""
        if any(not item.is_edit for item in said):
            return False
        first = said[0]
        read = await read_for_danger([Utterance(item.text) for item in said])
        if needs_card(read.level):
            return False  # its card is the answer
        # An answer that is being made takes its edits itself; no person gets more than a day's.
        if await self._turns.notify_edited(first.chat_id) or (
            await self._quota.ends_at(first.user_id, first.chat_id) is not None
        ):
            return False
        if not await self._edits.reopen_answered(said):
            return False
        await self._inbox.finish_all([item.update_id for item in said])
        return True

    async def _hand_to_others(self, said: Sequence[IncomingText], *, may_answer: bool) -> bool:
        """Give messages to what takes them in place of the model; whether something has."""
        first, update_ids = said[0], [item.update_id for item in said]
        if kept := [item.update_id for item in said if await self._is_kept_reply(item)]:
            await self._inbox.finish_all(kept)
            return True
        for lines in self._lines if may_answer else ():
            if taken := await lines.take(said):
                await self._inbox.finish_all(taken)
                return True
        text = join_texts(said)
        if not text:
            # Edits alone: of what a running turn answers, or else of what was answered before.
            is_taken = not await self._turns.notify_edited(first.chat_id)
        else:
            await self._users.record_seen(
                first.user_id, first.language_code, admits=self._access.admits_all
            )
            is_taken = await self._handoff.carry_to_person(
                first.chat_id, first.user_id, as_told(text)
            )
        if is_taken:
            await self._inbox.finish_all(update_ids)
        return is_taken

    async def _is_kept_reply(self, item: IncomingText) -> bool:
        if item.reply_to is None:
            return False
        for taker in self._reply_takers:
            if await taker.keep_reply(item):
                return True
        return False

    async def _begin(self, said: Sequence[IncomingText]) -> NextTurn:
        """Begin a turn, unless answers wait or the person has had theirs of the day."""
        first, update_ids = said[0], [item.update_id for item in said]
        joined = join(said)
        text = joined.text
        if not text:
            return NextTurn()  # the turn that runs there takes the edits, or else ends them
        language = await self._context.language_of(first.user_id)
        until = await self._door.pause_ends(first.user_id, first.chat_id, language)
        if until is not None:
            return NextTurn(rests_until=until)
        until = await self._quota.check_and_tell(first.user_id, first.chat_id, language)
        if until is not None:
            return await self._rest(first.chat_id, update_ids, until)
        turn = await self._turns.begin(
            chat_id=first.chat_id,
            user_id=first.user_id,
            text=text,
            update_ids=update_ids,
            reply_to_message_id=said[-1].message_id,
            message_spans=joined.stored_spans,
        )
        if turn is not None:
            waited = self._context.now().timestamp() - first.received_at
            metrics.INTAKE_WAIT.observe(max(waited, 0.0))
        elif any(item.is_edit for item in said):
            await self._turns.notify_edited(first.chat_id)
        return NextTurn(turn, with_media=any(item.with_media for item in said))

    async def _rest(self, chat_id: int, update_ids: list[int], until: datetime) -> NextTurn:
        if is_private(chat_id):
            return NextTurn(rests_until=until)
        await self._inbox.finish_all(update_ids)
        return NextTurn(look_again=True)
