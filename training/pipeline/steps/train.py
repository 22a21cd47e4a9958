"""Stage: XTuner trains, after a kill from its last checkpoint; the loss is drawn meanwhile."""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from inference.console import say
from training import xtuner
from training.hashing import code_hash
from training.pipeline.budget import Load, Method
from training.pipeline.environment import ROOT, versions
from training.pipeline.runner import ABOUT
from training.pipeline.stage import FOLDERS, Stage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from training.pipeline.stage import StageManifest
    from training.xtuner import Launch, Recipe

FOLDER: Final = FOLDERS["train"]
_CODE: Final = ("child.py", "launch.py", "recipe.py", "tools.py")
_PACKAGES: Final = (
    *("xtuner", "mmengine", "mmengine-lite", "torch", "transformers", "peft", "bitsandbytes"),
    *("deepspeed", "flash-attn"),
)


def stage(
    recipe: Recipe, launch: Launch, model_hash: str, data: StageManifest, about: Mapping[str, Any]
) -> Stage:
    """Train on the prepared data by the recipe, of which `about` tells people."""
    return Stage(
        name="train",
        folder=FOLDER,
        reads={
            "model": model_hash,
            "data": data.files[recipe.data_file().name],
            "config": plain(recipe.read()),
            "launch": {"processes": launch.world, "deepspeed": launch.deepspeed},
            "code": code_hash(ROOT / "training/xtuner" / file for file in _CODE),
            "versions": versions(_PACKAGES),
        },
        make=lambda folder: {**train(recipe, folder, launch), ABOUT: about},
        resumable=True,
        expensive_to_lose=lambda folder: xtuner.last_checkpoint(folder) is not None,
        result=lambda made: [made["checkpoint"]],
    )


def train(recipe: Recipe, work: Path, launch: Launch) -> dict[str, Any]:
    """Train in `work`, going on where it was interrupted. Raises CommandError.

    Returns the name of the last checkpoint, and the loss; on all machines but the first, nothing.
    """
    if launch.node:
        xtuner.train(recipe, work, launch, resume=True)
        return {}
    with followed(work):
        checkpoint = xtuner.train(recipe, work, launch, resume=True)
    return {"checkpoint": checkpoint.name, **summary(points(work))}


def load_of(recipe: Recipe, launch: Launch) -> Load:
    """What of the config decides how much memory and disk is used."""
    said = recipe.read()
    model, loader = said.get("model", {}), said.get("train_dataloader") or {}
    llm, lora = model.get("llm") or {}, model.get("lora")
    if lora is None:
        method = Method.FULL
    else:
        method = Method.QLORA if llm.get("quantization_config") else Method.LORA
    deepspeed = launch.deepspeed or (recipe.deepspeed() if launch.world > 1 else None)
    zero = re.search(r"zero(\d)", deepspeed or "")
    texts_in_row = 2 if str(model.get("type")).endswith("DPO") else 1  # of a pair, read together
    hook = (said.get("default_hooks") or {}).get("checkpoint") or {}
    return Load(
        method=method,
        length=length_of(said),
        batch=int(loader.get("batch_size", 1)) * texts_in_row,
        rank=int(lora["r"]) if lora else 0,
        targets=tuple(lora.get("target_modules") or ()) if lora else (),
        kept=max(int(hook.get("max_keep_ckpts") or 2), 2),
        keeps_optimizer=bool(hook.get("save_optimizer", True)),
        recomputes=bool(model.get("use_activation_checkpointing", True)),
        zero=int(zero[1]) if zero else 0,
        has_flash_attention=find_spec("flash_attn") is not None,
        weight_bytes=4 if "float32" in str(llm.get("torch_dtype")) else 2,
    )


def length_of(said: Mapping[str, Any]) -> int:
    """Tokens of one packed sequence, of a config that was read."""
    dataset = (said.get("train_dataloader") or {}).get("dataset") or {}
    return int(dataset.get("max_length") or said.get("max_length") or 2048)


def for_people(recipe: Recipe, load: Load, launch: Launch) -> dict[str, Any]:
    """The recipe as a model card tells it: a step is one reading on all GPUs."""
    said = recipe.read()
    loop, wrapper = said.get("train_cfg") or {}, said.get("optim_wrapper") or {}
    adapter = {"rank": load.rank, "alpha": (said["model"].get("lora") or {}).get("lora_alpha"),
               "target modules": list(load.targets)} if load.rank else {}  # fmt: skip
    told = {
        "method": str(load.method),
        **adapter,
        "epochs": loop.get("max_epochs"),
        "steps": loop.get("max_iters"),
        "learning rate": (wrapper.get("optimizer") or {}).get("lr"),
        "sequences a step": load.batch * launch.world,
        "steps an update": wrapper.get("accumulative_counts", 1),
        "tokens a sequence": load.length,
        "seed": (said.get("randomness") or {}).get("seed"),
    }
    return {name: value for name, value in told.items() if value is not None}


