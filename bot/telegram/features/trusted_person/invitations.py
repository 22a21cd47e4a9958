"""The side of those who are trusted: the link, agreeing to it, leaving, and having seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.trusted import trusted_texts_for
from bot.telegram.feature import Callback, Feature
from bot.telegram.features.trusted_person.keyboards import (
    answer_invitation,
    leave_people,
    parse_invitation_button,
    read_token,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.locales import Language
    from bot.telegram.context import Context
    from bot.telegram.requests import CallbackRequest, CommandRequest


class TrustInvitations(Feature):
    """Agrees for nobody: whoever opens the link reads what it means, and presses.

    Args:
        context: what the features share.
        on_due: told when a message is owed.
    """

    def __init__(self, context: Context, *, on_due: Callable[[], None]) -> None:
        self._outbox = context.outbox
        self._trusted = context.storage.trusted_persons
        self._calls = context.storage.trusted_calls
        self._disclosures = context.storage.disclosures
        self._audit = context.storage.audit
        self._is_on = context.options.trusted_persons
        self._on_due = on_due
        self.callbacks = (
            Callback(
                prefix="trust", parse=parse_invitation_button, run=self._press, open_to_all=True
            ),
        )

    async def open(self, request: CommandRequest) -> None:
        """Show an invitation to the one who has opened its link."""
        texts = trusted_texts_for(request.language)
        if not request.is_private:
            return
        if not self._is_on:
            await self._outbox.send_text(request.chat_id, texts.off)
            return
        try:
            token = read_token(request.argument)
        except ValueError:
            invitation = None
        else:
            invitation = await self._trusted.invitation(token)
        if invitation is None:
            await self._outbox.send_text(request.chat_id, texts.link_gone)
        elif invitation.user_id == request.user_id:
            await self._outbox.send_text(request.chat_id, texts.own_link)
        else:
            text = texts.invitation(called=invitation.called)
            keyboard = answer_invitation(texts, token)
            await self._outbox.send_text(request.chat_id, text, keyboard)

    async def show_people(self, user_id: int, language: Language) -> bool:
        """Show who trusts somebody, each with a button that ends it; False if nobody does."""
        people = await self._trusted.list_for_trusted(user_id)
        if people:
            texts = trusted_texts_for(language)
            keyboard = leave_people(texts, [(one.id, one.called) for one in people])
            await self._outbox.send_text(user_id, texts.trusted_by, keyboard)
        return bool(people)

    async def _press(self, request: CallbackRequest, pressed: tuple[str, str | int]) -> str | None:
        verb, value = pressed
        user_id, texts = request.user_id, trusted_texts_for(request.language)
        if request.chat_id != user_id:
            return request.texts.button_expired
        if isinstance(value, str):
            said = await self._answer(user_id, value, request.language, agrees=verb == "yes")
        elif verb == "leave":
            if not await self._trusted.leave(value, user_id):
                return request.texts.button_expired
            await self._note(value, "leave")
            said = texts.left_done
        else:
            if not await self._calls.note_seen(value, user_id):
                return request.texts.button_expired
            self._on_due()
            await self._outbox.edit_keyboard(user_id, request.message_id, None)
            await self._outbox.send_text(user_id, texts.seen_noted)
            return None
        self._on_due()
        await self._outbox.edit_text(user_id, request.message_id, said)
        return None

    async def _answer(self, user_id: int, token: str, language: Language, *, agrees: bool) -> str:
        """Note what an invited one has decided; what they read."""
        texts = trusted_texts_for(language)
        invitation = await self._trusted.invitation(token)
        if invitation is None or not self._is_on:
            return texts.link_gone
        if invitation.user_id == user_id:
            return texts.own_link
        if not agrees:
            await self._trusted.refuse(token)
            await self._note(invitation.id, "refuse")
            return texts.refused_to
        if await self._disclosures.is_minor(user_id):
            return texts.too_young  # the link stays, for an adult
        if not await self._trusted.agree(token, user_id):
            return texts.link_gone
        await self._note(invitation.id, "agree")
        return texts.agreed_to(called=invitation.called)

    async def _note(self, link_id: int, verb: str) -> None:
        """Write it down without anybody's id, which an erasure would have to find."""
        await self._audit.record(0, f"trusted {verb}", f"#{link_id}", "done")
