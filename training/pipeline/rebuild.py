"""`python -m training rebuild`: from corpora to a W4A16 model with a table of what it is worth."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.console import CommandError, say
from inference.serve.checkpoint import read_checkpoint
from inference.serve.gpus import NoDriver, visible_gpus
from training.corpora.files import size
from training.corpora.options import KNOWN, add_corpus_options, chosen_corpora
from training.evaluate.config import add_shared_options, judge_of
from training.evaluate.report import PAGE
from training.hashing import contents_of, hash_of
from training.pipeline import preflight, trial
from training.pipeline.budget import budget
from training.pipeline.config import EvaluateStep, PrepareStep, QuantizeStep, RebuildConfig
from training.pipeline.environment import machine, revision
from training.pipeline.runner import StageRunner, write_manifest
from training.pipeline.stage import STAGES
from training.pipeline.steps import convert, evaluate, merge, prepare, quantize, train
from training.prepare.outcome import Options
from training.xtuner import Launch, Recipe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from training.pipeline.stage import StageManifest

LITTLE: Final = 8
"""Dialogues, and messages of danger, that a machine without a GPU evaluates on by itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--config", type=Path, required=True, help="a config in training/configs")
    add_corpus_options(parser)
    parser.add_argument(
        "--model", type=Path, help="folder of the base model (what the config names)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder for everything that is made (work_dirs/CONFIG)"
    )
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="the last stage")
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="for XTuner's config"
    )
    parser.add_argument("--deepspeed", help="a name of XTuner's or a file (what the config says)")
    parser.add_argument(
        "--quantize-python",
        type=Path,
        default=Path(sys.executable),
        metavar="PATH",
        help="the interpreter that has LMDeploy; it quantizes and evaluates (this one)",
    )
    parser.add_argument(
        "--no-preflight", action="store_true", help="begin though the arithmetic says no"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="begin anew where a half-done training was begun with something else, and lose it",
    )
    _add_details(parser)


def _add_details(parser: argparse.ArgumentParser) -> None:
    usual = QuantizeStep()
    parser.add_argument("--strict", action="store_true", help="refuse malformed records")
    parser.add_argument("--held-out", type=float, default=Options().held_out_share, metavar="SHARE")
    parser.add_argument("--workers", type=int, default=2, help="processes that prepare (2)")
    parser.add_argument("--samples", type=int, default=usual.samples, help="to calibrate on (128)")
    parser.add_argument(
        "--length", type=int, help="tokens of a calibration block (what the config trains on)"
    )
    parser.add_argument("--most-loss", type=float, default=usual.most_loss, help="(0.05)")
    few = f"without a GPU {LITTLE}"
    parser.add_argument(
        "--held-out-dialogues", type=int, help=f"held-out ones to evaluate on (all; {few})"
    )
    parser.add_argument(
        "--risk-prompts", "--dangers", type=int, help=f"messages of danger (400; {few})"
    )
    add_shared_options(parser)


def run(options: argparse.Namespace) -> None:
    """Rebuild, and say what came of it."""
    config = _config(options)

    def before(first: str) -> None:
        if not options.no_preflight:
            _preflight(config, STAGES[STAGES.index(first) : STAGES.index(options.until) + 1])

    last = rebuild(
        config,
        until=options.until,
        again=options.again,
        say=say,
        now=lambda: datetime.now(UTC),
        before=before,
    )
    _tell(config, last)


def _config(options: argparse.Namespace) -> RebuildConfig:
    corpora = chosen_corpora(options)
    if not corpora:
        raise CommandError(f"Name at least one corpus: {KNOWN}.", exit_status=2)
    launch = Launch.from_environment(os.environ, options.deepspeed)
    if launch.node:
        raise CommandError(
            f"rebuild runs on the first machine, and this is NODE_RANK={launch.node}: here run "
            "`python -m training train` (docs/training.md, many nodes).",
            exit_status=2,
        )
    recipe = Recipe(options.config, options.model, options=tuple(options.cfg_options))
    said = recipe.read()
    has_gpu = bool(_gpus())
    return RebuildConfig(
        xtuner_config=options.config,
        model=base_model(recipe),
        work=options.work or Path("work_dirs") / options.config.stem,
        prepare=PrepareStep(
            corpora, options.held_out, workers=options.workers, strict=options.strict
        ),
        launch=launch,
        options=recipe.options,
        quantize=QuantizeStep(
            python=options.quantize_python,
            samples=options.samples,
            length=options.length or train.length_of(said),
            most_loss=options.most_loss,
        ),
        evaluate=EvaluateStep(
            python=options.quantize_python,
            dialogues=options.held_out_dialogues or (None if has_gpu else LITTLE),
            risk_prompts=options.risk_prompts
            or (EvaluateStep().risk_prompts if has_gpu else LITTLE),
            batch=options.batch,
            encoder=options.encoder,
            encoder_layer=options.encoder_layer,
            judge=judge_of(options),
        ),
        trust_remote_code=bool(said["model"]["llm"].get("trust_remote_code")),
    )


