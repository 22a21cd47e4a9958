"""What the trusted one is told, word by word; the person sees the same beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.trusted import trusted_texts_for
from bot.safety import RiskLevel, card_hotlines, emergency
from bot.safety.hotlines import audience
from bot.safety.protocol.dangers import BY_OTHERS, Danger
from bot.storage import TellingCards

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.safety import Region
    from bot.storage import TrustedPerson
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList

TELLING = TellingCards(
    level=int(RiskLevel.IMMINENT),
    # A danger that is not known better is met as suicide. A threat is not among them: the one it
    # is against may be the one they trust; and what is told of others is not the writer's danger.
    kinds=frozenset(
        {
            None,
            *(Danger.SUICIDE.value, Danger.BODY.value, Danger.VOICES.value, Danger.EATING.value),
        }
    ),
    harm=frozenset(danger.value for danger in BY_OTHERS),
    signs_of_harm=frozenset({Danger.CHILD_OTHER.value, *(danger.value for danger in BY_OTHERS)}),
)


class HelpText:
    """Writes it in the language of the one who reads it, with the lines of where the person is."""

    def __init__(self, context: Context, hotlines: HotlineList) -> None:
        self._language_of = context.language_of
        self._now = context.now
        self._hotlines = hotlines

    async def write(self, trusted: TrustedPerson) -> str:
        """The whole text. Raises StorageError."""
        reader = trusted.trusted_id if trusted.trusted_id is not None else trusted.user_id
        language = await self._language_of(reader)
        region = await self.region(trusted.user_id)
        return trusted_texts_for(language).help(
            called=trusted.called,
            emergency=emergency(language, region),
            lines=card_hotlines(language, region, at=self._now()),
        )

    async def region(self, user_id: int) -> Region | None:
        """Where a person is: by their choice, else by their language; None: not known."""
        chosen = await self._hotlines.region(user_id)
        language: Language = await self._language_of(user_id)
        return chosen if chosen is not None else audience(language).home
