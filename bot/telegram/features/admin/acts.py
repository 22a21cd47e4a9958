"""An operator's command: for those with a role alone, and every one of them is written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.locales.operators import operator_texts_for
from bot.telegram.feature import Command
from bot.telegram.oncall_rota import told_time
from bot.telegram.outbound.rendering import plain
from bot.telegram.requests import CommandRequest

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from telegram import InlineKeyboardMarkup

    from bot.locales.operators import OperatorTexts
    from bot.storage import Role
    from bot.telegram.context import Context
    from bot.telegram.feature import MenuText

MAX_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act, as the audit has it: to whom, and how it ended; no words of anybody."""

    target: str = "-"
    outcome: str = "done"


SHOWN = Done(outcome="shown")
USAGE = Done(outcome="usage")

Act = Callable[[CommandRequest], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class OperatorAct:
    """A command of operators.

    Args:
        name: as it is typed, and as the audit names it.
        role: the least role that has it.
        run: does it.
        label: what its button in the menu says; None: it has none.
    """

    name: str
    role: Role
    run: Act
    label: Callable[[OperatorTexts], str] | None = None


async def run_and_record(context: Context, act: OperatorAct, request: CommandRequest) -> None:
    """Do what an operator asks for, and write down what came of it."""
    done = await act.run(request)
    audit = context.storage.audit
    await audit.record(request.user_id, act.name, done.target, done.outcome)


def command_of(context: Context, act: OperatorAct, menu: MenuText | None = None) -> Command:
    """The command that an act is; `menu`: what the menus of those say who have it."""

    async def run(request: CommandRequest) -> None:
        await run_and_record(context, act, request)

    return Command(
        name=act.name,
        run=run,
        menu=None,
        admin_menu=menu,
        role=act.role,
    )


async def say(
    context: Context,
    request: CommandRequest,
    text: str,
    keyboard: InlineKeyboardMarkup | None = None,
) -> None:
    """Answer an operator; what is in a name or a reason is no Markdown."""
    await context.outbox.send_parts(request.chat_id, plain(text), keyboard)


def texts_of(request: CommandRequest) -> OperatorTexts:
    """What is said to operators, in the language of the one who asks."""
    return operator_texts_for(request.language)


def zone_of(context: Context, user_id: int) -> tzinfo | None:
    """The zone in which an operator is told times, by the rota; None: UTC."""
    rota = context.options.oncall_rota
    return rota.zone_of(user_id) if rota is not None else None


def told_at(context: Context, user_id: int, at: datetime) -> str:
    """A moment as an operator is told it."""
    return told_time(at, zone_of(context, user_id))


def user_id_in(word: str) -> int | None:
    """The user id that a word is; None for anything else, which is not repeated anywhere."""
    is_id = word.isascii() and word.isdecimal() and len(word) <= MAX_ID_DIGITS
    return int(word) if is_id and int(word) else None
