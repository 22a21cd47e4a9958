"""What a rebuild is asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.evaluate.config import JudgeConfig
    from training.xtuner import Launch


@dataclass(frozen=True, slots=True)
class PrepareStep:
    """See `python -m training prepare`."""

    corpora: Mapping[str, Path]
    held_out: float
    tokenizer: Path | None = None
    workers: int = 2
    strict: bool = False


@dataclass(frozen=True, slots=True)
class QuantizeStep:
    """See `python -m inference quantize`."""

    python: Path = Path(sys.executable)
    """The interpreter that has LMDeploy."""
    samples: int = 128
    length: int = 2048
    held_out_tokens: int = 16_384
    most_loss: float = 0.05
    device: str = ""
    """cpu or cuda; empty takes cuda where there is one."""


@dataclass(frozen=True, slots=True)
class EvaluateStep:
    """See `python -m training evaluate`."""

    python: Path = Path(sys.executable)
    """The interpreter that has torch and transformers 4.56 or newer."""
    dialogues: int | None = None
    answers: int = 3
    risk_prompts: int = 400
    batch: int = 16
    seed: int = 7
    device: str = ""
    encoder: Path | None = None
    encoder_layer: int | None = None
    judge: JudgeConfig | None = None
    """Its key stays where the child finds it, in the environment."""


@dataclass(frozen=True, slots=True)
class RebuildConfig:
    """A rebuild: from what, by which config, to which folder."""

    xtuner_config: Path
    model: Path
    work: Path
    prepare: PrepareStep
    launch: Launch
    options: tuple[str, ...] = ()
    """XTuner's `--cfg-options`."""
    quantize: QuantizeStep = field(default_factory=QuantizeStep)
    evaluate: EvaluateStep = field(default_factory=EvaluateStep)
    trust_remote_code: bool = False
