"""What the detector looks for, in normalized text: `imminent`, `high`, `plans`, `concern`.toml.

They are read by people who check them: a rule is a name, a level and the ways to say it. They are
a floor. They know what is said openly, not what is only meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.safety.levels import Axis, RiskLevel
from bot.safety.rules.rule import Rule, Way, one_by_one, read_rules

__all__ = [
    "ANCHOR",
    "AXES",
    "BARE_SIGNS",
    "NEVER_LOWERED",
    "OPEN_WORDS",
    "RULES",
    "SURE",
    "WEIGHED",
    "RiskMeaning",
    "Rule",
    "Way",
    "one_by_one",
]


@dataclass(frozen=True, slots=True)
class RiskMeaning:
    """What the words of a rule mean in the mouth of the person who writes them."""

    level: RiskLevel
    fades: bool = False
    """Whether it is only a concern when it was long ago, or dreamt."""
    axes: tuple[Axis, ...] = (Axis.SUICIDE,)
    weighed: bool = False
    """Whether it makes a concern likelier where it does not decide one."""
    sure: bool = False
    """Whether it decides a concern even where the encoder reads the message, too."""


def _risk(entry: dict[str, Any]) -> RiskMeaning:
    axes = tuple(Axis(name) for name in entry.pop("axes", ["suicide"]))
    return RiskMeaning(RiskLevel[entry.pop("level").upper()], axes=axes, **entry)


RULES: tuple[Rule[RiskMeaning], ...] = tuple(
    rule
    for file in ("imminent", "body", "places", "harm", "violence", "high", "plans", "concern")
    for rule in read_rules(__name__, f"{file}.toml", _risk)
)

BARE_SIGNS: tuple[Rule[RiskMeaning], ...] = read_rules(__name__, "in_danger.toml", _risk)
"""What is imminent in the mouth of somebody who is at high already, and nothing by itself."""

AXES = {rule.name: rule.meaning.axes for rule in RULES}
"""The axes of what each rule finds."""

OPEN_WORDS = "suicide_mentioned"
"""The rule whose words are open enough for the classifier to raise them to high."""

WEIGHED = frozenset(rule.name for rule in RULES if rule.meaning.weighed)
"""Rules of words that the harmless say nearly as often."""

SURE = frozenset(rule.name for rule in RULES if rule.meaning.sure)
"""Rules of a concern that both readers together obey."""

NEVER_LOWERED = frozenset(rule.name for rule in RULES if rule.meaning.level is RiskLevel.CONCERN)
"""Rules that are a concern of their own, not because a story or another person is meant."""

# Every rule needs one of these. A long message is read only around them.
ANCHOR = re.compile(
    "[死杀活割跳残虐伤药片颗粒炭绳刀吊轨投毒撞结断遗世逝失蒸醒眠睡脱累痛煎赘吞划]"
    "|行尸|希望|疤|告别|道别|来世|等不到|自己|离开|人间|走了|不在了|忌日|煤气|明天|出生|没劲|累赘|送人|不住|不下去"
    "|留恋|后事|最后|一了百了|重开|东南枝|没有我|下辈子|永别|寻短|轻生|安定|往下|下去|多余"
    "|[救捞氦氮氧炭缝勒憋桥湖]|动手|皮带|日子|选好|不打算|写了信|层的窗|楼的窗|百草枯|敌敌畏|牵挂"
    "|洗胃|洗了胃|浴|水库|护栏|没锁|踩|安排|交代|料理|受益|密码|存折|悼词|单程|上路|还清|还完"
    "|放不下|陪我|太阳|海里|[江河湖]里|到地面|托付|退租|注销|下[去来]过|试[过着了]|可以走"
    "|自尽"
    "|自缢|天台|顶楼|楼顶|栏杆|窗台|桥边"
    "|noose|never|better|die|dead|dying|kill|suicid"
    "|kms|cut|harm|live|alive|exist|wake|jump|hang|end |ending|taking my|burden|gone|pills|rope"
    "|blade|razor|gun|铁轨|[几两三]道|叫我|让我|喊我|催我|命令我"
    "|整[瓶板盒]|[砸踹揍扇捶殴摸]|[打掐勒踢抽]|挨|家暴|它|声音|door"
    "|took|swallow|overdose|slit|disappear|living"
)
