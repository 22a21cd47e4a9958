"""Messages that hold nothing to read."""

from __future__ import annotations

import re

import pytest

from bot.locales import Language, texts_for
from bot.safety import emergency
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, PERSON, PHOTO, message


async def test_an_album_gets_one_answer_and_the_next_one_another(room):
    album = [message(photo=PHOTO, media_group_id="a") for _ in range(3)]
    ids = await room.arrive(*album)
    await room.passes(10)
    assert room.bot.texts(PERSON) == [TEXTS.unsupported_photo]
    assert [await room.update(update_id) for update_id in ids] == [("done", None)] * 3
    await room.arrive(message(photo=PHOTO, media_group_id="b"))
    await room.arrive(message(photo=PHOTO))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [TEXTS.unsupported_photo] * 3


VOICE = {"file_id": "v", "file_unique_id": "v", "duration": 3}
KINDS = ({"photo": PHOTO}, {"voice": VOICE})


@pytest.mark.parametrize("fields", KINDS)
async def test_a_cry_that_cannot_be_heard_is_told_whom_to_call(open_room, fields):
    room = open_room(trusted_at_risk=())
    await room.arrive(message("我不想活了"))
    await room.passes(5)
    await room.arrive(message(**fields))
    await room.passes(5)
    whom = emergency(Language.ZH_CN)
    assert room.bot.texts(PERSON)[-1] == TEXTS.unsupported_in_danger(emergency=whom)
    await room.arrive(message(chat=GROUP, caption_entities=[], **fields))
    await room.passes(5)
    assert whom not in "".join(room.bot.texts(GROUP))


@pytest.mark.parametrize("language", Language)
def test_each_says_where_help_is_and_none_asks_to_describe_what_it_shows(language):
    texts = texts_for(language)
    kinds = ("photo", "voice", "video", "sticker", "document", "location", "other", "in_danger")
    for kind in kinds:
        text = getattr(texts, f"unsupported_{kind}")
        text = text if isinstance(text, str) else text.text
        assert "/help_now" in text
        assert not re.search("[？?]", text)
        assert not re.search("听见|聽見|里面有什么|裡面有什麼|what is in it", text)
