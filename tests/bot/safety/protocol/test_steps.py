"""The protocol as a state machine: whatever is said, what comes next is right in its kind."""

import itertools
from dataclasses import replace
from random import Random

import pytest

from bot.locales import Language
from bot.locales.crisis import crisis_texts_for
from bot.safety import (
    HELPED,
    Danger,
    RiskLevel,
    Step,
    TalkState,
    Told,
    asked_by_card,
    concern_step,
    is_followed_up,
    next_step,
    spoken,
    spoken_again,
    told_by,
)
from bot.safety.protocol.paths import SAY, paths
from bot.safety.protocol.steps import READ
from bot.safety.protocol.told import signs
from tests.bot.safety.protocol.talks import said, walk

CARDED = [RiskLevel.HIGH, RiskLevel.IMMINENT]
SAYINGS = [
    "嗯",
    "没有",
    "不知道",
    "就我一个人",
    "我室友在隔壁",
    "在宿舍",
    "在天台",
    "刀就在手里",
    "放下了",
    "已经吃了一瓶安眠药",
    "今晚吧",
    "没人可以找",
    "打给我妈了",
    "没人接",
    "她在路上了",
    "打了120",
    "不想去医院",
    "好怕",
    "再见",
    "谢谢你，晚安",
    "去睡了",
    "他在砸门",
    "他出去了",
    "流血了",
    "今天吃什么",
    "我想死",
    "随便",
    "……",
    "no",
    "alone",
]


@pytest.mark.parametrize("level", CARDED)
@pytest.mark.parametrize("danger", Danger)
def test_whatever_is_said_no_question_comes_twice_or_after_its_answer(
    danger: Danger, level: RiskLevel
) -> None:
    chance = Random(f"{danger}{level}")
    for _ in range(30):
        steps = walk(danger, level, chance.choices(SAYINGS, k=25))
        for state, told, step in steps:
            assert step.id, "there always is a next step"
            assert bool(step.question) is not bool(step.words)
            if step.question is not None:
                assert step.question not in state.asked
                assert step.question not in state.answers
                assert step.question not in told.answers
        assert all(one[2].id != other[2].id for one, other in itertools.pairwise(steps))


@pytest.mark.parametrize("danger", Danger)
@pytest.mark.parametrize("plea", ["别问我了", "能不能不要再问了", "别再问了好吗", "stop asking"])
def test_after_the_plea_not_to_be_asked_nothing_is_asked(danger: Danger, plea: str) -> None:
    chance = Random(danger)
    before = chance.choices(SAYINGS, k=3)
    steps = walk(danger, RiskLevel.HIGH, [*before, plea, *chance.choices(SAYINGS, k=12)])
    assert steps[3][2].words == "no_more_questions"
    for _, _, step in steps[4:]:
        assert step.question is None
        text = spoken(step, Language.ZH_CN)
        assert "？" not in text


@pytest.mark.parametrize(
    ("danger", "level", "words", "question"),
    [
        (Danger.SUICIDE, RiskLevel.HIGH, "就我一个人", "reach"),
        (Danger.SUICIDE, RiskLevel.IMMINENT, "就我一个人", "taken"),
        (Danger.SUICIDE, RiskLevel.IMMINENT, "我室友在隔壁", "show_them"),
        (Danger.SUICIDE, RiskLevel.HIGH, "我在天台", "move_high"),
        (Danger.SUICIDE, RiskLevel.HIGH, "刀就在手里", "put_away"),
        (Danger.SUICIDE, RiskLevel.IMMINENT, "已经吃了一瓶药", "called"),
        (Danger.SUICIDE, RiskLevel.HIGH, "没人可以找", "stranger"),
        (Danger.SUICIDE, RiskLevel.HIGH, "谢谢你，再见了", "goodbye"),
        (Danger.BODY, RiskLevel.IMMINENT, "打了120", "door_open"),
        (Danger.VIOLENCE, RiskLevel.IMMINENT, "门被堵着，出不去", "quiet"),
        (Danger.VIOLENCE, RiskLevel.HIGH, "他就在门外", "leave"),
        (Danger.THREAT, RiskLevel.HIGH, "在", "threat_move"),
        (Danger.VOICES, RiskLevel.HIGH, "嗯", "voices_obey"),
        (Danger.OTHER, RiskLevel.HIGH, "没有", "other_done"),
        (Danger.EATING, RiskLevel.HIGH, "会", "who_goes"),
    ],
)
def test_an_answer_leads_where_it_should(
    danger: Danger, level: RiskLevel, words: str, question: str
) -> None:
    [(_, _, step)] = walk(danger, level, [words])
    assert step.question == question


