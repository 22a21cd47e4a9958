"""The records in whatever people keep dialogues in: JSON lists, JSON lines, folders, archives.

Nothing here ends a run: what cannot be read becomes a record that says why, and the next file, or
the next item that can be found, is gone on with.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from training.corpora.files import TARS, Record, encoding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Advance = Callable[[int], object]

JSON: Final = (".json", ".jsonl", ".ndjson")
_PACKED: Final = tuple(ending + way for ending in JSON for way in (".gz", ".xz"))
_ARCHIVES: Final = (".zip", *TARS)
_OTHER: Final = (".parquet", ".arrow", ".csv", ".tsv", ".xlsx", ".7z", ".rar")
"""Data that is told of and not read; what else lies in a folder (README.md) is none."""

_LFS: Final = b"version https://git-lfs"
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_NOT_JSON: Final = "not valid JSON"
_TOO_DEEP: Final = "JSON that is nested too deep"
_ITEM: Final = re.compile(r'\{\s*"[^"\n]{1,40}"')
_NEXT_LINE: Final = re.compile(r"\n(?=\s*[\[{])")
_ESCAPED: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class ItemKind:
    """What the items of a corpus look like."""

    is_item: Callable[[object], bool]
    is_part: Callable[[object], bool]
    """Of an item: a list of parts is one item, and no list of items."""


def item_records(
    path: Path, shape: ItemKind, advance: Callable[[int], object] = lambda _: None
) -> Iterator[Record]:
    """Every item at `path`, in a stable order; raises FileNotFoundError and nothing else.

    `path` is a file or a folder, searched all the way down. `advance` is told how many bytes of the
    disk were read.
    """
    for file in item_files(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        yield from _guarded(name, _of_file(file, name, shape))
        advance(file.stat().st_size)


def item_files(path: Path) -> list[Path]:
    """The files that `item_records` reads, in its order; raises FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        return [path]
    known = (*JSON, *_PACKED, *_ARCHIVES, *_OTHER)
    return sorted(
        file
        for file in path.rglob("*")
        if _ends(file.name, known) and not file.name.startswith(".") and file.is_file()
    )


def _guarded(name: str, found: Iterator[Record]) -> Iterator[Record]:
    """The records, and one more that says why there are no further ones."""
    try:
        yield from found
    except OSError as error:
        fault = f"cannot be read ({error.strerror or type(error).__name__})"
        yield Record(name, name, False, b"", fault)
    except Exception as error:
        yield Record(name, name, False, b"", f"a broken archive ({type(error).__name__})")


def _of_file(file: Path, name: str, shape: ItemKind) -> Iterator[Record]:
    if _ends(name, (".zip",)):
        yield from _of_zip(file, name, shape)
    elif _ends(name, TARS):
        yield from _of_tar(file, name, shape)
    elif _ends(name, _OTHER):
        yield Record(name, name, False, b"", f"a {PurePosixPath(name).suffix} file, and no JSON")
    else:
        with file.open("rb") as raw:
            yield from _of_stream(_unpacked(name, raw), name, shape)


def _unpacked(name: str, raw: IO[bytes]) -> IO[bytes]:
    if _ends(name, (".xz",)):
        return io.BufferedReader(lzma.open(raw))
    return io.BufferedReader(gzip.open(raw)) if _ends(name, (".gz",)) else raw


def _of_zip(file: Path, name: str, shape: ItemKind) -> Iterator[Record]:
    with zipfile.ZipFile(file) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            inside = f"{name}/{entry.filename}"
            if not _is_wanted(entry.filename):
                continue
            if entry.flag_bits & 1:
                yield Record(inside, inside, False, b"", "encrypted")
                continue
            yield from _guarded(inside, _of_entry(archive, entry, inside, shape))


def _of_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, shape: ItemKind
) -> Iterator[Record]:
    with archive.open(entry) as raw:
        yield from _of_stream(_unpacked(name, raw), name, shape)


def _of_tar(file: Path, name: str, shape: ItemKind) -> Iterator[Record]:
    with tarfile.open(file, mode="r:*") as archive:
        for member in archive:
            content = archive.extractfile(member) if _is_wanted(member.name) else None
            if content is not None:
                inside = f"{name}/{member.name}"
                yield from _guarded(inside, _of_stream(_unpacked(inside, content), inside, shape))


