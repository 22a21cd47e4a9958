"""Figures of texts, on cases that can be counted by hand."""

import math

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from training.evaluate import texts
from training.evaluate.bootstrap import Statistic, bleu

SAID = "我想去海边走走。"
REFERENCES = [SAID, "听起来你今天很累，愿意说说吗？", "嗯，我在听。"]
ANSWERS = [SAID, "听起来你今天很难过，想说说吗？", "好的，我明白了。"]


def test_bleu_counts_characters_and_sums_to_what_sacrebleu_gives_the_whole():
    likeness = texts.Likeness()
    counts = [likeness.bleu_counts(*pair) for pair in zip(ANSWERS, REFERENCES, strict=True)]
    assert counts[0] == [8, 7, 6, 5, 8, 7, 6, 5, 8, 8]  # eight characters, the full stop too
    whole = BLEU(tokenize="zh").corpus_score(ANSWERS, [REFERENCES])
    assert Statistic(np.array(counts), bleu).value == pytest.approx(whole.score)
    assert 0 < whole.score < 100


def test_bleu_of_what_says_the_same_is_a_hundred_and_of_nothing_is_zero():
    likeness = texts.Likeness()
    assert Statistic(np.array([likeness.bleu_counts(SAID, SAID)]), bleu).value == pytest.approx(100)
    assert Statistic(np.array([likeness.bleu_counts("", SAID)]), bleu).value == 0


def test_rouge_l_reads_chinese_words_where_its_own_tokenizer_reads_nothing():
    answer, reference = "我喜欢苹果", "我讨厌苹果"
    assert texts.words(answer) == ["我", "喜欢", "苹果"]
    assert texts.Likeness().rouge_l(answer, reference) == pytest.approx(2 / 3)
    assert RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure == 0


def test_rouge_l_keeps_the_order_of_words():
    assert texts.Likeness().rouge_l("苹果喜欢我", "我喜欢苹果") == pytest.approx(1 / 3)


def test_distinct_is_different_words_by_all_words_over_all_answers():
    cut = [["我", "在", "听"], ["我", "在", "等"]]
    assert texts.distinct(cut, 1) == pytest.approx(4 / 6)
    assert texts.distinct(cut, 2) == pytest.approx(3 / 4)
    assert texts.distinct([["嗯"], []], 2) == 0


@pytest.mark.parametrize(
    ("answer", "repeated"),
    [
        ("我在听你说", 0.0),
        ("会好的会好的会好的", 0.5),  # six runs of four, three of them different
        ("嗯", 0.0),
        ("", 0.0),
    ],
)
def test_repetition_is_the_share_of_runs_that_stood_there_before(answer, repeated):
    assert math.isclose(texts.read(answer).repeated, repeated)


def test_questions_and_ends_are_seen():
    assert texts.read("后来呢？").asks
    assert texts.read("What then?").asks
    assert not texts.read("我在听。").asks
    assert texts.read("我在听你说，然后").is_unfinished
    assert not texts.read("我在听。 ").is_unfinished
    assert texts.read("").is_unfinished
