"""The whole way, stage by stage: each is made from what the ones before it left."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from training.hashing import contents_of, hash_of
from training.pipeline.manifest import write_manifest
from training.pipeline.runner import Workshop
from training.pipeline.stage import STAGES
from training.pipeline.steps import convert, evaluate, merge, prepare, quantize, train
from training.pipeline.versions import machine, revision
from training.xtuner import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from training.pipeline.config import Order
    from training.pipeline.stage import Receipt


def recipe_of(order: Order) -> Recipe:
    """The order as XTuner is given it."""
    return Recipe(order.config, order.model, order.work / prepare.FOLDER, order.options)


def rebuild(
    order: Order,
    *,
    until: str,
    again: bool,
    say: Callable[[str], None],
    now: Callable[[], datetime],
    before: Callable[[str], None],
) -> Receipt:
    """Complete the stages up to `until`; the receipt of that one.

    `before` is told the first stage that has to be made, and may raise; `again` throws away a
    half-done training that was begun otherwise.

    Raises CommandError where a stage cannot be done; what is complete stays, and the same order
    goes on from there.
    """
    say(f"hashing {order.model} and the corpora ...")
    model = hash_of(contents_of(order.model))
    about = _about(order, model)
    count = STAGES.index(until) + 1
    shop = Workshop(
        order.work,
        stages=count,
        say=say,
        now=now,
        made_with=revision() | machine(),
        again=again,
        before=before,
        after=lambda: write_manifest(order.work, about),
    )
    with shop.locked():
        *_, last = islice(_stages(order, model, about, shop), count)
    return last


def _stages(
    order: Order, model: str, about: Mapping[str, object], shop: Workshop
) -> Iterator[Receipt]:
    """Complete one more stage each time it is asked; `model` is the hash of the base model."""
    recipe, work = recipe_of(order), order.work
    yield (data := shop.complete(prepare.stage(order.preparing)))
    yield (trained := shop.complete(train.stage(recipe, order.launch, model, data, about)))
    training = work / train.FOLDER
    yield (adapter := shop.complete(convert.stage(recipe, model, trained, training)))
    yield (merged := shop.complete(merge.stage(order.model, model, adapter, data, work)))
    trusted = order.trust_remote_code
    to_pack = quantize.stage(merged, data, work, order.quantizing, trust_remote_code=trusted)
    yield (packed := shop.complete(to_pack))
    yield shop.complete(evaluate.stage(order, model, merged, packed, data))


def _about(order: Order, model: str) -> dict[str, object]:
    recipe = recipe_of(order)
    load = train.load_of(recipe, order.launch)
    return {
        "config": order.config.name,
        "model": {"name": order.model.name, "sha256": model},
        "recipe": train.for_people(recipe, load, order.launch),
    }
