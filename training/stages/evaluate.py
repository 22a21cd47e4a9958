"""Stage: base, merged and W4A16 side by side on dialogues that none of them has seen."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from training.evaluate.gate import promote
from training.evaluate.order import Order as Evaluation
from training.evaluate.order import Subject
from training.stages.contents import code_hash
from training.stages.stage import Stage
from training.stages.versions import ROOT, versions

if TYPE_CHECKING:
    from pathlib import Path

    from training.evaluate.report import Report
    from training.stages.order import Order
    from training.stages.stage import Receipt

FOLDER: Final = "evaluation"
_PACKAGES: Final = ("torch", "transformers", "sacrebleu", "rouge-score", "jieba")


def stage(
    order: Order, model_hash: str, merged: Receipt, quantized: Receipt, data: Receipt
) -> Stage:
    """Evaluate all three; the report says whether the last one may be served."""
    options = order.evaluating
    return Stage(
        name="evaluate",
        folder=FOLDER,
        reads={
            "models": {"base": model_hash, "merged": merged.result, "w4a16": quantized.result},
            "held-out": data.files["held-out.jsonl"],
            "danger": data.files["crisis.jsonl"],
            "options": asdict(options),
            "code": code_hash(
                ROOT / place
                for place in ("training/evaluate", "bot/safety", "inference/persona.py")
            ),
            "versions": versions(_PACKAGES),
        },
        make=lambda folder: evaluate(order, folder),
        goes_on=True,
    )


def evaluate(order: Order, out: Path) -> dict[str, Any]:
    """Write the report into `out`; the reasons against promoting the last model, if any."""
    from training.evaluate.run import evaluate as measure  # noqa: PLC0415 - torch

    work, options = order.work, order.evaluating
    report = measure(
        Evaluation(
            data=work / "data",
            subjects=(
                Subject("base", order.model),
                Subject("merged", work / "merged"),
                Subject("w4a16", work / "w4a16"),
            ),
            out=out,
            dialogues=options.dialogues,
            answers=options.answers,
            dangers=options.dangers,
            seed=options.seed,
            batch=options.batch,
            device=options.device,
            trust_remote_code=order.trust_remote_code,
        )
    )
    return {"against_promoting": promote(report), "figures": _figures(report)}


def _figures(report: Report) -> dict[str, dict[str, float]]:
    return {
        column.name: {str(metric): figure.value for metric, figure in column.figures.items()}
        for column in report.columns
    }
