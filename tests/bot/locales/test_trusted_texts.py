"""What is said between a person and the one they trust is whole, short, and gives nothing away."""

import re
from dataclasses import fields

import pytest

from bot.locales import Language
from bot.locales.templates import Template
from bot.locales.trusted import trusted_texts_for

ON_A_BUTTON = 26
"""Columns that a button of its own row has room for; a Chinese character takes two."""


def plain(language: Language) -> dict[str, str]:
    texts = trusted_texts_for(language)
    values = {field.name: getattr(texts, field.name) for field in fields(texts)}
    return {key: v.text if isinstance(v, Template) else v for key, v in values.items()}


@pytest.mark.parametrize("language", Language)
def test_texts_fit_a_phone_hold_no_number_and_claim_nothing(language: Language) -> None:
    for key, text in plain(language).items():
        assert len(text) <= (280 if language is not Language.EN else 700), key
        assert not re.search(r"\d{3}", text), key
        assert not re.search(
            "咨询师|諮商|心理师|心理師|治疗|治療|诊断|診斷|therap|diagnos", text
        ), key


@pytest.mark.parametrize("language", Language)
def test_what_stands_on_a_button_fits_it(language: Language) -> None:
    wide = 1 if language is Language.EN else 2
    for key, text in plain(language).items():
        if key.startswith("button_"):
            assert len(text.replace("{called}", "")) * wide <= ON_A_BUTTON, key


@pytest.mark.parametrize("language", Language)
def test_what_the_trusted_one_reads_names_no_illness_no_deed_and_no_means(
    language: Language,
) -> None:
    told = trusted_texts_for(language).help.text
    named = "自杀|自殺|自残|自殘|抑郁|憂鬱|病|跳|刀|药|藥|死|伤害|傷害"
    named += r"|\b(?:suicid\w*|harm|kill\w*|depress\w*|pills?|knife|ill|illness)\b"
    assert not re.search(named, told, re.IGNORECASE)
    assert re.search("AI", told)
    assert re.search("不会说|不會說|don't tell", told)


@pytest.mark.parametrize("language", Language)
def test_both_read_beforehand_how_to_end_it_and_what_stays_unsaid(language: Language) -> None:
    texts = trusted_texts_for(language)
    for text in (texts.invitation.text, texts.agreed_to.text):
        assert "/trusted" in text
    assert re.search("看不到|never see", texts.invitation.text)
    assert re.search("不给 TA|不給 TA|given to them", texts.intro)
    assert re.search("能删|能刪|delete it", texts.intro)
    assert re.search("18", texts.button_agree)


def test_chinese_of_the_two_scripts_is_not_mixed() -> None:
    simplified, traditional = (
        "".join(plain(tag).values()) for tag in (Language.ZH_CN, Language.ZH_TW)
    )
    assert not set("們這說對話來麼讓電時見讀刪記誰發資請覺問題難寫個會為過還").intersection(
        simplified
    )
    assert not set("们这说对话来么让电时见读删记谁发资请觉问题难写个会为过还").intersection(
        traditional
    )
