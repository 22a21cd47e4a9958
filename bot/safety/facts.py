"""What is known of a message and of the talk it stands in, as numbers for the boosted trees."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.safety import context
from bot.safety.asked import BotQuestion, asked
from bot.safety.evidence import Evidence, evidence
from bot.safety.levels import RiskLevel
from bot.safety.lexicon import views
from bot.safety.matching import Lowered, Match, matches, pieces_of, read_normalized, undenied
from bot.safety.normalize import BREAK, apart, normalize
from bot.safety.recent import hashed
from bot.safety.replies import kind_of_reply
from bot.safety.rules import NEVER_LOWERED, OPEN_WORDS, SURE, WEIGHED
from bot.safety.signals import SIGNALS, signals_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.safety.utterance import Utterance

LEVELS = ("concern", "high", "imminent")
"""What the trees are asked of a message: this level or a higher one?"""
SCORES = (*LEVELS, "wish")
"""What the n-gram models are asked: the same, and whether a wish to die is said."""

CARRIED = (
    *("wish", "weary", "dead_ones", "date", "postponed", "settled", "farewell", "gives_away"),
    *("letter", "calm", "together", "stopped", "swallowed", "counted", "medicine", "poison"),
    *("gas", "blade", "cord", "wound", "high_place", "water", "rail", "beaten", "weapon"),
    *("hides", "sexual", "voices", "would_hurt", "money", "joke", "told", "work", "cheerful"),
)
"""Clues that are carried from one message to those after it."""

REPLIES = ("yes", "no", "unsure", "short")
JOINED = 3
"""Earlier messages that are read together with the last, as one text."""

EARLIER_READ = 10
"""Messages of the person that are read before the last."""
EARLIER_HANDED_IN = 2 * EARLIER_READ
"""Messages of the person that a caller hands in before the last, with the bot's words between them:
each of those that are read is read with as many before it."""
ASKED_IN_DANGER = frozenset(
    (BotQuestion.WHERE, BotQuestion.WHEN, BotQuestion.MEANS, BotQuestion.TAKEN)
)
CLAUSES, CLAUSES_READ = 3, 60  # the second are characters
NO_SCORE = -5.0  # in place of a score of earlier messages where there are none

_HAN = re.compile(r"[\u3400-\u9fff]")
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One message by itself; its words are in no `repr`."""

    normalized: str = field(repr=False)
    clauses: tuple[str, ...] = field(repr=False)
    """The first ones, as marks part them and spaces between words."""
    text: str = field(repr=False)
    """Its reading: idioms out, cut where it is long."""
    matched: tuple[Match, ...]
    signals: frozenset[str]
    views: tuple[str, ...] = field(repr=False)
    """What the n-gram models read."""
    evidence: Evidence
    key: bytes = field(repr=False)
    """The hash of the message as it was written."""

    @property
    def ruled(self) -> RiskLevel:
        """The level that the rules give."""
        return _highest(self.matched)

    @property
    def floor(self) -> RiskLevel:
        """The level below which the message may not be read.

        What stands in a story, or names suicide as a subject, is weighed and not obeyed; so is a
        hint, see `is_hinted`.
        """
        obeyed = (item for item in self.matched if self._is_obeyed(item))
        floors = (item.level for item in obeyed if not _is_weighed(item))
        return max(floors, default=RiskLevel.NONE)

    @property
    def sure_floor(self) -> RiskLevel:
        """The same where the encoder reads the message, too.

        It tells better than most rules of a concern what is meant by such words.
        """
        obeyed = (item for item in self.matched if self._is_obeyed(item))
        floors = (item.level for item in obeyed if _is_sure(item))
        return max(floors, default=RiskLevel.NONE)

    @property
    def is_hinted(self) -> bool:
        """Whether a rule sees a concern that needs less to be raised, and does not decide."""
        return any(item.level > self.floor for item in self.matched if self._is_obeyed(item))

    @property
    def sees_concern(self) -> bool:
        """Whether a rule sees a concern or more, and not by faint hints or open words alone.

        Those (自杀 and the like) stand as often in a case, a film or a class.
        """
        return any(
            item.level > RiskLevel.NONE
            for item in self.matched
            if self._is_obeyed(item)
            and (item.family not in {OPEN_WORDS, *WEIGHED} or item.lowered is Lowered.TOLD)
        )

    def _is_obeyed(self, match: Match) -> bool:
        if match.level >= RiskLevel.HIGH:
            return True
        if match.lowered is Lowered.OTHER and context.LONG_AGO.search(self.text):
            return False
        if match.lowered is Lowered.TOLD:
            return bool(context.WANTS_A_STORY.search(self.text))
        return match.of_writer

    @property
    def is_open(self) -> bool:
        """Whether open words of the writer stand there, and nothing is of a story or another."""
        found = [item for item in self.matched if item.level is not RiskLevel.NONE]
        is_said = any(item.family == OPEN_WORDS and item.of_writer for item in found)
        return is_said and {item.family for item in found} <= NEVER_LOWERED

    @property
    def most(self) -> RiskLevel:
        """The level above which what is trained may not go without being certain.

        Of words that are only denied nothing, of what is long ago a concern.
        """
        ways = {item.lowered for item in self.matched}
        if ways == {Lowered.DENIED} or ways == {Lowered.DENIED, Lowered.TOLD}:
            return RiskLevel.NONE
        if not _HAN.search(self.text):
            return RiskLevel.CONCERN  # of what was trained, hardly a line is of another script
        elsewhere = ways <= {Lowered.TOLD, Lowered.OTHER, Lowered.DENIED} and bool(ways)
        if (elsewhere or Lowered.LONG_AGO in ways) and self.ruled < RiskLevel.HIGH:
            return RiskLevel.CONCERN
        return RiskLevel.IMMINENT


