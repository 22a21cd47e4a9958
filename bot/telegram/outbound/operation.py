"""One call to Telegram: what it is, what of it can be left out, how its caller hears the end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import TYPE_CHECKING, Literal

from bot.telegram.outbound.failures import SendFailure, Undeliverable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from telegram import InlineKeyboardMarkup

    from bot.telegram.outbound.rendering import Rendered

Kind = Literal["send", "edit", "keyboard", "document", "typing"]


class Priority(IntEnum):
    """What goes first when one slot is free; FINAL and CRISIS are never dropped."""

    CRISIS = 0
    FINAL = 1
    SEND = 2
    EDIT = 3
    TYPING = 4


@dataclass(slots=True, eq=False)
class Operation:
    """One call to Telegram that waits for its slot."""

    kind: Kind
    priority: Priority
    deadline: float
    done: asyncio.Future[int]
    content: Callable[[], Rendered | None] | None = None
    """Asked when the slot is there; None means there is nothing to show any more."""
    keyboard: InlineKeyboardMarkup | None = None
    message_id: int = 0
    """The message that is edited; Telegram's ids begin at 1."""
    reply_to: int | None = None
    thread_id: int | None = None
    """The topic of a forum in which it is said."""
    document: bytes = b""
    filename: str = ""
    preview: bool = False
    as_plain_text: bool = False
    recalled: bool = False
    """It is not wanted any more; a call on its way may still succeed, another is not made."""
    followed: bool = False
    """Whether it has gone from a group to the supergroup that the group became: once is enough."""
    submitted_at: float = -inf
    not_before: float = -inf
    attempts: int = 0

    @property
    def is_final_edit(self) -> bool:
        """Whether this is the last text of a message, which has to arrive somehow."""
        return self.kind == "edit" and self.priority <= Priority.FINAL

    def settle(self, message_id: int) -> None:
        """Tell the waiting caller that it is done."""
        if not self.done.done():
            self.done.set_result(message_id)

    def fail(self, error: Exception) -> None:
        """Tell the waiting caller that it will not be done."""
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # no caller may be waiting any more; that is no fault to report

    def leave_out(self, failure: SendFailure) -> bool:
        """Take from it what Telegram refuses about it; False if nothing is left to take."""
        match failure:
            case SendFailure.MESSAGE_GONE if self.is_final_edit:
                self.kind, self.message_id = "send", 0
            case SendFailure.ENTITIES_REFUSED if not self.as_plain_text:
                self.as_plain_text = True
            case SendFailure.REPLY_GONE if self.reply_to is not None:
                self.reply_to = None
            case SendFailure.TOPIC_GONE if self.thread_id is not None:
                self.thread_id = None  # General is better than nowhere
            case _:
                return False
        return True

    def move_to_successor(self) -> bool:
        """Fit it to the supergroup that its group became, where no old message can be edited.

        The last text of a message is sent anew there. False: it has no sense there, and has ended.
        """
        if self.is_final_edit:
            self.kind, self.message_id = "send", 0
        self.reply_to = self.thread_id = None
        if self.kind in ("edit", "keyboard"):
            self.fail(Undeliverable("the message is in the group that this chat was"))
        elif self.kind == "typing":
            self.settle(0)
        return not self.done.done()

    def inherit_backoff(self, older: Operation) -> None:
        """Wait as the operation it replaces: it is not a way around the pause after a failure."""
        if self.priority is older.priority:
            self.not_before, self.attempts = older.not_before, older.attempts
