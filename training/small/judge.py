"""`python -m training small-judge`: everything the model's card says about a trained model.

Measures the held-out loss by opening groups, relevance, sizes and sampling, writes them to
`evaluation.json` beside the model, and the card to `README.md`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

from gguf import GGMLQuantizationType
from tqdm import tqdm

from inference.engine import Sampling
from inference.local import PACKAGED_MODEL, LocalEngine
from inference.local.engine import TRIAL_SAMPLING
from training.small.answers import answers, fixed_openings, judge, relevance_by_words
from training.small.card import card
from training.small.corpus import plain_beginning, read_held_out
from training.small.export import read_model, write_gguf
from training.small.losses import Reader, by_opening_group, interval
from training.small.relevance import relevance, shuffled
from training.small.tokenizer import read_tokenizer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from training.corpora.dialogue import Dialogue
    from training.small.losses import HeldOutLoss, Interval, TokenLoss
    from training.small.model import Llama

KINDS = (
    GGMLQuantizationType.F16,
    GGMLQuantizationType.Q8_0,
    GGMLQuantizationType.Q5_1,
    GGMLQuantizationType.Q5_0,
    GGMLQuantizationType.Q4_1,
    GGMLQuantizationType.Q4_0,
)
"""What the gguf package can write. Its blocks have 32 weights, so every width here takes them."""


@dataclass(frozen=True, slots=True)
class StoredSize:
    """One way to store a model."""

    kind: str
    megabytes: float
    counselor: float
    """Held-out nats a character."""


def compare(model: Llama, tokenizer: Tokenizer, dialogues: Sequence[Dialogue]) -> list[StoredSize]:
    """Write the model in each kind, read it back and measure it on `dialogues`."""
    sizes = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.gguf"
            write_gguf(model, tokenizer, path, "", kind)
            reader = Reader(read_model(path), tokenizer)
            losses = [reader.loss(dialogue).counselor for dialogue in dialogues]
            total = sum(losses[1:], losses[0])
            size = path.stat().st_size / 1e6
        sizes.append(StoredSize(kind.name, round(size, 2), round(total.per_character, 4)))
    return sizes


Side = Literal["counselor", "client", "both"]
SPEAKERS: tuple[Side, ...] = ("counselor", "client", "both")
EVALUATION, CARD = "evaluation.json", "README.md"
_MAX_FIRST_MESSAGE = 60
"""Characters of a held-out opening in the relevance test: longer ones give themselves away."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--model", type=Path, default=PACKAGED_MODEL, help="a GGUF of `small`")
    parser.add_argument("--prepared", type=Path, required=True, help="what `prepare` wrote")
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--dialogues", type=int, help="held-out dialogues to read (all)")
    parser.add_argument("--pairs", type=int, default=100, help="answers to compare by likelihood")
    parser.add_argument(
        "--size-dialogues", type=int, default=60, help="to measure each size on; 0 for none"
    )
    parser.add_argument("--temperature", type=float, default=TRIAL_SAMPLING.temperature)
    parser.add_argument("--top-p", type=float, default=TRIAL_SAMPLING.top_p)
    parser.add_argument(
        "--repetition-penalty", type=float, default=TRIAL_SAMPLING.repetition_penalty
    )
    parser.add_argument("--dry-multiplier", type=float, default=TRIAL_SAMPLING.dry_multiplier)
    parser.add_argument("--max-tokens", type=int, default=TRIAL_SAMPLING.max_tokens)
    parser.add_argument("--command", default="", help="how the model was made, for the card")
    parser.add_argument("--impression", type=Path, help="what a person says who read the answers")


def run(options: argparse.Namespace) -> None:
    """Measure, write both files and say where they are."""
    held_out = list(read_held_out(options.prepared))
    Random(1).shuffle(held_out)  # noqa: S311 - not a secret
    model = read_model(options.model)
    reader = Reader(model, read_tokenizer(options.model))
    sampling = Sampling(
        options.temperature,
        options.top_p,
        options.repetition_penalty,
        options.max_tokens,
        options.dry_multiplier,
    )
    found: dict[str, object] = {
        "model": _described(options.model, model),
        "held_out": _held_out(reader, held_out[: options.dialogues]),
        "relevance_held_out": _relevance_held_out(reader, held_out, options.pairs),
        "samples": asyncio.run(_samples(options.model, reader, sampling, options.pairs)),
        "sizes": _sizes(model, options.model, held_out[: options.size_dialogues]),
    }
    run_folder: Path = options.run
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (run_folder / EVALUATION).write_text(text + "\n", encoding="utf-8")
    impression = options.impression.read_text(encoding="utf-8") if options.impression else ""
    (run_folder / CARD).write_text(card(run_folder, options.command, impression), encoding="utf-8")
    print(f"{run_folder / EVALUATION} and {run_folder / CARD} are written.")


def _held_out(reader: Reader, dialogues: Sequence[Dialogue]) -> dict[str, object]:
    """Nats a character: of all, and of what the model is tuned to (beginnings, short and plain)."""
    losses = [(one, reader.loss(one)) for one in tqdm(dialogues, desc="held out", disable=None)]
    plain = [one for d in dialogues if (one := plain_beginning(d, 5)) is not None]
    short = [(one, reader.loss(one)) for one in tqdm(plain, desc="plain", disable=None)]
    return {
        "dialogues": len(losses),
        "opening_groups": len(by_opening_group((d, loss.counselor) for d, loss in losses)),
        "plain_beginnings": len(short),
        **{
            f"{side} {name}": asdict(_side(rows, side))
            for name, rows in (("all", losses), ("plain", short))
            for side in SPEAKERS
        },
    }


def _side(rows: Sequence[tuple[Dialogue, HeldOutLoss]], side: Side) -> Interval:
    losses: list[tuple[Dialogue, TokenLoss]] = [(one, getattr(loss, side)) for one, loss in rows]
    return interval(by_opening_group(losses))


def _relevance_held_out(
    reader: Reader, dialogues: Sequence[Dialogue], pairs: int
) -> dict[str, object]:
    short = [d for d in dialogues if len(d.opening) <= _MAX_FIRST_MESSAGE][:pairs]
    contexts = shuffled(len(short), Random(1))  # noqa: S311 - not a secret
    return asdict(
        relevance(contexts, lambda a, c: reader.of_answer(short[c].opening, short[a].turns[1].text))
    )


async def _samples(
    model: Path, reader: Reader, sampling: Sampling, pairs: int
) -> dict[str, object]:
    openings = fixed_openings()
    engine = LocalEngine(model)
    await engine.start()
    try:
        said = await answers(engine, openings, sampling)
    finally:
        await engine.aclose()
    contexts = shuffled(min(len(openings), pairs), Random(1))  # noqa: S311 - not a secret
    by_model = relevance(contexts, lambda a, c: reader.of_answer(openings[c], said[a]))
    return {
        "sampling": asdict(sampling),
        "quality": asdict(judge(said)),
        "relevance_by_words": asdict(relevance_by_words(openings, said)),
        "relevance_by_likelihood": asdict(by_model),
        "answers": list(zip(openings, said, strict=True)),
    }


def _described(path: Path, model: Llama) -> dict[str, int]:
    shape = model.shape
    return {
        "bytes": path.stat().st_size,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "layers": shape.layers,
        "hidden": shape.hidden,
        "context": shape.context,
        "vocabulary": shape.vocabulary,
    }


def _sizes(model: Llama, path: Path, dialogues: Sequence[Dialogue]) -> list[dict[str, object]]:
    if not dialogues:
        return []
    return [asdict(one) for one in compare(model, read_tokenizer(path), dialogues)]
