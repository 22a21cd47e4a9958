"""Turns: what a person said at once, who is answering it, and what was answered.

    pending ──set_answer_message──> answering ──finish──> answered | stopped
       ^             └──────────────────┴────────fail───> failed
       └──reopen (only the last turn of its conversation)────┘

A turn that is pending or answering is unfinished, and a chat has at most one of those: the database
refuses a second one. Its claim lies in `owner` and `lease_until`; whoever lost it cannot finish it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.storage import turn_claims
from bot.storage.db.errors import WrongKey
from bot.storage.turns import transitions as sql
from bot.storage.turns import turn as turn_rows

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher
    from bot.storage.values import EndState, LeaseOwner, PastTurn, Turn


log = structlog.get_logger(__name__)


class Turns:
    """The turns of all chats. Each method is one transaction."""

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
    ) -> Turn | None:
        """Make updates that wait in a chat into its next turn, claimed by us.

        Opens a conversation if the chat has none. None, and nothing changes, if one of the updates
        no longer waits or someone is at work in the chat.
        """
        beginning = sql.Beginning(
            chat_id=chat_id,
            user_id=user_id,
            text=text,
            update_ids=tuple(update_ids),
            reply_to_message_id=reply_to_message_id,
            owner=self._lease_owner.id,
            lease_until=self._lease_owner.lease_until(),
            now=self._lease_owner.clock(),
        )
        return await self._database.write(sql.begin, self._cipher, beginning)

    async def set_answer_message(self, turn_id: int, message_id: int) -> bool:
        """Remember the message that shows the answer; False if the turn is no longer ours."""
        return await self._database.write(
            sql.set_answer_message, turn_id, self._lease_owner.id, message_id
        )

    async def finish(
        self,
        turn_id: int,
        answer: str,
        state: EndState,
        message_id: int | None = None,
        *,
        model: str | None = None,
    ) -> int | None:
        """Store the answer and end the turn with its updates.

        `message_id` is the message that shows it, in case it could not be stored before. `model`
        wrote it; None where the answer is not to be rated.

        Returns the conversation's new revision, or None if the turn is no longer ours: then
        nothing changed, and someone else answers or has answered it.
        """
        ending = sql.Ending(
            state=state,
            answer=self._cipher.encrypt_text(answer, turn_rows.answer_context(turn_id)),
            at=self._lease_owner.clock(),
            failure=None,
            message_id=message_id,
            model=model[:128] if model is not None else None,
        )
        return await self._database.write(sql.end, turn_id, self._lease_owner.id, ending)

    async def fail(self, turn_id: int, reason: str, message_id: int | None = None) -> int | None:
        """Give a turn up, for a short reason for machines; it can be reopened.

        Takes `message_id` and returns what `finish` does.
        """
        ending = sql.Ending("failed", None, None, reason[:64], message_id)
        return await self._database.write(sql.end, turn_id, self._lease_owner.id, ending)

    async def replace_text(self, turn_id: int, text: str, update_ids: Collection[int]) -> bool:
        """Put an edited text in place of what was said; the edits end with the turn then.

        False, and nothing changes, if the turn is no longer ours or an edit no longer waits.
        """
        return await self._database.write(
            sql.replace_text,
            self._cipher,
            sql.Edit(turn_id, self._lease_owner.id, text, tuple(update_ids)),
        )

    async def notify_edited(self, chat_id: int) -> bool:
        """Tell whoever answers in a chat that edits wait there; whether a turn is unfinished."""
        return await self._database.write(turn_claims.edited, chat_id)

    async def reopen(self, turn_id: int) -> Turn | None:
        """Make a finished turn wait for an answer again, under its number and in its message.

        Only for the last turn of an open conversation in a chat where nobody is at work; None, and
        nothing changes, otherwise. Nobody owns it then: `claim_unfinished` takes it.
        """
        row = await self._database.write(sql.reopen, turn_id)
        return None if row is None else turn_rows.decrypted(row, self._cipher)

    async def release(self, turn_ids: Collection[int]) -> None:
        """Hand unfinished turns back, for another replica or the next start."""
        await self._database.write(turn_claims.release, tuple(turn_ids), self._lease_owner.id)

    async def take_over(self) -> int:
        """Hand back every turn of another owner, for a bot that knows it is the only one."""
        return await self._database.write(turn_claims.take_over, self._lease_owner.id)

    async def renew(self, turn_ids: Collection[int]) -> set[int]:
        """Prolong our claims; the ids of those turns that are still ours."""
        return await self._database.write(
            turn_claims.renew,
            tuple(turn_ids),
            self._lease_owner.id,
            self._lease_owner.lease_until(),
        )

    async def request_stop(self, chat_id: int, turn_id: int | None = None) -> bool:
        """Ask whichever replica answers in a chat to stop (only `turn_id`, if given).

        Returns whether there was something to stop. Who takes the turn over sees it as well.
        """
        return await self._database.write(turn_claims.request_stop, chat_id, turn_id)

    async def list_stop_requested(self, turn_ids: Collection[int]) -> set[int]:
        """Those of our turns that somebody asked to stop."""
        return await self._database.read(turn_claims.stopping, tuple(turn_ids))

    async def claim_unfinished(self, chat_id: int) -> Turn | None:
        """Claim the unfinished turn of a chat; None if there is none or someone holds it."""
        row = await self._database.write(
            turn_claims.claim_unfinished,
            chat_id,
            self._lease_owner.clock(),
            self._lease_owner.id,
            self._lease_owner.lease_until(),
        )
        if row is None:
            return None
        try:
            return turn_rows.decrypted(row, self._cipher, claimed_now=True)
        except WrongKey:
            log.error("turn_unreadable", turn=row.id)
            await self.fail(row.id, "unreadable")  # not tried for ever
            return None

    async def list_unfinished_chats(self, limit: int) -> list[int]:
        """Chats with an unfinished turn that nobody holds, the longest waiting first."""
        return await self._database.read(
            turn_claims.list_unfinished_chats, self._lease_owner.clock(), limit
        )

    async def get(self, turn_id: int) -> Turn | None:
        """One turn."""
        row = await self._database.read(turn_rows.turn, turn_id)
        return None if row is None else turn_rows.decrypted(row, self._cipher)

    async def get_last(self, chat_id: int) -> Turn | None:
        """The newest turn of a chat's open conversation."""
        row = await self._database.read(turn_rows.last_turn, chat_id)
        return None if row is None else turn_rows.decrypted(row, self._cipher)

    async def history(
        self, conversation_id: int, before_number: int, limit: int
    ) -> tuple[PastTurn, ...]:
        """The newest `limit` finished turns before a number, oldest first.

        A turn that no key opens is left out: what can be remembered is remembered.
        """
        rows = await self._database.read(turn_rows.history, conversation_id, before_number, limit)
        history: list[PastTurn] = []
        for row in reversed(rows):
            try:
                history.append(turn_rows.past(row, self._cipher))
            except WrongKey:
                log.error("turn_unreadable", conversation=conversation_id, number=row.number)
        return tuple(history)
