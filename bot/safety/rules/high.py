"""Said openly: the wish, the way, the attempt of the past."""

from __future__ import annotations

from bot.safety.levels import RiskLevel
from bot.safety.rules.rule import rule
from bot.safety.rules.words import (
    ACT_SIGNS,
    END_IT,
    METHOD,
    POISON,
    POISON_SIGNS,
    SUICIDE,
    WANT,
    WISH,
    gap,
)

RULES = (
    # An attempt of the past does not grow old: who has tried once is in more danger than others.
    rule(
        "attempt_before",
        RiskLevel.HIGH,
        f"{ACT_SIGNS}{POISON_SIGNS}救胃",
        rf"(?:{SUICIDE}|{METHOD}){gap(2)}(?:未遂|没成|没死|失败|被?(?:救|拦|拉))",
        rf"(?:试过|尝试过?|试图){gap(4)}(?:{SUICIDE}|{METHOD}|去死)|(?:有过|做过)"
        rf"{SUICIDE}(?:行为|经历)?",
        rf"(?:{SUICIDE}|跳楼|上吊|割[手]?腕|吞药)过|割过{gap(3)}腕|喝过{gap(2)}{POISON}",
        rf"(?:{SUICIDE}|药){gap(8)}，?{gap(6)}(?:洗胃|抢救|救回来|被救)|没死成",
        rf"(?:然后|开始|自残|自伤)[，、]?{SUICIDE}",
        fades=False,
    ),
    rule(
        "means_or_place",
        RiskLevel.HIGH,
        f"{POISON_SIGNS}药吃喝吞割绳炭煤楼台窗栏阳桥河江顶跳今天离走攒囤死遗忌",
        rf"(?:攒|囤)(?:了|的|着)?{gap(5)}(?:药|片)|我{gap(4)}遗书",
        rf"买(?:了|好|到)?{gap(3)}(?:炭(?!烤|火)|{POISON}(?!好))|绳子?{gap(4)}(?:准备|买)好",
        rf"(?:想|打|已经|要){gap(2)}开(?:了|着)?煤气|煤气{gap(4)}(?:打开|开着|开了)",
        rf"(?:刀|刀片){gap(6)}，?{gap(4)}想割|想割下去",
        r"(?:站|坐|走|趴|来)(?:在|到)[^，]{0,6}(?:楼顶|天台|顶楼|窗台|桥|护栏|阳台|江边|河边)"
        r"[^，]{0,8}，?[^，]{0,8}，?[^，]{0,4}(?:想跳|要跳|跳下去|往下跳|腿在外)(?!舞|绳)",
        r"(?:选|定|挑)好[^，]{0,3}(?:日子|时间|地点|地方)[^，]{0,2}，?[^，]{0,10}(?:走|离开)",
        r"我(?:真的|现在|马上|这就)?(?:要|准备|就要)跳了(?=$|，)",
        rf"(?:刚|刚刚|现在|一次|一下子|一口气){gap(3)}(?:吃|吞|喝)了(?:很多|好多|一堆|大量){gap(4)}"
        r"(?:药|安定)(?=$|，)",
        r"永远地?(?:走|离开)(?!他|她|你)|(?:今晚|明天|今天)(?:过后|以后|之后)[^，]{0,4}没有?我",
        r"一起走的吗?，?[^，]{0,2}约|药[^，]{0,8}，?[^，]{0,6}(?:今晚|明天)就走",
        rf"安眠药{gap(8)}，?{gap(6)}(?:睡过去|不醒|醒不过来)|我的忌日|计划{gap(2)}死",
    ),
    rule(
        "suicide_intent",
        RiskLevel.HIGH,
        f"{ACT_SIGNS}jns",
        rf"{WANT}{gap(3)}(?:{SUICIDE}|{METHOD})",
        rf"(?:{SUICIDE}|{METHOD}){gap(1)}{WISH}",
        r"(?:要|会|快|就|敢|得|差点|忍不住|尝试|试图|选择|曾经|有过|还是|宁可|宁愿"
        rf"|不如){gap(2)}(?:{SUICIDE}|{METHOD})",
        rf"(?:先|再|然后|一起|我){SUICIDE}",
        r"约死",
        rf"(?:控制不住|忍不住|怕|差一?点|险些|满脑子){gap(8)}(?:{SUICIDE}|{METHOD})",
        r"(?:从|在)[^，]{0,5}(?:楼|桥|窗|天台|阳台|崖|高处)[^，]{0,3}(?:往下|想)?跳(?!舞|绳)",
        rf"(?:早就|早|就|才|直接){SUICIDE}(?!的人|率|的是|未遂)",
        r"\bsuicidal (?:thoughts?|again)",
        r"\b(?:want|wanna|going|wish|ready|try|tried|trying|plan|planning)(?: to)? "
        rf"(?:{END_IT}|hang myself|jump off)",
        rf"\bth(?:ink|inking|ought|oughts) (?:about|of) (?:{END_IT}|killing myself|suicide)"
        rf"|\b(?:{END_IT})$",
        r"\b(?:have|got|holding) .{0,10}\b(?:pills|rope|blade|razor|gun)\b.{0,12}"
        r"\b(?:in front of me|in my hand|next to me)",
        r"\b(?:i(?:'m| am)|feel(?:ing)?) suicidal|\bkms\b|\bkilling myself\b|\bkill myself\b",
    ),
    rule(
        "wish_to_die",
        RiskLevel.HIGH,
        "死撞症堂hrw",
        rf"(?:{WANT}|但求|只求|宁愿|宁可|(?<!生)不如|一心|一直想)(?:我|自己|让自己|能|马上"
        rf"|赶紧|快点|早点|一起|还是|就|去|要|被|慢慢){{0,3}}去?死(?:一死|掉|去|了)?"
        r"(?!心|磕|党|板|活|守|撑|记|机|角|循|于安乐|你|他|她|它|不承认|得|海|亡谷)",
        r"(?<!你)(?<!你们)(?<!让我)(?:就|要|快)(?:要)?去死(?!海|亡)",
        rf"(?:想到|想着|关于|有){gap(3)}(?:死|死亡){gap(1)}(?:念头|想法|冲动|欲望|之欲|的心)",
        r"(?:渴望|期待|向往|等待)(?:着)?死(?:亡|去|掉)?",
        r"为(?:什么|何|啥)[^，]{0,6}(?:还没|还不|没有?|不是我)[^，]{0,2}死"
        r"|死的(?:怎么|为什么)?不是我",
        r"(?:能不能|可不可以|就该|就应该|真该)(?:让我)?去?死(?:啊|了|掉|吧|$|，)"
        r"|满脑子[^，]{0,4}死",
        r"(?:声音|脑子|脑海|心里)[^，]{0,8}(?:叫|让|喊|催)我(?:去)?死",
        r"(?:巴不得|恨不得|希望|盼着)[^，]{0,10}(?:撞死|病死|死掉|得?绝症|被车撞)",
        r"(?:每天|总|一直|老)[^，]{0,3}想着?(?:怎么|如何)?死(?!我|你)|(?:想|好想|要)(?:去|上)天堂",
        rf"想(?:慢慢|安静地|静静地|悄悄地?|一个人){gap(3)}死",
        r"\b(?:want|wanna|wish|ready|hope)(?: to| i (?:was|were|could)(?: just)?)? "
        r"(?:die|be dead|dead)\b",
        r"\bbetter off dead\b|\bdon'?t (?:want|wanna)(?: to)? (?:live|be alive|exist|wake up)\b",
    ),
    rule(
        "no_wish_to_live",
        RiskLevel.HIGH,
        "活存死v",
        r"(?:不想|不要|不愿意?|没法|不值得)(?:再|继续|一个人|多)?活(?!动|泼|跃|成|得|出|在(?!世"
        r"|这)|着?像|着?的?那么|受罪)",
        r"(?:活|生存)(?:腻|够)了|(?:就|早就?|早都|也|都)不活了",
        r"没有?(?:任何)?(?:再|继续)?活下去的?(?:动力|勇气|希望|意义|必要|理由|欲望|信念)",
        r"活着(?:还|真)?不如(?:去)?死|(?<!生)不如死(?:了|掉)?",
        r"no reason to live|can'?t go on living",
    ),
    rule(
        "death_as_relief",
        RiskLevel.HIGH,
        "死",
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
    rule(
        "end_of_life",
        RiskLevel.HIGH,
        "结断残杀死毁弃永离告辈世",
        r"(?:结束|了结|放弃|抛弃)(?:掉|了)?(?:我|自己|这)?(?:的|条|个)?(?:生命|性命|一生|命)"
        r"|(?:了结|结束|杀死|杀掉|弄死|毁掉)(?:我)?自己(?!的)|了此残生|自我了断",
        rf"{WANT}{gap(3)}(?:离开|逃离|告别)(?:这个|这|人)?(?:世界|人世|世间|人间)",
        r"(?:去|到)(?:另一个|另外一个|那个)世界(?!杯)(?=[^，]{0,4}(?:了|，|$|找|陪|见))|(?:想"
        r"|要)去另一个世界",
        r"想[^，]{0,3}从?这个?(?:世界|世上|人间)上?(?:离开|离去)",
        r"再见了?，?(?:这个)?世界|永别了|来世再见|下辈子(?:再见|见吧)",
    ),
    rule(
        "asks_for_a_way",
        RiskLevel.HIGH,
        f"{ACT_SIGNS}命久醒离走sw",
        r"(?:怎么|怎样|怎么样|如何|什么|哪种|有没有|多少|最(?!后|近|终)|比较|少一?点|求|哪些"
        rf"|多高|几楼|可以){gap(8)}(?:{SUICIDE}(?!的人)|死法|死(?:掉|亡|去|透|得|才|不|比较"
        r"|最|无|会|又|最)|(?:能|会|可以)死)",
        rf"(?:跳|吃|吞|割|喝|烧炭|服){gap(12)}，?{gap(2)}(?:会死吗|会不会死|能死|死得了"
        r"|多久会?死|死得快|瞬间死|会死|致命|致死|致死量)",
        rf"(?:怎么|如何|怎样){gap(3)}{METHOD}",
        rf"死法|无痛(?:{SUICIDE}|死)|死(?:亡|去|掉){gap(3)}(?:方法|方式)|(?:没有?痛苦|不痛苦"
        r"|不疼|不痛)的?(?:死|离开)",
        rf"{SUICIDE}(?:有|的)?{gap(3)}(?:方法|方式|死法|不痛|不疼)|想?来个安乐死"
        rf"|我{gap(4)}安乐死",
        rf"多久{gap(3)}(?:没有?意识|断气|死)|致死(?:剂?量)|怎[么样]走[得才]?{gap(3)}"
        r"(?:不|没有?)痛",
        rf"(?:吃|吞|喝){gap(10)}(?:醒不过来|再也不醒)|\bnoose\b|pills would kill",
        r"\bhow (?:many|much)\b.{0,30}\b(?:(?:would|will|to) kill (?:someone|a person|me|myself)"
        r"|(?:to|until i) (?:die|od|overdose))\b",
        r"\b(?:how|ways?|methods?)\b.{0,20}\b"
        r"(?:kill myself|commit suicide|die without pain|painless)",
    ),
    rule(
        "self_harm_urge",
        RiskLevel.HIGH,
        "伤残虐割划hy",
        rf"(?:{WANT}|忍不住|又){gap(3)}(?:自残|自伤|自虐|伤害自己|割自己|划自己|割手)",
        r"割腕|割脉|割(?:伤|了)(?:自己|手腕)|一刀一?刀地?(?:割|划)",
        r"\bcut(?:ting)? myself\b|\bself[ -]?harm",
    ),
)
