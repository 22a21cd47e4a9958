"""What all tables share: names of constraints, the names of states, lengths."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

from bot.storage.db.types import UtcDateTime

Lane = Literal["express", "chat"]
UpdateState = Literal["new", "claimed", "done", "failed"]
TurnState = Literal["pending", "answering", "answered", "stopped", "failed"]
Age = Literal["adult", "minor", "teen", "child"]
"""What a person said: 18 or older, under 18, 14 to 17, under 14."""
BroadcastState = Literal["draft", "running", "paused", "done", "cancelled"]
DeliveryState = Literal["owed", "sending", "sent", "gone", "refused", "unsure", "in_danger"]
"""Whether a broadcast is out to a person: `gone` has left, `refused` is what Telegram did not take,
of `unsure` its sender died, `in_danger` was left out."""
CardState = Literal["owed", "sent", "refused"]
HandoverState = Literal["open", "taken", "closed"]
AlertKind = Literal["first", "next", "everyone", "left"]
"""Why somebody is alerted: they are the first, or another has not come, or nobody has; `left` tells
the human who had a person that the person wants none."""
AlertState = Literal["owed", "sent", "refused"]
AlertShows = Literal["open", "taken", "closed", "declined"]
"""What the message of an alert says of its hand-over."""
TrustedMessageKind = Literal[
    "ask", "help", "agreed", "declined", "left", "ended", "told", "not_told", "seen"
]
"""What is told: the person whether to tell (ask), the trusted one that they are needed (help), the
person that it was agreed, declined or given up (left), the trusted one that the person ended it,
the person that it was told, not told, or seen."""
HelpIsSent = Literal["asked", "always"]
"""Whether the person is asked each time, or has decided beforehand."""
Manner = Literal["listen", "advise"]
"""What a person wants more of."""
Rating = Literal["up", "down"]
ConsentState = Literal["asked", "yes", "no"]
"""Whether what a person rated may help to train: asked and open, agreed, or not."""

MAX_REASON: Final = 64
"""Characters of a reason for machines why something was given up; more are cut off."""
MAX_MODEL: Final = 128
"""Characters of the name of a model; more are cut off."""

# SQLite numbers rows by itself only in columns that are called exactly INTEGER.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can refer to it."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: Final = {
        int: sa.BigInteger,
        datetime: UtcDateTime,
        Age: sa.String(16),
        AlertKind: sa.String(16),
        AlertShows: sa.String(16),
        AlertState: sa.String(16),
        BroadcastState: sa.String(16),
        CardState: sa.String(16),
        ConsentState: sa.String(16),
        DeliveryState: sa.String(16),
        HandoverState: sa.String(16),
        HelpIsSent: sa.String(16),
        Lane: sa.String(16),
        Manner: sa.String(16),
        Rating: sa.String(16),
        TrustedMessageKind: sa.String(16),
        TurnState: sa.String(16),
        UpdateState: sa.String(16),
    }
