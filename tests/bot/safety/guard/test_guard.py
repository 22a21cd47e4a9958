"""What the guard withholds, what it lets through, and that no way of cutting changes either."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

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
from tests.bot.safety.naming import wrong


@dataclass(frozen=True, slots=True)
class Case:
    """An answer, to whom it is given, and why it is blocked, if it is."""

    reason: BlockReason | None
    about: GuardContext
    answer: str


def _cases(
    answers: dict[BlockReason, tuple[tuple[str, str], ...]], level: RiskLevel = RiskLevel.NONE
) -> list[Case]:
    return [
        Case(reason, GuardContext(level, (asked,)), answer)
        for reason, pairs in answers.items()
        for asked, answer in pairs
    ]


BLOCKED = [
    *_cases(BAD),
    *_cases({BlockReason.ROMANCE: BAD_FOR_MINORS}),
    *_cases(BAD_IN_DANGER, LEVEL_IN_DANGER),
]
SHOWN = [
    *(Case(None, GuardContext(said=(asked,)), answer) for asked, answer in FINE),
    *(
        Case(None, GuardContext(LEVEL_IN_DANGER, (asked,)), answer)
        for asked, answer in FINE_IN_DANGER
    ),
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


def test_what_hurts_is_blocked() -> None:
    assert wrong(BLOCKED, lambda case: judge(case.answer, case.about) is case.reason) == []


def test_what_a_good_listener_says_is_shown() -> None:
    def is_shown(case: Case) -> bool:
        streamed = _stream(list(case.answer), case.about)
        return judge(case.answer, case.about) is None and streamed == (case.answer, None)

    assert wrong(SHOWN, is_shown) == []


def test_the_verdict_is_the_same_however_the_words_are_cut() -> None:
    def is_always_the_same(case: Case) -> bool:
        cuts = range(1, len(case.answer))
        ways = [[case.answer[:cut], case.answer[cut:]] for cut in cuts]
        ways.append(list(case.answer))
        return all(_stream(pieces, case.about)[1] is case.reason for pieces in ways)

    assert wrong(BLOCKED, is_always_the_same) == []
    assert wrong(SHOWN, is_always_the_same) == []


LEAD = "我听见了，你今天过得很难。谢谢你愿意说出来，慢慢讲。"


@pytest.mark.parametrize("lead", ["", LEAD], ids=["at once", "after a good beginning"])
def test_nothing_of_what_is_blocked_has_been_shown(lead: str) -> None:
    def is_held_back(case: Case) -> bool:
        shown, ended = _stream(list(lead + case.answer), case.about)
        # All of what was hit lies in what was not shown.
        rest = (lead + case.answer)[len(shown) :]
        return ended is case.reason and judge(rest, case.about) is case.reason

    assert wrong(BLOCKED, is_held_back) == []


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


def test_the_text_that_is_shown_instead_passes_the_guard_itself() -> None:
    for reason, level, language in product(BlockReason, RiskLevel, Language):
        blocked = judge(instead_of(reason, level, language), GuardContext(level))
        assert blocked is None, (reason, level, language)


def test_to_a_person_in_danger_the_text_asks_and_names_help_whatever_was_blocked() -> None:
    for reason, level in product(BlockReason, (RiskLevel.HIGH, RiskLevel.IMMINENT)):
        text = instead_of(reason, level, Language.ZH_CN)
        for needed in ("你现在安全吗", "信得过的人", "/help_now", "120", "我还在这里"):
            assert needed in text, (reason, level)


@pytest.mark.parametrize("language", Language)
def test_what_is_asked_in_its_place_can_be_answered_with_one_word(language: Language) -> None:
    """Two questions at once would leave open which one a short no answers."""
    danger = instead_of(BlockReason.HARM, RiskLevel.CONCERN, language)
    at_risk = instead_of(BlockReason.HARM, RiskLevel.HIGH, language)
    assert answered(danger, "没有") is RiskLevel.NONE
    assert answered(danger, "想过") is RiskLevel.HIGH
    assert answered(at_risk, "不安全") is RiskLevel.HIGH
    assert answered(at_risk, "安全") is RiskLevel.NONE
