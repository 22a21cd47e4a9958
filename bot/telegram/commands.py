"""What each command does. They pass the queue of the chat: /stop works in mid-answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import StorageError
from bot.telegram import keyboards
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from telegram import InlineKeyboardMarkup

    from bot.storage import Audit, Users
    from bot.telegram.features.account.export import Exporter
    from bot.telegram.features.contact import ContactBook
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.disclosure import DisclosureService
    from bot.telegram.features.feedback import Ratings
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.requests import CommandRequest
    from bot.telegram.turns.runner import TurnRunner


class Commands:
    """The commands by name."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        answering: TurnRunner,
        users: Users,
        audit: Audit,
        exporter: Exporter,
        disclosing: DisclosureService,
        hotlines: HotlineList,
        desk: HandoffDesk,
        contacts: ContactBook,
        ratings: Ratings,
        admins: frozenset[int],
        publish_menu_of_admin: Callable[[int], Awaitable[None]],
    ) -> None:
        self._outbox = outbox
        self._answering = answering
        self._users = users
        self._audit = audit
        self._exporter = exporter
        self._disclosing = disclosing
        self._hotlines = hotlines
        self._ratings = ratings
        self._admins = admins
        self._publish_menu_of_admin = publish_menu_of_admin
        self.by_name: Mapping[str, Callable[[CommandRequest], Awaitable[None]]] = {
            "start": self._start,
            "help": self._help,
            "help_now": self._help_now,
            "safety": self._safety,
            "contact": contacts.asked,
            "human": desk.asked_for,
            "close": desk.close_asked,
            "stop": self._stop,
            "reset": self._reset,
            "privacy": self._privacy,
            "export": self._export,
            "erase": self._erase,
        }

    async def run(self, name: str, asked: CommandRequest) -> None:
        """Do what a command asks for; an unknown one is answered with what there is."""
        await self.by_name.get(name, self._unknown)(asked)

    async def _start(self, asked: CommandRequest) -> None:
        await self._disclosing.greet(asked.chat_id, asked.user_id, asked.language)
        if asked.user_id in self._admins:
            await self._publish_menu_of_admin(asked.user_id)

    async def _help(self, asked: CommandRequest) -> None:
        await self._say(asked, asked.texts.help)

    async def _help_now(self, asked: CommandRequest) -> None:
        await self._hotlines.show(asked.chat_id, asked.user_id, asked.language)

    async def _safety(self, asked: CommandRequest) -> None:
        await self._say(asked, asked.texts.care_safety)

    async def _stop(self, asked: CommandRequest) -> None:
        # The answer itself says that it was stopped; only silence needs a word.
        try:
            stopped = await self._answering.stop(asked.chat_id)
        except StorageError:
            await self._say(asked, asked.texts.stop_unsure)
            return
        if not stopped:
            await self._say(asked, asked.texts.nothing_to_stop)

    async def _reset(self, asked: CommandRequest) -> None:
        if asked.argument:
            await self._admin_reset(asked)
            return
        await self._say(
            asked, asked.texts.reset_ask, keyboards.ask_reset(asked.texts, asked.user_id)
        )

    async def _admin_reset(self, asked: CommandRequest) -> None:
        texts, target = asked.texts, asked.argument
        if asked.user_id not in self._admins:
            await self._audit.record(asked.user_id, "reset", _as_target(target), "refused")
            await self._say(asked, texts.admin_only)
            return
        match _as_target(target):
            case "all":
                question = texts.admin_reset_ask_all
            case "other":
                await self._say(asked, texts.admin_reset_usage)
                return
            case user:
                if await self._users.get(int(user)) is None:
                    await self._say(asked, texts.admin_unknown_user(user=user))
                    return
                question = texts.admin_reset_ask_user(user=user)
        await self._say(asked, question, keyboards.ask_admin_reset(texts, asked.user_id, target))

    async def _privacy(self, asked: CommandRequest) -> None:
        await self._say(asked, asked.texts.data_privacy)
        await self._ratings.show_training(asked)

    async def _export(self, asked: CommandRequest) -> None:
        await self._exporter.send(asked.chat_id, asked.user_id, asked.texts)

    async def _erase(self, asked: CommandRequest) -> None:
        await self._say(
            asked, asked.texts.erase_ask, keyboards.ask_erase(asked.texts, asked.user_id)
        )

    async def _unknown(self, asked: CommandRequest) -> None:
        await self._say(asked, asked.texts.unknown_command)

    async def _say(
        self, asked: CommandRequest, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        parts = render(text)
        for part in parts[:-1]:
            await self._outbox.send(asked.chat_id, part)
        await self._outbox.send(asked.chat_id, parts[-1], keyboard=keyboard)


def _as_target(argument: str) -> str:
    """`all`, a user id, or `other`: what else people write behind a command is their own."""
    return argument if argument == "all" or _is_user_id(argument) else "other"


def _is_user_id(argument: str) -> bool:
    return argument.isascii() and argument.isdecimal() and len(argument) < 19
