"""Preparing on DataTrove's executors: `make test-cluster` runs this where DataTrove and Ray are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.training.prepare.made_up import sentence, smile_line, smile_records
from training.corpora.files import CorpusFormatError
from training.corpora.registry import read_corpus
from training.prepare.cluster_steps import Clean
from training.prepare.executors import prepare_by
from training.prepare.finish import PrepareError
from training.prepare.gather import shards_of
from training.prepare.outcome import Options
from training.prepare.resources import Executor, Resources
from training.prepare.run import prepare
from training.prepare.store import DUPLICATE
from training.prepare.store import NEAR_OPENING as LEAK

ROOT = Path(__file__).parents[2]

# The first test of each executor waits for a whole preparation.
pytestmark = pytest.mark.timeout(600)
LINES = ("held-out", "calibration", "crisis", "decisions", "problems", "dpo")


def write_shards(folder: Path) -> Path:
    folder.mkdir()
    lines = [record.data for record in smile_records(240, per_opening=3)]
    lines += [lines[5].replace(b'"id": 5', b'"id": 1005'), b"not json"]
    lines += [smile_line("danger", ["我不想活了", "别这样想"])]
    for number in range(60):  # one question behind four greetings: four groups, one question
        for greeting in ("你好，", "您好老师，", "在吗？", ""):
            opening = f"{greeting}和第{number}个室友吵架之后她三天没有理我了我该怎么办才好呢"
            answer = sentence(Random(opening), 60)
            lines.append(smile_line(f"{greeting}{number}", [opening, answer]))
    for shard in range(3):
        (folder / f"{shard}.jsonl").write_bytes(b"\n".join(lines[shard::3]))
    return folder


def sorted_lines(folder: Path, name: str) -> list[str]:
    return sorted((folder / f"{name}.jsonl").read_text("utf-8").splitlines())


def loaded(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("cluster") / "shards")


@pytest.fixture(scope="module")
def one(shards: Path) -> Path:
    """The shards, prepared on one machine."""
    corpora = {"smile": read_corpus("smile", shards)}
    prepare(corpora, out := shards.with_name("one"), Options(held_out_share=0.1))
    return out


def training(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *command],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module", params=["local", "ray"])
def many(request: pytest.FixtureRequest, shards: Path, one: Path) -> Path:
    """The same by the command, on an executor of DataTrove."""
    out = shards.with_name(request.param)
    command = ["prepare", f"--smile={shards}", f"--out={out}", "--held-out=0.1", "--tasks=2"]
    command.append("--no-own-talks")
    if request.param == "local":
        command.append("--workers=1")  # in one process: eight pools of them take longer to start
    command.append(f"--executor={request.param}")
    ended = training(command)
    if "timed out during startup" in ended.stderr:
        # Ray waits 30 s for its own start, however busy the machine is, and has no setting for it.
        ended = training(command)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert f"{out / 'README.md'} says" in ended.stdout
    return out


def test_datatrove_writes_the_files_of_one_machine(many: Path, one: Path) -> None:
    assert {file.name for file in many.iterdir()} == {file.name for file in one.iterdir()}
    for name in LINES:
        assert sorted_lines(many, name) == sorted_lines(one, name)
    train = loaded(many / "train.json")
    assert sorted(map(as_text, train)) == sorted(map(as_text, loaded(one / "train.json")))
    assert len(train) > 150
    assert not list(many.parent.glob(".*.tasks"))
    assert len(sorted_lines(many, "problems")) == len(sorted_lines(many, "crisis")) == 1


def test_the_data_card_of_many_machines_counts_the_same(many: Path, one: Path) -> None:
    counted = loaded(many / "statistics.json")["smile"]
    expected = loaded(one / "statistics.json")["smile"]
    assert counted["left_out"].keys() >= {LEAK, DUPLICATE}
    assert counted == expected
    records = [
        loaded(folder / "manifest.json")["corpora"]["smile"]["records"] for folder in (many, one)
    ]
    assert records[0] == records[1]


def test_strict_refuses_what_cannot_be_read(tmp_path: Path) -> None:
    shards = shards_of({"smile": write_shards(tmp_path / "shards")})
    step = Clean(shards, Options(), strict=True)

    with pytest.raises(CorpusFormatError, match="not valid JSON"):
        list(step.run())


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Slurm's `sbatch`, and the file in which it notes every job it was given."""
    given = tmp_path / "given"
    (tmp_path / "sbatch").write_text(
        f"#!/bin/sh\nfor script; do :; done\n"
        f'echo "$(sed -n s/.*job-name=//p "$script") $@" >>{given}\n'
        f"echo Submitted batch job $(grep -c RUN_OFFSET {given})\n"
    )
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return given


ON_SLURM = Resources(partition="cpu", tasks=2)


def test_on_slurm_a_stage_waits_for_the_one_before_it(tmp_path: Path, slurm: Path) -> None:
    corpora = {"smile": write_shards(tmp_path / "shards")}
    assert not prepare_by(Executor.SLURM, corpora, tmp_path / "out", Options(), ON_SLURM)
    jobs = [line for line in slurm.read_text().splitlines() if "RUN_OFFSET" in line]
    names = [job.split()[0] for job in jobs]
    assert names[0] == "prepare-clean"
    assert names[-1] == "prepare-files"
    waits = [re.findall(r"afterok:(\d+)", job) for job in jobs]
    assert waits == [[], *([str(number)] for number in range(1, len(jobs)))]


def test_tasks_that_were_begun_for_something_else_are_not_mixed_in(
    tmp_path: Path, slurm: Path
) -> None:
    corpora = {"smile": write_shards(tmp_path / "shards")}
    prepare_by(Executor.SLURM, corpora, tmp_path / "out", Options(), ON_SLURM)
    with pytest.raises(PrepareError, match="begun with other corpora"):
        prepare_by(Executor.SLURM, corpora, tmp_path / "out", Options(0.5), ON_SLURM)
