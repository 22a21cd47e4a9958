"""One word of the base model, as the evaluation will ask for it, before hours are spent.

Models bring code of their own, written against some transformers; under another one they may load
and train, and fail only when they generate.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from inference.console import CommandError, say
from inference.engine import Message, Sampling
from training.pipeline.environment import run_command

if TYPE_CHECKING:
    from training.pipeline.config import RebuildConfig


def hold(config: RebuildConfig) -> None:
    """Have the interpreter that will evaluate generate. Raises CommandError where it cannot."""
    options = config.evaluate
    say(f"asking {config.model} for one word ...")
    status = run_command(
        options.python,
        __name__,
        [
            str(config.model),
            *(("--device", options.device) if options.device else ()),
            *(("--trust-remote-code",) if config.trust_remote_code else ()),
        ],
    )
    if status:
        raise CommandError(
            f"Not begun: {config.model} does not generate with {options.python}, so that nothing "
            "tuned from it could be evaluated; the lines above say why. Another transformers there,"
            " or a newer revision of the model's own code, may; --no-preflight begins all the same."
        )


def main() -> None:
    """Generate one token; this is the child."""
    from training.evaluate.config import EvalConfig  # noqa: PLC0415 - torch, in this process only
    from training.evaluate.folder import loaded  # noqa: PLC0415

    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--device", default="")
    parser.add_argument("--trust-remote-code", action="store_true")
    options = parser.parse_args()
    config = EvalConfig(
        data=Path(),
        models=(),
        out=Path(),
        sampling=Sampling(max_tokens=1),
        device=options.device,
        trust_remote_code=options.trust_remote_code,
    )
    with loaded(options.model, config) as model:
        model.answer([[Message("user", "你好")]], config.seed)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # whatever a model's own code can raise
        sys.exit(f"{type(error).__name__}: {error}")
