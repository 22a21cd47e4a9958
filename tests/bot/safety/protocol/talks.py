"""Talks after a card, step by step, without a bot."""

from collections.abc import Sequence

from bot.safety import Danger, RiskLevel, Step, TalkState, Told, asked_by_card, next_step, told_by


def said(state: TalkState, step: Step, told: Told) -> TalkState:
    """The state once a step was said to what was told."""
    return TalkState(
        state.danger,
        tuple(one for one in state.asked if one not in step.said) + step.said,
        {**state.answers, **told.answers},
    )


def walk(
    danger: Danger, level: RiskLevel, sayings: Sequence[str], first: str = ""
) -> list[tuple[TalkState, Told, Step]]:
    """The steps of a talk after the card that `first` has brought."""
    state = TalkState(danger, asked_by_card(level, danger), told_by(first, danger).answers)
    steps = []
    for words in sayings:
        told = told_by(words, danger, state.last_asked)
        step = next_step(state, level, told)
        steps.append((state, told, step))
        state = said(state, step, told)
    return steps
