"""What changes when the person is in danger already: small words mean more, and calm ones less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety.asked import BotQuestion
from bot.safety.bare_answers import answered_in_danger
from bot.safety.evidence import without_daily_uses
from bot.safety.levels import RiskLevel
from bot.safety.rules import BARE_SIGNS
from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.safety.facts import TalkTurn

RETRACTED = "taken_back"
"""The reason where somebody takes back what they said: a step lower, not nothing."""

FADING, TAKEN = "fading", "swallowed"
OF_BODY = frozenset(("swallowed", "medicine", "poison", "counted", "gas", "wound", "blade"))
"""Kinds of words, said in this talk, after which to be dizzy or sleepy is grave."""

OF_HARM = frozenset(("beaten", "weapon", "strangled", "sexual", "hides", "threatened"))

_ASKS_OF_MEALS = compiled("吃饭|早饭|午饭|晚饭|吃东西|吃点|吃过没|吃了没|喝水|喝点")
_TAKES_BACK = compiled(
    "开玩笑|玩笑(话|的|而已)|说着玩|气话|别当真|当我没说|收回|撤回|骗你的|逗你|乱说|瞎说"
    "|just kidding"
)
_SAFER = compiled(
    "下来了|回来了|放下了|收走|拿走|交给|扔了|倒掉|锁起来|报警了|警察|保安|来了|来接|陪(着)?我|在医院|急诊|挂号"
    "|120|叫了|送<4>(医院|急诊)|到家|不想了|好(一?点|多)了|没吃|没喝|没割|没有|不会|骗你|气话|玩笑"
)


def signs(turn: TalkTurn, standing: RiskLevel) -> Iterator[tuple[str, RiskLevel]]:
    """What a message says that is read with `standing`, what the person is in."""
    if standing < RiskLevel.HIGH:
        return
    text = turn.facts.text
    said = turn.facts.signals.union(*(one.signals for one in turn.earlier))
    is_body = not said.isdisjoint(OF_BODY) or BotQuestion.TAKEN in turn.asked
    # Where somebody is hurt by another, "he is here" answers a question that need not be asked.
    asked = turn.asked if said.isdisjoint(OF_HARM) else turn.asked | {BotQuestion.SAFE}
    about_meals = bool(_ASKS_OF_MEALS.search(turn.question))
    yield (
        "answered_in_danger",
        answered_in_danger(asked, turn.facts.normalized, turn.facts.clauses),
    )
    if _TAKES_BACK.search(text):
        yield RETRACTED, RiskLevel(standing - 1)
    if not _SAFER.search(text):
        told = without_daily_uses(text)
        for rule in BARE_SIGNS:
            is_meant = is_body if rule.name == FADING else not (about_meals and rule.name == TAKEN)
            if is_meant and rule.pattern.search(told):
                yield f"in_danger_{rule.name}", rule.meaning.level
