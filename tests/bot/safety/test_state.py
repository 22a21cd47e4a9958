"""How long danger is kept in mind, and which words say that it is over for now."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.safety import RiskLevel, ends_of, level_at, says_safe, takes_back

MONDAY = datetime(2026, 1, 5, 22, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("seen", "days", "level"),
    [
        (RiskLevel.IMMINENT, 0.99, RiskLevel.IMMINENT),
        (RiskLevel.IMMINENT, 1, RiskLevel.HIGH),
        (RiskLevel.IMMINENT, 3.99, RiskLevel.HIGH),
        (RiskLevel.IMMINENT, 4, RiskLevel.CONCERN),
        (RiskLevel.IMMINENT, 10.99, RiskLevel.CONCERN),
        (RiskLevel.IMMINENT, 11, RiskLevel.NONE),
        (RiskLevel.HIGH, 0, RiskLevel.HIGH),
        (RiskLevel.HIGH, 3, RiskLevel.CONCERN),
        (RiskLevel.HIGH, 10, RiskLevel.NONE),
        (RiskLevel.CONCERN, 6.99, RiskLevel.CONCERN),
        (RiskLevel.CONCERN, 7, RiskLevel.NONE),
        (RiskLevel.NONE, 0, RiskLevel.NONE),
    ],
)
def test_danger_fades_step_by_step(seen: RiskLevel, days: float, level: RiskLevel) -> None:
    assert level_at(ends_of(seen, MONDAY), MONDAY + days * DAY) is level


@pytest.mark.parametrize(
    "words",
    [
        "我现在安全",
        "我安全了",
        "现在很安全。",
        "已经安全了",
        "我現在安全了！",
        "I'm safe now",
        "i’m safe",
        "我现在安全啦~",
    ],
)
def test_a_message_that_says_i_am_safe_counts_as_the_button(words: str) -> None:
    assert says_safe(words)


@pytest.mark.parametrize(
    "words",
    [
        "我不安全",
        "我现在安全吗",
        "我现在安全了，可是还是想死",
        "别人都安全了",
        "安全感",
        "不太安全",
        "I'm not safe",
        "safe word",
        "",
    ],
)
def test_anything_more_or_else_does_not(words: str) -> None:
    assert not says_safe(words)


@pytest.mark.parametrize(
    "words",
    [
        "开玩笑的",
        "我开玩笑的啦",
        "刚才是气话",
        "剛才是氣話，別當真",
        "说着玩的。别担心",
        "当我没说",
        "我不会去做的",
        "just kidding",
        "I didn't mean it.",
    ],
)
def test_a_message_that_takes_back_what_was_said_is_known(words: str) -> None:
    assert takes_back(words)


@pytest.mark.parametrize(
    "words",
    [
        "我没开玩笑",
        "不是开玩笑",
        "你在开玩笑吗",
        "开玩笑的，药已经吃了",
        "他说我是开玩笑",
        "气死我了",
        "我会做的",
        "not kidding",
        "",
    ],
)
def test_what_says_more_or_else_takes_nothing_back(words: str) -> None:
    assert not takes_back(words)
