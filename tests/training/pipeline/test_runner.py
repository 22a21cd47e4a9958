from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inference.console import CommandError
from training.pipeline.runner import StageRunner
from training.pipeline.stage import STAGE_FILE, Stage, StageManifest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


class Bench:
    """Two stages that copy text: the first from what it is told, the second from the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[str] = []
        self.said: list[str] = []
        self._ticks = self._clock()

    def run(self, words: str, ending: str = "!") -> list[StageManifest]:
        """Both stages; `made` is what really ran."""
        self.made.clear()
        self.said.clear()
        runner = StageRunner(
            self.folder, stages=2, say=self.said.append, now=lambda: next(self._ticks)
        )
        first = runner.complete(self._stage("first", {"words": words}, words.strip()))
        reads = {"first": first.result, "ending": ending}
        second = runner.complete(
            self._stage("second", reads, (self.folder / "first/text").read_text() + ending)
        )
        return [first, second]

    def _stage(self, name: str, reads: dict[str, Any], text: str) -> Stage:
        def make(folder: Path) -> dict[str, int]:
            self.made.append(name)
            (folder / "text").write_text(text)
            return {"length": len(text)}

        return Stage(name, name, reads, make)

    @staticmethod
    def _clock() -> Iterator[datetime]:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        while True:
            yield now
            now += timedelta(seconds=90)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "work")


def test_what_has_not_changed_is_skipped_and_says_so(bench: Bench) -> None:
    first_time = bench.run("hello")
    assert bench.made == ["first", "second"]
    assert bench.run("hello") == first_time
    assert bench.made == []
    assert bench.said == [
        "[1/2] first: unchanged, skipped",
        "[2/2] second: unchanged, skipped",
    ]


def test_changed_input_makes_only_what_depends_on_it_again(bench: Bench) -> None:
    bench.run("hello", "!")
    bench.run("hello", "?")
    assert bench.made == ["second"]
    assert bench.said[1].startswith("[2/2] second: made again, changed: ending; it took 0:01:30")
    assert (bench.folder / "second/text").read_text() == "hello?"


def test_same_result_from_another_input_stops_the_change_there(bench: Bench) -> None:
    bench.run("hello")
    bench.run("hello  ")  # the first stage strips it
    assert bench.made == ["first"]


@pytest.mark.parametrize("damage", ["changed", "missing", "more"])
def test_damaged_result_is_found_and_made_again(bench: Bench, damage: str) -> None:
    bench.run("hello")
    file = bench.folder / "first/text"
    match damage:
        case "changed":
            file.write_text("hellO")
        case "missing":
            file.unlink()
        case "more":
            file.with_name("other").write_text("")
    bench.run("hello")
    assert bench.made == ["first"]
    assert "damaged: " + ("other" if damage == "more" else "text") in bench.said[0]
    assert sorted(one.name for one in (bench.folder / "first").iterdir()) == [
        STAGE_FILE,
        "text",
    ]


def test_folder_that_is_somebody_elses_is_left_alone(bench: Bench) -> None:
    theirs = bench.folder / "first/thesis.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("years of work")
    with pytest.raises(CommandError, match="was not made here"):
        bench.run("hello")
    assert theirs.read_text() == "years of work"


def test_failed_stage_leaves_the_last_good_result(bench: Bench) -> None:
    bench.run("hello")
    runner = StageRunner(bench.folder, stages=1, say=print, now=lambda: datetime.now(UTC))

    def fail(folder: Path) -> dict[str, int]:
        (folder / "text").write_text("half")
        raise CommandError("no")

    with pytest.raises(CommandError, match="no"):
        runner.complete(Stage("first", "first", {"words": "other"}, fail))
    assert (bench.folder / "first/text").read_text() == "hello"


def test_second_run_in_one_folder_is_refused(bench: Bench) -> None:
    def runner() -> StageRunner:
        return StageRunner(bench.folder, stages=1, say=print, now=lambda: datetime.now(UTC))

    first, second = runner().locked(), runner().locked()
    with first, pytest.raises(CommandError, match="Another run"), second:
        pass
    with runner().locked():
        pass


def killed_at(point: str, folder: Path) -> list[str]:
    """Run `killed.py`, which kills itself there with signal 9; what it said until then."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[2])}
    command = [sys.executable, str(HERE / "killed.py"), str(folder), point]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == (-signal.SIGKILL if point != "never" else 0), ended.stderr
    return ended.stdout.splitlines()


