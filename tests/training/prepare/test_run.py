from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from inference.persona import SYSTEM_PROMPT
from tests.training.prepare.made_up import smile_line, smile_records
from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError, Record
from training.corpora.openings import opening_key
from training.prepare import near
from training.prepare.finish import PrepareError
from training.prepare.outcome import Options
from training.prepare.run import TOLD, prepare

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = Options(held_out_share=0.1, calibration_share=0.05)


def line(identifier: object, *texts: str) -> Record:
    return Record(f"x.jsonl, line {identifier}", "1", True, smile_line(identifier, list(texts)))


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(row) for row in path.read_text("utf-8").splitlines()]


def decisions(out: Path) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in rows(out / "decisions.jsonl")}


def openings(out: Path, name: str) -> list[str]:
    if name == "train.json":
        return [one["conversation"][0]["input"] for one in json.loads((out / name).read_bytes())]
    return [one["messages"][1]["content"] for one in rows(out / name)]


def key(opening: str) -> str:
    return opening_key(Dialogue("test", "1", (Turn(Role.CLIENT, opening),)))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare({"smile": smile_records(600, per_opening=3)}, out, OPTIONS)
    return out


def test_training_file_is_xtuners_conversation_with_our_persona(prepared: Path) -> None:
    conversations = json.loads((prepared / "train.json").read_bytes())

    assert len(conversations) > 300
    for one in conversations:
        first, *others = one["conversation"]
        assert list(first) == ["system", "input", "output", "output_with_loss"]
        assert all(pair["output_with_loss"] is True for pair in one["conversation"])
        assert first["system"] == SYSTEM_PROMPT
        assert all(list(pair) == ["input", "output", "output_with_loss"] for pair in others)
    assert "咨询师" not in SYSTEM_PROMPT


def test_held_out_and_calibration_are_chat_messages(prepared: Path) -> None:
    for row in rows(prepared / "held-out.jsonl"):
        assert list(row) == ["source", "id", "messages"]
    for name in ("held-out.jsonl", "calibration.jsonl"):
        found = rows(prepared / name)
        assert found
        for row in found:
            roles = [message["role"] for message in row["messages"]]
            assert roles == ["system", *["user", "assistant"] * 3]


def test_no_opening_is_in_two_splits(prepared: Path) -> None:
    splits = [
        {key(opening) for opening in openings(prepared, name)}
        for name in ("train.json", "held-out.jsonl", "calibration.jsonl")
    ]

    assert all(splits)
    assert len(set.union(*splits)) == sum(map(len, splits))


def test_no_held_out_opening_is_nearly_one_that_was_seen(tmp_path: Path) -> None:
    # The same question behind another greeting: its first letters differ, so its group does.
    greetings = ("你好，", "您好老师，", "在吗？", "大家好，", "请问一下，", "")
    asked = [f"和第{number}个室友吵架之后她三天没有理我了我该怎么办才好呢" for number in range(150)]
    records = [
        line(
            f"{number}-{index}",
            f"{greeting}{question}",
            "听起来很难受。",
            f"嗯{number}{index}",
            "嗯",
        )
        for number, question in enumerate(asked)
        for index, greeting in enumerate(greetings)
    ]
    records += list(smile_records(400))

    prepare({"smile": records}, tmp_path, OPTIONS)

    seen = openings(tmp_path, "train.json") + openings(tmp_path, "calibration.jsonl")
    held_out = openings(tmp_path, "held-out.jsonl")
    seen_rows = near.signatures(seen, near.OPENINGS)
    closest = [
        max(near.similarity(row, other) for other in seen_rows)
        for row in near.signatures(held_out, near.OPENINGS)
    ]
    assert held_out
    assert max(closest) < 0.7
    left_out = [row.get("left_out") for row in decisions(tmp_path).values()]
    assert "opening close to one that is trained on" in left_out


def test_near_duplicate_goes_and_the_first_one_stays(tmp_path: Path) -> None:
    long = ["我想说说我的室友" + "她总是很晚才睡还开着灯" * 3, "听起来你很久没有睡好了" * 3]
    changed = [long[0], long[1] + "吧"]

    prepare(
        {"smile": [line("a", *long), *smile_records(300), line("b", *changed)]}, tmp_path, OPTIONS
    )

    assert "left_out" not in decisions(tmp_path)["a"]
    assert decisions(tmp_path)["b"]["left_out"] == "near-duplicate"


