"""/help_now, and what the buttons under a crisis card do for the person the card was for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety import BY_OTHERS, LOWEST_BY_WORD, Region, RiskLevel, region_of, word
from bot.telegram.feature import Callback, Command, Feature, parse_id
from bot.telegram.features.crisis.keyboards import in_danger, region_names, regions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation.crisis_protocol import CrisisProtocol
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.cards import Crisis
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.handoff.human_requests import HumanRequests
    from bot.telegram.requests import CallbackRequest, CommandRequest

CALLS_FOR_HELP = frozenset(
    (
        *("求助", "求助电话", "求助電話", "求救", "救命", "救我", "救救我"),
        *("我需要帮助", "我需要幫助", "需要帮助", "需要幫助"),
        *("help", "help me", "i need help", "sos", "hotline"),
    )
)
"""Words that, alone in a message, ask for the hotlines."""

_CHECKED_IN = {"fine": ("check_in_fine", "better"), "talk": ("check_in_talk", None)}
"""What is said to a button under a check-in, and what it answers."""

MAX_SAFE_PRESSES = 256
"""Presses of "I am safe" kept in mind, so that two taps of a finger count once."""


@dataclass(frozen=True, slots=True)
class PressedCrisisButton:
    """One of the buttons for `owner_id`; `region` where they chose one."""

    action: str
    owner_id: int
    region: Region | None = None


class CrisisControls(Feature):
    """The hotlines, for who asks; under a card: safe, help, hotlines elsewhere, no questions."""

    def __init__(
        self,
        context: Context,
        *,
        crisis: Crisis,
        protocol: CrisisProtocol,
        human_requests: HumanRequests,
        hotlines: HotlineList,
    ) -> None:
        self._outbox = context.outbox
        self._risk = context.storage.risk
        self._users = context.storage.users
        self._disclosures = context.storage.disclosures
        self._crisis = crisis
        self._protocol = protocol
        self._human_requests = human_requests
        self._hotlines = hotlines
        self._safe_pressed: deque[tuple[int, int]] = deque(maxlen=MAX_SAFE_PRESSES)
        self.commands = (
            Command(
                name="help_now",
                run=self._help_now,
                menu=lambda t: t.command_help_now,
                phrases=CALLS_FOR_HELP,
                opens_by_link=True,
                is_urgent=True,
                run_unstored=crisis.show_hotlines_unrecorded,
            ),
        )
        self.callbacks = (Callback(prefix="risk", parse=_parse, run=self._press, is_urgent=True),)

    async def _help_now(self, request: CommandRequest) -> None:
        await self._hotlines.show(request.chat_id, request.user_id, request.language)

    async def _press(self, request: CallbackRequest, pressed: PressedCrisisButton) -> str | None:
        texts, user_id = request.texts, request.user_id
        if user_id != pressed.owner_id:
            return texts.risk_not_yours
        if pressed.region is not None:
            await self._set_region(request, pressed.region)
        elif pressed.action == "safe":
            await self._note_safe(request)
        elif pressed.action == "help":
            await self._help(request)
        elif pressed.action in _CHECKED_IN:
            await self._note_check_in(request, pressed.action)
        elif pressed.action == "where":
            keyboard = regions(texts, user_id)
            await self._hotlines.reply(request.chat_id, texts.risk_region_ask, keyboard)
        else:
            await self._users.disable_check_ins(user_id)
            await self._hotlines.reply(request.chat_id, texts.risk_check_in_off)
        return None

    async def _note_safe(self, request: CallbackRequest) -> None:
        # Once under each card: a finger that taps twice must not end two levels.
        tapped = (request.chat_id, request.message_id)
        if tapped in self._safe_pressed:
            return
        self._safe_pressed.append(tapped)
        discreet = await self._is_discreet(request.user_id)
        keyboard = in_danger(request.texts, request.user_id, safe=False, discreet=discreet)
        await self._risk.lower((request.user_id, request.chat_id), LOWEST_BY_WORD)
        text = await self._protocol.say_safe(
            request.user_id,
            request.language,
            await self._hotlines.region(request.user_id),
            request.texts.risk_safe,
        )
        await self._hotlines.reply(request.chat_id, text)
        await self._hotlines.buttons.moved(request.user_id, request.chat_id, request.message_id)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, keyboard)

    async def _help(self, request: CallbackRequest) -> None:
        user_id, language = request.user_id, request.language
        region = await self._hotlines.region(user_id)
        known = await self._disclosures.for_user(user_id)
        is_minor = known.is_minor if known.age is not None else None
        text = await self._protocol.help(user_id, language, region, is_minor)
        discreet = await self._is_discreet(user_id)
        keyboard = in_danger(request.texts, user_id, discreet=discreet)
        await self._hotlines.reply_with_buttons(user_id, request.chat_id, text, keyboard)
        await self._crisis.note_risk(
            RiskLevel.HIGH, chat_id=request.chat_id, user_id=user_id, language=language
        )
        await self._human_requests.offer(request.chat_id, user_id, language)

    async def _is_discreet(self, user_id: int) -> bool:
        """Whether who hurts a person may read what stands on their buttons."""
        return await self._protocol.danger(user_id) in BY_OTHERS

    async def _note_check_in(self, request: CallbackRequest, action: str) -> None:
        """Keep how a person who was asked after is, and take the buttons away."""
        key, answer = _CHECKED_IN[action]
        await self._hotlines.reply(request.chat_id, word(key, request.language))
        if answer is not None:
            await self._protocol.note_answer(request.user_id, "morning", answer)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)

    async def _set_region(self, request: CallbackRequest, region: Region) -> None:
        texts, user_id = request.texts, request.user_id
        await self._users.set_region(user_id, region.value)
        if region is not Region.OTHER:
            name = region_names(texts)[region]
            await self._hotlines.reply(request.chat_id, texts.risk_region_done(region=name))
        await self._hotlines.show(request.chat_id, user_id, request.language)


def _parse(arguments: Sequence[str]) -> PressedCrisisButton:
    match arguments:
        case [("safe" | "help" | "where" | "quiet" | "fine" | "talk") as action, owner_id]:
            return PressedCrisisButton(action, parse_id(owner_id))
        case ["in", code, owner_id] if (region := region_of(code)) is not None:
            return PressedCrisisButton("in", parse_id(owner_id), region)
        case _:
            raise ValueError(arguments)
