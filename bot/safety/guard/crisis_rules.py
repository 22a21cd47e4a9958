"""Rules for the time after somebody has said that they may be in danger."""

from __future__ import annotations

from bot.safety.guard.kinds import BlockReason, rule
from bot.safety.guard.words import MEANS, METHOD, SUICIDE
from bot.safety.levels import RiskLevel

_SAFE = (
    "(?:远离|离开|交给|交出|收起|收走|收好|拿走|拿开|扔|丢掉|锁|放下|放远|移开|保管|别碰|不碰"
    "|下来|不要靠近)"
)

LEADING = (
    rule(
        BlockReason.LEADING,
        rf"你(?:应该|该|肯定|真的|总|现在|并|一定)*(?:没有?|不会|不是|不至于)(?:真的|是"
        rf"|真)?(?:想过?|打算|计划|要|准备|有)?"
        rf"[^，]{{0,6}}(?:{SUICIDE}|死|伤害自己|计划|傻事|想不开)[^，]{{0,5}}(?:吧|对吧|对不对"
        rf"|是吧|是不是)(?=，|$)",
        rf"你(?:应该|该|肯定|真的|总|现在|并|一定)*(?:没有?|不会|不是"
        rf"|不至于)[^，]{{0,6}}(?:{SUICIDE}|死|伤害自己|计划|傻事|想不开)"
        r"[^，]{0,4}，(?:对吧|对不对|对吗|是吧|是吗)",
        r"\byou(?:'re| are) not (?:really )?(?:thinking (?:of|about)|planning"
        r"|going)[^，]{0,20}(?:kill|suicid|die|hurt)[^，]{0,12}， ?(?:are you|right)",
        excusable=False,
    ),
)

IN_DANGER = (
    rule(
        BlockReason.METHOD,
        rf"(?<!接){METHOD}",
        r"跳(?:下去|下来)",
        r"割(?:开|下去)",
        r"\b(?:wrists?|overdos\w+|noose|jump(?:ing)? off|hang(?:ing)? yourself)\b",
        rf"(?:^|，)(?![^，]*{_SAFE})[^，]*{MEANS}",
        at=RiskLevel.HIGH,
        excusable=False,
    ),
    rule(
        BlockReason.HARM,
        r"我(?:会|完全|很|也|都|当然|绝对)*(?:支持|同意|赞成|尊重)你的?(?:这个|一切)?"
        r"(?:决定|选择|想法|计划)",
        r"想走就走|(?:^|，|你)去吧|放心地?[走去]吧|一路走好|安心地?走|你可以走了|你(?:可以)?安息",
        r"(?:来世|下辈子)(?:再见|见|会)|你就解脱了",
        r"死亡?(?:并|一点也|其实)*(?:不可怕|没什么可怕|没那么可怕)|这是你想要的",
        r"\bi (?:support|respect|agree with) your (?:decision|choice|plan)",
        r"\brest in peace|\bif that(?:'s| is) what you want",
        at=RiskLevel.HIGH,
        excusable=False,
    ),
    rule(
        BlockReason.ENDING,
        r"(?:对话|聊天|谈话|交流|会话)(?:就|也|先|将|该|必须|只能|得|我们)*(?:到此|到这里?|结束"
        r"|终止)",
        r"(?:我们|今天)(?:就|先)+(?:聊|说|谈)?到(?:这里?|此)",
        r"我(?:不能|无法|没法|不可以|不便|没办法)(?:再|继续|和你|跟你|陪你|就此|与你|为你|给你|向你"
        r"|提供|对此|在这方面)+[^，]{0,10}(?:聊|谈|说下去|讨论|对话|帮助|帮你|服务|支持|回答)",
        r"我(?:帮不了|帮不到|无能为力|无法帮助|不能帮助|没办法帮)",
        r"(?:去)?找(?:别人|其他人)[聊说]吧|(?:别|不要)再(?:来)?(?:找我|联系我|跟我说)",
        r"(?:^|，)(?:那)?(?:就|你)?(?:再见|拜拜|保重|后会有期)",
        r"\b(?:goodbye|this conversation is over)\b",
        r"\bi (?:can't|cannot|am unable to|can not) (?:help|continue|talk|assist|discuss)",
        at=RiskLevel.CONCERN,
        excusable=False,
    ),
    rule(
        BlockReason.PRESSURE,
        r"想开(?:一?点|些)|没什么大不了|不是什么大事|矫情|别(?:想太多|胡思乱想|瞎想)|都是小事",
        r"比你(?:更)?(?:惨|苦|不幸|痛苦|难)(?!运)|过几天就好|忍一忍|你太(?:敏感|脆弱|悲观|软弱)",
        r"坚强(?:一?点|些)(?=，|$)|振作(?:一?点|起来)(?=，|$)",
        r"你[^，]{0,6}(?:太|很|真|好)自私|这样(?:做)?(?:太|很|真|好|是)自私|你[^，]{0,4}不负责任",
        r"对得起你?的?(?:爸妈|父母|家人|孩子)|(?:想想|考虑)(?:一下)?你?的?"
        r"(?:父母|家人|孩子|爸妈|妈妈|爸爸|亲人)(?:会|该|的感受|多|怎么|，)",
        r"你(?:不准|不许|不可以死|必须(?:给我|答应|活|坚强))|懦夫|懦弱|胆小鬼|你[^，]{0,4}逃避现实",
        r"你(?:真的?|太|实在|好|是最|是我见过最)+(?:特别|厉害|伟大|了不起|完美"
        r"|聪明)[^，]{0,3}(?=，|$)",
        r"只有我[能才会]?(?:懂|理解|陪|救)",
        r"\b(?:cheer up|get over it|it's not that bad|you're being selfish|others have it worse)\b",
        r"\bthink of your (?:parents|family)\b",
        at=RiskLevel.HIGH,
        excusable=False,
    ),
)