def message_facts(message: str) -> MessageFacts:
    """The facts of one message, as it was written."""
    parts = [normalize(piece) for piece in pieces_of(message)]
    text = BREAK.join(map(read_normalized, parts))
    matched = tuple(matches(text))
    signals, signed = signals_in(text)
    seen = (*views(undenied(text, matched)), f"^{signed}$")
    # A space between words may stand for a comma: read both, and the graver counts.
    parted = apart(message)
    if parted is not None and _highest(matched) < RiskLevel.IMMINENT:
        again = tuple(
            match
            for piece in pieces_of(parted)
            for match in matches(read_normalized(normalize(piece)))
        )
        matched = max(matched, again, key=_highest)
    found = evidence(text, signals, is_ruled=_highest(matched) > RiskLevel.NONE)
    clauses = normalize((parted or message)[:CLAUSES_READ]).strip(BREAK).split(BREAK)[:CLAUSES]
    normalized = BREAK.join(parts)
    return MessageFacts(
        normalized, tuple(clauses), text, matched, signals, seen, found, hashed(message)
    )


def _is_weighed(match: Match) -> bool:
    """Whether a match makes a concern likelier and does not decide."""
    return match.family in WEIGHED


def _is_sure(match: Match) -> bool:
    """Whether a match decides, whatever is made of the meaning."""
    is_told = match.lowered in (Lowered.TOLD, Lowered.DENIED)
    return match.level >= RiskLevel.HIGH or (match.family in SURE and not is_told)


def _highest(matched: Sequence[Match]) -> RiskLevel:
    return max((item.level for item in matched), default=RiskLevel.NONE)


def joined_views(turn: TalkTurn) -> tuple[str, ...]:
    """The views of a message and of those before it, read as one text."""
    messages = (*turn.earlier[-JOINED:], turn.facts)
    return tuple(
        BREAK.join(view.strip("^$") for view in same).join("^$")
        for same in zip(*(message.views for message in messages), strict=True)
    )


@dataclass(frozen=True, slots=True)
class TalkTurn:
    """A message of the person where it stands in a talk."""

    facts: MessageFacts
    earlier: tuple[MessageFacts, ...] = ()
    """The person's messages before it, oldest first."""
    asked: frozenset[BotQuestion] = frozenset()
    """What the bot asked right before it."""
    question: str = field(default="", repr=False)
    """The bot's words right before it."""
    standing: RiskLevel = RiskLevel.NONE
    """What the person is in: told by the caller, or by a card that was sent."""

    @property
    def key(self) -> tuple[object, ...]:
        """All that is read of it, as hashes."""
        messages = (*self.earlier, self.facts)
        return (*(one.key for one in messages), hashed(self.question), self.asked, self.standing)

    @property
    def is_answer(self) -> bool:
        """Whether a message answers where, when, with what; a card asks too much at once."""
        return bool(self.asked & ASKED_IN_DANGER) and BotQuestion.CARD not in self.asked

    def place(self, standing: RiskLevel) -> str:
        """Which thresholds hold: of a "plain" message, a "line" by itself, a "talk", "danger".

        In danger, an "answer" to what only people in danger are asked needs least, and a message
        without a grave kind of word has to be as sure as one in a talk.
        """
        if standing >= RiskLevel.HIGH:
            if self.is_answer and self.facts.evidence is not Evidence.DAILY:
                return "answer"
            return "danger" if self.facts.evidence is Evidence.SIGNED else "talk"
        if self.facts.evidence is not Evidence.SIGNED and not any(
            message.evidence is Evidence.SIGNED for message in self.earlier
        ):
            return "plain"
        return "talk" if self.earlier else "line"


