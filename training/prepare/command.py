"""`python -m training prepare`: clean corpora, split them, write what XTuner trains on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from training.corpora.files import size
from training.corpora.options import KNOWN, add_corpus_options, chosen_corpora
from training.corpora.registry import read_corpus
from training.prepare.finish import PrepareError
from training.prepare.outcome import SPLITS, Options
from training.prepare.output import MANIFEST
from training.prepare.resources import MAX_TASKS, Executor, Resources
from training.prepare.run import prepare

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from training.prepare.tally import CorpusTally


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_corpus_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the prepared data")
    parser.add_argument(
        "--strict", action="store_true", help="refuse malformed records instead of reporting them"
    )
    parser.add_argument(
        "--held-out",
        type=float,
        default=Options().held_out_share,
        metavar="SHARE",
        help="of the openings, kept for testing",
    )
    parser.add_argument(
        "--tokenizer", type=Path, help="tokenizer.json to count with (default: the packaged one)"
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="processes that read and clean, or tasks at once (2)"
    )
    _add_executor(parser)


def _add_executor(parser: argparse.ArgumentParser) -> None:
    usual = Resources()
    parser.add_argument(
        "--executor",
        choices=[str(one) for one in Executor],
        help="run as tasks of DataTrove, here or on a cluster (extra corpora-cluster)",
    )
    parser.add_argument(
        "--tasks",
        type=int,
        help=f"of the executor (one a file of the corpora, at most {MAX_TASKS})",
    )
    parser.add_argument(
        "--memory-gb", type=int, default=usual.memory_gb, help="of a task on Slurm or Ray (2)"
    )
    parser.add_argument("--partition", default=usual.partition, help="Slurm's")
    parser.add_argument("--time", default=usual.time, help=f"Slurm's, of a task ({usual.time})")


def run(options: argparse.Namespace) -> None:
    """Prepare what is given; a summary on stdout, problems and a progress bar on stderr."""
    paths = chosen_corpora(options)
    if not paths:
        raise PrepareError(f"name at least one corpus: {KNOWN}")
    chosen = Options(held_out_share=options.held_out, tokenizer=options.tokenizer)
    if options.executor is None:
        prepare_and_tell(paths, options.out, chosen, workers=options.workers, strict=options.strict)
    elif not _prepare_by_executor(paths, chosen, options):
        print(f"Submitted to Slurm. {options.out / MANIFEST} is there when all jobs have ended.")
        return
    print(f"{options.out / 'README.md'} says what was changed and left out.")


def _prepare_by_executor(
    paths: Mapping[str, Path], chosen: Options, options: argparse.Namespace
) -> bool:
    try:
        from training.prepare.executors import prepare_by  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise PrepareError(
            f"--executor needs the package {error.name}: "
            "pip install --editable '.[corpora-cluster]'"
        ) from None

    resources = Resources(
        workers=options.workers,
        tasks=options.tasks,
        memory_gb=options.memory_gb,
        partition=options.partition,
        time=options.time,
    )
    return prepare_by(
        Executor(options.executor), paths, options.out, chosen, resources, strict=options.strict
    )


def prepare_and_tell(
    paths: Mapping[str, Path], out: Path, options: Options, *, workers: int, strict: bool
) -> dict[str, CorpusTally]:
    """Prepare the corpora at `paths`; see `training.prepare.run.prepare`."""
    total = sum(size(path) for path in paths.values())
    with tqdm(total=total, unit="B", unit_scale=True, desc="reading", disable=None) as bar:
        tallies = prepare(
            {name: read_corpus(name, path, bar.update) for name, path in paths.items()},
            out,
            options,
            workers=workers,
            strict=strict,
            report=lambda problem: bar.write(problem, file=sys.stderr),
        )
    for name, tally in tallies.items():
        print(_summary(name, tally))
    return tallies


def _summary(name: str, tally: CorpusTally) -> str:
    splits = ", ".join(
        f"{tally.splits[split].dialogues:,} {split}" for split in SPLITS if split in tally.splits
    )
    left_out = sum(step.count for step in tally.left_out.values())
    unreadable = f", {tally.unreadable:,} unreadable" if tally.unreadable else ""
    found = ", ".join(f"{count:,} {layout}" for layout, count in tally.layouts.most_common())
    written = f" (found: {found})" if found else ""
    return (
        f"{name}: {tally.raw.dialogues:,} dialogues{written}: "
        f"{splits}, {left_out:,} left out{unreadable}"
    )
