"""What was asked and answered already, kept so that a run that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType


class Ledger:
    """A file of JSON lines, `{"id", "value"}` each, for one exact task.

    The first line names the task by a hash of everything that decides its results; a file of
    another task is begun anew. A line that a kill cut off is dropped.
    """

    def __init__(self, path: Path, task: Mapping[str, object]) -> None:
        self._path = path
        key = json.dumps(task, sort_keys=True, ensure_ascii=False)
        self._head = {"task": hashlib.sha256(key.encode()).hexdigest()}
        self._done: dict[str, Any] = {}

    def __enter__(self) -> Ledger:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = self._read() if self._path.exists() else 0
        self._file = self._path.open("r+b" if kept else "wb")
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            self._write(self._head)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._done

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - what was put in
        return self._done[name]

    def put(self, name: str, value: object) -> None:
        """Keep a result; it is on the disk when this returns."""
        self._done[name] = value
        self._write({"id": name, "value": value})

    def _write(self, row: Mapping[str, object]) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def _read(self) -> int:
        """Take what is there; returns the bytes that are whole and of this task."""
        kept = 0
        for number, line in enumerate(self._path.read_bytes().splitlines(keepends=True)):
            try:
                row = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                row = None
            if row is None or (number == 0 and row != self._head):
                return kept
            if number:
                self._done[row["id"]] = row["value"]
            kept += len(line)
        return kept
