import re
import string
import tomllib
from dataclasses import asdict, fields
from importlib import resources

import pytest

from bot.locales import Language, Texts, texts_for
from bot.locales.catalog import LocaleError, build_texts
from bot.locales.templates import Template

TELEGRAM_COMMAND_DESCRIPTION = 256  # characters, Bot API
BUTTONS = {
    *("button_stop", "button_redo", "button_retry", "reset_yes", "reset_no"),
    *("erase_yes", "erase_no", "admin_confirm", "admin_cancel"),
}
PHONE_SCREEN = 700  # characters that stay readable without much scrolling


def raw(language: Language) -> dict[str, str]:
    source = resources.files("bot.locales").joinpath(f"{language.value}.toml")
    return tomllib.loads(source.read_text("utf-8"))


def plain(texts: Texts) -> dict[str, str]:
    values = {field.name: getattr(texts, field.name) for field in fields(Texts)}
    return {key: v.text if isinstance(v, Template) else v for key, v in values.items()}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", Language)
def test_every_language_has_exactly_the_declared_keys(language: Language) -> None:
    assert raw(language).keys() == {field.name for field in fields(Texts)}


@pytest.mark.parametrize("language", [Language.ZH_TW, Language.EN])
def test_all_languages_use_the_same_placeholders(language: Language) -> None:
    first = {key: placeholders(text) for key, text in raw(Language.ZH_CN).items()}
    assert {key: placeholders(text) for key, text in raw(language).items()} == first


@pytest.mark.parametrize("fault", ["missing", "unknown", "empty", "placeholder lost", "extra one"])
def test_a_file_with_a_fault_is_refused_by_the_name_of_its_key(fault: str) -> None:
    values = raw(Language.ZH_CN)
    key = {"placeholder lost": "admin_unknown_user", "unknown": "no_such_key"}.get(fault, "help")
    if fault == "missing":
        del values[key]
    else:
        values[key] = {"empty": "  ", "extra one": "写给 {name}"}.get(fault, "没有占位符")
    with pytest.raises(LocaleError, match=key):
        build_texts(values)


def test_a_text_with_placeholders_is_filled_in() -> None:
    texts = texts_for(Language.ZH_CN)
    assert "42" in texts.admin_reset_ask_user(user=42)
    assert "7" in texts.admin_reset_done_all(count=7)


def test_a_language_is_read_once() -> None:
    assert texts_for(Language.EN) is texts_for(Language.EN)


@pytest.mark.parametrize("language", Language)
def test_no_text_claims_to_be_a_counsellor_or_a_cure(language: Language) -> None:
    claim = re.compile(
        "咨询师|諮商|心理师|心理師|治疗|治療|诊断|診斷|counsel|therap|diagnos|treatment",
        re.IGNORECASE,
    )
    guilty = [key for key, text in plain(texts_for(language)).items() if claim.search(text)]
    assert guilty == []


@pytest.mark.parametrize("language", Language)
def test_phone_numbers_live_in_the_hotline_data_only(language: Language) -> None:
    holding = [k for k, text in plain(texts_for(language)).items() if re.search(r"\d{3}", text)]
    assert holding == []


@pytest.mark.parametrize("language", Language)
def test_texts_fit_a_phone_and_telegram(language: Language) -> None:
    texts = plain(texts_for(language))
    for key, text in texts.items():
        assert len(text) <= (PHONE_SCREEN if language is not Language.EN else 2 * PHONE_SCREEN), key
        if key.startswith("command_"):
            assert len(text) <= TELEGRAM_COMMAND_DESCRIPTION
        if key in BUTTONS:
            assert len(text) <= 20, key


@pytest.mark.parametrize("language", Language)
def test_first_contact_says_what_it_is_what_it_keeps_and_where_help_is(language: Language) -> None:
    start = texts_for(language).start
    assert "AI" in start
    assert re.search("不是真人|not a person", start)
    assert re.search("加密|encrypted", start)
    for command in ("/reset", "/privacy", "/help_now"):
        assert command in start


@pytest.mark.parametrize("language", Language)
def test_help_names_every_command(language: Language) -> None:
    for command in (
        "stop",
        "reset",
        "privacy",
        "export",
        "erase",
        "help_now",
        "human",
        "plan",
        "care",
        "safety",
        "about",
    ):
        assert f"/{command}" in texts_for(language).help


def test_chinese_of_the_two_scripts_is_not_mixed() -> None:
    simplified, traditional = (plain(texts_for(tag)) for tag in (Language.ZH_CN, Language.ZH_TW))
    only_simplified = set("们这说对话来么让电时见读删记谁发资请觉问题难写个会为过还")
    only_traditional = set("們這說對話來麼讓電時見讀刪記誰發資請覺問題難寫個會為過還")
    assert not only_traditional & set("".join(simplified.values()))
    assert not only_simplified & set("".join(traditional.values()))


def test_texts_are_frozen_values() -> None:
    with pytest.raises(AttributeError):
        texts_for(Language.EN).start = "changed"  # type: ignore[misc]
    assert asdict(texts_for(Language.EN))["start"]
