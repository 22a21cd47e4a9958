"""What the bot reads gives the scores of scikit-learn, which fitted it."""

import json

import numpy as np
import pytest

from bot.safety.facts import LEVELS, joined_views, numbers, turns
from bot.safety.ngrams import read_ngrams
from bot.safety.trees import read_trees
from training.risk.command import WRITERS
from training.risk.data import read_danger, read_own
from training.risk.stack import Rows, Stack, weights_json
from training.risk.trees import fit_trees, trees_record


def examples():
    """Lines of every level in every fold, which holds whole writers, and of the one left out."""
    lines = [read_danger(WRITERS / f"{writer}.jsonl")[::6] for writer in ("w1", "w2", "w6")]
    return [*read_own(), *(line for some in lines for line in some)]


@pytest.fixture(scope="module")
def stack():
    fitted = Stack(Rows(examples()))
    fitted.out_of_fold()
    return fitted


def test_the_bot_scores_pieces_as_scikit_learn_does_up_to_the_rounding_of_weights(stack):
    every = np.arange(len(stack.rows.examples))
    heads = stack.fit_heads(every)
    models = read_ngrams(heads.record())
    expected = heads.scores(stack.rows.joined)
    for row in every[::20]:
        ours = models.scores(joined_views(stack.rows.turns[row]))
        assert ours == pytest.approx(expected[row].tolist(), abs=0.15)


def test_the_bot_scores_numbers_as_scikit_learn_does(stack):
    chance = np.random.default_rng(1)
    table = chance.normal(size=(400, 6)).round(4)
    answers = table[:, 0] + table[:, 1] * table[:, 2] > 0.3
    model = fit_trees(table, answers, np.ones(400))
    trees = read_trees(json.loads(json.dumps(trees_record(model))))
    ours = [trees.score(row) for row in table.tolist()]
    assert ours == pytest.approx(model.decision_function(table).tolist(), abs=0.01)


def test_a_table_out_of_fold_has_a_number_for_every_name(stack):
    assert stack.table.shape[0] == len(stack.rows.examples)
    (turn,) = turns(stack.rows.examples[0].said)
    scores = [0.0] * 4
    assert len(numbers(turn, scores, scores, [])) == stack.table.shape[1]


def test_training_twice_gives_the_same_file():
    def made():
        stack = Stack(Rows(examples()))
        stack.out_of_fold()
        every = np.arange(len(stack.rows.examples))
        heads = stack.fit_heads(every)
        trees = {"concern": stack.fit_trees(every)["concern"]}
        return weights_json(heads, heads, trees, {"line": dict.fromkeys(LEVELS, 0.0)}, {})

    assert made() == made()
