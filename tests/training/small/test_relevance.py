from __future__ import annotations

from random import Random

import pytest

from training.small.answers import judge, relevance_by_words
from training.small.relevance import OTHERS, TfIdf, relevance, shuffled

TOPICS = "猫狗鱼鸟花草树山河海风雨雪云雷电星月日灯"
OPENINGS = [f"我家的{topic}最近不太好{topic}" for topic in TOPICS]


def test_every_answer_meets_its_own_context_and_others_once() -> None:
    contexts = shuffled(40, Random(1))

    assert contexts.shape == (40, 1 + OTHERS)
    for own, row in enumerate(contexts):
        assert row[0] == own
        assert len(set(row)) == 1 + OTHERS


def test_too_few_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        shuffled(OTHERS, Random(1))


def test_score_that_knows_tells_every_answer_and_one_that_does_not_tells_none() -> None:
    contexts = shuffled(30, Random(1))

    knows = relevance(contexts, lambda answer, context: float(answer == context))
    blind = relevance(contexts, lambda _answer, _context: 0.0)

    assert (knows.told_apart, knows.picked) == (1.0, 1.0)
    assert (blind.told_apart, blind.picked) == (0.5, 0.0)


def test_score_by_chance_is_near_chance() -> None:
    random = Random(1)

    found = relevance(shuffled(300, random), lambda _answer, _context: random.random())

    assert found.told_apart == pytest.approx(0.5, abs=0.03)
    assert found.picked == pytest.approx(0.05, abs=0.03)


def test_words_tell_answers_that_take_the_topic_up_from_phrases_for_all() -> None:
    to_the_point = [f"{topic}怎么了，跟我说说{topic}最近的样子吧。" for topic in TOPICS]
    for_all = ["我理解你的感受。"] * len(TOPICS)

    assert relevance_by_words(OPENINGS, [f"我家的{one}最近" for one in TOPICS]).told_apart > 0.9
    assert relevance_by_words(OPENINGS, for_all).told_apart == 0.5
    assert relevance_by_words(OPENINGS, to_the_point).told_apart > 0.5


def test_rare_words_in_common_weigh_more_than_frequent_ones() -> None:
    words = TfIdf(["今天很难过", "今天很开心", "今天很想猫咪"])

    rare = words.similarity("猫咪", "今天很想猫咪")
    frequent = words.similarity("今天", "今天很想猫咪")

    assert 0.0 < frequent < rare
    assert words.similarity("猫咪", "猫咪") == pytest.approx(1.0)
    assert words.similarity("", "猫咪") == 0.0


def test_score_is_none_where_an_answer_fits_every_message_or_all_loop() -> None:
    good = judge(["听起来你很累。", "今天过得怎么样？"])
    looping = judge(["我会一直陪着你，我会一直陪着你。"])

    assert good.score(told_apart=0.5) == 0.0
    assert looping.score(told_apart=1.0) == 0.0
    assert 0.0 < good.score(told_apart=0.6) < good.score(told_apart=0.9) <= 1.0
