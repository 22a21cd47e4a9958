"""The topic of a forum group in which the bot is asked, and so has to answer.

What is said to one update or turn goes through many hands, and each belongs into its topic: the
answer and its parts, cards, buttons, typing. It is a context variable, inherited by every task that
is started for it, and counts for its own chat alone: a word to another chat is in no topic.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_topic: ContextVar[tuple[int, int] | None] = ContextVar("topic", default=None)


def topic_in(chat_id: int) -> int | None:
    """The thread in which to speak in a chat now; None in General and outside forums."""
    topic = _topic.get()
    return topic[1] if topic is not None and topic[0] == chat_id else None


def enter_topic(chat_id: int, thread_id: int | None) -> None:
    """Speak in this topic from now on, in this task and in those it starts."""
    _topic.set(None if thread_id is None else (chat_id, thread_id))


@contextmanager
def within_topic(topic: tuple[int, int] | None) -> Iterator[None]:
    """Speak in this topic, then in the one before."""
    token = _topic.set(topic)
    try:
        yield
    finally:
        _topic.reset(token)


def topic_of(raw: dict[str, Any]) -> tuple[int, int] | None:
    """Chat and thread of an update as Telegram sent it; None outside topics.

    In a group that is no forum, the replies to one message carry a thread id too, which sendMessage
    refuses: only `is_topic_message` tells a topic.
    """
    message = raw.get("message") or raw.get("edited_message")
    if message is None:
        message = (raw.get("callback_query") or {}).get("message")
    if not isinstance(message, dict) or message.get("is_topic_message") is not True:
        return None
    chat, thread = message.get("chat"), message.get("message_thread_id")
    if not isinstance(chat, dict) or not isinstance(thread, int):
        return None
    return chat["id"], thread
