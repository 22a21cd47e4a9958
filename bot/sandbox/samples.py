"""Small made-up attachments, so that every kind of message can be sent without a file at hand."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.sandbox.errors import ActError

if TYPE_CHECKING:
    from bot.sandbox.model import Media
    from bot.sandbox.people import People

_SIDE = 320


def sample(people: People, kind: str, emoji: str = "🌳") -> Media:
    """A ready attachment of this kind: photo, sticker, voice or document."""
    match kind:
        case "photo":
            made = people.store_media("photo", "evening.png", "image/png", _evening_sky())
            return replace(made, width=_SIDE, height=_SIDE)
        case "sticker":
            made = people.store_media("sticker", "sticker.webp", "image/webp", b"RIFF")
            return replace(made, emoji=emoji, width=512, height=512)
        case "voice":
            made = people.store_media("voice", "voice.ogg", "audio/ogg", b"OggS")
            return replace(made, seconds=7)
        case "document":
            content = "一棵树，听见了。\n".encode()
            return people.store_media("document", "note.txt", "text/plain", content)
        case _:
            raise ActError(f"There is no sample of the kind {kind!r}.")


def _evening_sky() -> bytes:
    """A PNG of a gradient from night blue to a warm horizon."""
    rows = bytearray()
    for y in range(_SIDE):
        share = y / (_SIDE - 1)
        pixel = bytes((int(38 + 200 * share), int(52 + 110 * share), int(92 + 20 * share)))
        rows += b"\0" + pixel * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
