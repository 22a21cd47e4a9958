"""`python -m training samples`: compare sampling settings on 60 fixed first messages.

By repetition, diversity, relevance and whether answers end by themselves; run it before changing
the sampling that a model is served with.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from inference.engine import Sampling
from inference.local import PACKAGED_MODEL, LocalEngine
from training.small.answers import answers, fixed_openings, judge, relevance_by_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--model", type=Path, default=PACKAGED_MODEL, help="a GGUF chat model")
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.3, 0.5, 0.7])
    parser.add_argument("--top-p", type=float, nargs="+", default=[0.85])
    parser.add_argument("--repetition-penalty", type=float, nargs="+", default=[1.0, 1.1, 1.2])
    parser.add_argument(
        "--dry-multiplier", type=float, nargs="+", default=[0.0], help="llama.cpp's DRY multiplier"
    )
    parser.add_argument("--max-tokens", type=int, default=96)
    parser.add_argument("--runs", type=int, default=1, help="answers to each opening")
    parser.add_argument("--show", action="store_true", help="print the answers of every setting")


def run(options: argparse.Namespace) -> None:
    """Print one JSON line a setting, the best by its score last."""
    settings = [
        Sampling(temperature, top_p, penalty, options.max_tokens, dry_multiplier)
        for temperature in options.temperature
        for top_p in options.top_p
        for penalty in options.repetition_penalty
        for dry_multiplier in options.dry_multiplier
    ]
    asyncio.run(_compare(options.model, settings, options.runs, show=options.show))


async def _compare(model: Path, settings: Sequence[Sampling], runs: int, *, show: bool) -> None:
    engine = LocalEngine(model)
    await engine.start()
    openings = fixed_openings() * runs
    lines: list[dict[str, float]] = []
    try:
        for sampling in settings:
            said = await answers(engine, openings, sampling)
            quality, told = judge(said), relevance_by_words(openings, said).told_apart
            line = {**asdict(sampling), **asdict(quality), "told_apart": told}
            lines.append({**line, "score": quality.score(told)})
            print(json.dumps(lines[-1]), flush=True)
            if show:
                for opening, answer in zip(openings, said, strict=True):
                    print(f"{opening} -> {answer}")
    finally:
        await engine.aclose()
    print(json.dumps({"best": max(lines, key=lambda line: line["score"])}))
