"""Where answers lead that led nowhere: a no, an unsure, a mere yes, a morning after."""

import itertools

import pytest

from bot.safety import (
    BY_OTHERS,
    Assessment,
    Axis,
    Danger,
    RiskLevel,
    TalkState,
    Told,
    Who,
    concern_step,
    help_step,
    next_step,
    read_as_answer,
    safe_step,
    told_by,
)
from bot.safety.protocol.dangers import OF_OTHERS
from bot.safety.protocol.paths import paths
from bot.safety.protocol.told import _STEPS
from tests.bot.safety.protocol.talks import said, walk

HIGH, IMMINENT = RiskLevel.HIGH, RiskLevel.IMMINENT
CARDED = [HIGH, IMMINENT]
SITUATIONS = list(itertools.product(Danger, CARDED))


def after(danger: Danger, level: RiskLevel, asked: str, words: str) -> str:
    """The id of what is said to an answer to a question."""
    state = TalkState(danger, (asked,))
    return next_step(state, level, told_by(words, danger, asked)).id


@pytest.mark.parametrize(
    ("danger", "asked", "words", "then"),
    [
        (Danger.SUICIDE, "move", "不要", "seated"),
        (Danger.SUICIDE, "move_high", "不想动", "seated"),
        (Danger.SUICIDE, "move_high", "不知道", "seated"),
        (Danger.SUICIDE, "move_high", "坐下了", "move"),
        (Danger.SUICIDE, "put_away", "不要", "leave_it"),
        (Danger.SUICIDE, "put_away", "不放", "leave_it"),
        (Danger.SUICIDE, "leave_it", "不行", "called"),
        (Danger.SUICIDE, "meant", "不是", "hardest"),
        (Danger.SUICIDE, "meant", "说不清", "taken"),
        (Danger.SUICIDE, "safe", "不知道", "alone"),
        (Danger.SUICIDE, "reach", "我妈", "do_reach"),
        (Danger.SUICIDE, "do_reach", "发了", "reached"),
        (Danger.SUICIDE, "do_reach", "不敢发", "stranger"),
        (Danger.SUICIDE, "reached", "没人接", "stranger"),
        (Danger.SUICIDE, "stranger", "不敢", "stranger_fear"),
        (Danger.SUICIDE, "show_them", "信不过", "reach"),
        (Danger.SUICIDE, "show_them", "信得过", "show_done"),
        (Danger.SUICIDE, "goodbye", "我妈回来了", "away"),
        (Danger.VOICES, "voices_obey", "忍不住", "voices_away"),
        (Danger.VOICES, "voices_whom", "我自己", "means"),
        (Danger.VOICES, "voices_whom", "别人", "voices_away"),
        (Danger.THREAT, "threat_move", "不走", "threat_door"),
        (Danger.BODY, "called", "没打", "worry_ambulance"),
        (Danger.BODY, "worry_ambulance", "没钱", "care_first_money"),
        (Danger.BODY, "worry_ambulance", "怕我爸知道", "care_first_family"),
        (Danger.BODY, "worry_ambulance", "没那么严重", "care_first_mild"),
        (Danger.VIOLENCE, "others_home", "有孩子", "child_with"),
        (Danger.VIOLENCE, "leave", "我到派出所了", "safe_here"),
        (Danger.VIOLENCE, "worry_police", "怕他报复", "police_revenge"),
        (Danger.VIOLENCE, "worry_police", "没用的", "police_useless"),
        (Danger.VIOLENCE, "code_word", "没人", "harm_line"),
        (Danger.ASSAULT, "who_knows_harm", "没人知道", "with_you"),
        (Danger.CHILD, "who_knows_harm", "没人知道", "which_adult"),
        (Danger.CHILD, "hurt_child", "很疼", "child_doctor"),
        (Danger.CHILD, "child_line", "我妈", "how_to_tell"),
        (Danger.OTHER, "other_done", "吃了药", "other_called"),
        (Danger.OTHER, "other_nearest", "没人", "other_police"),
        (Danger.OTHER, "other_where", "不知道", "other_police"),
    ],
)
def test_an_answer_that_refuses_or_tells_more_leads_on(
    danger: Danger, asked: str, words: str, then: str
) -> None:
    assert after(danger, HIGH, asked, words) == then


@pytest.mark.parametrize("words", ["嗯", "好", "好的", "能", "可以", "ok"])
@pytest.mark.parametrize(
    ("asked", "then"),
    [("move", "move_done"), ("move_high", "move_done"), ("put_away", "put_away_done")],
)
def test_who_agrees_to_a_step_has_not_taken_it(asked: str, then: str, words: str) -> None:
    told = told_by(words, Danger.SUICIDE, asked)
    assert told.answers.get(asked) == "agreed"
    assert told.heard != "done"
    step = next_step(TalkState(asked=(asked,)), HIGH, told)
    assert step.question == then
    again = next_step(TalkState(asked=(asked, then)), HIGH, told_by(words, Danger.SUICIDE, then))
    assert again.heard != "done"


