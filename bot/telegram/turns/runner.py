"""Runs one turn after another to its end, and decides what becomes of one that is cut off."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot import metrics
from bot.locales import texts_for
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.outbound.failures import Closed, Undeliverable, Unreachable
from bot.telegram.outbound.streaming import StreamedReply
from bot.telegram.topics import enter_topic, topic_of
from bot.telegram.turns.registry import TurnLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.locales import Language, Texts
    from bot.storage import Turn
    from bot.telegram.context import Context
    from bot.telegram.turns.answer import AnswerSteps
    from bot.telegram.turns.collaborators import AnswerKeyboards
    from bot.telegram.turns.ending import TurnEnding
    from bot.telegram.turns.registry import RunningTurns
    from bot.telegram.turns.running import RunningTurn

log = structlog.get_logger(__name__)


class TurnRunner:
    """Runs turns: begins, answers and ends each, or releases it.

    Args:
        context: what the parts share.
        running_turns: hold a turn while it runs.
        steps: answer a turn.
        ending: stores the end of one that cannot be answered.
        keyboards: the buttons under answers.
    """

    def __init__(
        self,
        context: Context,
        running_turns: RunningTurns,
        steps: AnswerSteps,
        ending: TurnEnding,
        keyboards: AnswerKeyboards,
    ) -> None:
        self._context = context
        self._turns = context.storage.turns
        self._inbox = context.storage.inbox
        self._users = context.storage.users
        self._outbox = context.outbox
        self._running_turns = running_turns
        self._steps = steps
        self._ending = ending
        self._keyboards = keyboards

    async def run(
        self,
        turn: Turn,
        language: Language,
        *,
        with_media: bool = False,
        may_be_edited: bool = False,
    ) -> None:
        """Answer `turn` and end it; a turn taken over after a crash continues in its message.

        A turn that is cut off (a shutdown, a lost lease) is released unfinished, for the process
        that takes it over.

        Args:
            turn: has just been claimed.
            language: of its person.
            with_media: whether it came with a picture or file, of which only the words count.
            may_be_edited: whether edits of it may wait in the inbox.

        Raises:
            StorageError: the turn's end could not be stored, however often it was tried.
        """
        running = self._running_turns.begin(turn, has_edits=may_be_edited)
        reply = self._reply_of(running, texts_for(language))
        began_at = self._context.clock()
        ended = False
        try:
            # Whatever is said for this turn in this task goes into its topic. A private chat can
            # have topics, too; there a turn that has just begun is in its own already.
            if not is_private(turn.chat_id) or turn.attempts > 1:
                enter_topic(turn.chat_id, await self._thread_of(turn))
            if turn.attempts == 1:
                # A person who has just written can be reached, whatever was the case before.
                self._outbox.mark_reachable(turn.chat_id)
            if self._outbox.is_muted(turn.chat_id):  # no answer is made that none can read
                await self._ending.fail(turn, "muted")
                ended = True
                return
            if with_media:
                await self._say_beside(turn.chat_id, texts_for(language).caption_note)
            ended = await self._run_to_end(running, language, reply)
        finally:
            self._running_turns.end(running)
            await reply.cancel()
            if ended:
                metrics.TURN_SECONDS.observe(self._context.clock() - began_at)
                self._running_turns.forget(running)
            else:
                await self._running_turns.release(running)

    async def give_up(self, turn: Turn, language: Language) -> None:
        """End a turn that was begun too often, with a sentence and a button to try again."""
        texts = texts_for(language)
        log.error("turn_given_up", turn=turn.id, attempts=turn.attempts)
        await self._ending.fail(turn, "too_many_attempts")
        reply = self._new_reply(
            turn,
            texts,
            message_id=turn.answer_message_id,
            on_message_id=partial(self._turns.set_answer_message, turn.id),
        )
        with suppress(Unreachable, Undeliverable):
            await reply.fail(texts.error_retry, self._keyboards.after_failure(texts, turn.id))

    async def _thread_of(self, turn: Turn) -> int | None:
        """The topic in which a turn was said; None where that cannot be told any more."""
        try:
            updates = await self._inbox.list_for_turn(turn.id)
        except StorageError as error:
            log.info("topic_not_read", turn=turn.id, error=type(error).__name__)
            return None
        topics = [topic_of(json.loads(update.payload)) for update in updates]
        return next((topic[1] for topic in reversed(topics) if topic is not None), None)

    async def _run_to_end(
        self, running: RunningTurn, language: Language, reply: StreamedReply
    ) -> bool:
        """Answer a turn, anew after each edit; whether nothing is left that has to be released."""
        turn_id = running.turn.id
        try:
            while not await self._steps.answer(running, language, reply):
                pass
        except Unreachable:
            log.info("person_unreachable", turn=turn_id)
            await self._users.mark_unreachable(running.turn.chat_id)
            await self._ending.fail(running.turn, "unreachable")
        except TurnLost:  # the lease is the other replica's, and so is the end
            log.info("turn_left_to_another_replica", turn=turn_id)
        except Closed:
            log.warning("answer_not_delivered_yet", turn=turn_id)
            return False
        except Undeliverable as error:
            log.error("answer_undeliverable", turn=turn_id, error=type(error).__name__)
            await self._ending.fail(running.turn, "undeliverable")
        return True

    async def _say_beside(self, chat_id: int, text: str) -> None:
        """Say something beside the answer; that it cannot be said does not stop the answer."""
        try:
            await self._outbox.send_text(chat_id, text)
        except (Unreachable, Undeliverable) as error:
            log.info("not_said", chat=chat_id, error=type(error).__name__)

    def _reply_of(self, running: RunningTurn, texts: Texts) -> StreamedReply:
        """The message of a running turn; the turn knows its id before the database does."""

        async def store_message_id(message_id: int) -> None:
            running.message_id = message_id
            await self._turns.set_answer_message(running.turn.id, message_id)

        return self._new_reply(
            running.turn,
            texts,
            message_id=running.message_id,
            on_message_id=store_message_id,
            is_ours=partial(self._running_turns.is_surely_ours, running),
        )

    def _new_reply(
        self,
        turn: Turn,
        texts: Texts,
        *,
        message_id: int | None,
        on_message_id: Callable[[int], Awaitable[object]],
        is_ours: Callable[[], bool] = lambda: True,
    ) -> StreamedReply:
        return StreamedReply(
            self._outbox,
            turn.chat_id,
            message_id=message_id,
            reply_to=None if is_private(turn.chat_id) else turn.reply_to_message_id,
            keyboard=self._keyboards.while_answering(texts, turn.id),
            on_message_id=on_message_id,
            is_ours=is_ours,
            clock=self._context.clock,
            sleep=self._context.sleep,
        )
