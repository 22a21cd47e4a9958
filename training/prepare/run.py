"""`prepare`: two passes over the corpora, in memory that does not grow with them."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import IO, TYPE_CHECKING

from training.corpora.files import CorpusFormatError
from training.corpora.registry import CORPORA
from training.prepare.finish import (
    begun,
    check_was_read,
    finish,
    problem_line,
    write_outcomes,
)
from training.prepare.outcome import Batch, Options, Worker
from training.prepare.output import PROBLEMS
from training.prepare.store import DistinctCounter, TwoPassStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from training.corpora.files import Record
    from training.prepare.outcome import Batch, Options
    from training.prepare.tally import CorpusTally


def prepare(
    corpora: Mapping[str, Iterable[Record]],
    out: Path,
    options: Options,
    *,
    workers: int = 1,
    strict: bool = False,
    report: Callable[[str], object] = lambda _: None,
) -> dict[str, CorpusTally]:
    """Write the prepared corpora, a data card and its plots into `out`; a tally for each corpus.

    `corpora` are the records of each corpus by its name. The manifest is written last: a folder
    without one is not finished. `report` is told of every record that cannot be read. Raises
    CorpusFormatError for a broken archive, with `strict` for any such record; PrepareError when
    nothing is left to train on.
    """
    with begun(out) as (work, finished):
        inputs = {name: _Input(name, work) for name in corpora}
        with (
            TwoPassStore(work) as store,
            (finished / PROBLEMS).open("w", encoding="utf-8") as problems,
        ):
            for name, records in corpora.items():
                seen = inputs[name]
                for batch in outcomes(name, seen.watch(records), options, workers):
                    seen.note(batch, problems, report, strict=strict)
                    for outcome in batch.outcomes:
                        store.add(outcome)
                seen.conclude(report)
            tallies = write_outcomes(store.outcomes(), finished, corpora)
        for name, seen in inputs.items():
            seen.describe(tallies[name])
        told = {name: seen.manifest() for name, seen in inputs.items()}
        finish(finished, out, tallies, told, options)
    return tallies


class _Input:
    """What was read of a corpus. The hash is over its records, however they were packed."""

    def __init__(self, name: str, work: Path) -> None:
        self._name = name
        self._records = 0
        self._sha256 = hashlib.sha256()
        self._unreadable = 0
        self._causes: Counter[str] = Counter()
        self._distinct = DistinctCounter(work, name)

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records, counted and hashed on their way."""
        for record in records:
            self._records += 1
            self._sha256.update(f"{record.stem}\0{len(record.data)}\0".encode())
            self._sha256.update(record.data)
            yield record

    def note(
        self, batch: Batch, problems: IO[str], report: Callable[[str], object], *, strict: bool
    ) -> None:
        """Report what could not be read, and remember which texts there were."""
        for place, reason in batch.problems:
            if strict:
                raise CorpusFormatError(place, reason)
            self._unreadable += 1
            self._causes[reason] += 1
            if self._causes[reason] <= TOLD:
                report(f"{self._name}: {place}: {reason}; left out")
            problems.write(problem_line(self._name, place, reason))
        for outcome in batch.outcomes:
            self._distinct.add(outcome)

    def conclude(self, report: Callable[[str], object]) -> None:
        """Report what was left out for causes that were told of often enough.

        Raises PrepareError when nothing of the corpus could be read.
        """
        for reason, count in self._causes.items():
            if count > TOLD:
                report(f"{self._name}: {count - TOLD:,} more: {reason}; left out")
        check_was_read(self._name, self._records, self._unreadable)

    def describe(self, tally: CorpusTally) -> None:
        """Put into the tally what only the whole corpus shows."""
        tally.records = self._records
        tally.unreadable = self._unreadable
        self._distinct.describe(tally)

    def manifest(self) -> dict[str, object]:
        """What the manifest says of the corpus."""
        return {
            "records": self._records,
            "sha256": self._sha256.hexdigest(),
            "licence": CORPORA[self._name].licence,
        }


BATCH = 200  # records
TOLD = 1
"""Records of one cause that are reported by name; problems.jsonl names all of them."""
_worker: Worker | None = None


def outcomes(
    corpus: str, records: Iterable[Record], options: Options, workers: int
) -> Iterator[Batch]:
    """A batch of outcomes for every few records, in the order of the records.

    The result does not depend on `workers`; with one of them no process is started.
    """
    source = iter(records)
    if workers == 1:
        worker = Worker(options)
        while batch := list(islice(source, BATCH)):
            yield worker.read(corpus, batch)
        return
    # Not forked: the progress bar runs a thread, and a fork copies its locks as they are.
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (options,)) as pool:
        pending: deque[Future[Batch]] = deque()
        try:
            while batch := list(islice(source, BATCH)):
                pending.append(pool.submit(_read, corpus, batch))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start(options: Options) -> None:
    global _worker  # noqa: PLW0603 - one a process
    _worker = Worker(options)


def _read(corpus: str, records: list[Record]) -> Batch:
    if _worker is None:
        raise RuntimeError("this process was not started by the pool")
    return _worker.read(corpus, records)
