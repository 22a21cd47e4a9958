"""A short answer means what was asked: 嗯 after 你想过伤害自己吗 is not 嗯 after 要喝水吗."""

from __future__ import annotations

import re

from bot.safety.asked import QUESTION_READ, sentences_that_ask
from bot.safety.levels import RiskLevel
from bot.safety.normalize import BREAK, normalize

MAX_REPLY = 20  # characters of normalized text; a longer answer speaks for itself

# Questions to which yes means danger, and questions to which no does. A sentence each.
_YES_IS_DANGER = re.compile(
    r"(?:伤害|结束|了结|杀死?)(?:过|掉|了)?(?:你)?自己|自杀|自残|自伤|轻生|不想活|想死|去死|想过死"
    r"|结束(?:你的|自己的)?生命|活不下去|离开(?:这个)?(?:世界|人世)|寻短|不在了|死的(?:念头|想法)"
    r"|消失|不想醒|(?:具体|什么|怎样)的?(?:计划|打算)|(?:身边|手边|家里|附近)[^，]{0,6}有"
    r"[^，]{0,10}(?:药|刀|绳|工具|伤到)|hurt(?:ing)? yourself|suicid|kill(?:ing)? yourself"
    r"|end(?:ing)? your life"
)
_NO_IS_DANGER = re.compile(
    r"(?:现在|今晚|此刻|目前|待着|那里|那边|自己)[^，]{0,6}安全[吗么不]|安不安全|是否安全|安全吗"
    r"|(?:答应|保证|承诺|做到)[^，]{0,12}(?:不[^，]{0,4}(?:伤害|死|做)|安全|好好|活|联系|等)"
    r"|(?:想|愿意|能)(?:继续)?活下去|(?:把|将|离)[^，]{0,10}(?:药|刀|绳|东西)[^，]{0,8}"
    r"(?:收|放|交|拿|远|开)|撑(?:得|过|到|下去)|are you safe"
)
# The words of our own check-in, which goes to nobody but people who were in danger.
_AFTER_DANGER = re.compile(r"我想问问你现在怎么样|i wanted to ask how you are now")
_BADLY = re.compile(
    r"(?:我|还是|还|很|太|更|都|一直|特别|非常|真的|越来越)*"
    r"(?:不(?:太|是很|怎么)?好(?:受|过)?|没(?:有)?(?:变)?好|糟(?:糕|透)?|更糟|难受|痛苦|难熬|老样子"
    r"|一样|那样|没用|不行|想|撑不住|没睡|不安全|崩溃|bad|not (?:good|well|great|ok(?:ay)?)|worse"
    r"|the same|terrible|awful)(?:[吧啊呀的了呢哦噢，. ]|我)*"
)
_YES = re.compile(
    r"(?:嗯+|恩+|是|是的|是啊|对|对的|对啊|有|有过?的?|有啊|想过?|想啊|想的|会|会的|会啊|要|经常|常常"
    r"|总是|一直(?:都?有|在想|想)?|每天(?:都有|都想)?|天天|偶尔(?:会|有)?|有时候?(?:会|有|想)?|最近(?:有|经常|总)"
    r"|想过(?:很多|好几|几|无数)?次?|很多次|好几次|不止一次|当然|怎么(?:会|可能)没有|没有才怪|没错"
    r"|确实(?:有|想过)?|算是吧?|可能(?:有|会|是)?吧?|也许吧?|应该(?:有|是)吧?|好像有|有一点|有点"
    r"|都有|都想过|准备好了|已经有了|有了|就在(?:手边|旁边|手里|这)|点头|yes|yeah|yep|y|sometimes"
    r"|maybe|1|ok|👍|🙂)(?:[吧啊呀的了呢哦噢嗯唉哎，. ]|过|说实话|其实)*"
)
_NO = re.compile(
    r"(?:不|不能|不会|不行|没有?|不想|不愿意?|不要|不安全|不太安全|不知道能不能|做不到|不能保证"
    r"|保证不了|答应不了|没法(?:保证|答应)|办不到|撑不住|撑不了|不一定|不了|难|够呛|no|nope"
    r"|not really|i can'?t)(?:[吧啊呀的了呢哦噢，. ]|我)*"
)
_UNSURE = re.compile(
    r"(?:不知道|不清楚|说不(?:清|好|上来)|不好说|不想说|不想(?:聊|谈|提|回答)(?:这个)?|别问了?|不说了?"
    r"|算了|没什么|不了|那又怎样|无所谓|重要吗|你觉得呢|问这个干(?:嘛|什么)|随便"
    r"|以前(?:有|想过|会)?(?:过)?|曾经|idk|i don'?t know|not anymore|不告诉你|你猜|沉默|哈+|呵+)"
    r"(?:[吧啊呀的了呢哦噢，. ]|其实|真的)*"
)


def answered(question: str, reply: str) -> RiskLevel:
    """The level of a short reply, normalized, to the bot's question.

    NONE where the bot asked nothing of the kind.
    """
    short = reply.strip(BREAK + " ")
    if not short or len(short) > MAX_REPLY:
        return RiskLevel.NONE
    sentences = sentences_that_ask(question[-QUESTION_READ:])
    about_danger = any(_YES_IS_DANGER.search(sentence) for sentence in sentences)
    about_safety = any(_NO_IS_DANGER.search(sentence) for sentence in sentences)
    if about_safety and _NO.fullmatch(short):
        return RiskLevel.HIGH
    if about_danger and not about_safety and says_yes(short):
        return RiskLevel.HIGH
    after_danger = _AFTER_DANGER.search(normalize(question))
    if after_danger and (_BADLY.fullmatch(short) or _NO.fullmatch(short)):
        return RiskLevel.CONCERN
    if (about_danger or about_safety) and _UNSURE.fullmatch(short):
        return RiskLevel.CONCERN
    return RiskLevel.NONE


BARE = ("yes", "no", "unsure")
"""Kinds of reply that say nothing without what was asked."""


def kind_of_reply(reply: str) -> str:
    """What a short reply, normalized, says: yes, no, unsure, short (something else) or long."""
    short = reply.strip(BREAK + " ")
    if not short or len(short) > MAX_REPLY:
        return "long"
    if says_yes(short):
        return "yes"
    if _NO.fullmatch(short):
        return "no"
    return "unsure" if _UNSURE.fullmatch(short) else "short"


def may_be_reply(text: str) -> bool:
    """Whether a message is so short that what was asked before it can change what it means."""
    return len(text.strip()) <= MAX_REPLY


def asks_about_danger(text: str) -> bool:
    """Whether something said by the bot asks how safe the person is."""
    return any(
        _YES_IS_DANGER.search(sentence) or _NO_IS_DANGER.search(sentence)
        for sentence in sentences_that_ask(text)
    )


def says_yes(short: str) -> bool:
    """Whether a short reply, normalized, says yes."""
    first, _, rest = short.partition(BREAK)
    return bool(_YES.fullmatch(short) or (_YES.fullmatch(first) and rest[:1] not in "没不"))
