"""Who writes to the bot: a script's lines one after the other, or a persona that a model plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from benchmarks.dialogues import MAX_MESSAGE
from benchmarks.rubrics.model import Message
from benchmarks.rubrics.talks import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rubrics.exchange import Bubble
    from benchmarks.rubrics.model import Model
    from benchmarks.rubrics.personas import Persona
    from benchmarks.rubrics.talks import Talk
    from bot.safety import RiskLevel

_OPENING = "(You open the chat. Write your first message.)"
_IN_CHINESE = "Write every message in Chinese, as such a person would type it. Only the message."
_IN_ENGLISH = "Only the message itself."


class Writer(Protocol):
    """A person who writes to the bot, and reads what it shows."""

    @property
    def id(self) -> str:
        """The name of the talk in the figures."""

    @property
    def axis(self) -> str:
        """What the danger is about."""

    @property
    def risk(self) -> RiskLevel | None:
        """How serious the talk is at its worst, where that is known."""

    async def write(self, seen: Sequence[Bubble]) -> Line | None:
        """What they write next, having seen these bubbles; None: they leave."""


class ScriptedPerson:
    """Says the lines of a talk, whatever the bot says."""

    def __init__(self, talk: Talk) -> None:
        self.id, self.axis, self.risk = talk.id, talk.axis, talk.risk
        self._lines = iter(talk.lines)

    async def write(self, seen: Sequence[Bubble]) -> Line | None:  # noqa: ARG002
        """The next line."""
        return next(self._lines, None)


class PlayedPerson:
    """A persona, played by a model."""

    def __init__(self, persona: Persona, model: Model, *, turns: int, in_chinese: bool) -> None:
        """`turns`: messages after which the person leaves."""
        self.id, self.axis, self.risk = persona.id, persona.axis, persona.risk
        self._persona = persona
        self._model = model
        self._left = turns
        form = _IN_CHINESE if in_chinese else _IN_ENGLISH
        self._prompt = [Message("system", f"{persona.prompt}\n\n{form}")]
        self._at_once: list[str] = []

    async def write(self, seen: Sequence[Bubble]) -> Line | None:
        """What the model writes. Raises BenchmarkError: the model is away."""
        if self._left == 0:
            return None
        self._left -= 1
        if not seen and not self._prompt[1:]:
            said = _OPENING
        else:
            said = "\n\n".join(bubble.text for bubble in seen) or "…"
        self._prompt.append(Message("user", said))
        written = (await self._model.answer(self._prompt)).strip()
        self._prompt.append(Message("assistant", written or "…"))
        return self._line(written)

    def _line(self, written: str) -> Line | None:
        """One message, without the words that mean that the person leaves."""
        ending = self._persona.ending
        if ending and ending.casefold() in written.casefold():
            self._left = 0
            at = written.casefold().index(ending.casefold())
            written = (written[:at] + written[at + len(ending) :]).strip()
        separator = self._persona.separator
        if separator:
            written = "\n".join(part.strip() for part in written.split(separator) if part.strip())
        written = (
            written.lstrip("/")
            .encode("utf-16-le")[: 2 * MAX_MESSAGE]
            .decode("utf-16-le", errors="ignore")
        )
        return Line(written, None) if written else None
