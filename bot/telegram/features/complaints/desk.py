"""/complaints: those on duty see which complaints wait and by when, read one, and answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.locales.complaints import complaint_texts_for
from bot.storage import Role
from bot.telegram.features.admin.acts import (
    SHOWN,
    USAGE,
    Done,
    OperatorAct,
    say,
    texts_of,
    told_at,
    user_id_in,
)
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import plain

if TYPE_CHECKING:
    from bot.storage import Complaint
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

SHOWN_AT_ONCE: Final = 30
MAX_ANSWER: Final = 3000


class ComplaintDesk:
    """Lists, shows and answers complaints. Each is read only by who asks for it by its number."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._complaints = context.storage.complaints
        self.acts = (
            OperatorAct("complaints", Role.DUTY, self._complaints_act, lambda t: t.menu_complaints),
        )

    async def _complaints_act(self, request: CommandRequest) -> Done:
        if not request.argument:
            return await self._list(request)
        word, _, answer = request.argument.partition(" ")
        number, answer = user_id_in(word.removeprefix("#")), answer.strip()
        if number is None or len(answer) > MAX_ANSWER:
            await say(self._context, request, texts_of(request).complaint_usage)
            return USAGE
        return await (
            self._answer(request, number, answer) if answer else self._read(request, number)
        )

    async def _list(self, request: CommandRequest) -> Done:
        texts, now = texts_of(request), self._context.now()
        lines = [
            (texts.complaint_late if now > one.due_at else texts.complaint_line)(
                number=one.id,
                made=told_at(self._context, request.user_id, one.made_at),
                due=told_at(self._context, request.user_id, one.due_at),
            )
            for one in await self._complaints.list_open(SHOWN_AT_ONCE)
        ]
        shown = "\n".join(lines) or texts.complaint_none
        await say(self._context, request, f"{shown}\n\n{texts.complaint_usage}")
        return SHOWN

    async def _read(self, request: CommandRequest, number: int) -> Done:
        texts, found = texts_of(request), await self._complaints.get(number)
        if found is None:
            await say(self._context, request, texts.complaint_unknown(number=number))
            return Done(f"#{number}", "unknown")
        if not request.is_private:  # what a person wrote is for who answers it alone
            await say(self._context, request, texts.complaint_in_private)
            return Done(f"#{number}", "not in private")
        text = texts.complaint_shown(
            number=number,
            person=found.user_id,
            made=told_at(self._context, request.user_id, found.made_at),
            words=found.words,
            answer=found.answer or texts.complaint_open,
        )
        await say(self._context, request, text)
        return Done(f"#{number}", "read")

    async def _answer(self, request: CommandRequest, number: int, answer: str) -> Done:
        texts = texts_of(request)
        answered = await self._complaints.answer(number, answer, request.user_id)
        if answered is None:
            await say(self._context, request, texts.complaint_unknown(number=number))
            return Done(f"#{number}", "unknown or answered")
        counters = self._context.storage.counters
        late = answered.is_late(self._context.now())
        await counters.add("complaint_answered_late" if late else "complaint_answered")
        arrived = await self._tell_person(answered, answer)
        said = texts.complaint_answered if arrived else texts.complaint_not_reached
        await say(self._context, request, said(number=number))
        return Done(f"#{number}", "answered" if arrived else "answered, not reached")

    async def _tell_person(self, complaint: Complaint, answer: str) -> bool:
        """Bring the answer; False where the person has left. They find it in /complain later."""
        language = await self._context.language_of(complaint.user_id)
        text = complaint_texts_for(language).answered(number=complaint.id, answer=answer)
        try:
            await self._context.outbox.send_parts(complaint.user_id, plain(text))
        except (Unreachable, Undeliverable):
            return False
        return True
