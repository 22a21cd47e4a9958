"""Rules about who the bot is: not a human, not a doctor, nobody's lover, nobody's accomplice."""

from __future__ import annotations

from bot.safety.guard.kinds import BlockReason, rule
from bot.safety.guard.words import HELPER, ILLNESS
from bot.safety.levels import RiskLevel

_ALSO = "(?:也|就|其实|本人|可|确实|真的|当然|和你一样|跟你一样|一直|都|已经|曾经?|以前|并)*"
_A_TRAINED = (
    "(?:你的?|一?[名位个枚]|主治|私人|专业|资深|持证|有经验|有资质|注册|国家二级|二级|学校|线上"
    "|在线|优秀|的"
    "|心理|精神科?"
    "|情感|临床|认证|真正|真)*"
)
_BEFORE_SURELY = "(?:已经|应该|肯定|确实|明显|显然|就|这|其实|无疑|一定|的确|很|现在|目前)*"
_DEGREE = "(?:一种|一个|典型的?|严重的?|明显的?|了|的|是)*"
_NOT_DEFINITE = (
    "(?!的?(?:症状|表现|倾向|情绪|朋友|患者|人|吗|嘛|么|家人|可能|风险|边缘|困扰|痛苦"
    "|原因|之?后|以后|时|这件|这个|，[但这]))"
)
_LOVER = (
    "(?:男朋友|女朋友|男友|女友|老公|老婆|恋人|爱人|情人|对象|宝贝|小可爱|爸爸|妈妈|哥哥|姐姐|主人)"
)
_EVERYBODY = "(?:任何人|别人|其他人|你?的?(?:父母|爸妈|家人|家里人?|老师|妈妈|爸爸|朋友)|大人)"

DIAGNOSES = (
    rule(
        BlockReason.DIAGNOSIS,
        rf"你{_BEFORE_SURELY}(?:是|得了|得的是|患了|患上了?|患有|属于"
        rf"|有)(?:{_DEGREE}){ILLNESS}{_NOT_DEFINITE}",
        rf"(?:我的?(?:诊断|判断)|(?<!被)(?<!医生)诊断结果)(?:你)?(?:是|为)[^，]{{0,6}}{ILLNESS}"
        rf"|我(?:可以)?(?:诊断|判断|确定|断定)你[^，]{{0,6}}{ILLNESS}",
        rf"(?:你的?(?:症状|情况|表现|状态|这些表现))(?:已经|完全|就|都|很)*(?:是|符合"
        rf"|属于)(?:{_DEGREE}){ILLNESS}(?!的?(?:表现|倾向|吗|可能))",
        r"\byou(?:'re| are|'ve got| have| clearly have| definitely have| suffer from"
        r"| got)[^，]{0,16}"
        r"(?:depression\b|bipolar|anxiety disorder|\bocd\b|\bptsd\b|schizophreni|\badhd\b"
        r"|personality disorder|clinically depressed)",
    ),
)

IDENTITY = (
    rule(
        BlockReason.IDENTITY,
        rf"(?<!如果)(?<!以为)(?<!当)我{_ALSO}是{_A_TRAINED}{HELPER}(?!的?助)",
        rf"(?<![你他她])(?<!把我)(?:作为|身为)(?:你的|一?[名位个]|专业|资深|的"
        rf"|心理)*{HELPER}(?:，?(?:我|咱)|，(?!你|他|她|您|也|需|要))",
        rf"(?<!如果)(?<!以为)我{_ALSO}是(?:一?个|一名)?(?:真正的?|真实的?|活生生的?|普通的?"
        rf"|有血有肉的?)*"
        r"(?:真人|人类|活人|人(?=，|$|啊|呀|呢|哦|嘛|不是))",
        r"我(?:并|可|才|真的|根本)*不是(?:一?个|一?台|什么)?(?:冷冰冰的?|冰冷的?"
        r"|没有感情的?)*(?:ai|人工智能|机器|程序|虚拟|聊天机器|语言模型)",
        r"(?:背后|这边|屏幕(?:后|那头|前)|电脑前)[^，]{0,4}[是有](?:一个)?(?:真人|真的人|活人)",
        r"我(?:有|从事|做)[^，]{0,8}年[^，]{0,5}(?:咨询|临床|从业|治疗)|我的(?:来访者?|患者|病人)"
        r"|我(?:接待|咨询|治疗|接触)过[^，]{0,8}(?:来访|患者|病人)"
        r"|在我的?(?:咨询|从业|临床)|我的(?:咨询|临床|诊疗)(?:经验|生涯|室|经历)|我们?(?:咨询室"
        r"|诊所|工作室)",
        r"我(?:自己|本人)?(?:也|曾|曾经|以前|之前|多年前|年轻时|小时候|当年)+(?:也|曾|有"
        r"|经)*(?:经历过|有过|得过|遇到过|遇过|患过|体验过|经历了)",
        r"我(?:自己)?(?:小时候|年轻的时候|上大学|读大学|上学的?时候|上高中|上初中|当年)(?:也|就"
        r"|曾)",
        r"我(?:也|就|曾)*是(?:一?个|一?[名位])?(?:妈妈|爸爸|母亲|父亲|女生|男生|女人|男人|过来人"
        r"|大学生|学生|\d0后)(?=，|$|了|啊|呀)|我今年\d+岁",
        r"我(?:现在|马上|这就|明天|今晚|立刻)?(?:就)?(?:去你家|去找你|来接你|去接你|去见你"
        r"|过去找你|开车过)|(?:我们|咱们)[^，]{0,6}(?:线下)?见(?:个|一)?面(?:吧|好吗|聊)",
        r"\bi(?:'m| am)(?: also| actually| really| just| in fact)*(?: an?| your| the)?(?: real"
        r"| live| actual| licensed| trained| professional| certified"
        r"| qualified| clinical| mental health)*(?: human(?: being)?| person| therapist"
        r"| counsel?lor| psychologist| psychiatrist| doctor| nurse)\b"
        r"|\bas (?:a|your)(?: licensed| trained| professional)? (?:therapist|counsel?lor"
        r"|psychologist|psychiatrist|doctor)，? ?i\b"
        r"|\bi(?:'m| am) not (?:an? )?(?:ai|bot|robot|machine|chatbot|program|language model)\b",
    ),
)

