"""How corpora lie on a disk: a folder of files, an archive of them, or lines of JSON.

A corpus of any size goes through here record by record; nothing holds more than one.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES = (".jsonl", ".jsonl.xz", ".jsonl.gz")
TARS = (".tar", ".tar.xz", ".tar.gz", ".tgz")
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, gzip.BadGzipFile, zlib.error)
# An encrypted entry is a RuntimeError of zipfile's, one packed in a way it lacks (zstd) the other.
_LOCKED = (RuntimeError, NotImplementedError)


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
    fault: str = ""
    """Why it cannot be read, where that is known before it is parsed."""


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


def parsed(record: Record) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The JSON value of a record, of which every text can be written again.

    Raises CorpusFormatError with the one reason why not.
    """
    if record.fault:
        raise CorpusFormatError(record.place, record.fault)
    try:
        text = record.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CorpusFormatError(record.place, encoding_of(record.data)) from None
    try:
        value = json.loads(text)
    except RecursionError:
        raise CorpusFormatError(record.place, "JSON that is nested too deep") from None
    except ValueError:
        raise CorpusFormatError(record.place, "not valid JSON") from None
    if _HALF_CHARACTER.search(text) and not _is_encodable(value):
        raise CorpusFormatError(record.place, "half of a character (a lone surrogate)")
    return value


_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def _is_encodable(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def encoding_of(data: bytes) -> str:
    """What the bytes are instead of UTF-8, as far as they show it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "not UTF-8 but UTF-16"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "not UTF-8"
    return "not UTF-8; it may be GBK"


def files(path: Path, ending: str) -> list[Path]:
    """The files that `records` reads at `path`, in its order; raises FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        return [path]
    found = (
        file
        for file in path.rglob("*")
        if _ends(file.name, (ending, *LINES)) and not file.name.startswith(".")
    )
    return sorted(found, key=lambda file: _order(file.relative_to(path).as_posix()))


def _records(path: Path, ending: str, advance: Callable[[int], object]) -> Iterator[Record]:
    if path.is_dir():
        for file in files(path, ending):
            yield from _records(file, ending, advance)
    elif _ends(path.name, LINES):
        yield from _lines(path, advance)
    elif _ends(path.name, (".zip",)):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(filter(_wanted(ending), archive.namelist()), key=_order):
                yield _file(name, _unlocked(path, archive, name))
                advance(archive.getinfo(name).compress_size)
    elif _ends(path.name, TARS):
        yield from _tar(path, ending, advance)
    elif _ends(path.name, (ending,)):
        data = path.read_bytes()
        yield _file(path.name, data)
        advance(len(data))
    else:
        known = ", ".join((ending, *LINES, ".zip", *TARS))
        raise CorpusFormatError(path.name, f"expected a folder or a file that ends in {known}")


def _unlocked(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except _LOCKED as error:
        what = "not a way to pack that Python knows"
        what = "encrypted" if "encrypted" in str(error) or "password" in str(error) else what
        raise CorpusFormatError(path.name, f"{what}: unpack it, and name the folder") from None


def _lines(path: Path, advance: Callable[[int], object]) -> Iterator[Record]:
    with path.open("rb") as raw:
        read = 0
        for number, line in enumerate(_unpacked(path, raw), start=1):
            if line.strip():
                yield Record(f"{path.name}, line {number}", str(number), True, line)
            advance(raw.tell() - read)
            read = raw.tell()


def _unpacked(path: Path, raw: IO[bytes]) -> IO[bytes]:
    match path.suffix.lower():
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
        return _ends(path.name, (ending,)) and not path.name.startswith(".")

    return wanted


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    """Whether the name ends so, in letters of either case: Windows writes .JSON."""
    return name.lower().endswith(endings)


def _order(name: str) -> tuple[str, int, str]:
    """9.json before 10.json."""
    path = PurePosixPath(name)
    return str(path.parent), len(path.stem), path.stem
