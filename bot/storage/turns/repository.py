"""The turns of all chats: who answers them, what becomes of them, and how they are found.

`bot.storage.turns.turn` draws the states. A turn is worked on under a lease: an owner that
lost it cannot finish the turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from bot.storage import notifications
from bot.storage.db.errors import KeyNotHereYet, MissingKey, WrongKey
from bot.storage.db.leases import in_batches
from bot.storage.models import MAX_MODEL, MAX_REASON, TURN_IS_UNFINISHED, TurnRow
from bot.storage.notifications import Notification
from bot.storage.replicas import is_held
from bot.storage.turns import transitions, versions
from bot.storage.turns.turn import (
    LEASES,
    TURN,
    decrypt_past_turn,
    decrypt_turn,
    select_after,
    select_history,
    select_last_for_chat,
    select_turn,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.db.leases import Lease, LeaseOwner
    from bot.storage.turns.turn import EndState, PastTurn, Turn


log = structlog.get_logger(__name__)


class Turns:
    """The turns of all chats.

    Each method is one transaction, and one more where no key opens the turn: it is given up.
    """

    def __init__(self, database: Database, cipher: Cipher, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._cipher = cipher
        self._lease_owner = lease_owner

    async def begin(
        self,
        chat_id: int,
        user_id: int,
        text: str,
        update_ids: Collection[int],
        reply_to_message_id: int | None = None,
        message_spans: str | None = None,
    ) -> Turn | None:
        """Make updates that wait in a chat into its next turn, claimed by us.

        Opens a conversation if the chat has none. None, and nothing changes, if one of the updates
        no longer waits or work is under way in the chat.
        """
        beginning = transitions.Beginning(
            chat_id=chat_id,
            user_id=user_id,
            text=text,
            update_ids=tuple(update_ids),
            reply_to_message_id=reply_to_message_id,
            lease=self._lease_owner.lease(),
            message_spans=message_spans,
        )
        return await self._database.write(transitions.begin, self._cipher, beginning)

    async def add_answered(self, user_id: int, text: str, answer: str) -> bool:
        """Add what a person said by a button in private, with its answer, as a turn.

        False, and nothing changes, while work is under way in their chat.
        """
        now = self._lease_owner.clock()
        said = (text, answer)
        return await self._database.write(
            transitions.add_answered, self._cipher, user_id, said, now
        )

    async def set_answer_message(self, turn_id: int, message_id: int) -> bool:
        """Remember the message that shows the answer; False if the turn is no longer ours."""
        return await self._database.write(
            transitions.set_answer_message, turn_id, self._lease_owner.id, message_id
        )

    async def finish(
        self,
        turn_id: int,
        answer: str | None,
        state: EndState,
        message_id: int | None = None,
        *,
        model: str | None = None,
        has_buttons: bool = False,
        fold_at: datetime | None = None,
    ) -> int | None:
        """Store the answer and end the turn with its updates.

        `answer` is None where a card alone answers; the card then has asked what was asked last.
        `message_id` is the message that shows it, in case it could not be stored before. `model`
        wrote it; None where the answer is not to be rated. `has_buttons`: buttons for it stand
        under that message, which go with the next turn. At `fold_at` what was said is to be
        folded into what is remembered.

        Returns the conversation's new revision, or None if the turn is no longer ours: then
        nothing changed, and another owner answers or has answered it.
        """
        ending = transitions.Ending(
            state=state,
            answer=answer,
            at=self._lease_owner.clock(),
            reason=None,
            message_id=message_id,
            model=model[:MAX_MODEL] if model is not None else None,
            has_buttons=has_buttons,
            fold_at=fold_at,
        )
        return await self._database.write(
            transitions.end, self._cipher, turn_id, self._lease_owner.id, ending
        )

    async def fail(self, turn_id: int, reason: str, message_id: int | None = None) -> int | None:
        """Give a turn up, for a short reason for machines; it can be reopened.

        Takes `message_id` and returns what `finish` does.
        """
        ending = transitions.Ending(
            "failed", None, None, reason[:MAX_REASON], message_id, has_buttons=True
        )
        return await self._database.write(
            transitions.end, self._cipher, turn_id, self._lease_owner.id, ending
        )

    async def replace_text(
        self,
        turn_id: int,
        text: str,
        update_ids: Collection[int],
        message_spans: str | None = None,
    ) -> bool:
        """Put an edited text in place of what was said; the edits end with the turn then.

        False, and nothing changes, if the turn is no longer ours or an edit no longer waits.
        """
        edit = transitions.Edit(
            turn_id, self._lease_owner.id, text, tuple(update_ids), message_spans
        )
        return await self._database.write(transitions.replace_text, self._cipher, edit)

    async def reopen(
        self, turn_id: int, *, asked_by: int | None = None, wish: str | None = None
    ) -> Turn | None:
        """Make a finished turn wait for an answer again, under its number and in its message.

        Only for the last turn of an open conversation in a chat where no work is under way; None,
        and nothing changes, otherwise. It is free then: `claim_unfinished` takes it. An answer that
        is made again counts for the day of `asked_by`; None: of the person whose turn it is. The
        answer that it has stays as an earlier version; `wish` is what was wrong with it.
        """
        redo = transitions.Redo(asked_by, self._lease_owner.clock(), wish)
        return await self._reopen(turn_id, redo)

    async def rewrite(self, turn_id: int, text: str, message_spans: str | None) -> Turn | None:
        """Reopen a finished turn whose messages were edited, with the text as it is now.

        What was answered to other words goes. None as for `reopen`.
        """
        at = self._lease_owner.clock()
        return await self._reopen(
            turn_id, transitions.Redo(None, at, text=text, message_spans=message_spans)
        )

    async def _reopen(self, turn_id: int, redo: transitions.Redo) -> Turn | None:
        row = await self._database.write(transitions.reopen, self._cipher, turn_id, redo)
        return None if row is None else decrypt_turn(row, self._cipher)

    async def show_version(self, turn_id: int, number: int) -> Turn | None:
        """Have a turn show another version of its answer; None as for `reopen`.

        Also where there is no version of that number.
        """
        row = await self._database.write(transitions.show_version, self._cipher, turn_id, number)
        return None if row is None else decrypt_turn(row, self._cipher)

    async def count_versions(self, turn_id: int) -> int:
        """How many versions an answer has, shown or not."""
        return await self._database.read(versions.count, turn_id) + 1

    async def claim_unfinished(self, chat_id: int) -> Turn | None:
        """Claim the unfinished turn of a chat; None if there is none or its lease holds."""
        row = await self._database.write(_claim_unfinished, chat_id, self._lease_owner.lease())
        if row is None:
            return None
        try:
            turn = decrypt_turn(row, self._cipher)
        except WrongKey as error:
            if await self._is_early(error):
                log.warning("key_not_here_yet", turn=row.id)
                await self.release([row.id])
                return None
            log.error("turn_unreadable", turn=row.id)
            await self.fail(row.id, "unreadable")  # not tried for ever
            return None
        return replace(turn, attempts=turn.attempts + 1)

    async def renew(self, turn_ids: Collection[int]) -> set[int]:
        """Prolong our leases; the ids of those turns that are still ours."""
        return await self._database.write(LEASES.renew, tuple(turn_ids), self._lease_owner.lease())

    async def release(self, turn_ids: Collection[int]) -> None:
        """Release unfinished turns, for another replica or the next start."""
        await self._database.write(LEASES.release, tuple(turn_ids), self._lease_owner.id)

    async def release_others(self) -> int:
        """Release every turn of another owner, for a bot that knows it is the only one."""
        return await self._database.write(LEASES.release_others, self._lease_owner.id)

    async def request_stop(self, chat_id: int, turn_id: int | None = None) -> bool:
        """Ask whichever replica answers in a chat to stop (only `turn_id`, if given).

        That a person asked for it, and not danger, is told by the notification alone.
        Returns whether there was something to stop. A later owner of the turn sees it as well.
        """
        return await self._database.write(transitions.request_stop, chat_id, turn_id)

    async def notify_edited(self, chat_id: int) -> bool:
        """Tell the owner of a chat's unfinished turn that edits wait; whether there is one."""
        return await self._database.write(_notify_edited, chat_id)

    async def list_stop_requested(self, turn_ids: Collection[int]) -> set[int]:
        """Those of our turns that are to stop, for a person's word or for danger behind them."""
        return await self._database.read(_select_stop_requested, tuple(turn_ids))

    async def list_unfinished_chats(self, limit: int) -> list[int]:
        """Chats with an unfinished turn that is free, the longest waiting first."""
        now = self._lease_owner.clock()
        return await self._database.read(_select_unfinished_chats, now, limit)

    async def get(self, turn_id: int) -> Turn | None:
        """One turn."""
        row = await self._database.read(select_turn, turn_id)
        return None if row is None else decrypt_turn(row, self._cipher)

    async def last_for_chat(self, chat_id: int) -> Turn | None:
        """The newest turn of a chat's open conversation."""
        row = await self._database.read(select_last_for_chat, chat_id)
        return None if row is None else decrypt_turn(row, self._cipher)

    async def history(
        self, conversation_id: int, before_number: int, limit: int
    ) -> tuple[PastTurn, ...]:
        """The newest `limit` finished turns before a number, oldest first.

        A turn that no key decrypts is left out: what can be remembered is remembered. Raises
        `KeyNotHereYet` for one that another replica can read.
        """
        rows = await self._database.read(select_history, conversation_id, before_number, limit)
        history: list[PastTurn] = []
        for row in reversed(rows):
            try:
                history.append(decrypt_past_turn(row, self._cipher))
            except WrongKey as error:
                if await self._is_early(error):
                    raise KeyNotHereYet(str(error)) from None
                log.error("turn_unreadable", conversation=conversation_id, number=row.number)
        return tuple(history)

    async def list_after(self, conversation_id: int, number: int, limit: int) -> list[Turn]:
        """The oldest `limit` finished turns of a conversation behind a number that can be read."""
        rows = await self._database.read(select_after, conversation_id, number, limit)
        turns = []
        for row in rows:
            try:
                turns.append(decrypt_turn(row, self._cipher))
            except WrongKey:
                log.error("turn_unreadable", turn=row.id)
        return turns

    async def _is_early(self, error: WrongKey) -> bool:
        """Whether a text that does not open here was written with a key of another replica."""
        return isinstance(error, MissingKey) and await self._database.read(
            is_held, error.key_id, self._lease_owner.clock()
        )


