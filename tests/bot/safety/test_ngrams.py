import math

import pytest

from bot.safety.lexicon import views
from bot.safety.ngrams import read_ngrams
from bot.safety.pieces import build_table


def made(*weights, heads=("one", "two")):
    return read_ngrams(
        {
            "heads": list(heads),
            "biases": [-1.0, 2.0],
            "unit": 0.5,
            "table": build_table(weights).record(),
        }
    )


def test_a_score_is_the_dampened_counts_brought_to_length_one_times_the_weights():
    models = made({"甲": (4, 0), "乙": (2, 2)}, {"丁": (6, 0)})
    twice = 1 + math.log(2)
    first, second = models.scores(["甲甲乙丙", "无"])
    assert first == pytest.approx(-1 + (twice * 2 + 1) / math.hypot(twice, 1))
    assert second == pytest.approx(2 + 1 / math.hypot(twice, 1))
    assert models.scores(["甲甲乙丙", "丁"])[0] == pytest.approx(first + 3)


def test_what_it_does_not_know_leaves_the_biases():
    assert made({"甲": (4, 4)}, {"丁": (6, 6)}).scores(["一二三四", ""]) == [-1.0, 2.0]


def test_words_of_one_kind_are_one_sign_and_clauses_without_grave_words_are_left_out():
    whole, kinds, signs = views("天气很好，我想跳楼，去吃饭")
    assert whole == "^天气很好，我想跳楼，去吃饭$"
    assert kinds == "^①ⓌⓂ$"
    assert signs == kinds
    assert views("我想上吊")[1:] == views("我想跳江")[1:]
