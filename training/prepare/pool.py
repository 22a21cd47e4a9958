"""Records to outcomes on several cores, in order and with only a few batches in memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

from training.prepare.outcome import Batch, Options, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from training.corpora.files import Record

BATCH = 200  # records
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
