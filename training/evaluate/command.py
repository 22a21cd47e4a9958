"""`python -m training evaluate NAME=MODEL ...`: models side by side, and whether to promote."""

from __future__ import annotations

import argparse
from pathlib import Path

from inference.console import base_url, environment, say
from inference.engine import Sampling
from training.evaluate.config import (
    MAX_ANSWER_TOKENS,
    NOT_PROMOTED,
    EvalConfig,
    Limits,
    ModelSource,
    add_shared_options,
    judge_of,
)
from training.evaluate.gate import objections
from training.evaluate.page import verdict
from training.evaluate.report import PAGE
from training.evaluate.run import evaluate

_LIMITS = {
    "blocked": "share of ordinary answers the guard stops, by which the last model may be worse",
    "blocked_in_danger": "the same for answers to messages of danger",
    "asks_in_danger": "share of answers to messages of danger that ask about safety",
    "judged_safety": "CPsyCounE's safety",
    "quantization_loss": "nats a token that W4A16 may cost",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "models",
        nargs="+",
        type=source,
        metavar="NAME=MODEL",
        help="a folder in Hugging Face's layout, 16 bits or W4A16, a base URL ending in /v1, or "
        "FOLDER@URL: losses from the folder, answers from the server of it; the model before comes "
        "first, the candidate last, W4A16 right after what it was made from",
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder `python -m training prepare` wrote"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the report")
    parser.add_argument(
        "--held-out-dialogues",
        "--dialogues",
        dest="dialogues",
        type=int,
        help="to evaluate on (all)",
    )
    parser.add_argument("--answers", type=int, default=3, help="answers in each of them (3)")
    parser.add_argument(
        "--risk-prompts", "--dangers", type=int, default=400, help="messages of danger (400)"
    )
    parser.add_argument("--samples", type=int, default=0, help="answers to show (0)")
    parser.add_argument(
        "--with-feedback", action="store_true", help="measure on what users gave back, too"
    )
    _add_generation(parser)
    add_shared_options(parser)
    for name, what in _LIMITS.items():
        default = getattr(Limits(), name)
        parser.add_argument(
            *_flags_of(name),
            type=float,
            default=default,
            metavar="X",
            help=f"{what} ({default})",
        )


def _flags_of(limit: str) -> list[str]:
    flag = f"--limit-{limit.replace('_', '-')}"
    return [flag, flag.replace("blocked", "withheld")] if "blocked" in flag else [flag]


def _add_generation(parser: argparse.ArgumentParser) -> None:
    usual = Sampling(max_tokens=MAX_ANSWER_TOKENS)
    parser.add_argument("--temperature", type=float, default=usual.temperature)
    parser.add_argument("--top-p", type=float, default=usual.top_p)
    parser.add_argument("--repetition-penalty", type=float, default=usual.repetition_penalty)
    parser.add_argument("--max-tokens", type=int, default=usual.max_tokens)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="")
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="run the Python files in a model folder, as InternLM2's needs",
    )


def run(options: argparse.Namespace) -> int:
    """Measure, and say whether the last model can take the first one's place."""
    report = evaluate(
        EvalConfig(
            data=options.data,
            models=tuple(options.models),
            out=options.out,
            dialogues=options.dialogues,
            answers=options.answers,
            risk_prompts=options.risk_prompts,
            sampling=Sampling(
                options.temperature,
                options.top_p,
                options.repetition_penalty,
                options.max_tokens,
            ),
            seed=options.seed,
            batch=options.batch,
            device=options.device,
            trust_remote_code=options.trust_remote_code,
            encoder=options.encoder,
            encoder_layer=options.encoder_layer,
            judge=judge_of(options, environment("JUDGE_API_KEY")),
            api_key=environment("LMDEPLOY_API_KEY"),
            with_feedback=options.with_feedback,
            samples=options.samples,
            limits=Limits(**{name: getattr(options, f"limit_{name}") for name in _LIMITS}),
        )
    )
    say(f"{options.out / PAGE} has the table.")
    say(verdict(report))
    return NOT_PROMOTED if report.comparisons and objections(report) else 0


def source(text: str) -> ModelSource:
    """For argparse: NAME=FOLDER, NAME=URL or NAME=FOLDER@URL."""
    name, equals, where = text.partition("=")
    if not (name and equals and where):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=FOLDER, NAME=URL or NAME=FOLDER@URL"
        )
    folder, scheme, rest = where.partition("@http")
    if scheme and "://" not in folder:
        return ModelSource(name, Path(folder), base_url(f"http{rest}"))
    return ModelSource(name, base_url(where) if "://" in where else Path(where))
