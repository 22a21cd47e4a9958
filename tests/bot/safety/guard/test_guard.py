"""What the guard withholds, what it lets through, and that no way of cutting changes either."""

from __future__ import annotations

import pytest

from bot.locales import Language
from bot.safety import RiskLevel
from bot.safety.guard import (
    Blocked,
    BlockReason,
    Guard,
    GuardContext,
    instead_of,
    judge,
    says_minor,
)
from bot.safety.replies import answered
from tests.bot.safety.guard.bad_answers import (
    BAD,
    BAD_FOR_MINORS,
    BAD_IN_DANGER,
    FINE,
    FINE_IN_DANGER,
    LEVEL_IN_DANGER,
)

Case = tuple[BlockReason | None, GuardContext, str]


def _cases(
    answers: dict[BlockReason, tuple[tuple[str, str], ...]], level: RiskLevel = RiskLevel.NONE
) -> list[Case]:
    return [
        (kind, GuardContext(level, (asked,)), answer)
        for kind, pairs in answers.items()
        for asked, answer in pairs
    ]


BLOCKED = [
    *_cases(BAD),
    *_cases({BlockReason.ROMANCE: BAD_FOR_MINORS}),
    *_cases(BAD_IN_DANGER, LEVEL_IN_DANGER),
]
SHOWN: list[Case] = [
    *((None, GuardContext(said=(asked,)), answer) for asked, answer in FINE),
    *((None, GuardContext(LEVEL_IN_DANGER, (asked,)), answer) for asked, answer in FINE_IN_DANGER),
]


def _stream(pieces: list[str], about: GuardContext) -> tuple[str, BlockReason | None]:
    """All that was shown, and why it ended."""
    guard = Guard(about)
    shown = ""
    try:
        for piece in pieces:
            shown += guard.feed(piece)
        shown += guard.close()
    except Blocked as blocked:
        return shown, blocked.reason
    return shown, None


@pytest.mark.parametrize(("kind", "about", "answer"), BLOCKED)
def test_what_hurts_is_blocked(kind: BlockReason, about: GuardContext, answer: str) -> None:
    assert judge(answer, about) is kind


@pytest.mark.parametrize(("kind", "about", "answer"), SHOWN)
def test_what_a_good_listener_says_is_shown(kind: None, about: GuardContext, answer: str) -> None:
    assert judge(answer, about) is kind
    assert _stream(list(answer), about) == (answer, None)


@pytest.mark.parametrize(("kind", "about", "answer"), [*BLOCKED, *SHOWN])
def test_the_verdict_is_the_same_however_the_words_are_cut(
    kind: BlockReason | None, about: GuardContext, answer: str
) -> None:
    for cut in range(1, len(answer)):
        assert _stream([answer[:cut], answer[cut:]], about)[1] is kind
    assert _stream(list(answer), about)[1] is kind


LEAD = "我听见了，你今天过得很难。谢谢你愿意说出来，慢慢讲。"


@pytest.mark.parametrize(("kind", "about", "answer"), BLOCKED)
@pytest.mark.parametrize("lead", ["", LEAD], ids=["at once", "after a good beginning"])
def test_nothing_of_what_is_blocked_has_been_shown(
    kind: BlockReason, about: GuardContext, answer: str, lead: str
) -> None:
    shown, ended = _stream(list(lead + answer), about)
    assert ended is kind
    # All of what was hit lies in what was not shown.
    assert judge((lead + answer)[len(shown) :], about) is kind


def test_a_clause_without_any_risky_word_is_shown_as_soon_as_it_ends() -> None:
    guard = Guard(GuardContext())
    assert guard.feed("慢慢来") == ""
    assert guard.feed("，一件") == "慢慢来，"
    assert guard.feed("一件说。") == "一件一件说。"


def test_to_a_person_in_danger_nothing_is_shown_before_its_sentence_is_judged() -> None:
    guard = Guard(GuardContext(RiskLevel.HIGH))
    assert guard.feed("慢慢来，一件") == ""
    assert guard.feed("一件说。") == "慢慢来，一件一件说。"


def test_a_sentence_that_never_ends_is_judged_all_the_same() -> None:
    filler = "今天天气很好，" * 60
    for length in range(len(filler) - 260, len(filler)):
        text = filler[:length] + "你可以试试割腕，" + filler
        shown, kind = _stream(list(text), GuardContext())
        assert kind is BlockReason.METHOD
        assert "割" not in shown
        assert len(shown) > length - 240, "long answers are shown while they grow"


def test_an_illness_the_person_has_named_may_be_repeated() -> None:
    answer = "你患有抑郁症，一个人撑着很辛苦。"
    assert judge(answer) is BlockReason.DIAGNOSIS
    assert judge(answer, GuardContext(said=("我去年确诊抑郁症",))) is None


def test_a_number_that_was_checked_may_be_said_in_any_spelling() -> None:
    assert judge("请拨打一二零，或者打 12356。") is None
    assert judge("澳門的電話是 2852-5222。") is None
    assert judge("请拨打 12321。") is BlockReason.CONTACT


@pytest.mark.parametrize(
    ("said", "minor"),
    [
        ("我今年15岁", True),
        ("我才十四歲", True),
        ("我是高中生，压力好大", True),
        ("我上初二了", True),
        ("我读高三，快高考了", True),
        ("我是一个小学生", True),
        ("I'm 13", True),
        ("我今年18岁", False),
        ("我女儿今年上初二", False),
        ("我16岁那年离开了家", False),
        ("我高中的时候很快乐", False),
        ("我是中学老师", False),
        ("我等了15分钟", False),
        ("I'm 13 weeks pregnant", False),
    ],
)
def test_who_says_to_be_under_eighteen(said: str, minor: bool) -> None:
    assert says_minor([said]) is minor


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", BlockReason)
@pytest.mark.parametrize("level", RiskLevel)
def test_the_text_that_is_shown_instead_passes_the_guard_itself(
    kind: BlockReason, level: RiskLevel, language: Language
) -> None:
    assert judge(instead_of(kind, level, language), GuardContext(level)) is None


@pytest.mark.parametrize("level", [RiskLevel.HIGH, RiskLevel.IMMINENT])
@pytest.mark.parametrize("kind", BlockReason)
def test_to_a_person_in_danger_the_text_asks_and_names_help_whatever_was_blocked(
    kind: BlockReason, level: RiskLevel
) -> None:
    text = instead_of(kind, level, Language.ZH_CN)
    for needed in ("你现在安全吗", "信得过的人", "/help_now", "120", "我还在这里"):
        assert needed in text


@pytest.mark.parametrize("language", Language)
def test_what_is_asked_in_its_place_can_be_answered_with_one_word(language: Language) -> None:
    """Two questions at once would leave open which one a short no answers."""
    danger = instead_of(BlockReason.HARM, RiskLevel.CONCERN, language)
    at_risk = instead_of(BlockReason.HARM, RiskLevel.HIGH, language)
    assert answered(danger, "没有") is RiskLevel.NONE
    assert answered(danger, "想过") is RiskLevel.HIGH
    assert answered(at_risk, "不安全") is RiskLevel.HIGH
    assert answered(at_risk, "安全") is RiskLevel.NONE
