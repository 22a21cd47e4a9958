"""A tiny base, a corpus that was really prepared, and one model tuned by XTuner for all tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from training.corpora.registry import read_corpus
from training.prepare.outcome import Options
from training.prepare.run import prepare
from training.tiny import write_base
from training.xtuner import Launch, Recipe, convert, last_checkpoint, merge, train

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[4]
CONFIGS = ROOT / "training" / "configs"
SAMPLE = ROOT / "tests" / "bot" / "conversation" / "smilechat_sample.jsonl"
MAX_START = 150

SAID = [
    "同桌今天又没有理我，心里闷闷的",
    "搬到新城市三个月，周末没有人可以约",
    "论文改了七遍，导师还是摇头",
    "妈妈又拿我和表姐比",
    "猫昨天走丢了，找了一晚上",
    "加班到十点，回家连灯都不想开",
    "第一次当爸爸，夜里总怕做错",
    "异地两年，电话越打越短",
    "体检单还没拿到，手一直在抖",
    "明明睡了很久，还是提不起劲",
]
DISLIKED, LIKED = "多喝热水。", "听起来不好受。"
BEFORE = "搬家以后总觉得冷清", "多出去走走吧。", "走走没有用"
"""The beginning of a talk in which a later answer was liked."""

SHORT = (
    "train_cfg.max_iters=30",
    "default_hooks.checkpoint.interval=5",
    "default_hooks.logger.interval=1",
    "train_dataloader.dataset.max_length=256",
    "train_dataloader.batch_size=1",
)


@dataclass(frozen=True, slots=True)
class Tuned:
    recipe: Recipe
    work: Path
    adapter: Path
    merged: Path


def tiny(name: str) -> Path:
    return CONFIGS / f"internlm2_tiny_{name}_mentalhealth_cpu.py"


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base") / "internlm2-tiny", steps=10)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """SmileChat's sample (CC0) and made-up feedback, through `prepare`."""
    folder = tmp_path_factory.mktemp("prepared")
    feedback = folder / "feedback.jsonl"
    moments = map(_liked, range(len(SAID)), ((said,) for said in SAID))
    feedback.write_text("".join((*moments, _liked(len(SAID), BEFORE))), encoding="utf-8")
    paths = {"smile": SAMPLE, "feedback": feedback}
    corpora = {name: read_corpus(name, path, lambda _: None) for name, path in paths.items()}
    prepare(corpora, folder / "out", Options(held_out_share=0.3), workers=1)
    return folder / "out"


def _liked(number: int, said: tuple[str, ...]) -> str:
    moment = {
        "format": "shudong-feedback/1",
        "id": f"f{number}",
        "consent": True,
        "deidentified": True,
        "messages": [
            {"role": "assistant" if place % 2 else "user", "content": text}
            for place, text in enumerate(said)
        ],
        "answers": [
            {"text": DISLIKED, "rating": "down", "model": ""},
            {"text": f"{LIKED}{said[-1][:4]}……愿意多说一点吗？", "rating": "up", "model": ""},
        ],
    }
    return json.dumps(moment, ensure_ascii=False) + "\n"


@pytest.fixture(scope="session")
def finish(
    base, prepared, tmp_path_factory
) -> Callable[[str, Callable[[Recipe, Path], None]], Tuned]:
    """Trains with one of the tiny configs, converts and merges."""

    def run(name: str, begin: Callable[[Recipe, Path], None], *options: str) -> Tuned:
        folder = tmp_path_factory.mktemp(name)
        recipe = Recipe(tiny(name), base, prepared, (*SHORT, *options))
        begin(recipe, folder / "work")
        checkpoint = train(recipe, folder / "work", Launch(), resume=True)
        convert(recipe, checkpoint, folder / "adapter")
        merge(base, folder / "adapter", folder / "merged")
        return Tuned(recipe, folder / "work", folder / "adapter", folder / "merged")

    return run


@pytest.fixture(scope="session")
def lora(finish) -> Tuned:
    """Tuned in two goes: the first was ended by kill -9 after a checkpoint."""
    return finish("lora", _train_and_kill)


@pytest.fixture(scope="session")
def qlora(finish) -> Tuned:
    return finish("qlora", lambda *_: None, "train_cfg.max_iters=21")


@pytest.fixture(params=["lora", "qlora"])
def tuned(request) -> Tuned:
    return request.getfixturevalue(request.param)


def _train_and_kill(recipe: Recipe, work: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from training.xtuner import *\n"
        "config, base, prepared, work, *options = sys.argv[1:]\n"
        "recipe = Recipe(Path(config), Path(base), Path(prepared), tuple(options))\n"
        "train(recipe, Path(work), Launch(), resume=False)\n"
    )
    paths = [recipe.config, recipe.base, recipe.prepared, work]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, paths), *recipe.options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _until(lambda: last_checkpoint(work) is not None or process.poll() is not None)
    finally:
        process.kill()
        process.wait()
    # XTuner itself runs in a child, which must not go on writing into the folder.
    _until(lambda: not _alive(process.pid))


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MAX_START
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.05)
