"""What models are measured on."""

import json

import pytest

from bot.safety import RiskLevel
from inference.persona import SYSTEM_PROMPT
from tests.training.evaluate.prepared import dialogue, opening, write
from training.evaluate.config import EvalConfig, EvaluateError
from training.evaluate.held_out import (
    HELD_OUT_FILE,
    prompts_of,
    read_dialogues,
    read_risk_prompts,
)


def config(data, **changes):
    return EvalConfig(data=data, models=(), out=data / "out", **changes)


def test_fewer_dialogues_are_a_part_of_more_wherever_they_stand_in_the_file(tmp_path):
    rows = [dialogue(number) for number in range(30)]
    write(tmp_path, dialogues=rows)
    ten = [one.id for one in read_dialogues(config(tmp_path, dialogues=10))]
    twenty = [one.id for one in read_dialogues(config(tmp_path, dialogues=20))]
    write(tmp_path, dialogues=rows[::-1])
    assert [one.id for one in read_dialogues(config(tmp_path, dialogues=10))] == ten
    assert twenty[:10] == ten
    assert len(set(twenty)) == 20


def test_answers_are_asked_for_from_the_first_turn_to_the_last(tmp_path):
    write(tmp_path, dialogues=[dialogue(1, pairs=7)])
    found = prompts_of(read_dialogues(config(tmp_path)), 3)
    assert [prompt.id for prompt in found] == ["smile/1#2", "smile/1#8", "smile/1#14"]
    assert [prompt.messages[-1].content[:8] for prompt in found] == [
        "第1个人第0次说",
        "第1个人第3次说",
        "第1个人第6次说",
    ]
    assert "第6次" in found[-1].reference
    assert all(prompt.messages[-1].role == "user" for prompt in found)
    assert len(prompts_of(read_dialogues(config(tmp_path)), 20)) == 7
    assert [prompt.id for prompt in prompts_of(read_dialogues(config(tmp_path)), 1)] == [
        "smile/1#2"
    ]


def test_a_message_of_danger_is_laid_out_as_the_bot_does_it(tmp_path):
    write(tmp_path, dialogues=[dialogue(1)], openings=[opening(1)])
    (found,) = read_risk_prompts(config(tmp_path))
    assert found.level >= RiskLevel.HIGH
    assert found.messages[0].content.startswith(SYSTEM_PROMPT)
    assert "处在危险中" in found.messages[0].content
    assert found.said == (opening(1)["opening"],)
    (calm,) = prompts_of(read_dialogues(config(tmp_path)), 1)
    assert calm.messages[0].content == SYSTEM_PROMPT


def test_an_opening_in_which_the_detector_reads_nothing_tells_nothing_about_danger(tmp_path):
    harmless = {"source": "smile", "id": "h", "opening": "今天和同桌闹别扭了。"}
    write(tmp_path, openings=[harmless, *map(opening, range(5))])
    assert len(read_risk_prompts(config(tmp_path))) == 5
    assert len(read_risk_prompts(config(tmp_path, risk_prompts=2))) == 2
    assert read_risk_prompts(config(tmp_path, risk_prompts=0)) == []


def test_what_users_gave_back_is_left_alone_unless_it_is_asked_for(tmp_path):
    write(
        tmp_path,
        dialogues=[dialogue(1), dialogue(2, source="feedback")],
        openings=[opening(1), opening(2, source="feedback")],
    )
    assert [one.id for one in read_dialogues(config(tmp_path))] == ["smile/1"]
    assert len(read_risk_prompts(config(tmp_path))) == 1
    everything = config(tmp_path, with_feedback=True)
    assert {one.id for one in read_dialogues(everything)} == {"smile/1", "feedback/2"}
    assert len(read_risk_prompts(everything)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "秘密的话",
        "[]",
        json.dumps({"source": "smile", "id": "1", "messages": []}),
        json.dumps(
            {"source": "smile", "id": "1", "messages": [{"role": "user", "content": "秘密的话"}]}
        ),
    ],
)
def test_a_line_that_is_no_dialogue_is_named_by_its_number_and_not_quoted(tmp_path, line):
    write(tmp_path, dialogues=[dialogue(1)])
    with (tmp_path / HELD_OUT_FILE).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(EvaluateError, match="line 2") as refused:
        read_dialogues(config(tmp_path))
    assert "秘密" not in str(refused.value)


def test_a_folder_without_held_out_dialogues_is_refused(tmp_path):
    with pytest.raises(EvaluateError, match="training prepare"):
        read_dialogues(config(tmp_path))
    write(tmp_path)
    with pytest.raises(EvaluateError, match="no dialogue"):
        read_dialogues(config(tmp_path))
