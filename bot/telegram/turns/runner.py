"""Answers one turn in its chat: card, growing message, final text, and the turn's end in SQL."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import RiskLevel
from bot.telegram.features.crisis.keyboards import in_danger
from bot.telegram.features.feedback import after_answer
from bot.telegram.features.turn_controls import after_failure, while_answering
from bot.telegram.outbound.delivery import Closed, Expired, Undeliverable, Unreachable
from bot.telegram.outbound.rendering import render
from bot.telegram.outbound.streaming import StreamedReply, Unsure
from bot.telegram.turns.ending import Ends
from bot.telegram.turns.generation import Outcome
from bot.telegram.turns.registry import Claims, Lost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.conversation.companion import Companion, Plan
    from bot.locales import Language, Texts
    from bot.storage import Turn, Turns, Users
    from bot.telegram.features.crisis.cards import Crisis
    from bot.telegram.features.disclosure import DisclosureService
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.turns.edits import Edits
    from bot.telegram.turns.generation import GenerationManager

log = structlog.get_logger(__name__)

DELIVERY_PAUSE = 30.0


class TurnRunner:
    """Makes answers visible and final, one a chat at a time."""

    def __init__(
        self,
        companion: Companion,
        turns: Turns,
        users: Users,
        outbox: Outbox,
        generations: GenerationManager,
        crisis: Crisis,
        *,
        edits: Edits,
        disclosing: DisclosureService,
        desk: HandoffDesk,
        clock: Callable[[], float],
        lease_safe_seconds: float = inf,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`lease_safe_seconds`: see `Claims`."""
        self._companion = companion
        self._turns = turns
        self._users = users
        self._outbox = outbox
        self._disclosing = disclosing
        self._crisis = crisis
        self._desk = desk
        self._edits = edits
        self._ends = Ends(companion, turns, sleep)
        self._clock = clock
        self._sleep = sleep
        self._generations = generations
        self.claims = Claims(turns, clock=clock, lease_safe_seconds=lease_safe_seconds)
        self._held: dict[int, int] = {}
        self._stopping: set[int] = set()
        self._edited: set[int] = set()
        self._owed: set[int] = set()

    async def stop(self, chat_id: int, turn_id: int | None = None) -> bool:
        """Stop the answer being made in a chat (only `turn_id`'s, if given), in any replica.

        Returns whether there was one. What is visible by then stays.

        Raises:
            StorageError: it is not made here, and nobody else could be asked.
        """
        if self._generations.stop(chat_id, turn_id):
            return True
        here = {
            held for held, chat in self._held.items() if chat == chat_id and turn_id in (None, held)
        }
        self._stopping |= here
        return bool(here) or await self._turns.request_stop(chat_id, turn_id)

    def stop_here(self, turn_ids: Iterable[int]) -> None:
        """Stop those of some turns that are answered in this process; others asked for it."""
        for turn_id in turn_ids:
            chat_id = self._held.get(turn_id)
            if chat_id is not None and not self._generations.stop(chat_id, turn_id):
                self._stopping.add(turn_id)  # as soon as it would begin

    def edited(self, chat_id: int) -> None:
        """Have edits looked for before the turn of a chat is answered, if it is answered here."""
        self.edited_here([turn_id for turn_id, chat in self._held.items() if chat == chat_id])

    def edited_here(self, turn_ids: Iterable[int]) -> None:
        """Have edits looked for in those of some turns that are answered in this process.

        An answer of which something is to be seen already goes on as it is.
        """
        for turn_id in turn_ids:
            chat_id = self._held.get(turn_id)
            if chat_id is not None:
                self._edited.add(turn_id)
                self._generations.edited(chat_id)

    @property
    def held(self) -> list[int]:
        """The turns being answered, whose claims have to be renewed."""
        return self.claims.held

    @property
    def owed(self) -> list[int]:
        """The turns that are neither ended nor handed back yet."""
        return list(self._owed)

    async def answer(
        self,
        turn: Turn,
        language: Language,
        *,
        with_media: bool = False,
        may_be_edited: bool = False,
    ) -> None:
        """Answer `turn` and end it; a turn taken over after a crash continues in its message.

        A turn that is cut off (a shutdown, a lost claim) is handed back unfinished, for whoever
        takes it over. `with_media`: it came with a picture or file, of which only the words count.
        `may_be_edited`: edits of it may wait in the inbox.

        Raises:
            StorageError: the turn's end could not be stored, however often it was tried.
        """
        texts = texts_for(language)
        is_ours = partial(self.claims.is_sure, turn.id)
        reply = self._reply(turn, texts, self.claims.begin(turn.id), is_ours)
        self._held[turn.id] = turn.chat_id
        self._owed.add(turn.id)
        if may_be_edited:
            self._edited.add(turn.id)
        ended = False
        try:
            if turn.attempts == 1:
                # Somebody who has just written can be reached, whatever was the case before.
                self._outbox.reachable(turn.chat_id)
            if with_media:
                await self._say(turn.chat_id, texts.caption_note)
            while not ended:
                ended = await self._answer_as_it_stands(turn, language, reply)
        except Unreachable:
            log.info("person_unreachable", turn=turn.id)
            await self._users.mark_unreachable(turn.chat_id)
            await self._ends.fail(turn, "unreachable")
            ended = True
        except Lost:
            ended = True
        except Closed:
            log.warning("answer_not_delivered_yet", turn=turn.id)
        except Undeliverable as error:
            log.error("answer_undeliverable", turn=turn.id, error=type(error).__name__)
            await self._ends.fail(turn, "undeliverable")
            ended = True
        finally:
            # First of all: a claim that nobody works on must be allowed to run out.
            self.claims.end(turn.id)
            del self._held[turn.id]
            self._stopping.discard(turn.id)
            self._edited.discard(turn.id)
            await reply.cancel()
            if not ended:
                await self.claims.hand_back(turn.id, reply.message_id)
            self._owed.discard(turn.id)

    async def keep_claims(self) -> None:
        """Prolong the claims of what is being answered, and see what others took or want stopped.

        Raises:
            StorageError: nobody knows.
        """
        if held := self.claims.held:
            self._generations.abandon(await self.claims.renew())
            self.stop_here(await self._turns.list_stop_requested(held))

    async def give_up(self, turn: Turn, language: Language) -> None:
        """End a turn that was begun too often, with a sentence and a button to try again."""
        texts = texts_for(language)
        log.error("turn_given_up", turn=turn.id, attempts=turn.attempts)
        await self._ends.fail(turn, "too_many_attempts")
        reply = self._reply(turn, texts)
        with suppress(Unreachable, Undeliverable):
            await reply.fail(texts.error_retry, after_failure(texts, turn.id))

    def show_typing(self, chat_id: int) -> None:
        """A sign of life while the rest of a burst is waited for."""
        with suppress(Unreachable, Undeliverable):
            self._outbox.typing(chat_id)

    def _reply(
        self,
        turn: Turn,
        texts: Texts,
        unstored_message: int | None = None,
        is_ours: Callable[[], bool] = lambda: True,
    ) -> StreamedReply:
        return StreamedReply(
            self._outbox,
            turn.chat_id,
            message_id=turn.answer_message_id or unstored_message,
            reply_to=turn.reply_to_message_id if _is_group(turn.chat_id) else None,
            keyboard=while_answering(texts, turn.id),
            on_message_id=partial(self._turns.set_answer_message, turn.id),
            is_ours=is_ours,
            clock=self._clock,
            sleep=self._sleep,
        )

    async def apologize(self, chat_id: int, language: Language) -> None:
        """Ask somebody to write again what could not become a turn."""
        await self._say(chat_id, texts_for(language).error_once_more)

    async def _say(self, chat_id: int, text: str) -> None:
        """Say something beside the answer; that it cannot be said does not stop the answer."""
        try:
            await self._outbox.send(chat_id, render(text)[0])
        except (Unreachable, Undeliverable) as error:
            log.info("not_said", chat=chat_id, error=type(error).__name__)

    async def _answer_as_it_stands(
        self, turn: Turn, language: Language, reply: StreamedReply
    ) -> bool:
        """Answer what is said in a turn now; False if it was edited before the first word."""
        texts = texts_for(language)
        if turn.id in self._edited:
            self._edited.discard(turn.id)
            turn = await self._edits.into(turn)
        plan = await self._companion.plan(turn, language)
        await self._crisis.before_answer(plan, language)
        if await self._carried_to_a_human(turn):
            await self._ends.end(plan, "", "answered", reply.message_id)
            return True
        owed = await self._disclosing.before_answer(
            turn, language, in_danger=plan.level > RiskLevel.NONE
        )
        if turn.id in self._edited:
            return False
        if plan.reviewed_answer is not None:
            keyboard = in_danger(texts, turn.user_id)
            await self._deliver(partial(reply.finish, plan.reviewed_answer, keyboard), turn)
            await self._ends.end(plan, plan.reviewed_answer, "answered", reply.message_id)
        elif not await self._generate(plan, reply, texts):
            return False
        await self._disclosing.after_answer(owed)
        return True

    async def _generate(self, plan: Plan, reply: StreamedReply, texts: Texts) -> bool:
        turn = plan.turn
        if turn.stop_requested or turn.id in self._stopping:
            outcome = Outcome("", "stopped")
        else:
            outcome = await self._generations.run(plan, reply, texts)
        match outcome.end:
            case "edited":
                return False
            case "answered":
                model = self._rated_model(plan, outcome)
                keyboard = after_answer(texts, turn.id, ratable=model is not None)
                await self._deliver(partial(reply.finish, outcome.said, keyboard), turn)
                await self._ends.end(plan, outcome.said, "answered", reply.message_id, model)
            case "stopped":
                said = outcome.said
                shown = f"{said}\n\n{texts.stopped_suffix}" if said else texts.stopped
                keyboard = after_answer(texts, turn.id)
                await self._deliver(partial(reply.finish, shown, keyboard), turn)
                await self._ends.end(plan, said, "stopped", reply.message_id)
            case "failed":
                said = outcome.said
                shown = f"{said}……\n\n{texts.error_retry}" if said else texts.error_retry
                keyboard = after_failure(texts, turn.id)
                await self._deliver(partial(reply.fail, shown, keyboard), turn)
                await self._ends.fail(turn, outcome.reason, reply.message_id)
        return True

    def _rated_model(self, plan: Plan, outcome: Outcome) -> str | None:
        # In a group the talk before the answer is not one person's to give.
        if outcome.is_reviewed or _is_group(plan.turn.chat_id):
            return None
        return self._companion.rated_model(plan, outcome.said)

    async def _carried_to_a_human(self, turn: Turn) -> bool:
        """Whether a human of the operators has the word here, who is then given the turn."""
        while True:
            try:
                return await self._desk.to_admin(turn)
            except Expired:
                log.warning("turn_not_carried_yet", turn=turn.id, next_try_in=DELIVERY_PAUSE)
                await self._sleep(DELIVERY_PAUSE)

    async def _deliver(self, deliver: Callable[[], Awaitable[object]], turn: Turn) -> None:
        """Deliver the end of an answer, however long Telegram is out of reach."""
        while True:
            try:
                await deliver()
            except Unsure:
                await self.claims.make_sure(turn.id)
            except Expired:
                log.warning("answer_not_delivered_yet", turn=turn.id, next_try_in=DELIVERY_PAUSE)
                await self._sleep(DELIVERY_PAUSE)
            else:
                return


def _is_group(chat_id: int) -> bool:
    """Telegram gives people positive ids and groups negative ones."""
    return chat_id < 0
