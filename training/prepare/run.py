"""`prepare`: two passes over the corpora, in memory that does not grow with them."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import version
from typing import IO, TYPE_CHECKING

from training.corpora.files import CorpusFormatError
from training.corpora.registry import CORPORA
from training.prepare.card import write_card
from training.prepare.outcome import HELD_OUT, TRAIN
from training.prepare.output import MANIFEST, PROBLEMS, Writer, digest
from training.prepare.pool import outcomes
from training.prepare.spill import Spill
from training.prepare.spool import Spool
from training.prepare.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from training.corpora.files import Record
    from training.prepare.outcome import Batch, Options

WORK = ".work"
_KEYS = ("whole_key", "opening_key", "group_key")


class PrepareError(ValueError):
    """The corpora cannot be prepared; a sentence for the person who asked for it."""


def prepare(
    corpora: Mapping[str, Iterable[Record]],
    out: Path,
    options: Options,
    *,
    workers: int = 1,
    strict: bool = False,
    report: Callable[[str], object] = lambda _: None,
) -> dict[str, Tally]:
    """Write the prepared corpora, a data card and its plots into `out`; a tally for each corpus.

    `corpora` are the records of each corpus by its name. The manifest is written last: a folder
    without one is not finished. `report` is told of every record that cannot be read. Raises
    CorpusFormatError for a broken archive, with `strict` for any such record; PrepareError when
    nothing is left to train on.
    """
    work, finished = out / WORK, out / WORK / "finished"
    shutil.rmtree(work, ignore_errors=True)
    finished.mkdir(parents=True)
    (out / MANIFEST).unlink(missing_ok=True)
    try:
        inputs = {name: _Input(name, work) for name in corpora}
        with Spool(work) as spool, (finished / PROBLEMS).open("w", encoding="utf-8") as problems:
            for name, records in corpora.items():
                seen = inputs[name]
                for batch in outcomes(name, seen.watch(records), options, workers):
                    seen.note(batch, problems, report, strict=strict)
                    for outcome in batch.outcomes:
                        spool.add(outcome)
            tallies = _write(spool, finished, corpora)
        for name, seen in inputs.items():
            seen.describe(tallies[name])
        if not any({TRAIN, HELD_OUT} <= tally.sides.keys() for tally in tallies.values()):
            raise PrepareError("too few usable dialogues to train and to test on")
        write_card(finished, tallies, options)
        _publish(finished, out, _manifest(finished, inputs.values(), options))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return tallies


class _Input:
    """What was read of a corpus. The hash is over its records, however they were packed."""

    def __init__(self, name: str, work: Path) -> None:
        self.name = name
        self.records = 0
        self.sha256 = hashlib.sha256()
        self._unreadable = 0
        self._distinct = {key: Spill(work, f"{name}-{key}") for key in _KEYS}

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records, counted and hashed on their way."""
        for record in records:
            self.records += 1
            self.sha256.update(f"{record.stem}\0{len(record.data)}\0".encode())
            self.sha256.update(record.data)
            yield record

    def note(
        self, batch: Batch, problems: IO[str], report: Callable[[str], object], *, strict: bool
    ) -> None:
        """Report what could not be read, and remember which texts there were."""
        for place, reason in batch.problems:
            if strict:
                raise CorpusFormatError(place, reason)
            self._unreadable += 1
            report(f"{self.name}: {place}: {reason}; left out")
            line = {"source": self.name, "place": place, "reason": reason}
            problems.write(json.dumps(line, ensure_ascii=False) + "\n")
        for outcome in batch.outcomes:
            for key, spill in self._distinct.items():
                spill.add((getattr(outcome, key),), 0)

    def describe(self, tally: Tally) -> None:
        """Put into the tally what only the whole corpus shows."""
        tally.records = self.records
        tally.unreadable = self._unreadable
        dialogues, openings, groups = (self._distinct[key].distinct() for key in _KEYS)
        tally.distinct_dialogues = dialogues
        tally.distinct_openings = openings
        tally.opening_groups = groups


def _write(spool: Spool, finished: Path, names: Iterable[str]) -> dict[str, Tally]:
    tallies = {name: Tally() for name in names}
    with Writer(finished) as writer:
        for outcome in spool.outcomes():
            writer.add(outcome)
            tallies[outcome.source].add(outcome)
    return tallies


def _manifest(finished: Path, inputs: Iterable[_Input], options: Options) -> dict[str, object]:
    return {
        "corpora": {
            seen.name: {
                "records": seen.records,
                "sha256": seen.sha256.hexdigest(),
                "licence": CORPORA[seen.name].licence,
            }
            for seen in inputs
        },
        "options": {
            "held_out_share": options.held_out_share,
            "calibration_share": options.calibration_share,
            "token_every": options.token_every,
            "tokenizer": digest(options.tokenizer) if options.tokenizer else "packaged",
        },
        "versions": {name: version(name) for name in ("numpy", "rensa", "tokenizers")},
        "files": {file.name: digest(file) for file in sorted(finished.iterdir())},
    }


def _publish(finished: Path, out: Path, manifest: dict[str, object]) -> None:
    for file in sorted(finished.iterdir()):
        file.replace(out / file.name)
    partial = out / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(out / MANIFEST)
