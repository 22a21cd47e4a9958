"""`python -m inference quantize MODEL OUT`: W4A16 for TurboMind, checked against the original."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from inference.quantize.run import MANIFEST, QuantizeConfig, quantize

if TYPE_CHECKING:
    import argparse

    from inference.quantize.agreement import Agreement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("model", type=Path, help="a model folder in Hugging Face's layout, 16 bits")
    parser.add_argument("out", type=Path, help="the folder to write; must not exist")
    parser.add_argument(
        "--calibration",
        type=Path,
        required=True,
        help='dialogues to calibrate on: lines of {"messages": [{"role", "content"}]}',
    )
    parser.add_argument(
        "--held-out", type=Path, required=True, help="other dialogues, to measure the loss on"
    )
    parser.add_argument("--samples", type=int, default=128, help="calibration blocks (128)")
    parser.add_argument("--length", type=int, default=2048, help="tokens of a block (2048)")
    parser.add_argument(
        "--held-out-tokens", type=int, default=16_384, help="tokens to measure on (16384)"
    )
    parser.add_argument(
        "--most-loss",
        type=float,
        default=0.05,
        help="nats a token by which the held-out loss may grow (0.05)",
    )
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), help="where to compute (cuda if there is one)"
    )
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="run the Python files in the model folder, as InternLM2's needs",
    )


def run(options: argparse.Namespace) -> int:
    """Quantize and print what it cost."""
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    result = quantize(
        QuantizeConfig(
            model=options.model,
            out=options.out,
            calibration=options.calibration,
            held_out=options.held_out,
            samples=options.samples,
            length=options.length,
            held_out_tokens=options.held_out_tokens,
            most_loss=options.most_loss,
            device=device,
            trust_remote_code=options.trust_remote_code,
        )
    )
    print(_summary(result))
    print(f"\nW4A16 is in {options.out}; {MANIFEST} there holds figures and hashes.")
    trusts = " --trust-remote-code" if options.trust_remote_code else ""
    print(f"Serve it: python -m inference serve {options.out}{trusts}")
    return 0


def _summary(result: Agreement) -> str:
    return (
        f"\n{'':24}{'original':>10}{'W4A16':>10}\n"
        f"{'loss, nats a token':24}{result.original_loss:>10.4f}{result.quantized_loss:>10.4f}\n"
        f"{'perplexity':24}{math.exp(result.original_loss):>10.3f}"
        f"{math.exp(result.quantized_loss):>10.3f}\n"
        f"same first choice at {result.top1:.1%} of {result.tokens} tokens; relative error after "
        f"the last layer {result.layer_errors[-1]:.3f}"
    )
