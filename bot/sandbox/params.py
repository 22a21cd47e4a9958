"""A method's parameters, whichever way they came: JSON values, form strings or uploads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.sandbox.model import Json


# Parameters that stay strings even where they look like JSON.
_PROSE = frozenset({"text", "caption", "callback_query_id", "file_id", "secret_token"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters by name; forms carry every value as a string, JSON bodies as they are."""

    values: Mapping[str, object]
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the parameter was given."""
        return name in self.values

    def text(self, name: str) -> str:
        """A string; "" when absent."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; the default where it is absent or not one, as the Bot API reads it."""
        value = self.values.get(name, default)
        try:
            return int(str(value))
        except ValueError:
            return default

    def boolean(self, name: str) -> bool:
        """True for true, yes and 1 in any spelling."""
        return str(self.values.get(name, "")).lower() in {"true", "yes", "1"}

    def object(self, name: str, unreadable: str) -> object:
        """Decoded JSON; None when absent. `unreadable` is the refusal for what is not JSON."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(unreadable) from None

    def upload(self, name: str) -> Upload | None:
        """The file sent under this name, directly or as `attach://`."""
        value = self.values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            return self.uploads.get(value.removeprefix("attach://"))
        return self.uploads.get(name)

    def chat_id(self) -> int | None:
        """The chat the call is about; None where there is none or it is not a number."""
        try:
            return int(str(self.values["chat_id"]))
        except (KeyError, ValueError):
            return None

    def logged(self) -> Json:
        """What the call log keeps: decoded values, and uploads by their size."""
        values = {
            name: value if name in _PROSE else _decoded(value)
            for name, value in self.values.items()
        }
        files = {name: f"<{len(item.content)} bytes>" for name, item in self.uploads.items()}
        return {**values, **files}


def _decoded(value: object) -> object:
    """Forms carry numbers, booleans, lists and objects as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
