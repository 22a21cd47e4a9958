"""One whole rebuild with the real XTuner and LMDeploy: killed in mid-training, ended, run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference import persona
from inference.serve.checkpoint import read_checkpoint
from tests.training.prepare.made_up import smile_line, smile_records
from training.pipeline.stage import STAGES

ROOT = Path(__file__).parents[4]
CONFIG = ROOT / "training/configs/internlm2_tiny_lora_mentalhealth_cpu.py"
OPTIONS = (
    *("--held-out", "0.1", "--samples", "8", "--length", "256", "--most-loss", "1"),
    *("--held-out-dialogues", "2", "--risk-prompts", "2", "--workers", "1", "--cfg-options"),
    *("train_cfg.max_iters=20", "default_hooks.checkpoint.interval=5"),
    *("default_hooks.logger.interval=1", "train_dataloader.batch_size=1"),
)
FOLDERS = ("data", "training", "adapter", "merged", "w4a16", "evaluation")
MAX_START = 240

pytestmark = pytest.mark.timeout(1200)  # the first test waits for everything


def command(folder: Path, name: str = "rebuild", *more: str) -> list[str]:
    inputs = ("--config", str(CONFIG), "--smile", str(folder / "smile.jsonl"))
    given = (*inputs, *OPTIONS) if name == "rebuild" else more
    return [sys.executable, "-m", "training", name, "--work", str(folder / "work"), *given]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """In `folder`, where the tiny base model is made as well."""
    return subprocess.Popen(
        command(folder, *arguments),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus of a thousand dialogues, a few of them of danger."""
    folder = tmp_path_factory.mktemp("rebuild")
    lines = [record.data for record in smile_records(1000, per_opening=1)]
    lines += [smile_line(f"d{n}", [f"第{n}天了，我不想活了", "我在。"]) for n in range(4)]
    (folder / "smile.jsonl").write_bytes(b"\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def said(folder):
    """What the second start said; the first was ended by kill -9 after a checkpoint."""
    log = folder / "work/.training.draft/last_checkpoint"
    first = start(folder)
    deadline = time.monotonic() + MAX_START
    try:
        while not log.exists() and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert first.poll() is None, first.communicate()[0][-3000:]
    finally:
        first.kill()  # XTuner, its child, has to end by itself
        first.communicate()
    assert log.exists(), "no checkpoint in time"
    while alive(first.pid):
        assert time.monotonic() < deadline + 60, "XTuner outlives the rebuild"
        time.sleep(0.05)
    second = start(folder)
    output, _ = second.communicate()
    assert second.returncode == 0, output[-3000:]
    return output


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def manifest(folder, said):
    return json.loads((folder / "work/manifest.json").read_text(encoding="utf-8"))


def test_after_a_kill_only_what_was_not_finished_is_done(said, manifest):
    assert "[1/6] prepare: unchanged, skipped" in said
    assert "[2/6] train: goes on where it was interrupted" in said
    assert manifest["stages"]["train"]["starts"] == 2
    assert manifest["stages"]["train"]["metrics"]["steps"] == 20


def test_every_stage_left_its_folder_and_no_half_of_one(folder, said):
    work = folder / "work"
    assert {one.name for one in work.iterdir()} == {*FOLDERS, "manifest.json", ".lock"}
    assert (work / "training/loss.png").read_bytes().startswith(b"\x89PNG")
    assert list((work / "training").rglob("events.out.tfevents*"))
    assert not list((work / "merged").glob("*.bin"))


def test_what_is_served_knows_its_persona_and_where_answers_end(folder, said):
    model = read_checkpoint(folder / "work/w4a16")
    assert model.is_awq
    assert model.persona == persona.fingerprint()
    assert model.wanted_stop_ids <= model.stop_ids


def test_manifest_says_from_what_and_how_well(manifest):
    assert tuple(manifest["stages"]) == STAGES
    assert manifest["config"] == CONFIG.name
    assert manifest["recipe"]["rank"] == 64
    assert manifest["stages"]["train"]["reads"]["versions"]["xtuner"] == "0.2.0"
    assert manifest["stages"]["quantize"]["reads"]["versions"]["lmdeploy"] == "0.18.0"
    figures = manifest["stages"]["evaluate"]["metrics"]["figures"]
    assert set(figures) == {"corpus", "base", "merged", "w4a16"}
    assert figures["merged"]["loss"] < figures["base"]["loss"]
    text = json.dumps(manifest, ensure_ascii=False)
    assert "不想活" not in text


def test_table_sets_all_models_side_by_side(folder, said):
    assert "| | corpus | base | merged | w4a16 |" in said.replace("|  |", "| |")
    assert (folder / "work/evaluation/report.md").is_file()


def test_unchanged_it_does_nothing_a_second_time(folder, said):
    again = start(folder)
    output, _ = again.communicate()
    assert again.returncode == 0, output[-3000:]
    assert output.count("unchanged, skipped") == 6


def test_model_that_two_dialogues_cannot_vouch_for_is_not_published(folder, said):
    config = ("--to", "huggingface:somebody/tiny", "--base", "tiny")
    refused = start(folder, "publish", *config)
    output, _ = refused.communicate()
    assert refused.returncode == 1
    assert "Not promoted, so not published" in output
