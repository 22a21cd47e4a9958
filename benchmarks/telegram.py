"""People who write to the bot in benchmarks, and what they get to see."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.chatlog import SentMessage, ShownText
from benchmarks.errors import BenchmarkError
from bot.locales import Language, texts_for
from devtools.telegram import SandboxClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_SPOILT = "fault:"
_TEXTS = texts_for(Language.ZH_CN)
_NOTICES = (
    *(_TEXTS.care_ask_age, _TEXTS.care_ask_age_again),
    *(_TEXTS.care_first, _TEXTS.care_return, _TEXTS.care_session, _TEXTS.care_reminder),
    *(_TEXTS.care_break, _TEXTS.care_leaning),
)
_SHOWING = frozenset({"sendmessage", "editmessagetext"})


class Telegram(SandboxClient):
    """The sandbox at `url`. What it is asked raises `BenchmarkError` once it is gone."""

    def __init__(self, url: str) -> None:
        http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(30.0, read=None),
            # A connection that is kept may be closed by the other side at the very moment a
            # person speaks into it, and it could not be told whether they were heard.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
        )
        super().__init__(http)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def act(self, method: str, path: str, body: object = None, **content: Any) -> Any:  # noqa: ANN401
        """One request to the control API."""
        try:
            return await super().act(method, path, body, **content)
        except httpx.HTTPError as error:
            raise _gone(error) from None

    async def add_visitor(self, person: int) -> None:
        """Let a person join Telegram."""
        await self.add_person(person, f"来访者 {person}")

    async def say(self, person: int, text: str) -> SentMessage:
        """Send one message to the bot."""
        at = time.monotonic()
        (message,) = await self.person_acts(person, "say", {"text": text})
        return SentMessage(message["message_id"], message["text"], at)

    async def shown(self, chat: int) -> list[ShownText]:
        """Everything the bot has shown in a chat that the log of calls still holds."""
        return [_shown(call) for call in await self.list_calls(chat_id=chat) if _has_shown(call)]

    async def shown_since(self, number: int) -> tuple[int, list[ShownText]]:
        """What the bot has shown in any chat after a call's number, and the last number now."""
        calls = await self.list_calls(after=number)
        calls = [call for call in calls if call["outcome"] != "pending"]
        last = max((call["number"] for call in calls), default=number)
        return last, [_shown(call) for call in calls if _has_shown(call)]

    async def signs(self, chat: int) -> list[float]:
        """When the bot gave a sign of life in a chat: a text, an edit, "typing"."""
        return [
            call["monotonic"] + call["duration"]
            for call in await self.list_calls(chat_id=chat)
            if call["outcome"] == "ok" or _has_shown(call)
        ]

    async def unheard(self, chat: int) -> frozenset[int]:
        """Messages that the bot has sent without ever hearing that they arrived."""
        return frozenset(
            call["message_id"]
            for call in await self.list_calls(chat_id=chat)
            if call["method"].lower() == "sendmessage"
            and call["outcome"].startswith(_SPOILT)
            and call["message_id"] is not None
        )

    async def press(self, person: int, message_id: int, data: str) -> None:
        """Press a button under one of the bot's messages; one that is gone is let be."""
        with suppress(BenchmarkError):
            await self.person_acts(person, "press", {"message_id": message_id, "data": data})

    @asynccontextmanager
    async def watch(self, person: int) -> AsyncIterator[Screen]:
        """The person's own view of the chat, kept up to date while it is open."""
        screen = Screen(person)
        try:
            async with self.events(person) as events:
                task = asyncio.create_task(screen.follow(events))
                try:
                    yield screen
                finally:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
        except httpx.HTTPError as error:
            raise _gone(error) from None


class Screen:
    """The bot's messages in one person's chat, newest state of each."""

    def __init__(self, person: int) -> None:
        self._person = person
        self._changed = asyncio.Event()
        self.bot_messages: dict[int, ShownText] = {}

    async def follow(self, events: AsyncIterator[dict[str, Any]]) -> None:
        """Take in what the event stream tells."""
        async for event in events:
            if event["type"] != "message":
                continue
            message = event["message"]
            if message["from"]["is_bot"] and not _is_notice(message.get("text", "")):
                self.bot_messages[message["message_id"]] = ShownText(
                    message_id=message["message_id"],
                    text=message.get("text", ""),
                    at=time.monotonic(),
                    finished=not _can_be_stopped(message.get("reply_markup")),
                    buttons=tuple(_buttons(message.get("reply_markup"))),
                )
                self._changed.set()

    async def wait(self, condition: Callable[[], bool], patience: float) -> bool:
        """Wait until a condition on this screen holds; False if that took too long."""
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True


def _is_notice(text: str) -> bool:
    """Whether a text says that this is an AI, or suggests a break: no answer to anything."""
    return text.startswith(_NOTICES)


def _gone(error: httpx.HTTPError) -> BenchmarkError:
    return BenchmarkError(f"The local Telegram no longer answers ({type(error).__name__}).")


def _has_shown(call: dict[str, Any]) -> bool:
    return (
        call["method"].lower() in _SHOWING
        and (call["outcome"] in {"ok", "disconnected"} or call["outcome"].startswith(_SPOILT))
        and call["message_id"] is not None
        and not _is_notice(str(call["parameters"]["text"]))
    )


def _shown(call: dict[str, Any]) -> ShownText:
    parameters = call["parameters"]
    markup = parameters.get("reply_markup")
    return ShownText(
        message_id=call["message_id"],
        text=str(parameters["text"]).strip(),
        at=call["monotonic"] + call["duration"],
        finished=not _can_be_stopped(json.loads(markup) if isinstance(markup, str) else markup),
    )


def _can_be_stopped(markup: dict[str, Any] | None) -> bool:
    return any(data.startswith("stop:") for data in _buttons(markup))


def _buttons(markup: dict[str, Any] | None) -> list[str]:
    """The callback data of the buttons."""
    rows = markup.get("inline_keyboard", []) if markup else []
    return [button.get("callback_data", "") for row in rows for button in row]
