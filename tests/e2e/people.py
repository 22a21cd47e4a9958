"""People who chat with the bot in tests, and what they and Telegram have seen."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bot.locales import Language, texts_for
from devtools.telegram import SandboxClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from tests.e2e.spoken import Spoken

T = TypeVar("T")

GIVE_UP_AFTER = 60.0
LOOK_EVERY = 0.1
"""Seconds. A look is a request, which costs milliseconds of CPU, and many tests look at once."""
NOTICES = tuple(
    notice
    for texts in map(texts_for, Language)
    for notice in (texts.care_first, texts.care_session, texts.care_ask_age)
)
_ids = itertools.count(20_001)


async def eventually(look: Callable[[], Awaitable[T | None]], expected: str) -> T:
    """What `look` finds, asked again and again until it finds something."""
    deadline = asyncio.get_running_loop().time() + GIVE_UP_AFTER
    while True:
        found = await look()
        if found is not None and found is not False:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"never happened: {expected}"
        await asyncio.sleep(LOOK_EVERY)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it is to be seen in a chat now."""

    id: int
    by_bot: bool
    text: str
    buttons: Mapping[str, str]
    entities: tuple[tuple[str, str], ...]
    """Pairs of type and covered text."""
    reply_to: int | None
    body: Mapping[str, Any]


class Telegram(SandboxClient):
    """The sandbox as a test sees it."""

    def __init__(self, client: httpx.AsyncClient, spoken: Spoken) -> None:
        super().__init__(client)
        self.spoken = spoken

    async def person(self, *, language: str = "zh-hans") -> Person:
        """Somebody new."""
        return await self._enter(next(_ids), language)

    async def someone(self, number: int) -> Person:
        """Somebody by id, new or not."""
        known = [person["id"] for person in (await self.act("GET", "/state"))["people"]]
        return Person(self, number) if number in known else await self._enter(number, "zh-hans")

    async def menu(self, person_id: int) -> dict[str, str]:
        """The commands that a person is offered in the private chat, with their descriptions."""
        async with self.events(person_id) as events:
            async for event in events:
                menu = event["commands"][str(person_id)]
                return {command["command"]: command["description"] for command in menu}
        raise AssertionError("no snapshot")

    async def download(self, file_id: str) -> bytes:
        """The bytes of an attachment."""
        return (await self._http.get(f"/sandbox/files/{file_id}")).content

    async def group(self) -> int:
        """A new group of everybody there is; its chat id."""
        chat = await self.act("POST", "/groups", {"title": "夜谈"})
        return int(chat["id"])

    async def messages(self, chat_id: int) -> list[Shown]:
        """All that is to be seen in a chat, oldest first."""
        return [_shown(view) for view in await self.act("GET", f"/chats/{chat_id}/messages")]

    async def calls(self, method: str, chat_id: int | None = None) -> list[dict[str, Any]]:
        """The Bot API calls of one method, in order."""
        about = {} if chat_id is None else {"chat_id": chat_id}
        return await self.list_calls(method=method, **about)

    async def unconfirmed(self) -> list[dict[str, Any]]:
        """The updates that the bot has not acknowledged."""
        return list(await self.act("GET", "/updates"))

    async def _enter(self, number: int, language: str) -> Person:
        await self.add_person(number, f"人{number}", language)
        return Person(self, number)


class Person:
    """Somebody who chats with the bot, alone unless a `chat` is named."""

    def __init__(self, telegram: Telegram, number: int) -> None:
        self._telegram = telegram
        self.id = number

    async def says(self, text: str, *, chat: int | None = None, reply_to: int | None = None) -> int:
        """Write; the id of the (first) message."""
        self._telegram.spoken.add(text)
        sent = await self._do("say", {"text": text, "chat_id": chat, "reply_to": reply_to})
        return int(sent[0]["message_id"])

    async def edits(self, message_id: int, text: str) -> None:
        """Change one's own message."""
        self._telegram.spoken.add(text)
        await self._do("edit", {"message_id": message_id, "text": text})

    async def presses(self, button: str, shown: Shown, *, chat: int | None = None) -> str:
        """Press a button by its label; what the bot shows for a moment ("" if nothing)."""
        data = shown.buttons[button]
        body = {"message_id": shown.id, "data": data, "chat_id": chat}
        callback = (await self._do("press", body))["callback_id"]

        async def answered() -> dict[str, Any] | None:
            calls = await self._telegram.calls("answerCallbackQuery")
            mine = (c for c in calls if c["parameters"]["callback_query_id"] == callback)
            return next(mine, None)

        call = await eventually(answered, "the button stops spinning")
        return str(call["parameters"].get("text", ""))

    async def sends(self, kind: str, caption: str = "") -> None:
        """Send a photo, a voice message, a sticker or a document."""
        self._telegram.spoken.add(caption)
        path = f"/people/{self.id}/media"
        await self._telegram.act("POST", path, data={"kind": kind, "caption": caption})

    async def blocks(self) -> None:
        """Block the bot."""
        await self._do("block", {})

    async def unblocks(self) -> None:
        """Let the bot write again."""
        await self._do("unblock", {})

    async def sees(self, chat: int | None = None, *, notices: bool = False) -> list[Shown]:
        """The bot's messages in this chat, oldest first.

        Everybody is told once, with the first answer, that this is an AI: left out unless asked.
        """
        messages = await self._telegram.messages(chat or self.id)
        return [
            message
            for message in messages
            if message.by_bot and (notices or not message.text.startswith(NOTICES))
        ]

    async def hears(
        self, text: str, *, button: str | None = None, chat: int | None = None
    ) -> Shown:
        """Wait for a message of the bot's that contains `text` (and has `button` under it)."""

        async def heard() -> Shown | None:
            for message in await self.sees(chat, notices=True):
                if text in message.text and (button is None or button in message.buttons):
                    return message
            return None

        what = f" with the button {button}" if button else ""
        return await eventually(heard, f"person {self.id} hears it{what}")

    async def _do(self, act: str, body: object) -> Any:
        return await self._telegram.person_acts(self.id, act, body)


def _shown(view: Mapping[str, Any]) -> Shown:
    text = str(view.get("text", view.get("caption", "")))
    rows = view.get("reply_markup", {}).get("inline_keyboard", [])
    return Shown(
        id=view["message_id"],
        by_bot=view["from"]["is_bot"],
        text=text,
        buttons={
            button["text"]: button.get("callback_data", button.get("url", ""))
            for row in rows
            for button in row
        },
        entities=tuple((e["type"], _covered(text, e)) for e in view.get("entities", ())),
        reply_to=view.get("reply_to_message", {}).get("message_id"),
        body=view,
    )


def _covered(text: str, entity: Mapping[str, Any]) -> str:
    """What an entity stands for; Telegram counts in UTF-16 units."""
    start, end = entity["offset"], entity["offset"] + entity["length"]
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
