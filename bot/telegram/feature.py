"""What a feature declares: its commands, what its buttons do, what else it hears of.

Callback data is `prefix:argument[:argument]`, at most 64 bytes, and never carries chat text. A
client can send any data it likes, so a parser refuses what no button of ours has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.locales import Language, Texts

if TYPE_CHECKING:
    from telegram import ChatMemberUpdated, Message

    from bot.storage import Role
    from bot.telegram.requests import CallbackRequest, CommandRequest

Data = TypeVar("Data")

MenuText = Callable[[Texts], str]
Button = tuple[str, str]
"""The label of a button and its callback data."""

MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of the bot.

    Args:
        name: what people type behind the slash.
        run: does what it asks for.
        menu: what the command menu says of it; None: it is in no menu.
        admin_menu: what the menus of admins say instead; None: the same.
        phrases: words that, alone in a message, are this command; in lower case.
        opens_chat: whether every chat begins with it.
        run_unstored: does it at once where its update, whose id comes first, could not be stored
            in time; None: it waits for the database.
        opens_by_link: whether a link to the bot (`?start=name`) runs it, in the private chat.
        open_to_all: whether who may not use the bot has it all the same.
        link_open_to_all: the same, of `run_by_link`.
        is_urgent: whether it counts for no limit of requests, and is open to all.
        role: the role that it takes; for all others there is no such command.
        run_by_link: does what a link with something behind the name (`?start=name-value`) asks
            for; the value is the argument.
    """

    name: str
    run: Callable[[CommandRequest], Awaitable[None]]
    menu: MenuText | None
    admin_menu: MenuText | None = None
    phrases: frozenset[str] = frozenset()
    opens_chat: bool = False
    run_unstored: Callable[[int, CommandRequest], None] | None = None
    opens_by_link: bool = False
    run_by_link: Callable[[CommandRequest], Awaitable[None]] | None = None
    open_to_all: bool = False
    link_open_to_all: bool = False
    is_urgent: bool = False
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Generic[Data]):
    """What the buttons whose data begins with `prefix` do.

    Args:
        prefix: the first part of the data, unique in the bot. Buttons live as long as the messages
            they stand under, so a prefix and its arguments never change their meaning.
        parse: reads the other parts; raises ValueError for data that no button of ours has.
        run: does what the button asks for; returns what is shown for a moment, if anything.
        open_to_all: whether who may not use the bot has them all the same.
        is_urgent: whether they count for no limit of requests, and are open to all.
        role: the role that they take; for all others they do nothing.
    """

    prefix: str
    parse: Callable[[Sequence[str]], Data]
    run: Callable[[CallbackRequest, Data], Awaitable[str | None]]
    open_to_all: bool = False
    is_urgent: bool = False
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """A row that a feature has in /settings.

    Args:
        label: what its button says to a person of a language; raises StorageError.
        data: the callback data of the button. The feature's callback edits the message, and has a
            button there with which its person comes back to the screen.
    """

    label: Callable[[int, Language], Awaitable[str]]
    data: str


class Feature:
    """What the router reads of a feature, which sets what it has."""

    commands: Sequence[Command] = ()
    """Its commands, in the order of the menu."""
    callbacks: Sequence[Callback[Any]] = ()
    """What its buttons do."""
    setting_rows: Sequence[SettingRow] = ()
    """What it has in /settings, behind the rows that are always there."""
    on_membership: Callable[[ChatMemberUpdated], Awaitable[None]] | None = None
    """Hears that the bot was let into a chat, or was removed or blocked."""
    on_no_words: Callable[[Message, Texts], Awaitable[None]] | None = None
    """Answers messages in which there is nothing to read."""


def names_of_phrases(commands: Mapping[str, Command]) -> dict[str, str]:
    """For each phrase that is a command, the command's name."""
    return {phrase: name for name, command in commands.items() for phrase in command.phrases}


@dataclass(frozen=True, slots=True)
class OwnedChoice:
    """One of a few choices that `owner_id` was given; others in a group see the same buttons."""

    choice: str
    owner_id: int


def owned_callback(
    prefix: str,
    choices: Collection[str],
    run: Callable[[CallbackRequest, str], Awaitable[str | None]],
    *,
    open_to_all: bool = False,
) -> Callback[OwnedChoice]:
    """Declare buttons `prefix:choice:owner` that do something only for the person who was asked.

    `open_to_all`: see `Callback`.
    """

    def parse(arguments: Sequence[str]) -> OwnedChoice:
        choice, owner_id = arguments
        if choice not in choices:
            raise ValueError(choice)
        return OwnedChoice(choice, parse_id(owner_id))

    async def run_for_owner(request: CallbackRequest, pressed: OwnedChoice) -> str | None:
        if request.user_id != pressed.owner_id:
            return request.texts.button_expired
        return await run(request, pressed.choice)

    return Callback(prefix=prefix, parse=parse, run=run_for_owner, open_to_all=open_to_all)


def parse_one_id(arguments: Sequence[str]) -> int:
    """Read arguments that are one id and nothing else."""
    (argument,) = arguments
    return parse_id(argument)


def parse_id(argument: str) -> int:
    """Read an id. Raises ValueError for what is none."""
    number = int(argument)
    if abs(number) > MAX_ID:
        raise ValueError("larger than any id")
    return number


def button_row(*buttons: Button) -> InlineKeyboardMarkup:
    """Buttons side by side."""
    return button_rows([buttons])


def button_rows(rows: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup:
    """Rows of buttons, one below the other."""
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in rows]
    )
