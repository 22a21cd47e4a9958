from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from training.corpora.files import CorpusFormatError, records, size

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
