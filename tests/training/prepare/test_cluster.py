from __future__ import annotations

import gzip
import json
from random import Random
from typing import TYPE_CHECKING

from tests.training.prepare.made_up import sentence, smile_line, smile_records
from training.corpora.registry import opened
from training.prepare.cluster import FINISHED, run_locally, stages
from training.prepare.outcome import Options
from training.prepare.run import prepare
from training.prepare.spool import DUPLICATE
from training.prepare.spool import NEAR_OPENING as LEAK

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = Options(held_out_share=0.1, calibration_share=0.05, token_every=0)


def rows(folder: Path, side: str) -> list[str]:
    return sorted(
        json.loads(line)["text"]
        for file in folder.glob(f"{side}-*.jsonl.gz")
        for line in gzip.decompress(file.read_bytes()).decode().splitlines()
    )


def test_datatrove_prepares_the_same_rows_as_one_machine(tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    lines = [record.data for record in smile_records(240, per_opening=3)]
    lines += [lines[5].replace(b'"id": 5', b'"id": 1005'), b"not json"]
    lines += [smile_line("danger", ["我不想活了", "别这样想"])]
    for number in range(60):  # one question behind four greetings: four groups, one question
        for greeting in ("你好，", "您好老师，", "在吗？", ""):
            opening = f"{greeting}和第{number}个室友吵架之后她三天没有理我了我该怎么办才好呢"
            answer = sentence(Random(opening), 60)
            lines.append(smile_line(f"{greeting}{number}", [opening, answer]))
    for shard in range(3):
        (shards / f"{shard}.jsonl").write_bytes(b"\n".join(lines[shard::3]))

    run_locally(stages("smile", shards, tmp_path / "out", 2, OPTIONS), tmp_path / "logs", 1)
    prepare({"smile": opened("smile", shards)}, tmp_path / "one", OPTIONS)

    finished = tmp_path / "out" / FINISHED
    held_out = (tmp_path / "one/held-out.jsonl").read_text("utf-8").splitlines()
    train = json.loads((tmp_path / "one/train.json").read_bytes())
    assert rows(finished, "held-out") == sorted(held_out)
    assert [json.loads(row) for row in rows(finished, "train")] == sorted(train, key=dumped)
    assert len(train) > 150
    card = json.loads((tmp_path / "one/statistics.json").read_text("utf-8"))
    assert card["smile"]["left_out"].keys() >= {LEAK, DUPLICATE}


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