def turns(
    said: Sequence[Utterance],
    standing: RiskLevel = RiskLevel.NONE,
    facts_of: Callable[[str], MessageFacts] = message_facts,
) -> list[TalkTurn]:
    """The person's last messages in a talk, oldest first, at most `EARLIER_READ` and the last.

    `standing` is what the person is in when the last message comes. Each has the messages before
    it that it would have had when it came: what is made of it then holds later, too.
    """
    own = [index for index, message in enumerate(said) if not message.by_bot]
    first = max(0, len(own) - 1 - EARLIER_READ)
    known = {
        place: facts_of(said[own[place]].text)
        for place in range(max(0, first - EARLIER_READ), len(own))
    }
    read: list[TalkTurn] = []
    before: list[str] = []
    in_danger = RiskLevel.NONE
    place = 0
    for message in said:
        if message.by_bot:
            before.append(message.text)
            continue
        questions = frozenset[BotQuestion]().union(*map(asked, before))
        if BotQuestion.CARD in questions:
            in_danger = RiskLevel.HIGH
        if place >= first:
            at = max(in_danger, standing) if place == len(own) - 1 else in_danger
            earlier = tuple(known[one] for one in range(max(0, place - EARLIER_READ), place))
            question = before[-1] if before else ""
            read.append(TalkTurn(known[place], earlier, questions, question, at))
        before = []
        place += 1
    return read


NAMES = (
    *(f"score_{name}" for name in SCORES),
    *(f"joined_{name}" for name in SCORES),
    *(f"earlier_{name}" for name in SCORES),
    *("ruled", "raw", "families", "concerns", "highs", "imminents"),
    *(f"lowered_{way.value}" for way in Lowered),
    *("not_writer", "first_person", "other_person", "done_to_me", "told_word", "subject"),
    *("helps", "happened_long_ago", "question", "length", "clauses", "digits"),
    *(f"has_{signal.name}" for signal in SIGNALS),
    *("clues", "clues_carried", "messages", "earlier_ruled", "standing"),
    *(f"carried_{name}" for name in CARRIED),
    *(f"asked_{kind.value}" for kind in BotQuestion),
    *(f"reply_{kind}" for kind in REPLIES),
)
"""The names of the numbers, in their order."""


def numbers(
    turn: TalkTurn,
    scores: Sequence[float],
    joined: Sequence[float],
    earlier_scores: Sequence[Sequence[float]],
) -> list[float]:
    """The numbers of a message in its talk, as `NAMES` says.

    The scores are those of the n-gram models: of the message, of the last ones read as one text,
    and of each earlier one.
    """
    facts = turn.facts
    earlier = [max(each) for each in zip(*earlier_scores, strict=True)]
    carried = frozenset[str]().union(*(message.signals for message in turn.earlier))
    reply = kind_of_reply(facts.normalized) if turn.asked else "long"
    return [
        *scores,
        *joined,
        *(earlier or [NO_SCORE] * len(SCORES)),
        *_of_rules(facts.matched),
        *_of_words(facts),
        *(float(signal.name in facts.signals) for signal in SIGNALS),
        float(len(facts.signals.intersection(CARRIED))),
        float(len(carried.intersection(CARRIED))),
        float(len(turn.earlier)),
        float(max((message.ruled for message in turn.earlier), default=RiskLevel.NONE)),
        float(turn.standing),
        *(float(name in carried) for name in CARRIED),
        *(float(kind in turn.asked) for kind in BotQuestion),
        *(float(reply == kind) for kind in REPLIES),
    ]


def _of_rules(matched: Sequence[Match]) -> list[float]:
    families = {item.family: item.level for item in matched}
    levels = [item.level for item in matched]
    return [
        float(max(levels, default=0)),
        float(max((item.raw for item in matched), default=0)),
        float(len(families)),
        *(float(levels.count(level)) for level in list(RiskLevel)[1:]),
        *(float(any(item.lowered is way for item in matched)) for way in Lowered),
        float(any(not item.of_writer for item in matched)),
    ]


def _of_words(facts: MessageFacts) -> list[float]:
    text = facts.text
    return [
        float(bool(context.FIRST_PERSON.search(text))),
        float(bool(context.OTHER_PERSON.search(text))),
        float(bool(context.DONE_TO_ME.search(text))),
        float(bool(context.TOLD.search(text))),
        float(bool(context.SUBJECT.search(text))),
        float(bool(context.WANTS_TO_HELP.search(text))),
        float(bool(context.LONG_AGO.search(text))),
        float(text.endswith(("吗", "么", "呢", "吗，", "么，", "呢，"))),
        round(math.log1p(len(facts.normalized)), 3),
        float(text.count(BREAK)),
        float(bool(_DIGITS.search(text))),
    ]
