"""What many machines left, put together to the files that `prepare` writes on one.

Each task leaves gzipped JSON lines, one a dialogue; `packed` says what stands in one. One task
reads them all, one by one, at the end.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from training.corpora.registry import CORPORA
from training.prepare.finish import (
    begun,
    check_was_read,
    finish,
    problem_line,
    write_outcomes,
)
from training.prepare.outcome import DialogueSize, Outcome
from training.prepare.output import PROBLEMS
from training.prepare.store import DUPLICATE, NEAR_OPENING, DistinctCounter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from training.prepare.outcome import Options
    from training.prepare.tally import CorpusTally

# Folders of the tasks' lines: dialogues that were kept, and those that were not; then the records
# that could not be read, and the files that were.
FINISHED: Final = "finished"
DUPLICATES: Final = "duplicates"
TOO_CLOSE: Final = "too-close"
LEFT_OUT: Final = "clean/left-out"
UNREADABLE: Final = "clean/unreadable"
SHARDS: Final = "clean/shards"

_REASONS: Final = {FINISHED: None, DUPLICATES: DUPLICATE, TOO_CLOSE: NEAR_OPENING}


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of a corpus, which one task reads."""

    corpus: str
    file: Path
    name: str
    """Inside of the corpus's folder."""


def shards_of(corpora: Mapping[str, Path]) -> tuple[Shard, ...]:
    """Return every file of the corpora at their paths, in a stable order.

    Raises FileNotFoundError.
    """
    return tuple(
        Shard(corpus, file.absolute(), str(file.relative_to(path)) if path.is_dir() else file.name)
        for corpus, path in corpora.items()
        for file in CORPORA[corpus].files(path)
    )


def packed(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON, without what near-duplicates are found by."""
    fields = asdict(outcome)
    for name in ("signature", "bands", "opening_bands"):
        del fields[name]
    rows = {"preferences": [row.decode() for row in outcome.preferences]}
    return {**fields, "row": outcome.row.decode(), **rows}


def unpacked(fields: dict[str, Any]) -> Outcome:
    """The outcome that was packed."""
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    sizes = {name: _size(fields[name]) for name in ("raw", "size")}
    preferences = tuple(row.encode() for row in fields["preferences"])
    rows = {"row": fields["row"].encode(), "preferences": preferences}
    return Outcome(**{**fields, **lists, **sizes, **rows})


def gather(
    corpora: Sequence[str], made: Path, out: Path, options: Options
) -> dict[str, CorpusTally]:
    """Write `prepare`'s files into `out` from what the tasks left below `made`."""
    with begun(out) as (work, finished):
        distinct = {corpus: DistinctCounter(work, corpus) for corpus in corpora}
        tallies = write_outcomes(_watched(_outcomes(made), distinct), finished, corpora)
        with (finished / PROBLEMS).open("w", encoding="utf-8") as problems:
            for problem in _lines(made / UNREADABLE):
                corpus = problem["corpus"]
                problems.write(problem_line(corpus, problem["place"], problem["reason"]))
                tallies[corpus].unreadable += 1
        told = {corpus: _manifest(corpus, made) for corpus in corpora}
        for corpus, tally in tallies.items():
            tally.records = told[corpus]["records"]
            distinct[corpus].describe(tally)
            check_was_read(corpus, tally.records, tally.unreadable)
        finish(finished, out, tallies, told, options)
    return tallies


def _manifest(corpus: str, made: Path) -> dict[str, Any]:
    """What the manifest says of a corpus; the hash is over the names and hashes of its files."""
    read = [shard for shard in _lines(made / SHARDS) if shard["corpus"] == corpus]
    sha256 = hashlib.sha256()
    for shard in sorted(read, key=lambda shard: str(shard["file"])):
        sha256.update(f"{shard['file']}\0{shard['sha256']}\0".encode())
    return {
        "records": sum(shard["records"] for shard in read),
        "sha256": sha256.hexdigest(),
        "licence": CORPORA[corpus].licence,
    }


def _outcomes(made: Path) -> Iterator[Outcome]:
    for folder, reason in _REASONS.items():
        for line in _lines(made / folder):
            yield replace(unpacked(line["outcome"]), left_out=reason)
    for line in _lines(made / LEFT_OUT):
        yield unpacked(line["outcome"])


def _watched(
    outcomes: Iterable[Outcome], distinct: Mapping[str, DistinctCounter]
) -> Iterator[Outcome]:
    for outcome in outcomes:
        distinct[outcome.source].add(outcome)
        yield outcome


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    """What stands beside the text in every line of the folder's files."""
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["metadata"]


def _size(fields: dict[str, Any]) -> DialogueSize:
    return DialogueSize(**{**fields, "answers": tuple(fields["answers"])})
