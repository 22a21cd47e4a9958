"""What helps in one danger harms in another: whatever is said, over all dangers and levels."""

import itertools
from random import Random

import pytest

from bot.locales import Language
from bot.safety import (
    Assessment,
    Danger,
    RiskLevel,
    Step,
    TalkState,
    Told,
    card,
    danger_of,
    read_as_answer,
    spoken,
    told_by,
)
from bot.safety.protocol.dangers import BY_OTHERS, OF_OTHERS
from bot.safety.protocol.paths import paths
from bot.safety.protocol.steps import READ
from tests.bot.safety.protocol.talks import walk

CARDED = [RiskLevel.HIGH, RiskLevel.IMMINENT]
SITUATIONS = list(itertools.product(Danger, CARDED))
OF_WRITER = sorted(set(Danger) - OF_OTHERS)
COMPANY = [
    "{} 在",
    "{} 在旁边",
    "{} 在客厅",
    "{} 回来了",
    "{} 进来了",
    "{} 来了",
    "{} 就在门外",
    "{} 不在",
    "{} 睡着了",
]
WHO = ["他", "我爸", "我妈", "老公", "我舅舅", "那个人", "室友"]
NEAR = [line.format(who).replace(" ", "") for who in WHO for line in COMPANY]
MEANS = ["刀就在手里", "药放好了", "绳子准备好了", "在天台上", "站在桥上", "坐在窗台上"]
DONE = ["吃了", "割了", "嗯", "我吃了一瓶药", "刚割了"]
SHORT = ["有", "没有", "在", "不在", "能", "不能", "安全", "不安全", "打了", "没打", "不知道", "好"]
PARTING = ["晚安", "去睡了", "再见", "困了", "我走了", "告别"]
ANYTHING = [*NEAR, *MEANS, *DONE, *SHORT, *PARTING, "没人", "我妈", "……", "好怕", "流血了", "别人"]

Talk = list[tuple[TalkState, Told, Step]]


def talks(danger: Danger, level: RiskLevel, among: list[str] = ANYTHING) -> list[Talk]:
    """Many talks in which anything is said, the first words too."""
    chance = Random(f"{danger}{level}")
    return [
        walk(danger, level, chance.choices(among, k=14), first=chance.choice(among))
        for _ in range(25)
    ]


@pytest.mark.parametrize(("danger", "level"), SITUATIONS)
def test_who_is_near_is_company_only_where_it_cannot_be_who_hurts(
    danger: Danger, level: RiskLevel
) -> None:
    trusted = danger in (Danger.SUICIDE, Danger.BODY, Danger.EATING)
    for _, _, step in itertools.chain.from_iterable(talks(danger, level)):
        if not trusted:
            assert step.question not in ("show_them", "ask_them")
            assert step.heard != "company"
        if danger in BY_OTHERS:
            assert step.question not in ("alone", "reach", "reached")
            assert step.heard != "done"


@pytest.mark.parametrize("who", ["他", "我爸", "我继父", "我叔叔", "对方", "男朋友"])
@pytest.mark.parametrize("comes", ["回来了", "进来了", "就在门外", "在旁边", "来了", "在"])
@pytest.mark.parametrize("level", CARDED)
@pytest.mark.parametrize("danger", sorted(BY_OTHERS))
def test_who_comes_back_to_a_person_they_hurt_is_danger(
    danger: Danger, level: RiskLevel, who: str, comes: str
) -> None:
    told = told_by(who + comes, danger)
    assert told.answers.get("near") == "yes"
    assert not {"reached", "move", "leave", "alone", "reach"} & set(told.answers)
    [(_, _, step)] = walk(danger, level, [who + comes])
    assert step.question in ("leave", "quiet")


@pytest.mark.parametrize(("danger", "level"), SITUATIONS)
def test_nobody_is_let_sleep_before_the_body_was_asked_about(
    danger: Danger, level: RiskLevel
) -> None:
    for talk in talks(danger, level, [*PARTING, *SHORT, *DONE, *MEANS]):
        for state, told, step in talk:
            if step.words == "goodnight":
                answers = {**state.answers, **told.answers}
                assert danger is not Danger.BODY
                assert answers.get("taken") == "no"
                assert step.heard is None


@pytest.mark.parametrize(
    ("done", "then"),
    [
        ("吃了", "called"),
        ("吃了安眠药", "called"),
        ("嗯", "taken_which"),
        ("有", "taken_which"),
        ("割了", "bleeding"),
        ("有伤口", "bleeding"),
        ("割得很深", "called"),
        ("喝了点酒", "besides"),
    ],
)
@pytest.mark.parametrize("parting", ["去睡了", "困了", "是告别"])
def test_who_parts_is_asked_whether_something_was_done_and_what(
    parting: str, done: str, then: str
) -> None:
    *_, (_, _, asked), (_, _, next_) = walk(Danger.SUICIDE, RiskLevel.HIGH, ["晚安", parting, done])
    assert (asked.question, next_.question) == ("taken", then)


