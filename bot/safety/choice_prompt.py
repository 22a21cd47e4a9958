"""How an engine is asked to read a talk for danger, and what its answer means; the words are data.

Whoever asks the engine takes the messages from here and gives back how likely each letter is.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.safety.utterance import Utterance

MESSAGES_BEFORE = 6
MAX_BEFORE = 200
"""Characters of each earlier message; what is asked stands at the end of one."""
MAX_LAST = 800
"""Characters of the message that is read: half from its beginning, half from its end."""
CUT = "……"

PromptRole = Literal["system", "user", "assistant"]
PromptPart = tuple[PromptRole, str]


@dataclass(frozen=True, slots=True)
class ChoicePrompt:
    """The question to an engine; `thresholds` are of a level and all above it together."""

    beginning: tuple[PromptPart, ...]
    talk: str
    person: str
    bot: str
    letters: Mapping[str, RiskLevel]
    thresholds: Mapping[RiskLevel, float]

    def ask(self, said: Sequence[Utterance]) -> list[PromptPart]:
        """The messages of a prompt that asks about the last of `said` (oldest first)."""
        *before, last = said
        lines = [
            (self.bot if one.by_bot else self.person, one.text[-MAX_BEFORE:])
            for one in before[-MESSAGES_BEFORE:]
        ]
        lines.append((self.person, _shortened(last.text)))
        return [*self.beginning, ("user", self.talk.format(talk=_laid_out(lines)))]

    def level(self, likely: Mapping[str, float]) -> RiskLevel:
        """What the engine's letters, each with its probability, come to."""
        return max(
            (
                level
                for level, limit in self.thresholds.items()
                if sum(likely.get(a, 0.0) for a, of in self.letters.items() if of >= level) >= limit
            ),
            default=RiskLevel.NONE,
        )


@cache
def choice_prompt() -> ChoicePrompt:
    """The question that is in the package."""
    text = resources.files("bot.safety").joinpath("choice_prompt.toml").read_text("utf-8")
    record = tomllib.loads(text)
    prompt = record["prompt"]
    beginning: list[PromptPart] = [("system", prompt["system"].strip())]
    for example in record["example"]:
        beginning.append(("user", prompt["talk"].format(talk=_laid_out(example["talk"]))))
        beginning.append(("assistant", example["letter"]))
    return ChoicePrompt(
        beginning=tuple(beginning),
        talk=prompt["talk"],
        person=prompt["person"],
        bot=prompt["bot"],
        letters={letter: RiskLevel[name.upper()] for letter, name in record["letters"].items()},
        thresholds={RiskLevel[name.upper()]: at for name, at in record["thresholds"].items()},
    )


def _laid_out(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"{who}：「{' '.join(text.split())}」" for who, text in lines)


def _shortened(text: str) -> str:
    if len(text) <= MAX_LAST:
        return text
    return text[: MAX_LAST // 2] + CUT + text[-MAX_LAST // 2 :]
