"""A persona: a person that a model plays, as another project's files describe them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from pathlib import Path

    from bot.safety import RiskLevel

_ENDING = re.compile(
    r"(?:terminate|end) the conversation,?\s*(?:say|type|write)\s*[\"“]([^\"”]+)[\"”]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Persona:
    """Who is played: the prompt for the model, and how serious it is, where the file says so."""

    id: str
    axis: str
    risk: RiskLevel | None
    prompt: str
    separator: str | None = None
    """What stands between messages that the person sends one after the other."""

    @property
    def ending(self) -> str | None:
        """What the model says, by its prompt, when the person leaves."""
        found = _ENDING.search(self.prompt)
        return found[1].strip() if found else None


def read_file(path: Path) -> str:
    """The text of a file of a checkout; raises BenchmarkError."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path} cannot be read ({type(error).__name__}).") from None
