"""The first reading of what a person wrote: open words of danger, and what is not one.

Deterministic, on one core, no network. Its limits are known: it finds what is said, not what is
hinted at over several messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety import context, rules
from bot.safety.levels import Assessment, RiskLevel
from bot.safety.normalize import BREAK, normalize
from bot.safety.replies import answered

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

    from bot.safety.rules import Rule
    from bot.safety.said import Said

LONGEST_READ = 4096  # characters read at once; a turn of several messages can be longer
OVERLAP = 200  # characters read twice, so that nothing falls between two pieces
EARLIER_READ = 5  # messages before the last

_CONTEXT = 40  # characters before a match in which its subject is looked for
_IDIOM_MARK = "〇"


def assess(said: Sequence[Said]) -> Assessment:
    """How serious the person's last message is, read with what was said before it.

    `said` is oldest first. Words of the bot are only read for the question they ask: nothing it
    says is a risk of its own. Serious words in an earlier message keep the last one at concern:
    the danger is not over because the next message is about something else.
    """
    own = [index for index, message in enumerate(said) if not message.by_bot]
    if not own:
        return Assessment(RiskLevel.NONE)
    found = _assess_at(said, own[-1])
    if found.level is RiskLevel.NONE and any(
        _assess_at(said, index).level >= RiskLevel.HIGH for index in own[-1 - EARLIER_READ : -1]
    ):
        return Assessment(RiskLevel.CONCERN, ("said_before",))
    return found


def _assess_at(said: Sequence[Said], index: int) -> Assessment:
    found = _assess_one(said[index].text)
    if index and said[index - 1].by_bot:
        replied = answered(said[index - 1].text, said[index].text)
        if replied > found.level:
            return Assessment(replied, ("answered_question", *found.reasons))
    return found


def _assess_one(message: str) -> Assessment:
    levels: dict[str, RiskLevel] = {}
    for piece in _pieces(message):
        text = _around_anchors(normalize(piece))
        text = context.IDIOMS.sub(lambda match: _IDIOM_MARK * len(match[0]), text)
        for reason, level in _findings(text):
            levels[reason] = max(level, levels.get(reason, RiskLevel.NONE))
    ordered = sorted(levels, key=lambda reason: -levels[reason])
    return Assessment(max(levels.values(), default=RiskLevel.NONE), tuple(ordered))


def _pieces(message: str) -> Iterator[str]:
    yield message[:LONGEST_READ]
    step = LONGEST_READ - OVERLAP
    for start in range(step, len(message) - OVERLAP, step):
        yield message[start : start + LONGEST_READ]


def _around_anchors(text: str) -> str:
    """The clauses a rule could match, with the two before and the one after them."""
    clauses = text.split(BREAK)
    kept: set[int] = set()
    for index, clause in enumerate(clauses):
        if rules.ANCHOR.search(clause):
            kept.update(range(index - 2, index + 2))
    return BREAK.join(clause for index, clause in enumerate(clauses) if index in kept)


def _findings(text: str) -> Iterator[tuple[str, RiskLevel]]:
    for rule in rules.RULES:
        for match in rule.pattern.finditer(text):
            level = _in_context(rule, match, text)
            if level is not RiskLevel.NONE:
                yield rule.name, level


def _in_context(rule: Rule, match: re.Match[str], text: str) -> RiskLevel:
    """The level of a rule where it matched: lower for a story, another person, long ago."""
    before = text[max(0, match.start() - _CONTEXT) : match.start()]
    clause = before.rpartition(BREAK)[2]
    if _negated(clause, match[0]):
        return RiskLevel.NONE
    about_self = context.FIRST_PERSON.search(match[0]) or context.FIRST_PERSON.search(clause)
    if not about_self and context.TOLD.search(before + match[0]):
        # A card would be out of place, but "in a story" may also be a way to ask.
        return RiskLevel.CONCERN if rule.level >= RiskLevel.HIGH else RiskLevel.NONE
    if not about_self and _about_another(before, text[match.end() :]):
        # Somebody else in danger now needs the same numbers; otherwise the model asks about both.
        return RiskLevel.HIGH if rule.level is RiskLevel.IMMINENT else RiskLevel.CONCERN
    if rule.level is RiskLevel.HIGH and _long_ago(clause, match, text):
        return RiskLevel.CONCERN
    return rule.level


def _negated(clause: str, matched: str) -> bool:
    if matched.startswith(context.VERB_OF_INTENT) and context.NOT_BEFORE_VERB.search(clause):
        return True
    return bool(context.NEGATION.search(clause)) and not context.NOT_A_NEGATION.search(clause)


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
