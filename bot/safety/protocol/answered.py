"""What a short answer to the protocol's own question says of how serious it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.safety.levels import Assessment, Axis, RiskLevel, Who
from bot.safety.normalize import normalize
from bot.safety.protocol.dangers import (
    ANSWERED_TAKEN,
    Danger,
    danger_by_name,
    is_short_answer,
)
from bot.safety.protocol.told import AGE, GOODBYE, told_by
from bot.safety.replies import may_be_reply
from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAREWELL = "answered_farewell"
_OBEYS = "answered_obeys"
_OF_DEEDS = frozenset({"taken", "taken_which", "besides", "bleeding"})
"""The questions whether something was done: first which, then how bad it is."""
_GRAVE = frozenset(
    (
        *(("taken", "swallowed"), ("taken", "severe"), ("taken_which", "yes")),
        *(("taken_which", "swallowed"), ("besides", "yes"), ("bleeding", "no")),
    )
)
_SLIGHT = frozenset(
    (
        *(("taken", "yes"), ("taken", "no"), ("taken", "past"), ("taken", "alcohol")),
        *(("taken", "wound"), ("besides", "no"), ("bleeding", "yes")),
    )
)
"""What is asked about once more, or is no deed of now."""

_DONE_TO_ME = compiled(
    "(摸|碰|打|骂|掐|踢|抽|亲|抱|脱|逼|扇|揍|睡|害|欺负|侵犯|性侵|猥亵)(了|过|着|完)?我|(^|，|我)(又|就|还|也|一直|天天|今天|昨天|刚才?)?被"
    "|(hits?|beats?|touch(es|ed)?|hurts?) me"
)
_OF_HANDS = frozenset({"beaten_now", "harm_told", "violence_now", "hit_told", "hit_again"})
"""The rules of what another's hands do."""
# 我妈 after the verb is another who is hit, as in 打了我妈.
_HIT_ME = compiled(
    "(打|骂|掐|勒|踢|踹|抽|扇|揍|砍|捅|侵犯|性侵|强奸|猥亵)(了|过|着|住)?<1>"
    "我(?!们?(的)?(家|妈|爸|哥|姐|弟|妹|爷|奶|外婆|外公|女儿|儿子|孩子|老公|老婆|朋友|闺蜜|同学|同事|邻居))"
    "|(hits?|beats?|beat|chok(es|ed)|punched|kicked) me"
)
# A friend's words, as in 闺蜜发消息说他打了我.
_FRIEND_SAYS = compiled("(闺蜜|姐妹|(?<![男女])朋友)<6>(说|讲|告诉我?)[^我]{0,12}$")


def read_as_answer(
    found: Assessment, message: str, asked: str | None, met_for: str | None
) -> Assessment:
    """`found`, as the protocol's own question right before the message has it.

    Imminent where something was swallowed, bleeds on, a farewell is one, or a voice is obeyed. Not
    so where only the question made it so: 嗯 to "swallowed, wounded or neither" is asked again, an
    old scar, a drink or a scratch is none. `asked` is the id of the question, `met_for` the name of
    the danger.
    """
    if found.who is Who.OTHER and (_is_child_of_itself(message) or _is_beaten(found, message)):
        found = replace(found, who=Who.SELF)
    if asked not in {*_OF_DEEDS, GOODBYE, "voices_obey"}:
        return found
    answers = told_by(message, danger_by_name(met_for), asked).answers
    reason, axes = _grave(answers, asked)
    if reason is not None:
        level, who = RiskLevel.IMMINENT, Who.SELF
        reasons = (reason, *(one for one in found.reasons if one != reason))
        return replace(found, level=level, reasons=reasons, axes=found.axes | axes, who=who)
    is_slight = asked in _OF_DEEDS and not _SLIGHT.isdisjoint(answers.items())
    if found.level < RiskLevel.HIGH:
        return found
    if is_slight and may_be_reply(message) and is_short_answer(found.reasons):
        return Assessment(RiskLevel.NONE)
    return found


def _is_child_of_itself(message: str) -> bool:
    """Whether a child writes what was done to itself, whoever else is named in it."""
    is_minor = told_by(message, Danger.CHILD).answers.get(AGE) == "minor"
    return is_minor and _DONE_TO_ME.search(normalize(message)) is not None


def _is_beaten(found: Assessment, message: str) -> bool:
    """Whether a rule found that another's hands hurt who writes: 我 is whom they hit."""
    if _OF_HANDS.isdisjoint(found.reasons):
        return False
    text = normalize(message)
    hit = _HIT_ME.search(text)
    return hit is not None and _FRIEND_SAYS.search(text[: hit.start()]) is None


def _grave(answers: Mapping[str, str], asked: str) -> tuple[str | None, frozenset[Axis]]:
    if asked in _OF_DEEDS and not _GRAVE.isdisjoint(answers.items()):
        return ANSWERED_TAKEN, frozenset({Axis.BODY, Axis.SUICIDE})
    if answers.get(GOODBYE) == "farewell":
        return _FAREWELL, frozenset({Axis.SUICIDE})
    if asked == "voices_obey" and answers.get(asked) in ("no", "unsure"):
        return _OBEYS, frozenset({Axis.VOICES})
    return None, frozenset()