@pytest.mark.parametrize(
    ("danger", "words", "other"),
    [
        (Danger.VIOLENCE, "我不敢报警", "reach"),
        (Danger.ASSAULT, "没人可以找", "stranger"),
        (Danger.VOICES, "它叫我去死", "when"),
    ],
)
def test_what_was_not_asked_leads_to_no_question_of_another_danger(
    danger: Danger, words: str, other: str
) -> None:
    [(_, _, step)] = walk(danger, RiskLevel.HIGH, [words])
    assert step.question != other
    assert step.question in paths().paths[danger, RiskLevel.HIGH]


def test_what_is_answered_in_general_counts_for_the_question_of_the_danger() -> None:
    [(_, _, step)] = walk(Danger.OTHER, RiskLevel.HIGH, ["打了120"])
    assert step.question == "other_done"
    [*_, (_, _, step)] = walk(Danger.VIOLENCE, RiskLevel.HIGH, ["没人知道"])
    assert step.question == "code_word"


def test_who_was_asked_openly_is_not_asked_again_at_high() -> None:
    step = next_step(TalkState(asked=("ask_openly", "safe")), RiskLevel.HIGH, Told())
    assert step.question not in (None, "meant")


def test_what_was_said_openly_is_not_asked_about() -> None:
    [(_, _, step)] = walk(Danger.SUICIDE, RiskLevel.HIGH, ["我不想活了"])
    assert step.question != "meant"


def test_a_farewell_is_asked_about_and_what_it_was_counts() -> None:
    *_, (_, _, first), (_, _, night) = walk(
        Danger.SUICIDE, RiskLevel.HIGH, ["再见", "去睡了", "没有"]
    )
    assert (first.question, night.words) == ("taken", "goodnight")
    *_, (_, _, first), (_, _, farewell) = walk(
        Danger.SUICIDE, RiskLevel.HIGH, ["再见", "是告别", "没有"]
    )
    assert (first.question, farewell.question) == ("taken", "stay_awake")


def test_what_helped_is_heard() -> None:
    state = TalkState(asked=("alone", HELPED))
    for step in (
        next_step(state, RiskLevel.HIGH, told_by("给我妈打了电话", state.danger, HELPED)),
        concern_step(state, told_by("睡了一觉", state.danger, HELPED)),
    ):
        assert step.words == "helped_noted"


def test_what_was_said_is_taken_up_once() -> None:
    steps = [step for _, _, step in walk(Danger.SUICIDE, RiskLevel.HIGH, ["我好怕"] * 3)]
    assert [step.heard for step in steps] == ["afraid", None, None]


@pytest.mark.parametrize(
    ("words", "feeling", "question"),
    [
        ("活着好累", "tired_of_life", "ask_openly"),
        ("都是我的错，我不配", "self_blame", "ask_openly"),
        ("我就是大家的累赘", "burden", "ask_openly"),
        ("看不到希望", "hopeless", "ask_openly"),
        ("我爸喝了酒就打我", "abuse_told", "harm_again"),
        ("我朋友说她不想活了", "worry_other", "how_is_other"),
        ("五天没吃东西了", "eating", "ask_openly"),
        ("被骗了二十万，积蓄都没了", "money", "ask_openly"),
        ("歌词里说想消失", "quoted", "meant_or_quoted"),
        ("如果醒不过来就好了", "disappear", "ask_openly"),
        ("随便说说", "other", "ask_openly"),
    ],
)
def test_a_concern_is_met_with_its_feeling_and_the_open_question(
    words: str, feeling: str, question: str
) -> None:
    step = concern_step(TalkState(), told_by(words, Danger.SUICIDE))
    assert (step.feeling, step.question) == (feeling, question)


