"""What every text of the bot keeps to, whichever room it is of: all of them are read here."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from bot.locales import Language, texts_for
from bot.locales.care import care_texts_for
from bot.locales.crisis import SECTIONS, crisis_texts_for
from bot.locales.exercises import exercise_texts_for
from bot.locales.plan import plan_texts_for
from bot.locales.settings import settings_texts_for
from bot.locales.talk import talk_texts_for
from bot.locales.templates import Template
from bot.safety.guard import BlockReason, GuardContext, judge

TO_OPERATORS = ("desk_admin", "admin_", "desk_alert", "desk_chat", "oncall_")


def every_text(language: Language) -> dict[str, str]:
    """All texts of a language that a person can read, by where they stand."""
    found: dict[str, str] = {}
    for name, texts in (
        ("", texts_for(language)),
        ("plan.", plan_texts_for(language)),
        ("care.", care_texts_for(language)),
        ("talk.", talk_texts_for(language)),
        ("settings.", settings_texts_for(language)),
        ("exercises.", exercise_texts_for(language)),
    ):
        for field in fields(texts):
            value = getattr(texts, field.name)
            found[name + field.name] = value.text if isinstance(value, Template) else value
    for section in SECTIONS:
        for key, text in getattr(crisis_texts_for(language), section).items():
            found[f"crisis.{section}.{key}"] = text
    return {key: text for key, text in found.items() if not key.startswith(TO_OPERATORS)}


@pytest.mark.parametrize("language", Language)
def test_no_text_holds_a_person_back_or_plays_at_closeness(language: Language) -> None:
    """Held to the guard's own rules, at their strictest: those for the words of a model."""
    about = GuardContext(is_minor=True)
    holding = re.compile(
        "先别走|別急著走|别急着走|我不会走|我不會走|我会一直在|我會一直在|随时回来|隨時回來|不要离开|不要離開"
        "|舍不得|捨不得|I'm not going anywhere|come back whenever|don't leave",
        re.IGNORECASE,
    )
    guilty = [
        key
        for key, text in every_text(language).items()
        # In danger of their life a person is asked to stay, and a human on duty is no companion.
        if not key.startswith(("crisis.", "desk_"))
        if judge(text, about) is BlockReason.BONDING or holding.search(text)
    ]
    assert guilty == []


@pytest.mark.parametrize("language", Language)
def test_no_text_scolds_or_makes_light(language: Language) -> None:
    scolds = re.compile(
        "写得轻一点|寫得輕一點|put lightly|够多了|夠多了|说了很多话了|說了很多話了|是我想多了"
        "|talked a lot|换什么说法|換什麼說法|回我一个「安全」|回我一個「安全」|however it is asked"
    )
    assert [key for key, text in every_text(language).items() if scolds.search(text)] == []


@pytest.mark.parametrize("language", Language)
def test_a_text_in_place_of_the_models_words_asks_one_thing_at_most(language: Language) -> None:
    for key, text in every_text(language).items():
        if key.startswith(("guard_", "unsupported_", "care_", "said_", "wait_", "error_")):
            assert len(re.findall("[？?]", text)) <= 1, key


@pytest.mark.parametrize("language", Language)
def test_who_is_pointed_to_a_command_for_help_reads_the_word_that_does_it_too(
    language: Language,
) -> None:
    word = {Language.EN: "“help”"}.get(language, "「求助」")
    rooms = ("start", "help", "care_first", "guard_", "unsupported_", "wait_engine", "wait_limit")
    for key, text in every_text(language).items():
        if key.startswith(rooms) and "/help_now" in text and key != "unsupported_in_danger":
            assert word in text, key


@pytest.mark.parametrize("language", Language)
def test_that_it_may_not_suit_some_minors_is_said_where_people_learn_what_it_is(
    language: Language,
) -> None:
    said = re.compile(
        "不一定适合每个没满 18 岁的人|不一定適合每個沒滿 18 歲的人|may not be suitable"
    )
    texts = every_text(language)
    for key in ("start", "care_first", "about", "care_safety"):
        assert said.search(texts[key]), key
        assert "AI" in texts[key], key


@pytest.mark.parametrize("language", Language)
def test_a_goodbye_is_one_line_that_asks_nothing(language: Language) -> None:
    texts = every_text(language)
    for key in ("said_bye", "said_night", "said_bye_after_concern"):
        assert "\n" not in texts[key]
        assert not re.search("[？?]|再来|再來|come again|back", texts[key]), key


@pytest.mark.parametrize("language", Language)
def test_that_forgetting_deletes_nothing_is_said_wherever_it_is_offered(language: Language) -> None:
    texts = every_text(language)
    for key in ("start", "reset_ask", "reset_done"):
        assert "/erase" in texts[key], key
