"""Words of danger, their cards, and how a test says the one and sees the other."""

from __future__ import annotations

from bot.locales import Language, texts_for
from bot.locales.crisis import crisis_texts_for
from bot.locales.crisis.texts import fill_in
from bot.safety import Danger, RiskLevel, card, repeated_card
from bot.safety.hotlines import numbers_for
from bot.safety.protocol.paths import paths
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
ASIDES = tuple(crisis_texts_for(CN).words[one] for one in paths().asides.values())
TEAM = -900
"""The chat of the operators, where there is one."""
SAFE, HELP, WHERE = (f"risk:{what}:{PERSON}" for what in ("safe", "help", "where"))


def whole_card(level, region=None, danger=Danger.SUICIDE, heard=None):
    """The card that the person of these tests is shown, who has said that they are grown up."""
    return card(level, CN, region, danger=danger, is_minor=False, heard=heard)


HIGH_CARD, IMMINENT_CARD = whole_card(RiskLevel.HIGH), whole_card(RiskLevel.IMMINENT)


def without_aside(text):
    """An answer without what is said once before it: why it is so stiff, that it will ask."""
    first, _, rest = text.partition("\n\n")
    return rest if first in ASIDES else text


def shown(text):
    """A reviewed text as a chat shows it, in one message."""
    [part] = render(text)
    return part.text


def is_again(text, number, level=RiskLevel.HIGH):
    """Whether a text stands in place of the card of a level: it says whom to call, and asks."""
    whom_to_call, _, _ = shown(repeated_card(level, CN, number)).rpartition("\n\n")
    return whom_to_call in text and "？" in text.rpartition("\n\n")[2]


async def says(room, text, seconds=10, **fields):
    """Say something and wait; what the bot said to it, without the notice of a new session."""
    before = len(room.bot.texts(PERSON))
    await room.arrive(message(text, **fields))
    await room.passes(seconds)
    said = room.bot.texts(PERSON)[before:]
    return [without_aside(one) for one in said if one != texts_for(CN).care_session]


def alerts(room):
    """What the operators' chat was told, oldest first."""
    return room.bot.texts(TEAM)


def sent_at(room, text):
    """When each message with this text was sent, in seconds since the room's first call."""
    return [at for at, method, said in room.bot.log(PERSON) if (method, said) == ("send", text)]
