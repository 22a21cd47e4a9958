from __future__ import annotations

import json
from importlib.resources import files

import pytest

from training.corpora.feedback import FeedbackMoment, parse_feedback
from training.corpora.files import CorpusFormatError, Record

TALK = [
    {"role": "user", "content": "我睡不着"},
    {"role": "assistant", "content": "怎么了？"},
    {"role": "user", "content": "想考试的事"},
]


def moment(*answers: dict[str, object], **changes: object) -> Record:
    line = {
        "format": "shudong-feedback/1",
        "id": "a1",
        "consent": True,
        "deidentified": True,
        "messages": TALK,
        "answers": list(answers),
    } | changes
    return Record("feedback.jsonl, line 1", "1", True, json.dumps(line).encode())


def trained_on(record: Record) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.turns[-1].text, one.rejected) for one in parse_feedback(record)]


def test_liked_answer_is_an_example() -> None:
    (dialogue,) = parse_feedback(moment({"text": "好问题", "rating": "up"}))

    assert [turn.text for turn in dialogue.turns] == [
        "我睡不着",
        "怎么了？",
        "想考试的事",
        "好问题",
    ]
    assert (dialogue.source, dialogue.id, dialogue.rejected) == ("feedback", "a1-0", ())


def test_what_the_bot_said_before_is_no_example() -> None:
    (dialogue,) = parse_feedback(moment({"text": "好问题", "rating": "up"}))

    assert [turn.text for turn in dialogue.trained_on] == ["想考试的事", "好问题"]


def test_rewritten_answer_is_preferred_to_the_first_one() -> None:
    assert trained_on(moment({"text": "旧", "rating": "down", "rewritten": "新"})) == [
        ("新", ("旧",))
    ]
    assert trained_on(moment({"text": "旧", "rewritten": "新"})) == [("新", ("旧",))]


def test_second_try_that_was_liked_is_preferred_to_the_disliked_first() -> None:
    answers = {"text": "一", "rating": "down"}, {"text": "二", "rating": "up"}

    assert trained_on(moment(*answers)) == [("二", ("一",))]


def test_every_rejected_answer_stands_beside_a_good_one() -> None:
    worse = [{"text": text, "rating": "down"} for text in ("一", "二")]

    assert trained_on(moment(*worse, {"text": "好", "rating": "up"})) == [("好", ("一", "二"))]


def test_every_good_answer_stands_beside_a_worse_one() -> None:
    first = {"text": "一", "rating": "down", "rewritten": "好"}
    second, same = ({"text": text, "rating": "up"} for text in ("更好", "好"))

    assert trained_on(moment(first, second, same)) == [("好", ("一",)), ("更好", ("一",))]


def test_an_answer_is_never_worse_than_itself() -> None:
    both = {"text": "嗯", "rating": "down"}, {"text": "嗯", "rating": "up"}

    assert trained_on(moment(*both)) == [("嗯", ())]


def test_nothing_is_learnt_from_dislikes_alone() -> None:
    assert trained_on(moment({"text": "一", "rating": "down"}, {"text": "二"})) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent": False}, "consent"),
        ({"deidentified": False}, "deidentified"),
        ({"format": "shudong-feedback/2"}, "format"),
        ({"id": "张三 13800000000"}, "id"),
        ({"messages": TALK[:2]}, "the last message is not by the user"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "私密"}]}, "messages.0.role"),
        ({"answers": []}, "answers"),
        ({"user_id": 5}, "user_id"),
    ],
)
def test_line_without_consent_or_form_is_refused_without_its_text(changes, reason) -> None:
    with pytest.raises(CorpusFormatError, match=rf"feedback\.jsonl, line 1: {reason}") as caught:
        parse_feedback(moment({"text": "私密", "rating": "up"}, **changes))

    assert "私密" not in str(caught.value)
    assert "1380" not in str(caught.value)


def test_schema_beside_the_module_is_the_one_that_is_checked() -> None:
    written = files("training.corpora").joinpath("feedback.schema.json").read_text("utf-8")

    assert json.loads(written) == FeedbackMoment.model_json_schema()