def test_dialogue_of_danger_is_kept_for_testing_without_its_answers(tmp_path: Path) -> None:
    records = [line("danger", "我不想活了", "别这样想"), *smile_records(300)]

    prepare({"smile": records}, tmp_path, OPTIONS)

    assert rows(tmp_path / "crisis.jsonl") == [
        {"source": "smile", "id": "danger", "opening": "我不想活了"}
    ]
    for name in ("train.json", "held-out.jsonl", "calibration.jsonl"):
        assert "不想活" not in (tmp_path / name).read_text("utf-8")


def files_of(out: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()}


def test_twice_the_same_bytes_whatever_the_number_of_workers(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        prepare({"smile": smile_records(500)}, tmp_path / name, OPTIONS, workers=workers)

    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_manifest_names_the_hash_of_every_file(prepared: Path) -> None:
    manifest = json.loads((prepared / "manifest.json").read_text("utf-8"))
    found = files_of(prepared)
    del found["manifest.json"]

    assert {name: one["sha256"] for name, one in manifest["files"].items()} == found
    assert manifest["corpora"]["smile"]["records"] == 600


def test_malformed_record_is_reported_and_left_out(tmp_path: Path) -> None:
    bad = Record("x.jsonl, line 2", "2", True, b'{"id": 1, "dialogue": "\xe7\xa7\x81')
    told: list[str] = []

    tallies = prepare({"smile": [bad, *smile_records(300)]}, tmp_path, OPTIONS, report=told.append)

    assert told == ["smile: x.jsonl, line 2: not valid JSON; left out"]
    assert tallies["smile"].unreadable == 1
    assert rows(tmp_path / "problems.jsonl") == [
        {"source": "smile", "place": "x.jsonl, line 2", "reason": "not valid JSON"}
    ]


def test_a_half_character_costs_its_record_alone(tmp_path: Path) -> None:
    bad = Record("x.jsonl, line 2", "2", True, rb'{"id": 1, "dialogue": "\ud83d"}')

    tallies = prepare({"smile": [*smile_records(300), bad]}, tmp_path, OPTIONS)

    assert tallies["smile"].unreadable == 1


def test_one_cause_is_reported_once_it_is_known_by_number(tmp_path: Path) -> None:
    bad = [Record(f"x.jsonl, line {n}", str(n), True, b"{") for n in range(250)]
    told: list[str] = []

    prepare({"smile": [*bad, *smile_records(300)]}, tmp_path, OPTIONS, report=told.append)

    assert len(told) == TOLD + 1
    assert told[-1] == f"smile: {250 - TOLD} more: not valid JSON; left out"
    assert len(rows(tmp_path / "problems.jsonl")) == 250


@pytest.mark.parametrize("nothing", [[], [Record("x", "1", True, b"{")]])
def test_a_corpus_of_which_nothing_is_read_is_refused_beside_a_good_one(
    tmp_path: Path, nothing: list[Record]
) -> None:
    with pytest.raises(PrepareError, match=r"psyqa: (nothing was found|none of 1 records)"):
        prepare({"smile": smile_records(300), "psyqa": nothing}, tmp_path, OPTIONS)
    assert not (tmp_path / "manifest.json").exists()


def test_strict_refuses_a_malformed_record_and_leaves_no_manifest(tmp_path: Path) -> None:
    prepare({"smile": smile_records(300)}, tmp_path, OPTIONS)
    bad = Record("x.jsonl, line 2", "2", True, b"{")

    with pytest.raises(CorpusFormatError, match=r"x\.jsonl, line 2: not valid JSON"):
        prepare({"smile": [bad, *smile_records(300)]}, tmp_path, OPTIONS, strict=True)

    assert not (tmp_path / "manifest.json").exists()
    assert not (tmp_path / ".work").exists()


def test_corpus_with_nothing_to_learn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PrepareError, match="too few"):
        prepare({"smile": [line("1", "在吗")]}, tmp_path, OPTIONS)


def feedback(*answers: dict[str, str], said: tuple[str, ...] = ("今天和同桌闹别扭了",)) -> Record:
    """A moment of a talk in which the person and the bot take turns."""
    messages = [
        {"role": "assistant" if place % 2 else "user", "content": text}
        for place, text in enumerate(said)
    ]
    moment = {
        "format": "shudong-feedback/1",
        "id": "m1",
        "consent": True,
        "deidentified": True,
        "messages": messages,
        "answers": list(answers),
    }
    return Record("feedback.jsonl, line 1", "1", True, json.dumps(moment).encode())


