"""Train the first reader, choose its thresholds on rows it has not seen, write its weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
from training.risk.evaluate import figures, judge
from training.risk.everyday import everyday_examples, own_words_examples
from training.risk.ordinary import client_turns, ordinary_examples, ordinary_talks, shares
from training.risk.stack import FOLDS, NOT_TRAINED_ON, Rows, Stack, TrainedStack, weights_json
from training.risk.thresholds import choose_thresholds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from bot.safety import Assessment
    from training.risk.data import Example

WEIGHTS = Path("bot/safety/first_reader.json")
WRITERS = Path("training/corpora/danger")
FOLDS_AND_ALL = (*range(FOLDS), NOT_TRAINED_ON)


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
    examples = [
        *read_labelled(options.labelled),
        *read_own(),
        *own_words_examples(),
        *everyday_examples(),
        *ordinary_examples(said),
        *(ordinary_talks(options.ordinary, said) if said else ()),
    ]
    for path in sorted(options.writers.glob("w*.jsonl")):
        if path.stem not in MEASURED_ONLY:
            examples.extend(read_danger(path))
    rows = Rows(examples)
    stack = Stack(rows)
    heads = stack.out_of_fold()
    trees = [stack.fit_trees(stack.trained_on(without=fold)) for fold in FOLDS_AND_ALL]
    odds = np.zeros((len(examples), 3))
    for fold, (head, grown) in zip(FOLDS_AND_ALL, zip(heads, trees, strict=True), strict=True):
        some = stack.folds == fold
        odds[some] = TrainedStack(head, grown).odds(stack.table[some])
    chosen = choose_thresholds(rows, odds)
    _print([f"thresholds: {chosen}"])
    judged = []
    for fold, (head, grown) in zip(FOLDS_AND_ALL, zip(heads, trees, strict=True), strict=True):
        opinions = stack.fit_opinions(stack.trained_on(without=fold))
        axes_from = stack.axes_from(opinions)
        text = weights_json(head, opinions, grown, chosen, axes_from)
        reader = FirstReader(read_weights(text))
        judged += judge(reader, [examples[row] for row in np.flatnonzero(stack.folds == fold)])
    _print(["--- writers, each left out in turn"])
    _print(figures([one for one in judged if _is_trained_on(one[0])]))
    _print([f"--- {THRESHOLDS}, not trained on"])
    _print(figures([item for item in judged if item[0].source == THRESHOLDS]))
    _print(["--- PsySUICIDE, out of fold"])
    _print(_valid([item for item in judged if item[0].source == VALID]))
    for source in ASSUMED:
        _print([_alarms(source, [item for item in judged if item[0].source == source])])
    options.out.write_text(text, "utf-8")
    _print([f"{options.out}: {options.out.stat().st_size} bytes"])


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