def _of_stream(stream: IO[bytes], name: str, shape: ItemKind) -> Iterator[Record]:
    """Lines, where each is a JSON value; else the values of the whole file."""
    beginning = _beginning(stream)
    said = [line for line in beginning if line.strip()]
    if not said:
        yield Record(name, name, False, b"", "an empty file")
    elif said[0].startswith(_LFS):
        yield Record(name, name, False, b"", "a Git LFS pointer: the file was not downloaded")
    elif said[0].startswith(_UTF16):
        yield Record(name, name, False, b"", encoding_of(said[0]))
    elif _are_lines(said, shape):
        stem = _without_ending(name)
        for number, line in enumerate(chain(beginning, stream), start=1):
            if line.strip():
                yield Record(f"{name}, line {number}", f"{stem}-{number}", True, line)
    else:
        yield from _values(b"".join(beginning) + stream.read(), name, shape)


def _beginning(stream: IO[bytes]) -> list[bytes]:
    """The lines up to the second one that is not empty."""
    lines: list[bytes] = []
    while sum(bool(line.strip()) for line in lines) < 2 and (line := stream.readline()):
        lines.append(line)
    return lines


def _are_lines(said: Sequence[bytes], shape: ItemKind) -> bool:
    """Whether the first line is a value of its own; one list in one line is a list of items."""
    first = said[0].removeprefix(_BOM).strip()
    if first.startswith(b"["):
        return len(said) > 1 and first.endswith(b"]")
    try:
        value = json.loads(first.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and (len(said) > 1 or shape.is_item(value))


def _values(data: bytes, name: str, shape: ItemKind) -> Iterator[Record]:
    text = data.removeprefix(_BOM).decode("utf-8", "surrogateescape").strip()
    broken = len(_ESCAPED.findall(text))
    if broken * 2 > sum(character > "\x7f" for character in text):
        yield Record(name, name, False, b"", encoding_of(data))
        return
    reader = _Values(text, name)
    if not text.startswith("["):
        for value, record in reader.sequence():
            yield from _unwrapped(value, record, name, shape)
        return
    first = reader.peek(1)
    if first is not None and shape.is_part(first):
        yield Record(name, _without_ending(name), False, _encoded(text))
        return
    yield from reader.items()


def _unwrapped(value: object, record: Record, name: str, shape: ItemKind) -> Iterator[Record]:
    """The items of a list that is all there is in an object, or the object itself."""
    if isinstance(value, dict) and not shape.is_item(value):
        lists = [one for one in value.values() if isinstance(one, list)]
        if len(lists) == 1 and lists[0] and isinstance(lists[0][0], dict | list):
            stem = _without_ending(name)
            for number, item in enumerate(lists[0], start=1):
                place = f"{name}, item {number}"
                yield Record(place, f"{stem}-{number}", False, json.dumps(item).encode())
            return
    yield record


class _Values:
    """Cuts JSON values out of a text without keeping them, past what is broken."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._stem = _without_ending(name)
        self._decoder = json.JSONDecoder()
        self._number = 0

    def peek(self, position: int) -> object:
        """The value at a position, or None."""
        value, _, _ = self._decoded(self._past(position, " \t\r\n"))
        return value

    def sequence(self) -> Iterator[tuple[object, Record]]:
        """Values one after the other, as in JSON lines."""
        position = 0
        while (position := self._past(position, " \t\r\n,")) < len(self._text):
            value, end, fault = self._decoded(position)
            yield value, self._record(position, end, fault)
            if fault:
                found = _NEXT_LINE.search(self._text, position)
                end = found.end() if found else len(self._text)
            position = end

    def items(self) -> Iterator[Record]:
        """The items of a list, which begins the text."""
        position = self._past(1, " \t\r\n")
        like = _ITEM.match(self._text, position)
        while (position := self._past(position, " \t\r\n,")) < len(self._text):
            if self._text[position] == "]":
                return
            _, end, fault = self._decoded(position)
            yield self._record(position, end, fault)
            if fault:  # the next item begins as the first one did
                end = self._text.find(like[0], position + 1) if like else -1
                end = len(self._text) if end < 0 else end
            position = end
        if self._number == 0:
            yield self._record(0, 0, _NOT_JSON)

    def _decoded(self, position: int) -> tuple[object, int, str]:
        try:
            value, end = self._decoder.raw_decode(self._text, position)
        except RecursionError:
            return None, position, _TOO_DEEP
        except ValueError:
            return None, position, _NOT_JSON
        return value, end, ""

    def _record(self, start: int, end: int, fault: str) -> Record:
        self._number += 1
        place, stem = f"{self._name}, item {self._number}", f"{self._stem}-{self._number}"
        return Record(place, stem, False, _encoded(self._text[start:end]), fault)

    def _past(self, position: int, characters: str) -> int:
        while position < len(self._text) and self._text[position] in characters:
            position += 1
        return position


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    is_hidden = path.name.startswith(".") or path.parts[:1] == ("__MACOSX",)
    return _ends(path.name, (*JSON, *_PACKED)) and not is_hidden


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    return name.lower().endswith(endings)


def _without_ending(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0] or path.name))
