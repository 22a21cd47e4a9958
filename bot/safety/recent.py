"""What was made of texts lately, kept under their hashes: a talk is read again at every message.

In memory only, and bounded. The key of the hash is drawn anew by every process: what stands here
says nothing to another.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")

_KEY = secrets.token_bytes(32)


def hashed(text: str) -> bytes:
    """A hash by which a text is known in this process."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=_KEY).digest()


class Recent(Generic[Value]):
    """The values that were used last; threads may share it.

    Args:
        most: the size of all values together that is kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._values: OrderedDict[Hashable, tuple[int, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Value], size: int = 1) -> Value:
        """The value of a key, made if there is none; `size` is what a new one counts."""
        with self._lock:
            if (known := self._values.get(key)) is not None:
                self._values.move_to_end(key)
                return known[1]
        made = make()  # two threads may make the same: neither waits for the other
        with self._lock:
            if key not in self._values:
                self._values[key] = size, made
                self._size += size
                while self._size > self._most and len(self._values) > 1:
                    _, (freed, _) = self._values.popitem(last=False)
                    self._size -= freed
        return made