def _claim_unfinished(connection: sa.Connection, chat_id: int, lease: Lease) -> AnyRow | None:
    """Claim the free turn of a chat, which has one at most; the row as it was before."""
    row = connection.execute(
        TURN.where(LEASES.is_free(lease.now), TurnRow.chat_id == chat_id).with_for_update(
            skip_locked=True, of=TurnRow
        )
    ).one_or_none()
    if row is not None:
        LEASES.claim(connection, [row.id], lease, {"attempts": TurnRow.attempts + 1})
    return row


def _notify_edited(connection: sa.Connection, chat_id: int) -> bool:
    turn_id = connection.scalar(
        sa.select(TurnRow.id).where(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED)
    )
    if turn_id is None:
        return False
    notifications.send(connection, Notification("edited", turn_id))
    return True


def _select_stop_requested(connection: sa.Connection, turn_ids: tuple[int, ...]) -> set[int]:
    return {
        turn_id
        for some in in_batches(turn_ids)
        for turn_id in connection.scalars(
            sa.select(TurnRow.id).where(TurnRow.id.in_(some), TurnRow.stop_requested)
        )
    }


def _select_unfinished_chats(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    return list(
        connection.scalars(
            sa.select(TurnRow.chat_id).where(LEASES.is_free(now)).order_by(TurnRow.id).limit(limit)
        )
    )
