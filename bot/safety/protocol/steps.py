"""The protocol after a card as a state machine: from what was asked and answered to what is said.

Pure: the state comes from storage, the words from the locales; the paths are data (steps.toml).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.safety.levels import RiskLevel
from bot.safety.protocol.dangers import BY_OTHERS, Danger
from bot.safety.protocol.paths import SAY, paths
from bot.safety.protocol.told import GOODBYE, HELPED, STOP, Told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_NO_MORE = "no_more_questions"
_TAKEN = "taken"
_NO_CHECK_IN = "check_in_off"
HEARD, FEELING = "heard:", "feeling:"
"""Before the ids of sentences that take something up; a question may have the same id."""
READ = ("read_1", "read_2", "read_3")
"""What takes up a longer message of which nothing else is known; in this order."""
_EASED = (("morning", "better"), ("eased", "yes"))
"""The answers after which nothing is asked of who is not at imminent."""


@dataclass(frozen=True, slots=True)
class TalkState:
    """What a person was asked in this episode and what they answered; names, never their words.

    `asked` holds the ids of all that was said in their order, oldest first: of questions, and of
    the sentences that ask nothing. `is_back`: they were met before this episode, and nothing new
    was read. `is_asked_after`: a check-in is to come.
    """

    danger: Danger = Danger.SUICIDE
    asked: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    is_back: bool = False
    is_asked_after: bool = False

    @property
    def last_asked(self) -> str | None:
        """What was said last."""
        return self.asked[-1] if self.asked else None


@dataclass(frozen=True, slots=True)
class Step:
    """What is said next: perhaps a sentence that takes up what was said, and one more.

    That is a question, or one of the other `words`; exactly one of the two is given. `aside` is
    said before all of it.
    """

    question: str | None = None
    words: str | None = None
    heard: str | None = None
    feeling: str | None = None
    aside: str | None = None

    @property
    def id(self) -> str:
        """The id of what is asked or said."""
        return self.question or self.words or ""

    @property
    def said(self) -> tuple[str, ...]:
        """The ids of all that this step says, as `TalkState.asked` keeps them."""
        aside = [self.aside] if self.aside else []
        heard = [f"{HEARD}{self.heard}"] if self.heard else []
        feeling = [f"{FEELING}{self.feeling}"] if self.feeling else []
        return (*aside, *heard, *feeling, self.id)


def next_step(state: TalkState, level: RiskLevel, told: Told) -> Step:
    """What is said to a person at high or imminent who has just told `told`.

    There always is something, and no question comes that was asked or answered before.
    """
    if told.answers.get("check_in") == "no":
        return Step(words=_NO_CHECK_IN)
    if told.answers.get(STOP) == "yes" and _NO_MORE not in state.asked:
        return Step(words=_NO_MORE)
    step = _next(state, level, told)
    if step.words == _NO_MORE:
        return step
    return replace(step, heard=_heard(state, told, step), aside=_aside(state))


def help_step(state: TalkState, level: RiskLevel) -> Step:
    """What is asked beside the numbers of a person who calls for help by a button."""
    known = paths().alike({*state.asked, *state.answers})
    wanted = (one for one in paths().help[state.danger] if one not in known)
    if (question := next(wanted, None)) is not None:
        return Step(question=question)
    return replace(_next(state, level, Told()), heard=None)


def safe_step(state: TalkState) -> Step | None:
    """What is asked of who says they are safe, or takes back what they said; None: nothing.

    Who told of a place or a means is asked whether that is behind them.
    """
    answers = state.answers
    if answers.get("where") in ("high", "water", "rail", "risky") and answers.get("move") != "yes":
        question = "left_place"
    elif answers.get("means") == "yes" and answers.get("put_away") != "yes":
        question = "left_means"
    else:
        return None
    return Step(question=question) if question not in state.asked else None


def _next(state: TalkState, level: RiskLevel, told: Told) -> Step:
    answers = {**state.answers, **told.answers}
    if state.last_asked == HELPED and (helped := _what_helped(told)) is not None:
        return helped
    if answers.get(STOP) != "yes":
        if told.says_goodbye and GOODBYE not in {*state.asked, *answers}:
            return Step(question=GOODBYE)
        if state.is_back and not told.answers.keys() & set(paths().first):
            return Step(question=paths().back[state.danger])
        known = paths().alike({*state.asked, *answers})
        for lead in _questions(state, level, told, answers):
            if (step := _open(lead, known, state.asked)) is not None:
                return step
        if _is_eased(level, answers):
            return Step(words=_round(paths().rest_eased, state.asked))
    return Step(words=_round(paths().rest[state.danger, level], state.asked))


def _open(lead: str, known: Collection[str], said: Collection[str]) -> Step | None:
    """The step that a lead is, if it has not been said."""
    if lead.startswith(SAY):
        words = lead.removeprefix(SAY)
        return Step(words=words) if words not in said else None
    return Step(question=lead) if lead not in known else None


def _what_helped(told: Told) -> Step | None:
    if told.tells_what_helped:
        return Step(words="helped_noted")
    is_nothing = told.answers.get(HELPED) in ("no", "unsure")
    return Step(words="helped_nothing") if is_nothing else None


def _heard(state: TalkState, told: Told, step: Step) -> str | None:
    """What takes up a message: what it tells of, else that it was read."""
    if step.words in ("goodnight", "helped_noted", "helped_nothing"):
        return None
    if told.heard is not None and f"{HEARD}{told.heard}" not in state.asked:
        return told.heard
    if told.heard is not None or not told.is_long or state.is_back:
        return None
    return next((one for one in READ if f"{HEARD}{one}" not in state.asked), None)


def _aside(state: TalkState) -> str | None:
    """What has to be said once, one thing a turn."""
    asides = paths().asides
    if state.is_back:
        return None
    if asides["prepared"] not in state.asked:
        return asides["prepared"]
    may_come = state.is_asked_after and state.danger not in BY_OTHERS
    if may_come and asides["check_in"] not in state.asked:
        return asides["check_in"]
    return None


def _is_eased(level: RiskLevel, answers: Mapping[str, str]) -> bool:
    return level < RiskLevel.IMMINENT and any(answers.get(one) == how for one, how in _EASED)


def _questions(
    state: TalkState, level: RiskLevel, told: Told, answers: Mapping[str, str]
) -> Iterator[str]:
    """The questions that may come, the most urgent first."""
    known = paths()
    leads = known.leads[state.danger, level]

    def led_by(question: str) -> Sequence[str]:
        return leads.get(question, {}).get(answers.get(question, ""), ())

    for question in known.first:
        yield from (lead for lead in led_by(question) if not _is_moot(lead, answers))
    if state.last_asked in (GOODBYE, _TAKEN) and GOODBYE in answers:
        yield from _parting(state.danger, answers)
    for question in _in_order(told.answers, state.last_asked):
        yield from (lead for lead in led_by(question) if not _is_moot(lead, answers))
    if _is_eased(level, answers):
        return
    for question in known.paths[state.danger, level]:
        if not _is_moot(question, answers):
            yield question


def _is_moot(question: str, answers: Mapping[str, str]) -> bool:
    moot = paths().moot.get(question, {})
    return any(answers.get(other) in given for other, given in moot.items())


def _parting(danger: Danger, answers: Mapping[str, str]) -> Iterator[str]:
    """What follows a goodbye: nobody is let sleep before the body was asked about."""
    if answers[GOODBYE] == "away":
        yield f"{SAY}away"
        return
    if danger is Danger.BODY:
        yield "called"
        return
    yield _TAKEN
    if answers[GOODBYE] == "farewell":
        yield "stay_awake"
    elif answers[GOODBYE] == "sleep" and answers.get(_TAKEN) == "no":
        yield f"{SAY}goodnight"


def concern_step(state: TalkState, told: Told) -> Step:
    """What is said to a person of whom a concern was read: the feeling first, then a question."""
    answers = {**state.answers, **told.answers}
    feeling = None if f"{FEELING}{told.feeling}" in state.asked else told.feeling
    if state.last_asked == HELPED and (helped := _what_helped(told)) is not None:
        return helped
    if told.answers.get(STOP) == "yes" and _NO_MORE not in state.asked:
        return Step(words=_NO_MORE)
    if answers.get(STOP) != "yes":
        if told.says_goodbye and _opened(state) and GOODBYE not in state.asked:
            return Step(question=GOODBYE)
        for lead in _questions_at_concern(state, told):
            if (step := _open(lead, state.asked, state.asked)) is not None:
                return replace(step, feeling=feeling if step.question else None)
    return Step(words=_round(paths().rest_at_concern, state.asked), feeling=feeling)


def _questions_at_concern(state: TalkState, told: Told) -> Iterator[str]:
    known = paths()
    for question in _in_order(told.answers, state.last_asked):
        yield from known.leads_at_concern.get(question, {}).get(told.answers[question], ())
    opened = _opened(state)
    if opened is None or told.asks != "ask_openly":
        yield told.asks
    yield from known.follow_ups.get(opened or "", ())


def is_followed_up(state: TalkState) -> bool:
    """Whether the questions after a concern are still going on."""
    opened = _opened(state)
    if opened is None or state.last_asked in (opened, GOODBYE):
        return opened is not None
    follow_ups = paths().follow_ups[opened]
    led = {lead for led in paths().leads_at_concern.values() for to in led.values() for lead in to}
    if state.last_asked in led:
        return True
    return state.last_asked in follow_ups and not set(follow_ups) <= set(state.asked)


def back_question(danger: Danger) -> str:
    """The id of what who comes back, or was asked after, is asked in a danger."""
    return paths().back[danger]


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
