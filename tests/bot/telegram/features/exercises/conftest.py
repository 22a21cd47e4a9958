from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.locales import Language
from bot.locales.exercises import exercise_texts_for
from tests.bot.telegram.updates import PERSON, message, press

if TYPE_CHECKING:
    from tests.bot.telegram.room import Room

WORDS = exercise_texts_for(Language.ZH_CN)


class Trainee:
    """A person at an exercise: what they type, what they press, what they see."""

    def __init__(self, room: Room) -> None:
        self.room = room

    async def types(self, text: str, **fields: Any) -> dict[str, Any]:
        update = message(text, **fields)
        await self.room.arrive(update)
        return update

    async def presses(self, data: str, *, message_id: int | None = None) -> None:
        """Press a button, by its data, under the newest message or another."""
        await self.room.arrive(press(data, message_id=message_id or self.newest))

    async def clicks(self, data: str, *, message_id: int | None = None) -> None:
        """Press a button, and wait until what it brings is on the screen."""
        await self.presses(data, message_id=message_id)
        await self.room.passes(3)

    async def opens(self, exercise: str) -> None:
        await self.types("/exercises")
        await self.presses(f"ex:open:{exercise}")
        await self.room.passes(3)

    async def begins(self, exercise: str) -> None:
        await self.opens(exercise)
        await self.presses(f"ex:begin:{exercise}")

    async def writes(self, *lines: str) -> None:
        for line in lines:
            await self.types(line)
            await self.room.passes(5)

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

    @property
    def asked_the_model(self) -> int:
        return len(self.room.engine.prompts)


@pytest.fixture
def trainee(room: Room) -> Trainee:
    return Trainee(room)
