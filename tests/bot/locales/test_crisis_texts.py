"""The texts for people in danger: complete, short, honest, and without a number of their own."""

import re
import tomllib
from importlib import resources

import pytest

from bot.locales import Language
from bot.locales.catalog import LocaleError
from bot.locales.crisis import SECTIONS, build_crisis_texts, crisis_texts_for
from bot.locales.crisis.texts import fill_in, placeholders

PHONE_SCREEN = 420
"""Characters of Chinese that fit on a phone with little scrolling; English takes twice as many."""


def every_text(language: Language) -> dict[str, str]:
    texts = crisis_texts_for(language)
    return {
        f"{section}.{key}": text
        for section in SECTIONS
        for key, text in getattr(texts, section).items()
    }


def test_all_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    first = {key: placeholders(text) for key, text in every_text(Language.ZH_CN).items()}
    for language in Language:
        found = {key: placeholders(text) for key, text in every_text(language).items()}
        assert found == first


@pytest.mark.parametrize("language", Language)
def test_a_text_is_short_claims_nothing_and_has_no_number_of_its_own(language: Language) -> None:
    claim = re.compile(
        "咨询师|諮商|心理师|心理師|治疗|治療|诊断|診斷|counsel|therap|diagnos|treatment"
        "|一定会好|一定會好|会没事|會沒事|保证|保證|will be fine|I promise|保密吧|没什么大不了"
        "|想开|想開|坚强|堅強起来|自私",
        re.IGNORECASE,
    )
    longest = PHONE_SCREEN * (2 if language is Language.EN else 1)
    for key, text in every_text(language).items():
        assert len(text) <= longest, key
        assert not re.search(r"\d{3}", text), key
        if key != "cards.eating":
            assert not claim.search(text), key


@pytest.mark.parametrize("language", Language)
def test_a_question_asks_one_thing_in_a_breath(language: Language) -> None:
    for key, text in every_text(language).items():
        section, _, name = key.partition(".")
        asked = len(re.findall("[？?]", text))
        if section == "questions":
            assert 1 <= asked <= 2, key
            last = text.split("\n\n")[0]
            assert len(last) <= (70 if language is not Language.EN else 170), key
        if section in ("heard", "feelings"):
            assert asked == 0, key
        if section == "words" and name.startswith(("stay", "no_more")):
            assert asked == 0, key


def test_the_two_chinese_scripts_are_not_mixed() -> None:
    only_simplified = set("们这说对话来么让电时见读删记谁发资请觉问题难写个会为过还")
    only_traditional = set("們這說對話來麼讓電時見讀刪記誰發資請覺問題難寫個會為過還")
    assert not only_traditional & set("".join(every_text(Language.ZH_CN).values()))
    assert not only_simplified & set("".join(every_text(Language.ZH_TW).values()))


@pytest.mark.parametrize("fault", ["section", "empty", "placeholder", "broken"])
def test_a_file_with_a_fault_is_refused_by_the_name_of_its_key(fault: str) -> None:
    source = resources.files("bot.locales.crisis").joinpath("zh-CN.toml").read_text("utf-8")
    sections = tomllib.loads(source)
    wrong = {"empty": "  ", "placeholder": "写给 {name}", "broken": "{"}
    if fault == "section":
        del sections["heard"]
    else:
        sections["heard"]["pills"] = wrong[fault]
    with pytest.raises(LocaleError, match=r"heard"):
        build_crisis_texts(sections)


def test_numbers_are_set_apart_from_chinese_words() -> None:
    assert fill_in("请打{police}，快", {"police": "110"}) == "请打 110，快"
    assert fill_in("请打{police}", {"police": "当地的报警电话"}) == "请打当地的报警电话"
