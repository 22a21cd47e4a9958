"""The whole way, stage by stage: each is made from what the ones before it left."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from training.hashing import contents_of, hash_of
from training.pipeline.manifest import write_manifest
from training.pipeline.runner import StageRunner
from training.pipeline.stage import STAGES
from training.pipeline.steps import convert, evaluate, merge, prepare, quantize, train
from training.pipeline.versions import machine, revision
from training.xtuner import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from training.pipeline.config import RebuildConfig
    from training.pipeline.stage import StageManifest


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
    """Complete the stages up to `until`; the receipt of that one.

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
