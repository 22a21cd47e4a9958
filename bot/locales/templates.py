"""Texts with placeholders: a type for each set of them, called with what is put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Template:
    """A text with the placeholders its subclass names."""

    placeholders: ClassVar[frozenset[str]] = frozenset()

    text: str


class UserText(Template):
    """A text about one user: {user}, the Telegram user id."""

    __slots__ = ()
    placeholders = frozenset({"user"})

    def __call__(self, *, user: int | str) -> str:
        """The text, filled in."""
        return self.text.format(user=user)


class CountText(Template):
    """A text with a number of things: {count}."""

    __slots__ = ()
    placeholders = frozenset({"count"})

    def __call__(self, *, count: int) -> str:
        """The text, filled in."""
        return self.text.format(count=count)


class HoursText(Template):
    """Opening hours: {hours}, as 08:30-17:30."""

    __slots__ = ()
    placeholders = frozenset({"hours"})

    def __call__(self, *, hours: str) -> str:
        """The text, filled in."""
        return self.text.format(hours=hours)


class CardText(Template):
    """A crisis card: {lines}, numbers one a line; {emergency}, whom to call in danger now."""

    __slots__ = ()
    placeholders = frozenset({"lines", "emergency"})

    def __call__(self, *, lines: str, emergency: str) -> str:
        """The text, filled in."""
        return self.text.format(lines=lines, emergency=emergency)


class EmergencyText(Template):
    """A text that names whom to call in danger now: {emergency}."""

    __slots__ = ()
    placeholders = frozenset({"emergency"})

    def __call__(self, *, emergency: str) -> str:
        """The text, filled in."""
        return self.text.format(emergency=emergency)


class ModelText(Template):
    """What is said of the model that answers: {model}, its name."""

    __slots__ = ()
    placeholders = frozenset({"model"})

    def __call__(self, *, model: str) -> str:
        """The text, filled in."""
        return self.text.format(model=model)


class PoliceText(Template):
    """A text that names the police of a place: {police}."""

    __slots__ = ()
    placeholders = frozenset({"police"})

    def __call__(self, *, police: str) -> str:
        """The text, filled in."""
        return self.text.format(police=police)


class PoliceAndLinesText(Template):
    """A text that names the police, {police}, and {lines} to call, one a line."""

    __slots__ = ()
    placeholders = frozenset({"police", "lines"})

    def __call__(self, *, police: str, lines: str) -> str:
        """The text, filled in."""
        return self.text.format(police=police, lines=lines)


class RegionText(Template):
    """A text about a place: {region}, its name."""

    __slots__ = ()
    placeholders = frozenset({"region"})

    def __call__(self, *, region: str) -> str:
        """The text, filled in."""
        return self.text.format(region=region)


class HandleText(Template):
    """A text about a hand-over: {handle}, its number."""

    __slots__ = ()
    placeholders = frozenset({"handle"})

    def __call__(self, *, handle: int) -> str:
        """The text, filled in."""
        return self.text.format(handle=handle)


class ContactText(Template):
    """A text about the emergency contact somebody named: {name}, {phone}."""

    __slots__ = ()
    placeholders = frozenset({"name", "phone"})

    def __call__(self, *, name: str, phone: str) -> str:
        """The text, filled in."""
        return self.text.format(name=name, phone=phone)


class TakenText(Template):
    """A text to an admin who took over: {handle}; {hours} without a word until it ends."""

    __slots__ = ()
    placeholders = frozenset({"handle", "hours"})

    def __call__(self, *, handle: int, hours: int) -> str:
        """The text, filled in."""
        return self.text.format(handle=handle, hours=hours)


class LevelText(Template):
    """A text about a danger: {level}, how serious it is."""

    __slots__ = ()
    placeholders = frozenset({"level"})

    def __call__(self, *, level: str) -> str:
        """The text, filled in."""
        return self.text.format(level=level)


class NoteText(Template):
    """What one admin leaves to the next.

    {highest} and {level} of danger, the highest and now; {at} it began, {count} minutes ago;
    {cards} that were shown, {questions} that were asked.
    """

    __slots__ = ()
    placeholders = frozenset({"highest", "level", "at", "count", "cards", "questions"})

    def __call__(
        self, *, highest: str, level: str, at: str, count: int, cards: str, questions: str
    ) -> str:
        """The text, filled in."""
        return self.text.format(
            highest=highest, level=level, at=at, count=count, cards=cards, questions=questions
        )


class AskedText(Template):
    """An alert that somebody asks for a human: {handle}, {at} (with its zone)."""

    __slots__ = ()
    placeholders = frozenset({"handle", "at"})

    def __call__(self, *, handle: int, at: str) -> str:
        """The text, filled in."""
        return self.text.format(handle=handle, at=at)


class AlertText(Template):
    """An alert that somebody may be in danger: {handle}, {level}, {at} (with its zone)."""

    __slots__ = ()
    placeholders = frozenset({"handle", "level", "at"})

    def __call__(self, *, handle: int, level: str, at: str) -> str:
        """The text, filled in."""
        return self.text.format(handle=handle, level=level, at=at)


class AboutText(Template):
    """What this bot is: {version}; {model}, its name; {contact}, how to reach the operator."""

    __slots__ = ()
    placeholders = frozenset({"version", "model", "contact"})

    def __call__(self, *, version: str, model: str, contact: str) -> str:
        """The text, filled in."""
        return self.text.format(version=version, model=model, contact=contact)
