"""Which dialogues speak of danger; none of them may teach a model how to answer it.

The corpora here teach no crisis protocol: of SmileChat's dialogues with an open word of danger a
few in a hundred name a line or an emergency service.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, assess
from bot.safety.context import without_idioms
from bot.safety.utterance import Utterance
from bot.safety.vocabulary import expand, words
from training.corpora.dialogue import Role, Turn

if TYPE_CHECKING:
    from training.corpora.dialogue import Dialogue

_DEATH = re.compile("[死杀]")
_NAMED = "|".join(
    expand(word)
    for kind in ("suicide", "self_harm", "method", "poison_named", "poison_kind")
    for word in words(kind)
    if not _DEATH.search(word)
)
_OPEN = re.compile(
    f"{_NAMED}|寻短|结束生命|结束自己|放弃生命|了结|结束(?:这)?一切|离开(?:了)?(?:这个?|人)?(?:世|人间)"
    "|不想活|活不下去|不想再活|活着没|活着有什么|活(?<!生活)(?:的意义|够)|没有活|活腻|一了百了|跳下去"
    "|划手|划.{0,3}[腕脉]|割.{0,3}[腕脉]|刀.{0,8}[划割刺捅]|刃.{0,8}[划割刺捅]|划伤自己"
    "|伤害(?:过|了|到)?我?自己|刀片|美工刀"
    "|安眠药|吞.{0,3}药|遗书|撞墙|砍[他她人]|同归于尽|报复社会|强奸|性侵|猥亵|家暴|虐待"
)
"""Plain words of danger to oneself, to others or from others. Too wide on purpose: so is every word
with death in it that is no idiom, which costs the talks about a death that was to be mourned.

Each begins with a plain character and stands in no group: `re` then skips to the next such
character of a text, which takes a fraction of the time of trying every word everywhere."""

_WORTH_READING = re.compile(
    "[死杀割残炭绳刀药毒吊遗逝轨楼桥窗跳]|活(?![动泼跃])|生命|性命|世界|世上|人间|消失|解脱|醒来|结束|了断"
    "|伤害|自虐|告别|下辈子|没有我|多余|累赘|撑不|熬不|坚持不|意义|安乐|[a-zA-Z]{3}"
)
_ASKS_OF_DANGER = re.compile("[死杀]|活着|伤害|想不开|消失|结束|极端|傻事|危险|安全")
"""A client turn is shown to the detector only where it has one of the first, or answers words with
one of the second: reading every turn with all the rules would take most of the time of a run."""

SAID_OPENLY = "crisis, in plain words"
FOUND_BY_DETECTOR = "crisis, found by the bot's detector"


def is_open(text: str) -> bool:
    """Whether a plain word of danger stands there."""
    if _OPEN.search(text):
        return True
    return bool(_DEATH.search(text) and _DEATH.search(without_idioms(text)))


def crisis(dialogue: Dialogue) -> str | None:
    """Why the dialogue is one of danger, or None: plain words first, which is quick.

    What is left goes through the detector that reads people's messages in the bot, each client
    turn after the words it answers; high and imminent count.
    """
    if any(is_open(turn.text) for turn in dialogue.turns):
        return SAID_OPENLY
    nothing = Turn(Role.COUNSELOR, "")
    for before, turn in pairwise((nothing, *dialogue.turns)):
        if turn.role is not Role.CLIENT:
            continue
        asked = before.text if before.role is Role.COUNSELOR else ""
        if not _WORTH_READING.search(turn.text) and not _ASKS_OF_DANGER.search(asked):
            continue
        said = (Utterance(asked, by_bot=True), Utterance(turn.text))
        if assess(said).level >= RiskLevel.HIGH:
            return FOUND_BY_DETECTOR
    return None
