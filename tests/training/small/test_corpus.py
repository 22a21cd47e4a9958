from __future__ import annotations

from random import Random

import pytest

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.openings import opening_key
from training.small.corpus import reason_to_leave_out, select, with_short_opening


def dialogue(opening: str, answer: str = "听起来不容易。", identifier: str = "1") -> Dialogue:
    return Dialogue("test", identifier, (Turn(Role.CLIENT, opening), Turn(Role.COUNSELOR, answer)))


def test_no_opening_group_is_on_both_sides() -> None:
    dialogues = [
        dialogue(f"第{group}个问题，我睡不着{'。' * variant}", identifier=f"{group}-{variant}")
        for group in range(200)
        for variant in range(3)
    ]

    selection = select(dialogues, held_out_share=0.2)

    train = {opening_key(one) for one in selection.train}
    held_out = {opening_key(one) for one in selection.held_out}
    assert train.isdisjoint(held_out)
    assert len(selection.train) + len(selection.held_out) == 600
    assert 60 < len(selection.held_out) < 180


def test_openings_that_differ_after_a_few_words_are_one_group() -> None:
    assert opening_key(dialogue("老公，总是不回家怎么办")) == opening_key(
        dialogue("老公总是不回家怎么做才好？")
    )


@pytest.mark.parametrize(
    ("opening", "answer", "reason"),
    [
        ("我不想活了", "别这样想。", "crisis"),
        ("我很难过", "你想过自杀吗？", "crisis"),
        ("想请教题主一个问题", "好的。", "forum"),
        ("可以加我微信吗", "不可以。", "contact"),
        ("我吃了舍曲林", "嗯。", "drug"),
        ("请问怎么办", "求助者，你好。", "role label"),
        ("你好", "我是一名心理咨询师。", "claims a profession"),
        ("你好", "作为人工智能，我理解。", "claims to be a model"),
        ("我睡不着", "你是轻度抑郁症。", "diagnoses"),
    ],
)
def test_unsafe_and_noisy_dialogues_are_left_out(opening: str, answer: str, reason: str) -> None:
    selection = select([dialogue(opening, answer), dialogue("我睡不着")], held_out_share=0.0)

    assert selection.left_out == {reason: 1}
    assert [one.opening for one in selection.train] == ["我睡不着"]


def test_client_may_name_a_profession() -> None:
    assert reason_to_leave_out(dialogue("我是一名医生，工作太累了")) is None


def test_dialogue_without_an_answer_is_counted() -> None:
    lonely = Dialogue("test", "1", (Turn(Role.CLIENT, "在吗"),))

    assert select([lonely], held_out_share=0.0).left_out == {"no pair": 1}


def test_short_opening_is_whole_clauses_of_the_opening() -> None:
    full = dialogue("我和室友吵架了，她三天没有理我。我该怎么办？我真的很难受，一直在想这件事。")

    openings = {with_short_opening(full, Random(seed)).opening for seed in range(200)}

    assert openings == {
        "我和室友吵架了",
        "我和室友吵架了，她三天没有理我",
        "我和室友吵架了，她三天没有理我。我该怎么办？",
        "我和室友吵架了，她三天没有理我。我该怎么办？我真的很难受",
        full.opening.rstrip("。"),
    }
    assert with_short_opening(full, Random(1)).turns[1:] == full.turns[1:]


def test_opening_of_one_endless_clause_stays_as_it_is() -> None:
    endless = dialogue("我" * 60)

    assert with_short_opening(endless, Random(1)) == endless
