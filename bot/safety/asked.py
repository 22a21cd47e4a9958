"""What the bot asked last, by our texts and by meaning: a short answer is read with it."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from importlib import resources

from bot.safety.normalize import normalize
from bot.safety.recent import Recent, hashed

QUESTION_READ = (
    600  # characters at the end of the bot's message in which its question is looked for
)


class BotQuestion(StrEnum):
    """A kind of question, or of message that asks for an answer."""

    CARD = "card"
    CHECK_IN = "check_in"
    SUICIDE = "suicide"
    SAFE = "safe"
    ALONE = "alone"
    WHERE = "where"
    MEANS = "means"
    WHEN = "when"
    TAKEN = "taken"


# A card names numbers to call, on lines of their own or beside words of danger.
_NUMBER = re.compile(
    r"(?<!\d)(?:110|112|113|119|120|911|999|995|988|1925|12356|12338|12355)(?!\d)"
    r"|緊急|紧急救援|emergency"
)
_ASKS = re.compile(
    r"[吗么呢嘛?？]|有没有|是不是|会不会|想不想|能不能|安不安|是否|哪|谁|什么|\b(?:are|do|have) you"
)
_COMPILED = {
    BotQuestion(kind): re.compile(pattern)
    for kind, pattern in tomllib.loads(
        resources.files("bot.safety").joinpath("asked.toml").read_text("utf-8")
    ).items()
}


_RECENT: Recent[frozenset[BotQuestion]] = Recent(2_000)


def asked(text: str) -> frozenset[BotQuestion]:
    """The kinds of question in something that the bot said."""
    return _RECENT.get(hashed(text), lambda: _asked(text))


def _asked(text: str) -> frozenset[BotQuestion]:
    kinds = {
        kind
        for sentence in sentences_that_ask(text[-QUESTION_READ:])
        for kind, pattern in _COMPILED.items()
        if pattern.search(sentence)
    }
    if "\n" in text and _NUMBER.search(text.casefold()):
        kinds.add(BotQuestion.CARD)
    if _COMPILED[BotQuestion.CHECK_IN].search(normalize(text)):
        kinds.add(BotQuestion.CHECK_IN)
    return frozenset(kinds)


def sentences_that_ask(text: str) -> list[str]:
    """The sentences that ask, normalized."""
    sentences = re.split(r"(?<=[。！!？?\n])", text.casefold())
    return [normalize(sentence) for sentence in sentences if _ASKS.search(sentence)]