@pytest.mark.parametrize("question", sorted(_STEPS))
def test_a_bare_yes_takes_no_step(question: str) -> None:
    assert told_by("嗯", Danger.SUICIDE, question).answers.get(question) == "agreed"


def test_a_place_is_left_step_by_step() -> None:
    steps = walk(Danger.SUICIDE, IMMINENT, ["没有", "嗯", "到了"], first="我在天台")
    assert [step.id for _, _, step in steps][:3] == ["move_high", "move_done", "reach"]


@pytest.mark.parametrize("words", ["冷", "……", "风大", "我怕"])
def test_a_place_is_not_let_go_of(words: str) -> None:
    steps = walk(Danger.SUICIDE, IMMINENT, ["没", words], first="天台")
    assert [step.id for _, _, step in steps] == ["move_high", "move_done"]
    steps = walk(Danger.SUICIDE, IMMINENT, ["没", "不要"], first="天台")
    assert [step.id for _, _, step in steps] == ["move_high", "seated"]


def test_a_mere_yes_is_no_step_to_be_praised_for() -> None:
    assert told_by("嗯", Danger.SUICIDE, "called").heard is None
    assert told_by("打了", Danger.SUICIDE, "called").heard == "done"


def test_who_says_no_to_dying_is_not_asked_for_the_day() -> None:
    state = TalkState(asked=("safe", "meant"), answers={"meant": "no"})
    asked = []
    for _ in range(12):
        step = next_step(state, HIGH, Told())
        asked.append(step.id)
        state = said(state, step, Told())
    assert not {"when", "how"} & set(asked)


@pytest.mark.parametrize("words", ["早", "考完了", "猫吐了", "在吗"])
@pytest.mark.parametrize(("danger", "level"), SITUATIONS)
def test_who_comes_back_is_asked_how_it_is_now_and_no_interview_begins(
    danger: Danger, level: RiskLevel, words: str
) -> None:
    state = TalkState(danger, is_back=True)
    step = next_step(state, level, told_by(words, danger))
    assert step.question == paths().back[danger]
    assert step.question not in ("taken", "safe", "meant")
    assert step.aside is None


@pytest.mark.parametrize("danger", [Danger.SUICIDE, Danger.EATING, Danger.VOICES, Danger.THREAT])
def test_who_is_better_tells_what_helped_is_offered_the_plan_and_is_left_in_peace(
    danger: Danger,
) -> None:
    state = TalkState(danger, ("morning",))
    ids = []
    for words in ("轻一点了", "睡了一觉", "嗯", "今天吃什么", "外面下雨"):
        told = told_by(words, danger, state.last_asked)
        step = next_step(state, HIGH, told)
        ids.append(step.id)
        state = said(state, step, told)
    assert ids[:2] == ["helped", "helped_noted"]
    assert all(one.startswith("stay_eased") for one in ids[2:])


@pytest.mark.parametrize("words", ["更难了", "还是难受", "差不多", "不知道"])
def test_who_is_not_better_goes_on_along_the_path(words: str) -> None:
    assert after(Danger.SUICIDE, HIGH, "morning", words) == "safe"


@pytest.mark.parametrize("danger", sorted(BY_OTHERS))
def test_a_beaten_person_meets_no_path_of_another_danger_in_the_morning(danger: Danger) -> None:
    assert after(danger, HIGH, "morning_harm", "更危险了") == "near"
    assert after(danger, HIGH, "morning_harm", "安全一点") == "harm_better"
    state = TalkState(danger, ("morning_harm",))
    ids = set()
    for words in ("差不多", "他在", "嗯", "不知道", "还好", "没有", "随便", "嗯"):
        told = told_by(words, danger, state.last_asked)
        step = next_step(state, HIGH, told)
        ids.add(step.id)
        state = said(state, step, told)
    assert not ids & {"meant", "alone", "show_them", "reach", "taken", "means"}


def test_good_news_is_heard_at_any_time() -> None:
    [(_, _, step)] = walk(Danger.SUICIDE, HIGH, ["好多了"])
    assert (step.heard, step.question) == ("better", "helped")
    [(_, _, step)] = walk(Danger.SUICIDE, IMMINENT, ["我在医院了"])
    assert (step.heard, step.question) == ("at_hospital", "told_doctor")
    [(_, _, step)] = walk(Danger.BODY, IMMINENT, ["没什么感觉，挺好的"])
    assert step.heard == "feels_fine"
    assert step.question != "helped", "who feels fine after pills is not well"


