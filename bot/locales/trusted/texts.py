"""The texts between a person and the one they trust, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class NameText(Template):
    """A text to a person about the one they trust: {name}, as the person calls them."""

    __slots__ = ()
    placeholders = frozenset({"name"})

    def __call__(self, *, name: str) -> str:
        """The text, filled in."""
        return self.text.format(name=name)


class CalledText(Template):
    """A text to the trusted one about the person: {called}, as they call the person."""

    __slots__ = ()
    placeholders = frozenset({"called"})

    def __call__(self, *, called: str) -> str:
        """The text, filled in."""
        return self.text.format(called=called)


class LinkText(Template):
    """A message to be forwarded: {link}, which opens the invitation."""

    __slots__ = ()
    placeholders = frozenset({"link"})

    def __call__(self, *, link: str) -> str:
        """The text, filled in."""
        return self.text.format(link=link)


class TrustedShownText(Template):
    """Whom a person trusts: {name}, {called}; {sends} and {harm}, what they chose."""

    __slots__ = ()
    placeholders = frozenset({"name", "called", "sends", "harm"})

    def __call__(self, *, name: str, called: str, sends: str, harm: str) -> str:
        """The text, filled in."""
        return self.text.format(name=name, called=called, sends=sends, harm=harm)


class QuotedHelpText(Template):
    """What would be sent to {name}, word by word: {text}."""

    __slots__ = ()
    placeholders = frozenset({"name", "text"})

    def __call__(self, *, name: str, text: str) -> str:
        """The text, filled in."""
        return self.text.format(name=name, text=text)


class HelpNeededText(Template):
    """What the trusted one reads: {called}; {emergency} and {lines} of where the person is."""

    __slots__ = ()
    placeholders = frozenset({"called", "emergency", "lines"})

    def __call__(self, *, called: str, emergency: str, lines: str) -> str:
        """The text, filled in."""
        return self.text.format(called=called, emergency=emergency, lines=lines)


class NotToldText(Template):
    """That {name} could not be told; {emergency}, whom to call in danger now."""

    __slots__ = ()
    placeholders = frozenset({"name", "emergency"})

    def __call__(self, *, name: str, emergency: str) -> str:
        """The text, filled in."""
        return self.text.format(name=name, emergency=emergency)


@dataclass(frozen=True, slots=True)
class TrustedTexts:
    """The texts of one language."""

    # To the person who trusts
    intro: str
    intro_young: str
    unclear: str
    has_one: NameText
    forward_this: NameText
    forward: LinkText
    waiting: NameText
    shown: TrustedShownText
    sends_asked: str
    sends_always: str
    harm_no: str
    harm_yes: str
    harm_ask: NameText
    preview: QuotedHelpText
    deleted: str
    off: str
    button_asked: str
    button_always: str
    button_harm: str
    button_harm_sure: str
    button_no_harm: str
    button_back: str
    button_preview: str
    button_delete: str

    # In danger
    ask: QuotedHelpText
    button_send: str
    button_skip: str
    sending: NameText
    skipped: str
    again: str
    told: NameText
    not_told: NotToldText
    seen: NameText

    # To the one who is trusted
    invitation: CalledText
    button_agree: str
    button_refuse: str
    agreed_to: CalledText
    refused_to: str
    link_gone: str
    own_link: str
    too_young: str
    trusted_by: str
    button_leave: CalledText
    left_done: str
    help: HelpNeededText
    button_seen: str
    seen_noted: str
    ended: CalledText
    ended_erased: str

    # How the other one has decided
    agreed: NameText
    declined: NameText
    left: NameText


@cache
def trusted_texts_for(language: Language) -> TrustedTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(TrustedTexts, "bot.locales.trusted", language)
