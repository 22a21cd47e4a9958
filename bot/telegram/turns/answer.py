"""What one turn is answered with, step by step: cards, a human, notices, the model's words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, assert_never

import structlog

from bot.locales import texts_for
from bot.safety import BY_OTHERS, RiskLevel, asks_about_danger
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.outbound.failures import Expired
from bot.telegram.turns.generation import Outcome
from inference.engine import ContentFiltered

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.conversation.companion import Companion, Plan
    from bot.conversation.disclosure_policy import PendingNotice
    from bot.locales import Language, Texts
    from bot.safety import Assessment
    from bot.telegram.outbound.streaming import StreamedReply
    from bot.telegram.turns.collaborators import (
        AnswerKeyboards,
        CardGate,
        HumanHandoff,
        Notices,
    )
    from bot.telegram.turns.edits import TurnEdits
    from bot.telegram.turns.ending import TurnEnding
    from bot.telegram.turns.generation import GenerationManager
    from bot.telegram.turns.running import RunningTurn

    SecondLook = asyncio.Task[Assessment]

log = structlog.get_logger(__name__)

PROTOCOL_WAITS = 0.5
"""Seconds for which the protocol's question waits for the second reading: a card would ask, too."""


class AnswerSteps:
    """Answers a running turn, from reading it to storing its end.

    Args:
        companion: plans turns.
        edits: puts edits that wait into the turn.
        generation: makes the model's answers.
        ending: delivers and stores the end.
        cards: go out before the answer.
        handoff: to a human, who is given the turn instead of the model.
        notices: what has to be said beside the answer.
        keyboards: the buttons under the answer.
        bot_name: the name of the bot in Telegram.
    """

    def __init__(
        self,
        *,
        companion: Companion,
        edits: TurnEdits,
        generation: GenerationManager,
        ending: TurnEnding,
        cards: CardGate,
        handoff: HumanHandoff,
        notices: Notices,
        keyboards: AnswerKeyboards,
        bot_name: str | None,
    ) -> None:
        self._companion = companion
        self._edits = edits
        self._generation = generation
        self._ending = ending
        self._cards = cards
        self._handoff = handoff
        self._notices = notices
        self._keyboards = keyboards
        self._bot_name = bot_name

    async def answer(self, running: RunningTurn, language: Language, reply: StreamedReply) -> bool:
        """Answer what is said in a turn now; False if it was edited before the first word.

        Raises:
            StorageError: it cannot be read, or its end could not be stored.
            TurnLost: another replica has the turn.
            Unreachable: the person blocked the bot.
            Undeliverable: Telegram refused the answer.
        """
        if running.has_edits:
            running.has_edits = False
            running.turn = await self._edits.merge_into(running.turn)
            running.found = None
        plan = await self._companion.plan(running.turn, language, running.found)
        second_look = asyncio.create_task(self._read_again(running, plan), name="second reading")
        try:
            return await self._answer_as_planned(running, plan, reply, second_look)
        finally:
            second_look.cancel()

    async def _answer_as_planned(
        self, running: RunningTurn, plan: Plan, reply: StreamedReply, second_look: SecondLook
    ) -> bool:
        await self._companion.lower_risk(plan)
        if await self._cards.before_answer(plan, plan.language):
            plan = self._companion.after_card(plan)
        if await self._is_carried_to_human(running):
            await self._note_second(plan, await second_look)
            await self._ending.finish(running, plan, "", "answered")
            return True
        if running.stop_requested and await self._is_overtaken(running):
            await self._end_overtaken(running, plan, "", reply)
            return True
        # Nothing is said yet: a card that is to come is the first thing, and asks alone. The
        # welcome of who is new, which asks how old they are, waits for that to be known.
        is_new = plan.disclosure.told_at is None and not plan.is_goodbye
        is_known = second_look.done() or is_new
        if is_known and self._companion.calls_for_card(plan, await second_look):
            return False
        pending = await self._give_notices(running, plan)
        if running.has_edits:
            return False
        texts = texts_for(plan.language)
        if running.is_overtaken:
            await self._end_overtaken(running, plan, "", reply)
            return True
        end = self._end_with_reviewed if plan.is_reviewed else self._end_with_generated
        if not await end(running, plan, reply, texts, second_look):
            return False
        if not running.is_overtaken:
            await self._notices.after_answer(pending)
        return True

    async def _give_notices(self, running: RunningTurn, plan: Plan) -> PendingNotice | None:
        """Say what has to be said before the answer; who leaves is sent nothing more."""
        if plan.is_goodbye:
            return None
        return await self._notices.before_answer(
            *(running.turn, plan.language, plan.disclosure),
            level=plan.level,
            has_card=plan.card_asks,
            occasions=plan.occasions,
        )

    async def _read_again(self, running: RunningTurn, plan: Plan) -> Assessment:
        """Have the turn read in meaning, once for its words; a card stops what is being said."""
        if running.found is None:
            found = await self._companion.read_again(plan)
            running.found = found
            if self._companion.calls_for_card(plan, found):
                running.interrupt_for_card()
        return running.found

    async def _note_second(self, plan: Plan, found: Assessment) -> None:
        """Keep in mind what only the second reading has found, with its card if it brings one."""
        if found.level <= plan.assessment.level:
            return
        raised = replace(plan, assessment=found, level=max(plan.level, found.level))
        if self._companion.is_met(plan, found):
            await self._cards.note(raised, plan.language)
        else:
            await self._cards.before_answer(raised, plan.language)

    async def _is_overtaken(self, running: RunningTurn) -> bool:
        """Whether a turn that is to stop has to do so for words of danger behind it."""
        if not running.is_overtaken:
            # Asked for by a process that died, or a notification got lost: the cards tell.
            try:
                running.is_overtaken = await self._cards.is_overtaken(running.turn)
            except StorageError as error:
                log.warning("overtaken_unknown", error=type(error).__name__)
        return running.is_overtaken

    async def _is_carried_to_human(self, running: RunningTurn) -> bool:
        """Whether a human of the operators has the word here, who is then given the turn.

        Tried as long as Telegram is out of reach; /stop ends answers of the model alone.
        """
        while True:
            try:
                return await self._handoff.carry_to_admin(running.turn)
            except Expired:
                await self._ending.pause(running, "turn_not_carried_yet")

    async def _end_with_reviewed(
        self,
        running: RunningTurn,
        plan: Plan,
        reply: StreamedReply,
        texts: Texts,
        second_look: SecondLook,
    ) -> bool:
        """Say a reviewed text; False if the second reading brings a card, which asks alone.

        A reading that takes long is not waited for: its card may follow.
        """
        if plan.by_protocol and not plan.card_asks:
            await asyncio.wait({second_look}, timeout=PROTOCOL_WAITS)
            if second_look.done() and self._companion.calls_for_card(plan, second_look.result()):
                return False
        answer = await self._companion.reviewed(plan)
        if answer is None:  # the card has asked; a second question would say that none was heard
            await self._note_second(plan, await second_look)
            await self._ending.finish(running, plan, None, "answered")
            return True
        keyboard: InlineKeyboardMarkup | None = None
        is_of_danger = plan.level is not RiskLevel.NONE and not plan.is_goodbye
        if not is_of_danger:
            pass
        elif plan.is_shared:
            keyboard = self._keyboards.into_private(texts, self._bot_name)
        else:
            is_by_others = plan.met_for in BY_OTHERS
            keyboard = self._keyboards.in_danger(texts, running.turn.user_id, discreet=is_by_others)
            keyboard = self._offering_care(plan, texts, keyboard)
        await self._ending.deliver(running, partial(reply.finish, answer, keyboard))
        if is_of_danger and not plan.is_shared:
            await self._cards.note_buttons(running.turn, running.message_id)
        await self._note_second(plan, await second_look)
        await self._ending.finish(running, plan, answer, "answered")
        return True

    async def _end_with_generated(
        self,
        running: RunningTurn,
        plan: Plan,
        reply: StreamedReply,
        texts: Texts,
        second_look: SecondLook,
    ) -> bool:
        """Let the model answer; False if the turn was edited, or is more serious than it seemed."""
        if running.stop_requested:
            outcome = Outcome("", "stopped")
        elif second_look.done() and self._companion.calls_for_card(plan, second_look.result()):
            outcome = Outcome("", "raised")
        else:
            outcome = await self._generation.run(running, plan, reply, texts)
        if outcome.end == "edited":
            return False
        if outcome.end == "stopped" and await self._is_overtaken(running):
            await self._end_overtaken(running, plan, outcome.said, reply)
            return True
        found = await second_look
        if outcome.end == "raised" or self._companion.calls_for_card(plan, found):
            # Said without knowing of the danger: it may be the wrong word, so it does not stay.
            await self._ending.deliver(running, partial(reply.withdraw, texts.withdrawn))
            running.message_id = None
            return False
        await self._note_second(plan, found)
        match outcome.end:
            case "answered":
                said = self._companion.ask_openly(plan, found, outcome.said)
                outcome = replace(outcome, said=said)
                is_calm = found.level is RiskLevel.NONE and not outcome.is_reviewed
                await self._end_answered(running, plan, outcome, reply, texts, is_calm=is_calm)
            case "stopped":
                await self._end_stopped(running, plan, outcome, reply, texts)
            case "failed":
                await self._end_failed(running, outcome, reply, texts)
            case _:
                assert_never(outcome.end)
        return True

    async def _end_answered(
        self,
        running: RunningTurn,
        plan: Plan,
        outcome: Outcome,
        reply: StreamedReply,
        texts: Texts,
        *,
        is_calm: bool,
    ) -> None:
        model = self._rated_model(plan, outcome)
        keyboard = self._after_answer(running, texts, ratable=model is not None)
        keyboard = self._offering_care(plan, texts, keyboard)
        if is_calm and not asks_about_danger(outcome.said):
            keyboard = self._keyboards.with_exercise(plan, keyboard)
        await self._ending.deliver(running, partial(reply.finish, outcome.said, keyboard))
        await self._ending.finish(running, plan, outcome.said, "answered", model, has_buttons=True)

    def _after_answer(
        self, running: RunningTurn, texts: Texts, *, ratable: bool = False
    ) -> InlineKeyboardMarkup:
        """The buttons under an answer; one that is made is the last of its versions."""
        turn = running.turn
        return self._keyboards.after_answer(
            texts, turn.id, ratable=ratable, version=turn.version, versions=turn.version
        )

    def _offering_care(
        self, plan: Plan, texts: Texts, keyboard: InlineKeyboardMarkup
    ) -> InlineKeyboardMarkup:
        """At high, what follows the card offers help in person; at imminent calling comes first."""
        if plan.level is not RiskLevel.HIGH or not is_private(plan.turn.chat_id):
            return keyboard
        return self._keyboards.with_care(texts, keyboard)

    async def _end_stopped(
        self,
        running: RunningTurn,
        plan: Plan,
        outcome: Outcome,
        reply: StreamedReply,
        texts: Texts,
    ) -> None:
        said = outcome.said
        shown = f"{said}\n\n{texts.stopped_suffix}" if said else texts.stopped
        keyboard = self._after_answer(running, texts)
        await self._ending.deliver(running, partial(reply.finish, shown, keyboard))
        await self._ending.finish(running, plan, said, "stopped", has_buttons=True)

    async def _end_overtaken(
        self, running: RunningTurn, plan: Plan, said: str, reply: StreamedReply
    ) -> None:
        """End an answer that words of danger have overtaken: no word more, and no button.

        What was read stays, and is seen to be broken off. Where nothing was, nothing is said: the
        next thing the person reads is their card.
        """
        await self._ending.deliver(running, partial(reply.break_off, f"{said}……"))
        await self._ending.finish(running, plan, said, "stopped")

    async def _end_failed(
        self, running: RunningTurn, outcome: Outcome, reply: StreamedReply, texts: Texts
    ) -> None:
        said = outcome.said
        is_filtered = outcome.reason == ContentFiltered.__name__
        told = texts.error_filtered if is_filtered else texts.error_retry
        shown = f"{said}……\n\n{told}" if said else told
        turn = running.turn
        keyboard = self._keyboards.after_failure(texts, turn.id, version=turn.version)
        await self._ending.deliver(running, partial(reply.fail, shown, keyboard))
        await self._ending.fail(running.turn, outcome.reason, running.message_id)

    def _rated_model(self, plan: Plan, outcome: Outcome) -> str | None:
        # In a group the talk before the answer is not one person's to give.
        if outcome.is_reviewed or not is_private(plan.turn.chat_id):
            return None
        return self._companion.rated_model(plan, outcome.said)