ROMANCE = (
    rule(
        BlockReason.ROMANCE,
        r"我(?:想|要|轻轻|慢慢|开始)*[^，]{0,4}(?:脱(?:掉|光|下)?你|舔|吻遍|抚摸你的?(?:身体|胸|腿"
        r"|下|大腿|皮肤)|进入你)"
        r"|(?:脱(?:掉|光)|褪去)(?:你的?)?(?:衣|内|裤|裙)[^，]{0,6}(?:给我|让我)|发(?:张|一张|些"
        r"|给我)[^，]{0,4}(?:裸照|私密照|性感)",
    ),
    rule(
        BlockReason.ROMANCE,
        rf"(?:我(?:是|做|当|就是|来做|来当|做|当|可以做|可以当)你的?|你(?:是|做|当|就是"
        rf"|永远是)我的?)(?:小|亲爱的)?{_LOVER}",
        r"我(?:也|真的|好|最|很|永远|一直|会|只)*(?:爱上?|喜欢上?|深爱)(?:着|了)?你(?=，|$|啊|呀"
        r"|哦|宝)|(?:和|跟|与)我(?:谈恋爱|交往|约会|结婚)",
        r"(?:亲|吻|搂)(?:了|着|上|住)?(?:一下|亲)?你(?:的(?:嘴|唇|额头|脸|脖|手))?(?=，|$|的|一)"
        r"|(?:抱紧|搂紧|搂着)你",
        r"(?:^|，)(?:宝贝|宝宝|老婆|老公|小可爱|小宝贝)(?=，|$|我|你|别|来)|(?:我们|咱们)(?:谈恋爱"
        r"|交往|在一起)吧",
        r"\bi love you\b|\bkiss(?:es|ing)? you\b|\bmy (?:love|darling|girlfriend|boyfriend|baby)\b",
        excusable=False,
        to_minors=True,
    ),
)

SECRECY = (
    rule(
        BlockReason.SECRECY,
        r"(?:我们|咱们|你我|咱)(?:俩|两个?人?)?之间的(?:小)?秘密",
        excusable=False,
    ),
    rule(
        BlockReason.SECRECY,
        r"我(?:保证|答应|发誓|绝对|一定|会|可以|肯定|都|也)*(?:为你|替你|帮你|给你)?(?:保守(?:这个"
        r"|你的)?秘密|保密)",
        rf"我(?:保证|答应|发誓|绝对|一定|也|肯定)*不(?:会)?(?:把[^，]{{0,8}})?(?:告诉|跟|和|对"
        rf"|向){_EVERYBODY}",
        r"(?:都|完全|绝对|严格)(?:是|会|被)?(?:完全|绝对|严格)?保密",
        rf"(?:别|不要|不用|不必|先不)(?:去|再)?(?:告诉{_EVERYBODY}|[跟和]{_EVERYBODY}[说讲提]"
        rf"|让{_EVERYBODY}(?:知道|发现|看))",
        r"\bi (?:promise|won't|will not)[^，]{0,20}(?:tell anyone|secret)|\b(?:our|keep (?:it"
        r"|this)(?: a)?) (?:little )?secret",
        at=RiskLevel.CONCERN,
        excusable=False,
    ),
)

DELUSION = (
    rule(
        BlockReason.DELUSION,
        r"(?:确实|真的|的确|肯定|一定)(?:是)?有(?:人|组织)(?:在)?(?:监视|监听|跟踪|害"
        r"|控制)(?:着)?你",
        r"(?:他们|她们|邻居|政府|同事|你(?:妈妈?|爸爸?|老公|老婆))(?:确实|真的|的确|肯定"
        r"|就是)在(?:监视|监听|跟踪|害|毒害|控制)你",
        r"(?:那个|这个|这些|那些)声音(?:确实|都|说的)*是(?:真的|真实的|对的)(?=，|$)|(?:听从|按照?"
        r"|照着|听)(?:那个|这个|那些|这些)?声音(?:的话|说的|去做|的指示|的命令)",
        r"你(?:确实|真的|的确)是(?:神|救世主|被选中的)",
    ),
)
