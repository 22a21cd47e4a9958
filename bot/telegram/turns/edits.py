"""Edits of a message that is being answered, before the first word, or that was answered last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.telegram.inbound.incoming import join, read_joined, read_stored_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        joined = join([*said, *edits])
        text = joined.text
        if not await self.context.storage.turns.replace_text(
            turn.id, text, [item.update_id for item in edits], joined.stored_spans
        ):
            return turn
        log.info("turn_edited", turn=turn.id, edits=len(edits))
        return replace(turn, user_text=text)

    async def reopen_answered(self, edits: Sequence[IncomingText]) -> bool:
        """Have the last turn of a chat answered anew if edits change what was said in it.

        Raises:
            StorageError: it cannot be read or stored now.
        """
        first, turns = edits[0], self.context.storage.turns
        turn = await turns.last_for_chat(first.chat_id)
        if turn is None or turn.message_spans is None or turn.user_id != first.user_id:
            return False
        joined = read_joined(turn.user_text, turn.message_spans).with_edits(edits)
        if joined.text == turn.user_text:
            return False
        if await turns.rewrite(turn.id, joined.text, joined.stored_spans) is None:
            return False
        await self.context.storage.history_cache.forget(first.chat_id)
        log.info("turn_edited_after_answer", turn=turn.id)
        return True

    def _read(self, updates: Iterable[StoredUpdate]) -> list[IncomingText]:
        # What cannot be read is only passed over here: the assembler gives it up.
        return read_stored_texts(updates, self.context.client, self.context.me).said
