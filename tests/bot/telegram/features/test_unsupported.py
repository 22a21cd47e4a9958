"""Messages that hold nothing to read."""

from __future__ import annotations

from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import PERSON, PHOTO, message


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
