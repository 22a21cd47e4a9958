"""The texts of the safety plan and of the care finder are whole, short, and claim nothing."""

import re
import tomllib
from dataclasses import fields
from importlib import resources

import pytest

from bot.locales import Language
from bot.locales.care import care_texts_for
from bot.locales.catalog import LocaleError, build
from bot.locales.plan import PlanTexts, plan_texts_for
from bot.locales.templates import Template
from bot.storage import PlanStep

ON_A_BUTTON = 20
"""Characters that two buttons in a row of a phone have room for, of two columns each."""
ON_A_ROW = 32
"""... and that a button alone in its row has room for."""


def plain(language: Language) -> dict[str, str]:
    found: dict[str, str] = {}
    for texts in (plan_texts_for(language), care_texts_for(language)):
        values = {field.name: getattr(texts, field.name) for field in fields(texts)}
        found |= {key: v.text if isinstance(v, Template) else v for key, v in values.items()}
    return found


def test_a_file_with_a_fault_is_refused_by_the_name_of_its_key() -> None:
    source = resources.files("bot.locales.plan").joinpath("zh-CN.toml").read_text("utf-8")
    values = tomllib.loads(source)
    for fault in ({"intro": " "}, {"on_card": "没有占位符"}, {"title": "多了 {lines}"}):
        with pytest.raises(LocaleError, match=next(iter(fault))):
            build(PlanTexts, values | fault)
    del values["title"]
    with pytest.raises(LocaleError, match="title"):
        build(PlanTexts, values)


@pytest.mark.parametrize("language", Language)
def test_texts_fit_a_phone_hold_no_number_and_claim_nothing(language: Language) -> None:
    for key, text in plain(language).items():
        assert len(text) <= (260 if language is not Language.EN else 520), key
        assert not re.search(r"\d{3}", text), key
        assert not re.search(
            "咨询师|諮商|心理师|心理師|治疗|治療|诊断|診斷|therap|diagnos", text
        ), key


@pytest.mark.parametrize("language", Language)
def test_what_stands_on_a_button_fits_it(language: Language) -> None:
    for key, text in plain(language).items():
        if key.startswith(("button_", "ready_", "name_")):
            wide = 1 if language is Language.EN else 2
            room = ON_A_ROW if key.startswith("ready_") else ON_A_BUTTON
            if key in {f"name_{step}" for step in PlanStep}:  # above a step, and in rows of its own
                room = 2 * ON_A_BUTTON
            for line in text.splitlines():
                assert len(line) * wide <= room + 2 * wide, line


@pytest.mark.parametrize("language", Language)
def test_the_plan_is_said_to_be_its_persons_and_that_others_can_help(language: Language) -> None:
    texts = plan_texts_for(language)
    for said in (texts.intro, texts.owner):
        assert re.search("是你的|yours", said)
        assert re.search("医生|醫師|doctor", said)
    assert "/help_now" in texts.intro


def test_the_languages_have_as_many_ready_lines_each() -> None:
    counts = [
        {key: len(text.splitlines()) for key, text in plain(language).items() if "ready_" in key}
        for language in Language
    ]
    assert counts[0] == counts[1] == counts[2]
