"""What a message tells the protocol: which questions it answers, and what of it is taken up."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.normalize import normalize
from bot.safety.protocol.dangers import BY_OTHERS, OF_OTHERS, Danger
from bot.safety.replies import kind_of_reply
from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    import re

MAX_READ = 1000
"""Characters of a message that are read for this, from its end: what was said last counts."""

STOP = "stop"
"""Not a question: the person does not want to be asked."""
GOODBYE = "goodbye"
SHORT_ANSWERS = frozenset({"yes", "no", "unsure"})
NO_ANSWER = "none"
"""What looks like an answer to the question before it, and is none."""
OF_WRITER = frozenset(Danger) - OF_OTHERS
"""Where what is told of a place, a means or company is told of the writer."""
_ASKED_GOODBYE = OF_WRITER - BY_OTHERS - {Danger.THREAT}
"""Where a goodbye may be a farewell; elsewhere 我走了 is a way out."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one message tells.

    `answers` maps the id of a question to its answer; `heard` is the id of the sentence that takes
    up what was said, `feeling` that of the one at concern, `asks` the question behind it.
    """

    answers: dict[str, str] = field(default_factory=dict)
    heard: str | None = None
    feeling: str = "other"
    asks: str = "ask_openly"
    says_goodbye: bool = False
    tells_what_helped: bool = False


@dataclass(frozen=True, slots=True)
class _Sign:
    pattern: re.Pattern[str] = field(repr=False)
    id: str = ""
    answer: str = ""
    asks: str = "ask_openly"
    only_for: frozenset[Danger] = OF_WRITER
    after: frozenset[str] = frozenset()
    """The questions to which it is an answer, and only right after them; none: to its own."""
    takes_up: frozenset[str] = frozenset()
    """Only where one of these is answered with yes."""


_GOODBYE = compiled(
    "(^|，)(好)?(那就|就|我)?(再见|拜拜|永别|别了|告辞|走了|我走了|先走了|再会|晚安|88|byebye|bye|goodbye"
    "|good ?night)(了|啦|吧|呀|，|$)|谢谢你<4>(陪|听)<6>(再见|走了|晚安|$)|永别|来生再见|下辈子见"
)


_DONE = compiled("(我|都|已经)?(打|叫|放|到|走|开|接|通|锁|去|说|发|做)(好|完|通|到|开|走|过)?了")
"""It was done, whatever was asked for."""


def told_by(message: str, danger: Danger, asked: str | None = None) -> Told:
    """What a message tells of a person who is met for `danger`, after the question `asked`."""
    text = normalize(message[-MAX_READ:])
    answers = _answers(text, danger, asked)
    done = {question for question, answer in answers.items() if answer == "yes"}
    heard = (
        one.id
        for one in signs()["heard"]
        if danger in one.only_for
        and (not one.takes_up or one.takes_up & done)
        and one.pattern.search(text)
    )
    feeling = next((one for one in signs()["feeling"] if one.pattern.search(text)), None)
    return Told(
        answers=answers,
        heard=next(heard, None),
        feeling=feeling.id if feeling else "other",
        asks=feeling.asks if feeling else "ask_openly",
        says_goodbye=danger in _ASKED_GOODBYE and _GOODBYE.search(text) is not None,
        tells_what_helped=signs()["helped"][0].pattern.search(text) is not None,
    )


def _answers(text: str, danger: Danger, asked: str | None) -> dict[str, str]:
    answers: dict[str, str] = {}
    for sign in signs()["answer"]:
        question = asked if asked in sign.after else sign.id
        if not question or (sign.after and asked not in sign.after):
            continue
        if question == GOODBYE != asked:
            continue  # only who was asked answers what their goodbye meant
        if question not in answers and danger in sign.only_for and sign.pattern.search(text):
            answers[question] = sign.answer
    if asked is not None and asked not in answers:
        kind = "yes" if _DONE.fullmatch(text) else kind_of_reply(text)
        if kind in SHORT_ANSWERS:
            answers[asked] = kind
    return {question: answer for question, answer in answers.items() if answer != NO_ANSWER}


@cache
def signs() -> dict[str, tuple[_Sign, ...]]:
    """The lists of told.toml."""
    record = tomllib.loads(resources.files(__package__).joinpath("told.toml").read_text("utf-8"))
    return {
        name: tuple(
            _Sign(
                compiled(entry["pattern"]),
                id=entry.get("id", entry.get("question", "")),
                answer=entry.get("answer", ""),
                asks=entry.get("asks", "ask_openly"),
                only_for=frozenset(map(Danger, entry.get("only_for", OF_WRITER))),
                after=frozenset(entry.get("after", ())),
                takes_up=frozenset(entry.get("takes_up", ())),
            )
            for entry in entries
        )
        for name, entries in record.items()
    }