POINTS = ["begun", "step 2", "manifest", "moved aside", "moved"]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_the_next_run_ends_as_if_nothing_had_been(
    tmp_path: Path, point: str
) -> None:
    (tmp_path / "old").write_text("1")
    killed_at("never", tmp_path)
    (tmp_path / "old").write_text("2")  # an input changes, and on the way to the new result:
    killed_at(point, tmp_path)
    said = killed_at("never", tmp_path)
    work = tmp_path / "work"
    assert (work / "counting/numbers").read_text() == "2: 0 1 2 3"
    assert sorted(one.name for one in work.iterdir()) == [".lock", "counting"]
    again = killed_at("never", tmp_path)
    assert again == ["[1/1] counting: unchanged, skipped"]
    if point == "step 2":
        assert "goes on where it was interrupted" in said[1]
        assert [line for line in said if line.startswith("step")] == ["step 2", "step 3"]
    if point in {"manifest", "moved aside", "moved"}:
        assert said == again


def test_killed_again_and_again_it_gets_there(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("1")
    for step in range(4):
        killed_at(f"step {step}", tmp_path)
    killed_at("never", tmp_path)
    assert (tmp_path / "work/counting/numbers").read_text() == "1: 0 1 2 3"
    assert '"starts": 5' in (tmp_path / "work/counting" / STAGE_FILE).read_text()


def test_half_done_work_for_another_order_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("1")
    killed_at("step 2", tmp_path)
    (tmp_path / "old").write_text("2")
    said = killed_at("never", tmp_path)
    assert [line for line in said if line.startswith("step")] == [f"step {n}" for n in range(4)]
    assert (tmp_path / "work/counting/numbers").read_text() == "2: 0 1 2 3"


class Training:
    """A stage of hours: its draft is dear, and only its last checkpoint is the result."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.checked: list[str] = []

    def run(self, processes: int, *, breaks: bool = False, again: bool = False) -> StageManifest:
        def make(draft: Path) -> dict[str, str]:
            with (draft / "log").open("a") as log:
                log.write(f"on {processes}\n")
            (draft / "1.pth").write_text("half")
            if breaks:
                raise KeyboardInterrupt
            (draft / "2.pth").write_text("whole")
            return {"checkpoint": "2.pth"}

        stage = Stage(
            "train",
            "training",
            {"launch": {"processes": processes}},
            make,
            resumable=True,
            expensive_to_lose=lambda draft: (draft / "1.pth").exists(),
            result=lambda made: [made["checkpoint"]],
        )
        runner = StageRunner(
            self.folder,
            stages=1,
            say=self.said.append,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            again=again,
            before=self.checked.append,
        )
        return runner.complete(stage)

    def interrupted(self, processes: int) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.run(processes, breaks=True)


@pytest.fixture
def training(tmp_path: Path) -> Training:
    return Training(tmp_path / "work")


def test_half_done_training_is_not_lost_because_a_variable_changed(training: Training) -> None:
    training.interrupted(4)
    with pytest.raises(CommandError, match=r"begun with launch\.processes=4\. .*--again"):
        training.run(1)
    training.run(4)
    assert (training.folder / "training/log").read_text() == "on 4\non 4\n"


def test_told_to_begin_again_it_throws_the_half_done_one_away(training: Training) -> None:
    training.interrupted(4)
    training.run(1, again=True)
    assert (training.folder / "training/log").read_text() == "on 1\n"


def test_half_done_training_stays_when_the_order_before_it_comes_back(training: Training) -> None:
    training.run(1)
    training.interrupted(4)
    training.run(1)
    assert "unchanged, skipped" in training.said[-2]
    assert "--again removes it" in training.said[-1]
    assert (training.folder / ".training.draft/1.pth").exists()
    training.run(1, again=True)
    assert not (training.folder / ".training.draft").exists()


def test_what_no_later_stage_reads_may_be_removed(training: Training) -> None:
    first = training.run(1)
    (training.folder / "training/1.pth").unlink()
    (training.folder / "training/log").write_text("shorter")
    assert training.run(1) == first
    (training.folder / "training/2.pth").unlink()
    training.run(1)
    assert "damaged: 2.pth" in training.said[-2]


def test_the_machine_is_looked_at_only_where_something_has_to_be_made(training: Training) -> None:
    training.run(1)
    training.run(1)
    assert training.checked == ["train"]  # the second time there was nothing to do
