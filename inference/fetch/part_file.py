"""The file that grows while a model is fetched; what is there stays when the line breaks."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from inference.fetch.errors import FetchError, WrongBytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inference.catalogue import PinnedFile

CHUNK: Final = 1 << 20  # bytes
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class PartFile:
    """`.NAME.part` beside the place of a file, its SHA-256 kept as it grows.

    Used as a context, in which no other process writes to it.

    Raises:
        FetchError: another process is fetching the file, or the disk takes no more.
    """

    def __init__(self, pinned: PinnedFile, place: Path) -> None:
        self._pinned = pinned
        self._place = place
        self._path = place.with_name(f".{place.name}.part")
        self._digest = hashlib.sha256()
        self.done = 0
        """Bytes that are there."""

    @property
    def folder(self) -> Path:
        """The folder in which it grows."""
        return self._path.parent

    @property
    def total(self) -> int:
        """Bytes of the whole file."""
        return self._pinned.bytes

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._path.open("ab+", buffering=0)
        except OSError as error:
            raise FetchError(
                f"{self._path.parent} cannot be written ({error.strerror}); "
                "--into names another folder."
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise FetchError(f"Another process is fetching {self._place.name} already.") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def resume(self, on_progress: Callable[[int], None]) -> None:
        """Read what an earlier try has left, telling how far that is."""
        self._file.seek(0)
        while data := self._file.read(CHUNK):
            self._digest.update(data)
            self.done += len(data)
            on_progress(self.done)
        if self.done > self.total:
            self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.done = 0

    def write(self, data: bytes) -> None:
        """Add what came next.

        Raises:
            WrongBytes: it would be longer than the file is.
            FetchError: the disk takes no more; what is there is kept.
        """
        if self.done + len(data) > self.total:
            raise WrongBytes("it sends more than the file has")
        rest = memoryview(data)
        while rest:
            try:
                written = self._file.write(rest) or 0
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                raise FetchError(
                    f"The disk is full: {self.total - self.done:,} bytes more are needed in "
                    f"{self._path.parent}. What was fetched is kept; the same command goes on."
                ) from None
            self._digest.update(rest[:written])
            self.done += written
            rest = rest[written:]

    def finish(self) -> None:
        """Put the whole file into its place at once, never to be seen half there.

        Raises:
            WrongBytes: it is another file; it has been removed.
        """
        if self.done != self.total or self._digest.hexdigest() != self._pinned.sha256:
            self.reset()
            raise WrongBytes("its bytes are not those of the catalogue; they were removed")
        os.fsync(self._file.fileno())
        self._path.replace(self._place)
        folder = os.open(self._place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def is_whole(pinned: PinnedFile, place: Path) -> bool:
    """Whether the file at `place` is the one of the catalogue, by all its bytes."""
    try:
        if place.stat().st_size != pinned.bytes:
            return False
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == pinned.sha256
    except OSError:
        return False