@pytest.mark.parametrize(
    ("first", "question"),
    [
        ("我在天台上，想跳下去", "move_high"),
        ("站在桥上了", "move_high"),
        ("我在江边", "move_water"),
        ("在站台上", "move_rail"),
        ("刀就在手里，我要割了", "put_away"),
        ("药放好了，不想活了", "put_away"),
        ("绳子准备好了", "put_away"),
        ("已经吃了一瓶安眠药", "called"),
        ("刚割了手腕", "called"),
    ],
)
@pytest.mark.parametrize("words", ["没有", "不知道", "……", "随便"])
@pytest.mark.parametrize("level", CARDED)
@pytest.mark.parametrize("danger", [Danger.SUICIDE, Danger.VOICES, Danger.THREAT, Danger.EATING])
def test_what_the_first_message_told_is_dealt_with_after_the_card(
    danger: Danger, level: RiskLevel, words: str, first: str, question: str
) -> None:
    [(_, _, step)] = walk(danger, level, [words], first=first)
    assert step.question == question


@pytest.mark.parametrize("level", CARDED)
def test_whether_something_was_done_is_asked_early(level: RiskLevel) -> None:
    said = walk(Danger.SUICIDE, level, ["……", "不知道", "随便"])
    assert "taken" in [step.question for _, _, step in said][:2]


@pytest.mark.parametrize(("danger", "level"), SITUATIONS)
def test_praise_is_for_a_step_that_was_taken(danger: Danger, level: RiskLevel) -> None:
    for _, told, step in itertools.chain.from_iterable(talks(danger, level)):
        if step.heard == "done":
            steps = ("put_away", "move", "threat_move", "called", "reached", "move_high")
            assert "yes" in [told.answers.get(one) for one in steps]
    for ready in ("药放好了", "刀准备好了", "绳子买好了"):
        assert told_by(ready, danger).heard != "done"
        assert "put_away" not in told_by(ready, danger).answers
    if danger in OF_WRITER and danger not in BY_OTHERS:
        assert told_by("放好了", danger, "put_away").heard == "done"


@pytest.mark.parametrize("level", CARDED)
@pytest.mark.parametrize("danger", sorted(OF_OTHERS))
def test_what_is_told_of_another_is_never_said_to_the_writer(
    danger: Danger, level: RiskLevel
) -> None:
    own = {
        *("move", "put_away", "taken", "means", "where", "alone", "when", "meant", "reach"),
        *("called", "goodbye", "show_them", "reached", "door_open", "stay_awake", "goodnight"),
    }
    of = ["她一个人在天台", "她吃了一瓶安眠药", "她有刀在手里", "她说要跳楼", "她不接电话", "晚安"]
    for state, told, step in itertools.chain.from_iterable(talks(danger, level, [*ANYTHING, *of])):
        assert step.id not in own
        assert not own & {*told.answers, *state.answers}
        assert step.heard in (None, "afraid", "no_answer_other", *READ)


@pytest.mark.parametrize("level", CARDED)
def test_whom_a_voice_names_is_nobody_who_was_called(level: RiskLevel) -> None:
    for words in ("叫我杀我妈", "它叫我把我爸捅了", "让我去找我妈"):
        assert "reach" not in told_by(words, Danger.VOICES).answers
        asked = [step.question for _, _, step in walk(Danger.VOICES, level, [words, "忍不住"])]
        assert asked == ["voices_obey", "voices_away"]
    asked = [step.question for _, _, step in walk(Danger.VOICES, level, ["没有", "没有"])]
    assert "voices_obey" not in asked, "it says nothing that could be obeyed"


@pytest.mark.parametrize("danger", [Danger.BODY, Danger.SUICIDE, Danger.VIOLENCE, Danger.VOICES])
@pytest.mark.parametrize("language", Language)
def test_who_is_asked_nothing_more_at_imminent_still_reads_a_number(
    danger: Danger, language: Language
) -> None:
    said = walk(danger, RiskLevel.IMMINENT, ["别问我了", "我吃了药", "我在天台", "嗯"])
    for _, _, step in said:
        assert any(mark in spoken(step, language) for mark in ("1", "当地", "當地", "local"))


