"""What people chose: kept, at hand in every process, handed out and erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import ChosenPreferences, Disclosure, Preferences

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

PERSON, OTHER = 7_000_000_001, 7_000_000_002


async def test_each_choice_stays_until_it_is_changed(replica: Replica) -> None:
    assert await replica.preferences.for_user(PERSON) == Preferences()
    await replica.preferences.change(PERSON, manner="listen", quiet_from=22, quiet_until=8)
    await replica.preferences.change(PERSON, is_brief=True, time_zone="Asia/Taipei")
    await replica.preferences.change(PERSON, manner=None)
    assert await replica.preferences.for_user(PERSON) == Preferences(
        is_brief=True, quiet_from=22, quiet_until=8, time_zone="Asia/Taipei"
    )
    assert await replica.preferences.for_user(OTHER) == Preferences()


async def test_a_turn_reads_what_was_told_and_chosen_together(replica: Replica) -> None:
    read = replica.preferences.read_with_disclosure
    assert await read(PERSON) == (Disclosure(), Preferences())
    await replica.disclosures.set_age(PERSON, "teen")
    assert await read(PERSON) == (Disclosure(age="teen"), Preferences())
    await replica.preferences.change(PERSON, is_brief=True)
    assert await read(PERSON) == (Disclosure(age="teen"), Preferences(is_brief=True))
    await replica.preferences.change(OTHER, manner="advise")
    assert await read(OTHER) == (Disclosure(), Preferences(manner="advise"))


async def test_a_language_is_at_hand_in_each_process_and_goes_with_its_choice(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    other = ChosenPreferences(database, clock)
    await replica.preferences.change(PERSON, language="zh-TW")
    assert replica.preferences.language(PERSON) == "zh-TW"
    await other.refresh_languages()
    assert other.language(PERSON) == "zh-TW"
    clock.advance(minutes=3)
    await replica.preferences.change(PERSON, language=None)
    assert replica.preferences.language(PERSON) is None
    clock.advance(seconds=5)
    await other.refresh_languages()
    assert other.language(PERSON) is None


async def test_what_was_chosen_goes_out_with_the_export_and_away_with_the_erasure(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    other = ChosenPreferences(database, clock)
    await replica.preferences.change(PERSON, language="en", is_brief=True)
    await other.refresh_languages()
    exported = (await replica.users.export(PERSON)).preferences
    assert exported == Preferences(language="en", is_brief=True)
    await replica.users.erase(PERSON)
    assert await replica.preferences.for_user(PERSON) == Preferences()
    assert (await replica.users.export(PERSON)).preferences is None
    clock.advance(hours=2)
    await other.refresh_languages()
    assert other.language(PERSON) is None
