"""`python -m training small-sweep`: short runs with one setting changed, compared.

A sweep costs minutes and answers what a long run's settings should be. Runs are of equal tokens,
so that other work on the machine does not decide; the speed is in the table to weigh against.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from training.small.command import add_preset_arguments, chosen_preset
from training.small.corpus import BASE, HELD_OUT, TOKENIZER, TUNE, encode, load_packed
from training.small.presets import Preset, changed
from training.small.tokenizer import load_tokenizer
from training.small.train import Sets, Trainer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

HEADER = (
    "| setting | parameters, M | tokens/s | counselor, nats a character | both "
    "| with the mean of the weights |\n|---|---|---|---|---|---|"
)

_EVALUATED_ROWS = 128
"""Of the held-out set: the whole would take as long as a short run."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A preset under the name of what was changed in it."""

    name: str
    preset: Preset


def variants(preset: Preset, changes: Sequence[str]) -> Iterator[Variant]:
    """The preset as it is, then with each value of each `NAME=VALUE,VALUE` alone.

    `NAME=VALUE+NAME=VALUE` are changed together. Raises ValueError for what there is not.
    """
    yield Variant("as it is", preset)
    for change in changes:
        if "+" in change:
            together = preset
            for setting in change.split("+"):
                together = changed(together, *setting.split("=", 1))
            yield Variant(change.replace("+", ", "), together)
            continue
        name, _, values = change.partition("=")
        for value in values.split(","):
            yield Variant(f"{name}={value}", changed(preset, name, value))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--prepared", type=Path, required=True, help="what `prepare` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the sweep")
    add_preset_arguments(parser)
    parser.add_argument(
        "--try", action="append", default=[], dest="changes", metavar="NAME=VALUE,VALUE",
        help="values of one setting to try; NAME=VALUE+NAME=VALUE changes several at once",
    )  # fmt: skip


def run(options: argparse.Namespace) -> None:
    """Train every variant that has not been, and print the table."""
    print(HEADER, flush=True)
    for variant in variants(chosen_preset(options), options.changes):
        print(_row(variant, options.prepared, options.out), flush=True)


def _row(variant: Variant, prepared: Path, out: Path) -> str:
    made = variant.preset.encode
    tokens = out / f"tokens-{made.vocabulary}-{made.base_length}-{made.context}"
    encode(prepared, tokens, made)
    folder = out / variant.name.replace(", ", "+")
    sets = Sets(*(load_packed(tokens / name) for name in (BASE, TUNE, HELD_OUT)))
    config = replace(variant.preset.train, final_evaluation_rows=_EVALUATED_ROWS)
    trainer = Trainer(config, sets, load_tokenizer(tokens / TOKENIZER), folder)
    trainer.run()
    last = json.loads((folder / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    cells = (
        variant.name,
        f"{parameters / 1e6:.1f}",
        f"{trainer.tokens / trainer.elapsed:,.0f}",
        f"{last['held_out']['counselor_per_character']:.3f}",
        f"{last['held_out']['both_per_character']:.3f}",
        f"{last['held_out_average']['counselor_per_character']:.3f}",
    )
    return f"| {' | '.join(cells)} |"
