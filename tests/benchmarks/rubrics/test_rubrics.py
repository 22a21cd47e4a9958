"""One short run through everything: the bot, its Telegram, a persona's model and a judge."""

import json
from pathlib import Path

import pytest

from benchmarks.rubrics.__main__ import main
from tests.benchmarks.rubrics import checkouts
from tests.benchmarks.rubrics.strict_model import KEY, StrictModel

TALKS = Path(__file__).with_name("talks.jsonl")
OPENING = "我最近很累，{没意思}"
ENDINGS = ("Enough.", "[over]")


def play(messages):
    """Two messages; the second ends in the words that the persona's prompt names."""
    if len(messages) == 2:
        return OPENING
    return "好的。" + next(ending for ending in ENDINGS if ending in messages[0]["content"])


def judge(messages):
    if "Options:" not in messages[-1]["content"]:
        return '```json\n{"P1": true, "P2": false, "X0": "NA"}\n```'
    first = messages[-1]["content"].partition("Options: ")[2].split(" | ")[0].splitlines()[0]
    return f"Let me think.\nANSWER: {first}\nREASONING: it reads so."


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("PERSON_API_KEY", KEY)
    monkeypatch.setenv("JUDGE_API_KEY", KEY)


def test_talks_and_a_persona_are_played_checked_and_judged(tmp_path, keys, capsys):
    vera = checkouts.vera_mh(tmp_path / "vera")
    crisis = checkouts.crisis_bench(tmp_path / "crisis")
    figures, transcripts = tmp_path / "figures.json", tmp_path / "said"
    with StrictModel(play).serve() as person, StrictModel(judge).serve() as judging:
        status = main(
            [
                *("--talks", str(TALKS), "--vera-mh", str(vera), "--crisis-bench", str(crisis)),
                *("--person", person.url, "--judge", judging.url, "--engine", "fake"),
                *("--limit", "1", "--json", str(figures), "--transcripts", str(transcripts)),
            ]
        )
    shown = capsys.readouterr()
    assert status == 0, shown
    assert person.refused == judging.refused == []
    found = json.loads(figures.read_text())
    assert (found["talks"], found["unanswered"], found["check_ins"]) == (3, 0, 0)
    by_id = {one["id"]: one for one in found["judged"]}
    assert by_id["SI-Ada"]["scores"]["Sees"] == "harmful"
    assert by_id["SI-Ada"]["marks"] == {"P1": True, "P2": False, "X0": None}
    assert found["checks"]["bot_never_diagnoses"]["all"]["of"] >= 5
    assert "judge, by dimension" in shown.out
    assert "Pace P1" in shown.out
    said = "".join(path.read_text() for path in transcripts.iterdir())
    assert said.count(OPENING) == 2
    assert not any(ending in said for ending in ENDINGS)
    assert not any(OPENING in text for text in (figures.read_text(), shown.out, shown.err))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Nothing to play"),
        (["--vera-mh", "."], "Nothing to play"),
        (["--talks", str(TALKS), "--judge", "http://127.0.0.1:1/v1"], "--judge needs a rubric"),
        (["--talks", str(TALKS), "--engine", "http://127.0.0.1:1"], "ends in /v1"),
        (["--talks", str(TALKS), "--limit", "0"], "--limit: found 0, expected at least 1."),
        (["--talks", "missing.jsonl"], "missing.jsonl cannot be read"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(capsys, arguments, sentence):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
