"""What a person writes while a step of their plan is asked: lines of it, never of a talk.

Read for danger first. What tells of danger is no line: it is answered as any danger is, with its
card, and the plan waits. What is taken here becomes no turn, so no model ever reads it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import structlog

from bot.conversation.reading import read_for_danger
from bot.locales.plan import plan_texts_for
from bot.safety import RiskLevel, Utterance
from bot.storage import PlanStep, TypedLine
from bot.telegram.chat_ids import is_private
from bot.telegram.features.safety_plan.pages import MAX_LINE, MAX_LINES, as_noted
from bot.telegram.features.safety_plan.words import Instruction, instruction_in
from bot.telegram.features.written_lines import WrittenLine, as_written, is_own_words
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales import Language
    from bot.locales.plan import PlanTexts
    from bot.storage import AskedStep
    from bot.telegram.context import Context
    from bot.telegram.features.safety_plan.screen import PlanScreen
    from bot.telegram.features.written_lines import LineGuard
    from bot.telegram.inbound.incoming import IncomingText

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Written(WrittenLine):
    """One message, as it reads after its edits; `step` is the one it belongs to."""

    step: PlanStep | None = None

    @property
    def order(self) -> Instruction | None:
        """What it orders instead of telling, if it does."""
        return instruction_in(self.text, self.step)


class PlanAnswers:
    """Takes what belongs to a plan out of what waits in a private chat.

    Args:
        context: what the features share.
        screen: shows the plan.
        guard: tells whether something comes first.
    """

    def __init__(
        self,
        context: Context,
        *,
        screen: PlanScreen,
        guard: LineGuard,
    ) -> None:
        self._plans = context.storage.safety_plans
        self._language_for = context.language_for
        self._screen = screen
        self._guard = guard

    async def take(self, said: Sequence[IncomingText]) -> list[int]:
        """Take the messages of one person that belong to their plan; the ids of their updates.

        Raises:
            StorageError: nothing is known to be taken; the same messages may come again.
        """
        first = said[0]
        if not is_private(first.chat_id):
            return []
        user_id = first.user_id
        language = self._language_for(user_id, first.language_code)
        if (edited := await self._take_edits(said)) or all(item.is_edit for item in said):
            return edited
        asked = await self._plans.asked(user_id)
        if asked is None or asked.is_set_aside:
            return []
        written = [_Written(**asdict(one)) for one in as_written(said)]
        known = await self._plans.known_messages(user_id, [one.message_id for one in written])
        repeated = [one for one in written if one.message_id in known]
        new = [one for one in written if one.message_id not in known]
        for one in new:
            one.step = _step_of(one, asked)
        new = [one for one in new if one.step is not None]
        if new and await self._has_to_wait(user_id, new, asked, language):
            new = []
        if not (new or repeated):
            return []
        try:
            await self._answer(user_id, new, asked, language)
        except (Unreachable, Undeliverable) as error:
            # The lines are kept; the next message, or /plan, shows where the person is.
            log.warning("plan_not_shown", error=type(error).__name__)
        return [update_id for one in (*repeated, *new) for update_id in one.update_ids]

    async def _take_edits(self, said: Sequence[IncomingText]) -> list[int]:
        """Change lines whose messages were edited."""
        taken = []
        for item in said:
            if not (item.is_edit and is_own_words(item) and len(item.text) <= MAX_LINE):
                continue
            if (await read_for_danger([Utterance(item.text)])).level >= RiskLevel.HIGH:
                continue
            if await self._plans.replace(item.user_id, item.message_id, item.text.strip()):
                taken.append(item.update_id)
        return taken

    async def _has_to_wait(
        self, user_id: int, new: Sequence[_Written], asked: AskedStep, language: Language
    ) -> bool:
        """Whether something else comes first; the question that is asked then waits."""
        texts = [one.text for one in new]
        held = await self._guard.holds(
            user_id, texts, asked_at=asked.at, is_interrupted=asked.is_interrupted
        )
        if not held:
            return False
        await self._plans.stop(user_id, late_lines=False)
        if asked.step is not None:
            await self._screen.pause(user_id, asked.step, asked.shown_in, language)
        return True

    async def _answer(
        self, user_id: int, new: Sequence[_Written], asked: AskedStep, language: Language
    ) -> None:
        """Keep the lines, and show what comes next, unless it is shown already."""
        texts = plan_texts_for(language)
        lines = [one for one in new if one.order is None]
        order = next((one.order for one in new if one.order and one.step is asked.step), None)
        if refused := await self._refused(user_id, lines, texts):
            await self._screen.say(user_id, refused)
            return
        before = ""
        if lines:
            typed = [TypedLine(one.message_id, one.step, one.text) for one in lines if one.step]
            await self._plans.answer(user_id, typed, then=_behind(asked))
            levels = [(await read_for_danger([Utterance(one.text)])).level for one in lines]
            before = as_noted(texts, [one.text for one in lines], in_need=any(levels))
        elif order is not None and asked.step is not None:
            before = await self._follow(user_id, order, asked.step, asked, texts)
        now = await self._plans.asked(user_id)
        if now is None or now.step is None:
            await self._screen.show_plan(user_id, language, before=before)
        elif now.shown_in is None:
            await self._screen.ask(user_id, now.step, language, walks=now.walks, before=before)
        else:
            return
        await self._screen.retire(user_id, asked.shown_in)

    async def _follow(
        self,
        user_id: int,
        order: Instruction,
        step: PlanStep,
        asked: AskedStep,
        texts: PlanTexts,
    ) -> str:
        """Do what an order says, and say what is said before the next question."""
        goes_to = step.previous if order is Instruction.BACK else _behind(asked)
        if order is Instruction.STOP or goes_to is None:
            await self._plans.stop(user_id)
        else:
            await self._plans.ask(user_id, goes_to, walks=True)
        if order is Instruction.NOTHING:
            asks_for_others = step in (PlanStep.COMPANY, PlanStep.PEOPLE)
            return texts.no_one_yet if asks_for_others else texts.left_empty
        if order is not Instruction.STOP:
            return ""
        has_lines = (await self._plans.for_user(user_id)).lines
        return texts.stopped if has_lines else texts.stopped_empty

    async def _refused(
        self, user_id: int, lines: Sequence[_Written], texts: PlanTexts
    ) -> str | None:
        """Why lines are not kept, as their person is told; None: they are."""
        if any(len(one.text) > MAX_LINE for one in lines):
            return texts.too_long
        if lines:
            plan = await self._plans.for_user(user_id)
            added = Counter(one.step for one in lines)
            if any(len(plan.of(step)) + count > MAX_LINES for step, count in added.items() if step):
                return texts.full
        return None


def _step_of(one: _Written, asked: AskedStep) -> PlanStep | None:
    """The step that a new message belongs to; None: it is talk."""
    if one.received_at < asked.at.timestamp():
        return asked.before
    if asked.step is not None and asked.shown_in is None and asked.before is not None:
        return asked.before  # its person has not seen the next question yet
    return asked.step


def _behind(asked: AskedStep) -> PlanStep | None:
    """What is asked once the step is answered; None: nothing, the plan is shown."""
    return asked.step.next if asked.step is not None and asked.walks else None
