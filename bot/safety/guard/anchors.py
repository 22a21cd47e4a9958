"""Words without which no rule for everybody matches: a clause without any is shown at once.

A test holds this to the rules: whatever they block, nothing of it has been shown before.
"""

from __future__ import annotations

from bot.safety.normalize import simplified
from bot.safety.vocabulary import compiled

_HURT = (
    "<method_named>|<self_harm>|[切划]得?更?深|绞索|一?整[瓶盒]|大把|几十|抚摸|进入你"
    "|[死杀割残虐伤炭绳刀吊轨毒撞吞炸捅砍揍跳腕勒抠催泻遮掩舔吻脱裸搂祸烟酒楼桥]"
    "|绝食|断食|大卡|千卡|门窗|密封|密闭|离开|结束|生命|解脱|打[他她它你死一了回]|报复|教训"
    "|该去|该死|下药|大麻|冰毒|嗑|意义|价值|不值|多余|没用|废物|累赘|拖累|垃圾|在乎|想念"
    "|需要你|没有你|少了你|不在了|没了你|支持你|同意你|赞成|尊重|一起走|同归|殉情|傻事|想不开|计划"
)
_MEDICAL = (
    "[药症片粒颗]|毫克|毫升|<medicine>|<medicine_other>|<medicine_kind>|<illness>"
    "|抑郁|忧郁|双相|躁郁|焦虑|强迫|人格|精神|创伤|诊断|判断|停吃|服用"
)
_ROLE = (
    "[师医]|护士|辅导|社工|专家|真人|活人|人类|机器|程序|虚拟|助理|咨询|临床|从业|治疗|来访|患者"
    "|病人|诊所|今年|我<8>是<8>(人|妈|爸|母|父|生|后)|我<8>(经历|有过|得过|遇|患过|体验)"
    "|我<4>(小时候|年轻|上大学|读大学|上学|上高中|上初中|当年)|你家|找你|接你|见你|见面|见个面"
    "|开车"
)
_CLOSE = (
    "[是当做]<3>[你我]的|男朋友|女朋友|男友|女友|老公|老婆|恋人|爱人|宝贝|宝宝|小可爱|主人|抱紧"
    "|爱[上着了]?你|喜欢[上着了]?你|亲[了着]?[你一亲]|谈恋爱|约会|交往|在一起|结婚|秘密|保密"
    "|监视|监听|跟踪|控制|声音|害你|是神|救世|选中"
)
_BOND = (
    "[想念]着?你|想念|思念|挂念|惦记|等着?你|找我|回来|[来再多]聊|看我|陪我|和我|跟我|特别|重要|珍贵|最好的"
    "|独一无二|[和跟与]你|亲密|默契|独特|相通|分不开|与众不同|除了我|只有我|永远|一直|一辈子|不会离开|孤单|寂寞"
    "|没有你|你不在|[走线出断]了?吗|[别要许准]走|别下线|急着|[开下理]我|走[了以之]|快就|早就要|这就|现在就"
)
_CONTACT = "热线|拨打|致电|电话|专线|号码|微信|加我|添加|[a-zA-Z0-9]|[零〇一二三四五六七八九幺]{3}"

ANCHOR = compiled("|".join((_HURT, _MEDICAL, _ROLE, _CLOSE, _BOND, _CONTACT)))


def may_begin_a_hit(text: str) -> bool:
    """Whether words that rules look for have begun: then `text` waits for its sentence's end."""
    return ANCHOR.search(simplified(text)) is not None
