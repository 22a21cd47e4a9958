"""What a message tells the protocol: which questions it answers, and what of it is taken up."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.levels import Who
from bot.safety.normalize import normalize
from bot.safety.protocol.dangers import BY_OTHERS, OF_OTHERS, Danger
from bot.safety.replies import kind_of_reply
from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    import re

MAX_READ = 1000
"""Characters of a message that are read for this, from its end: what was said last counts."""
LONG = 15
"""Characters from which a message tells more than an answer."""

OF_ANOTHER = "how_is_other"
"""What is asked openly of who fears for another."""
STOP = "stop"
"""Not a question: the person does not want to be asked."""
GOODBYE = "goodbye"
HELPED = "helped"
"""What is asked of who says that they are safe, or better."""
AGE = "age"
"""Not a question: the person says how old they are."""
AGREED = "agreed"
"""The answer to a step that is still to be taken: 好 is not 放好了."""
SHORT_ANSWERS = frozenset({"yes", "no", "unsure"})
NO_ANSWER = "none"
"""What looks like an answer to the question before it, and is none."""
OF_WRITER = frozenset(Danger) - OF_OTHERS
"""Where what is told of a place, a means or company is told of the writer."""
_ASKED_GOODBYE = OF_WRITER - BY_OTHERS - {Danger.THREAT}
"""Where a goodbye may be a farewell; elsewhere 我走了 is a way out."""
_STEPS = frozenset(
    (
        *("move", "move_high", "move_water", "move_rail", "move_done", "seated", "leave_it"),
        *("put_away", "put_away_done", "threat_move", "threat_door", "do_reach", "stay_awake"),
    )
)
"""What is asked for is done, and not said: a bare yes only agrees."""
_AGREES = compiled(
    "^(我|应该|那|那就|马上|这就|尽量)*(嗯+|好|能|可以|行|试试?看?|ok|okay|sure|yes)(的|吧|啊|呀|，|$)"
)
_OPEN_ENDED = frozenset(
    (
        *("hardest", "want_most", "worry_police", "worry_ambulance", "other_said", "child_seen"),
        *("how_is_other", "before", "since_when", "until_then"),
    )
)
"""What is answered in one's own words, which are taken up however short."""
_WORDS = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What one message tells.

    `answers` maps the id of a question to its answer; `heard` is the id of the sentence that takes
    up what was said, `feeling` that of the one at concern, `asks` the question behind it.
    `is_long`: it says more than an answer does.
    """

    answers: dict[str, str] = field(default_factory=dict)
    heard: str | None = None
    feeling: str | None = None
    asks: str = "ask_openly"
    says_goodbye: bool = False
    tells_what_helped: bool = False
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class _Sign:
    pattern: re.Pattern[str] = field(repr=False)
    id: str = ""
    answer: str = ""
    asks: str = "ask_openly"
    only_for: frozenset[Danger] = OF_WRITER
    after: frozenset[str] = frozenset()
    """It is an answer only right after one of these questions: to `id`, else to that question."""
    takes_up: frozenset[str] = frozenset()
    """Only where one of these is answered with yes."""


_GOODBYE = compiled(
    "(^|，)(好)?(那就|就|我)?(再见|拜拜|永别|别了|告辞|走了|我走了|先走了|再会|晚安|88|byebye|bye|goodbye"
    "|good ?night)(了|啦|吧|呀|，|$)|谢谢你<4>(陪|听)<6>(再见|走了|晚安|$)|永别|来生再见|下辈子见"
)


_DONE = compiled(
    "(我|都|已经)?(打|叫|放|到|走|开|接|通|锁|去|说|发|做|坐|退|离|下|出)"
    "(好|完|通|到|开|走|过|下|来|去|后|回)?了"
)
"""It was done, whatever was asked for."""


def asks_of_another(message: str, who: Who) -> bool:
    """Whether a concern is for another: by what the message tells, or by whom it was read of."""
    return who is Who.OTHER or told_by(message, Danger.SUICIDE).asks == OF_ANOTHER


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
    is_open = asked in _OPEN_ENDED and asked not in answers and len(text) > _WORDS
    return Told(
        answers=answers,
        heard=next(heard, None),
        feeling=feeling.id if feeling else _other_feeling(text),
        asks=feeling.asks if feeling else "ask_openly",
        says_goodbye=danger in _ASKED_GOODBYE and _GOODBYE.search(text) is not None,
        tells_what_helped=_tells_what_helped(text),
        is_long=is_open or len(text) >= LONG,
    )


def _other_feeling(text: str) -> str | None:
    """The sentence for a feeling that no pattern names; none where nothing is told."""
    return None if kind_of_reply(text) in SHORT_ANSWERS or _GOODBYE.search(text) else "other"


def _tells_what_helped(text: str) -> bool:
    lists = signs()
    is_named = any(one.pattern.search(text) for one in lists["helped"])
    return is_named and not any(one.pattern.search(text) for one in lists["not_helped"])


def _answers(text: str, danger: Danger, asked: str | None) -> dict[str, str]:
    answers: dict[str, str] = {}
    for sign in signs()["answer"]:
        question = sign.id or asked
        if not question or (sign.after and asked not in sign.after):
            continue
        if question == GOODBYE != asked:
            continue  # only who was asked answers what their goodbye meant
        if question not in answers and danger in sign.only_for and sign.pattern.search(text):
            answers[question] = sign.answer
    if asked is not None and asked not in answers:
        is_done = _DONE.fullmatch(text) is not None
        kind = "yes" if is_done else kind_of_reply(text)
        if asked in _STEPS and not is_done and (kind == "yes" or _AGREES.search(text)):
            kind = AGREED
        if kind in (*SHORT_ANSWERS, AGREED):
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
                only_for=_kinds_of_danger(entry.get("only_for", "writer")),
                after=frozenset(entry.get("after", ())),
                takes_up=frozenset(entry.get("takes_up", ())),
            )
            for entry in entries
        )
        for name, entries in record.items()
    }


def _kinds_of_danger(named: str | list[str]) -> frozenset[Danger]:
    if isinstance(named, list):
        return frozenset(map(Danger, named))
    return frozenset(Danger) if named == "all" else OF_WRITER
