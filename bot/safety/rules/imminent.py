"""Danger under way, or decided with a time, a place or a means."""

from __future__ import annotations

from bot.safety.levels import RiskLevel
from bot.safety.rules.rule import rule
from bot.safety.rules.words import (
    ACT,
    ACT_SIGNS,
    END_IT,
    FOOD,
    MANY,
    METHOD,
    POISON,
    POISON_SIGNS,
    SOON,
    SUICIDE,
    SUICIDE_SIGNS,
    gap,
)

RULES = (
    rule(
        "attempt_now",
        RiskLevel.IMMINENT,
        f"{POISON_SIGNS}服吃喝吞割kvw",
        rf"(?:吃|吞|喝|服)(?:了|下|完|光|下了){gap(4)}{MANY}{gap(6)}(?:药|安定|(?:片|颗"
        rf"|粒)(?!{gap(4)}{FOOD}))",
        rf"(?:药|安定|安眠药){gap(4)}(?:全|都){gap(3)}(?:吃|吞|喝)(?:了|下|完|光)",
        rf"(?:刚|已经|现在|我){gap(4)}(?:吃|吞|喝|服)(?:了|下|完){gap(4)}{POISON}",
        rf"(?:吃|吞|喝)了{gap(12)}(?:会死吗|会不会死|死得了|多久死|什么时候死)",
        rf"(?:刚|刚刚|正在|现在|已经|今晚){gap(4)}割(?:了)?(?:腕|脉|手腕|自己|开)",
        rf"割(?:了)?(?:腕|脉|手腕|自己){gap(8)}(?:血|止不住)",
        rf"(?:吃|吞)了一?整[瓶板盒]了?，?{gap(6)}(?:怎么办|救)",
        rf"吞了(?:很多|好多|一堆)?(?:药|安眠药|安定){gap(4)}，?{gap(6)}(?:怎么办|头好?晕|想吐|救)",
        r"\b(?:took|swallowed) (?:all|the whole|a bottle|too many|a lot of)",
        r"\b(?:overdosed|slit my wrist)",
    ),
    rule(
        "decided_now",
        RiskLevel.IMMINENT,
        f"{ACT_SIGNS}事走遗hjwy",
        rf"(?:今晚|今夜|今天|明天|明早|后天|马上|立刻|现在|这就|待会|等会|一会儿|天亮){gap(4)}"
        rf"(?:就想?要?|要|准备|打算|去|会|动手){gap(4)}{ACT}",
        rf"(?:准备|决定|打算)(?:好|了|要|去|今晚|明天|现在|用|选择){{0,3}}{gap(3)}{ACT}",
        rf"(?:已经|都)(?:想|准备|计划|安排|决定|选|写)(?:好|定)了?{gap(6)}(?:{SUICIDE}|死"
        r"|怎么走|遗书|后事)",
        rf"(?:{SUICIDE}|去死|想死){gap(2)}，?(?:我)?(?:已经|都)(?:想|准备|计划|决定)(?:好|定)",
        rf"(?:快要|就要|要去|我要){gap(2)}{SUICIDE}(?:了|，|$)",
        rf"\b{SOON}\b.{{0,30}}\b(?:{END_IT}|die)\b",
        rf"\b{END_IT}\b.{{0,20}}\b{SOON}\b",
        r"\bi(?:'m| am) (?:about|going) to (?:kill myself|end my life|jump)",
    ),
    rule(
        "under_way",
        RiskLevel.IMMINENT,
        "炭绳片颗粒瓶腕台桥楼顶",
        rf"手腕{gap(6)}血{gap(4)}(?:止不住|一直流|好多)",
        rf"炭(?:已经|都|也)?点(?:上|着|燃|好)|绳子?{gap(3)}(?:挂|系|绑|套)好",
        rf"药{gap(3)}(?:吃|吞)(?:了|下)，?{gap(4)}{MANY}[片颗粒瓶]",
        rf"(?:在|到){gap(4)}(?:楼顶|天台|顶楼|桥上|窗台)(?:了|上|边)?，?{gap(6)}(?:我|我?现在|她|他)?"
        r"(?:要|准备|马上)跳(?!舞|绳|操|远|高|伞|广场|槽|过)",
    ),
    # Somebody else's hands, now: the same card, the same numbers.
    rule(
        "violence_now",
        RiskLevel.IMMINENT,
        "打掐勒踢门刀斧棍枪k",
        rf"我{gap(3)}(?:躲|藏|锁|反锁|关)(?:在|进){gap(8)}，?{gap(8)}(?:砸|踹|撞|踢){gap(3)}门",
        rf"(?:砸|踹|撞|踢){gap(3)}门，?{gap(6)}(?:要|说要|想){gap(2)}(?:杀|砍|打死|弄死)了?我",
        rf"(?:拿|举|提)(?:着|了){gap(3)}(?:刀|斧|棍|枪){gap(6)}(?:追|砍|对着|指着|要杀|要打|架在){gap(2)}我",
        rf"(?:正在|还在|现在在?|一直在){gap(3)}(?:打|掐|勒|踢|殴打)我(?!电话|的?(?:主意|分|招呼))"
        rf"{gap(6)}，?{gap(6)}(?:救|怎么办|不敢|跑不掉|流血|报警)",
        r"\b(?:he|she|my (?:husband|boyfriend|dad|father|stepfather|partner))\b.{0,20}"
        r"\b(?:breaking|kicking) (?:down )?(?:the|my) door\b",
        fades=True,
    ),
    rule(
        "at_the_place",
        RiskLevel.IMMINENT,
        f"{SUICIDE_SIGNS}楼顶台窗栏铁河江海悬桥",
        rf"(?:站|坐|爬|走|来|到)(?:在|到|上|上了){gap(4)}(?:楼顶|天台|顶楼|楼上|桥|窗|阳台"
        r"|栏杆|铁轨|河边|江边|海边|悬崖)"
        rf"[^，]{{0,10}}，?[^，]{{0,6}}(?:跳(?!舞|绳|操|远|高|伞|广场)|死|不想活|{SUICIDE})",
    ),
    rule(
        "means_ready",
        RiskLevel.IMMINENT,
        f"{ACT_SIGNS}{POISON_SIGNS}药刀绳遗",
        rf"(?:买|准备|囤|攒|藏|找|备)(?:好|到|了|够|好了|够了|齐){gap(4)}"
        rf"(?:{POISON}|药|炭|绳子?|刀片?){gap(8)}，?{gap(8)}(?:{SUICIDE}|想死|去死"
        rf"|{METHOD}|上路|结束)",
        rf"(?:{SUICIDE}|想死|去死|结束){gap(8)}，?{gap(8)}(?:买|准备|囤|攒|藏|找|备)(?:好|到"
        rf"|了|够){gap(4)}"
        rf"(?:{POISON}|药|炭|绳子?|刀片?)",
        rf"{POISON}{gap(3)}(?:买|准备|囤|攒|藏|备)(?:好|到|够|齐)",
        rf"(?:攒|囤)(?:够|好)了?{gap(3)}(?:药|安眠药)",
        rf"(?:写|留)(?:好|完|下|了|好了){gap(3)}遗书|遗书{gap(3)}(?:写|留)(?:好|完|了)",
    ),
)
