"""What a bare answer means in the mouth of somebody who is in danger: where, with what, when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety.asked import BotQuestion
from bot.safety.levels import RiskLevel
from bot.safety.normalize import BREAK
from bot.safety.replies import MAX_REPLY, says_yes
from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

_NUMBER = "[一二两三四五六七八九十百几]|\\d"

_ANSWERS: Mapping[BotQuestion, re.Pattern[str]] = {
    BotQuestion.WHERE: compiled(
        "<roof>|<ledge>|<rim>|<place_high>|<shore>|<place_water>|<track>|<place_rail>|<in_water>"
        f"|({_NUMBER})+(楼|层)|楼(上|道|梯|边|外)|(他|她|他们|老板|老师)(家|宿舍|公司|单位|店)?楼下"
        "|浴室|浴缸|车里|车上|车旁边?|地下停车场|水房|塔|台子|外头|外侧|高头|上头|顶上|山上|坡上|沟边|铁道|库里|库房"
        "|草垛|坟|墓|渡口|窗户?边|(就在|到)(那里?|那儿|那边|这里?|了)|又(上来|想上去)"
    ),
    BotQuestion.MEANS: compiled(
        "刀片?|药片?|绳|炭|瓶|<poison_household>|<poison>|针|玻璃|皮带|手里|手边|枕头|抽屉|桌上|买了"
        "|拿|厨房|棚子|柜|铅?笔?盒|笔袋|袋|箱|床头|床边|床底|兜|包里|仓库|车里|杂物间|锤|扳手|斧|棍|准备好"
    ),
    BotQuestion.WHEN: compiled(
        "今(晚|夜|天|儿|黑|日)|现在|马上|这就|待会|等(下|会|哈|一)|一会|就要|半夜|凌晨|零点|十二点"
        "|睡(着|了)|出门|洗完|完就|天亮|2nite|tonight|now"
        "|(洗|写|发|说|抽|喝|收拾|弄|送|听|念|唱|看|忙)完(这|了|最后)?(句|封|条|支|根|口|首|集)?"
        "|等<8>(睡着?|走|出门|上班|下班|查房|出车|回来|关门|关灯|打鼾|说完|唱完|写完|弄完)(了|后|以后|之后)?"
        "|趁<8>(来|回来?|不在|睡着?|醒|出门|查房)|室友|婆娘|老婆|老公|护士|护工|爸妈|他们|孩子|护士|家里"
        "|(天亮|点名|上班|下班|早操|查房|关门|下课|放学|午夜|交班|熄灯|出操)(之|以)?前"
        f"|({_NUMBER})+(分钟|个?钟头|个?小时)|下午|上午|中午|傍晚|明早|过了"
    ),
    BotQuestion.TAKEN: compiled(
        "(吃|喝|吞|割|划|点|开|咽|服|灌|加)(了|完|下|光|过|着|咗)|<many>|[片颗粒]|都(吃|喝|吞)|正在|流|血"
        f"|不知道几|数不清|一?(大|多|小)?半(瓶|盒|板)?|({_NUMBER})+(口|道|刀|条|下)|四十|三十|二十"
    ),
}
_SMALL = compiled(
    "我们?|俺|自己|一个人|这|那|它|他们?|她们?|爸|妈|室友|家里?人?|河|江|海|湖|塘|沟|住院部?|门诊部?|那?层|根|条|块|澡|还没|大家|人|个|些|有点"
    "|([一二两三四五六七八九十]|\\d)+点(半|多)?"
    "|就|在|到|去|来|是|有|的|地|得|了|着|过|吧|呢|啊|呀|哦|噢|嗯|啦|嘛|额|呃|哈|咯|喽|哎|唉"
    "|都|全|也|还|又|已经?|刚|正|才|很|好|太|挺|快|更|再|先|然后|之后|以后|后|前|时候?"
    "|现在|这会儿?|今天|明天|晚上?|早上?|夜里?|子|一直|学校|公司|图书馆|宿舍|医院|实验"
    "|坐|站|蹲|爬|躺|趴|走|待|呆|等|上|下|里|外|边|面|头|旁|中间|出|起|回|风|大|高|冷|黑|水|酒"
    "|想|要|会|可能|大概|应该|估计|也许|打算|准备|决定|可以|够|行|完|差不多|左右|而已|拿"
    f"|几|好多|很多|所有|全部|{_NUMBER}|半"
    "|吃|喝|吞|咽|割|放|握|攥|捏|买|把|给|和|跟|倒|[ ，]"
)
"""Words that a bare answer has beside the one that answers."""

_NOTHING_OF_IT = compiled("没|不|维|糖|饭|收走|交给|扔|锁起来|拿走|妈妈?来|骗|玩")
_COMES = compiled(
    "^(他|她|他们|爸|妈|老公|那个?人|叔叔?|哥|继父|后爸|老板|工头)<4>"
    "(来了|回来了|上楼|进来了|进库|到(了|家|楼下)|在(门口|楼下|门外|校门口|我家|拧|砸|踹|敲|叫|喊)|醒了|锁门|拿着)"
    "|^在(上楼|敲门|砸门|踹门)|门(响|把手)|脚步声|听(见|到)<6>(钥匙|摩托|脚步|车)"
)
_YES_IS_ENOUGH = frozenset((BotQuestion.TAKEN, BotQuestion.MEANS))
_WITH_IT = compiled("就(剩|只有)?我(和|跟|同|与)(他|它|她|那)")
_LEFT = compiled("带走|警|抱|陪|接|走了|救|回不来|进不来")


def answered_in_danger(
    questions: frozenset[BotQuestion], reply: str, clauses: Sequence[str] = ()
) -> RiskLevel:
    """The level of a short reply, normalized, of somebody who is at high, to what was asked.

    `clauses` are its first ones, as spaces and marks part them: the answer may be one of them.
    """
    short = reply.strip(BREAK + " ")
    parts = [part for part in (short, *clauses) if 0 < len(part) <= MAX_REPLY]
    if BotQuestion.SAFE in questions and any(map(_is_not_safe, parts)):
        return RiskLevel.IMMINENT
    if BotQuestion.ALONE in questions and _WITH_IT.match(short):
        return RiskLevel.IMMINENT
    if not parts or _NOTHING_OF_IT.search(short.replace("还没", "")):
        return RiskLevel.NONE
    for question in questions & _ANSWERS.keys():
        says = question in _YES_IS_ENOUGH and len(short) <= MAX_REPLY and says_yes(short)
        if says or any(_is_bare(_ANSWERS[question], part) for part in parts):
            return RiskLevel.IMMINENT
    return RiskLevel.NONE


def _is_not_safe(short: str) -> bool:
    """Whether a reply says that it is not safe, or that the other is coming."""
    if short.startswith("不安全") or short in ("不", "不是", "不啊"):
        return True
    return bool(_COMES.search(short)) and not _LEFT.search(short)


def _is_bare(words: re.Pattern[str], short: str) -> bool:
    """Whether a reply is the answer and nothing else: 今天 answers when, 今天吃什么 does not."""
    left, found = words.subn("", short)
    return bool(found) and not _SMALL.sub("", left)
