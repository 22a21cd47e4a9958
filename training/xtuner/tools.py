"""XTuner's three steps: train, convert the checkpoint, merge it with its base."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.xtuner.complete import complete
from training.xtuner.errors import XTunerError
from training.xtuner.launch import Launch
from training.xtuner.process import run_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.xtuner.recipe import Recipe

ADAPTER: Final = "adapter_config.json"
_LAST: Final = "last_checkpoint"


def train(recipe: Recipe, work_dir: Path, launch: Launch, *, resume: bool) -> Path:
    """Train in `work_dir`; returns the last checkpoint, a .pth file or DeepSpeed's folder.

    With `resume`, goes on at the last checkpoint in `work_dir`, or begins where there is none. On
    more than one process DeepSpeed is used as the config says, unless `launch` says otherwise. On
    all machines but the first, which may have moved the folder by now, it returns `work_dir`.

    Raises:
        XTunerError: something is missing, or XTuner failed; says what to do.
    """
    data = recipe.data_file()
    if not data.is_file():
        raise XTunerError(
            f"{data} is not there: write it with `python -m training prepare --out {data.parent}`."
        )
    if not data.stat().st_size:
        raise XTunerError(f"{data} is empty: there is nothing of that kind to train on yet.")
    begun = last_checkpoint(work_dir)
    if begun and not resume:
        raise XTunerError(
            f"{work_dir} holds checkpoints of an earlier run: resume it, or name another folder."
        )
    if launch.world > 1 and launch.deepspeed is None:
        launch = replace(launch, deepspeed=recipe.deepspeed())
    arguments = [str(recipe.config), "--work-dir", str(work_dir)]
    if begun:
        arguments += ["--resume", str(begun)]
    if launch.deepspeed:
        arguments += ["--deepspeed", launch.deepspeed]
    run_tool(
        launch.command("train", [*arguments, *_options(recipe)]),
        f"Training {recipe.config.stem}",
        {"HF_DATASETS_CACHE": str(work_dir / ".datasets"), **_surroundings(recipe)},
    )
    if launch.node:
        return work_dir
    done = last_checkpoint(work_dir)
    if done is None:
        raise XTunerError(f"XTuner ended well but left no checkpoint in {work_dir}.")
    return done


def last_checkpoint(work_dir: Path) -> Path | None:
    """The newest checkpoint that was written whole, or None."""
    note = work_dir / _LAST
    if not note.is_file():
        return None
    # The note says where it lay when it was written; the folder may have moved since.
    checkpoint = work_dir / Path(note.read_text(encoding="utf-8").strip()).name
    return checkpoint if checkpoint.exists() and checkpoint != work_dir else None


def convert(recipe: Recipe, checkpoint: Path, out: Path) -> None:
    """Make of a checkpoint a PEFT adapter, or after full fine-tuning a model; safetensors.

    `out` appears when it is whole.

    Raises:
        XTunerError: something is missing, or XTuner failed; says what to do.
    """
    if not checkpoint.exists():
        raise XTunerError(f"The checkpoint {checkpoint} is not there: train first.")
    with _appearing(out) as made:
        run_tool(
            Launch().command(
                "pth_to_hf",
                [
                    *(str(recipe.config), str(checkpoint), str(made)),
                    *("--safe-serialization", *_options(recipe)),
                ],
            ),
            f"Converting {checkpoint.name}",
            _surroundings(recipe),
        )
        if not (made / ADAPTER).exists():
            complete(made, Path(recipe.base_model()))


def merge(base: Path, adapter: Path, out: Path) -> None:
    """Merge an adapter into its base: 16-bit safetensors with everything serving needs.

    Uses the GPU where there is one. `out` appears when it is whole.

    Raises:
        XTunerError: something is missing, or XTuner failed; says what to do.
    """
    for folder, file in ((base, "config.json"), (adapter, ADAPTER)):
        if not (folder / file).is_file():
            raise XTunerError(f"{folder} has no {file}: it is not what to merge.")
    with _appearing(out) as made:
        run_tool(
            Launch().command("merge", [str(base), str(adapter), str(made), "--safe-serialization"]),
            f"Merging {adapter.name} into {base.name}",
            {"HF_HUB_OFFLINE": "1"},
        )
        complete(made, base)


def _options(recipe: Recipe) -> list[str]:
    overrides = recipe.overrides()
    return ["--cfg-options", *overrides] if overrides else []


def _surroundings(recipe: Recipe) -> dict[str, str]:
    # mmengine keeps more than weights in a checkpoint; it is of our own making, torch may read it.
    own = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    # Where the base model is a folder, no hub is asked for anything.
    return own | ({"HF_HUB_OFFLINE": "1"} if Path(recipe.base_model()).is_dir() else {})


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `out` when nothing was raised."""
    if out.exists():
        raise XTunerError(f"{out} exists: remove it, or name another folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    try:
        made = scratch / out.name
        yield made
        made.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
