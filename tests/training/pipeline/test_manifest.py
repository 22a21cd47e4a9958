from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from training.hashing import contents_of
from training.pipeline.runner import write_manifest
from training.pipeline.stage import FOLDERS, STAGES, StageManifest, read_stage_manifest

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = {"config": "asked_for.py", "recipe": {"steps": 100}}
TRAINED = {"config": "trained_by.py", "recipe": {"steps": 20}}
READS = {"convert": "training", "merge": "adapter", "quantize": "merged"}


def make(work: Path, stage: str, text: str = "") -> None:
    """A finished stage that was made from what lies there."""
    folder = work / FOLDERS[stage]
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text(text or stage)
    reads: dict[str, Any] = {}
    before = STAGES[STAGES.index(stage) - 1]
    if stage != "prepare":
        manifest = read_stage_manifest(work / FOLDERS[before])
        assert manifest is not None
        by_stage: dict[str, dict[str, Any]] = {
            "train": {"data": manifest.files.get("file")},
            "evaluate": {"models": {"w4a16": manifest.result}},
        }
        reads = by_stage.get(stage) or {READS[stage]: manifest.result}
    StageManifest(
        stage=stage,
        key="",
        reads=reads,
        metrics={"about": TRAINED, "checkpoint": "a"} if stage == "train" else {},
        started="",
        seconds=1.0,
        starts=1,
        files=contents_of(folder, without={"stage.json"}),
        made_with={"commit": f"of {stage}"},
    ).write(folder)


def manifest(work: Path) -> dict[str, Any]:
    write_manifest(work, ABOUT)
    found: dict[str, Any] = json.loads((work / "manifest.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for stage in STAGES:
        make(tmp_path, stage)
    return tmp_path


def test_each_stage_names_the_commit_it_was_made_with(work: Path) -> None:
    stages = manifest(work)["stages"]
    assert tuple(stages) == STAGES
    assert [row["made_with"]["commit"] for row in stages.values()] == [
        f"of {stage}" for stage in STAGES
    ]


def test_what_was_trained_tells_its_own_recipe_whatever_is_asked_for_now(work: Path) -> None:
    assert {key: manifest(work)[key] for key in ABOUT} == TRAINED


def test_until_something_is_trained_the_order_counts(tmp_path: Path) -> None:
    make(tmp_path, "prepare")
    assert {key: manifest(tmp_path)[key] for key in ABOUT} == ABOUT


@pytest.mark.parametrize("changed", STAGES[:-1])
def test_stages_made_from_something_else_than_what_lies_there_are_not_told(
    work: Path, changed: str
) -> None:
    make(work, changed, "other")
    assert tuple(manifest(work)["stages"]) == STAGES[: STAGES.index(changed) + 1]
