"""What was read lately is not read again, and holds no more than it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety import RiskLevel, Utterance
from bot.safety.detector import FirstReader
from bot.safety.facts import TalkTurn, message_facts
from bot.safety.recent import Recent, hashed
from bot.safety.weights import weights

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = [
    Utterance("最近好累"),
    Utterance("你想过死吗？", by_bot=True),
    Utterance("想过，药都在手边"),
    Utterance("现在安全吗？", by_bot=True),
    Utterance("不知道"),
]


def value(of: str) -> Callable[[], str]:
    return lambda: of


def test_a_value_is_made_once() -> None:
    made = iter("xyz")
    recent: Recent[str] = Recent(10)
    assert [recent.get("a", lambda: next(made)) for _ in range(3)] == ["x", "x", "x"]
    assert next(made) == "y"


def test_what_was_not_used_for_longest_goes_first() -> None:
    recent: Recent[str] = Recent(10)
    for key in ("a", "b"):
        recent.get(key, value(key), size=5)
    recent.get("a", value("anew"))
    recent.get("c", value("c"), size=5)
    assert recent.get("a", value("anew")) == "a"
    assert recent.get("b", value("anew"), size=5) == "anew"


def test_a_value_larger_than_all_is_kept_alone() -> None:
    recent: Recent[str] = Recent(3)
    recent.get("a", lambda: "a")
    recent.get("b", lambda: "b", size=9)
    assert recent.get("b", lambda: "anew") == "b"
    assert recent.get("a", lambda: "anew") == "anew"


def test_the_key_of_a_text_tells_nothing_of_it() -> None:
    assert hashed("我想死") == hashed("我想死") != hashed("我想活")
    assert "我想死".encode() not in hashed("我想死")


def test_a_talk_is_read_alike_the_second_time_and_after_another_began_it() -> None:
    fresh, used = FirstReader(weights()), FirstReader(weights())
    for end in range(1, len(SAID) + 1):
        used.read(SAID[:end], RiskLevel.CONCERN)
    for standing in RiskLevel:
        assert used.read(SAID, standing) == FirstReader(weights()).read(SAID, standing)
    assert fresh.read(SAID) == used.read(SAID) == used.read(SAID)


def test_a_message_is_read_with_what_it_answers() -> None:
    reader = FirstReader(weights())
    asked = [Utterance("最近好累"), Utterance("你想过伤害自己吗？", by_bot=True), Utterance("嗯")]
    assert reader.read([asked[0], asked[2]]).level < RiskLevel.HIGH
    assert reader.read(asked).level is RiskLevel.HIGH
    assert reader.read([asked[0], asked[2]]).level < RiskLevel.HIGH


def test_no_words_stand_in_what_is_shown_of_facts() -> None:
    facts = message_facts("药在手边，我想跳楼")
    shown = repr(TalkTurn(facts, (facts,), question="你在哪里？"))
    assert "药" not in shown
    assert "哪" not in shown
