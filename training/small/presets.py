"""The two ways to make the model: hours of two CPU cores, or minutes of one GPU."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from training.small.corpus import EncodeConfig
from training.small.model import Shape
from training.small.schedule import Schedule
from training.small.train import TrainConfig

Part = TypeVar("Part", Shape, Schedule, TrainConfig, EncodeConfig)


@dataclass(frozen=True, slots=True)
class Preset:
    """How the corpora become tokens and how a model learns from them."""

    encode: EncodeConfig
    train: TrainConfig


PRESETS = {
    # 6.4 million parameters: a bigger one would not see enough in the hours it is given.
    "cpu": Preset(
        EncodeConfig(base_length=256),
        TrainConfig(
            minutes=170.0,
            shape=Shape(hidden=256, layers=5, heads=2, intermediate=768),
            schedule=Schedule(warm_up_steps=40, decay_from=0.7),
            matrix_lr=0.01,
            average_decay=0.99,
            rows_at_once=4,
        ),
    ),
    # 36 million parameters: as Q8_0 under the 40 MB that the repository takes. The corpus is
    # read eight times, so what a block adds is dropped at times.
    "gpu": Preset(
        EncodeConfig(base_length=512),
        TrainConfig(
            million_tokens=160.0,
            shape=Shape(hidden=512, layers=10, heads=4, intermediate=1408),
            schedule=Schedule(warm_up_steps=100, decay_from=0.7),
            batch_tokens=32_768,
            dropout=0.1,
            weight_decay=0.1,
            average_decay=0.998,
            device="cuda",
            bfloat16=True,
            threads=1,
            log_every_steps=50,
            evaluate_every_minutes=1.0,
            checkpoint_every_minutes=2.0,
            evaluation_rows=256,
        ),
    ),
}


def changed(preset: Preset, name: str, value: str) -> Preset:
    """The preset with one setting changed, whichever of its parts the setting belongs to.

    Raises ValueError for a name that no part has or a value that does not fit it.
    """
    train = preset.train
    shape, schedule = train.shape, train.schedule
    parts = (shape, schedule, train, preset.encode)
    if not any(_has(part, name) for part in parts):
        raise ValueError(f"there is no setting {name!r}")
    if name == "hidden":  # a head has 128 channels
        shape = replace(shape, hidden=int(value), heads=int(value) // 128)
    else:
        shape = _with(shape, name, value)
    train = replace(_with(train, name, value), shape=shape, schedule=_with(schedule, name, value))
    return Preset(_with(preset.encode, name, value), train)


def _has(part: object, name: str) -> bool:
    return type(getattr(part, name, None)) in (int, float, str, bool)


def _with(part: Part, name: str, value: str) -> Part:
    if not _has(part, name):
        return part
    kind = type(getattr(part, name))
    try:
        fitting = value == "true" if kind is bool else kind(value)
    except ValueError:
        raise ValueError(f"{name} takes {kind.__name__}, not {value!r}") from None
    changes: dict[str, Any] = {name: fitting}
    return replace(part, **changes)
