"""The first reading of what a person wrote: open words of danger, and what is not one.

Deterministic, on one core, no network. Its limits are known: it finds what is said, not what is
hinted at over several messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety import context, rules
from bot.safety.classifier import classifier
from bot.safety.levels import Assessment, RiskLevel
from bot.safety.normalize import BREAK, apart, normalize
from bot.safety.replies import answered

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

    from bot.safety.rules import RiskMeaning, Rule
    from bot.safety.utterance import Utterance

MAX_READ = 4096  # characters read at once; a turn of several messages can be longer
OVERLAP = 200  # characters read twice, so that nothing falls between two pieces
SHORT = (
    300  # characters of normalized text; of a longer one only what surrounds grave words is read
)
EARLIER_READ = 5  # messages before the last

SAID_BEFORE = "said_before"
"""The reason of a harmless message soon after a serious one."""

_CONTEXT = 40  # characters before a match in which its subject is looked for
_IDIOM_MARK = "〇"


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


def assess(  # the standing is for the reader that is being built
    said: Sequence[Utterance],
    standing: RiskLevel = RiskLevel.NONE,  # noqa: ARG001
) -> Assessment:
    """How serious the person's last message is, read with what was said before it.

    `said` is oldest first; `standing` is what the person is known to be in, from before. Words of
    the bot are only read for the question they ask: nothing it says is a risk of its own. Serious
    words in an earlier message keep the last one at concern: the danger is not over because the
    next message is about something else.
    """
    own = [index for index, message in enumerate(said) if not message.by_bot]
    if not own:
        return Assessment(RiskLevel.NONE)
    found = _assess_at(said, own[-1])
    if found.level is RiskLevel.NONE and any(
        _assess_at(said, index).level >= RiskLevel.HIGH for index in own[-1 - EARLIER_READ : -1]
    ):
        return Assessment(RiskLevel.CONCERN, (SAID_BEFORE,))
    return found


def _assess_at(said: Sequence[Utterance], index: int) -> Assessment:
    message = said[index].text
    pieces = [normalize(piece) for piece in _pieces(message)]
    found = _assess_one(pieces)
    if found.level < RiskLevel.IMMINENT and (parted := apart(message)) is not None:
        again = _assess_one([normalize(piece) for piece in _pieces(parted)], by_rules_only=True)
        found = max(found, again, key=lambda one: one.level)
    if index and said[index - 1].by_bot:
        reply = pieces[0] if len(pieces) == 1 else normalize(message)
        replied = answered(said[index - 1].text, reply)
        if replied > found.level:
            return Assessment(replied, ("answered_question", *found.reasons))
    return found


def _assess_one(pieces: Sequence[str], *, by_rules_only: bool = False) -> Assessment:
    levels: dict[str, RiskLevel] = {}
    for piece in pieces:
        text = _reading(piece)
        matched = list(matches(text))
        found = [(item.name, item.level) for item in matched]
        if not by_rules_only:
            found.append(("classifier", _judged(text, matched)))
        for reason, level in found:
            levels[reason] = max(level, levels.get(reason, RiskLevel.NONE))
    levels = {name: level for name, level in levels.items() if level is not RiskLevel.NONE}
    ordered = sorted(levels, key=lambda reason: -levels[reason])
    return Assessment(max(levels.values(), default=RiskLevel.NONE), tuple(ordered))


def _judged(text: str, matched: Sequence[Match]) -> RiskLevel:
    """What the classifier makes of it. For a card it has to be certain, or words to be open."""
    if max((item.level for item in matched), default=RiskLevel.NONE) >= RiskLevel.HIGH:
        return RiskLevel.NONE
    score = classifier().score(undenied(text, matched))
    needed = classifier().thresholds
    if score >= needed.grave and is_open(matched):
        return RiskLevel.HIGH
    if score >= needed.certain and is_unknown(matched):
        return RiskLevel.HIGH
    return RiskLevel.CONCERN if score >= needed.concern else RiskLevel.NONE


def is_open(matched: Sequence[Match]) -> bool:
    """Whether open words of the writer stand there, and nothing is of a story or another."""
    found = [item for item in matched if item.level is not RiskLevel.NONE]
    is_said = any(item.family == rules.OPEN_WORDS and item.of_writer for item in found)
    return is_said and {item.family for item in found} <= rules.NEVER_LOWERED


def is_unknown(matched: Sequence[Match]) -> bool:
    """Whether no rule has an opinion, except that something is denied."""
    return all(item.level is RiskLevel.NONE for item in matched)


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


def reading(message: str) -> str:
    """The text that rules and classifier read: one spelling, idioms out, long messages cut."""
    return _reading(normalize(message))


def _reading(text: str) -> str:
    if len(text) > SHORT:
        text = _around_anchors(text)
    return context.without_idioms(text, _IDIOM_MARK)


def _pieces(message: str) -> Iterator[str]:
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
            level = _in_context(rule, match, text)
            of_writer = rule.family != rules.OPEN_WORDS or _of_writer(match, text)
            yield Match(rule.name, rule.family, level, match.start(), match.end(), of_writer)


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


def _in_context(rule: Rule[RiskMeaning], match: re.Match[str], text: str) -> RiskLevel:
    """The level of a rule where it matched: lower for a story, another person, long ago."""
    level = rule.meaning.level
    before = text[max(0, match.start() - _CONTEXT) : match.start()]
    clause = before.rpartition(BREAK)[2]
    if _negated(clause, match[0]):
        return RiskLevel.NONE
    about_self = context.FIRST_PERSON.search(match[0]) or context.FIRST_PERSON.search(clause)
    subject = context.SUBJECT.search(before + match[0] + text[match.end() : match.end() + _CONTEXT])
    if not about_self and (subject or context.TOLD.search(before + match[0])):
        # A card would be out of place, but "in a story" may also be a way to ask.
        return RiskLevel.CONCERN if level >= RiskLevel.HIGH else RiskLevel.NONE
    if not about_self and _about_another(before, text[match.end() :]):
        # Somebody else in danger now needs the same numbers; otherwise the model asks about both.
        return RiskLevel.HIGH if level is RiskLevel.IMMINENT else RiskLevel.CONCERN
    if rule.meaning.fades and _long_ago(clause, match, text):
        return RiskLevel.CONCERN
    return level


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
