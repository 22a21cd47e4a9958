"""What a rebuild asks of the evaluation reaches it, and no key is written down."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inference.console import CommandError
from tests.training.evaluate.reports import NO_WORSE, report
from training.evaluate import command
from training.evaluate.config import JudgeConfig, judge_of
from training.evaluate.report import Figure, Metric
from training.pipeline import rebuild
from training.pipeline.config import EvaluateStep, PrepareStep, RebuildConfig
from training.pipeline.stage import StageManifest
from training.pipeline.steps import evaluate
from training.xtuner import Launch

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

ASKED = (
    *("--batch", "4", "--encoder-layer", "8", "--judge", "http://me:pass@box:8000/v1"),
    *("--judge-model", "strong", "--judge-runs", "2", "--judge-temperature", "0.5"),
)


@pytest.fixture
def config(tmp_path: Path) -> RebuildConfig:
    """One with everything that a rebuild can be asked to evaluate by."""
    for name in ("bert", "cases"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name, encoding="utf-8")
    said = rebuilding(*ASKED, f"--encoder={tmp_path / 'bert'}", f"--cpsycoune={tmp_path / 'cases'}")
    return RebuildConfig(
        tmp_path / "config.py",
        tmp_path / "base",
        tmp_path,
        PrepareStep({}, 0.1),
        Launch(),
        evaluate=EvaluateStep(
            dialogues=9, judge=judge_of(said), encoder=said.encoder,
            encoder_layer=said.encoder_layer, batch=said.batch,
        ),
    )  # fmt: skip


def rebuilding(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    rebuild.add_arguments(parser)
    return parser.parse_args(["--config", "c.py", *arguments])


def test_everything_a_rebuild_is_asked_for_reaches_the_evaluation(
    config: RebuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def child(_: Path, package: str, arguments: Sequence[str]) -> int:
        asked.append(arguments)
        found = report(original=NO_WORSE)
        spoiled = replace(found.columns[-1], figures={Metric.LOSS: Figure(float("nan"))})
        replace(found, columns=(*found.columns[:-1], spoiled)).write(config.work)
        return 0

    monkeypatch.setattr(evaluate, "run_command", child)
    made = evaluate.evaluate(config, config.work)
    parser = ArgumentParser()
    command.add_arguments(parser)
    name, *rest = asked[0]
    reached = parser.parse_args(list(rest))

    assert name == "evaluate"
    assert [one.name for one in reached.models] == ["base", "merged", "w4a16"]
    assert (reached.dialogues, reached.batch, reached.device) == (9, 4, "")
    assert (reached.encoder, reached.encoder_layer) == (config.work / "bert", 8)
    assert judge_of(reached) == config.evaluate.judge
    assert config.evaluate.judge == JudgeConfig(
        "http://me:pass@box:8000/v1", config.work / "cases", "strong", 2, 0.5
    )
    assert json.loads(json.dumps(made, allow_nan=False))["figures"]["w4a16"] == {"loss": None}


def test_a_judge_and_what_it_reads_decide_whether_to_evaluate_again(config: RebuildConfig) -> None:
    def stage() -> str:
        made = StageManifest(
            "x", "k", {}, {}, "", 1.0, 1, {"held-out.jsonl": {}, "crisis.jsonl": {}}
        )
        staged = evaluate.stage(config, "hash", made, made, made)
        assert "pass" not in json.dumps(staged.reads)
        assert str(config.work) not in json.dumps(staged.reads)
        return staged.key

    before = stage()
    (config.work / "cases" / "file").write_text("others", encoding="utf-8")
    after = stage()
    assert before != after
    config = replace(config, evaluate=replace(config.evaluate, judge=None))
    assert stage() not in {before, after}


def test_a_judge_without_anything_to_read_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="give --cpsycoune"):
        judge_of(rebuilding(*ASKED))