def test_no_lead_and_no_path_of_who_is_hurt_by_others_asks_for_company() -> None:
    known = paths()
    for danger, level in itertools.product(BY_OTHERS, CARDED):
        asked = {
            *known.paths[danger, level],
            *itertools.chain.from_iterable(
                to for answers in known.leads[danger, level].values() for to in answers.values()
            ),
        }
        assert not asked & {"show_them", "alone", "reach", "reached", "ask_them"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("taken", "吃了"),
        ("taken", "都吃了"),
        ("taken", "吃了药"),
        ("taken", "喝了洁厕灵"),
        ("taken", "割得很深"),
        ("taken", "血止不住"),
        ("taken", "刚才吃了，以前也吃过"),
        ("taken", "喝了酒，还吃了药"),
        ("taken", "took pills"),
        ("taken_which", "嗯"),
        ("taken_which", "吃了"),
        ("besides", "还吃了药"),
        ("besides", "有"),
        ("bleeding", "没停"),
        ("bleeding", "还在流"),
    ],
)
@pytest.mark.parametrize("danger", OF_WRITER)
def test_what_was_done_now_is_imminent_and_of_the_body(
    danger: Danger, asked: str, words: str
) -> None:
    nothing = Assessment(RiskLevel.NONE)
    found = read_as_answer(nothing, words, asked, danger.value)
    assert found.level is RiskLevel.IMMINENT
    assert danger_of(found, danger) is Danger.BODY
    for other in ("alone", "means", "called", None):
        assert read_as_answer(nothing, words, other, danger.value) is nothing


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("taken", "嗯"),
        ("taken", "有"),
        ("taken", "没有"),
        ("taken", "有过"),
        ("taken", "以前割过"),
        ("taken", "手上有疤"),
        ("taken", "去年吃过药"),
        ("taken", "喝了点酒"),
        ("taken", "有伤口"),
        ("taken", "有一点"),
        ("besides", "就喝了酒"),
        ("bleeding", "停了"),
    ],
)
def test_a_question_alone_makes_no_emergency(asked: str, words: str) -> None:
    by_question = Assessment(RiskLevel.IMMINENT, ("answered_in_danger", "in_danger_wound"))
    found = read_as_answer(by_question, words, asked, Danger.SUICIDE.value)
    assert found.level is RiskLevel.NONE
    by_rule = Assessment(RiskLevel.IMMINENT, ("overdose_now",))
    assert read_as_answer(by_rule, words, asked, Danger.SUICIDE.value) is by_rule


@pytest.mark.parametrize("words", ["忍不住", "不能", "不知道"])
def test_who_cannot_hold_out_against_a_voice_is_imminent(words: str) -> None:
    found = read_as_answer(Assessment(RiskLevel.NONE), words, "voices_obey", Danger.VOICES.value)
    assert found.level is RiskLevel.IMMINENT
    assert danger_of(found, Danger.VOICES) is Danger.VOICES


@pytest.mark.parametrize(
    ("danger", "asked", "words", "answer"),
    [
        (Danger.THREAT, "threat_near", "他不在", "no"),
        (Danger.THREAT, "threat_means", "刀", "yes"),
        (Danger.THREAT, "threat_move", "有，刀在手里", None),
        (Danger.VOICES, "voices_obey", "能忍", "yes"),
        (Danger.VOICES, "voices_obey", "忍不住", "no"),
        (Danger.CHILD, "home_today", "不安全", "no"),
        (Danger.SUICIDE, "alone", "不安全", None),
        (Danger.SUICIDE, "called", "不敢打", "no"),
        (Danger.SUICIDE, "called", "打了", "yes"),
        (Danger.BODY, "nearest", "我妈", "yes"),
        (Danger.EATING, "dizzy", "会晕", "yes"),
        (Danger.OTHER, "other_with", "不在一起", "no"),
        (Danger.VIOLENCE, "hurt", "疼", "yes"),
    ],
)
def test_a_short_answer_is_read_with_its_question(
    danger: Danger, asked: str, words: str, answer: str | None
) -> None:
    assert told_by(words, danger, asked).answers.get(asked) == answer


@pytest.mark.parametrize("words", ["没有", "没吃", "还没", "不知道", "没有割", "三天没吃饭了"])
def test_what_says_that_nothing_was_done_raises_nothing(words: str) -> None:
    nothing = Assessment(RiskLevel.NONE)
    assert read_as_answer(nothing, words, "taken", Danger.SUICIDE.value) is nothing


def test_a_farewell_is_imminent_and_sleep_is_not() -> None:
    nothing = Assessment(RiskLevel.NONE)
    farewell = read_as_answer(nothing, "是告别", "goodbye", Danger.SUICIDE.value)
    assert farewell.level is RiskLevel.IMMINENT
    assert danger_of(farewell, Danger.SUICIDE) is Danger.SUICIDE
    assert read_as_answer(nothing, "去睡了", "goodbye", Danger.SUICIDE.value) is nothing


@pytest.mark.parametrize("language", Language)
def test_sexual_violence_is_seen_by_a_doctor_early_whoever_it_is_done_to(
    language: Language,
) -> None:
    early = {
        Language.ZH_CN: ("早点去医院", "尽早去医院", "早点让医生看"),
        Language.ZH_TW: ("早點去醫院", "儘早去醫院", "早點讓醫師看"),
        Language.EN: ("hospital soon", "emergency room soon", "see a doctor soon"),
    }
    for danger, level in itertools.product((Danger.ASSAULT, Danger.CHILD), CARDED):
        text = card(level, language, danger=danger)
        assert any(words in text for words in early[language])
