"""What the detector looks for, in normalized text.

The rules are read by people who check them: a rule is a name, a level and the ways to say it.
They are a floor. They know what is said openly, not what is only meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Rule:
    """A name that may be counted and shown to an operator, a level, and a pattern."""

    name: str
    level: RiskLevel
    pattern: re.Pattern[str] = field(repr=False)
    family: str
    fades: bool = False
    """Whether it is only a concern when it was long ago, or dreamt."""


def _rule(name: str, level: RiskLevel, *ways: str, fades: bool | None = None) -> Rule:
    fades = level is RiskLevel.HIGH if fades is None else fades
    return Rule(name, level, re.compile("|".join(ways)), family=name, fades=fades)


def one_by_one(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """A rule for every way to say it, with a name of its own: what each contributes."""
    return tuple(
        Rule(f"{rule.name}_{number}", rule.level, re.compile(way), rule.name, rule.fades)
        for rule in rules
        for number, way in enumerate(_alternatives(rule.pattern.pattern))
    )


def _alternatives(pattern: str) -> Iterator[str]:
    """The parts of a pattern between bars that stand in no group and no set."""
    start = depth = 0
    in_set = False
    for token in re.finditer(r"\\.|[\[\]()|]", pattern):
        sign = token[0]
        if in_set:
            in_set = sign != "]"
        elif sign == "[":
            in_set = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            yield pattern[start : token.start()]
            start = token.end()
    yield pattern[start:]


def _gap(longest: int) -> str:
    return rf"[^，]{{0,{longest}}}?"


_METHOD = (
    "(?:跳楼|跳河|跳江|跳海|跳桥|跳崖|跳轨|跳下去|跳下来|割过?[^，]{0,3}腕|割脉|烧炭|上吊|卧轨|吊死|投河|投江"
    "|服毒|喝农药|喝百草枯|吞药|吞安眠药|撞车|撞死自己|了断|结束生命|(?:了结|结束)自己(?!的))"
)
_SUICIDE = "(?:自杀|轻生|寻死|自尽|寻短见|自缢|自我了断)"
_ACT = f"(?:{_SUICIDE}|{_METHOD}|去死(?!海|亡)|死掉|死去)"
_WISH = "(?:念头|想法|冲动|倾向|欲望|打算|计划|妄念|行为|意念|之欲|之心|的心)"
_WANT = "(?:想要|想过|想去|想到|想着|总想|老想|一直想|只想|好想|真想|想|渴望|企图|恨不得)"
_POISON = "(?:安眠药|农药|百草枯|老鼠药|敌敌畏|毒药)"
_MANY = (
    r"(?:一?整?瓶|半瓶|一?大把|全部|所有|好几[瓶盒板]|一?整[盒板]|几十|\d{2,}"
    r"|[一二两三四五六七八九]?十"
    r"|[一二两三四五六七八九]?百|[两三四五六七八九][瓶盒板])"
)
_FOOD = "(?:葡萄|草莓|樱桃|枣|瓜子|花生|豆|糖|饼|薯|面包|吐司|肉|瓜|果|巧克力|维生素|维c|饺|汤圆)"
_END_IT = "(?:kill myself|end(?:ing)? (?:it all|my life)|tak(?:e|ing) my own life)"
_SOON = "(?:tonight|right now|today|tomorrow)"

RULES = (
    # Under way, or decided with a time, a place or a means.
    _rule(
        "attempt_now",
        RiskLevel.IMMINENT,
        rf"(?:吃|吞|喝|服)(?:了|下|完|光|下了){_gap(4)}{_MANY}{_gap(6)}(?:药|安定|(?:片|颗"
        rf"|粒)(?!{_gap(4)}{_FOOD}))",
        rf"(?:药|安定|安眠药){_gap(4)}(?:全|都){_gap(3)}(?:吃|吞|喝)(?:了|下|完|光)",
        rf"(?:刚|已经|现在|我){_gap(4)}(?:吃|吞|喝|服)(?:了|下|完){_gap(4)}{_POISON}",
        rf"(?:吃|吞|喝)了{_gap(12)}(?:会死吗|会不会死|死得了|多久死|什么时候死)",
        rf"(?:刚|刚刚|正在|现在|已经|今晚){_gap(4)}割(?:了)?(?:腕|脉|手腕|自己|开)",
        rf"割(?:了)?(?:腕|脉|手腕|自己){_gap(8)}(?:血|止不住)",
        rf"(?:吃|吞)了一?整[瓶板盒]了?，?{_gap(6)}(?:怎么办|救)",
        rf"吞了(?:很多|好多|一堆)?(?:药|安眠药|安定){_gap(4)}，?{_gap(6)}(?:怎么办|头好?晕|想吐|救)",
        r"\b(?:took|swallowed) (?:all|the whole|a bottle|too many|a lot of)",
        r"\b(?:overdosed|slit my wrist)",
    ),
    _rule(
        "decided_now",
        RiskLevel.IMMINENT,
        rf"(?:今晚|今夜|今天|明天|明早|后天|马上|立刻|现在|这就|待会|等会|一会儿|天亮){_gap(4)}"
        rf"(?:就想?要?|要|准备|打算|去|会|动手){_gap(4)}{_ACT}",
        rf"(?:准备|决定|打算)(?:好|了|要|去|今晚|明天|现在|用|选择){{0,3}}{_gap(3)}{_ACT}",
        rf"(?:已经|都)(?:想|准备|计划|安排|决定|选|写)(?:好|定)了?{_gap(6)}(?:{_SUICIDE}|死"
        r"|怎么走|遗书|后事)",
        rf"(?:{_SUICIDE}|去死|想死){_gap(2)}，?(?:我)?(?:已经|都)(?:想|准备|计划|决定)(?:好|定)",
        rf"(?:快要|就要|要去|我要){_gap(2)}{_SUICIDE}(?:了|，|$)",
        rf"\b{_SOON}\b.{{0,30}}\b(?:{_END_IT}|die)\b",
        rf"\b{_END_IT}\b.{{0,20}}\b{_SOON}\b",
        r"\bi(?:'m| am) (?:about|going) to (?:kill myself|end my life|jump)",
    ),
    _rule(
        "under_way",
        RiskLevel.IMMINENT,
        rf"手腕{_gap(6)}血{_gap(4)}(?:止不住|一直流|好多)",
        rf"炭(?:已经|都|也)?点(?:上|着|燃|好)|绳子?{_gap(3)}(?:挂|系|绑|套)好",
        rf"药{_gap(3)}(?:吃|吞)(?:了|下)，?{_gap(4)}{_MANY}[片颗粒瓶]",
        rf"(?:在|到){_gap(4)}(?:楼顶|天台|顶楼|桥上|窗台)(?:了|上|边)?，?{_gap(6)}(?:我|我?现在|她|他)?"
        r"(?:要|准备|马上)跳(?!舞|绳|操|远|高|伞|广场|槽|过)",
    ),
    # Somebody else's hands, now: the same card, the same numbers.
    _rule(
        "violence_now",
        RiskLevel.IMMINENT,
        rf"我{_gap(3)}(?:躲|藏|锁|反锁|关)(?:在|进){_gap(8)}，?{_gap(8)}(?:砸|踹|撞|踢){_gap(3)}门",
        rf"(?:砸|踹|撞|踢){_gap(3)}门，?{_gap(6)}(?:要|说要|想){_gap(2)}(?:杀|砍|打死|弄死)了?我",
        rf"(?:拿|举|提)(?:着|了){_gap(3)}(?:刀|斧|棍|枪){_gap(6)}(?:追|砍|对着|指着|要杀|要打|架在){_gap(2)}我",
        rf"(?:正在|还在|现在在?|一直在){_gap(3)}(?:打|掐|勒|踢|殴打)我(?!电话|的?(?:主意|分|招呼))"
        rf"{_gap(6)}，?{_gap(6)}(?:救|怎么办|不敢|跑不掉|流血|报警)",
        r"\b(?:he|she|my (?:husband|boyfriend|dad|father|stepfather|partner))\b.{0,20}"
        r"\b(?:breaking|kicking) (?:down )?(?:the|my) door\b",
        fades=True,
    ),
    _rule(
        "at_the_place",
        RiskLevel.IMMINENT,
        rf"(?:站|坐|爬|走|来|到)(?:在|到|上|上了){_gap(4)}(?:楼顶|天台|顶楼|楼上|桥|窗|阳台"
        r"|栏杆|铁轨|河边|江边|海边|悬崖)"
        rf"[^，]{{0,10}}，?[^，]{{0,6}}(?:跳(?!舞|绳|操|远|高|伞|广场)|死|不想活|{_SUICIDE})",
    ),
    _rule(
        "means_ready",
        RiskLevel.IMMINENT,
        rf"(?:买|准备|囤|攒|藏|找|备)(?:好|到|了|够|好了|够了|齐){_gap(4)}"
        rf"(?:{_POISON}|药|炭|绳子?|刀片?){_gap(8)}，?{_gap(8)}(?:{_SUICIDE}|想死|去死"
        rf"|{_METHOD}|上路|结束)",
        rf"(?:{_SUICIDE}|想死|去死|结束){_gap(8)}，?{_gap(8)}(?:买|准备|囤|攒|藏|找|备)(?:好|到"
        rf"|了|够){_gap(4)}"
        rf"(?:{_POISON}|药|炭|绳子?|刀片?)",
        rf"{_POISON}{_gap(3)}(?:买|准备|囤|攒|藏|备)(?:好|到|够|齐)",
        rf"(?:攒|囤)(?:够|好)了?{_gap(3)}(?:药|安眠药)",
        rf"(?:写|留)(?:好|完|下|了|好了){_gap(3)}遗书|遗书{_gap(3)}(?:写|留)(?:好|完|了)",
    ),
    # An attempt of the past does not grow old: who has tried once is in more danger than others.
    _rule(
        "attempt_before",
        RiskLevel.HIGH,
        rf"(?:{_SUICIDE}|{_METHOD}){_gap(2)}(?:未遂|没成|没死|失败|被?(?:救|拦|拉))",
        rf"(?:试过|尝试过?|试图){_gap(4)}(?:{_SUICIDE}|{_METHOD}|去死)|(?:有过|做过)"
        rf"{_SUICIDE}(?:行为|经历)?",
        rf"(?:{_SUICIDE}|跳楼|上吊|割[手]?腕|吞药)过|割过{_gap(3)}腕|喝过{_gap(2)}{_POISON}",
        rf"(?:{_SUICIDE}|药){_gap(8)}，?{_gap(6)}(?:洗胃|抢救|救回来|被救)|没死成",
        rf"(?:然后|开始|自残|自伤)[，、]?{_SUICIDE}",
        fades=False,
    ),
    _rule(
        "means_or_place",
        RiskLevel.HIGH,
        rf"(?:攒|囤)(?:了|的|着)?{_gap(5)}(?:药|片)|我{_gap(4)}遗书",
        rf"买(?:了|好|到)?{_gap(3)}(?:炭(?!烤|火)|{_POISON}(?!好))|绳子?{_gap(4)}(?:准备|买)好",
        rf"(?:想|打|已经|要){_gap(2)}开(?:了|着)?煤气|煤气{_gap(4)}(?:打开|开着|开了)",
        rf"(?:刀|刀片){_gap(6)}，?{_gap(4)}想割|想割下去",
        r"(?:站|坐|走|趴|来)(?:在|到)[^，]{0,6}(?:楼顶|天台|顶楼|窗台|桥|护栏|阳台|江边|河边)"
        r"[^，]{0,8}，?[^，]{0,8}，?[^，]{0,4}(?:想跳|要跳|跳下去|往下跳|腿在外)(?!舞|绳)",
        r"(?:选|定|挑)好[^，]{0,3}(?:日子|时间|地点|地方)[^，]{0,2}，?[^，]{0,10}(?:走|离开)",
        r"我(?:真的|现在|马上|这就)?(?:要|准备|就要)跳了(?=$|，)",
        rf"(?:刚|刚刚|现在|一次|一下子|一口气){_gap(3)}(?:吃|吞|喝)了(?:很多|好多|一堆|大量){_gap(4)}"
        r"(?:药|安定)(?=$|，)",
        r"永远地?(?:走|离开)(?!他|她|你)|(?:今晚|明天|今天)(?:过后|以后|之后)[^，]{0,4}没有?我",
        r"一起走的吗?，?[^，]{0,2}约|药[^，]{0,8}，?[^，]{0,6}(?:今晚|明天)就走",
        rf"安眠药{_gap(8)}，?{_gap(6)}(?:睡过去|不醒|醒不过来)|我的忌日|计划{_gap(2)}死",
    ),
    # Said openly: the wish, the way, the farewell.
    _rule(
        "suicide_intent",
        RiskLevel.HIGH,
        rf"{_WANT}{_gap(3)}(?:{_SUICIDE}|{_METHOD})",
        rf"(?:{_SUICIDE}|{_METHOD}){_gap(1)}{_WISH}",
        r"(?:要|会|快|就|敢|得|差点|忍不住|尝试|试图|选择|曾经|有过|还是|宁可|宁愿"
        rf"|不如){_gap(2)}(?:{_SUICIDE}|{_METHOD})",
        rf"(?:先|再|然后|一起|我){_SUICIDE}",
        r"约死",
        rf"(?:控制不住|忍不住|怕|差一?点|险些|满脑子){_gap(8)}(?:{_SUICIDE}|{_METHOD})",
        r"(?:从|在)[^，]{0,5}(?:楼|桥|窗|天台|阳台|崖|高处)[^，]{0,3}(?:往下|想)?跳(?!舞|绳)",
        rf"(?:早就|早|就|才|直接){_SUICIDE}(?!的人|率|的是|未遂)",
        r"\bsuicidal (?:thoughts?|again)",
        r"\b(?:want|wanna|going|wish|ready|try|tried|trying|plan|planning)(?: to)? "
        rf"(?:{_END_IT}|hang myself|jump off)",
        rf"\bth(?:ink|inking|ought|oughts) (?:about|of) (?:{_END_IT}|killing myself|suicide)"
        rf"|\b(?:{_END_IT})$",
        r"\b(?:have|got|holding) .{0,10}\b(?:pills|rope|blade|razor|gun)\b.{0,12}"
        r"\b(?:in front of me|in my hand|next to me)",
        r"\b(?:i(?:'m| am)|feel(?:ing)?) suicidal|\bkms\b|\bkilling myself\b|\bkill myself\b",
    ),
    _rule(
        "wish_to_die",
        RiskLevel.HIGH,
        rf"(?:{_WANT}|但求|只求|宁愿|宁可|(?<!生)不如|一心|一直想)(?:我|自己|让自己|能|马上"
        rf"|赶紧|快点|早点|一起|还是|就|去|要|被|慢慢){{0,3}}去?死(?:一死|掉|去|了)?"
        r"(?!心|磕|党|板|活|守|撑|记|机|角|循|于安乐|你|他|她|它|不承认|得|海|亡谷)",
        r"(?<!你)(?<!你们)(?<!让我)(?:就|要|快)(?:要)?去死(?!海|亡)",
        rf"(?:想到|想着|关于|有){_gap(3)}(?:死|死亡){_gap(1)}(?:念头|想法|冲动|欲望|之欲|的心)",
        r"(?:渴望|期待|向往|等待)(?:着)?死(?:亡|去|掉)?",
        r"为(?:什么|何|啥)[^，]{0,6}(?:还没|还不|没有?|不是我)[^，]{0,2}死"
        r"|死的(?:怎么|为什么)?不是我",
        r"(?:能不能|可不可以|就该|就应该|真该)(?:让我)?去?死(?:啊|了|掉|吧|$|，)"
        r"|满脑子[^，]{0,4}死",
        r"(?:声音|脑子|脑海|心里)[^，]{0,8}(?:叫|让|喊|催)我(?:去)?死",
        r"(?:巴不得|恨不得|希望|盼着)[^，]{0,10}(?:撞死|病死|死掉|得?绝症|被车撞)",
        r"(?:每天|总|一直|老)[^，]{0,3}想着?(?:怎么|如何)?死(?!我|你)|(?:想|好想|要)(?:去|上)天堂",
        rf"想(?:慢慢|安静地|静静地|悄悄地?|一个人){_gap(3)}死",
        r"\b(?:want|wanna|wish|ready|hope)(?: to| i (?:was|were|could)(?: just)?)? "
        r"(?:die|be dead|dead)\b",
        r"\bbetter off dead\b|\bdon'?t (?:want|wanna)(?: to)? (?:live|be alive|exist|wake up)\b",
    ),
    _rule(
        "no_wish_to_live",
        RiskLevel.HIGH,
        r"(?:不想|不要|不愿意?|没法|不值得)(?:再|继续|一个人|多)?活(?!动|泼|跃|成|得|出|在(?!世"
        r"|这)|着?像|着?的?那么|受罪)",
        r"(?:活|生存)(?:腻|够)了|(?:就|早就?|早都|也|都)不活了",
        r"没有?(?:任何)?(?:再|继续)?活下去的?(?:动力|勇气|希望|意义|必要|理由|欲望|信念)",
        r"活着(?:还|真)?不如(?:去)?死|(?<!生)不如死(?:了|掉)?",
        r"no reason to live|can'?t go on living",
    ),
    _rule(
        "death_as_relief",
        RiskLevel.HIGH,
        r"(?:死了|死掉|死|死亡)(?:就|会|或许|才能?|是不是就?|就能)?(?:算了|一了百了|解脱|轻松"
        r"|好了|自由|不难受|不痛苦|摆脱)",
        r"(?:死了|死掉)吧，?就|死掉就好|一死了之|(?<!想)死了算了|死了倒好",
        r"(?:只有|觉得)我?死了?(?:才能?|就|真好|比活着|他们)|死亡(?:真好|比活着|是自由|很?美)",
        r"(?:快|就|不)?让我死(?:吧|了吧|掉|一次)|求[^，]{0,3}让我死|(?:希望|祈祷|求)(?:我|自己|老天"
        r"|上天)?(?:让我)?(?:能|快点|早点|赶紧)?死",
        r"(?:我|自己)(?:要是|如果)?死了(?:是不是|会不会|他们|你们|世界|大家|家里)|(?:只有|要是"
        r"|如果)我死(?:了|掉)",
        r"没死(?:掉|成)|死不掉|早点?死(?:好|了)",
    ),
    _rule(
        "end_of_life",
        RiskLevel.HIGH,
        r"(?:结束|了结|放弃|抛弃)(?:掉|了)?(?:我|自己|这)?(?:的|条|个)?(?:生命|性命|一生|命)"
        r"|(?:了结|结束|杀死|杀掉|弄死|毁掉)(?:我)?自己(?!的)|了此残生|自我了断",
        rf"{_WANT}{_gap(3)}(?:离开|逃离|告别)(?:这个|这|人)?(?:世界|人世|世间|人间)",
        r"(?:去|到)(?:另一个|另外一个|那个)世界(?!杯)(?=[^，]{0,4}(?:了|，|$|找|陪|见))|(?:想"
        r"|要)去另一个世界",
        r"想[^，]{0,3}从?这个?(?:世界|世上|人间)上?(?:离开|离去)",
        r"再见了?，?(?:这个)?世界|永别了|来世再见|下辈子(?:再见|见吧)",
    ),
    _rule(
        "asks_for_a_way",
        RiskLevel.HIGH,
        r"(?:怎么|怎样|怎么样|如何|什么|哪种|有没有|多少|最(?!后|近|终)|比较|少一?点|求|哪些"
        rf"|多高|几楼|可以){_gap(8)}(?:{_SUICIDE}(?!的人)|死法|死(?:掉|亡|去|透|得|才|不|比较"
        r"|最|无|会|又|最)|(?:能|会|可以)死)",
        rf"(?:跳|吃|吞|割|喝|烧炭|服){_gap(12)}，?{_gap(2)}(?:会死吗|会不会死|能死|死得了"
        r"|多久会?死|死得快|瞬间死|会死|致命|致死|致死量)",
        rf"(?:怎么|如何|怎样){_gap(3)}{_METHOD}",
        rf"死法|无痛(?:{_SUICIDE}|死)|死(?:亡|去|掉){_gap(3)}(?:方法|方式)|(?:没有?痛苦|不痛苦"
        r"|不疼|不痛)的?(?:死|离开)",
        rf"{_SUICIDE}(?:有|的)?{_gap(3)}(?:方法|方式|死法|不痛|不疼)|想?来个安乐死"
        rf"|我{_gap(4)}安乐死",
        rf"多久{_gap(3)}(?:没有?意识|断气|死)|致死(?:剂?量)|怎[么样]走[得才]?{_gap(3)}"
        r"(?:不|没有?)痛",
        rf"(?:吃|吞|喝){_gap(10)}(?:醒不过来|再也不醒)|\bnoose\b|pills would kill",
        r"\bhow (?:many|much)\b.{0,30}\b(?:(?:would|will|to) kill (?:someone|a person|me|myself)"
        r"|(?:to|until i) (?:die|od|overdose))\b",
        r"\b(?:how|ways?|methods?)\b.{0,20}\b"
        r"(?:kill myself|commit suicide|die without pain|painless)",
    ),
    _rule(
        "self_harm_urge",
        RiskLevel.HIGH,
        rf"(?:{_WANT}|忍不住|又){_gap(3)}(?:自残|自伤|自虐|伤害自己|割自己|划自己|割手)",
        r"割腕|割脉|割(?:伤|了)(?:自己|手腕)|一刀一?刀地?(?:割|划)",
        r"\bcut(?:ting)? myself\b|\bself[ -]?harm",
    ),
    # Hints, other people, and words that only sometimes mean it.
    _rule(
        "self_harm",
        RiskLevel.CONCERN,
        r"自残|自虐|自伤|伤害(?:了|过)?自己(?!或|和他|的人|的心)|割伤|(?:割|划)(?:自己|手臂"
        r"|胳膊|手|腿)(?!机|分|工|拉)|(?:扇|打|抽|掐|咬|拍打)自己(?!的?(?:球|牌|工|手机|旗|主意"
        r"|小算盘|比方))",
    ),
    _rule("suicide_mentioned", RiskLevel.CONCERN, rf"{_SUICIDE}|遗书|{_METHOD}|安乐死"),
    _rule(
        "hint",
        RiskLevel.CONCERN,
        r"(?:想要?|希望)(?:就这样|彻底|永远|快点|一个人|悄悄|从这个世界上?)?(?:消失|蒸发)(?:掉"
        r"|了|就好|算了|$|，|在|不见)",
        r"不(?:想|愿)(?:再)?(?:醒来|醒过来)|(?:一睡不醒|一觉不醒|长眠不醒|永远睡|睡过去就"
        r"|别再?醒|不要再?醒)",
        r"(?:想|好想|求|彻底|特别想|是种|一种)解脱|一了百了|生不如死|(?:想|会)重开(?:了|$|，)"
        r"|自挂东南枝",
        r"(?<!生)活不下去|怎么(?:继续)?活下去|还能活下去吗|活下去的?(?:信念|理由|勇气|动力)"
        r"|撑不下去|熬不下去|活着(?:也|还|真|好|多|感觉|都|就|觉得)*(?:没有?|有)(?:什么|啥|多大"
        r"|任何|一点)?(?:意思|意义|盼头|价值|希望|必要)(?!的)",
        r"(?:活|活着)(?:得|的)?(?:也)?(?:好|太|很|这么|真)?(?:累|痛苦|煎熬)|不配活|没有我(?:会"
        r"|就|大家|你们|他们)(?:会)?更?好|我是(?:个)?(?:累赘|多余的)",
        r"(?:最后一次|最后一条)(?:和你|跟你|给你)?(?:说话|聊天|消息|见面)|(?:后事|身后事)|(?:总"
        r"|老|一直|经常|反复)(?:会|是)?想(?:到|着)?(?:自己)?(?:如何|怎么)?(?:死|死亡|死去)",
        r"(?:想到|梦到|梦见|各种想到|脑(?:海|子)里?)(?:自己)?(?:总有|都是|老是)?死亡?(?:了|字|$"
        r"|，)|(?:我|快)(?:快)?要?死了呀?我?(?=$|，)|(?<![\w])(?:我)?(?:快|要)死了",
        r"(?:站|坐|爬)(?:在|到|上|上了)[^，]{0,4}(?:楼顶|天台|顶楼|栏杆|铁轨|窗台|桥边)",
        r"没有?(?:被)?(?:出生|生下来)(?:过)?(?:就|该)"
        r"|(?:不该|不应该)(?:被)?(?:出生|生下来|来到这个世界)",
        r"我(?:要是|如果)?(?:走|不在|离开|没)了?(?:以后|之后|，|大家|他们|是不是)[^，]{0,8}"
        r"(?:轻松|照顾|开心|方便|记得|好过|解脱)|我不在了(?:大家|他们|是不是|会)"
        r"|我走了(?:以后|之后)|有一天我不在",
        r"(?:明天|天)[^，]{0,2}(?:不会来|不要来|别来|别亮)|不(?:再)?期待明天|等不到[^，]{0,8}那天",
        r"永远地?(?:睡|休息|闭上眼|安静)|长眠|按下[^，]{0,6}结束键"
        r"|(?:人生|一切)[^，]{0,4}快?结束了",
        r"(?:是|成了)[^，]{0,8}(?:累赘|负担|拖油瓶)|我[^，]{0,4}(?:是)?(?:个)?多余"
        r"|(?:没有我|少了我)(?:他们|大家|家里|你们)",
        r"东西都?[^，]{0,3}送人|道过?别了|和[^，]{0,6}告别了",
        r"(?:坚持|熬|撑|挺)不(?:住|下去)了|行尸走肉|看不到[^，]{0,3}希望|生无可恋"
        r"|没有?[^，]{0,6}留恋",
        r"下辈子|来世|再也不回来|不回来了|蒸发|掉下去会|(?:人|我)?为什么[^，]{0,4}活着"
        r"|活着[^，]{0,4}(?:受罪|意思|意义|没劲|干嘛|图)|没有?力气[^，]{0,2}活"
        r"|死去的[^，]{0,6}(?:陪|叫我)",
        r"手?(?:臂|腕|腿|上)[^，]{0,6}(?:疤|刀痕|刀疤)|(?:刀|烟头|圆规|针|指甲|打火机)[^，]{0,5}"
        r"(?:烫|扎|划|刺|割)[^，]{0,4}(?:自己|腿|手|胳膊)|美工刀[^，]{0,2}[划割]|撞墙"
        r"|(?:药|头孢)[^，]{0,4}过量",
        r"\bnever wake up\b|\bbetter off without me\b|\bhurt(?:ing)? myself\b"
        r"|\bcan'?t go on\b|不配活|天台[^，]{0,3}边缘|死了就不用",
        r"(?:电视|收音机|广播|手机|墙里|墙上|芯片|耳朵里|耳边|鬼|魔|神)[^，]{0,8}(?:叫|让|喊|催|命令)我"
        r"[^，]{0,2}(?:死|自杀|跳(?!转|过|舞)|从窗)",
        r"(?:手|腕|臂|胳膊|腿)上?又?(?:多|添|划)了[^，]{0,3}道|我[^，]{0,6}铁轨[上旁边]"
        r"|(?:吃|吞)了(?:很多|好多|一堆)药(?=$|，)",
        r"\b(?:happier|better|easier) (?:if i (?:was|were) (?:gone|dead)|if i wasn't here)"
        r"|\b(?:am|feel like|just) a burden\b",
        r"\bdisappear forever\b|\bno point (?:in|of) living\b|\bnot wake up\b",
    ),
)

OPEN_WORDS = "suicide_mentioned"
"""The rule whose words are open enough for the classifier to raise them to high."""

NEVER_LOWERED = frozenset(rule.name for rule in RULES if rule.level is RiskLevel.CONCERN)
"""Rules that are a concern of their own, not because a story or another person is meant."""

# Every rule needs one of these. A long message is read only around them.
ANCHOR = re.compile(
    "[死杀活割跳残虐伤药片颗粒炭绳刀吊轨投毒撞结断遗世逝失蒸醒眠睡脱累痛煎赘吞划]"
    "|行尸|希望|疤|告别|道别|来世|等不到|自己|离开|人间|走了|不在了|忌日|煤气|明天|出生|没劲|累赘|送人|不住|不下去"
    "|留恋|后事|最后|一了百了|重开|东南枝|没有我|下辈子|永别|寻短|轻生|安定|往下|下去|多余"
    "|自尽"
    "|自缢|天台|顶楼|楼顶|栏杆|窗台|桥边"
    "|noose|never|better|die|dead|dying|kill|suicid"
    "|kms|cut|harm|live|alive|exist|wake|jump|hang|end |ending|taking my|burden|gone|pills|rope"
    "|blade|razor|gun|铁轨|[几两三]道|叫我|让我|喊我|催我|命令我"
    "|整[瓶板盒]|[砸踹]|[打掐勒踢]我|door"
    "|took|swallow|overdose|slit|disappear|living"
)
