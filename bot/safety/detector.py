"""The first reading of what a person wrote: rules as a floor, and what is trained beside them.

Deterministic, on one core, no network. Of a message it takes the level that the rules give, or the
higher one of boosted trees over n-gram scores, facts of the rules and clues of the talk; then what
the person is in: somebody at high who names a place is in danger now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.safety import in_danger
from bot.safety.asked import BotQuestion
from bot.safety.evidence import Evidence
from bot.safety.facts import (
    CARRIED,
    LEVELS,
    MessageFacts,
    TalkTurn,
    joined_views,
    message_facts,
    numbers,
    turns,
)
from bot.safety.levels import Assessment, Axis, RiskLevel, Who
from bot.safety.recent import Recent, hashed
from bot.safety.replies import BARE, answered, kind_of_reply
from bot.safety.rules import AXES, BARE_SIGNS, RULES
from bot.safety.signals import SIGNALS
from bot.safety.weights import weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.safety.utterance import Utterance
    from bot.safety.weights import Weights

SAID_BEFORE = "said_before"
"""The reason of a harmless message soon after a serious one."""
ANSWERED_WITH_A_WISH = "answered_with_a_wish"
"""The reason where a hint of a wish is what the person says when asked about suicide."""
TRAINED, BOTH = "trained", "both_readers"
"""The reasons where what is learnt says more than the rules: by the trees, or by both readers."""
BY_TRAINING = frozenset((TRAINED, BOTH))

CERTAIN = 3.0  # log-odds more, where something denied is seen, or long ago, or nothing grave
_MEANT = 0.4  # log-odds of a concern, from which open words of the writer are high
_LOW = RiskLevel.CONCERN  # what the trees make of a message after serious words at the least
_SCRAP = 4  # characters, of which the trees alone raise nobody
_LIGHT = 0.0  # log-odds of a concern, below which a message by itself says nothing
_FAR = -3.0  # log-odds of imminent, below which a message by itself is not of this hour
_KEPT = 5  # messages after serious words, in which a harmless one is still a concern
_FACTS_KEPT = 200_000  # characters of messages whose facts are kept, some 5 MB
_SCORES_KEPT = 4_000  # messages whose scores are kept


def assess(said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE) -> Assessment:
    """How serious the person's last message is, read with what was said before it.

    `said` is oldest first; `standing` is what the person is known to be in, from before. Words of
    the bot are only read for what they ask: nothing it says is a risk of its own. Serious words in
    an earlier message keep the last one at concern: the danger is not over because the next message
    is about something else.
    """
    return first_reader().read(said, standing)


def prepare() -> None:
    """Load the weights and compile all patterns: half a second that no message has to wait for."""
    first_reader()
    for rule in (*RULES, *BARE_SIGNS):
        _ = rule.pattern
    for signal in SIGNALS:
        _ = signal.pattern


@lru_cache(maxsize=1)
def first_reader() -> FirstReader:
    """The reader with the weights in the package."""
    return FirstReader(weights())


Judge = Callable[["TalkTurn", RiskLevel], RiskLevel]
"""Says what is learnt makes of a message of a person who is in some danger."""


@dataclass(frozen=True, slots=True)
class Odds:
    """Log-odds of each level: of a message in its talk, and of the same read by itself."""

    in_talk: Mapping[str, float]
    by_itself: Mapping[str, float]


class FirstReader:
    """Reads a talk by rules and by what is trained; threads may share it."""

    def __init__(self, trained: Weights) -> None:
        self._trained = trained
        self._facts: Recent[MessageFacts] = Recent(_FACTS_KEPT)
        self._scores: Recent[list[float]] = Recent(_SCORES_KEPT)
        self._judged: Recent[Odds] = Recent(_SCORES_KEPT)
        self._reasons_of: Recent[Mapping[str, RiskLevel]] = Recent(_SCORES_KEPT)

    def read(
        self,
        said: Sequence[Utterance],
        standing: RiskLevel = RiskLevel.NONE,
        judge: Judge | None = None,
    ) -> Assessment:
        """The assessment of the last message; see `assess`.

        `judge` says what is learnt makes of that message, in place of the trees here.
        """
        talk = turns(said, standing, self.facts_of)
        if not talk:
            return Assessment(RiskLevel.NONE)
        known: list[RiskLevel] = []
        for turn in talk[:-1]:
            known.append(_known(self._reasons_where(turn, max(known, default=RiskLevel.NONE))))
        last, before = talk[-1], max(known, default=RiskLevel.NONE)
        if judge is None:
            reasons = self._reasons_where(last, before)
        else:
            reasons = self._reasons(last, before, judge, BOTH)
        known.append(_known(reasons))
        says_no_more = all(by in BY_TRAINING and at <= _LOW for by, at in reasons.items())
        if says_no_more and max(known[-1 - _KEPT :]) >= RiskLevel.HIGH:
            reasons = {SAID_BEFORE: RiskLevel.CONCERN}
        return self._assessment(last, reasons)

    def scores(
        self, said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE
    ) -> Mapping[str, float]:
        """The log-odds that the last message is a concern, high, imminent; empty without one."""
        talk = turns(said, standing, self.facts_of)
        return self.odds(talk[-1]).in_talk if talk else {}

    def _reasons_where(self, turn: TalkTurn, before: RiskLevel) -> Mapping[str, RiskLevel]:
        """What rules and trees make of a message, after messages that came to a level."""
        return self._reasons_of.get(
            (turn.key, before), lambda: self._reasons(turn, before, self._level, TRAINED)
        )

    def _reasons(
        self, turn: TalkTurn, before: RiskLevel, judge: Judge, name: str
    ) -> dict[str, RiskLevel]:
        """What each part makes of a message, most serious first; nothing that says none.

        The name of the judge stands where it says more than the rules that match.
        """
        matched = [(match.name, match.level) for match in turn.facts.matched]
        standing = max(turn.standing, before)
        said = list(in_danger.signs(turn, standing))
        is_taken_back = any(sign == in_danger.RETRACTED for sign, _ in said)
        if _wishes_when_asked(turn):
            said.append((ANSWERED_WITH_A_WISH, RiskLevel.HIGH))
        said.append(("answered_question", answered(turn.question, turn.facts.normalized)))
        judged = RiskLevel.NONE
        floor = turn.facts.sure_floor if name == BOTH else turn.facts.floor
        is_decided = max(floor, *(level for _, level in said)) is RiskLevel.IMMINENT
        if not (is_taken_back or is_decided):
            judged = judge(turn, standing)
        found = [(rule, level) for rule, level in matched if level <= max(floor, judged)]
        if judged > max((level for _, level in found), default=RiskLevel.NONE):
            found.append((name, judged))
        levels: dict[str, RiskLevel] = {}
        for reason, level in (*found, *said):
            if level > levels.get(reason, RiskLevel.NONE):
                levels[reason] = level
        return dict(sorted(levels.items(), key=lambda item: -item[1]))

    def _level(self, turn: TalkTurn, standing: RiskLevel) -> RiskLevel:
        facts = turn.facts
        is_in_danger = standing >= RiskLevel.HIGH
        if _says_nothing(facts, is_in_danger=is_in_danger):
            return RiskLevel.NONE
        place = turn.place(standing)
        needed = dict(self._trained.thresholds[place])
        if facts.is_hinted:
            needed |= {
                name: min(needed[name], at)
                for name, at in self._trained.thresholds.get("hinted", {}).items()
            }
        odds = self.odds(turn)
        is_plain = place == "talk" and is_in_danger
        most = RiskLevel.IMMINENT
        if turn.earlier:
            # What was said before colours a message, it does not speak for it.
            most = _most_by_itself(facts, odds.by_itself, is_in_danger=is_in_danger)
        reached = below = RiskLevel.NONE
        for name in LEVELS:
            level = RiskLevel[name.upper()]
            is_unlikely = level > facts.most or (level is RiskLevel.IMMINENT and is_plain)
            at = needed[name] + (CERTAIN if is_unlikely else 0.0)
            if level <= most and odds.in_talk[name] >= at:
                below, reached = reached, level
        if facts.is_open and odds.in_talk["concern"] >= _MEANT:
            reached = max(reached, RiskLevel.HIGH)
        if reached is RiskLevel.IMMINENT and not (is_in_danger or _speaks_of_danger(facts)):
            reached = max(below, RiskLevel.CONCERN)
        return reached

    def odds(self, turn: TalkTurn) -> Odds:
        """What the trees say of a message where it stands."""
        return self._judged.get(turn.key, lambda: self._judge(turn))

    def _judge(self, turn: TalkTurn) -> Odds:
        trees = self._trained.trees
        own = self._scores_of(turn.facts)
        alone = numbers(TalkTurn(turn.facts), own, own, [])
        by_itself = {name: trees[name].score(alone) for name in LEVELS}
        if not (turn.earlier or turn.asked or turn.standing):
            return Odds(by_itself, by_itself)
        joined = self._trained.levels.scores(joined_views(turn)) if turn.earlier else own
        row = numbers(turn, own, joined, [self._scores_of(one) for one in turn.earlier])
        return Odds({name: trees[name].score(row) for name in LEVELS}, by_itself)

    def facts_of(self, message: str) -> MessageFacts:
        """The facts of a message, kept for when it is read again."""
        return self._facts.get(hashed(message), lambda: message_facts(message), len(message))

    def _scores_of(self, facts: MessageFacts) -> list[float]:
        return self._scores.get(facts.key, lambda: self._trained.levels.scores(facts.views))

    def is_in_danger(self, said: Sequence[Utterance], standing: RiskLevel) -> bool:
        """Whether the person who says the last message is at high by then, as far as is known."""
        talk = turns(said, standing, self.facts_of)
        return bool(talk) and talk[-1].standing >= RiskLevel.HIGH

    def opinion(self, said: Sequence[Utterance]) -> tuple[frozenset[Axis], Who]:
        """In which ways the last message is a danger, if it is one, and to whom."""
        talk = turns(said, facts_of=self.facts_of)
        return self._opinion(talk[-1]) if talk else (frozenset(), Who.NOBODY)

    def _opinion(
        self, turn: TalkTurn, ruled: frozenset[Axis] = frozenset()
    ) -> tuple[frozenset[Axis], Who]:
        opinions = self._trained.opinions
        read = dict(zip(opinions.heads, opinions.scores(joined_views(turn)), strict=True))
        surer = {axis: read[axis.value] - self._trained.axes_from[axis.value] for axis in Axis}
        axes = ruled | {axis for axis, by in surer.items() if by > 0}
        if not axes:
            axes = frozenset({max(surer, key=surer.__getitem__)})
        return axes, max((Who.SELF, Who.OTHER, Who.UNCLEAR), key=lambda one: read[one.value])

    def _assessment(self, turn: TalkTurn, reasons: Mapping[str, RiskLevel]) -> Assessment:
        level = max(reasons.values(), default=RiskLevel.NONE)
        if level is RiskLevel.NONE:
            return Assessment(level)
        ruled = frozenset(axis for reason in reasons for axis in AXES.get(reason, ()))
        return Assessment(level, tuple(reasons), *self._opinion(turn, ruled))


def _known(reasons: Mapping[str, RiskLevel]) -> RiskLevel:
    """The level of a message for those that come after it.

    By words alone: what the trees alone make of one may be wrong, and would make the next ones
    worse. Where it brought a card, the card is in the talk, and the caller knows what was found.
    """
    levels = (level for reason, level in reasons.items() if reason not in BY_TRAINING)
    return max(levels, default=RiskLevel.NONE)


def _says_nothing(facts: MessageFacts, *, is_in_danger: bool) -> bool:
    """Whether a message has no meaning of its own: a setting, a bare answer, half a sentence.

    What the last two say to somebody in danger, the trees have learnt; what a setting answers, the
    rules know.
    """
    if facts.evidence is Evidence.SETTING:
        return True
    if is_in_danger:
        return False
    is_bare = kind_of_reply(facts.normalized) in BARE
    return is_bare or (facts.ruled is RiskLevel.NONE and len(facts.normalized) <= _SCRAP)


def _most_by_itself(
    facts: MessageFacts, odds: Mapping[str, float], *, is_in_danger: bool
) -> RiskLevel:
    """The highest level for which something in a message speaks when it is read by itself."""
    is_light = facts.ruled is RiskLevel.NONE and not facts.signals.intersection(CARRIED)
    if is_light and odds["concern"] < _LIGHT:
        return RiskLevel.NONE if is_in_danger else RiskLevel.HIGH
    if odds["imminent"] < _FAR:
        return RiskLevel.HIGH
    return RiskLevel.IMMINENT


def _speaks_of_danger(facts: MessageFacts) -> bool:
    """Whether a message has a grave kind of word.

    Where people sit and what goes on around them is told alike on any day: without such a word the
    trees take a step back from imminent, and what the bot asks then will tell.
    """
    return facts.evidence is Evidence.SIGNED


def _wishes_when_asked(turn: TalkTurn) -> bool:
    """Whether a person who was asked about suicide answers with a wish, and denies nothing."""
    facts = turn.facts
    if BotQuestion.SUICIDE not in turn.asked or "wish" not in facts.signals:
        return False
    is_meant = all(match.lowered is None for match in facts.matched)
    return is_meant and facts.signals.isdisjoint(("denied", "joke", "told"))
