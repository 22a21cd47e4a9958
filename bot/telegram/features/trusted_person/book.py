"""/trusted: a person names somebody, chooses how it is done, and ends it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from bot.locales.trusted import trusted_texts_for
from bot.telegram.feature import Command, Feature, owned_callback
from bot.telegram.features.private_only import send_to_private
from bot.telegram.features.trusted_person.keyboards import (
    CHOICES,
    TOKEN_BYTES,
    back_to_trusted,
    choose_for_trusted,
    delete_trusted,
    sure_of_harm,
)
from bot.telegram.outbound.numbers import render_with_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import InlineKeyboardMarkup

    from bot.locales import Language
    from bot.storage import TrustedPerson
    from bot.telegram.context import Context
    from bot.telegram.features.trusted_person.invitations import TrustInvitations
    from bot.telegram.features.trusted_person.telling import HelpText
    from bot.telegram.requests import CallbackRequest, CommandRequest

MAX_NAME = 20
_NOT_IN_A_NAME = re.compile(r"[^\w .·'-]|_")
_BETWEEN = re.compile(r"[,，、;；/|\n]+")


def read_names(argument: str) -> tuple[str, str] | None:
    """What a person calls the one they trust, and what that one calls them; None: not both."""
    parts = [_cleaned(part) for part in _BETWEEN.split(argument)]
    parts = [part for part in parts if part]
    if len(parts) == 1:
        name, _, called = parts[0].rpartition(" ")
        parts = [name.strip(), called.strip()]
    if len(parts) != 2 or not all(part.strip(" .-") for part in parts):
        return None
    return parts[0][:MAX_NAME], parts[1][:MAX_NAME]


def _cleaned(part: str) -> str:
    return " ".join(_NOT_IN_A_NAME.sub("", part).split())


class TrustedBook(Feature):
    """What a person decides about the one they trust, in their private chat only.

    Args:
        context: what the features share.
        invitations: the side of those who are trusted.
        help_text: what would be sent.
        on_due: told when a message is owed.
    """

    def __init__(
        self,
        context: Context,
        *,
        invitations: TrustInvitations,
        help_text: HelpText,
        on_due: Callable[[], None],
    ) -> None:
        self._context = context
        self._outbox = context.outbox
        self._trusted = context.storage.trusted_persons
        self._calls = context.storage.trusted_calls
        self._disclosures = context.storage.disclosures
        self._is_on = context.options.trusted_persons
        self._invitations = invitations
        self._help_text = help_text
        self._on_due = on_due
        self.commands = (
            Command(
                name="trusted",
                run=self._command,
                open_to_all=True,
                link_open_to_all=True,
                menu=(lambda t: t.command_trusted) if self._is_on else None,
                opens_by_link=True,
                run_by_link=invitations.open,
            ),
        )
        self.callbacks = (owned_callback("trusted", CHOICES, self._press, open_to_all=True),)

    async def _command(self, request: CommandRequest) -> None:
        """Show whom a person trusts, or invite the one they name; who is trusted can leave here."""
        if not request.is_private:
            await send_to_private(self._context, request, "trusted")
            return
        if request.argument and self._is_on:
            await self._invite(request)
            return
        is_trusted = await self._invitations.show_people(request.user_id, request.language)
        if not is_trusted or await self._trusted.for_user(request.user_id) is not None:
            await self._show(request.user_id, request.language, in_message=None)

    async def _invite(self, request: CommandRequest) -> None:
        user_id, texts = request.user_id, trusted_texts_for(request.language)
        names = read_names(request.argument)
        if names is None:
            await self._outbox.send_text(user_id, texts.unclear)
            return
        name, called = names
        token = secrets.token_urlsafe(TOKEN_BYTES)
        if not await self._trusted.invite(user_id, name, called, token):
            known = await self._trusted.for_user(user_id)
            await self._outbox.send_text(
                user_id, texts.has_one(name=known.name if known is not None else name)
            )
            return
        keyboard = delete_trusted(texts, user_id)
        await self._outbox.send_text(user_id, texts.forward_this(name=name), keyboard)
        link = f"https://t.me/{self._context.me.username}?start=trusted-{token}"
        await self._outbox.send_text(user_id, texts.forward(link=link))

    async def _press(self, request: CallbackRequest, choice: str) -> str | None:
        user_id, language = request.user_id, request.language
        if request.chat_id != user_id:
            return request.texts.button_expired
        match choice:
            case "send":
                return await self._send(request)
            case "skip":
                skipped = trusted_texts_for(language).skipped
                await self._outbox.edit_text(user_id, request.message_id, skipped)
                return None
            case "delete":
                await self._trusted.delete(user_id)
                self._on_due()
                deleted = trusted_texts_for(language).deleted
                await self._outbox.edit_text(user_id, request.message_id, deleted)
                return None
            case "asked" | "always":
                if choice == "always" and not await self._may_choose_always(user_id):
                    return request.texts.button_expired
                await self._trusted.set_sends(user_id, choice)
            case "harm_sure" | "no_harm":
                await self._trusted.set_for_harm(user_id, choice == "harm_sure")
            case _:
                return await self._show_page(request, choice)
        await self._show(user_id, language, in_message=request.message_id)
        return None

    async def _send(self, request: CallbackRequest) -> str | None:
        """Tell the trusted one, because the person has just said so."""
        user_id, texts = request.user_id, trusted_texts_for(request.language)
        if not self._is_on:
            return request.texts.button_expired
        trusted = await self._trusted.for_user(user_id)
        result = await self._calls.send(user_id)
        if trusted is None or result == "gone":
            await self._outbox.edit_keyboard(user_id, request.message_id, None)
            return request.texts.button_expired
        self._on_due()
        if result == "again":
            await self._outbox.send_text(user_id, texts.again)
        else:
            sending = texts.sending(name=trusted.name)
            await self._outbox.edit_text(user_id, request.message_id, sending)
        return None

    async def _show_page(self, request: CallbackRequest, choice: str) -> str | None:
        """A page about the one they trust in the place of the one before."""
        user_id, texts = request.user_id, trusted_texts_for(request.language)
        trusted = await self._trusted.for_user(user_id)
        if trusted is None or choice == "show":
            await self._show(user_id, request.language, in_message=request.message_id)
        elif choice == "harm":
            keyboard = sure_of_harm(texts, user_id)
            question = texts.harm_ask(name=trusted.name)
            await self._outbox.edit_text(user_id, request.message_id, question, keyboard)
        else:
            text = await self._help_text.write(trusted)
            shown = texts.preview(name=trusted.name, text=text)
            [part] = render_with_numbers(shown)
            keyboard = back_to_trusted(texts, user_id)
            await self._outbox.edit(user_id, request.message_id, part, keyboard, final=True)
        return None

    async def _show(self, user_id: int, language: Language, *, in_message: int | None) -> None:
        trusted = await self._trusted.for_user(user_id)
        text, keyboard = await self._page(trusted, user_id, language)
        if in_message is None:
            await self._outbox.send_text(user_id, text, keyboard)
        else:
            await self._outbox.edit_text(user_id, in_message, text, keyboard)

    async def _page(
        self, trusted: TrustedPerson | None, user_id: int, language: Language
    ) -> tuple[str, InlineKeyboardMarkup | None]:
        texts = trusted_texts_for(language)
        if trusted is None:
            return await self._introduction(user_id, language), None
        if trusted.trusted_id is None:
            return texts.waiting(name=trusted.name), delete_trusted(texts, user_id)
        always = trusted.sends == "always"
        text = texts.shown(
            name=trusted.name,
            called=trusted.called,
            sends=texts.sends_always if always else texts.sends_asked,
            harm=texts.harm_yes if trusted.for_harm else texts.harm_no,
        )
        keyboard = choose_for_trusted(
            texts,
            user_id,
            always=always,
            harm=trusted.for_harm,
            may_choose_always=await self._may_choose_always(user_id),
        )
        return text, keyboard

    async def _introduction(self, user_id: int, language: Language) -> str:
        texts = trusted_texts_for(language)
        if not self._is_on:
            return texts.off
        age = (await self._disclosures.for_user(user_id)).age
        return texts.intro if age == "adult" else f"{texts.intro}\n\n{texts.intro_young}"

    async def _may_choose_always(self, user_id: int) -> bool:
        """A child under 14 is asked each time: what it means beforehand is hard to see."""
        return (await self._disclosures.for_user(user_id)).age != "child"
