"""A stage that counts to four and is killed, kill -9, at a point that it is told.

python killed.py FOLDER POINT
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from training.pipeline.runner import StageRunner
from training.pipeline.stage import Stage, StageManifest

folder, wanted = Path(sys.argv[1]), sys.argv[2]


def reached(point: str) -> None:
    if point == wanted:
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def count(place: Path) -> dict[str, int]:
    reached("begun")
    file = place / "numbers"
    if not file.exists():
        file.write_text((folder / "old").read_text() + ":")
    for number in range(len(file.read_text().split()) - 1, 4):
        reached(f"step {number}")
        print(f"step {number}")
        with file.open("a") as stream:
            stream.write(f" {number}")
    return {}


write, rename = StageManifest.write, Path.rename


def write_and_maybe_die(manifest: StageManifest, place: Path) -> None:
    write(manifest, place)
    reached("manifest")


def rename_and_maybe_die(path: Path, target: Path) -> Path:
    moved = rename(path, target)
    reached("moved aside" if target.name.endswith(".old") else "moved")
    return moved


StageManifest.write = write_and_maybe_die
Path.rename = rename_and_maybe_die

runner = StageRunner(folder / "work", stages=1, say=print, now=lambda: datetime.now(UTC))
with runner.locked():
    reads = {"old": (folder / "old").read_text()}
    runner.complete(Stage("counting", "counting", reads, count, resumable=True))
