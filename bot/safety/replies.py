"""A short answer means what was asked: 嗯 after 你想过伤害自己吗 is not 嗯 after 要喝水吗."""

from __future__ import annotations

import re

from bot.safety.asked import QUESTION_READ, BotQuestion, sentences_that_ask
from bot.safety.levels import RiskLevel
from bot.safety.normalize import BREAK, normalize
from bot.safety.vocabulary import compiled

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
    if about_danger and not about_safety and _says_yes(short):
        return RiskLevel.HIGH
    after_danger = _AFTER_DANGER.search(normalize(question))
    if after_danger and (_BADLY.fullmatch(short) or _NO.fullmatch(short)):
        return RiskLevel.CONCERN
    if (about_danger or about_safety) and _UNSURE.fullmatch(short):
        return RiskLevel.CONCERN
    return RiskLevel.NONE


# Answers to where, with what, when and what was taken: what a person in danger says in two words.
_PLACE = compiled(
    "<roof>|<ledge>|<rim>|<place_high>|<shore>|<place_water>|<track>|<place_rail>"
    "|浴室|浴缸|车里|车上|楼上|[一二三四五六七八九十\\d]+(楼|层)"
)
_MEANS = compiled(
    "刀片?|药片?|绳|炭|瓶|<poison_household>|<poison>|针|玻璃|皮带|手里|手边|枕头|抽屉|桌上|买了|拿"
)
_NOW = compiled(
    "今(晚|夜|天|儿|黑|日)|现在|马上|这就|待会|等(下|会|哈|一)|一会|就要|半夜|凌晨|零点|十二点|睡(着|了)|出门|洗完|完就|天亮|2nite|tonight|now"
)
_TAKEN = compiled(
    "(吃|喝|吞|割|划|点|开|咽|服|灌)(了|完|下|光|过|着|咗)|<many>|[片颗粒]|都(吃|喝|吞)|正在|流|血|不知道几|数不清"
)
_SMALL = compiled(
    "我们?|俺|自己|一个人|这|那|它|他们?|她们?|爸|妈|室友|家里?人?|大家|人|个|些|有点"
    "|([一二两三四五六七八九十]|\\d)+点(半|多)?"
    "|就|在|到|去|来|是|有|的|地|得|了|着|过|吧|呢|啊|呀|哦|噢|嗯|啦|嘛|额|呃|哈|咯|喽|哎|唉"
    "|都|全|也|还|又|已经?|刚|正|才|很|好|太|挺|快|更|再|先|然后|之后|以后|后|前|时候?"
    "|现在|这会儿?|今天|明天|晚上?|早上?|夜里?|子"
    "|坐|站|蹲|爬|躺|趴|走|待|呆|等|上|下|里|外|边|面|头|旁|中间|出|起|回|风|大|高|冷|黑|水|酒"
    "|想|要|会|可能|大概|应该|估计|也许|打算|准备|决定|可以|够|行|完|差不多|左右|而已"
    "|几|好多|很多|所有|全部|[一二两三四五六七八九十百半]|\\d"
    "|吃|喝|吞|咽|割|拿|放|握|攥|捏|买|把|给|和|跟|倒|[ ，]"
)
"""Words that a bare answer has beside the one that answers."""
_NOTHING_OF_IT = compiled("没|不|维|糖|饭|收走|交给|扔|锁起来|拿走|妈妈?来|骗|玩")


def answered_in_danger(questions: frozenset[BotQuestion], reply: str) -> RiskLevel:
    """The level of a short reply, normalized, of somebody who is at high, to what was asked."""
    short = reply.strip(BREAK + " ")
    if not short or len(short) > MAX_REPLY or _NOTHING_OF_IT.search(short):
        if BotQuestion.SAFE in questions and short.startswith("不安全"):
            return RiskLevel.IMMINENT
        return RiskLevel.NONE
    is_yes = _says_yes(short)
    if BotQuestion.TAKEN in questions and (is_yes or _is_bare(_TAKEN, short)):
        return RiskLevel.IMMINENT
    if BotQuestion.MEANS in questions and (is_yes or _is_bare(_MEANS, short)):
        return RiskLevel.IMMINENT
    if BotQuestion.WHEN in questions and _is_bare(_NOW, short):
        return RiskLevel.IMMINENT
    if BotQuestion.WHERE in questions and _is_bare(_PLACE, short):
        return RiskLevel.IMMINENT
    return RiskLevel.NONE


def _is_bare(words: re.Pattern[str], short: str) -> bool:
    """Whether a reply is the answer and nothing else: 今天 answers when, 今天吃什么 does not."""
    left, found = words.subn("", short)
    return bool(found) and not _SMALL.sub("", left)


BARE = ("yes", "no", "unsure")
"""Kinds of reply that say nothing without what was asked."""


def kind_of_reply(reply: str) -> str:
    """What a short reply, normalized, says: yes, no, unsure, short (something else) or long."""
    short = reply.strip(BREAK + " ")
    if not short or len(short) > MAX_REPLY:
        return "long"
    if _says_yes(short):
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


def _says_yes(short: str) -> bool:
    first, _, rest = short.partition(BREAK)
    return bool(_YES.fullmatch(short) or (_YES.fullmatch(first) and rest[:1] not in "没不"))
