"""Which fields of a request one server takes, found out by asking.

Servers of this protocol add fields of their own, and differ in what they do with another's: most
ignore it, OpenAI, Mistral and strict gateways refuse the whole request. What a server names in its
refusal is left out from then on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inference.choice_reader import LIKELIEST
from inference.server_errors import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

NO_THINKING: Final[Mapping[str, object]] = {
    "chat_template_kwargs": {"enable_thinking": False, "thinking": False}
}
"""vLLM, SGLang, LMDeploy and llama.cpp hand it to the chat template."""

NO_THINKING_ANYWHERE: Final[Mapping[str, object]] = {
    **NO_THINKING,
    "enable_thinking": False,  # DashScope, SiliconFlow
    "thinking": {"type": "disabled"},  # DeepSeek, Zhipu, Ark, Moonshot
    "reasoning_effort": "none",  # Ollama, OpenAI, Gemini
}
"""The same for servers of any kind."""

_LIMIT: Final = "max_tokens"
_LIMIT_OF_LATE: Final = "max_completion_tokens"
"""OpenAI's newer name, the only one that its newer models take."""

_INDISPENSABLE: Final = frozenset({"model", "messages", "stream", _LIMIT, _LIMIT_OF_LATE})
_LOGPROBS: Final = frozenset({"logprobs", "top_logprobs"})
FEWER_LIKELIEST: Final = 5
"""Tokens whose probabilities are asked for where 20 are too many, as for DashScope."""

# What is said of a model whose template has no place for a system's message (Gemma, early Mistral):
# by Jinja with status 500 as well as by a check of the request.
_NO_SYSTEM: Final = re.compile(
    r"system[ _'\"]{0,2}(?:role|message|prompt|instruction)s?\b[^.\n]{0,60}?\b(?:not|only|un\w+)\b"
    r"|(?:unsupported|unknown|invalid|unexpected|unrecognized)[^.\n]{0,40}\brole\b[^.\n]{0,20}system"
    r"|roles? must alternate"
    r"|only user[^.\n]{0,40}\broles?\b"
    r"|developer instruction is not enabled",
    re.IGNORECASE,
)

_PLACES: Final = ("param", "parameter", "loc", "field")
_ECHOES: Final = ("input", "ctx", "prompt", "messages", "request", "body")
"""Parts of an error in which a server repeats the request."""

# "unknown field `a`, expected one of `b`, `c`" names b and c as well; "not permitted" does not.
_WHAT_WOULD_BE_TAKEN: Final = re.compile(
    r"(?<!not )\b(?:expected|allowed|permitted|valid|available|accepted|known)\b"
    r"|\bsupported (?:fields|parameters|arguments)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server was found to take; in the beginning, everything."""

    left_out: frozenset[str] = frozenset()
    limit: str = _LIMIT
    """Its name for the most tokens of an answer."""
    likeliest: int = LIKELIEST
    takes_system: bool = True
    """Whether it has a system's role; else what that says stands ahead of the person's words."""

    def spoken(self, body: Mapping[str, object]) -> dict[str, object]:
        """The request as this server takes it; a field that is None is left out, too."""
        taken = {
            (self.limit if name == _LIMIT else name): value
            for name, value in body.items()
            if value is not None and name not in self.left_out
        }
        if "top_logprobs" in taken:
            taken["top_logprobs"] = self.likeliest
        if not self.takes_system:
            taken["messages"] = _without_system(body["messages"])
        return taken

    def without_system(self, refusal: bytes, body: Mapping[str, object]) -> Dialect | None:
        """What to try where `refusal` says that the server has no system's role; else None."""
        has_system = any(role == "system" for role, _ in _roles(body.get("messages")))
        if not has_system or not _NO_SYSTEM.search(refusal.decode(errors="replace")):
            return None
        return replace(self, takes_system=False)

    def after(self, refusal: bytes, body: Mapping[str, object]) -> Dialect | None:
        """What to try next, once the server has refused `body`; None where it names no field."""
        refused = named_fields(refusal, body)
        if _LIMIT in refused and self.limit in body and _LIMIT_OF_LATE.encode() in refusal:
            return replace(self, limit=_LIMIT_OF_LATE)
        if refused & _LOGPROBS:
            fewer = self.likeliest > FEWER_LIKELIEST
            return replace(self, likeliest=FEWER_LIKELIEST) if fewer else None
        unknown = refused - _INDISPENSABLE
        return replace(self, left_out=self.left_out | unknown) if unknown else None


def named_fields(refusal: bytes, body: Mapping[str, object]) -> frozenset[str]:
    """The fields of a request `body` that the body of an error is about.

    A place that is told apart from the words counts before them. Where the server repeats what was
    said to it, that names nothing.
    """
    error = parse_json(refusal)
    parts = list(_strings(refusal.decode(errors="replace") if error is None else error))
    places = {
        part for is_place, text in parts if is_place for part in re.findall(r"\w+", text)
    } & body.keys()
    if places:
        return frozenset(places)
    words = "\n".join(text for is_place, text in parts if not is_place)
    for said in _contents(body.get("messages")):
        words = words.replace(said, "")
    about = _WHAT_WOULD_BE_TAKEN.split(words, maxsplit=1)[0]
    found = frozenset(re.findall(r"\w+", about)) & body.keys()
    return found - {"model", "messages", "stream"}  # ordinary words of a sentence


def _strings(value: object, *, is_place: bool = False) -> Iterator[tuple[bool, str]]:
    """Every text in an error body, and whether it is a place in the request."""
    match value:
        case str():
            inner = parse_json(value.encode(errors="replace")) if value.startswith("{") else None
            if isinstance(inner, dict):  # a gateway that passes on another server's error
                yield from _strings(inner)
            else:
                yield is_place, value
        case dict():
            for name, item in value.items():
                if name not in _ECHOES:
                    yield from _strings(item, is_place=is_place or name in _PLACES)
        case list():
            for item in value:
                yield from _strings(item, is_place=is_place)


def _roles(messages: object) -> Iterator[tuple[str, str]]:
    """Role and text of each message."""
    for one in messages if isinstance(messages, list) else ():
        yield one["role"], one["content"]


def _without_system(messages: object) -> list[dict[str, str]]:
    """The messages with what the system says at the head of the first other one."""
    said = list(_roles(messages))
    head = [text for role, text in said if role == "system"]
    rest = [{"role": role, "content": text} for role, text in said if role != "system"]
    first, *others = rest
    return [first | {"content": "\n\n".join([*head, first["content"]])}, *others]


def _contents(messages: object) -> Iterable[str]:
    said: Sequence[object] = messages if isinstance(messages, list) else ()
    return sorted(
        (one["content"] for one in said if isinstance(one, dict) and one.get("content")),
        key=len,
        reverse=True,
    )
