"""`python -m training small`: prepare, train, export; each goes on where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from training.small.checkpoint import load_trained
from training.small.export import write_gguf, write_hugging_face
from training.small.model import Shape
from training.small.prepare import PrepareConfig, load_packed, prepare
from training.small.tokenizer import load_tokenizer
from training.small.train import TrainConfig, Trainer

if TYPE_CHECKING:
    import argparse

STEPS = ("prepare", "train", "export")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--smile", type=Path, required=True, help="SmileChat: its folder, or .jsonl / .jsonl.xz"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    parser.add_argument("--minutes", type=float, default=85, help="time budget of the training")
    parser.add_argument("--vocabulary", type=int, default=8192, help="tokens")
    parser.add_argument("--context", type=int, default=512, help="tokens of a sequence")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--hidden", type=int, default=256, help="a multiple of 128")
    parser.add_argument("--intermediate", type=int, default=768, help="a multiple of 128")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-compile", action="store_true", help="train without torch.compile")
    parser.add_argument("--only", choices=STEPS, help="run one step instead of all")


def run(options: argparse.Namespace) -> None:
    """Run the steps that are asked for."""
    steps = STEPS if options.only is None else (options.only,)
    if "prepare" in steps:
        prepare(options.smile, options.out, PrepareConfig(options.vocabulary, options.context))
    if "train" in steps:
        _train(options)
    if "export" in steps:
        _export(options.out)


def _train(options: argparse.Namespace) -> None:
    config = TrainConfig(
        minutes=options.minutes,
        shape=Shape(
            vocabulary=options.vocabulary,
            context=options.context,
            layers=options.layers,
            hidden=options.hidden,
            heads=options.hidden // 128,
            intermediate=options.intermediate,
        ),
        threads=options.threads,
        compile=not options.no_compile,
    )
    out: Path = options.out
    Trainer(
        config,
        load_packed(out / "train.npz"),
        load_packed(out / "held-out.npz"),
        load_tokenizer(out / "tokenizer.json"),
        out,
    ).run()


def _export(out: Path) -> None:
    trained = load_trained(out)
    tokenizer = load_tokenizer(out / "tokenizer.json")
    description = (
        "A trial model for trying the Shudong software, trained from scratch on SmileChat (CC0): "
        f"{trained.tokens / 1e6:.1f} million tokens in {trained.seconds / 60:.0f} minutes. "
        "Not for a person in need."
    )
    write_gguf(trained.model, tokenizer, out / "shudong-small.gguf", description)
    write_hugging_face(trained.model, tokenizer, out / "hugging-face")
