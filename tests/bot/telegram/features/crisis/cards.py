"""Words of danger, their cards, and how a test says the one and sees the other."""

from __future__ import annotations

from bot.locales import Language
from bot.locales.crisis import crisis_texts_for
from bot.locales.crisis.texts import fill_in
from bot.safety import RiskLevel, card, repeated_card
from bot.safety.hotlines import numbers_for
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.updates import PERSON, message

HIGH = "我不想活了"
IMMINENT = "我今晚就去跳楼，已经决定了。"
ASKS = {
    question: fill_in(text, numbers_for(Language.ZH_CN, None))
    for question, text in crisis_texts_for(Language.ZH_CN).questions.items()
}
DAY = 24 * 3600
CN = Language.ZH_CN
HIGH_CARD, IMMINENT_CARD = card(RiskLevel.HIGH, CN), card(RiskLevel.IMMINENT, CN)
TEAM = -900
"""The chat of the operators, where there is one."""
SAFE, HELP, WHERE = (f"risk:{what}:{PERSON}" for what in ("safe", "help", "where"))


def shown(text):
    """A reviewed text as a chat shows it, in one message."""
    [part] = render(text)
    return part.text


def is_again(text, number, level=RiskLevel.HIGH):
    """Whether a text stands in place of the card of a level: it says whom to call, and asks."""
    whom_to_call, _, _ = shown(repeated_card(level, CN, number)).rpartition("\n\n")
    return whom_to_call in text and text.endswith("？")


async def says(room, text, seconds=10, **fields):
    """Say something and wait; what the bot said to it."""
    before = len(room.bot.texts(PERSON))
    await room.arrive(message(text, **fields))
    await room.passes(seconds)
    return room.bot.texts(PERSON)[before:]


def alerts(room):
    """What the operators' chat was told, oldest first."""
    return room.bot.texts(TEAM)


def sent_at(room, text):
    """When each message with this text was sent, in seconds since the room's first call."""
    return [at for at, method, said in room.bot.log(PERSON) if (method, said) == ("send", text)]