def test_a_concern_is_followed_up_a_few_times_and_never_repeats() -> None:
    state, steps = TalkState(), []
    for words in ["活着好累", "嗯", "没什么", "不知道", "随便", "活着好累", "好累"]:
        told = told_by(words, Danger.SUICIDE, state.last_asked)
        step = concern_step(state, told)
        steps.append(step)
        state = said(state, step, told)
    questions = [step.question for step in steps if step.question]
    assert questions == ["ask_openly", *paths().follow_ups["ask_openly"]]
    assert all(one.id != other.id for one, other in itertools.pairwise(steps))


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["歌词里说想消失", "就是歌词而已"], ["meant_or_quoted"]),
        (["我爸喝了酒就打我", "安全"], ["harm_again", "can_come_near"]),
        (["我朋友说她不想活了", "她割过腕"], ["how_is_other", "other_asked"]),
        (["活着好累", "嗯"], ["ask_openly", "since_when"]),
    ],
)
def test_what_follows_a_concern_is_of_its_kind(words: list[str], asked: list[str]) -> None:
    state = TalkState()
    for one in words:
        told = told_by(one, Danger.SUICIDE, state.last_asked)
        step = concern_step(state, told)
        state = said(state, step, told)
        assert is_followed_up(state) == (step.question is not None)
    assert [
        one for one in state.asked if one in crisis_texts_for(Language.ZH_CN).questions
    ] == asked


def test_paths_and_texts_have_the_same_questions() -> None:
    known = paths()
    leads = {
        lead
        for led in known.leads.values()
        for answers in led.values()
        for several in answers.values()
        for lead in several
    }
    leading = {question for led in known.leads.values() for question in led}
    asked = {question for path in known.paths.values() for question in path}
    asked |= {*known.back.values(), *itertools.chain.from_iterable(known.help.values())}
    asked |= {
        *known.follow_ups,
        *(one for several in known.follow_ups.values() for one in several),
        *leading,
        *leads,
        *known.leads_at_concern,
        *(lead for led in known.leads_at_concern.values() for to in led.values() for lead in to),
    }
    said = {lead.removeprefix(SAY) for lead in asked if lead.startswith(SAY)}
    asked = {one for one in asked if not one.startswith(SAY)} - {"in_care", "eased"}
    asked |= {one for danger in Danger for level in CARDED for one in asked_by_card(level, danger)}
    texts = crisis_texts_for(Language.ZH_CN)
    assert asked <= set(texts.questions)
    rest = {words for several in known.rest.values() for words in several}
    rest |= {*known.rest_at_concern, *known.rest_eased, *known.asides.values()}
    assert rest | said <= set(texts.words)
    assert {*known.first, *known.moot, *known.anew, *itertools.chain(*known.same)} <= asked
    unused = set(texts.questions) - asked
    assert unused == {"left_place", "left_means"}, "asked of who says that they are safe"
    assert set(known.paths) == set(known.rest) == set(itertools.product(Danger, CARDED))
    assert set(known.back) == set(known.help) == set(Danger)


@pytest.mark.parametrize("language", Language)
def test_what_takes_up_a_message_has_its_words(language: Language) -> None:
    texts = crisis_texts_for(language)
    assert {one.id for one in signs()["heard"]} | {*READ} == set(texts.heard)
    assert {one.id for one in signs()["feeling"]} | {"other"} == set(texts.feelings)


@pytest.mark.parametrize("language", Language)
def test_a_step_in_place_of_a_card_says_whom_to_call(language: Language) -> None:
    for danger, level, number in itertools.product(Danger, CARDED, range(3)):
        step = next_step(TalkState(danger), level, told_by("好怕", danger))
        step = replace(step, aside=None)
        text = spoken_again(step, level, danger, number, language)
        heard, whom, question = text.split("\n\n")
        assert heard == crisis_texts_for(language).heard["afraid"]
        assert any(word in whom for word in ("1", "当地", "當地", "local", "/help_now"))
        assert question == spoken(Step(question=step.id), language)
