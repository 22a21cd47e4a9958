"""The end of `prepare`, on one machine or on many: files, data card, manifest."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from training.prepare.card import write_card
from training.prepare.outcome import HELD_OUT, TRAIN
from training.prepare.output import MANIFEST, Writer, digest
from training.prepare.tally import CorpusTally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from training.prepare.outcome import Options, Outcome

CODE = (
    *("training/prepare", "training/corpora", "training/small/tokenizer.py", "bot/safety"),
    *("inference/persona.py", "inference/answer_text.py"),
)
"""What decides the files beside the corpora and the options, below the root of the code."""
WORK = ".work"
_FINISHED = "finished"


class PrepareError(ValueError):
    """The corpora cannot be prepared; a sentence for the person who asked for it."""


@contextmanager
def begun(out: Path) -> Iterator[tuple[Path, Path]]:
    """A folder for what is needed meanwhile and one for the files, inside of `out`.

    `out` has no manifest from now on until `finish`: without one it is not finished. Both folders
    are gone at the end, however it comes.
    """
    work, finished = out / WORK, out / WORK / _FINISHED
    shutil.rmtree(work, ignore_errors=True)
    finished.mkdir(parents=True)
    (out / MANIFEST).unlink(missing_ok=True)
    try:
        yield work, finished
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_was_read(corpus: str, records: int, unreadable: int) -> None:
    """Raise PrepareError where nothing of a corpus could be read: another one does not mend that.

    A record may hold several dialogues, so nothing is said of how many there should be.
    """
    if not records:
        raise PrepareError(f"{corpus}: nothing was found to read")
    if unreadable >= records:
        raise PrepareError(f"{corpus}: none of {records:,} records could be read")


def problem_line(corpus: str, place: str, reason: str) -> str:
    """A line of problems.jsonl: a record that could not be read."""
    line = {"source": corpus, "place": place, "reason": reason}
    return json.dumps(line, ensure_ascii=False) + "\n"


def write_outcomes(
    outcomes: Iterable[Outcome], finished: Path, corpora: Iterable[str]
) -> dict[str, CorpusTally]:
    """Write every dialogue, or why it was left out; what there was, for each corpus."""
    tallies = {name: CorpusTally() for name in corpora}
    with Writer(finished) as writer:
        for outcome in outcomes:
            writer.add(outcome)
            tallies[outcome.source].add(outcome)
    return tallies


def finish(
    finished: Path,
    out: Path,
    tallies: Mapping[str, CorpusTally],
    corpora: Mapping[str, Mapping[str, object]],
    options: Options,
) -> None:
    """Add the data card, move all files to `out`, and the manifest last.

    `corpora` are what the manifest says of each corpus. Raises PrepareError when nothing is left
    to train on.
    """
    if not any({TRAIN, HELD_OUT} <= tally.splits.keys() for tally in tallies.values()):
        raise PrepareError("too few usable dialogues to train and to test on")
    write_card(finished, tallies, options)
    manifest = {
        "corpora": corpora,
        "options": {
            "held_out_share": options.held_out_share,
            "calibration_share": options.calibration_share,
            "token_every": options.token_every,
            "tokenizer": digest(options.tokenizer) if options.tokenizer else "packaged",
        },
        "versions": {name: version(name) for name in ("numpy", "rensa", "tokenizers")},
        "files": {file.name: digest(file) for file in sorted(finished.iterdir())},
    }
    for file in sorted(finished.iterdir()):
        file.replace(out / file.name)
    partial = out / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(out / MANIFEST)
