"""Intervals: they cover, they pair, and they do not pretend."""

import numpy as np
import pytest

from training.evaluate.bootstrap import Bootstrap, Statistic, exponential, ratio, summed

DIALOGUES = 120


def shares(generator, chance, answers=3):
    """Yes or no answers in dialogues of a few each."""
    hits = generator.binomial(answers, chance, DIALOGUES)
    return Statistic(
        np.column_stack([hits, np.full(DIALOGUES, answers)]).astype(float), ratio, True
    )


def test_a_figures_interval_holds_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(1)
    held = 0
    for trial in range(200):
        figure = Bootstrap(400, trial).figure(shares(generator, 0.3))
        held += figure.low <= 0.3 <= figure.high
    assert 180 <= held <= 200


def test_a_differences_interval_holds_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(2)
    held = 0
    for trial in range(200):
        found = Bootstrap(400, trial).difference(shares(generator, 0.4), shares(generator, 0.3))
        held += found[1] <= 0.1 <= found[2]
    assert 192 <= held <= 200


def test_dialogues_and_not_answers_are_drawn():
    """Answers that all agree within a dialogue say no more than one of them."""
    generator = np.random.default_rng(3)
    hits = generator.binomial(1, 0.3, DIALOGUES).astype(float)
    one = Bootstrap(2000, 0).figure(Statistic(np.column_stack([hits, np.ones(DIALOGUES)]), ratio))
    ten = Bootstrap(2000, 0).figure(
        Statistic(np.column_stack([10 * hits, np.full(DIALOGUES, 10)]), ratio)
    )
    assert (ten.low, ten.high) == pytest.approx((one.low, one.high))


def test_the_same_dialogues_are_drawn_for_both_so_a_constant_difference_is_certain():
    generator = np.random.default_rng(4)
    nats = generator.gamma(4, 20, DIALOGUES)
    tokens = generator.integers(20, 200, DIALOGUES).astype(float)
    model = Statistic(np.column_stack([nats + 0.01 * tokens, tokens]), ratio)
    other = Statistic(np.column_stack([nats, tokens]), ratio)
    assert Bootstrap(500, 0).difference(model, other) == pytest.approx((0.01, 0.01, 0.01))
    alone = Bootstrap(500, 0).figure(model)
    assert alone.high - alone.low > 0.1


def test_what_was_never_seen_has_a_bound_and_not_a_certainty():
    never = Statistic(np.column_stack([np.zeros(100), np.ones(100)]), ratio, True)
    figure = Bootstrap(200, 0).figure(never)
    assert figure.low == 0
    assert figure.high == pytest.approx(0.0369, abs=1e-4)  # -ln(0.025) / 100
    difference, low, high = Bootstrap(200, 0).difference(never, never)
    assert difference == 0
    assert (low, high) == pytest.approx((-0.053, 0.053), abs=1e-4)  # -ln(0.005) / 100


def test_one_loss_that_is_no_number_makes_none_of_all_of_them():
    rows = np.column_stack([np.ones(20), np.ones(20)])
    spoiled = rows.copy()
    spoiled[3, 0] = np.nan
    figure = Bootstrap(50, 0).figure(Statistic(spoiled, ratio))
    assert np.isnan([figure.value, figure.low, figure.high]).all()
    assert np.isnan(
        Bootstrap(50, 0).difference(Statistic(spoiled, ratio), Statistic(rows, ratio))
    ).all()


def test_a_seed_gives_the_same_interval_again():
    statistic = shares(np.random.default_rng(5), 0.3)
    assert Bootstrap(300, 9).figure(statistic) == Bootstrap(300, 9).figure(statistic)
    assert Bootstrap(300, 9).figure(statistic) != Bootstrap(300, 8).figure(statistic)


def test_perplexity_is_of_all_tokens_and_not_a_mean_of_dialogues():
    rows = summed(["a", "b"], [("a", (2.0, 1)), ("b", (3.0, 9)), ("b", (5.0, 0))], 2)
    assert Statistic(rows, exponential).value == pytest.approx(np.exp(1.0))


def test_models_on_other_dialogues_are_not_compared():
    statistic = shares(np.random.default_rng(6), 0.3)
    with pytest.raises(ValueError, match="same dialogues"):
        Bootstrap(10, 0).difference(statistic, Statistic(statistic.rows[1:], ratio))
