from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.training.prepare.made_up import sentence, smile_line, smile_records
from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError
from training.corpora.registry import opened
from training.prepare.cluster import run_locally, stages
from training.prepare.cluster_steps import Clean
from training.prepare.gather import packed, unpacked
from training.prepare.outcome import Options, Worker
from training.prepare.run import prepare
from training.prepare.store import DUPLICATE
from training.prepare.store import NEAR_OPENING as LEAK

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = Options(held_out_share=0.1, calibration_share=0.05, token_every=0)
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
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same shards, prepared by DataTrove's stages and by one machine."""
    folder = tmp_path_factory.mktemp("cluster")
    shards = write_shards(folder / "shards")
    many, one = folder / "many", folder / "one"
    run_locally(stages("smile", shards, many, 2, OPTIONS, work=folder / "work"), folder / "logs", 1)
    prepare({"smile": opened("smile", shards)}, one, OPTIONS)
    return many, one


def test_datatrove_writes_the_files_of_one_machine(prepared: tuple[Path, Path]) -> None:
    many, one = prepared
    assert {file.name for file in many.iterdir()} == {file.name for file in one.iterdir()}
    for name in LINES:
        assert sorted_lines(many, name) == sorted_lines(one, name)
    train = loaded(many / "train.json")
    assert sorted(map(as_text, train)) == sorted(map(as_text, loaded(one / "train.json")))
    assert len(train) > 150
    assert len(sorted_lines(many, "problems")) == len(sorted_lines(many, "crisis")) == 1


def test_the_data_card_of_many_machines_counts_the_same(prepared: tuple[Path, Path]) -> None:
    many, one = prepared
    counted = loaded(many / "statistics.json")["smile"]
    expected = loaded(one / "statistics.json")["smile"]
    assert counted["left_out"].keys() >= {LEAK, DUPLICATE}
    assert counted == expected
    records = [
        loaded(folder / "manifest.json")["corpora"]["smile"]["records"] for folder in prepared
    ]
    assert records[0] == records[1]


def test_strict_refuses_what_cannot_be_read(tmp_path: Path) -> None:
    step = Clean("smile", write_shards(tmp_path / "shards"), OPTIONS, strict=True)

    with pytest.raises(CorpusFormatError, match="not valid JSON"):
        list(step.run())


def test_an_outcome_is_the_same_when_it_was_packed() -> None:
    turns = (Turn(Role.CLIENT, "我睡不着"), Turn(Role.COUNSELOR, "嗯。", ("倾听",)))
    dialogue = Dialogue("test", "1", turns, rejected=("睡吧。",))
    _, outcome = Worker(Options(0, 0, 0)).one(dialogue)

    assert unpacked(json.loads(json.dumps(packed(outcome)))) == outcome
    assert outcome.preferences