@pytest.mark.parametrize(
    ("words", "helped"),
    [
        ("给我妈打了个电话", "helped_noted"),
        ("听歌", "helped_noted"),
        ("没什么，就是哭累了", "helped_nothing"),
        ("不知道", "helped_nothing"),
        ("没有", "helped_nothing"),
    ],
)
def test_what_helped_is_told_and_not_guessed(words: str, helped: str) -> None:
    for step in (next_step, concern_step):
        told = told_by(words, Danger.SUICIDE, "helped")
        state = TalkState(asked=("helped",))
        said_ = step(state, HIGH, told) if step is next_step else concern_step(state, told)
        assert said_.words == helped
    assert not told_by("我妈又骂我了", Danger.SUICIDE, "helped").tells_what_helped


@pytest.mark.parametrize(("danger", "level"), SITUATIONS)
def test_it_is_said_once_why_it_speaks_so_and_that_it_will_ask(
    danger: Danger, level: RiskLevel
) -> None:
    state = TalkState(danger, ("safe",), is_asked_after=True)
    asides = []
    for _ in range(5):
        step = next_step(state, level, Told())
        asides.append(step.aside)
        state = TalkState(danger, (*state.asked, *step.said), is_asked_after=True)
    expected = ["why_prepared"] if danger in BY_OTHERS else ["why_prepared", "check_in_soon"]
    assert [one for one in asides if one] == expected


@pytest.mark.parametrize("words", ["别来", "不要来", "你别来问我", "don't"])
def test_a_check_in_can_be_refused_beforehand(words: str) -> None:
    step = next_step(TalkState(), HIGH, told_by(words, Danger.SUICIDE))
    assert step.words == "check_in_off"


@pytest.mark.parametrize("words", ["那我该怎么办", "你怎么不说话了", "救救我"])
def test_who_calls_on_the_bot_is_asked_again(words: str) -> None:
    state = TalkState(asked=("safe", "no_more_questions"), answers={"stop": "yes"})
    assert next_step(state, HIGH, told_by(words, Danger.SUICIDE)).question is not None
    assert next_step(state, HIGH, told_by("没人帮我", Danger.SUICIDE)).question is None


LONG = "我妈今天又翻我的手机，然后在饭桌上当着全家人的面念出来"


@pytest.mark.parametrize(("danger", "level"), SITUATIONS)
def test_what_no_pattern_knows_is_taken_up_too(danger: Danger, level: RiskLevel) -> None:
    heard = [step.heard for _, _, step in walk(danger, level, [LONG] * 4)]
    assert heard[:3] == ["read_1", "read_2", "read_3"]
    [(_, _, step)] = walk(danger, level, ["嗯"])
    assert step.heard is None


def test_an_open_question_is_answered_in_ones_own_words() -> None:
    told = told_by("怕一个人待在家里", Danger.SUICIDE, "hardest")
    assert told.is_long


@pytest.mark.parametrize("danger", Danger)
def test_who_calls_for_help_is_never_sent_to_who_may_hurt_them(danger: Danger) -> None:
    step = help_step(TalkState(danger), HIGH)
    if danger in BY_OTHERS:
        assert step.question in ("near", "leave", "safe_here")
    if danger in OF_OTHERS:
        assert step.question in ("other_done", "child_safe", "other_safe")
    asked = TalkState(danger, tuple(paths().help[danger]))
    assert help_step(asked, HIGH).id not in asked.asked


@pytest.mark.parametrize(
    ("answers", "question"),
    [
        ({"where": "high"}, "left_place"),
        ({"where": "high", "move": "yes"}, None),
        ({"means": "yes"}, "left_means"),
        ({"means": "yes", "put_away": "yes"}, None),
        ({"where": "inside"}, None),
        ({}, None),
    ],
)
def test_who_says_they_are_safe_is_asked_about_the_place_they_told_of(
    answers: dict[str, str], question: str | None
) -> None:
    step = safe_step(TalkState(answers=answers))
    assert (step.question if step else None) == question


