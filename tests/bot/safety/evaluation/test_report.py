import json

import pytest

from bot.safety import Assessment, BatchError, RiskLevel, assess, report
from bot.safety.evaluation.report import interval

ROWS = [
    ("我不想活了", ["被动自杀意图"]),
    ("我站在楼顶，我要跳了", ["自杀计划"]),
    ("周末去爬山", ["自杀计划"]),
    ("今天下雨了", ["与自杀/自伤/攻击行为无关"]),
    ("我想自杀", ["与自杀/自伤/攻击行为无关"]),
]


def lines(rows=ROWS):
    return [json.dumps({"text": text, "labels": labels}) for text, labels in rows]


def test_recall_and_false_positives_are_counted_against_the_labels():
    told = list(report(lines()))
    assert told[0] == "5 texts, 3 positive"
    assert told[1].startswith("recall, concern or above: 2/3 = 66.7%")
    assert told[2].startswith("false positives, concern or above: 1/2 = 50.0%")
    assert any(line.startswith("plan, preparation, attempt: high or above: 1/2") for line in told)
    assert "自杀计划: 2, 1 / 0 / 0 / 1" in told


def test_levels_of_lines_and_talks_are_counted_for_each_reader():
    talk = {
        "messages": [
            {"role": "user", "content": "今天下雨了", "level": "none"},
            {"role": "user", "content": "我想自杀", "level": "high"},
        ]
    }
    lines = [
        {"text": "我不想活了", "level": "high"},
        {"text": "周末去爬山", "level": "high"},
        {"text": "今天下雨了", "level": "none"},
        talk,
    ]
    readers = {
        "one": assess,
        "other": lambda said, standing: Assessment(RiskLevel.NONE),
    }
    told = list(report(map(json.dumps, lines), readers))
    other = told.index("-- other")
    assert told[:2] == ["-- one", "3 lines, 2 messages in talks"]
    assert told[2].startswith("lines: high or above, at high or above: 1/2 = 50.0%")
    assert any(line.startswith("talks: escalations at their level: 1/1") for line in told[:other])
    assert any(line.startswith("talks: escalations at their level: 0/1") for line in told[other:])


def test_the_report_holds_no_text():
    assert all(text not in "\n".join(report(lines())) for text, _ in ROWS)


def test_a_line_without_labels_is_named_without_its_text():
    with pytest.raises(BatchError, match='line 2: expected "labels"') as caught:
        list(report([*lines()[:1], '{"text": "我的秘密"}']))
    assert "秘密" not in str(caught.value)


def test_a_report_of_nothing_says_so():
    assert "recall, concern or above: no such texts" in list(report([]))


def test_an_interval_holds_the_share_and_is_the_same_every_time():
    hits = [True] * 90 + [False] * 10
    low, high = interval(hits)
    assert 0.8 < low < 0.9 < high < 0.97
    assert interval(hits) == (low, high)
