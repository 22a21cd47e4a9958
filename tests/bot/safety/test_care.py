"""The facts of the care finder: whole in every language, sourced, without numbers."""

import datetime as dt
import re
from itertools import product

import pytest
from pydantic import ValidationError

from bot.locales import Language
from bot.safety import Region
from bot.safety.care import CarePage, all_facts, facts_for, parse

ENTRY = """
[[entry]]
page = "school"
region = "CN"
source = "某部门《某文件》"
dated = "2024-05"
[entry.text]
zh-CN = "一句"
zh-TW = "一句"
en = "A line"
"""
PHONE = {Language.ZH_CN: 480, Language.ZH_TW: 480, Language.EN: 1100}
"""Characters of a page that stay readable on a phone."""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('page = "school"', 'page = "church"'),
        ('region = "CN"', 'region = "XX"'),
        ('source = "某部门《某文件》"', 'source = " "'),
        ('dated = "2024-05"', 'dated = "last year"'),
        ('en = "A line"', ""),
        ("[entry.text]", 'number = "120"\n[entry.text]'),
    ],
)
def test_an_entry_with_a_fault_is_refused(old: str, new: str) -> None:
    assert len(parse(ENTRY)) == 1
    with pytest.raises(ValidationError):
        parse(ENTRY.replace(old, new))


def test_every_page_says_something_everywhere() -> None:
    for page, language in product(CarePage, Language):
        assert facts_for(page, language, Region.OTHER)


def test_a_page_holds_what_is_true_everywhere_and_nothing_of_another_place() -> None:
    for page, language, region in product(CarePage, Language, Region):
        assert {fact.region for fact in facts_for(page, language, region)} <= {"any", region}


def test_without_a_choice_a_language_of_one_country_means_that_country() -> None:
    def regions(language: Language) -> set[str]:
        return {str(fact.region) for page in CarePage for fact in facts_for(page, language)}

    assert regions(Language.ZH_CN) == {"any", "CN"}
    assert regions(Language.EN) == regions(Language.ZH_TW) == {"any"}


def test_no_telephone_number_stands_in_the_facts_and_pages_fit_a_phone() -> None:
    for page, language, region in product(CarePage, Language, Region):
        text = "\n".join(fact.text[language] for fact in facts_for(page, language, region))
        assert not re.search(r"\d{3}|\d[ -]\d", text)
        assert len(text) <= PHONE[language], (page, language, region)


def test_every_source_has_a_date_that_is_not_of_the_future() -> None:
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for fact in all_facts():
        assert fact.dated <= today


def test_chinese_of_the_two_scripts_is_not_mixed() -> None:
    only_simplified = set("们这说对话来么让电时见读记谁发资请觉问题难写个会为过还医诊")
    only_traditional = set("們這說對話來麼讓電時見讀記誰發資請覺問題難寫個會為過還醫診")
    for fact in all_facts():
        # The names of departments on the mainland are as they stand on the door.
        assert not only_traditional & set(fact.text[Language.ZH_CN])
        assert not only_simplified & set(fact.text[Language.ZH_TW])