def plain(value: Any) -> Any:  # noqa: ANN401 - a config
    """A config as JSON."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m training train`."""
    parser.add_argument("config", type=Path, help="a config in training/configs")
    parser.add_argument("--model", type=Path, help="the base model (what the config names)")
    parser.add_argument("--data", type=Path, help="what `prepare` wrote (what the config names)")
    parser.add_argument("--work", type=Path, required=True, help="goes on with what is there")
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="for XTuner's config"
    )
    parser.add_argument("--deepspeed", help="a name of XTuner's or a file (what the config says)")


def run(options: argparse.Namespace) -> None:
    """Train; NPROC_PER_NODE, NNODES, NODE_RANK, ADDR and PORT say on how many GPUs."""
    recipe = xtuner.Recipe(options.config, options.model, options.data, tuple(options.cfg_options))
    launch = xtuner.Launch.from_environment(os.environ, options.deepspeed)
    options.work.mkdir(parents=True, exist_ok=True)
    made = train(recipe, options.work, launch)
    if not made:
        say("This machine is done; the first one has the checkpoint.")
        return
    say(f"{options.work / made['checkpoint']} is the last checkpoint.")
    say(f"Convert it: python -m training convert {options.config} "
        f"{options.work / made['checkpoint']} ADAPTER")  # fmt: skip


PICTURE: Final = "loss.png"
_LOG: Final = "*/vis_data/scalars.json"
"""Where mmengine writes, below the folder of a run named by its start."""
_SMOOTH: Final = 20


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the log: means since the line before."""

    step: int
    loss: float
    learning_rate: float


def points(work: Path) -> list[Point]:
    """The log of a training in `work`, by step; what was trained again after a kill counts once."""
    found: dict[int, Point] = {}
    for log in sorted(work.glob(_LOG)):
        for line in log.read_text(encoding="utf-8").splitlines():
            point = _point(line)
            if point is not None:
                found[point.step] = point
    return [found[step] for step in sorted(found)]


def _point(line: str) -> Point | None:
    try:
        row = json.loads(line)
        return Point(int(row["step"]), float(row["loss"]), float(row["lr"]))
    except (ValueError, KeyError, TypeError):
        return None  # half a line, or one of something else


def summary(curve: Sequence[Point]) -> dict[str, float | int]:
    """What a manifest says of it: the loss in the first and the last tenth, in nats a token."""
    if not curve:
        return {}
    tenth = max(1, len(curve) // 10)
    first, last = curve[:tenth], curve[-tenth:]
    return {
        "steps": curve[-1].step,
        "loss_at_first": round(sum(point.loss for point in first) / len(first), 4),
        "loss_at_last": round(sum(point.loss for point in last) / len(last), 4),
    }


@contextmanager
def followed(work: Path, every: float = 30.0) -> Iterator[None]:
    """Draw while a training runs in `work`, each `every` seconds, and once more when it ends."""
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(every):
            _update(work)

    thread = threading.Thread(target=follow, name="loss-curve", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _update(work)


def draw(curve: Sequence[Point], file: Path) -> None:
    """The loss and its moving mean over the steps, and below it the learning rate."""
    steps = [point.step for point in curve]
    losses = [point.loss for point in curve]
    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot(steps, losses, color="#4c78a8", alpha=0.35, label="loss")
    above.plot(steps, _smooth(losses), color="#4c78a8", label=f"mean of {_SMOOTH}")
    above.set_ylabel("nats a token")
    above.legend(frameon=False)
    below.plot(steps, [point.learning_rate for point in curve], color="#888888")
    below.set_ylabel("learning rate")
    below.set_xlabel("step")
    draft = file.with_name(f".{file.name}")
    figure.savefig(draft, dpi=120, format="png")
    draft.replace(file)


def _smooth(values: Sequence[float]) -> list[float]:
    windows = (values[max(0, end - _SMOOTH) : end] for end in range(1, len(values) + 1))
    return [sum(window) / len(window) for window in windows]


def _update(work: Path) -> None:
    curve = points(work)
    if curve:
        draw(curve, work / PICTURE)
