"""The history cache that replicas share, in Redis.

A module of its own: a bot without Redis does not load the client, which is a tenth of its start.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import astuple
from typing import TYPE_CHECKING, Final, TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.storage.db.encryption import Place
from bot.storage.db.errors import WrongKey
from bot.storage.history_cache import TIME_TO_LIVE
from bot.storage.turns.turn import PastTurn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.storage.db.encryption import Cipher
    from bot.storage.turns.turn import Turn

T = TypeVar("T")
log = structlog.get_logger(__name__)

TIMEOUT: Final = 0.1
PAUSE_AFTER_FAILURE: Final = 5.0
WARN_EVERY: Final = 60.0


async def answers(url: str, *, within: float) -> bool:
    """Whether a Redis answers a ping within so many seconds."""
    redis = Redis.from_url(url, socket_timeout=within, socket_connect_timeout=within)
    try:
        async with asyncio.timeout(within):
            return bool(await redis.ping())
    except Exception:  # whatever it is: it does not answer
        return False
    finally:
        await redis.aclose()


class RedisHistoryCache:
    """The cache that replicas share: one encrypted value a chat, gone 24 hours after the last turn.

    After a failure Redis is left alone for a while, so that one that hangs costs one turn a tenth
    of a second and the next ones nothing.
    """

    def __init__(
        self,
        url: str,
        cipher: Cipher,
        *,
        bot_id: int = 0,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: where Redis is.
            cipher: seals what lies there.
            bot_id: whose talks these are: a private chat has the same id for every bot.
            timeout: seconds that one look into Redis may take.
            clock: monotonic seconds.
        """
        self._cipher = cipher
        self._bot_id = bot_id
        self._timeout = timeout
        self._clock = clock
        self._redis = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=16,
                timeout=timeout,
                retry=Retry(NoBackoff(), 0),
            )
        )
        self._unforgotten: set[int] = set()
        """Chats whose entry could not be deleted yet: it goes ahead of the next command."""
        self._closed_until = float("-inf")
        self._warned_at = float("-inf")

    async def get(self, turn: Turn) -> tuple[PastTurn, ...] | None:
        """See `HistoryCache`."""
        sealed = await self._attempt(lambda: self._redis.get(self._key(turn.chat_id)))
        if not isinstance(sealed, bytes):
            return None
        try:
            plain = self._cipher.decrypt_text(sealed, self._place(turn.chat_id))
            conversation_id, revision, turns = json.loads(plain)
        except (WrongKey, ValueError):
            return None
        if (conversation_id, revision) != (turn.conversation_id, turn.revision):
            return None
        return tuple(PastTurn(*turn) for turn in turns)

    async def put(
        self, chat_id: int, conversation_id: int, revision: int, turns: Sequence[PastTurn]
    ) -> None:
        """See `HistoryCache`."""
        plain = json.dumps(
            [conversation_id, revision, [astuple(turn) for turn in turns]],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        sealed = self._cipher.encrypt_text(plain, self._place(chat_id))
        await self._attempt(lambda: self._redis.set(self._key(chat_id), sealed, ex=TIME_TO_LIVE))

    async def forget(self, chat_id: int) -> None:
        """See `HistoryCache`."""
        self._unforgotten.add(chat_id)
        await self.finish_forgetting()

    async def finish_forgetting(self) -> None:
        """See `HistoryCache`."""
        if self._unforgotten:
            await self._attempt(self._nothing)

    async def _nothing(self) -> None:
        """What is asked of Redis where only the deletions that are owed matter."""

    async def _delete_owed(self) -> None:
        owed = tuple(self._unforgotten)
        await self._redis.delete(*map(self._key, owed))
        self._unforgotten.difference_update(owed)

    async def aclose(self) -> None:
        """See `HistoryCache`."""
        await self._redis.aclose()
        await self._redis.connection_pool.aclose()

    async def _attempt(self, command: Callable[[], Awaitable[T]]) -> T | None:
        now = self._clock()
        if now < self._closed_until:
            return None
        try:
            async with asyncio.timeout(self._timeout):
                if self._unforgotten:
                    await self._delete_owed()
                return await command()
        except Exception as error:  # a cache: whatever is wrong with it must not cost an answer
            now = self._clock()
            self._closed_until = now + PAUSE_AFTER_FAILURE
            if now - self._warned_at >= WARN_EVERY:
                self._warned_at = now
                log.warning(
                    "redis_unavailable",
                    error=type(error).__name__,
                    effect="recent turns are read from SQL",
                )
            return None

    def _key(self, chat_id: int) -> str:
        return f"shudong:{self._bot_id}:recent:{chat_id}"

    def _place(self, chat_id: int) -> Place:
        version_1 = b"recent:%d:%d" % (self._bot_id, chat_id)
        return Place("recent", (self._bot_id,), user_id=None, chat_id=chat_id, version_1=version_1)
