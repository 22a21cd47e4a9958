"""The protocol after a card as a state machine: from what was asked and answered to what is said.

Pure: the state comes from storage, the words from the locales; the paths are data (steps.toml).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING

from bot.safety.levels import RiskLevel
from bot.safety.protocol.dangers import Danger
from bot.safety.protocol.told import GOODBYE, STOP, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ASKED_OPENLY = ("ask_openly", "meant_or_quoted")
_NO_MORE = "no_more_questions"
_TAKEN = "taken"
HEARD, FEELING = "heard:", "feeling:"
"""Before the ids of sentences that take something up; a question may have the same id."""
HELPED = "helped"
"""What is asked of who says that they are safe."""


@dataclass(frozen=True, slots=True)
class TalkState:
    """What a person was asked in this episode and what they answered; names, never their words.

    `asked` holds the ids of all that was said in their order, oldest first: of questions, and of
    the sentences that ask nothing.
    """

    danger: Danger = Danger.SUICIDE
    asked: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_asked(self) -> str | None:
        """What was said last."""
        return self.asked[-1] if self.asked else None


@dataclass(frozen=True, slots=True)
class Step:
    """What is said next: perhaps a sentence that takes up what was said, and one more.

    That is a question, or one of the other `words`; exactly one of the two is given.
    """

    question: str | None = None
    words: str | None = None
    heard: str | None = None
    feeling: str | None = None

    @property
    def id(self) -> str:
        """The id of what is asked or said."""
        return self.question or self.words or ""

    @property
    def said(self) -> tuple[str, ...]:
        """The ids of all that this step says, as `TalkState.asked` keeps them."""
        heard = [f"{HEARD}{self.heard}"] if self.heard else []
        feeling = [f"{FEELING}{self.feeling}"] if self.feeling else []
        return (*heard, *feeling, self.id)


_Situation = tuple[Danger, RiskLevel]


@dataclass(frozen=True, slots=True)
class Paths:
    """steps.toml."""

    paths: Mapping[_Situation, Sequence[str]]
    leads: Mapping[_Situation, Mapping[str, Mapping[str, Sequence[str]]]]
    first: Sequence[str]
    moot: Mapping[str, Mapping[str, str]]
    anew: frozenset[str]
    follow_ups: Mapping[str, Sequence[str]]
    """By the open question they follow."""
    rest_at_concern: Sequence[str]
    rest: Mapping[_Situation, Sequence[str]]


@cache
def paths() -> Paths:
    """The paths, read once."""
    record = tomllib.loads(resources.files(__package__).joinpath("steps.toml").read_text("utf-8"))
    by_danger = {
        (Danger(entry["danger"]), level): tuple(entry["questions"])
        for entry in record["path"]
        for level in _levels(entry)
    }
    leads: dict[_Situation, dict[str, dict[str, Sequence[str]]]] = {key: {} for key in by_danger}
    for entry in record["leads"]:
        led = {question: to for question, to in entry.items() if question not in _LED_BY}
        for danger, level in product(map(Danger, entry["dangers"]), _levels(entry)):
            for question, to in led.items():
                leads[danger, level].setdefault(question, {}).update(to)
    rest = record["rest"]
    return Paths(
        by_danger,
        leads,
        first=tuple(record["first"]),
        moot=record["moot"],
        anew=frozenset(record["anew"]),
        follow_ups=record["concern"]["open"],
        rest_at_concern=tuple(record["concern"]["rest"]),
        rest={key: rest["body" if key[0] is Danger.BODY else key[1].label] for key in by_danger},
    )


_WITH_CARD = (RiskLevel.HIGH, RiskLevel.IMMINENT)
_LED_BY = frozenset({"dangers", "level"})


def _levels(entry: Mapping[str, str]) -> Sequence[RiskLevel]:
    return [RiskLevel[entry["level"].upper()]] if "level" in entry else _WITH_CARD


def next_step(state: TalkState, level: RiskLevel, told: Told) -> Step:
    """What is said to a person at high or imminent who has just told `told`.

    There always is something, and no question comes that was asked or answered before.
    """
    answers = {**state.answers, **told.answers}
    rest = paths().rest[state.danger, level]
    if STOP in told.answers and _NO_MORE not in state.asked:
        return Step(words=_NO_MORE)
    heard = told.heard if f"{HEARD}{told.heard}" not in state.asked else None
    if state.last_asked == HELPED and told.tells_what_helped:
        return Step(words="helped_noted")
    if STOP in answers:
        return Step(words=_round(rest, state.asked), heard=heard)
    if told.says_goodbye and GOODBYE not in {*state.asked, *answers}:
        return Step(question=GOODBYE, heard=heard)
    known = {*state.asked, *answers}
    if not known.isdisjoint(_ASKED_OPENLY):
        known.add("meant")
    for question in _questions(state, level, told, answers):
        if question is None:
            return Step(words="goodnight")
        if question not in known:
            return Step(question=question, heard=heard)
    return Step(words=_round(rest, state.asked), heard=heard)


def _questions(
    state: TalkState, level: RiskLevel, told: Told, answers: Mapping[str, str]
) -> Iterator[str | None]:
    """The questions that may come, the most urgent first; None: the person may sleep."""
    known = paths()
    leads = known.leads[state.danger, level]

    def led_by(question: str) -> Sequence[str]:
        return leads.get(question, {}).get(answers.get(question, ""), ())

    for question in known.first:
        yield from led_by(question)
    if state.last_asked in (GOODBYE, _TAKEN) and GOODBYE in answers:
        yield from _parting(state.danger, answers)
    for question in _in_order(told.answers, state.last_asked):
        yield from led_by(question)
    for question in known.paths[state.danger, level]:
        moot = known.moot.get(question, {})
        if all(answers.get(other) != answer for other, answer in moot.items()):
            yield question


def _parting(danger: Danger, answers: Mapping[str, str]) -> Iterator[str | None]:
    """What follows a goodbye: nobody is let sleep before the body was asked about."""
    if danger is Danger.BODY:
        yield "called"
        return
    yield _TAKEN
    if answers[GOODBYE] == "farewell":
        yield "stay_awake"
    elif answers[GOODBYE] == "sleep" and answers.get(_TAKEN) == "no":
        yield None


def concern_step(state: TalkState, told: Told) -> Step:
    """What is said to a person of whom a concern was read: the feeling first, then a question."""
    feeling = told.feeling if f"{FEELING}{told.feeling}" not in state.asked else None
    if state.last_asked == HELPED and told.tells_what_helped:
        return Step(words="helped_noted")
    if STOP in told.answers and _NO_MORE not in state.asked:
        return Step(words=_NO_MORE)
    if STOP not in {**state.answers, **told.answers}:
        opened = _opened(state)
        first = told.asks if opened is None or told.asks != "ask_openly" else None
        for question in (first, *paths().follow_ups.get(opened or "", ())):
            if question is not None and question not in state.asked:
                return Step(question=question, feeling=feeling)
    return Step(words=_round(paths().rest_at_concern, state.asked), feeling=feeling)


def is_followed_up(state: TalkState) -> bool:
    """Whether the questions after a concern are still going on."""
    opened = _opened(state)
    if opened is None or state.last_asked == opened:
        return opened is not None
    follow_ups = paths().follow_ups[opened]
    return state.last_asked in follow_ups and not set(follow_ups) <= set(state.asked)


def asked_anew() -> frozenset[str]:
    """The questions whose answers no longer count once the danger has become another, or worse."""
    return paths().anew


def _opened(state: TalkState) -> str | None:
    """The open question that was asked last."""
    return next((one for one in reversed(state.asked) if one in paths().follow_ups), None)


def _in_order(answers: Mapping[str, str], last_asked: str | None) -> list[str]:
    """The questions that were answered, the one that was asked first."""
    return sorted(answers, key=lambda question: question != last_asked)


def _round(words: Sequence[str], asked: Sequence[str]) -> str:
    """The sentence that was said longest ago."""
    last = {said: place for place, said in enumerate(asked)}
    return min(words, key=lambda one: last.get(one, -1))
