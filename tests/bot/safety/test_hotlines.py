import datetime as dt
import re
import warnings

import pytest
from pydantic import ValidationError

from bot.locales import Language, texts_for
from bot.safety.hotlines import (
    AUDIENCES,
    Region,
    all_hotlines,
    card_hotlines,
    emergency,
    hotlines_for,
    parse,
    region_of,
    render,
    youth_hotlines,
)

ENTRY = {
    "region": '"CN"',
    "name": '"全国心理援助热线"',
    "number": '"12356"',
    "kinds": '["crisis"]',
    "hours": '"at-least-18h"',
    "languages": '["zh"]',
    "on_card": "true",
    "source": '"a notice"',
    "verified_on": "2024-12-27",
}


def document(**changes: str | None) -> str:
    entry = {key: value for key, value in (ENTRY | changes).items() if value is not None}
    return "[[hotline]]\n" + "\n".join(f"{key} = {value}" for key, value in entry.items())


def test_a_complete_entry_is_accepted() -> None:
    (line,) = parse(document())
    assert (line.region, line.number, line.all_day) == (Region.CN, "12356", False)


@pytest.mark.parametrize("field", ENTRY)
def test_an_entry_without_one_of_its_fields_is_refused(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        parse(document(**{field: None}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", '"  "'),
        ("languages", "[]"),
        ("hours", '"always"'),
        ("hours", '"8:30-17:30"'),
        ("number", '"call us"'),
        ("kinds", '["commercial"]'),
        ("region", '"XX"'),
        ("verified_on", '"recently"'),
        ("note", '"a field nobody reads"'),
    ],
)
def test_an_entry_with_a_wrong_value_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        parse(document(**{field: value}))


def test_an_entry_is_due_after_180_days() -> None:
    (line,) = parse(document(verified_on="2026-01-01"))
    assert not line.due(dt.date(2026, 6, 30))
    assert line.due(dt.date(2026, 7, 1))


# The suite turns warnings into errors; this one is meant to be read, not to stop a build.
@pytest.mark.filterwarnings("default::UserWarning")
def test_entries_that_are_due_for_a_check_are_named_in_a_warning() -> None:
    today = dt.datetime.now(tz=dt.UTC).date()
    due = [f"{line.region} {line.number}" for line in all_hotlines() if line.due(today)]
    if due:
        warnings.warn(f"hotlines to verify again: {', '.join(due)}", stacklevel=1)
    assert not [line for line in all_hotlines() if line.verified_on > today]


def test_numbers_that_nobody_confirmed_are_not_in_the_data() -> None:
    unconfirmed = {
        "010-82951332",
        "800-810-1117",
        "400-161-9995",
        "2389 2222",
        "1995",
        "1980",
        "116 123",
    }
    assert not unconfirmed & {line.number for line in all_hotlines()}


def test_no_number_is_listed_twice_in_a_region() -> None:
    numbers = [(line.region, line.number) for line in all_hotlines()]
    assert len(numbers) == len(set(numbers))


def test_every_region_is_shown_to_somebody() -> None:
    shown = {region for audience in AUDIENCES.values() for region in audience.regions}
    assert shown == {line.region for line in all_hotlines()} == set(Region) - {Region.OTHER}


@pytest.mark.parametrize("language", Language)
def test_elsewhere_no_number_of_another_place_is_shown(language: Language) -> None:
    texts = texts_for(language)
    assert emergency(language, Region.OTHER) == texts.emergency_local
    for text in (
        card_hotlines(language, Region.OTHER),
        youth_hotlines(language, Region.OTHER),
        render(language, Region.OTHER),
    ):
        assert text.strip(" ·")
        assert not any(character.isdigit() for character in text)


@pytest.mark.parametrize("language", Language)
def test_the_list_shows_every_line_of_the_language(language: Language) -> None:
    text = render(language)
    for line in hotlines_for(language):
        assert f"· {line.number} {line.name}" in text
    assert len(text) <= 1000


@pytest.mark.parametrize("language", Language)
def test_only_what_a_source_promises_stands_under_24_hours(language: Language) -> None:
    texts = texts_for(language)
    all_day, _, limited = render(language).partition(texts.hotlines_limited)
    for line in hotlines_for(language):
        if not line.is_emergency:
            part = all_day if line.all_day else limited
            assert f"· {line.number} " in part


def test_12356_is_never_promised_around_the_clock() -> None:
    for text in (render(Language.ZH_CN), card_hotlines(Language.ZH_CN)):
        (row,) = re.findall(r"· 12356 .*", text)
        assert "至少 18 小时" in row
        assert "24" not in row


def test_emergency_numbers_are_named_only_where_the_country_is_known() -> None:
    assert emergency(Language.ZH_CN) == "110 或 120"
    assert emergency(Language.ZH_TW) == "當地的緊急救援電話"
    assert emergency(Language.EN) == "your local emergency number"


@pytest.mark.parametrize(
    ("language", "number"),
    [
        (Language.ZH_CN, "12356"),
        (Language.ZH_TW, "1925"),
        (Language.ZH_TW, "18111"),
        (Language.EN, "988"),
        (Language.EN, "13 11 14"),
    ],
)
def test_a_card_has_the_first_lines_of_its_region(language: Language, number: str) -> None:
    assert f"· {number} " in card_hotlines(language)
    assert card_hotlines(language).count("\n") < 6


@pytest.mark.parametrize("region", [region for region in Region if region is not Region.OTHER])
def test_a_chosen_region_shows_its_own_lines_and_no_others(region: Region) -> None:
    listed = {line.number for line in all_hotlines() if line.region is region}
    text = render(Language.ZH_CN, region)
    shown = {line.number for line in all_hotlines() if f"· {line.number} {line.name}" in text}
    assert shown == listed
    assert card_hotlines(Language.ZH_CN, region).startswith("· ")


def test_a_chosen_region_names_an_emergency_number_only_where_one_is_confirmed() -> None:
    assert emergency(Language.EN, Region.MY) == "999"
    assert emergency(Language.EN, Region.CN) == "110 or 120"
    assert emergency(Language.ZH_CN, Region.HK) == "当地的紧急救援电话"


def test_a_stored_region_that_is_no_longer_listed_counts_as_none() -> None:
    assert region_of("HK") is Region.HK
    assert (region_of("XX"), region_of(None)) == (None, None)
