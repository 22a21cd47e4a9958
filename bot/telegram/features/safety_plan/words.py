"""What a person writes at a step that is no line of it: an order, or that there is nothing."""

from __future__ import annotations

import re
from enum import StrEnum

from bot.safety.normalize import BREAK, normalize
from bot.storage import PlanStep


class Instruction(StrEnum):
    """What the buttons do, as people write it instead."""

    STOP = "stop"
    SKIP = "skip"
    BACK = "back"
    NOTHING = "nothing"
    """Nobody, or nothing, comes to mind: the step stays open."""


_ORDERS = {
    **dict.fromkeys(
        ("停", "停下", "停止", "退出", "取消", "算了", "先到这里", "结束"), Instruction.STOP
    ),
    **dict.fromkeys(("不写了", "先不写了", "不想写了", "stop", "cancel", "quit"), Instruction.STOP),
    **dict.fromkeys(("stop here", "exit"), Instruction.STOP),
    **dict.fromkeys(("跳过", "下一步", "下一样", "先空着", "skip", "next"), Instruction.SKIP),
    **dict.fromkeys(("leave it open",), Instruction.SKIP),
    **dict.fromkeys(("上一步", "上一样", "返回", "back"), Instruction.BACK),
}

_WITH_OTHERS = frozenset({PlanStep.COMPANY, PlanStep.PEOPLE, PlanStep.PROFESSIONALS})
"""The steps at which "no one" says that the step is empty, whatever is said of them."""

_SMALL = (
    "我|目前|现在|真的?|好像|暂时|应该|可能|都|也|就|其实|想了想|嗯+|唉|哎|额|呃|还是?|这个|根本"
)
_ENDS = "的|了|啊|吧|呀|呢|诶|哎|唉|哦|耶|啦|嘛|吗"
_NOTHING = re.compile(
    rf"(?:{_SMALL})*(?:"
    r"没有?(?:什么|任何|一个)?(?:人|谁|朋友|亲人|家人|地方|东西|办法|主意|想法|医生|老师)?"
    r"(?:可以?|能)?(?:去|找|写|说|陪|求助|依靠|联系|打)?"
    r"|(?:一|半)个(?:人|朋友)?(?:都|也)没有?|无|空|暂无|不知道(?:找谁|是谁|去哪里?|写(?:什么|啥|谁)|说什么|怎么办)?"
    r"|(?:谁|什么|啥|哪里?|哪儿)(?:都|也)(?:没有?|不(?:行|会|想|知道))?|不清楚|说不(?:上来|清)"
    r"|(?:实在)?想不(?:出|到|起)(?:来|什么|谁|人)?|没想(?:好|到)"
    r"|n/?a|none|nothing|no ?one|nobody|no idea|nowhere"
    r"|(?:i )?don'?t know|idk|not sure|i (?:have|got) (?:no ?one|nobody|nothing|none)"
    r"|there(?:'s| is) (?:no ?one|nobody|nothing)|can'?t think of (?:any ?one|anybody|anything)"
    rf")(?:{_ENDS})*"
)
_NO_WORD = re.compile(rf"(?:{_SMALL}|{_ENDS})*")
# Said where people are asked for: that none is there, in more words than one.
_NO_ONE = re.compile(
    rf"^(?:{_SMALL})*(?:没有?(?:任何|一个)?人|没谁|没有?朋友|谁(?:都|也)(?:不|没)"
    r"|nobody|no one|i have no ?(?:one|friends?|family))"
)
_SOMEONE = re.compile(r"比|除了?|只有|但|不过|except|but|only")


def instruction_in(text: str, step: PlanStep | None) -> Instruction | None:
    """What a message orders at a step instead of telling; None: it is a line of it."""
    words = normalize(text).strip(BREAK + " ")
    if (order := _ORDERS.get(words)) is not None:
        return order
    return Instruction.NOTHING if says_nothing(text, step) else None


def says_nothing(text: str, step: PlanStep | None) -> bool:
    """Whether a message says that there is nobody or nothing to write at a step."""
    words = normalize(text).strip(BREAK + " ")
    clauses = [clause.strip() for clause in words.split(BREAK)]
    clauses = [clause for clause in clauses if not _NO_WORD.fullmatch(clause)]
    if clauses and all(_NOTHING.fullmatch(clause) for clause in clauses):
        return True
    if step not in _WITH_OTHERS:
        return False
    return bool(_NO_ONE.match(words)) and not _SOMEONE.search(words)
