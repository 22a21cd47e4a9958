"""What is said of a model: losses by opening groups, relevance by likelihood, sizes, the card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inference.local import PACKAGED_MODEL
from tests.ml.training.small.test_command import training
from training.corpora.dialogue import Dialogue, Role, Turn
from training.small.export import read_model
from training.small.judge import compare
from training.small.losses import Reader, TokenLoss, by_opening_group, interval
from training.small.tokenizer import read_tokenizer

if TYPE_CHECKING:
    from pathlib import Path


def dialogue(*texts: str) -> Dialogue:
    roles = (Role.CLIENT, Role.COUNSELOR)
    return Dialogue("x", "1", tuple(Turn(roles[n % 2], text) for n, text in enumerate(texts)))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(read_model(PACKAGED_MODEL), read_tokenizer(PACKAGED_MODEL))


def test_likely_answer_costs_less_than_an_absurd_one(reader: Reader) -> None:
    assert reader.of_answer("你好", "你好呀，我在。今天想聊点什么？") > reader.of_answer(
        "你好", "冰箱漠然咬了第七个三角形。"
    )


def test_loss_counts_each_side_and_its_characters(reader: Reader) -> None:
    found = reader.loss(dialogue("你好", "嗯，我在。", "我很累", "辛苦了。"))

    assert (found.client.characters, found.counselor.characters) == (5, 9)
    assert found.client.tokens > 2 * 2 - 1
    assert found.both.nats == pytest.approx(found.client.nats + found.counselor.nats)
    assert found.counselor.nats == pytest.approx(
        -reader.of_answer("你好", "嗯，我在。")
        + reader.loss(dialogue("你好", "嗯，我在。", "我很累", "辛苦了。")).counselor.nats
        - reader.loss(dialogue("你好", "嗯，我在。")).counselor.nats,
        rel=1e-4,
    )


def test_dialogues_of_one_question_are_one_group() -> None:
    losses = [
        (dialogue("老公总是不回家怎么办", "嗯"), TokenLoss(2.0, 1, 1)),
        (dialogue("老公，总是不回家怎么做才好？", "嗯"), TokenLoss(4.0, 1, 1)),
        (dialogue("我睡不着", "嗯"), TokenLoss(9.0, 3, 4)),
    ]

    groups = by_opening_group(losses)

    assert sorted(loss.nats for loss in groups.values()) == [6.0, 9.0]
    assert interval(groups).mean == 2.5


def test_interval_is_wider_for_fewer_groups() -> None:
    def width(count: int) -> float:
        found = interval({str(n): TokenLoss(n % 5, 1, 1) for n in range(count)})
        assert found.low < found.mean < found.high
        return found.high - found.low

    assert width(20) > 2 * width(500)


def test_fewer_bits_are_smaller_and_lose_more() -> None:
    model, tokenizer = read_model(PACKAGED_MODEL), read_tokenizer(PACKAGED_MODEL)

    found = {one.kind: one for one in compare(model, tokenizer, [dialogue("我很累", "辛苦了。")])}

    assert found["F16"].megabytes > found["Q8_0"].megabytes > found["Q5_1"].megabytes
    assert found["Q5_0"].megabytes > found["Q4_0"].megabytes
    assert found["Q8_0"].counselor == pytest.approx(found["F16"].counselor, abs=0.01)
    assert abs(found["Q4_0"].counselor - found["F16"].counselor) > 0.001


def test_card_is_written_from_what_was_measured(tmp_path: Path) -> None:
    prepared, run = tmp_path / "prepared", tmp_path / "run"
    prepared.mkdir()
    run.mkdir()
    with (prepared / "held-out.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(24):
            said = [("user", f"{number}号我很累"), ("assistant", f"辛苦了，{number}号。")]
            messages = [{"role": role, "content": text} for role, text in said]
            row = {"source": "smile", "id": str(number), "messages": messages}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = {"dialogues": {"smile": 24}, "rows": 1, "tokens": 1000, "filled": 1.0}
    (run / "corpus.json").write_text(json.dumps({"base": counts, "tune": counts}))
    losses = {"both_per_character": 2.0, "counselor_per_character": 2.125}
    last = {"step": 7, "tokens": 2_000_000, "minutes": 10.0}
    evaluated = {"held_out": losses, "held_out_average": losses}
    (run / "log.jsonl").write_text(json.dumps({**last, **evaluated}) + "\n")
    (tmp_path / "read.md").write_text("读过了。", encoding="utf-8")

    done = training(
        *("small-judge", "--prepared", str(prepared), "--run", str(run), "--pairs", "20"),
        *("--size-dialogues", "0", "--command", "make it", "--max-tokens", "4"),
        *("--impression", str(tmp_path / "read.md")),
    )

    assert done.returncode == 0, done.stderr
    found = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    text = (run / "README.md").read_text(encoding="utf-8")
    assert len(found["samples"]["answers"]) == 60
    assert f"{found['held_out']['counselor all']['mean']:.3f} (" in text
    for words in (
        "| 2.00 | 10 | 2.000 | 2.125 | 2.125 |",
        "make it",
        "读过了。",
        "24 dialogues of",
    ):
        assert words in text
    assert all(f"| {opening} | " in text for opening in ("你好", "晚安", "Can you help me?"))
    assert "$" not in text
