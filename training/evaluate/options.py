"""Options of the evaluation and of a rebuild alike; without what the evaluation needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.console import base_url
from training.evaluate.config import JudgeConfig
from training.evaluate.errors import EvaluateError

if TYPE_CHECKING:
    import argparse

NOT_PROMOTED: Final = 3
"""Exit status of an evaluation that speaks against the model."""


def add_shared_options(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "--batch", type=int, default=16, help="answers at once (16; halved where memory is short)"
    )
    parser.add_argument("--encoder", type=Path, help="a folder with a BERT, for BERTScore")
    parser.add_argument("--encoder-layer", type=int, help="(two thirds of the way up)")
    parser.add_argument(
        "--judge",
        type=base_url,
        metavar="URL",
        help="an OpenAI-compatible address ending in /v1; its key is read from JUDGE_API_KEY. "
        "CPsyCounE's dialogues and the models' answers are sent there",
    )
    parser.add_argument("--judge-model", default="", help="(the first it lists)")
    parser.add_argument("--judge-runs", type=int, default=3, help="(3)")
    parser.add_argument("--judge-temperature", type=float, default=0.0, help="(0)")
    parser.add_argument("--cpsycoune", type=Path, help="CPsyCounE's folder, for the judge")


def judge_of(options: argparse.Namespace, api_key: str = "") -> JudgeConfig | None:
    """The judge that is asked for. Raises EvaluateError: a folder to read is not there."""
    for place in (options.encoder, options.cpsycoune):
        if place and not place.is_dir():
            raise EvaluateError(f"{place} is no folder.", exit_status=2)
    if not options.judge:
        return None
    if not options.cpsycoune:
        raise EvaluateError("--judge reads answers to CPsyCounE: give --cpsycoune.", exit_status=2)
    return JudgeConfig(
        url=options.judge,
        dialogues=options.cpsycoune,
        model=options.judge_model,
        runs=options.judge_runs,
        temperature=options.judge_temperature,
        api_key=api_key,
    )
