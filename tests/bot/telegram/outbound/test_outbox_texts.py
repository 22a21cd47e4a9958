"""Texts of any length: nothing that was to be said is cut off."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from tests.bot.telegram.outbound.saying import ANNA, soon, text

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("重新回答", callback_data="redo:1")]])
LONG = "我在听，你慢慢说。" * 1000


def shown(bot):
    """What the chat shows, oldest first, and the buttons under each message."""
    return [bot.shown[key] for key in sorted(bot.shown)]


async def test_a_long_text_is_sent_whole_with_the_buttons_under_its_end(outbox, bot, clock):
    sending = soon(outbox.send_text(ANNA, LONG, KEYBOARD))
    await clock.advance(10)
    last = await sending
    assert "".join(part for part, _ in shown(bot)) == LONG
    assert [keyboard for _, keyboard in shown(bot)] == [None, None, KEYBOARD]
    assert bot.shown[ANNA, last][1] == KEYBOARD


async def test_a_long_text_in_place_of_a_message_goes_on_behind_it(outbox, bot, clock):
    question = await outbox.send(ANNA, text("要不要？"), KEYBOARD)
    editing = soon(outbox.edit_text(ANNA, question, LONG))
    await clock.advance(10)
    await editing
    assert "".join(part for part, _ in shown(bot)) == LONG
    assert {keyboard for _, keyboard in shown(bot)} == {None}
