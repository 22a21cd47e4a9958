import json

import pytest

from bot.safety import BatchError, safety_report


def test_lines_come_out_in_order_with_levels_and_reasons() -> None:
    lines = ['{"text": "今天很累"}\n', "\n", '{"text": "我不想活了"}\n']
    first, second = safety_report(lines)
    assert first == {"level": "none", "axes": [], "who": "nobody", "reasons": []}
    assert second["level"] == "high"
    assert second["reasons"] == ["no_wish_to_live"]
    assert second["axes"] == ["suicide"]
    assert second["who"] == "self"


def test_a_conversation_is_judged_by_what_the_person_wrote() -> None:
    messages = [
        {"role": "user", "content": "最近睡不好"},
        {"role": "assistant", "content": "有人会对我说：我不想活了。"},
        {"role": "user", "content": "就是累"},
    ]
    (verdict,) = safety_report([json.dumps({"messages": messages})])
    assert verdict["level"] == "none"


def test_a_conversation_remembers_what_was_said_before() -> None:
    messages = [{"role": "user", "content": text} for text in ("我想自杀", "算了，说说别的")]
    (verdict,) = safety_report([json.dumps({"messages": messages})])
    assert (verdict["level"], verdict["reasons"]) == ("concern", ["said_before"])


def test_a_conversation_without_the_person_has_no_risk() -> None:
    (verdict,) = safety_report(['{"messages": [{"role": "assistant", "content": "你好"}]}'])
    assert verdict["level"] == "none"


def test_lines_are_read_one_at_a_time() -> None:
    def endless():
        while True:
            yield '{"text": "你好"}'

    assert next(safety_report(endless()))["level"] == "none"


@pytest.mark.parametrize(
    "line",
    [
        "我的秘密",
        '{"text": 3, "other": "我的秘密"}',
        '{"messages": []}',
        '{"messages": [{"role": "user"}], "other": "我的秘密"}',
        '["我的秘密"]',
    ],
)
def test_a_line_that_cannot_be_read_is_named_by_number_without_its_text(line: str) -> None:
    with pytest.raises(BatchError, match="line 2") as caught:
        list(safety_report(['{"text": "你好"}', line]))
    assert "秘密" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
