"""What who is refused, invited, kept waiting or complains reads; and what operators read."""

import re
from dataclasses import fields

import pytest

from bot.locales import Language
from bot.locales.access import access_texts_for
from bot.locales.complaints import complaint_texts_for
from bot.locales.operators import operator_texts_for
from bot.locales.templates import Template

FOR_PEOPLE = (access_texts_for, complaint_texts_for)


def plain(read, language: Language) -> dict[str, str]:
    texts = read(language)
    values = {field.name: getattr(texts, field.name) for field in fields(texts)}
    return {key: v.text if isinstance(v, Template) else v for key, v in values.items()}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("read", FOR_PEOPLE)
def test_texts_fit_a_phone_hold_no_number_and_claim_nothing(read, language: Language) -> None:
    for key, text in plain(read, language).items():
        assert len(text) <= (200 if language is not Language.EN else 500), key
        assert not re.search(r"\d{3}", text), key
        assert not re.search(
            "咨询师|諮商|心理师|心理師|治疗|治療|诊断|診斷|therap|diagnos", text
        ), key


@pytest.mark.parametrize("language", Language)
def test_who_is_refused_reads_one_kind_sentence_and_whom_to_call(language: Language) -> None:
    refusals = {
        key: text
        for key, text in plain(access_texts_for, language).items()
        if key.startswith("refused_") and key not in {"refused_button", "refused_group"}
    }
    assert len(refusals) == 4
    for key, text in refusals.items():
        assert text.rstrip().endswith("{lines}"), key
        said, _, _ = text.partition("\n")
        assert re.search("谢谢|謝謝|对不起|對不起|Thank you|sorry", said), key


@pytest.mark.parametrize("language", Language)
def test_who_has_to_wait_reads_that_danger_does_not(language: Language) -> None:
    texts = access_texts_for(language)
    for text in (texts.paused, texts.too_fast, texts.refused_button, texts.refused_group):
        assert re.search("求助|help", text)


@pytest.mark.parametrize("read", [*FOR_PEOPLE, operator_texts_for])
def test_chinese_of_the_two_scripts_is_not_mixed(read) -> None:
    simplified, traditional = (
        "".join(plain(read, tag).values()) for tag in (Language.ZH_CN, Language.ZH_TW)
    )
    assert not set("們這說話來麼讓電時見讀刪記誰發請覺問題難寫個會為過還").intersection(simplified)
    assert not set("们这说话来么让电时见读删记谁发请觉问题难写个会为过还").intersection(traditional)
