"""How corpora lie on a disk: a folder of files, an archive of them, or lines of JSON.

A corpus of any size goes through here record by record; nothing holds more than one.
"""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES = (".jsonl", ".jsonl.xz", ".jsonl.gz")
TARS = (".tar", ".tar.xz", ".tar.gz", ".tgz")
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, gzip.BadGzipFile, zlib.error)


class CorpusFormatError(ValueError):
    """A file or line is not what it should be; names the place and the reason, never the text."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason

    def __reduce__(self) -> tuple[type[CorpusFormatError], tuple[str, str]]:
        return type(self), (self.place, self.reason)


@dataclass(frozen=True, slots=True)
class Record:
    """One file or line of a corpus, not yet read."""

    place: str
    """For people: a file's name, or a file's name and a line number."""
    stem: str
    """The file's name without its ending, or the line's number."""
    is_line: bool
    data: bytes


def size(path: Path) -> int:
    """Bytes on the disk; raises FileNotFoundError."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def records(
    path: Path, ending: str, advance: Callable[[int], object] = lambda _: None
) -> Iterator[Record]:
    """Every file that ends in `ending` at `path`, or every line, in a stable order.

    `path` is a folder (searched all the way down, also for JSON lines), a .zip, a .tar(.xz|.gz),
    JSON lines (.jsonl, .jsonl.xz, .jsonl.gz), or one such file. `advance` is told how many bytes
    of the disk were read. Raises FileNotFoundError, and CorpusFormatError for a broken archive:
    what is behind the break cannot be known, so that is never skipped.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    try:
        yield from _records(path, ending, advance)
    except (*_BROKEN, EOFError) as error:
        raise CorpusFormatError(path.name, f"a broken archive ({type(error).__name__})") from None


def files(path: Path, ending: str) -> list[Path]:
    """The files that `records` reads at `path`, in its order; raises FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        return [path]
    found = (
        file
        for file in path.rglob("*")
        if file.name.endswith((ending, *LINES)) and not file.name.startswith(".")
    )
    return sorted(found, key=lambda file: _order(file.relative_to(path).as_posix()))


def _records(path: Path, ending: str, advance: Callable[[int], object]) -> Iterator[Record]:
    if path.is_dir():
        for file in files(path, ending):
            yield from _records(file, ending, advance)
    elif path.name.endswith(LINES):
        yield from _lines(path, advance)
    elif path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(filter(_wanted(ending), archive.namelist()), key=_order):
                yield _file(name, archive.read(name))
                advance(archive.getinfo(name).compress_size)
    elif path.name.endswith(TARS):
        yield from _tar(path, ending, advance)
    elif path.name.endswith(ending):
        data = path.read_bytes()
        yield _file(path.name, data)
        advance(len(data))
    else:
        known = ", ".join((ending, *LINES, ".zip", *TARS))
        raise CorpusFormatError(path.name, f"expected a folder or a file that ends in {known}")


def _lines(path: Path, advance: Callable[[int], object]) -> Iterator[Record]:
    with path.open("rb") as raw:
        read = 0
        for number, line in enumerate(_unpacked(path, raw), start=1):
            if line.strip():
                yield Record(f"{path.name}, line {number}", str(number), True, line)
            advance(raw.tell() - read)
            read = raw.tell()


def _unpacked(path: Path, raw: IO[bytes]) -> IO[bytes]:
    match path.suffix:
        case ".xz":
            return io.BufferedReader(lzma.open(raw))
        case ".gz":
            return io.BufferedReader(gzip.open(raw))
    return raw


def _tar(path: Path, ending: str, advance: Callable[[int], object]) -> Iterator[Record]:
    wanted = _wanted(ending)
    # As a stream: an index of the archive would read all of it first. The order is the archive's.
    with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
        read = 0
        for member in archive:
            content = archive.extractfile(member) if wanted(member.name) else None
            if content is not None:
                yield _file(member.name, content.read())
            archive.members = []  # type: ignore[attr-defined]  # It would remember every member it has passed.
            advance(raw.tell() - read)
            read = raw.tell()


def _file(name: str, data: bytes) -> Record:
    path = PurePosixPath(name)
    return Record(path.name, path.stem, False, data)


def _wanted(ending: str) -> Callable[[str], bool]:
    def wanted(name: str) -> bool:
        path = PurePosixPath(name)
        return path.name.endswith(ending) and not path.name.startswith(".")

    return wanted


def _order(name: str) -> tuple[str, int, str]:
    """9.json before 10.json."""
    path = PurePosixPath(name)
    return str(path.parent), len(path.stem), path.stem
