"""What `prepare` makes of answers that people rated: several moments, prepared together."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from inference.persona import SYSTEM_PROMPT
from tests.training.prepare.made_up import smile_records
from training.corpora.files import Record
from training.prepare.outcome import Options
from training.prepare.run import prepare

if TYPE_CHECKING:
    from pathlib import Path

    Answer = dict[str, str]

COLD, COLDER = "多喝热水", "别想太多"
SORRY = "对不起，我在听。"
LATER, THOUGHTS = "后来怎么样了？", "你当时在想什么呢？"
UNFIT = {
    "contact": "加我微信：abc12345",
    "harm": "那就去死吧，没人在乎",
    "counsellor": "作为一名咨询师，我懂你",
}
SAID: dict[str, tuple[str, ...]] = {
    "rewritten": ("今天和同桌闹别扭了",),
    "several": ("妈妈又翻了我的日记本",),
    "long": tuple(f"第{place}句，说的是今天在学校里发生的那件事情。" for place in range(11)),
    "repaired": ("面试被刷下来，心里空落落的", COLD, "你没有听我说"),
    "contact": ("搬到新城市，周末只能发呆",),
    "harm": ("外婆住院，夜里一直陪床",),
    "counsellor": ("体育课没有人跟我一组",),
}
"""What person and bot said in turns before the rated answers, by the id of the moment."""


def up(text: str) -> Answer:
    return {"text": text, "rating": "up"}


def down(text: str) -> Answer:
    return {"text": text, "rating": "down"}


ANSWERS: dict[str, list[Answer]] = {
    "rewritten": [{**down(COLD), "rewritten": "愿意说说吗？"}],
    "several": [down(COLD), down(COLDER), up("我在听")],
    "long": [down(COLD), up(LATER), up(THOUGHTS)],
    "repaired": [up(SORRY)],
    **{name: [down(worse), down(COLD), up("我在听")] for name, worse in UNFIT.items()},
}


def moment(name: str) -> Record:
    messages = [
        {"role": "assistant" if place % 2 else "user", "content": text}
        for place, text in enumerate(SAID[name])
    ]
    record = {
        "format": "shudong-feedback/1",
        "id": name,
        "consent": True,
        "deidentified": True,
        "messages": messages,
        "answers": ANSWERS[name],
    }
    return Record(f"feedback.jsonl, {name}", "1", True, json.dumps(record).encode())


@dataclass(frozen=True)
class TrainedOn:
    """What is learnt from each moment, by its id."""

    out: Path
    conversations: dict[str, list[list[dict[str, Any]]]]
    """Those that are trained on, as pairs."""
    preferences: dict[str, list[dict[str, Any]]]

    def chosen_and_rejected(self, name: str) -> list[tuple[str, str]]:
        return [
            (row["chosen"][0]["content"], row["rejected"][0]["content"])
            for row in self.preferences[name]
        ]


@pytest.fixture(scope="module")
def trained_on(tmp_path_factory: pytest.TempPathFactory) -> TrainedOn:
    out = tmp_path_factory.mktemp("feedback")
    corpora = {"smile": smile_records(300), "feedback": map(moment, SAID)}
    prepare(corpora, out, Options(held_out_share=0.1, calibration_share=0.05))
    names = {said[0]: name for name, said in SAID.items()}
    trained_on = TrainedOn(out, defaultdict(list), defaultdict(list))
    for one in json.loads((out / "train.json").read_bytes()):
        pairs = one["conversation"]
        if name := names.get(pairs[0]["input"]):
            trained_on.conversations[name].append(pairs)
    for line in (out / "dpo.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        trained_on.preferences[names[row["prompt"][1]["content"]]].append(row)
    return trained_on


def test_feedback_becomes_preferences_for_dpo(trained_on: TrainedOn) -> None:
    assert trained_on.preferences["rewritten"] == [
        {
            "prompt": [
                {"role": "system", "content": SYSTEM_PROMPT},
                {"role": "user", "content": "今天和同桌闹别扭了"},
            ],
            "chosen": [{"role": "assistant", "content": "愿意说说吗？"}],
            "rejected": [{"role": "assistant", "content": COLD}],
        }
    ]
    (pairs,) = trained_on.conversations["rewritten"]
    assert pairs[0]["output"] == "愿意说说吗？"
    count = sum(map(len, trained_on.preferences.values()))
    assert f"Preferences for DPO: {count}." in (trained_on.out / "README.md").read_text("utf-8")


def test_each_of_several_rejected_answers_is_a_preference(trained_on: TrainedOn) -> None:
    assert trained_on.chosen_and_rejected("several") == [("我在听", COLD), ("我在听", COLDER)]


def test_two_good_answers_in_one_long_talk_are_both_trained_on(trained_on: TrainedOn) -> None:
    assert [chosen for chosen, _ in trained_on.chosen_and_rejected("long")] == [LATER, THOUGHTS]
    assert [pairs[-1]["output"] for pairs in trained_on.conversations["long"]] == [LATER, THOUGHTS]


def test_what_the_bot_said_before_a_rated_answer_is_read_and_not_trained_on(
    trained_on: TrainedOn,
) -> None:
    (pairs,) = trained_on.conversations["repaired"]
    assert [(pair["output"], pair["output_with_loss"]) for pair in pairs] == [
        (COLD, False),
        (SORRY, True),
    ]


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_not_fit_for_training_is_no_rejected_answer_either(
    trained_on: TrainedOn, name: str
) -> None:
    decided = map(json.loads, (trained_on.out / "decisions.jsonl").read_text("utf-8").splitlines())
    edits = {row["id"]: row.get("edits") for row in decided}

    assert trained_on.chosen_and_rejected(name) == [("我在听", COLD)]
    assert edits[f"{name}-0"] == ["rejected answer left out"]
    assert "rejected answer left out" in (trained_on.out / "README.md").read_text("utf-8")