@pytest.mark.parametrize(
    ("words", "feeling"),
    [
        ("我爸喝了酒就打我", "abuse_told"),
        ("被家暴了", "abuse_told"),
        ("he hits me", "abuse_told"),
        ("给我妈打了电话，活着没意思", "no_meaning"),
        ("今天打了一天针，好累", "other"),
        ("刚才掐了自己", "self_harm"),
        ("又扇了自己", "self_harm"),
        ("打我电话也没人接", "other"),
        ("他说我是不是想死", "other"),
        ("我朋友想死", "worry_other"),
        ("他走了，就我一个人", "other"),
        ("我爷爷走了三年了", "bereaved"),
        ("我的猫死了", "bereaved"),
        ("工作没了", "pressure"),
        ("钱都没了", "other"),
    ],
)
def test_a_feeling_is_only_for_what_says_it(words: str, feeling: str) -> None:
    told = told_by(words, Danger.SUICIDE)
    if feeling != "other":
        assert told.feeling == feeling
    assert (told.feeling == "abuse_told") == (feeling == "abuse_told")
    assert (told.feeling == "bereaved") == (feeling == "bereaved")
    assert (told.feeling == "worry_other") == (feeling == "worry_other")


def test_a_mere_yes_has_no_feeling_and_a_goodbye_at_concern_is_asked_about() -> None:
    assert told_by("嗯", Danger.SUICIDE).feeling is None
    state = TalkState(asked=("ask_openly",))
    assert concern_step(state, told_by("晚安，谢谢你", Danger.SUICIDE)).question == "goodbye"
    state = TalkState(asked=("ask_openly", "goodbye"))
    told = told_by("去睡了", Danger.SUICIDE, "goodbye")
    assert concern_step(state, told).words == "goodnight_concern"


@pytest.mark.parametrize(
    ("asked", "words", "then"),
    [
        ("who_knows", "没有人", "tell_one"),
        ("easier", "没有", "easier_no"),
        ("easier", "有", "helped_noted"),
    ],
)
def test_an_answer_at_concern_leads_on(asked: str, words: str, then: str) -> None:
    state = TalkState(asked=("ask_openly", "since_when", asked))
    assert concern_step(state, told_by(words, Danger.SUICIDE, asked)).id == then


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ("我今年13岁，老师摸我", True),
        ("我才十三岁", True),
        ("我上初二", True),
        ("i'm 14", True),
        ("我今年23岁", False),
        ("我儿子13岁", False),
        ("我初二的时候", False),
        ("我女儿上初二", False),
        ("上初二的女儿", False),
        ("我在小学教书", False),
        ("初三，不想上学", True),
        ("我今年 13，老师摸我", True),
        ("我儿子今年13，在家", False),
        ("我30了", False),
    ],
)
def test_who_writes_how_old_they_are_is_believed(words: str, is_told: bool) -> None:
    assert (told_by(words, Danger.CHILD).answers.get("age") == "minor") is is_told


@pytest.mark.parametrize("level", CARDED)
@pytest.mark.parametrize("danger", Danger)
def test_one_fact_is_asked_once_in_whichever_words(danger: Danger, level: RiskLevel) -> None:
    for group in paths().same:
        for one in group:
            state, asked = TalkState(danger, (one,)), set()
            for _ in range(20):
                step = next_step(state, level, Told())
                asked.add(step.id)
                state = said(state, step, Told())
            assert not asked & (group - {one})


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("我13岁，被老师摸了", Who.SELF),
        ("我今年 13，老师摸我", Who.SELF),
        ("我14岁，同学被她爸打了", Who.OTHER),
        ("我女儿13岁，被老师摸了", Who.OTHER),
        ("老师摸我", Who.OTHER),
    ],
)
def test_a_child_who_writes_what_was_done_to_it_is_not_taken_for_a_helper(
    words: str, who: Who
) -> None:
    axes = frozenset({Axis.CHILD, Axis.SEXUAL})
    found = Assessment(HIGH, ("harm_told",), axes, Who.OTHER)
    assert read_as_answer(found, words, None, None).who is who


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("我男朋友刚才打了我，脸都肿了", Who.SELF),
        ("我老公昨晚打了我，眼睛都青了", Who.SELF),
        ("他又掐我脖子", Who.SELF),
        ("老公掐着我脖子", Who.SELF),
        ("我妈说我活该，我爸刚才打了我，流血了", Who.SELF),
        ("my boyfriend just hit me, my face is swollen", Who.SELF),
        ("我爸昨晚打了我妈，脸都肿了", Who.OTHER),
        ("我爸刚才打我弟弟，流血了", Who.OTHER),
        ("我闺蜜刚发消息说他打了我，她脸都肿了", Who.OTHER),
        ("我朋友昨晚被她老公打了，脸都肿了", Who.OTHER),
    ],
)
def test_who_writes_that_they_were_hit_is_not_taken_for_a_helper(words: str, who: Who) -> None:
    found = Assessment(HIGH, ("harm_told",), frozenset({Axis.HARM}), Who.OTHER)
    assert read_as_answer(found, words, None, None).who is who
