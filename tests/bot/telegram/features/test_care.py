"""/care: where to find help in person, in one message that changes, by region and age."""

from __future__ import annotations

from itertools import count

import pytest

from bot.locales import Language, texts_for
from bot.locales.care import care_texts_for
from bot.safety import Region, emergency, region_of
from bot.safety.care import FEARS, CarePage, facts_for
from bot.safety.hotlines import youth_hotlines
from bot.telegram.features.care import name_of_page
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, PERSON, message, press

WORDS = care_texts_for(Language.ZH_CN)
CODES = {Language.ZH_CN: "zh-hans", Language.ZH_TW: "zh-hant", Language.EN: "en"}


async def asks(room, language=Language.ZH_CN):
    update = message("/care")
    update["message"]["from"]["language_code"] = CODES[language]
    await room.arrive(update)
    await room.passes(5)


async def presses(room, data, language=Language.ZH_CN):
    newest = max(number for chat, number in room.bot.shown if chat == PERSON)
    update = press(data, message_id=newest)
    update["callback_query"]["from"]["language_code"] = CODES[language]
    await room.arrive(update)
    await room.passes(5)


def sees(room):
    return room.bot.texts(PERSON)[-1]


@pytest.mark.parametrize("language", Language)
async def test_every_page_is_shown_in_the_one_message_and_its_sources_behind_a_button(
    room, language
):
    texts = care_texts_for(language)
    await asks(room, language)
    for page in CarePage:
        await presses(room, f"care:{page}", language)
        facts = facts_for(page, language, is_minor=False)
        assert sees(room).startswith(name_of_page(texts, page))
        assert all(fact.text[language] in sees(room) for fact in facts)
        assert not any(fact.source in sees(room) for fact in facts)
        back = f"care:{'fears' if page in FEARS else 'start'}"
        assert room.buttons() == [back, f"care:from:{page}"]
        await presses(room, f"care:from:{page}", language)
        assert all(fact.source in sees(room) and fact.dated in sees(room) for fact in facts)
        assert room.buttons() == [f"care:{page}"]
    assert len(room.bot.texts(PERSON)) == 1


@pytest.mark.parametrize("age", ["adult", "teen", None])
async def test_what_is_true_of_the_young_is_not_told_to_adults(room, age):
    if age is None:
        await room.storage.users.erase(PERSON)
    else:
        await room.storage.disclosures.set_age(PERSON, age)
    await room.storage.users.record_seen(PERSON, "zh-hans")
    await asks(room)
    for page in CarePage:
        await presses(room, f"care:{page}")
        for fact in facts_for(page, Language.ZH_CN):
            hidden = {"adult": "minor", "teen": "adult", None: "-"}[age]
            assert (fact.text[Language.ZH_CN] in sees(room)) is (fact.only_for != hidden)
        is_told = page in (CarePage.KNOWN, CarePage.RECORDS, CarePage.SAY) and age != "adult"
        assert (WORDS.who_is_told in sees(room)) is is_told


async def test_every_button_leads_somewhere_and_back_from_wherever_it_is_pressed(room):
    await asks(room)
    seen, waiting = set(), ["care:start"]
    for _ in count():
        if not waiting:
            break
        data = waiting.pop()
        for _ in range(2):
            await presses(room, data)
        assert sees(room)
        seen.add(data)
        waiting += [found for found in room.buttons() if found not in seen | set(waiting)]
    assert {f"care:{page}" for page in CarePage} | {"care:fears", "care:where"} <= seen
    assert {f"care:in:{region}" for region in Region} <= seen
    assert len(room.bot.texts(PERSON)) == 1


async def test_it_goes_by_the_region_a_person_chose_which_is_that_of_their_lines(room):
    await asks(room)
    assert WORDS.region(region=TEXTS.risk_region_cn) in sees(room)
    await presses(room, "care:where")
    await presses(room, "care:in:HK")
    assert WORDS.region(region=TEXTS.risk_region_hk) in sees(room)
    assert (await room.storage.users.get(PERSON)).region == "HK"
    await presses(room, "care:hospital")
    assert "转介信" in sees(room)
    assert "临床心理科" not in sees(room)
    await presses(room, "care:in:other")
    assert WORDS.no_region in sees(room)
    assert emergency(Language.ZH_CN, Region.OTHER) in sees(room)


@pytest.mark.parametrize("age", ["minor", "teen", "child"])
async def test_who_is_under_18_reads_the_line_for_their_age(room, age):
    await room.storage.disclosures.set_age(PERSON, age)
    line = WORDS.minor(lines=youth_hotlines(Language.ZH_CN)).strip()
    await asks(room)
    assert line in sees(room)
    for page in (CarePage.SCHOOL, CarePage.HOSPITAL, CarePage.FAMILY):
        await presses(room, f"care:{page}")
        assert line in sees(room)


async def test_whose_age_is_not_known_reads_it_softer_and_who_is_18_does_not(room):
    await asks(room)
    assert "18 岁" not in sees(room)
    await room.arrive(message("/care", person=77))
    await room.passes(5)
    assert WORDS.perhaps_minor in room.bot.texts(77)[-1]


async def test_in_a_group_it_shows_the_way_to_the_private_chat(room):
    await room.arrive(message("/care@shudong_bot", chat=GROUP))
    await room.arrive(press("care:school", chat=GROUP))
    await room.passes(5)
    assert room.bot.texts(GROUP) == [TEXTS.private_here]
    [(_, keyboard)] = [shown for (chat, _), shown in room.bot.shown.items() if chat == GROUP]
    assert keyboard.inline_keyboard[0][0].url.endswith("?start=care")
    assert room.bot.answered[-1][1] == TEXTS.button_expired


async def test_the_link_from_a_group_opens_it_and_a_strange_one_greets(room):
    await room.arrive(message("/start care"))
    await room.passes(5)
    assert WORDS.region(region=TEXTS.risk_region_cn) in sees(room)
    await room.arrive(message("/start erase"))
    await room.passes(5)
    assert sees(room).startswith(TEXTS.start[:10])


async def test_what_is_offered_opens_below_and_leaves_the_message_it_stood_under(room):
    await room.arrive(message("你好"))
    await room.passes(5)
    answered = sees(room)
    await presses(room, "care:offered")
    assert room.bot.texts(PERSON)[-2] == answered
    assert texts_for(Language.ZH_CN).command_care
    assert region_of("HK") is Region.HK


async def follows_a_card(room, danger):
    """The buttons under what comes after a card, once the person has written again."""
    await room.arrive(message(danger))
    await room.passes(5)
    card = room.bot.shown[PERSON, 1][1]
    await room.arrive(message("嗯，我还在"))
    await room.passes(5)
    assert not any(b.callback_data == "care:offered" for row in card.inline_keyboard for b in row)
    return room.buttons()


async def test_after_high_it_is_offered_under_what_follows_the_card(open_room):
    room = open_room(is_trial=True)
    assert "care:offered" in await follows_a_card(room, "我不想活了")
    await room.arrive(message("今天天气不错", person=77))
    await room.passes(5)
    assert "care:offered" not in room.buttons(77)


async def test_at_imminent_it_is_not_offered(open_room):
    assert "care:offered" not in await follows_a_card(open_room(is_trial=True), "我已经站在楼顶了")
