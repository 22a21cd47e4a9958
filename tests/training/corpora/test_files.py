from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.corpora.files import CorpusFormatError, Record, parsed, records, size

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"data/9.json": b"nine", "data/10.json": b"ten", "data/.hidden.json": b"", "README.md": b""}


def folder(path: Path) -> Path:
    for name, data in FILES.items():
        file = path / "corpus" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path / "corpus"


def zipped(path: Path) -> Path:
    with zipfile.ZipFile(path / "corpus.zip", "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return path / "corpus.zip"


def tarred(path: Path) -> Path:
    with tarfile.open(path / "corpus.tar.xz", "w:xz") as archive:
        for name, data in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path / "corpus.tar.xz"


@pytest.mark.parametrize("packed", [folder, zipped, tarred])
def test_folder_and_archives_hold_the_same_records(tmp_path: Path, packed) -> None:
    found = [(one.place, one.stem, one.data) for one in records(packed(tmp_path), ".json")]

    assert found == [("9.json", "9", b"nine"), ("10.json", "10", b"ten")]


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_broken_archive_is_refused_by_name(tmp_path: Path, packed) -> None:
    path = packed(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])

    with pytest.raises(CorpusFormatError, match=rf"{path.name}: a broken archive"):
        list(records(path, ".json"))


def test_unknown_ending_says_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "corpus.rar").write_bytes(b"")

    with pytest.raises(CorpusFormatError, match=r"corpus\.rar: expected a folder or .*\.zip"):
        list(records(tmp_path / "corpus.rar", ".json"))


@pytest.mark.parametrize("packed", [folder, tarred])
def test_progress_never_passes_the_size(tmp_path: Path, packed) -> None:
    path, seen = packed(tmp_path), []

    list(records(path, ".json", seen.append))

    assert 0 < sum(seen) <= size(path)


@pytest.mark.parametrize("name", ["A.JSON", "a.Json", "a.JSONL", "a.JSONL.GZ"])
def test_letters_of_either_case_end_a_name(tmp_path: Path, name: str) -> None:
    data = b'"x"'
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("GZ") else data)

    assert [one.data for one in records(tmp_path, ".json")] == [data]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "nested too deep"),
        (rb'{"a": "\ud83d"}', "half of a character"),
        (rb'{"\ud83d": 1}', "half of a character"),
        ("我难过".encode("gbk"), "may be GBK"),
        ("私".encode("utf-16"), "UTF-16"),
        (b"\xff\x00\xff", "not UTF-8"),
    ],
)
def test_a_record_that_cannot_be_read_or_written_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(CorpusFormatError, match=f"there: .*{reason}"):
        parsed(Record("there", "1", True, data))


def test_a_character_in_two_halves_is_one() -> None:
    assert parsed(Record("there", "1", True, rb'"\ud83d\ude0a"')) == "😊"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_that_can_be_written_or_a_reason(data: bytes) -> None:
    try:
        value = parsed(Record("there", "1", True, data))
    except CorpusFormatError:
        return
    json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize("flag", [0x1, None])
def test_an_archive_that_python_cannot_open_is_one_sentence(
    tmp_path: Path, flag: int | None
) -> None:
    path = zipped(tmp_path)
    data = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(signature, start)) >= 0:
            if flag:
                data[start + place] |= flag  # encrypted
            else:
                data[start + place + 2] = 93  # zstd
            start += 4
    path.write_bytes(data)

    with pytest.raises(CorpusFormatError, match=r"corpus\.zip: (encrypted|not a way)"):
        list(records(path, ".json"))
