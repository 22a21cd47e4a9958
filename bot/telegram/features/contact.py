"""/contact: whom a person wants to call when things are hard; their card shows it on top."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.storage import EmergencyContact, StorageError
from bot.telegram import keyboards
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.storage import Contacts
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)

CARD_WAITS = 0.2
"""Seconds a card waits for the contact; a database that is away must not keep it back."""
MAX_NAME = 40

_NAME_AND_PHONE = re.compile(r"(?P<name>.*?\S)[\s:：,，]+(?P<phone>\+?\d[\d -]{1,18}\d)", re.DOTALL)
# A name is shown inside a card, and nothing in it may be read as Markdown there.
_NOT_IN_A_NAME = re.compile(r"[^\w .·'-]|_")


def read_contact(argument: str) -> EmergencyContact | None:
    """Read `name number`; None if that is not what it says."""
    found = _NAME_AND_PHONE.fullmatch(argument.strip())
    if found is None:
        return None
    name = " ".join(_NOT_IN_A_NAME.sub("", found["name"]).split())[:MAX_NAME]
    return EmergencyContact(name, found["phone"]) if name.strip(" .-") else None


class ContactBook:
    """Names, shows and deletes emergency contacts, in private chats only."""

    def __init__(self, outbox: Outbox, contacts: Contacts) -> None:
        self._outbox = outbox
        self._contacts = contacts

    async def asked(self, asked: CommandRequest) -> None:
        """Do what /contact asks for: show, or name somebody."""
        texts = asked.texts
        if asked.chat_id != asked.user_id:
            await self._outbox.send(asked.chat_id, render(texts.contact_private)[0])
            return
        if asked.argument:
            contact = read_contact(asked.argument)
            if contact is None:
                await self._outbox.send(asked.chat_id, render(texts.contact_unclear)[0])
                return
            await self._contacts.set(asked.user_id, contact)
        else:
            contact = await self._contacts.for_user(asked.user_id)
        if contact is None:
            await self._outbox.send(asked.chat_id, render(texts.contact_none)[0])
            return
        text = texts.contact_shown(name=contact.name, phone=contact.phone)
        keyboard = keyboards.delete_contact(texts, asked.user_id)
        await self._outbox.send(asked.chat_id, render(text)[0], keyboard)

    async def press_delete(self, pressed: CallbackRequest) -> None:
        """Forget the contact."""
        await self._contacts.delete(pressed.user_id)
        done = render(pressed.texts.contact_deleted)[0]
        await self._outbox.edit(pressed.chat_id, pressed.message_id, done, None, final=True)

    async def on_card(self, chat_id: int, user_id: int, language: Language) -> str | None:
        """The line for a person's own card, if they named somebody. Never raises, never waits."""
        if chat_id != user_id:  # others in a group would read it
            return None
        try:
            contact = await asyncio.wait_for(self._contacts.for_user(user_id), CARD_WAITS)
        except (StorageError, TimeoutError) as error:
            log.warning("contact_not_on_card", error=type(error).__name__)
            return None
        if contact is None:
            return None
        return texts_for(language).contact_on_card(name=contact.name, phone=contact.phone)
