import pytest

from bot.safety.classifier import Thresholds, read_classifier
from bot.safety.detector import matches, reading, undenied
from training.risk.data import read_own
from training.risk.fit import Fit

TEXTS = [
    "我真的不想活了",
    "今天天气不错，去公园走走",
    "我没有想死，就是累",
    "站在楼顶想跳下去",
    "死" * 40,
]


def test_the_bot_scores_as_scikit_learn_does_up_to_the_rounding_of_weights():
    fit = Fit(read_own(), [])
    judge = read_classifier(fit.as_json(Thresholds(0.0, 1.0, 2.0)))
    ours = []
    for text in TEXTS:
        read = reading(text)
        ours.append(judge.score(undenied(read, list(matches(read)))))
    assert ours == pytest.approx(fit.scores(TEXTS).tolist(), abs=0.1)


def test_training_twice_gives_the_same_file():
    first, second = (Fit(read_own(), []).as_json(Thresholds(0.0, 1.0, 2.0)) for _ in range(2))
    assert first == second
