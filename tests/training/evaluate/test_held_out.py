"""What models are measured on."""

import json

import pytest

from bot.safety import RiskLevel
from inference.persona import SYSTEM_PROMPT
from tests.training.evaluate.prepared import dialogue, opening, write
from training.evaluate.config import Order
from training.evaluate.errors import EvaluateError
from training.evaluate.held_out import (
    CRISIS_FILE,
    HELD_OUT_FILE,
    moments_of,
    read_dangers,
    read_dialogues,
)
from training.prepare import output
from training.prepare.outcome import HELD_OUT


def order(data, **changes):
    return Order(data=data, subjects=(), out=data / "out", **changes)


def test_the_files_are_the_ones_that_prepare_writes():
    assert output.SIDES[HELD_OUT] == HELD_OUT_FILE
    assert output.CRISIS == CRISIS_FILE


def test_fewer_dialogues_are_a_part_of_more_wherever_they_stand_in_the_file(tmp_path):
    rows = [dialogue(number) for number in range(30)]
    write(tmp_path, dialogues=rows)
    ten = [one.id for one in read_dialogues(order(tmp_path, dialogues=10))]
    twenty = [one.id for one in read_dialogues(order(tmp_path, dialogues=20))]
    write(tmp_path, dialogues=rows[::-1])
    assert [one.id for one in read_dialogues(order(tmp_path, dialogues=10))] == ten
    assert twenty[:10] == ten
    assert len(set(twenty)) == 20


def test_answers_are_asked_for_from_the_first_turn_to_the_last(tmp_path):
    write(tmp_path, dialogues=[dialogue(1, pairs=7)])
    found = moments_of(read_dialogues(order(tmp_path)), 3)
    assert [moment.id for moment in found] == ["smile/1#2", "smile/1#8", "smile/1#14"]
    assert [moment.prompt[-1].content[:8] for moment in found] == [
        "第1个人第0次说",
        "第1个人第3次说",
        "第1个人第6次说",
    ]
    assert "第6次" in found[-1].reference
    assert all(moment.prompt[-1].role == "user" for moment in found)
    assert len(moments_of(read_dialogues(order(tmp_path)), 20)) == 7
    assert [moment.id for moment in moments_of(read_dialogues(order(tmp_path)), 1)] == ["smile/1#2"]


def test_a_message_of_danger_is_laid_out_as_the_bot_does_it(tmp_path):
    write(tmp_path, dialogues=[dialogue(1)], openings=[opening(1)])
    (found,) = read_dangers(order(tmp_path))
    assert found.level >= RiskLevel.HIGH
    assert found.prompt[0].content.startswith(SYSTEM_PROMPT)
    assert "处在危险中" in found.prompt[0].content
    assert found.said == (opening(1)["opening"],)
    (calm,) = moments_of(read_dialogues(order(tmp_path)), 1)
    assert calm.prompt[0].content == SYSTEM_PROMPT


def test_an_opening_in_which_the_detector_reads_nothing_tells_nothing_about_danger(tmp_path):
    harmless = {"source": "smile", "id": "h", "opening": "今天和同桌闹别扭了。"}
    write(tmp_path, openings=[harmless, *map(opening, range(5))])
    assert len(read_dangers(order(tmp_path))) == 5
    assert len(read_dangers(order(tmp_path, dangers=2))) == 2
    assert read_dangers(order(tmp_path, dangers=0)) == []


def test_what_users_gave_back_is_left_alone_unless_it_is_asked_for(tmp_path):
    write(
        tmp_path,
        dialogues=[dialogue(1), dialogue(2, source="feedback")],
        openings=[opening(1), opening(2, source="feedback")],
    )
    assert [one.id for one in read_dialogues(order(tmp_path))] == ["smile/1"]
    assert len(read_dangers(order(tmp_path))) == 1
    everything = order(tmp_path, with_feedback=True)
    assert {one.id for one in read_dialogues(everything)} == {"smile/1", "feedback/2"}
    assert len(read_dangers(everything)) == 2


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
        read_dialogues(order(tmp_path))
    assert "秘密" not in str(refused.value)


def test_a_folder_without_held_out_dialogues_is_refused(tmp_path):
    with pytest.raises(EvaluateError, match="training prepare"):
        read_dialogues(order(tmp_path))
    write(tmp_path)
    with pytest.raises(EvaluateError, match="no dialogue"):
        read_dialogues(order(tmp_path))
