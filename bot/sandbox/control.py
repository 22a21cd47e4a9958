"""The control API under `/sandbox/`: what people do and see; used by the page and by tests.

GET  /sandbox/state                    people, chats, bot
GET  /sandbox/chats/{chat}/messages    history as Bot API messages
GET  /sandbox/events?person=           server-sent events, a snapshot first
GET  /sandbox/files/{file_id}          bytes of an attachment
POST /sandbox/people                   {name, language, is_admin?, id?}
POST /sandbox/groups                   {title}
POST /sandbox/people/{person}/say      {text, chat_id?, reply_to?}
POST /sandbox/people/{person}/edit     {message_id, text, chat_id?}
POST /sandbox/people/{person}/press    {message_id, data, chat_id?}
POST /sandbox/people/{person}/media    multipart: file?, kind, chat_id?, caption?, emoji?
POST /sandbox/people/{person}/block    and /unblock
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response, StreamingResponse

from bot.sandbox.endpoints import Endpoint, body_of, routes_of
from bot.sandbox.errors import ActError
from bot.sandbox.menu import commands_for, profile_for
from bot.sandbox.samples import sample

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.routing import Route

    from bot.sandbox.model import Json, MediaKind, Person
    from bot.sandbox.people import People
    from bot.sandbox.world import World

_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_MEDIA_KINDS = frozenset({"photo", "document", "voice", "sticker", "video", "audio"})
_RECONNECT_MILLISECONDS = 1000


class Control:
    """People's acts and the stream of what they see."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people

    def routes(self) -> list[Route]:
        """The routes of people, chats and files."""
        person = "/people/{person:int}"
        table: list[Endpoint] = [
            ("GET", "/state", self._state),
            ("GET", "/chats/{chat}/messages", self._messages),
            ("GET", "/events", self._events),
            ("GET", "/files/{file_id}", self._file),
            ("POST", "/people", self._add_person),
            ("POST", "/groups", self._add_group),
            ("POST", f"{person}/say", self._say),
            ("POST", f"{person}/edit", self._edit),
            ("POST", f"{person}/press", self._press),
            ("POST", f"{person}/media", self._media),
            ("POST", f"{person}/block", self._block),
            ("POST", f"{person}/unblock", self._unblock),
        ]
        return routes_of(table)

    async def _state(self, request: Request) -> Response:  # noqa: ARG002
        world = self._world
        return JSONResponse(
            {
                "bot": world.bot.user(),
                "people": [_person_view(person) for person in world.people.values()],
                "chats": [world.chat_view(chat) for chat in world.chats.values()],
            }
        )

    async def _messages(self, request: Request) -> Response:
        messages = self._world.history.get(int(request.path_params["chat"]), {})
        return JSONResponse([self._world.message_view(item) for item in messages.values()])

    async def _events(self, request: Request) -> Response:
        """A snapshot of all that this person sees, then every change of it."""
        person_id = int(request.query_params.get("person", 0))
        queue = self._world.hub.subscribe()
        snapshot = self._snapshot(person_id)

        async def stream() -> AsyncIterator[str]:
            yield f"retry: {_RECONNECT_MILLISECONDS}\n\n" + _event(snapshot)
            async for event in self._world.hub.events(queue):
                if event["type"] in {"profile", "people"}:
                    yield _event(self._about(person_id))
                elif event["type"] == "model" or self._concerns(event, person_id):
                    yield _event(event)

        return StreamingResponse(stream(), media_type="text/event-stream")

    def _snapshot(self, person_id: int) -> Json:
        world = self._world
        mine = [chat for chat in world.chats.values() if person_id in chat.members]
        messages = {
            str(chat.id): [world.message_view(item) for item in world.history[chat.id].values()]
            for chat in mine
        }
        return self._about(person_id) | {"type": "snapshot", "messages": messages}

    def _about(self, person_id: int) -> Json:
        """People, chats, the bot and its menus, as this person sees them."""
        world = self._world
        person = world.people.get(person_id)
        mine = [chat for chat in world.chats.values() if person_id in chat.members]
        return {
            "type": "about",
            "people": [_person_view(item) for item in world.people.values()],
            "chats": [world.chat_view(chat) for chat in mine],
            "bot": profile_for(world, person) if person else world.bot.user(),
            "commands": {str(chat.id): commands_for(world, person, chat) for chat in mine}
            if person
            else {},
        }

    def _concerns(self, event: Json, person_id: int) -> bool:
        chat = self._world.chats.get(event.get("chat_id", 0))
        if chat is None or person_id not in chat.members:
            return False
        return bool(event.get("person_id", person_id) == person_id)

    async def _file(self, request: Request) -> Response:
        stored = self._world.files.get(request.path_params["file_id"])
        if stored is None:
            return JSONResponse({"error": "There is no such file."}, 404)
        inline = stored.mime in _SHOWN_INLINE
        disposition = "inline" if inline else "attachment"
        headers = {"Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(stored.name)}"}
        media_type = stored.mime if inline else "application/octet-stream"
        return Response(stored.content, media_type=media_type, headers=headers)

    async def _add_person(self, request: Request) -> Response:
        body = await body_of(request)
        person = self._people.add(
            str(body.get("name", "")),
            str(body.get("language", "zh-hans")),
            is_admin=bool(body.get("is_admin")),
            person_id=body.get("id"),
        )
        return await self._done(_person_view(person))

    async def _add_group(self, request: Request) -> Response:
        chat = self._people.add_group(str((await body_of(request)).get("title", "")))
        return await self._done(self._world.chat_view(chat))

    async def _say(self, request: Request) -> Response:
        body = await body_of(request)
        sent = self._people.say(
            _person(request), str(body.get("text", "")), body.get("chat_id"), body.get("reply_to")
        )
        return await self._done([self._world.message_view(message) for message in sent])

    async def _edit(self, request: Request) -> Response:
        body = await body_of(request)
        text = str(body.get("text", ""))
        message_id = int(body.get("message_id", 0))
        message = self._people.edit(_person(request), message_id, text, body.get("chat_id"))
        return await self._done(self._world.message_view(message))

    async def _press(self, request: Request) -> Response:
        body = await body_of(request)
        data = str(body.get("data", ""))
        message_id = int(body.get("message_id", 0))
        callback_id = self._people.press(_person(request), message_id, data, body.get("chat_id"))
        return await self._done({"callback_id": callback_id})

    async def _media(self, request: Request) -> Response:
        async with request.form() as form:
            kind = str(form.get("kind", "document"))
            upload = form.get("file")
            if kind not in _MEDIA_KINDS:
                raise ActError(f"There is no kind of attachment called {kind!r}.")
            if isinstance(upload, UploadFile):
                mime = upload.content_type or "application/octet-stream"
                content = await upload.read()
                name = upload.filename or kind
                media_kind: MediaKind = kind  # type: ignore[assignment]
                media = self._people.store_media(media_kind, name, mime, content)
            else:
                media = sample(self._people, kind, str(form.get("emoji", "🌳")))
            seconds = form.get("seconds")
            if isinstance(seconds, str) and seconds.isdigit():
                media = replace(media, seconds=int(seconds))
            chat_id = form.get("chat_id")
            message = self._people.send_media(
                _person(request),
                media,
                int(chat_id) if isinstance(chat_id, str) and chat_id else None,
                str(form.get("caption", "")),
            )
        return await self._done(self._world.message_view(message))

    async def _block(self, request: Request) -> Response:
        self._people.block(_person(request))
        return await self._done({})

    async def _unblock(self, request: Request) -> Response:
        self._people.unblock(_person(request))
        return await self._done({})

    async def _done(self, answer: object) -> Response:
        """Answer once what happened is safe on disk."""
        await self._world.store.flush()
        return JSONResponse(answer)


def _person(request: Request) -> int:
    return int(request.path_params["person"])


def _person_view(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "language": person.language,
        "is_admin": person.is_admin,
    }


def _event(event: Json) -> str:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
