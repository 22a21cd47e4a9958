"""Cards: one for each danger, with lines of its kind, its place and its hour."""

import itertools
import re
from datetime import UTC, datetime

import pytest

from bot.locales import Language
from bot.locales.crisis import crisis_texts_for
from bot.safety import Danger, Region, RiskLevel, asked_by_card, card, needs_card, repeated_card
from bot.safety.hotlines import all_hotlines, card_hotlines, emergency, hotlines_for
from bot.safety.protocol.cards import card_id
from bot.storage.crisis_talks import CARD_FROM

CARDED = [RiskLevel.HIGH, RiskLevel.IMMINENT]
SUICIDE = list(itertools.product(CARDED, Language))
EVERY_CARD = list(itertools.product(Danger, CARDED, Language))
LEADING = re.compile("(?:没有|沒有|不会|不會).{0,8}吧|You (?:don't|aren't|won't)[^.]*[?]")
NIGHT, DAY = datetime(2026, 1, 6, 19, tzinfo=UTC), datetime(2026, 1, 7, 4, tzinfo=UTC)
"""Three in the morning and noon in China."""


@pytest.mark.parametrize(
    ("level", "carded"),
    [
        (RiskLevel.NONE, False),
        (RiskLevel.CONCERN, False),
        (RiskLevel.HIGH, True),
        (RiskLevel.IMMINENT, True),
    ],
)
def test_a_card_goes_out_at_high_and_above(level: RiskLevel, carded: bool) -> None:
    assert needs_card(level) is carded
    assert (level >= CARD_FROM) is carded  # the storage, which does not know the levels, agrees


@pytest.mark.parametrize("level", [RiskLevel.NONE, RiskLevel.CONCERN])
def test_there_is_no_card_below_high(level: RiskLevel) -> None:
    with pytest.raises(ValueError, match=level.label):
        card(level, Language.ZH_CN)
    with pytest.raises(ValueError, match=level.label):
        repeated_card(level, Language.ZH_CN, 0)


@pytest.mark.parametrize(("level", "language"), SUICIDE)
def test_the_suicide_card_names_people_to_call_and_asks_one_thing(
    level: RiskLevel, language: Language
) -> None:
    text = card(level, language)
    assert card_hotlines(language) in text
    assert emergency(language) in text
    asks = {
        RiskLevel.HIGH: "安全吗|安全嗎|Are you safe",
        RiskLevel.IMMINENT: "身边有人吗|身邊有人嗎|Is anyone with you",
    }
    assert re.search(asks[level], text)
    assert len(re.findall("[？?]", text)) == 1, "a bare no answers one question"
    assert re.search("我听见了|我聽見了|I hear you", text)
    assert not re.search("你很重要|You matter", text), "nobody believes a poster"


@pytest.mark.parametrize("language", Language)
def test_the_imminent_card_asks_for_company_and_distance_from_means(language: Language) -> None:
    text = card(RiskLevel.IMMINENT, language)
    assert re.search("别一个人待着|別一個人待著|Don't stay alone", text)
    assert re.search("远一点|遠一點|get away", text)
    assert text.index(emergency(language)) < text.index(card_hotlines(language))


@pytest.mark.parametrize("language", Language)
def test_the_high_card_urges_a_professional_and_a_trusted_person(language: Language) -> None:
    text = card(RiskLevel.HIGH, language)
    assert text.index(card_hotlines(language)) < len(text)
    assert re.search("信得过的人|信得過的人|someone you trust", text)


@pytest.mark.parametrize("language", Language)
def test_every_danger_has_a_card_of_its_own(language: Language) -> None:
    for level in CARDED:
        texts = {danger: card(level, language, danger=danger) for danger in Danger}
        assert len(set(texts.values())) == len(Danger)


@pytest.mark.parametrize("language", Language)
def test_no_card_is_left_without_a_danger(language: Language) -> None:
    used = {card_id(level, danger) for danger in Danger for level in CARDED}
    assert used == set(crisis_texts_for(language).cards)


def test_a_card_ends_in_a_question_that_is_known_and_never_leads() -> None:
    for danger, level, language in EVERY_CARD:
        text = card(level, language, danger=danger)
        assert re.search(r"[？?]$", text)
        assert not LEADING.search(text)
        questions = crisis_texts_for(language).questions
        assert all(question in questions for question in asked_by_card(level, danger))


