"""Edits of a message that is being answered, while nothing of the answer is to be seen yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.telegram.inbound.incoming import join_texts, read_stored_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.storage import StoredUpdate, Turn
    from bot.telegram.context import Context
    from bot.telegram.inbound.incoming import IncomingText

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TurnEdits:
    """Puts edits that wait in the inbox into the turn whose messages they change."""

    context: Context

    async def merge_into(self, turn: Turn) -> Turn:
        """The turn as it is to be answered, with the edits of its messages taken into it.

        Raises:
            StorageError: they cannot be read or stored now.
        """
        waiting = self._read(await self.context.storage.inbox.list_pending(turn.chat_id))
        if not any(item.is_edit for item in waiting):
            return turn
        said = self._read(await self.context.storage.inbox.list_for_turn(turn.id))
        ours = {item.message_id for item in said}
        edits = [item for item in waiting if item.is_edit and item.message_id in ours]
        if not edits:
            return turn
        text = join_texts([*said, *edits])
        if not await self.context.storage.turns.replace_text(
            turn.id, text, [item.update_id for item in edits]
        ):
            return turn
        log.info("turn_edited", turn=turn.id, edits=len(edits))
        return replace(turn, user_text=text)

    def _read(self, updates: Iterable[StoredUpdate]) -> list[IncomingText]:
        # What cannot be read is only passed over here: the assembler gives it up.
        return read_stored_texts(updates, self.context.client, self.context.me).said
