"""Train the first reader, choose its thresholds on rows it has not seen, write its weights."""

from __future__ import annotations

import hashlib
import pickle
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.safety import FirstReader, RiskLevel
from bot.safety.weights import read_weights
from training.risk.data import (
    ASSUMED,
    MEASURED_ONLY,
    THRESHOLDS,
    VALID,
    read_danger,
    read_labelled,
    read_own,
)
from training.risk.evaluate import OutOfFoldReader, figures, judge
from training.risk.everyday import everyday_examples, own_talks_examples, own_words_examples
from training.risk.ordinary import client_turns, ordinary_examples, ordinary_talks, shares
from training.risk.stack import Rows, Stack, fresh, weights_json
from training.risk.thresholds import choose_thresholds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from bot.safety import Assessment
    from training.risk.data import Example
    from training.risk.ngrams import Heads
    from training.risk.stack import Kept

WEIGHTS = Path("bot/safety/first_reader.json")
WRITERS = Path("training/corpora/danger")
READS = Path("bot/safety")
"""What says which numbers a message has."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("labelled", type=Path, help="psysuicide's valid.jsonl")
    parser.add_argument(
        "--writers", type=Path, default=WRITERS, help="folder of the writers' lines"
    )
    parser.add_argument(
        "--ordinary",
        type=Path,
        help="SmileChat (CC0): some of its turns are trained as harmless, the others are counted",
    )
    parser.add_argument(
        "--held-out", type=Path, nargs="*", help="writers' files that are only measured on"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the weights file to write")
    parser.add_argument(
        "--work", type=Path, help="folder that keeps what is fitted: a run that was stopped goes on"
    )
    parser.add_argument(
        "--every", type=int, default=1, help="learn of one in so many examples, to try it out"
    )
    parser.add_argument(
        "--measure", action="store_true", help="train nothing: figures of the weights in the bot"
    )


def run(options: argparse.Namespace) -> None:
    """Print the figures of rows not seen, then train on all of them and write the weights."""
    said = client_turns(options.ordinary) if options.ordinary else []
    if not options.measure:
        _train(options, said)
    reader = FirstReader(read_weights(options.out.read_text("utf-8")))
    for path in options.held_out or ():
        _print([f"--- {path.stem}, held out"])
        _print(figures(judge(reader, read_danger(path))))
    if said:
        _print(shares(said, reader))


def _train(options: argparse.Namespace, said: list[str]) -> None:
    examples = _examples(options, said)
    kept = keeping(options.work, examples) if options.work else fresh
    rows: Rows = kept("rows", lambda: Rows(examples))
    stack: Stack = kept("stack", lambda: Stack(rows))
    heads = stack.out_of_fold(kept)
    odds, alone, trees = stack.odds_out_of_fold(kept)
    chosen = choose_thresholds(rows, odds)
    _print([f"thresholds: {chosen}"])
    opinions: Heads = kept("opinions", lambda: stack.fit_opinions(stack.trained_on()))
    text = weights_json(heads, opinions, trees, chosen, stack.axes_from(opinions))
    options.out.write_text(text, "utf-8")
    _print([f"{options.out}: {options.out.stat().st_size} bytes"])
    reader = OutOfFoldReader(read_weights(text), examples, odds, alone)
    judged = judge(reader, [one for row, one in enumerate(examples) if _is_judged(one, row)])
    _print(["--- writers, each left out in turn"])
    _print(figures([(one, _without_axes(said)) for one, said in judged if _is_trained_on(one)]))
    _print([f"--- {THRESHOLDS}, not trained on"])
    _print(figures([item for item in judged if item[0].source == THRESHOLDS]))
    _print(["--- PsySUICIDE, out of fold"])
    _print(_valid([item for item in judged if item[0].source == VALID]))
    for source in ASSUMED:
        _print([_alarms(source, [item for item in judged if item[0].source == source])])


def _examples(options: argparse.Namespace, said: list[str]) -> list[Example]:
    examples = [
        *read_labelled(options.labelled),
        *read_own(),
        *own_words_examples(),
        *own_talks_examples(),
        *everyday_examples(),
        *ordinary_examples(said),
        *(ordinary_talks(options.ordinary, said) if said else ()),
    ]
    for path in sorted(options.writers.glob("w*.jsonl")):
        if path.stem not in MEASURED_ONLY:
            examples.extend(read_danger(path))
    return examples[:: options.every]


def keeping(folder: Path, examples: list[Example]) -> Kept:
    """Keeps what is made in files, read again as long as examples and `bot.safety` are the same.

    Only for files of one's own: they are unpickled.
    """
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(repr(examples).encode())
    for source in sorted(READS.rglob("*")):
        if source.suffix in (".py", ".toml", ".txt"):
            digest.update(source.read_bytes())
    mark = digest.hexdigest()[:12]

    def kept(name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever was made
        path = folder / f"{name}-{mark}.pickle"
        if path.exists():
            return pickle.loads(path.read_bytes())  # noqa: S301 - written below
        made = make()
        part = path.with_suffix(".part")
        part.write_bytes(pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL))
        part.replace(path)
        _print([f"{time.monotonic() - began:.0f} s: {name}"])
        return made

    return kept


def _is_judged(example: Example, row: int) -> bool:
    """Whether a row is read by the whole reader: of what is assumed to be harmless, one in four."""
    return example.source not in ASSUMED or row % 4 == 0


def _without_axes(said: Assessment) -> Assessment:
    """The models of axes have learnt from every writer: only the level is out of fold."""
    return replace(said, axes=frozenset())


def _is_trained_on(example: Example) -> bool:
    return example.source[0] == "w" and example.source != THRESHOLDS


def _alarms(source: str, judged: list[tuple[Example, Assessment]]) -> str:
    levels = [said.level for _, said in judged]
    shares = ", ".join(
        f"{level.label} or above {np.mean([at >= level for at in levels]):.2%}"
        for level in list(RiskLevel)[1:]
    )
    return f"{source}, out of fold: {len(levels)}, {shares}"


def _valid(judged: list[tuple[Example, Assessment]]) -> Iterable[str]:
    for level in (1, 2):
        yes = [said.level >= level for row, said in judged if row.danger]
        no = [said.level >= level for row, said in judged if not row.danger]
        severe = [said.level >= level for row, said in judged if row.severe]
        yield (
            f"level {level} or above: recall {sum(yes)}/{len(yes)} = {np.mean(yes):.1%}, "
            f"false {sum(no)}/{len(no)} = {np.mean(no):.1%}, severe {sum(severe)}/{len(severe)}"
        )


def _print(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