def base_model(recipe: Recipe) -> Path:
    """The folder of the base model; the tiny one is made where it is asked for and not there.

    Raises CommandError where there is none.
    """
    from training.tiny import FOLDER, write_base  # noqa: PLC0415 - torch

    model = Path(recipe.base_model())
    if model == FOLDER and not model.exists():
        say(f"making the tiny base model in {model} ...")
        write_base(model)
    if not (model / "config.json").is_file():
        raise CommandError(
            f"{model} is not the folder of a model. Download the base model and name its folder "
            "with --model, for example: huggingface-cli download internlm/internlm2-chat-7b "
            "--local-dir models/internlm2-chat-7b"
        )
    return model


def _preflight(config: RebuildConfig, stages: Sequence[str]) -> None:
    recipe, gpus = recipe_of(config), len(_gpus())
    load = train.load_of(recipe, config.launch)
    takes = budget(
        read_checkpoint(config.model).shape,
        load,
        gpus=config.launch.world,
        gpus_of_a_node=config.launch.processes,
        corpora=sum(size(path) for path in config.prepare.corpora.values()),
    )
    trains = "train" in stages
    used = config.launch.processes if trains and (gpus or config.launch.world > 1) else 0
    preflight.check(takes.of(stages), preflight.look(config.work), used, say)
    if trains and "evaluate" in stages and not (config.work / f".{train.FOLDER}.draft").exists():
        trial.hold(config)


def _gpus() -> tuple[object, ...]:
    try:
        return tuple(visible_gpus())
    except NoDriver:
        return ()


def _tell(config: RebuildConfig, last: StageManifest) -> None:
    say(f"{config.work / 'manifest.json'} says what it was made from, and how.")
    if last.stage != STAGES[-1]:
        return
    page = (config.work / evaluate.FOLDER / PAGE).read_text(encoding="utf-8")
    say(page.partition("\n## What the guard")[0])
    model = config.work / quantize.FOLDER
    against = last.metrics["against_promoting"]
    if against:
        say(f"{model} is W4A16 and was NOT promoted; publish refuses it.")
    else:
        say(f"{model} is W4A16 and promoted. Serve it: python -m inference serve {model}")


def recipe_of(config: RebuildConfig) -> Recipe:
    """The order as XTuner is given it."""
    return Recipe(config.xtuner_config, config.model, config.work / prepare.FOLDER, config.options)


def rebuild(
    config: RebuildConfig,
    *,
    until: str,
    again: bool,
    say: Callable[[str], None],
    now: Callable[[], datetime],
    before: Callable[[str], None],
) -> StageManifest:
    """Complete the stages up to `until`; return the manifest of that one.

    `before` is told the first stage that has to be made, and may raise; `again` throws away a
    half-done training that was begun otherwise.

    Raises CommandError where a stage cannot be done; what is complete stays, and the same order
    goes on from there.
    """
    say(f"hashing {config.model} and the corpora ...")
    model = hash_of(contents_of(config.model))
    about = _about(config, model)
    count = STAGES.index(until) + 1
    runner = StageRunner(
        config.work,
        stages=count,
        say=say,
        now=now,
        made_with=revision() | machine(),
        again=again,
        before=before,
        after=lambda: write_manifest(config.work, about),
    )
    with runner.locked():
        *_, last = islice(_stages(config, model, about, runner), count)
    return last


def _stages(
    config: RebuildConfig, model: str, about: Mapping[str, object], runner: StageRunner
) -> Iterator[StageManifest]:
    """Complete one more stage each time it is asked; `model` is the hash of the base model."""
    recipe, work = recipe_of(config), config.work
    yield (data := runner.complete(prepare.stage(config.prepare)))
    yield (trained := runner.complete(train.stage(recipe, config.launch, model, data, about)))
    training = work / train.FOLDER
    yield (adapter := runner.complete(convert.stage(recipe, model, trained, training)))
    yield (merged := runner.complete(merge.stage(config.model, model, adapter, data, work)))
    trusted = config.trust_remote_code
    to_pack = quantize.stage(merged, data, work, config.quantize, trust_remote_code=trusted)
    yield (packed := runner.complete(to_pack))
    yield runner.complete(evaluate.stage(config, model, merged, packed, data))


def _about(config: RebuildConfig, model: str) -> dict[str, object]:
    recipe = recipe_of(config)
    load = train.load_of(recipe, config.launch)
    return {
        "config": config.xtuner_config.name,
        "model": {"name": config.model.name, "sha256": model},
        "recipe": train.for_people(recipe, load, config.launch),
    }
