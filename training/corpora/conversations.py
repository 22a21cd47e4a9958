"""Dialogues in the layouts people have them in, found out for each record.

    OpenAI messages         {"messages": [{"role": "user", "content": "..."}, ...]}
    ShareGPT                {"conversations": [{"from": "human", "value": "..."}, ...]}
    XTuner conversation     {"conversation": [{"system": "...", "input": "...", "output": "..."}]}
    swift query/response    {"query": "...", "response": "...", "history": [["...", "..."], ...]}
    alpaca                  {"instruction": "...", "input": "...", "output": "..."}

and what lies between them: any of these lists under another's name, or bare. System prompts are
left out: the bot's own stands in their place. What a model thought (`reasoning_content`) is not
read; an answer that a corpus marks as none to learn from (`weight`, `loss`, `output_with_loss`)
ends what is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError, Record, parsed
from training.corpora.json_items import ItemKind, item_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SOURCE: Final = "dialogues"

_LISTS: Final = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns")
_WHO: Final = ("role", "from", "speaker")
_WHAT: Final = ("content", "value", "text")
_PAIRS: Final = (
    ("query", "response"), ("instruction", "output"), ("input", "output"), ("human", "assistant"),
    ("user", "assistant"), ("prompt", "response"), ("prompt", "completion"), ("question", "answer"),
)  # fmt: skip
_ROLES: Final[dict[str, Role | None]] = {
    **dict.fromkeys(("user", "human", "client", "prompter", "来访者", "求助者"), Role.CLIENT),
    **dict.fromkeys(
        ("assistant", "gpt", "bot", "model", "chatgpt", "counselor", "counsellor", "ai",
         "咨询师", "心理咨询师", "支持者"),
        Role.COUNSELOR,
    ),
    **dict.fromkeys(("system", "developer"), None),
}  # fmt: skip
_TOOLS: Final = ("tool", "function", "function_call", "observation", "tool_call", "tool_response")
_LOSS_FLAGS: Final = ("weight", "loss", "output_with_loss", "train")

_NAMES: Final = {
    ("query", "response"): "swift query/response",
    ("instruction", "output"): "alpaca",
    ("input", "output"): "XTuner conversation",
}


class _NoDialogueError(ValueError):
    """A record that is none; the message is the reason, without a word of what it holds."""


@dataclass(slots=True)
class _Talk:
    """A dialogue on its way."""

    layout: str
    turns: list[Turn] = field(default_factory=list)
    is_trained_on: list[bool] = field(default_factory=list)
    """Of each turn."""
    rejected: tuple[str, ...] = ()

    def add(self, role: Role | None, text: str, *, is_trained_on: bool = True) -> None:
        if role is not None:
            self.turns.append(Turn(role, text))
            self.is_trained_on.append(is_trained_on)


def conversation_records(
    path: Path, advance: Callable[[int], object] = lambda _: None
) -> Iterator[Record]:
    """Every dialogue at `path`, not yet read; raises FileNotFoundError."""
    return item_records(path, ItemKind(_is_talk, _is_turn), advance)


def parse_conversation(record: Record) -> list[Dialogue]:
    """The dialogue of a record; raises CorpusFormatError."""
    content = parsed(record)
    try:
        talk = _read(content)
        turns, last_only = _trained_on(talk)
    except _NoDialogueError as error:
        raise CorpusFormatError(record.place, str(error)) from None
    return [Dialogue(SOURCE, record.stem, turns, talk.rejected, last_only, layout=talk.layout)]


def _read(content: object) -> _Talk:
    if isinstance(content, list):
        return _of_list(content, "list of messages", {})
    if not isinstance(content, dict):
        raise _NoDialogueError("neither an object nor a list")
    for name in _LISTS:
        if isinstance(content.get(name), list) and content[name]:
            talk = _of_list(content[name], _layout_of(name, content[name][0]), content)
            talk.rejected = _rejected(content)
            return talk
    for asked, answered in _PAIRS:
        if asked in content and answered in content:
            talk = _Talk(_NAMES.get((asked, answered), f"{asked}/{answered}"))
            _add_history(talk, content.get("history"))
            _add_pair(talk, content, asked, answered)
            talk.rejected = _rejected(content)
            return talk
    raise _NoDialogueError("no layout of dialogues that is known")


def _layout_of(name: str, first: object) -> str:
    if isinstance(first, dict):
        if "from" in first and "value" in first:
            return "ShareGPT"
        pair = _pair_of(first)
        if pair is not None:
            return _NAMES.get(pair, "/".join(pair))
        if first.get("role") in {"client", "counselor"}:
            return "SmileChat"
    return "OpenAI messages" if name == "messages" else f"{name} of messages"


def _of_list(items: Sequence[object], layout: str, around: dict[str, Any]) -> _Talk:
    talk = _Talk(layout)
    _add_history(talk, around.get("history"))
    for item in items:
        if not isinstance(item, dict):
            raise _NoDialogueError("a turn is no object")
        pair = _pair_of(item)
        if pair is not None:
            _add_pair(talk, item, *pair)
        else:
            _add_turn(talk, item)
    return talk


def _add_turn(talk: _Talk, item: dict[str, Any]) -> None:
    who = next((item[name] for name in _WHO if name in item), None)
    what = next((name for name in _WHAT if name in item), None)
    if not isinstance(who, str) or what is None:
        raise _NoDialogueError("a turn without its speaker or its text")
    who = who.strip().lower()
    if who in _TOOLS or item.get("tool_calls") or item.get("function_call"):
        raise _NoDialogueError("a tool's turn")
    if who not in _ROLES:
        raise _NoDialogueError("a speaker who is not known")
    talk.add(_ROLES[who], _text(item[what]), is_trained_on=_is_trained_on(item))


def _add_pair(talk: _Talk, item: dict[str, Any], asked: str, answered: str) -> None:
    said = [_text(item[asked])]
    if asked == "instruction" and item.get("input"):
        said.append(_text(item["input"]))
    talk.add(Role.CLIENT, "\n".join(text for text in said if text.strip()))
    talk.add(Role.COUNSELOR, _text(item[answered]), is_trained_on=_is_trained_on(item))


def _add_history(talk: _Talk, history: object) -> None:
    """Earlier pairs; swift's and ChatGLM's are lists of two texts, some are messages."""
    if history in (None, "", []):
        return
    if not isinstance(history, list):
        raise _NoDialogueError("a history that is no list")
    for item in history:
        match item:
            case [asked, answered]:
                talk.add(Role.CLIENT, _text(asked))
                talk.add(Role.COUNSELOR, _text(answered))
            case dict():
                pair = _pair_of(item)
                _add_turn(talk, item) if pair is None else _add_pair(talk, item, *pair)
            case _:
                raise _NoDialogueError("a history that is no list of pairs")


def _trained_on(talk: _Talk) -> tuple[tuple[Turn, ...], bool]:
    """The turns, and whether the last one alone is an example.

    Where some answers are no example, the last that is one stays, with all that was said before.
    """
    answers = [number for number, turn in enumerate(talk.turns) if turn.role is Role.COUNSELOR]
    trained = [number for number in answers if talk.is_trained_on[number]]
    if answers and not trained:
        raise _NoDialogueError("no answer in it is marked as one to learn from")
    if len(trained) == len(answers):
        return tuple(talk.turns), bool(talk.rejected)
    return tuple(talk.turns[: trained[-1] + 1]), True


def _rejected(content: dict[str, Any]) -> tuple[str, ...]:
    match content.get("rejected_response"):
        case str(text) if text.strip():
            return (text,)
        case [*texts] if texts and all(isinstance(text, str) for text in texts):
            return tuple(texts)
    return ()


def _is_trained_on(item: dict[str, Any]) -> bool:
    return not any(name in item and item[name] in (False, 0) for name in _LOSS_FLAGS)


def _pair_of(item: dict[str, Any]) -> tuple[str, str] | None:
    if any(name in item for name in _WHO):
        return None
    return next((pair for pair in _PAIRS if pair[0] in item and pair[1] in item), None)


def _text(content: object) -> str:
    """A text, or the texts of a list of parts."""
    if content is None:
        return ""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        if len(parts) < len(content) or any(part.get("type", "text") != "text" for part in parts):
            raise _NoDialogueError("a turn with pictures or the like")
        return "\n".join(_text(part.get("text")) for part in parts)
    if not isinstance(content, str):
        raise _NoDialogueError("a turn whose text is none")
    return content


def _is_talk(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    has_list = any(isinstance(value.get(name), list) for name in _LISTS)
    return has_list or _pair_of(value) is not None


def _is_turn(value: object) -> bool:
    """Whether a list of such values is one dialogue: of pairs it is a list of dialogues."""
    if not isinstance(value, dict):
        return False
    return any(name in value for name in _WHO) and any(name in value for name in _WHAT)
