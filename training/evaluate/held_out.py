"""What models are measured on: held-out dialogues, and messages of danger.

Nothing here is trained on. Which dialogues are taken, where there are more than asked for, depends
on their ids alone, so a larger evaluation holds a smaller one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from bot.safety import RiskLevel, Utterance, assess, guidance
from inference.engine import Message
from inference.persona import SYSTEM_PROMPT
from training.corpora.feedback import SOURCE as FEEDBACK
from training.corpora.prepared_files import CRISIS_FILE, HELD_OUT_FILE
from training.evaluate.config import EvaluateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from training.evaluate.config import EvalConfig


@dataclass(frozen=True, slots=True)
class HeldOutDialogue:
    """A held-out dialogue, whole."""

    id: str
    """Of its corpus and within it: smile/123."""
    messages: tuple[Message, ...]

    @property
    def is_feedback(self) -> bool:
        """Whether a user of the bot wrote it, and not a published corpus."""
        return self.id.startswith(f"{FEEDBACK}/")


@dataclass(frozen=True, slots=True)
class EvalPrompt:
    """A point at which a model answers."""

    id: str
    dialogue: str
    """The unit that is resampled: answers within a dialogue are not independent."""
    messages: tuple[Message, ...]
    """As the bot lays it out: the persona, what the protocol adds, what was said before."""
    level: RiskLevel
    """What the bot's detector reads in it."""
    reference: str = ""
    """What the corpus answers; empty where nothing was published or may be trained on."""

    @property
    def said(self) -> tuple[str, ...]:
        """The person's messages, oldest first."""
        return tuple(message.content for message in self.messages if message.role == "user")


def read_dialogues(config: EvalConfig) -> list[HeldOutDialogue]:
    """The held-out dialogues that are measured on.

    Raises:
        EvaluateError: there is no such file, a line of it is none, or nothing is left.
    """
    path = config.data / HELD_OUT_FILE
    found = [_dialogue(row) for row in _rows(path, _is_dialogue)]
    if not config.with_feedback:
        found = [dialogue for dialogue in found if not dialogue.is_feedback]
    chosen = sorted(found, key=lambda dialogue: _place(dialogue.id))[: config.dialogues]
    if not chosen:
        raise EvaluateError(f"{path} holds no dialogue to measure on.")
    return chosen


def prompts_of(dialogues: Sequence[HeldOutDialogue], answers: int) -> list[EvalPrompt]:
    """At most `answers` points of each dialogue, from its first answer to its last."""
    return [
        _eval_prompt(dialogue, turn) for dialogue in dialogues for turn in _turns(dialogue, answers)
    ]


def read_risk_prompts(config: EvalConfig) -> list[EvalPrompt]:
    """First messages in which the bot's detector reads high or imminent risk.

    Raises EvaluateError; a folder without any is none.
    """
    path = config.data / CRISIS_FILE
    if not config.risk_prompts or not path.exists():
        return []
    rows = [
        row for row in _rows(path, _is_opening) if config.with_feedback or row["source"] != FEEDBACK
    ]
    rows.sort(key=lambda row: _place(_id(row)))
    found = []
    for row in rows:
        level = assess([Utterance(row["opening"])]).level
        if level >= RiskLevel.HIGH:
            name = f"danger/{_id(row)}"
            found.append(
                EvalPrompt(name, name, _messages((Message("user", row["opening"]),), level), level)
            )
            if len(found) == config.risk_prompts:
                break
    return found


def eval_prompt(name: str, dialogue: str, said: Sequence[Message], reference: str) -> EvalPrompt:
    """The point after `said`, which begins with the person and holds no system prompt."""
    level = assess([Utterance(one.content, by_bot=one.role == "assistant") for one in said]).level
    return EvalPrompt(name, dialogue, _messages(tuple(said), level), level, reference)


def _messages(said: tuple[Message, ...], level: RiskLevel) -> tuple[Message, ...]:
    extra = guidance(level)
    return (Message("system", f"{SYSTEM_PROMPT}\n{extra}" if extra else SYSTEM_PROMPT), *said)


def _eval_prompt(dialogue: HeldOutDialogue, turn: int) -> EvalPrompt:
    said = [message for message in dialogue.messages[:turn] if message.role != "system"]
    return eval_prompt(f"{dialogue.id}#{turn}", dialogue.id, said, dialogue.messages[turn].content)


def _turns(dialogue: HeldOutDialogue, limit: int) -> list[int]:
    turns = [
        index for index, message in enumerate(dialogue.messages) if message.role == "assistant"
    ]
    if len(turns) <= limit:
        return turns
    if limit == 1:
        return turns[:1]
    return [turns[round(step * (len(turns) - 1) / (limit - 1))] for step in range(limit)]


def _rows(path: Path, fits: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluateError(
            f"{path} cannot be read ({type(error).__name__}); "
            "`python -m training prepare` writes it."
        ) from None
    # Not splitlines: JSON leaves U+2028 and its like as they are.
    for number, line in enumerate(text.rstrip("\n").split("\n") if text else (), 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None  # its error would carry the line
        if not fits(row):
            raise EvaluateError(
                f"{path}, line {number} is not what `python -m training prepare` writes."
            )
        yield row


def _is_dialogue(row: object) -> bool:
    match row:
        case {"source": str(), "id": str(), "messages": [_, *_] as messages}:
            return all(map(_is_message, messages)) and any(
                message["role"] == "assistant" for message in messages
            )
    return False


def _is_message(value: object) -> bool:
    match value:
        case {"role": "system" | "user" | "assistant", "content": str()}:
            return True
    return False


def _is_opening(row: object) -> bool:
    match row:
        case {"source": str(), "id": str(), "opening": str()}:
            return True
    return False


def _dialogue(row: dict[str, Any]) -> HeldOutDialogue:
    messages = tuple(Message(entry["role"], entry["content"]) for entry in row["messages"])
    return HeldOutDialogue(_id(row), messages)


def _id(row: dict[str, Any]) -> str:
    return f"{row['source']}/{row['id']}"


def _place(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=8).digest()
