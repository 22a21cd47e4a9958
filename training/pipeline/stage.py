"""One stage on the way to a model, and the manifest that lies in its folder when it is done."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from inference.console import CommandError
from training.hashing import Contents, contents_of, differences, hash_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

STAGE_FILE: Final = "stage.json"
FOLDERS: Final = {
    "prepare": "data",
    "train": "training",
    "convert": "adapter",
    "merge": "merged",
    "quantize": "w4a16",
    "evaluate": "evaluation",
}
"""Stages in their order, and the folder that each of them writes."""
STAGES: Final = tuple(FOLDERS)


@dataclass(frozen=True, slots=True)
class Stage:
    """What is made, from what, and how."""

    name: str
    folder: str
    """Where the result lies, inside the working folder."""
    reads: Mapping[str, Any]
    """All that the result depends on, as JSON: hashes, options, versions."""
    make: Callable[[Path], Mapping[str, Any]]
    """Writes the result into the folder it is given; returns figures for the manifest."""
    resumable: bool = False
    """Whether `make` continues what it finds in a folder that it was killed in."""
    expensive_to_lose: Callable[[Path], bool] = lambda _: False
    """Whether such a folder holds work that is not thrown away without being told."""
    result: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _: ()
    """From what `make` returned: the files and folders that later stages read; none: all."""

    @property
    def key(self) -> str:
        """Names the result before it is there."""
        return hash_of({"stage": self.name, "reads": dict(self.reads)})


@dataclass(frozen=True, slots=True)
class StageManifest:
    """Says of a folder how it was made; a folder without one is not finished."""

    stage: str
    key: str
    reads: dict[str, Any]
    metrics: dict[str, Any]
    started: str
    """UTC, ISO 8601: the last start, where the stage was interrupted."""
    seconds: float
    """Since that start."""
    starts: int
    """More than 1 where the stage was interrupted and went on."""
    files: Contents = field(repr=False)
    covers: list[str] = field(default_factory=list)
    """The files and folders that are the result; none: all that lies there."""
    made_with: dict[str, Any] = field(default_factory=dict)
    """The commit of our code, and the machine."""

    @property
    def result(self) -> str:
        """One hash for all files of the result."""
        return hash_of(self.files)

    def write(self, folder: Path) -> None:
        """Finish `folder`; its manifest is there whole or not at all."""
        write_json(folder / STAGE_FILE, asdict(self))

    def damage(self, folder: Path) -> list[str]:
        """Names of files that are no longer as they were written."""
        return differences(self.files, contents_of(folder, without={STAGE_FILE}, only=self.covers))


def read_stage_manifest(folder: Path) -> StageManifest | None:
    """Return the manifest of a finished folder; None where there is none that can be read."""
    try:
        return StageManifest(**json.loads((folder / STAGE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """Write a file at once or not at all, and onto the disk before it is seen."""
    draft = file.with_name(f".{file.name}.draft")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


@contextmanager
def made_whole(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` that becomes it when the block ends well."""
    if out.exists():
        raise CommandError(f"{out} exists already; name another folder.", exit_status=2)
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    yield draft
    draft.rename(out)