def examples_from(
    out: Path, record: Record
) -> tuple[list[dict[str, object]], list[tuple[str, str]]]:
    """The last conversation that is trained on, and chosen and rejected of every preference."""
    prepare({"smile": smile_records(300), "feedback": [record]}, out, OPTIONS)
    conversation = json.loads((out / "train.json").read_bytes())[-1]["conversation"]
    return conversation, [
        (row["chosen"][0]["content"], row["rejected"][0]["content"])
        for row in rows(out / "dpo.jsonl")
    ]


def test_feedback_becomes_preferences_for_dpo(tmp_path: Path) -> None:
    record = feedback({"text": "多喝热水", "rating": "down", "rewritten": "愿意说说吗？"})

    conversation, _ = examples_from(tmp_path, record)

    assert rows(tmp_path / "dpo.jsonl") == [
        {
            "prompt": [
                {"role": "system", "content": SYSTEM_PROMPT},
                {"role": "user", "content": "今天和同桌闹别扭了"},
            ],
            "chosen": [{"role": "assistant", "content": "愿意说说吗？"}],
            "rejected": [{"role": "assistant", "content": "多喝热水"}],
        }
    ]
    assert conversation[0]["output"] == "愿意说说吗？"
    assert "Preferences for DPO: 1." in (tmp_path / "README.md").read_text("utf-8")


def test_each_of_several_rejected_answers_is_a_preference(tmp_path: Path) -> None:
    worse = [{"text": text, "rating": "down"} for text in ("多喝热水", "别想太多")]

    _, preferences = examples_from(tmp_path, feedback(*worse, {"text": "我在听", "rating": "up"}))

    assert preferences == [("我在听", "多喝热水"), ("我在听", "别想太多")]


def test_two_good_answers_in_one_long_talk_are_both_trained_on(tmp_path: Path) -> None:
    said = tuple(f"第{place}句，说的是今天在学校里发生的那件事情。" for place in range(11))
    good = [{"text": text, "rating": "up"} for text in ("后来怎么样了？", "你当时在想什么呢？")]

    conversation, preferences = examples_from(
        tmp_path, feedback({"text": "多喝热水", "rating": "down"}, *good, said=said)
    )

    assert [chosen for chosen, _ in preferences] == [one["text"] for one in good]
    assert conversation[-1]["output"] == "你当时在想什么呢？"


def test_what_the_bot_said_before_a_rated_answer_is_read_and_not_trained_on(tmp_path: Path) -> None:
    said = ("今天和同桌闹别扭了", "多喝热水", "你没有听我说")

    conversation, _ = examples_from(
        tmp_path, feedback({"text": "对不起，我在听。", "rating": "up"}, said=said)
    )

    assert [(pair["output"], pair["output_with_loss"]) for pair in conversation] == [
        ("多喝热水", False),
        ("对不起，我在听。", True),
    ]


@pytest.mark.parametrize(
    "worse", ["加我微信：abc12345", "那就去死吧，没人在乎", "作为一名咨询师，我懂你"]
)
def test_what_is_not_fit_for_training_is_no_rejected_answer_either(
    tmp_path: Path, worse: str
) -> None:
    answers = [{"text": text, "rating": "down"} for text in (worse, "多喝热水")]

    _, preferences = examples_from(tmp_path, feedback(*answers, {"text": "我在听", "rating": "up"}))

    assert preferences == [("我在听", "多喝热水")]
    assert decisions(tmp_path)["m1-0"]["edits"] == ["rejected answer left out"]
    assert "rejected answer left out" in (tmp_path / "README.md").read_text("utf-8")


def test_data_card_counts_what_was_read_and_names_ids_but_no_text(tmp_path: Path) -> None:
    records = [line("secret-1", "私密的话我不想活了", "嗯"), *smile_records(300)]

    tallies = prepare({"smile": records}, tmp_path, OPTIONS)

    card = (tmp_path / "README.md").read_text("utf-8")
    assert tallies["smile"].raw.dialogues == 301
    assert tallies["smile"].raw.turns == 300 * 6 + 2
    assert tallies["smile"].raw.pairs == 300 * 3 + 1
    assert tallies["smile"].distinct_openings == 301
    assert tallies["smile"].opening_groups == 151
    assert "smile/secret-1" in card
    assert "私密" not in card
    assert "55,165 + 2 x 56,032 = 167,229" in card
    for plot in ("lengths.png", "left-out.png"):
        assert (tmp_path / plot).read_bytes().startswith(b"\x89PNG")
        assert plot in card
