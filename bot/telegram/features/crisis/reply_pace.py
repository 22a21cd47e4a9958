"""How fast the crisis feature replies to what people ask of it; a card waits for none of this."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW: Final = 5.0
"""Seconds in which a chat is not shown the same list again, and its replies are counted."""
AHEAD_OF_ALL: Final = 4
"""Replies to a chat within the window that go out at once; more wait for the pace of all texts."""
REMEMBERED: Final = 4096
"""Chats whose replies are kept in mind."""


@dataclass(slots=True)
class _Chat:
    begun: list[float] = field(default_factory=list)
    newest_list: str = ""
    listed_at: float = 0.0


class ReplyPace:
    """Coalesces and caps the replies to each chat, so that a flood of requests is none of sends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._chats: OrderedDict[int, _Chat] = OrderedDict()

    def begin_list(self, chat_id: int, lines: str) -> bool:
        """Note that a list is shown; False where it has just been shown, or is on its way."""
        chat, now = self._chat(chat_id), self._clock()
        if chat.newest_list == lines and now - chat.listed_at < WINDOW:
            return False
        chat.newest_list, chat.listed_at = lines, now
        return True

    def forget_list(self, chat_id: int) -> None:
        """Note that a list did not come through: the next try is no repeat."""
        self._chat(chat_id).newest_list = ""

    def begin(self, chat_id: int) -> Priority:
        """Note a reply; whether it goes ahead of all else."""
        chat, now = self._chat(chat_id), self._clock()
        chat.begun = [at for at in chat.begun if now - at < WINDOW]
        chat.begun.append(now)
        return Priority.CRISIS if len(chat.begun) <= AHEAD_OF_ALL else Priority.SEND

    def _chat(self, chat_id: int) -> _Chat:
        chat = self._chats.setdefault(chat_id, _Chat())
        self._chats.move_to_end(chat_id)
        if len(self._chats) > REMEMBERED:
            self._chats.popitem(last=False)
        return chat
