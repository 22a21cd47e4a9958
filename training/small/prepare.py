"""Corpus to tokenizer and packed tokens on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from training.corpora.small_talk import SmallTalk
from training.corpora.smile import read_smile
from training.small.corpus import Selection, select, with_short_opening
from training.small.sequences import Encoder, Packed, Window, pack
from training.small.tokenizer import load_tokenizer, train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from training.corpora.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """How the corpus becomes tokens."""

    vocabulary: int = 8192
    context: int = 512
    held_out_share: float = 0.01
    tokenizer_stride: int = 4
    """Every n-th dialogue teaches the tokenizer; more changes little and takes longer."""
    short_opening_share: float = 0.5
    """Dialogues whose first message is cut to some clauses: people write less than forum posts."""
    small_talk_dialogues: int = 1500
    greeted_share: float = 0.03
    seed: int = 1


def prepare(smile: Path, out: Path, config: PrepareConfig) -> None:
    """Write tokenizer.json, train.npz, held-out.npz and corpus.json (counts) into `out`.

    Files that are there already are kept.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / name for name in ("tokenizer.json", "train.npz", "held-out.npz", "corpus.json")]
    if all(path.exists() for path in paths):
        return
    tokenizer_path, train_path, held_out_path, report_path = paths
    selection = select(read_smile(smile), config.held_out_share)
    if not selection.train or not selection.held_out:
        raise ValueError(f"{smile.name} has too few usable dialogues to train and to test on")
    if not tokenizer_path.exists():
        sample = selection.train[:: config.tokenizer_stride]
        texts = (turn.text for dialogue in sample for turn in dialogue.turns)
        train_tokenizer(texts, config.vocabulary).save(str(tokenizer_path))
    encoder = Encoder(load_tokenizer(tokenizer_path), config.context)
    random = Random(config.seed)  # noqa: S311 - not a secret
    shortened = [
        with_short_opening(dialogue, random)
        if random.random() < config.short_opening_share
        else dialogue
        for dialogue in selection.train
    ]
    small_talk = SmallTalk(random)
    mixed = [
        *small_talk.greet(shortened, config.greeted_share),
        *small_talk.dialogues(config.small_talk_dialogues),
    ]
    train = pack(_windows(encoder, mixed), config.context)
    held_out = pack(_windows(encoder, selection.held_out), config.context)
    save_packed(train, train_path)
    save_packed(held_out, held_out_path)
    report_path.write_text(json.dumps(_report(selection, train, held_out), indent=1))


def _windows(encoder: Encoder, dialogues: Iterable[Dialogue]) -> Iterator[Window]:
    return (window for dialogue in dialogues for window in encoder.windows(dialogue))


def _report(selection: Selection, train: Packed, held_out: Packed) -> dict[str, object]:
    return {
        "dialogues_train": len(selection.train),
        "dialogues_held_out": len(selection.held_out),
        "left_out": selection.left_out,
        "tokens_train": int((train.documents > 0).sum()),
        "tokens_held_out": int((held_out.documents > 0).sum()),
        "rows_train": len(train.tokens),
        "filled": round(float((train.documents > 0).mean()), 4),
    }


def save_packed(packed: Packed, path: Path) -> None:
    """Write packed rows; the file appears whole or not at all."""
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(
        partial, tokens=packed.tokens, kinds=packed.kinds, documents=packed.documents
    )
    partial.replace(path)


def load_packed(path: Path) -> Packed:
    """Read what `save_packed` wrote."""
    with np.load(path) as arrays:
        return Packed(arrays["tokens"], arrays["kinds"], arrays["documents"])
