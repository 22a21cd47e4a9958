import json
import math

import pytest

from bot.safety.classifier import classifier, read_classifier
from bot.safety.lexicon import views


def made(weights, concern=0.0):
    return read_classifier(
        json.dumps(
            {
                "thresholds": {"concern": concern, "grave": 1.0, "certain": 2.0},
                "bias": -1.0,
                "unit": 0.5,
                "views": [
                    {"pieces": "\n".join(known), "weights": list(known.values())}
                    for known in weights
                ],
            }
        )
    )


def test_a_score_is_the_dampened_counts_brought_to_length_one_times_the_weights():
    judge = made([{"甲": 4, "乙": 2}, {"Ⓢ": 6}, {"^": 0}])
    twice = 1 + math.log(2)
    expected = -1 + (twice * 2 + 1) / math.hypot(twice, 1)
    assert judge.score("甲甲乙丙") == pytest.approx(expected)
    assert judge.score("甲甲乙，自杀") == pytest.approx(expected + 3)


def test_what_it_does_not_know_leaves_the_bias():
    assert made([{"甲": 4}, {"Ⓢ": 6}, {"Ⓢ": 1}]).score("一二三四") == -1


def test_of_almost_nothing_it_says_nothing():
    assert made([{"甲": 4}, {"Ⓢ": 6}, {"Ⓢ": 1}]).score("甲，") == -math.inf


def test_words_of_one_kind_are_one_sign_and_clauses_without_grave_words_are_left_out():
    whole, kinds, signs = views("天气很好，我想跳楼，去吃饭")
    assert whole == "^天气很好，我想跳楼，去吃饭$"
    assert kinds == "^①ⓌⓂ$"
    assert signs == kinds
    assert views("我想上吊")[1:] == views("我想跳江")[1:]


def test_the_packaged_one_knows_danger_from_daily_life():
    judge = classifier()
    assert judge.score("觉得活着好痛苦，每天都想死") > judge.thresholds.certain
    assert judge.score("周末和朋友去爬山，很开心") < judge.thresholds.concern
