"""What the rules find in a message, and what stands around it lowers.

Deterministic, on one core, no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.safety import context, rules
from bot.safety.levels import Axis, RiskLevel
from bot.safety.normalize import BREAK, normalize

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

    from bot.safety.rules import RiskMeaning, Rule

MAX_READ = 4096  # characters read at once; a turn of several messages can be longer
OVERLAP = 200  # characters read twice, so that nothing falls between two pieces
SHORT = (
    300  # characters of normalized text; of a longer one only what surrounds grave words is read
)

_CONTEXT = 40  # characters before a match in which its subject is looked for
_IDIOM_MARK = "〇"


class Lowered(StrEnum):
    """What lowers the level of a rule where its words stand."""

    DENIED = "denied"
    TOLD = "told"
    """A story, a subject."""
    OTHER = "other"
    LONG_AGO = "long_ago"


@dataclass(frozen=True, slots=True)
class Match:
    """A place where a rule's words stand. `family` is the rule, `name` may be one way of it.

    `of_writer` is false where somebody else is meant, or a subject is talked about.
    """

    name: str
    family: str
    level: RiskLevel
    start: int
    end: int
    of_writer: bool = True
    raw: RiskLevel = RiskLevel.NONE
    """The level that the words have by themselves."""
    lowered: Lowered | None = None


def reading(message: str) -> str:
    """The text that rules and classifier read: one spelling, idioms out, long messages cut."""
    return read_normalized(normalize(message))


def read_normalized(text: str) -> str:
    """The reading of normalized text."""
    if len(text) > SHORT:
        text = _around_anchors(text)
    return context.without_idioms(text, _IDIOM_MARK)


def pieces_of(message: str) -> Iterator[str]:
    """A long message in pieces that are read one by one, with an overlap."""
    yield message[:MAX_READ]
    step = MAX_READ - OVERLAP
    for start in range(step, len(message) - OVERLAP, step):
        yield message[start : start + MAX_READ]


def _around_anchors(text: str) -> str:
    """The clauses a rule could match, with the two before and the one after them."""
    clauses = text.split(BREAK)
    kept: set[int] = set()
    for index, clause in enumerate(clauses):
        if rules.ANCHOR.search(clause):
            kept.update(range(index - 2, index + 2))
    return BREAK.join(clause for index, clause in enumerate(clauses) if index in kept)


def matches(text: str, among: Sequence[Rule[RiskMeaning]] = rules.RULES) -> Iterator[Match]:
    """What the rules find in a reading, and at which level where it stands; NONE if denied."""
    for rule in among:
        if rule.signs is not None and not rule.signs.search(text):
            continue
        for match in rule.pattern.finditer(text):
            level, lowered = _in_context(rule, match, text)
            yield Match(
                name=rule.name,
                family=rule.family,
                level=level,
                start=match.start(),
                end=match.end(),
                of_writer=rule.family != rules.OPEN_WORDS or _of_writer(match, text),
                raw=rule.meaning.level,
                lowered=lowered,
            )


def _of_writer(match: re.Match[str], text: str) -> bool:
    """Whether open words are of who writes them, as far as can be seen."""
    before = text[max(0, match.start() - _CONTEXT) : match.start()]
    after = text[match.end() : match.end() + _CONTEXT]
    clause = before.rpartition(BREAK)[2]
    if context.FIRST_PERSON.search(clause + match[0] + after.partition(BREAK)[0]):
        return True
    around = before + match[0] + after
    if context.SUBJECT.search(around) or context.TOLD.search(around):
        return False
    if context.OTHER_PERSON.search(before) and context.HAPPENED.search(after):
        return False
    return not _about_another(before, after)


def _in_context(
    rule: Rule[RiskMeaning], match: re.Match[str], text: str
) -> tuple[RiskLevel, Lowered | None]:
    """The level of a rule where it matched: lower for a story, another person, long ago."""
    level = rule.meaning.level
    before = text[max(0, match.start() - _CONTEXT) : match.start()]
    clause = before.rpartition(BREAK)[2]
    if _negated(clause, match[0]):
        return RiskLevel.NONE, Lowered.DENIED
    asked = context.ASKED_BY_ANOTHER.search(clause + match[0])
    if asked and (asked[0][0] in "您你" or context.SAID_NO.search(text[match.end() :])):
        return RiskLevel.NONE, Lowered.DENIED
    about_self = context.FIRST_PERSON.search(match[0]) or context.FIRST_PERSON.search(clause)
    if context.PLAYED.search(clause + match[0]) and not context.WANTS_A_STORY.search(text):
        return RiskLevel.NONE, Lowered.TOLD
    subject = context.SUBJECT.search(before + match[0] + text[match.end() : match.end() + _CONTEXT])
    if not about_self and (subject or context.TOLD.search(before + match[0])):
        # A card would be out of place, but "in a story" may also be a way to ask.
        told = RiskLevel.CONCERN if level >= RiskLevel.HIGH else RiskLevel.NONE
        return told, Lowered.TOLD
    is_done_by_another = Axis.HARM in rule.meaning.axes
    if not (about_self or is_done_by_another) and _about_another(before, text[match.end() :]):
        # Somebody else in danger now needs the same numbers; otherwise the model asks about both.
        other = RiskLevel.HIGH if level is RiskLevel.IMMINENT else RiskLevel.CONCERN
        return other, Lowered.OTHER
    if rule.meaning.fades and _long_ago(clause, match, text):
        return RiskLevel.CONCERN, Lowered.LONG_AGO
    is_old = level is RiskLevel.HIGH and context.YEARS_AGO.search(text)
    if is_old and context.WELL_SINCE.search(text[match.end() :]):
        return RiskLevel.CONCERN, Lowered.LONG_AGO
    return level, None


def _negated(clause: str, matched: str) -> bool:
    if context.NOT_A_NEGATION.search(clause):
        return False
    if matched.startswith(context.VERB_OF_INTENT) and context.NOT_BEFORE_VERB.search(clause):
        return True
    return bool(context.NEGATION.search(clause))


def _about_another(before: str, after: str) -> bool:
    """Whether somebody else is meant: named in this clause, or earlier by one who wants to help.

    Chinese leaves out 我: in 老公出轨了，不想活了 nobody but the writer is in danger.
    """
    named = [match.end() for match in context.OTHER_PERSON.finditer(before)]
    if not named or any(
        match.start() >= named[-1] for match in context.FIRST_PERSON.finditer(before)
    ):
        return False
    between = before[named[-1] :]
    if BREAK in between:
        return bool(context.WANTS_TO_HELP.search(after))
    return not context.DONE_TO_ME.search(between)


def _long_ago(clause: str, match: re.Match[str], text: str) -> bool:
    rest = text[match.end() :].partition(BREAK)[0]
    sentence = clause + match[0] + rest
    return bool(context.LONG_AGO.search(clause)) and not context.STILL_NOW.search(sentence)


def undenied(text: str, matched: Sequence[Match]) -> str:
    """A reading without the clauses in which a rule's words are denied or only told of."""
    denied = [item for item in matched if item.level is RiskLevel.NONE]
    kept = []
    start = 0
    for clause in text.split(BREAK):
        end = start + len(clause)
        if not any(item.start < end and item.end > start for item in denied):
            kept.append(clause)
        start = end + len(BREAK)
    return BREAK.join(kept)
