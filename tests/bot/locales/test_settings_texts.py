"""/settings fits a phone, and its rows fit their buttons."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from bot.locales import Language
from bot.locales.settings import settings_texts_for
from bot.locales.templates import Template

ON_A_ROW = 40
"""Columns that a button of its own row has room for; a Chinese character takes two."""


def plain(language: Language) -> dict[str, str]:
    texts = settings_texts_for(language)
    values = {field.name: getattr(texts, field.name) for field in fields(texts)}
    return {key: v.text if isinstance(v, Template) else v for key, v in values.items()}


@pytest.mark.parametrize("language", Language)
def test_texts_are_short_and_rows_fit_their_buttons(language: Language) -> None:
    wide = 1 if language is Language.EN else 2
    for key, text in plain(language).items():
        assert len(text) <= 160, key
        assert not re.search("咨询师|諮商|治疗|治療|诊断|診斷|therap|diagnos", text), key
        if not key.startswith(("ask_", "title")):
            shown = re.sub(r"\{\w+\}", "", text)
            assert len(shown) * wide <= ON_A_ROW, key
