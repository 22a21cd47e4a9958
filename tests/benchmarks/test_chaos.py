"""A short run through everything that can be killed, and the rules by which runs are judged."""

import json

import pytest

from benchmarks.chaos import __main__ as chaos
from benchmarks.chaos.environment import Target
from benchmarks.chaos.plan import make_plan
from benchmarks.chaos.silence import silence_in
from benchmarks.chatlog import ChatLog, SentMessage, ShownText, StoredTurn
from devtools.engines.paced import answer_mark
from tests.benchmarks.test_accounting import RULES

SHORT = ("--chats", "16", "--turns", "24", "--kills", "4", "--patience", "60")


@pytest.mark.timeout(400)  # on a machine that has much else to do
@pytest.mark.parametrize(
    "setup", [("--setup", "sqlite"), ("--setup", "postgres", "--replicas", "2")], ids=" ".join
)
def test_nothing_is_lost_or_said_twice_while_parts_are_killed(tmp_path, capsys, setup):
    figures = tmp_path / "figures.json"

    status = chaos.main([*setup, *SHORT, "--seed", "7", "--json", str(figures)])

    captured = capsys.readouterr()
    assert status == 0, captured
    found = json.loads(figures.read_text())
    assert found["kills"] == 4
    assert found["answered"] == found["turns"] > 0
    assert found["lost"] == found["twice"] == found["out_of_order"] == 0
    assert "kept every promise" in captured.out


def plan(seed, **changes):
    size = {"setup": "postgres", "chats": 10, "turns": 100, "kills": 20, "replicas": 3}
    return make_plan(seed, **(size | changes))


def test_the_seed_alone_decides_what_happens():
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_everything_there_is_gets_killed():
    kills = [fault for fault in plan(3).faults if fault.kind == "kill"]
    assert len(kills) == 20
    assert {kill.target for kill in kills} == {"bot", "engine", "postgres", "redis"}
    assert {kill.target for kill in plan(3, setup="sqlite").faults if kill.kind == "kill"} == {
        "bot",
        "engine",
    }


def test_no_two_messages_are_the_same():
    texts = [text for script in plan(4).scripts for step in script for text in step.texts]
    assert len(texts) == len(set(texts)) >= 100


SAID = [SentMessage(1, "睡不着", 10.0)]
MARK = answer_mark("睡不着")


def silence(shown, signs=(), away=()):
    turns = [StoredTurn(1, "睡不着", "answered", 2, (MARK,))]
    targets = []
    for name, gap in away:
        targets.append(Target(name, None, away=[gap]))
    return silence_in(ChatLog(SAID, shown, turns), signs, targets, RULES)


def test_silence_lasts_until_the_next_sign_of_life():
    found = silence([ShownText(2, MARK, 20.0, finished=True)], signs=[11.0, 14.0, 30.0])
    assert found.gaps == [6.0]
    assert found.to_final == [10.0]


@pytest.mark.parametrize(
    ("shown_at", "text", "away", "told", "untold"),
    [
        (12.0, "暂时连不上", [("engine", (9.0, 20.0))], 1, 0),
        (17.0, "暂时连不上", [("engine", (9.0, 20.0))], 0, 1),
        (12.0, "…", [("engine", (9.0, 20.0))], 0, 1),
        (17.0, "暂时连不上", [("engine", (9.0, 12.0))], 0, 0),
        (17.0, "暂时连不上", [("engine", (9.0, 20.0)), ("postgres", (9.0, 20.0))], 0, 0),
    ],
)
def test_who_writes_while_only_the_engine_is_away_has_to_be_told(
    shown_at, text, away, told, untold
):
    shown = [ShownText(2, text, shown_at, False), ShownText(2, MARK, 25.0, finished=True)]
    found = silence(shown, away=away)
    assert (found.told, found.untold) == (told, untold)
