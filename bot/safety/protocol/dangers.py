"""Which danger a person is met for: each has its own card, lines and questions."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.safety.hotlines import ANYBODY, HotlineKind
from bot.safety.levels import Axis, RiskLevel, Who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety.levels import Assessment


class Danger(StrEnum):
    """A kind of danger as it is answered; the names are also those of the texts."""

    SUICIDE = "suicide"
    """Suicide and self-harm, and whatever is not known better."""
    BODY = "body"
    """Overdose, poison, wound, starvation: the body first."""
    VIOLENCE = "violence"
    ASSAULT = "assault"
    """Sexual violence."""
    CHILD = "child"
    """A child who writes is being hurt."""
    CHILD_OTHER = "child_other"
    """Somebody writes of a child who is being hurt."""
    THREAT = "threat"
    """The writer may hurt others."""
    VOICES = "voices"
    OTHER = "other"
    """Somebody writes of another whose life is in danger."""
    OTHER_HARM = "other_harm"
    """Somebody writes of an adult who is hurt by others."""
    EATING = "eating"


OF_OTHERS = frozenset({Danger.OTHER, Danger.CHILD_OTHER, Danger.OTHER_HARM})
BY_OTHERS = frozenset({Danger.VIOLENCE, Danger.ASSAULT, Danger.CHILD})
"""Where company may be the danger: "do not be alone" is never said there."""
WITH_CONTACT = frozenset({Danger.SUICIDE, Danger.BODY, Danger.EATING})
"""Where whom a person named for hard hours stands on their card: it cannot be who hurts them."""
WITH_PLAN = frozenset({Danger.SUICIDE, Danger.EATING})
"""Where the first lines of their plan do: a bath is no help against poison or a fist."""

# The rules whose words say which danger it is, whatever else the talk is about.
_BY_RULE = {
    "violence_now": Danger.VIOLENCE,
    "beaten_now": Danger.VIOLENCE,
    "harm_told": Danger.VIOLENCE,
    "hit_told": Danger.VIOLENCE,
    "hit_again": Danger.VIOLENCE,
    "voice_heard": Danger.VOICES,
    "threat": Danger.THREAT,
    "other_now": Danger.OTHER,
    "voice_commands": Danger.VOICES,
}
_OF_REPLIES = ("answered_", "in_danger_")
"""How the names of the reasons begin that are found in an answer to what was asked."""
ANSWERED_TAKEN = "answered_taken"
"""The reason where "have you hurt yourself already" is answered with yes."""
_OF_BODY = frozenset({"in_danger_swallowed", "in_danger_wound"})
_NO_RULES = (*_OF_REPLIES, "trained", "classifier", "encoder", "engine", "taken_back")
"""How the names of the reasons begin that say how serious it is, and not what."""

# What is answered first where several hold at once.
_IMMINENT = (
    (Axis.BODY, Danger.BODY),
    (Axis.EATING, Danger.BODY),
    (Axis.VOICES, Danger.VOICES),
    (Axis.THREAT, Danger.THREAT),
    (Axis.SUICIDE, Danger.SUICIDE),
    (Axis.CHILD, Danger.CHILD),
    (Axis.SEXUAL, Danger.ASSAULT),
    (Axis.HARM, Danger.VIOLENCE),
)
_BELOW = (
    (Axis.VOICES, Danger.VOICES),
    (Axis.THREAT, Danger.THREAT),
    (Axis.SUICIDE, Danger.SUICIDE),
    (Axis.CHILD, Danger.CHILD),
    (Axis.SEXUAL, Danger.ASSAULT),
    (Axis.HARM, Danger.VIOLENCE),
    (Axis.EATING, Danger.EATING),
    (Axis.BODY, Danger.BODY),
)

_LINES: dict[Danger, Sequence[HotlineKind]] = {
    Danger.VIOLENCE: (HotlineKind.VIOLENCE, *ANYBODY),
    Danger.ASSAULT: (HotlineKind.VIOLENCE, *ANYBODY),
    Danger.CHILD: (HotlineKind.CHILD, HotlineKind.YOUTH, HotlineKind.CRISIS, HotlineKind.TEXT),
    Danger.CHILD_OTHER: (HotlineKind.CHILD, HotlineKind.CRISIS, HotlineKind.TEXT),
    Danger.OTHER_HARM: (HotlineKind.VIOLENCE, HotlineKind.CRISIS, HotlineKind.TEXT),
}


def danger_of(assessment: Assessment, met_for: Danger | None = None) -> Danger:
    """The danger to answer. What has no axes is taken for a danger to the writer's own life.

    A short answer to what was asked says little by itself: it is of the danger that the person is
    `met_for` already, unless the body is in danger now.
    """
    axes, reasons = assessment.axes, assessment.reasons
    if met_for is not None and all(reason.startswith(_OF_REPLIES) for reason in reasons):
        is_told = met_for is Danger.SUICIDE and not _OF_BODY.isdisjoint(reasons)
        is_of_body = is_told or (ANSWERED_TAKEN in reasons and met_for not in OF_OTHERS)
        return Danger.BODY if is_of_body else met_for
    rule = next((reason for reason in reasons if not reason.startswith(_NO_RULES)), "")
    danger = _BY_RULE.get(rule)
    if danger is None and met_for is not None and not rule and _is_of(met_for, assessment):
        return met_for
    if danger is None:
        order = _IMMINENT if assessment.level is RiskLevel.IMMINENT else _BELOW
        danger = next((danger for axis, danger in order if axis in axes), Danger.SUICIDE)
    if danger is Danger.VIOLENCE:
        danger = _violence(axes)
    if met_for is Danger.VOICES and danger is Danger.SUICIDE:
        return met_for  # what the voices want
    if assessment.who is Who.OTHER and danger is not Danger.THREAT:
        return _of_another(axes)
    return danger


def _of_another(axes: frozenset[Axis]) -> Danger:
    if axes.isdisjoint({Axis.HARM, Axis.SEXUAL}):
        return Danger.OTHER
    if Axis.CHILD in axes:
        return Danger.CHILD_OTHER
    return Danger.OTHER_HARM if axes.isdisjoint({Axis.SUICIDE, Axis.BODY}) else Danger.OTHER


def is_short_answer(reasons: Sequence[str]) -> bool:
    """Whether only the question before it, or a reader without rules, speaks for a danger."""
    return all(reason.startswith(_NO_RULES) for reason in reasons)


def _is_of(met_for: Danger, assessment: Assessment) -> bool:
    """Whether what no rule names is more of the danger that is known: 他还在门外 is no other's."""
    if assessment.who is Who.OTHER and met_for not in OF_OTHERS:
        return True
    return met_for in BY_OTHERS and Axis.BODY not in assessment.axes


def _violence(axes: frozenset[Axis]) -> Danger:
    if Axis.CHILD in axes:
        return Danger.CHILD
    return Danger.ASSAULT if Axis.SEXUAL in axes else Danger.VIOLENCE


def danger_by_name(name: str | None) -> Danger:
    """A danger by its stored name; an unknown one is the most general."""
    return Danger(name) if name in set(Danger) else Danger.SUICIDE


def danger_at_age(danger: Danger, *, is_minor: bool | None) -> Danger:
    """The danger where the writer has said how old they are (None: they have not).

    Violence against who is under 18, sexual violence too, is violence against a child, and against
    others it is none.
    """
    if is_minor and danger in (Danger.VIOLENCE, Danger.ASSAULT):
        return Danger.CHILD
    return Danger.VIOLENCE if is_minor is False and danger is Danger.CHILD else danger


def line_kinds(danger: Danger, *, is_minor: bool | None = None) -> Sequence[HotlineKind]:
    """What the lines on the card of a danger are for, the most fitting first.

    Who has said that they are grown up is shown no line for the young.
    """
    kinds = _LINES.get(danger, ANYBODY)
    if is_minor is not False:
        return kinds
    return tuple(kind for kind in kinds if kind is not HotlineKind.YOUTH)
