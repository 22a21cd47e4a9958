"""Stage: corpora to data, by `python -m training prepare`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from training.corpora.registry import CORPORA
from training.hashing import Contents, code_hash, contents_of, hash_of
from training.pipeline.environment import ROOT, versions
from training.pipeline.stage import FOLDERS, Stage
from training.prepare.command import prepare_and_tell
from training.prepare.finish import CODE
from training.prepare.outcome import Options

if TYPE_CHECKING:
    from pathlib import Path

    from training.pipeline.config import PrepareStep

FOLDER: Final = FOLDERS["prepare"]


def stage(options: PrepareStep) -> Stage:
    """Clean and split the corpora."""
    tokenizer = contents_of(options.tokenizer) if options.tokenizer else "packaged"
    return Stage(
        name="prepare",
        folder=FOLDER,
        reads={
            "corpora": {
                name: hash_of(_contents(name, path))
                for name, path in sorted(options.corpora.items())
            },
            "options": {"held_out": options.held_out, "tokenizer": tokenizer},
            "code": code_hash(ROOT / place for place in CODE),
            "versions": versions(("numpy", "rensa", "tokenizers")),
        },
        make=lambda folder: _make(options, folder),
    )


def _contents(name: str, path: Path) -> Contents:
    corpus = CORPORA[name]
    if not corpus.is_ours:
        return contents_of(path)
    # Beside its files lie pages about it, code, and what Python leaves there.
    return contents_of(path, only=[file.name for file in corpus.files(path)])


def _make(options: PrepareStep, folder: Path) -> dict[str, Any]:
    chosen = Options(held_out_share=options.held_out, tokenizer=options.tokenizer)
    tallies = prepare_and_tell(
        options.corpora, folder, chosen, workers=options.workers, strict=options.strict
    )
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {
        "corpora": manifest["corpora"],
        "dialogues": {
            name: {split: size.dialogues for split, size in tally.splits.items()}
            for name, tally in tallies.items()
        },
    }