def test_a_card_names_a_number_and_a_person_both() -> None:
    for danger, level, language in EVERY_CARD:
        text = card(level, language, danger=danger)
        assert re.search(r"\d{3}|当地的|當地的|your local", text)
        assert re.search(
            "信得过|信得過|有人的地方|离你最近|離你最近|离 TA 最近|離 TA 最近"
            "|trust|where there are people|closest",
            text,
        )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("danger", [Danger.VIOLENCE, Danger.CHILD, Danger.ASSAULT])
def test_where_company_may_be_the_danger_nobody_is_told_not_to_be_alone(
    danger: Danger, language: Language
) -> None:
    said = [card(level, language, danger=danger) for level in CARDED]
    said += [repeated_card(level, language, n, danger=danger) for level in CARDED for n in range(2)]
    assert not re.search("别一个人待着|別一個人待著|[Dd]on't (?:stay|be) alone", "".join(said))


@pytest.mark.parametrize("language", Language)
def test_violence_is_met_as_the_facts_say(language: Language) -> None:
    now = card(RiskLevel.IMMINENT, language, danger=Danger.VIOLENCE)
    told = card(RiskLevel.HIGH, language, danger=Danger.VIOLENCE)
    for text in (now, told):
        assert re.search("我信你|I believe you", text)
        assert re.search("不是你的错|不是你的錯|not your fault", text)
        assert re.search("没有印子也|沒有痕跡也|without marks", text), "choking is seen by a doctor"
        assert re.search("/erase.*(?:删掉|刪掉|delete) ?(?:这段聊天|這段聊天|this chat)", text), (
            "a phone that others read"
        )
    assert re.search("别进厨房|別進廚房|not the kitchen", now)
    assert re.search("静音|靜音|on silent", now)
    assert not re.search("沟通|溝通|原谅|原諒|forgive|talk it over", now + told)


@pytest.mark.parametrize("language", Language)
def test_the_body_is_met_with_an_ambulance_and_without_doses(language: Language) -> None:
    text = card(RiskLevel.IMMINENT, language, danger=Danger.BODY)
    assert re.search("催吐|try to vomit", text)
    assert re.search("觉得还好|覺得還好|feel all right", text), "also who feels well is seen"
    assert re.search("药盒|藥盒|box or bottle", text)
    assert "120" in text or language is not Language.ZH_CN


@pytest.mark.parametrize("region", [None, *Region])
@pytest.mark.parametrize("language", Language)
def test_no_number_is_shown_that_is_not_in_the_file_for_the_place(
    language: Language, region: Region | None
) -> None:
    listed = {line.number for line in hotlines_for(language, region)}
    names = " ".join(line.name for line in hotlines_for(language, region))
    for danger, level, at in itertools.product(Danger, CARDED, (NIGHT, DAY)):
        text = card(level, language, region, danger=danger, at=at)
        for again in range(3):
            text += "\n" + repeated_card(level, language, again, region, danger=danger)
        shown = set(re.findall(r"\d[\d -]*\d{2,}", re.sub(r"\(.*?\)", "", text)))
        assert {one for one in shown if one not in names} <= listed


def test_at_night_what_is_open_stands_there_and_what_a_city_has_is_not_first() -> None:
    def rows(at: datetime | None, region: Region = Region.CN) -> list[str]:
        return card_hotlines(Language.ZH_CN, region, at=at).splitlines()

    assert rows(NIGHT)[0].startswith("· 12356 "), "a city's line is for its city"
    assert any(row.startswith("· 962525 ") for row in rows(NIGHT)), "it is open all night"
    assert rows(DAY)[0].startswith("· 12356 ")
    assert rows(DAY) == rows(None)
    for at in (NIGHT, DAY):
        assert any("12356" in row and "至少 18 小时" in row for row in rows(at))
        assert len(rows(at)) <= 3
    assert not any("010-88585821" in row for row in rows(NIGHT)), "it is closed"
    assert "15555" not in card_hotlines(Language.EN, Region.MY, at=NIGHT)
    assert "15555" in card_hotlines(Language.EN, Region.MY, at=DAY)


