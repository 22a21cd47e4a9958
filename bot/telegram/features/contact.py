"""/contact: whom a person wants to call when things are hard; their card shows it on top."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.storage import EmergencyContact, StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Command, Feature, button_row, owned_callback
from bot.timeouts import wait_for_result

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Language, Texts
    from bot.telegram.context import Context
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)

CARD_WAITS = 0.2
"""Seconds a card waits for the contact; a database that is away must not keep it back."""
MAX_NAME = 40

# Looked for from the end and in so many characters only, so that no text takes long to read.
_PHONE = re.compile(r"(?<=[\s:：,，])\+?\d[\d -]{1,18}\d\Z")
_MAX_PHONE_CHARACTERS = 21
# A name is shown inside a card, and nothing in it may be read as Markdown there.
_NOT_IN_A_NAME = re.compile(r"[^\w .·'-]|_")


def read_contact(argument: str) -> EmergencyContact | None:
    """Read `name number`; None if that is not what it says."""
    said = argument.strip()
    found = _PHONE.search(said, max(len(said) - _MAX_PHONE_CHARACTERS, 0))
    if found is None:
        return None
    before = said[: found.start()]
    name = " ".join(_NOT_IN_A_NAME.sub("", before).split())[:MAX_NAME]
    return EmergencyContact(name, found[0]) if name.strip(" .-") else None


class ContactBook(Feature):
    """Names, shows and deletes emergency contacts, in private chats only."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._contacts = context.storage.contacts
        self._sleep = context.sleep
        self.commands = (
            Command(name="contact", run=self._contact, menu=lambda t: t.command_contact),
        )
        self.callbacks = (owned_callback("contact", ("delete",), self._delete),)

    async def _contact(self, request: CommandRequest) -> None:
        """Show the contact, or keep the one that is named."""
        texts = request.texts
        if not request.is_private:
            await self._outbox.send_text(request.chat_id, texts.contact_private)
            return
        if request.argument:
            contact = read_contact(request.argument)
            if contact is None:
                await self._outbox.send_text(request.chat_id, texts.contact_unclear)
                return
            await self._contacts.set(request.user_id, contact)
        else:
            contact = await self._contacts.for_user(request.user_id)
        if contact is None:
            await self._outbox.send_text(request.chat_id, texts.contact_none)
            return
        text = texts.contact_shown(name=contact.name, phone=contact.phone)
        keyboard = delete_contact(texts, request.user_id)
        await self._outbox.send_text(request.chat_id, text, keyboard)

    async def _delete(self, request: CallbackRequest, _choice: str) -> None:
        await self._contacts.delete(request.user_id)
        deleted = request.texts.contact_deleted
        await self._outbox.edit_text(request.chat_id, request.message_id, deleted)

    async def on_card(self, chat_id: int, user_id: int, language: Language) -> str | None:
        """The line for a person's own card, if they named a contact. Never raises.

        Waits `CARD_WAITS` seconds at most.
        """
        if not is_private(chat_id):  # others in a group would read it
            return None
        try:
            contact = await wait_for_result(
                self._contacts.for_user(user_id), self._sleep(CARD_WAITS)
            )
        except (StorageError, TimeoutError) as error:
            log.warning("contact_not_on_card", error=type(error).__name__)
            return None
        if contact is None:
            return None
        return texts_for(language).contact_on_card(name=contact.name, phone=contact.phone)


def delete_contact(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the emergency contact that a person named."""
    return button_row((texts.contact_delete, f"contact:delete:{user_id}"))
