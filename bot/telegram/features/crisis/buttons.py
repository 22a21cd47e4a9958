"""What the buttons under a crisis card do. They are for the person the card was for."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bot.safety import LOWEST_BY_WORD, Region, RiskLevel, card_hotlines, emergency, region_of
from bot.telegram import keyboards

if TYPE_CHECKING:
    from bot.storage import Risk, Users
    from bot.telegram.features.crisis.cards import Crisis
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.requests import CallbackRequest


class CrisisButtons:
    """I am safe, I need help, lines elsewhere, do not ask me again."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        crisis: Crisis,
        desk: HandoffDesk,
        risk: Risk,
        users: Users,
        hotlines: HotlineList,
    ) -> None:
        self._outbox = outbox
        self._crisis = crisis
        self._desk = desk
        self._risk = risk
        self._users = users
        self._hotlines = hotlines
        self._safe_said: deque[tuple[int, int]] = deque(maxlen=256)

    def forget(self, user_id: int) -> None:
        """Let go of what is at hand about somebody who had everything erased."""
        self._hotlines.remember_region(user_id, None)

    async def toast(self, pressed: CallbackRequest) -> str | None:
        """Act, and return what is to be shown for a moment, if anything.

        Raises:
            ValueError: the data is of no button of ours.
        """
        what, *arguments, owner = pressed.press.arguments
        if pressed.user_id != int(owner):
            return pressed.texts.risk_not_yours
        match what, arguments:
            case "safe", []:
                await self._safe(pressed)
            case "help", []:
                await self._help(pressed)
            case "where", []:
                keyboard = keyboards.regions(pressed.texts, pressed.user_id)
                await self._hotlines.say(pressed.chat_id, pressed.texts.risk_region_ask, keyboard)
            case "in", [code]:
                await self._in(pressed, code)
            case "quiet", []:
                await self._users.disable_check_ins(pressed.user_id)
                await self._hotlines.say(pressed.chat_id, pressed.texts.risk_check_in_off)
            case _:
                raise ValueError(what)
        return None

    async def _safe(self, pressed: CallbackRequest) -> None:
        # Once under each card: a finger that taps twice must not end two levels.
        tapped = (pressed.chat_id, pressed.message_id)
        if tapped in self._safe_said:
            return
        self._safe_said.append(tapped)
        keyboard = keyboards.in_danger(pressed.texts, pressed.user_id, safe=False)
        await self._risk.lower(pressed.user_id, LOWEST_BY_WORD)
        await self._hotlines.say(pressed.chat_id, pressed.texts.risk_safe)
        await self._outbox.edit_keyboard(pressed.chat_id, pressed.message_id, keyboard)

    async def _help(self, pressed: CallbackRequest) -> None:
        user_id, language = pressed.user_id, pressed.language
        region = await self._hotlines.region(user_id)
        text = pressed.texts.risk_help(
            emergency=emergency(language, region), lines=card_hotlines(language, region)
        )
        keyboard = keyboards.in_danger(pressed.texts, user_id)
        await self._hotlines.say(pressed.chat_id, text, keyboard)
        await self._crisis.note_risk(
            RiskLevel.HIGH, chat_id=pressed.chat_id, user_id=user_id, language=language
        )
        await self._desk.help_wanted(pressed.chat_id, user_id, language)

    async def _in(self, pressed: CallbackRequest, code: str) -> None:
        texts, user_id = pressed.texts, pressed.user_id
        region = region_of(code)
        if region is None:
            raise ValueError(code)
        await self._users.set_region(user_id, region.value)
        if region is not Region.OTHER:
            name = keyboards.region_names(texts)[region]
            await self._hotlines.say(pressed.chat_id, texts.risk_region_done(region=name))
        await self._hotlines.show(pressed.chat_id, user_id, pressed.language)
