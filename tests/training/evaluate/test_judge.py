"""A judge over a real socket: asked properly, believed only where it answers properly."""

import json
from collections import Counter

import pytest

from tests.training.evaluate.judge_server import GOOD, KEY, JudgeServer
from training.evaluate import cpsycoune, judge
from training.evaluate.config import EvaluateError, JudgeConfig
from training.evaluate.ledger import Ledger
from training.evaluate.report import Metric


@pytest.fixture
def cases(tmp_path):
    """Two made-up dialogues in CPsyCounE's layout."""
    for topic, number in (("Career", 1), ("Self-growth", 2)):
        folder = tmp_path / "cases" / topic
        folder.mkdir(parents=True)
        said = [
            f"求助者：{topic}里的烦恼",
            "支持者：愿意说说吗？",
            "求助者：不知道从哪里说起",
            "支持者：慢慢来。",
        ]
        (folder / f"{number}.json").write_text(json.dumps(said, ensure_ascii=False))
    return tmp_path / "cases"


def hold(server, cases, tmp_path, answers="我在听，{}", **changes):
    """One session: every prompt answered, every answer judged."""
    config = JudgeConfig(server.url, cases, api_key=KEY, **changes)
    prompts = cpsycoune.read_prompts(cases)
    asked = [(prompt, answers.format(prompt.id)) for prompt in prompts]
    done = []
    with Ledger(tmp_path / "judge.jsonl", {}) as ledger:
        runs = judge.sit(judge.found(config), asked, ledger, done.append)
    assert sum(done) == len(asked) * config.runs
    return runs


def test_every_answer_is_judged_in_every_run_with_what_went_before(cases, tmp_path):
    with JudgeServer().serve() as server:
        runs = hold(server, cases, tmp_path, runs=3)
    assert [[judge_score.scores for judge_score in run] for run in runs] == [[(1, 3, 2, 1)] * 4] * 3
    assert len(server.requests) == 12
    asked = [request["messages"][-1]["content"] for request in server.requests]
    late = next(text for text in asked if "cpsycoune/Career/1#3" in text)
    assert "求助者：Career里的烦恼\n支持者：愿意说说吗？\n求助者：不知道从哪里说起" in late
    assert "支持者：慢慢来" not in late  # what the supporter of the benchmark said there
    assert "树洞" not in late  # the judge judges what was said, not the model's orders


def test_the_judge_is_told_the_published_scales():
    prompt = cpsycoune.eval_prompt("a", "a", [cpsycoune.Message("user", "在吗")], "")
    system = cpsycoune.question(prompt, "我在", again=False)[0].content
    for metric, highest in cpsycoune.HIGHEST.items():
        assert f"0 到 {highest}" in system or f"0 或 {highest}" in system
        assert cpsycoune.KEYS[metric] in system
    assert dict(cpsycoune.HIGHEST) == {
        Metric.COMPREHENSIVENESS: 2,
        Metric.PROFESSIONALISM: 4,
        Metric.AUTHENTICITY: 3,
        Metric.JUDGED_SAFETY: 1,
    }


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "我觉得很好，4 分",
        '{"comprehensiveness": 1, "professionalism": 3, "authenticity": 2}',
        '{"comprehensiveness": 3, "professionalism": 3, "authenticity": 2, "safety": 1}',
        '{"comprehensiveness": -1, "professionalism": 3, "authenticity": 2, "safety": 1}',
        '{"comprehensiveness": 1.5, "professionalism": 3, "authenticity": 2, "safety": 1}',
        '{"comprehensiveness": true, "professionalism": 3, "authenticity": 2, "safety": 1}',
        '{"comprehensiveness": "1", "professionalism": 3, "authenticity": 2, "safety": 1}',
        f'{GOOD[:-1]}, "overall": 3}}',
        f"[{GOOD}]",
        f"{GOOD}\n{GOOD}",
    ],
)
def test_a_malformed_verdict_is_never_guessed_at(reply):
    assert cpsycoune.scores(reply) is None


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f" {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```JSON\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"打分如下：{GOOD}",
        f"[评分]\n{GOOD}\n以上。",
        f"<think>\n{GOOD.replace('3', '0')}，再想想\n</think>\n\n{GOOD}",
        GOOD.replace("3", "3.0"),
        f'{GOOD[:-1]}, "reason": "共情得当"}}',
    ],
)
def test_one_json_object_is_a_verdict(reply):
    assert cpsycoune.scores(reply) == (1, 3, 2, 1)


def test_a_malformed_verdict_is_asked_for_again(cases, tmp_path):
    seen = Counter()

    def stutters(messages):
        text = messages[-1]["content"]
        answer = text.partition("待评回应】")[2].partition("【")[0]
        seen[answer] += 1
        return GOOD if seen[answer] > 2 else "嗯……"

    with JudgeServer(stutters).serve() as server:
        (run,) = hold(server, cases, tmp_path, runs=1)
    assert {(judge_score.scores, judge_score.asked) for judge_score in run} == {((1, 3, 2, 1), 3)}
    reminded = [
        one for one in server.requests if "不是要求的格式" in one["messages"][-1]["content"]
    ]
    assert len(reminded) == 8


def test_a_judge_that_never_says_it_properly_is_counted(cases, tmp_path):
    with JudgeServer(lambda messages: "不好说").serve() as server:
        (run,) = hold(server, cases, tmp_path, runs=1)
    assert {(judge_score.scores, judge_score.asked) for judge_score in run} == {
        (None, judge.MAX_ATTEMPTS)
    }


def test_a_session_goes_on_where_the_judge_went_away(cases, tmp_path):
    def away(messages):
        return 400 if "Self-growth" in messages[-1]["content"] else GOOD

    with JudgeServer(away).serve() as server:
        with pytest.raises(EvaluateError, match=r"status 400.*again") as refused:
            hold(server, cases, tmp_path, runs=1, at_once=1)
        before = len(server.requests)
        server.say = lambda messages: GOOD
        (run,) = hold(server, cases, tmp_path, runs=1)
        assert {judge_score.scores for judge_score in run} == {(1, 3, 2, 1)}
        assert len(server.requests) - before == 2
    assert "烦恼" not in str(refused.value)  # the server's error echoes what it was asked


def test_no_more_requests_are_under_way_than_ordered(cases, tmp_path):
    with JudgeServer().serve() as server:
        hold(server, cases, tmp_path, runs=3, at_once=2)
    assert 1 <= server.most_at_once <= 2


def test_a_wrong_key_is_found_before_anything_is_generated(cases):
    with JudgeServer().serve() as server, pytest.raises(EvaluateError, match="status 401"):
        judge.found(JudgeConfig(server.url, cases, api_key="another"))


def test_the_report_names_the_judge_without_its_key(cases):
    with JudgeServer().serve() as server:
        found = judge.found(JudgeConfig(server.url, cases, api_key=KEY))
    assert found.name.startswith("strong-judge at 127.0.0.1:")
    assert KEY not in repr(found)


def test_a_file_that_is_no_dialogue_of_the_benchmark_is_refused(cases):
    (cases / "Career" / "9.json").write_text('["谁：说了什么"]')
    with pytest.raises(EvaluateError, match=r"9\.json") as refused:
        cpsycoune.read_prompts(cases)
    assert "说了什么" not in str(refused.value)
    with pytest.raises(EvaluateError, match="holds no CPsyCounE"):
        cpsycoune.read_prompts(cases / "Career")
