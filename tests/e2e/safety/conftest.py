"""The bot of the safety suite: everything real but Telegram, and a model that says what it is told.

`heard` gives what a person was shown, and fails where anything Telegram was ever told does not
pass the guard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from bot.safety import RiskLevel
from bot.safety.guard import GuardContext, judge
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine


NO_RULES_LIFTED = frozenset(
    line for language in Language for line in texts_for(language).said_jailbreak.splitlines()
)
"""What stands in place of any answer to who wants the rules lifted; no model is asked."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One person's chat, and the model that answers it."""

    telegram: Telegram
    engine: ScriptedEngine
    person: Person

    async def says(self, text: str, *, model: str) -> list[str]:
        """Write, with a model that answers `model`; what the bot showed until its answer ended."""
        before = len(await self.person.sees())
        self.engine.answers(text, model)
        await self.person.says(text)

        async def ended() -> list[str] | None:
            new = (await self.person.sees())[before:]
            ends = [
                place
                for place, shown in enumerate(new)
                if "换个说法" in shown.buttons or shown.text in NO_RULES_LIFTED
            ]
            # What may follow the answer (the question about age) is not part of it.
            return [shown.text for shown in new[: ends[0] + 1]] if ends else None

        heard = await eventually(ended, f"person {self.person.id} is answered")
        self.engine.forgets(text)
        return heard

    async def told(self) -> list[str]:
        """Every text that Telegram was given for this chat, previews included."""
        return [
            call["parameters"]["text"]
            for method in ("sendMessage", "editMessageText")
            for call in await self.telegram.calls(method, self.person.id)
        ]

    async def is_clean(self, level: RiskLevel = RiskLevel.NONE) -> None:
        """Check that nothing that was ever told to Telegram should have been blocked."""
        hits = [judge(text, GuardContext(level)) for text in await self.told()]
        assert [kind for kind in hits if kind is not None] == []


@pytest.fixture
async def talk(telegram: Telegram, engine: ScriptedEngine) -> Talk:
    """Somebody new."""
    return Talk(telegram, engine, await telegram.person())
