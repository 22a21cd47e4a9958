from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.locales import Language
from bot.locales.plan import plan_texts_for
from tests.bot.telegram.updates import PERSON, message, press

if TYPE_CHECKING:
    from typing import Any

    from bot.locales.plan import PlanTexts
    from bot.storage import SafetyPlan
    from tests.bot.telegram.room import Room

WORDS = plan_texts_for(Language.ZH_CN)


class Writer:
    """A person with their plan: what they type, what they press, what they see."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.texts: PlanTexts = WORDS

    async def types(self, text: str, **fields: Any) -> dict[str, Any]:
        update = message(text, **fields)
        await self.room.arrive(update)
        await self.room.passes(5)
        return update

    async def presses(self, data: str, *, message_id: int | None = None) -> None:
        """Press a button, by its data, under the newest message or another."""
        await self.room.arrive(press(data, message_id=message_id or self.newest))
        await self.room.passes(5)

    async def begins(self) -> None:
        await self.types("/plan")
        await self.presses("plan:ask:signs")

    @property
    def newest(self) -> int:
        return max(number for chat, number in self.room.bot.shown if chat == PERSON)

    @property
    def sees(self) -> str:
        """The newest message."""
        return self.room.bot.shown[PERSON, self.newest][0]

    @property
    def buttons(self) -> list[str]:
        return self.room.buttons()

    async def plan(self) -> SafetyPlan:
        return await self.room.storage.safety_plans.for_user(PERSON)

    async def lines(self) -> dict[str, tuple[str, ...]]:
        return {step.value: lines for step, lines in (await self.plan()).lines.items()}

    @property
    def asked_the_model(self) -> int:
        return len(self.room.engine.prompts)


@pytest.fixture
def writer(room: Room) -> Writer:
    return Writer(room)