def test_lines_are_of_the_kind_of_the_danger() -> None:
    tw = card(RiskLevel.HIGH, Language.ZH_TW, Region.TW, danger=Danger.VIOLENCE)
    assert tw.index("113") < tw.index("1925")
    cn = card(RiskLevel.HIGH, Language.ZH_CN, danger=Danger.VIOLENCE)
    assert "可以请警察留下记录" in cn
    assault = card(RiskLevel.HIGH, Language.ZH_CN, danger=Danger.ASSAULT)
    assert "告诫书" not in assault, "that is a paper for quarrels in a family"
    child = card(RiskLevel.HIGH, Language.ZH_CN, danger=Danger.CHILD)
    assert child.index("12355") < child.index("12356") or "12355" in child


@pytest.mark.parametrize("language", Language)
def test_every_card_says_once_that_the_bot_cannot_call(language: Language) -> None:
    says = "我是 AI|我这个 AI|我這個 AI|an AI"
    for danger, level in itertools.product(Danger, CARDED):
        text = card(level, language, danger=danger)
        assert len(re.findall(says, text)) == 1


def test_lines_are_for_the_age_that_was_told() -> None:
    def lines(*, is_minor: bool | None) -> str:
        return card(RiskLevel.HIGH, Language.ZH_CN, is_minor=is_minor)

    assert "12355" in lines(is_minor=None)
    assert "12355" not in lines(is_minor=False), "a line for the young is none for who is grown up"
    shout = card(RiskLevel.HIGH, Language.EN, Region.UK, danger=Danger.CHILD)
    assert "85258" in shout, "who may not be heard can write"


def test_what_is_said_of_age_goes_with_what_is_known_of_it() -> None:
    def told(danger: Danger, *, is_minor: bool | None) -> bool:
        text = card(RiskLevel.HIGH, Language.ZH_CN, danger=danger, is_minor=is_minor)
        return "没满 18 岁" in text

    assert told(Danger.ASSAULT, is_minor=None)
    assert not told(Danger.ASSAULT, is_minor=False)
    for danger in (Danger.OTHER, Danger.OTHER_HARM, Danger.CHILD_OTHER):
        assert told(danger, is_minor=True)
        assert not told(danger, is_minor=None)


@pytest.mark.parametrize(
    ("heard", "first"),
    [("gas", "先到外面去"), ("high_place", "先别往前"), ("afraid", "我听见了"), (None, "我听见了")],
)
def test_a_whole_card_begins_with_what_saves_this_minute(heard: str | None, first: str) -> None:
    assert card(RiskLevel.IMMINENT, Language.ZH_CN, heard=heard).startswith(first)


def test_what_a_voice_names_is_no_place_where_the_writer_is() -> None:
    for danger in (Danger.VOICES, Danger.OTHER, Danger.THREAT):
        assert card(RiskLevel.HIGH, Language.ZH_CN, danger=danger, heard="rail_place") == card(
            RiskLevel.HIGH, Language.ZH_CN, danger=danger
        )
    believes = card(RiskLevel.IMMINENT, Language.ZH_CN, danger=Danger.VIOLENCE, heard="strangled")
    assert believes.startswith("我在，我信你")


def test_numbers_do_not_stick_to_words() -> None:
    for danger, level, language in EVERY_CARD:
        text = card(level, language, danger=danger)
        assert not re.search(r"[\u4e00-\u9fff]\d|\d[\u4e00-\u9fff]", re.sub("·.*", "", text))


def test_a_repeated_card_is_shorter_asks_and_still_says_whom_to_call() -> None:
    for danger, level, language in EVERY_CARD:
        said = [repeated_card(level, language, number, danger=danger) for number in range(7)]
        assert all(one != other for one, other in itertools.pairwise(said))
        for text in said:
            assert len(text) < len(card(level, language, danger=danger)) * 2 / 3
            assert re.search(r"\d{3}|当地的|當地的|your local|/help_now", text)
            assert re.search(r"[？?]|一个字也行|一個字也行|One word", text)
            assert text.count("\n\n") == 1, "whom to call, then a question: it may be another one"
            assert not LEADING.search(text)


def test_the_file_has_every_kind_of_emergency_it_names() -> None:
    assert {line.number for line in all_hotlines() if line.is_emergency} == {"110", "120", "999"}
