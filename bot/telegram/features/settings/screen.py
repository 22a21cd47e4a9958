"""/settings: shows what is set, a page for each thing, and sets what is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bot.locales.settings import settings_texts_for
from bot.safety import region_of
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Callback, Command, Feature
from bot.telegram.features.private_only import send_to_private
from bot.telegram.features.settings.keyboards import (
    parse_setting,
    settings_page,
    settings_screen,
)
from bot.telegram.features.settings.pages import (
    NOTHING,
    Chosen,
    Page,
    asks,
    choices,
    confirm_zone,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales import Language
    from bot.storage.models import Manner
    from bot.telegram.context import Context
    from bot.telegram.feature import SettingRow
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.settings.keyboards import PressedSetting
    from bot.telegram.requests import CallbackRequest, CommandRequest


class SettingsScreen(Feature):
    """Shows and changes what people chose, in private chats only.

    Args:
        context: what the features share.
        hotlines: keep the region of a person at hand.
        rows: what other features have on the screen, see `Feature.setting_rows`.
    """

    def __init__(
        self, context: Context, *, hotlines: HotlineList, rows: Sequence[SettingRow]
    ) -> None:
        self._context = context
        self._outbox = context.outbox
        self._preferences = context.storage.preferences
        self._users = context.storage.users
        self._hotlines = hotlines
        self._rows = rows
        self.commands = (
            Command(
                name="settings",
                run=self._settings,
                menu=lambda t: t.command_settings,
                opens_by_link=True,
            ),
        )
        self.callbacks = (Callback(prefix="set", parse=parse_setting, run=self._press),)

    async def _settings(self, request: CommandRequest) -> None:
        if not request.is_private:
            await send_to_private(self._context, request, "settings")
            return
        await self._show(request.user_id, request.language)

    async def _press(self, request: CallbackRequest, pressed: PressedSetting) -> str | None:
        user_id, message_id = request.user_id, request.message_id
        if not (is_private(request.chat_id) and request.chat_id == user_id):
            return request.texts.button_expired
        if pressed.page is None:
            await self._show(user_id, request.language, in_message=message_id)
            return None
        if pressed.value is None:
            await self._open(user_id, pressed.page, request.language, message_id)
            return None
        before = await self._chosen(user_id, request.language)
        texts = settings_texts_for(request.language)
        if pressed.value not in choices(texts, pressed.page, before):
            return request.texts.button_expired
        await self._set(user_id, pressed.page, pressed.value)
        language = await self._context.language_of(user_id)
        texts = settings_texts_for(language)
        now = await self._chosen(user_id, language)
        if (then := _asked_once(pressed.page, before, now)) is not None:
            asked = {
                Page.ZONE: confirm_zone(texts, now),
                Page.REGION: texts.ask_region_once,
            }[then]
            await self._open(user_id, then, language, message_id, says=asked)
        else:
            await self._show(user_id, language, in_message=message_id)
        return texts.saved

    async def _show(
        self, user_id: int, language: Language, *, in_message: int | None = None
    ) -> None:
        texts = settings_texts_for(language)
        more = [(await row.label(user_id, language), row.data) for row in self._rows]
        keyboard = settings_screen(texts, await self._chosen(user_id, language), more)
        if in_message is None:
            await self._outbox.send_text(user_id, texts.title, keyboard)
        else:
            await self._outbox.edit_text(user_id, in_message, texts.title, keyboard)

    async def _open(
        self, user_id: int, page: Page, language: Language, message_id: int, *, says: str = ""
    ) -> None:
        texts = settings_texts_for(language)
        keyboard = settings_page(texts, page, await self._chosen(user_id, language))
        await self._outbox.edit_text(user_id, message_id, says or asks(texts, page), keyboard)

    async def _chosen(self, user_id: int, language: Language) -> Chosen:
        return Chosen(
            await self._preferences.for_user(user_id),
            await self._users.get(user_id),
            language,
            self._context.now(),
        )

    async def _set(self, user_id: int, page: Page, value: str) -> None:
        """Store a choice that a page offers."""
        given = None if value == NOTHING else value
        match page:
            case Page.LANGUAGE:
                await self._preferences.change(user_id, language=given)
            case Page.MANNER:
                await self._preferences.change(user_id, manner=cast("Manner | None", given))
            case Page.LENGTH:
                await self._preferences.change(user_id, is_brief=given is not None)
            case Page.QUIET:
                begin, end = map(int, given.split("-")) if given else (None, None)
                await self._preferences.change(user_id, quiet_from=begin, quiet_until=end)
            case Page.ZONE:
                await self._preferences.change(user_id, time_zone=value)
            case Page.REGION:
                await self._users.set_region(user_id, given)
                self._hotlines.remember_region(user_id, region_of(given))
            case Page.CHECK_INS:
                if given is None:
                    await self._users.disable_check_ins(user_id)
                else:
                    await self._users.enable_check_ins(user_id)


def _asked_once(page: Page, before: Chosen, now: Chosen) -> Page | None:
    """What has to be asked behind a choice, because it was never chosen and now matters."""
    if page is Page.QUIET and now.value(page) != NOTHING and now.preferences.time_zone is None:
        return Page.ZONE
    moved = before.language is not now.language
    return Page.REGION if page is Page.LANGUAGE and moved and now.region is None else None
