"""Words of one kind read as one sign, so that what is trained of one word holds for its sisters."""

from __future__ import annotations

import re

from bot.safety.normalize import BREAK
from bot.safety.vocabulary import expand

# In this order: what several kinds could claim belongs to the first. The signs stand for a way, a
# suicide, harm to oneself, death, weariness of life, life, killing, a wish, somebody else, a
# denial, the writer, pain, past or present.
_KINDS = (
    (
        "Ⓜ",
        "<method>|跳[水井车窗]|跳下[去来]|往下跳|割手[腕脉]|割(下去|自己)|划自己|划[手胳][腕臂膊]*"
        "|投海|<poison>|(开|开了|放)煤气|刀片|美工刀|一刀刀|遗书|安乐死|死法",
    ),
    (
        "Ⓢ",
        r"<suicide>|结束(我|自己)?的?(生命|一生)|(结束|了结|杀死?|弄死|毁掉|杀掉)了?我?自己|了断"
        r"|一死了之|一了百了|suicid\w*|kill(ing)? myself|end my life",
    ),
    (
        "Ⓗ",
        "<self_harm>|[扇打掐咬抽捶烫扎砸锤]自己(?!的)|用?头撞墙?|撞头|(hurt|cutt?)(ing)? myself",
    ),
    (
        "Ⓓ",
        r"(?:不想|不愿意?|不要|没法|不值得|不配)再?(?:继续)?活(?![动泼跃])[着了下去]*|活[够腻]了?"
        r"|不活了|去死|死[掉去了亡]|想死|死|离开(?:这个)?(?:世界|人世|人间)|猝死|\bdie\b|\bdead\b",
    ),
    (
        "Ⓣ",
        r"消失|解脱|永远睡|睡过去|不想醒来?|不再?醒来?|一觉不醒|[撑熬挺]不[住下]去?|坚持不[下住]去?"
        r"|绝望|没有?(?:什么|啥|任何)?(?:意义|意思|价值|希望|盼头|留恋)|无意义|累赘|多余|拖累"
        r"|生无可恋|放弃自己|没劲",
    ),
    ("Ⓛ", r"活[着下]去?|生命|生存|世界上?|人世|人间|人生"),
    ("Ⓚ", r"杀了?[他她你人]|杀人|弄死[他她你]|砍|捅|打死|报复"),
    (
        "Ⓦ",
        r"想要|好想|真想|总想|老想|只想|想过|想去|渴望|希望|恨不得|巴不得|宁[愿可]|不如|念头"
        r"|想法|冲动|倾向|打算|计划|准备|决定|想",
    ),
    (
        "Ⓟ",
        r"(?:我)?(?:妈妈?|爸爸?|父母|父亲|母亲|老公|老婆|丈夫|妻子|男朋?友|女朋?友|朋友|闺蜜|室友"
        r"|舍友|同学|同事|老师|孩子|女儿|儿子|弟弟?|妹妹?|哥哥?|姐姐?|爷爷|奶奶|外婆|学[妹姐长弟生]"
        r"|前任|患者|别人|他们|她们|你们|他|她|你|有人|人们)",
    ),
    ("Ⓝ", r"没有?|从不|从来不|不会|不能|不要|别|不敢|不可能"),
    ("①", r"我|自己|本人"),
    ("Ⓐ", r"抑郁|崩溃|痛苦|难受|难过|累|哭|压力|焦虑"),
    ("Ⓑ", r"以前|曾经|小时候|当时|后来|那时"),
    ("Ⓥ", r"现在|最近|总是|经常|每天|一直|今天|今晚|马上"),
)
_SIGN = {f"kind{index}": sign for index, (sign, _) in enumerate(_KINDS)}
_WORDS = re.compile(
    "|".join(f"(?P<kind{index}>{expand(words)})" for index, (_, words) in enumerate(_KINDS))
)
_GRAVE = re.compile("|".join(expand(words) for _, words in _KINDS[:7]))


def views(text: str) -> tuple[str, str, str]:
    """Three readings of normalized text, idioms taken out, for the classifier.

    The whole; the clauses with grave words, words of a kind as its sign; their signs alone.
    """
    grave = BREAK.join(clause for clause in text.split(BREAK) if _GRAVE.search(clause))
    return f"^{text.strip(BREAK)}$", f"^{_WORDS.sub(_sign, grave)}$", f"^{_signs(grave)}$"


def _sign(match: re.Match[str]) -> str:
    return _SIGN[str(match.lastgroup)]


def _signs(text: str) -> str:
    signs = []
    end = 0
    for match in _WORDS.finditer(text):
        between = text[end : match.start()]
        if BREAK in between:
            signs.append(BREAK)
        elif len(between) > 3:  # far apart: seldom one thought
            signs.append("_")
        signs.append(_sign(match))
        end = match.end()
    return "".join(signs)
