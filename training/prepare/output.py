"""The files of a prepared corpus, written as a stream."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

from training.corpora.prepared_files import (
    CALIBRATION_FILE,
    CRISIS_FILE,
    DECISIONS_FILE,
    HELD_OUT_FILE,
    PREFERENCES_FILE,
    TRAIN_FILE,
)
from training.prepare.outcome import CALIBRATION, DANGER, HELD_OUT, TRAIN

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from training.prepare.outcome import Outcome

SPLIT_FILES = {TRAIN: TRAIN_FILE, HELD_OUT: HELD_OUT_FILE, CALIBRATION: CALIBRATION_FILE}
PROBLEMS = "problems.jsonl"
MANIFEST = "manifest.json"

WHAT = {
    TRAIN_FILE: "what XTuner trains on: a JSON list of conversations (`dataset_map_fn=None`)",
    HELD_OUT_FILE: "never trained on: `source`, `id` and chat messages",
    CALIBRATION_FILE: "chat messages for the calibration of W4A16; not in the two above",
    PREFERENCES_FILE: "`prompt`, `chosen`, `rejected`: preferences from feedback, for DPO",
    CRISIS_FILE: "first messages of the dialogues of danger, without answers: to test safety on",
    DECISIONS_FILE: "what became of every dialogue, by id, and why; support strategies",
    "problems.jsonl": "records that could not be read, and why",
    "statistics.json": "the numbers of this page",
    "manifest.json": "hashes of the corpora and of all files, and the options",
}


class Writer:
    """Takes outcomes in order and puts each where it belongs."""

    def __init__(self, folder: Path) -> None:
        self._files = ExitStack()
        self._splits = {split: self._open(folder / name) for split, name in SPLIT_FILES.items()}
        self._preferences = self._open(folder / PREFERENCES_FILE)
        self._crisis = self._open(folder / CRISIS_FILE)
        self._decisions = self._open(folder / DECISIONS_FILE)
        self._first = True

    def __enter__(self) -> Writer:
        self._splits[TRAIN].write(b"[")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._splits[TRAIN].write(b"\n]\n")
        self._files.close()

    def add(self, outcome: Outcome) -> None:
        """Write a dialogue, and what was decided about it."""
        decision: dict[str, object] = {"source": outcome.source, "id": outcome.id}
        if outcome.left_out is not None:
            decision["left_out"] = outcome.left_out
            if outcome.left_out in DANGER and outcome.row:
                self._crisis.write(outcome.row + b"\n")
        else:
            decision["split"] = outcome.split
            if outcome.strategies:
                decision["strategies"] = outcome.strategies
            self._write_row(outcome)
        if outcome.edits:
            decision["edits"] = outcome.edits
        self._decisions.write(json.dumps(decision, ensure_ascii=False).encode() + b"\n")

    def _write_row(self, outcome: Outcome) -> None:
        file = self._splits[outcome.split]
        if outcome.split == TRAIN:
            file.write((b"\n" if self._first else b",\n") + outcome.row)
            self._first = False
        else:
            file.write(outcome.row + b"\n")
        self._preferences.writelines(row + b"\n" for row in outcome.preferences)

    def _open(self, path: Path) -> IO[bytes]:
        return self._files.enter_context(path.open("wb"))


def digest(path: Path) -> dict[str, int | str]:
    """The size and SHA-256 of a file."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": sha256}
