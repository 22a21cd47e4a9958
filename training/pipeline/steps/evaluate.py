"""Stage: base, merged and W4A16 side by side on dialogues that none of them has seen.

In the environment that quantizes: reading W4A16 wants a newer transformers than XTuner has.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from inference.console import CommandError
from training.evaluate.config import NOT_PROMOTED
from training.evaluate.gate import objections
from training.evaluate.report import Report
from training.hashing import code_hash, contents_of, hash_of
from training.pipeline.environment import ROOT, run_command, versions
from training.pipeline.stage import FOLDERS, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from training.pipeline.config import EvaluateStep, RebuildConfig
    from training.pipeline.stage import StageManifest

FOLDER: Final = FOLDERS["evaluate"]
_PACKAGES: Final = ("torch", "transformers", "sacrebleu", "rouge-score", "jieba")


def stage(
    config: RebuildConfig,
    model_hash: str,
    merged: StageManifest,
    quantized: StageManifest,
    data: StageManifest,
) -> Stage:
    """Evaluate all three; the report says whether the last one may be served."""
    options = config.evaluate
    return Stage(
        name="evaluate",
        folder=FOLDER,
        reads={
            "models": {"base": model_hash, "merged": merged.result, "w4a16": quantized.result},
            "held-out": data.files["held-out.jsonl"],
            "danger": data.files["crisis.jsonl"],
            "options": _about(options),
            "code": code_hash(
                ROOT / place
                for place in ("training/evaluate", "bot/safety", "inference/persona.py")
            ),
            "versions": versions(_PACKAGES, options.python),
        },
        make=lambda folder: evaluate(config, folder),
        resumable=True,
    )


def evaluate(config: RebuildConfig, out: Path) -> dict[str, Any]:
    """Write the report into `out`; the reasons against promoting the last model, if any.

    Raises CommandError.
    """
    work, options = config.work, config.evaluate
    status = run_command(
        options.python,
        "training",
        [
            *("evaluate", f"base={config.model}", f"merged={work / 'merged'}"),
            *(f"w4a16={work / 'w4a16'}", "--data", str(work / "data"), "--out", str(out)),
            *_arguments(options),
            *(["--trust-remote-code"] if config.trust_remote_code else ()),
        ],
    )
    if status not in {0, NOT_PROMOTED}:
        raise CommandError(f"Evaluating ended with code {status}; its last lines above say why.")
    report = Report.read(out)
    return {"against_promoting": objections(report), "figures": _figures(report)}


def _about(options: EvaluateStep) -> dict[str, Any]:
    """What decides the result: contents in place of paths, and of an address only where it is."""
    judge = options.judge
    return {
        **asdict(replace(options, judge=None)),
        "python": None,
        "encoder": options.encoder and hash_of(contents_of(options.encoder)),
        "judge": judge
        and {
            "at": urlsplit(judge.url).netloc.rpartition("@")[2],
            "dialogues": hash_of(contents_of(judge.dialogues)),
            "model": judge.model,
            "runs": judge.runs,
            "temperature": judge.temperature,
        },
    }


def _arguments(options: EvaluateStep) -> Iterator[str]:
    given: dict[str, object] = {
        "answers": options.answers,
        "risk-prompts": options.risk_prompts,
        "dialogues": options.dialogues,
        "batch": options.batch,
        "seed": options.seed,
        "device": options.device or None,
        "encoder": options.encoder,
        "encoder-layer": options.encoder_layer,
    }
    if judge := options.judge:
        given |= {
            "judge": judge.url,
            "cpsycoune": judge.dialogues,
            "judge-model": judge.model,
            "judge-runs": judge.runs,
            "judge-temperature": judge.temperature,
        }
    return (f"--{name}={value}" for name, value in given.items() if value is not None)


def _figures(report: Report) -> dict[str, dict[str, float | None]]:
    """None where one came to no number, which JSON cannot say."""
    return {
        column.name: {
            str(metric): figure.value if math.isfinite(figure.value) else None
            for metric, figure in column.figures.items()
        }
        for column in report.columns
    }
