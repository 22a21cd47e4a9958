"""/reset: a person has the bot forget their conversation, an admin that of any person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.storage import Role
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import (
    Callback,
    Command,
    Feature,
    button_row,
    button_rows,
    owned_callback,
    parse_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.requests import CallbackRequest, CommandRequest
    from bot.telegram.turns.registry import RunningTurns

ADMIN_QUESTION_LASTS = timedelta(minutes=10)
ALL = "all"
"""What admins write in place of a user id to reset everybody."""


@dataclass(frozen=True, slots=True)
class AdminReset:
    """What an admin answered to the question whether to reset `target`: a user id, None: all."""

    confirmed: bool
    admin_id: int
    target: int | None

    @property
    def audited_target(self) -> str:
        """The target as the audit log names it."""
        return ALL if self.target is None else str(self.target)


class Reset(Feature):
    """Asks first, then lets a conversation begin anew; what was said stays until /erase."""

    def __init__(self, context: Context, *, running_turns: RunningTurns) -> None:
        self._outbox = context.outbox
        self._conversations = context.storage.conversations
        self._history_cache = context.storage.history_cache
        self._memories = context.storage.memories
        self._users = context.storage.users
        self._audit = context.storage.audit
        self._access = context.access
        self._now = context.now
        self._running_turns = running_turns
        self.commands = (
            Command(
                name="reset",
                run=self._ask,
                menu=lambda t: t.command_reset,
                admin_menu=lambda t: t.command_admin_reset,
            ),
        )
        self.callbacks = (
            owned_callback("reset", ("yes", "all", "no"), self._reset),
            Callback(prefix="admin_reset", parse=_parse_admin_reset, run=self._admin_reset),
        )

    async def _ask(self, request: CommandRequest) -> None:
        if request.argument:
            await self._ask_admin(request)
            return
        texts = request.texts
        # What is remembered of a person beyond a conversation is of their private chat alone.
        remembers = (
            request.is_private and not (await self._memories.for_user(request.user_id)).is_off
        )
        keyboard = ask_reset(texts, request.user_id, remembers=remembers)
        text = texts.reset_ask_memory if remembers else texts.reset_ask
        await self._outbox.send_text(request.chat_id, text, keyboard)

    async def _ask_admin(self, request: CommandRequest) -> None:
        texts, target = request.texts, _target_in(request.argument)
        if not self._is_admin(request.user_id):
            await self._audit.record(request.user_id, "reset", "other", "refused")
            await self._outbox.send_text(request.chat_id, texts.admin_only)
            return
        if target != ALL and not is_private(request.chat_id):
            # The others there would read whether that person uses the bot.
            await self._outbox.send_text(request.chat_id, texts.private_here)
            return
        if target == "other":
            await self._outbox.send_text(request.chat_id, texts.admin_reset_usage)
            return
        if target == ALL:
            question = texts.admin_reset_ask_all
        elif await self._users.get(int(target)) is None:
            await self._outbox.send_text(request.chat_id, texts.admin_unknown_user(user=target))
            return
        else:
            question = texts.admin_reset_ask_user(user=target)
        keyboard = ask_admin_reset(texts, request.user_id, target)
        await self._outbox.send_text(request.chat_id, question, keyboard)

    async def _reset(self, request: CallbackRequest, answer: str) -> str | None:
        texts = request.texts
        if answer == "no":
            await self._replace_question(request, texts.reset_kept)
            return None
        was_open = await self._forget(request.chat_id)
        if answer == "all":
            await self._memories.forget(request.user_id)
            await self._replace_question(request, texts.reset_done_all)
            return None
        await self._replace_question(request, texts.reset_done if was_open else texts.reset_nothing)
        return None

    async def _admin_reset(self, request: CallbackRequest, pressed: AdminReset) -> str | None:
        texts, admin, target = request.texts, pressed.admin_id, pressed.audited_target
        is_fresh = self._now() - request.message_date < ADMIN_QUESTION_LASTS
        if request.user_id != admin or not self._is_admin(admin) or not is_fresh:
            # What a stranger put into a button is theirs: a number can be somebody's telephone.
            named = target if self._is_admin(request.user_id) else "other"
            await self._audit.record(request.user_id, "reset", named, "refused")
            return texts.admin_expired
        if not pressed.confirmed:
            await self._audit.record(admin, "reset", target, "cancelled")
            await self._replace_question(request, texts.admin_cancelled)
            return None
        if pressed.target is None:
            count = await self._conversations.reset_all()
            done = texts.admin_reset_done_all(count=count)
        else:
            await self._forget(pressed.target)
            done = texts.admin_reset_done_user(user=target)
        await self._audit.record(admin, "reset", target, "done")
        await self._replace_question(request, done)
        return None

    def _is_admin(self, user_id: int) -> bool:
        return self._access.has_role(user_id, Role.ADMIN)

    async def _forget(self, chat_id: int) -> bool:
        """End the conversation of a chat; False if it had none."""
        await self._running_turns.stop(chat_id)
        was_open = await self._conversations.reset(chat_id)
        await self._history_cache.forget(chat_id)
        return was_open

    async def _replace_question(self, request: CallbackRequest, text: str) -> None:
        """Put the outcome in the place of the question, so that it cannot be answered twice."""
        await self._outbox.edit_text(request.chat_id, request.message_id, text)


def ask_reset(texts: Texts, user_id: int, *, remembers: bool = False) -> InlineKeyboardMarkup:
    """Under the question whether to forget this conversation; `remembers`: more than that."""
    yes, no = (texts.reset_yes, f"reset:yes:{user_id}"), (texts.reset_no, f"reset:no:{user_id}")
    if not remembers:
        return button_row(yes, no)
    return button_rows([[yes, (texts.reset_all, f"reset:all:{user_id}")], [no]])


def ask_admin_reset(texts: Texts, admin_id: int, target: str) -> InlineKeyboardMarkup:
    """Under the question to an admin; `target` is a user id or `all`."""
    return button_row(
        (texts.admin_confirm, f"admin_reset:yes:{admin_id}:{target}"),
        (texts.admin_cancel, f"admin_reset:no:{admin_id}:{target}"),
    )


def _parse_admin_reset(arguments: Sequence[str]) -> AdminReset:
    answer, admin_id, target = arguments
    if answer not in {"yes", "no"}:
        raise ValueError(answer)
    return AdminReset(
        confirmed=answer == "yes",
        admin_id=parse_id(admin_id),
        target=None if target == ALL else parse_id(target),
    )


def _target_in(argument: str) -> str:
    """`all`, a user id, or `other`: what else people write behind a command is their own."""
    is_user_id = argument.isascii() and argument.isdecimal() and len(argument) < 19
    return argument if argument == ALL or is_user_id else "other"
