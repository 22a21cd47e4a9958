"""What columns hold that is more than SQL's own types."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,35}")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A moment with its zone. SQLite keeps no zone, so what it holds is always UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone: it would be read back as another one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class LanguageTag(sa.TypeDecorator[str]):
    """The language a person's Telegram names; none where it names what cannot be one.

    A person's client sets it. PostgreSQL refuses what is too long or no text, and with it the whole
    transaction: the message, its crisis card and whatever arrived beside them.
    """

    impl = sa.String(35)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Leave out what is no tag."""
        return value if value is not None and _TAG.fullmatch(value) else None
