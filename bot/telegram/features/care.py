"""/care: where to find help in person, and what holds people back, in one message that changes.

All of it is reviewed text and checked facts; no word is asked of the person, and none is kept but
the region they choose, which is that of their hotlines, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from telegram import InlineKeyboardMarkup

from bot.locales import texts_for
from bot.locales.care import care_texts_for
from bot.safety import Region, emergency, region_of
from bot.safety.care import FEARS, CarePage, facts_for
from bot.safety.hotlines import audience, youth_hotlines
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Callback, Command, Feature, button_row, button_rows
from bot.telegram.features.crisis.keyboards import region_names
from bot.telegram.features.private_only import send_to_private
from bot.telegram.outbound.numbers import render_with_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales import Language, Texts
    from bot.locales.care import CareTexts
    from bot.storage import Age
    from bot.telegram.context import Context
    from bot.telegram.feature import Button
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)

OFFERED, START, DOUBTS, WHERE = "offered", "start", "fears", "where"
_PLACES = frozenset({OFFERED, START, DOUBTS, WHERE, *CarePage})
_FROM_START = (
    *(CarePage.SCHOOL, CarePage.HOSPITAL, CarePage.SAY, CarePage.COST),
    *(CarePage.RECORDS, CarePage.HURT),
)
_WITH_WHOM = frozenset({CarePage.SCHOOL, CarePage.HOSPITAL, CarePage.HURT, CarePage.FAMILY})
"""The pages on which those under 18 read who can come along."""
_WHO_IS_TOLD = frozenset({CarePage.SAY, CarePage.RECORDS, CarePage.KNOWN})
"""The pages on which those under 18 read that what they say may be told."""


@dataclass(frozen=True, slots=True)
class SourcesOf:
    """The button that shows who says what stands on a page."""

    page: CarePage


class CareFinder(Feature):
    """Shows the pages, in private chats only."""

    def __init__(self, context: Context, *, hotlines: HotlineList) -> None:
        self._context = context
        self._outbox = context.outbox
        self._users = context.storage.users
        self._disclosures = context.storage.disclosures
        self._hotlines = hotlines
        self.commands = (
            Command(
                name="care",
                run=self._care,
                menu=lambda t: t.command_care,
                opens_by_link=True,
                open_to_all=True,
            ),
        )
        self.callbacks = (Callback(prefix="care", parse=_parse, run=self._press, open_to_all=True),)

    async def _care(self, request: CommandRequest) -> None:
        if not request.is_private:
            await send_to_private(self._context, request, "care")
            return
        await self._show_start(request.user_id, request.language, in_message=None)

    async def _press(self, request: CallbackRequest, place: str | Region | SourcesOf) -> str | None:
        user_id, language, message_id = request.user_id, request.language, request.message_id
        if not (is_private(request.chat_id) and request.chat_id == user_id):
            return request.texts.button_expired
        texts = care_texts_for(language)
        if isinstance(place, Region):
            await self._users.set_region(user_id, place.value)
            self._hotlines.remember_region(user_id, place)
            await self._show_start(user_id, language, in_message=message_id)
        elif place == OFFERED:  # under a message that stays as it is
            await self._show_start(user_id, language, in_message=None)
        elif place == START:
            await self._show_start(user_id, language, in_message=message_id)
        elif place == DOUBTS:
            await self._show(user_id, texts.fears, under_fears(texts), message_id)
        elif place == WHERE:
            keyboard = choose_care_region(request.texts)
            await self._show(user_id, texts.where, keyboard, message_id)
        elif isinstance(place, SourcesOf):
            await self._show_sources(user_id, place.page, language, message_id)
        else:
            await self._show_page(user_id, CarePage(place), language, message_id)
        return None

    async def _show_start(self, user_id: int, language: Language, in_message: int | None) -> None:
        texts = care_texts_for(language)
        region = await self._hotlines.region(user_id)
        home = region if region is not None else audience(language).home
        blocks = [texts.start(emergency=emergency(language, region))]
        if home is not None and (name := region_names(texts_for(language)).get(home)):
            blocks.append(texts.region(region=name))
        else:
            blocks.append(texts.no_region)
        blocks += with_whom(await self._age(user_id), language, region)
        await self._show(user_id, "\n\n".join(blocks), choose_care_page(texts), in_message)

    async def _show_page(
        self, user_id: int, page: CarePage, language: Language, message_id: int
    ) -> None:
        texts = care_texts_for(language)
        region, age = await self._hotlines.region(user_id), await self._age(user_id)
        facts = facts_for(page, language, region, is_minor=_is_minor(age))
        blocks = [name_of_page(texts, page), *(fact.text[language] for fact in facts)]
        if page in _WITH_WHOM:
            blocks += with_whom(age, language, region)
        if page in _WHO_IS_TOLD and age != "adult":
            blocks.append(texts.who_is_told)
        await self._show(user_id, "\n\n".join(blocks), back_from_care(texts, page), message_id)

    async def _show_sources(
        self, user_id: int, page: CarePage, language: Language, message_id: int
    ) -> None:
        """Who says what stands on a page; on the page itself a name of a law frightens."""
        texts = care_texts_for(language)
        region, age = await self._hotlines.region(user_id), await self._age(user_id)
        facts = facts_for(page, language, region, is_minor=_is_minor(age))
        named = dict.fromkeys(texts.source(source=fact.source, dated=fact.dated) for fact in facts)
        heading = texts.sources(page=name_of_page(texts, page))
        keyboard = button_row((texts.button_back, f"care:{page}"))
        await self._show(user_id, "\n\n".join([heading, "\n".join(named)]), keyboard, message_id)

    async def _age(self, user_id: int) -> Age | None:
        """How old a person says they are; None: not known, or not known now."""
        try:
            return (await self._disclosures.for_user(user_id)).age
        except StorageError as error:
            log.warning("age_not_read", error=type(error).__name__)
            return None

    async def _show(
        self,
        user_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup,
        in_message: int | None,
    ) -> None:
        parts = render_with_numbers(text)
        if in_message is None:
            await self._outbox.send_parts(user_id, parts, keyboard)
        else:
            await self._outbox.edit_parts(user_id, in_message, parts, keyboard)


def name_of_page(texts: CareTexts, page: CarePage) -> str:
    """What a page is called, on its button and above it."""
    return str(getattr(texts, f"name_{page}"))


def with_whom(age: Age | None, language: Language, region: Region | None) -> list[str]:
    """Who can come along, for who is under 18, or may be; nothing for who is not."""
    texts = care_texts_for(language)
    if age == "adult":
        return []
    if age is None:
        return [texts.perhaps_minor]
    return [texts.minor(lines=youth_hotlines(language, region))]


def choose_care_page(texts: CareTexts) -> InlineKeyboardMarkup:
    """Under the first page: the others."""
    last = [(texts.button_fears, f"care:{DOUBTS}"), (texts.button_where, f"care:{WHERE}")]
    return button_rows([*_pairs([_page_button(texts, page) for page in _FROM_START]), last])


def under_fears(texts: CareTexts) -> InlineKeyboardMarkup:
    """Under the question what holds a person back."""
    buttons = [_page_button(texts, page) for page in FEARS]
    return button_rows([*_pairs(buttons), [(texts.button_back, f"care:{START}")]])


def back_from_care(texts: CareTexts, page: CarePage) -> InlineKeyboardMarkup:
    """Under a page: the way back, and who says what stands there."""
    return button_row(
        (texts.button_back, f"care:{DOUBTS if page in FEARS else START}"),
        (texts.button_sources, f"care:from:{page}"),
    )


def choose_care_region(texts: Texts) -> InlineKeyboardMarkup:
    """Under the question where a person is, three a row."""
    buttons = [(name, f"care:in:{region}") for region, name in region_names(texts).items()]
    buttons.append((texts.risk_region_elsewhere_button, f"care:in:{Region.OTHER}"))
    return button_rows([buttons[start : start + 3] for start in range(0, len(buttons), 3)])


def with_care(texts: Texts, keyboard: InlineKeyboardMarkup) -> InlineKeyboardMarkup:
    """Buttons, and below them the one that opens the first page in a message of its own."""
    offer = button_row((texts.command_care, f"care:{OFFERED}"))
    return InlineKeyboardMarkup([*keyboard.inline_keyboard, *offer.inline_keyboard])


def _page_button(texts: CareTexts, page: CarePage) -> Button:
    return (name_of_page(texts, page), f"care:{page}")


def _pairs(buttons: Sequence[Button]) -> list[Sequence[Button]]:
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]


def _is_minor(age: Age | None) -> bool | None:
    return None if age is None else age != "adult"


def _parse(arguments: Sequence[str]) -> str | Region | SourcesOf:
    match arguments:
        case [place] if place in _PLACES:
            return place
        case ["from", page]:
            return SourcesOf(CarePage(page))
        case ["in", code] if (region := region_of(code)) is not None:
            return region
        case _:
            raise ValueError(arguments)
