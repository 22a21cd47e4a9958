"""What changes the meaning of risky words: idioms, denial, other people, stories, the past."""

from __future__ import annotations

import re

from bot.safety.normalize import BREAK
from bot.safety.vocabulary import compiled

# Words with death in them that mean something else. They are taken out before the rules look.
IDIOMS = compiled(
    "|".join(
        (
            r"(?:笑|累|困|饿|渴|热|冷|冻|烦|气|吓|急|忙|美|爽|香|羡慕|郁闷|闷|无聊|难受|难过"
            r"|伤心|恨|爱|丑|笨|蠢|胖|撑|痒|尬|尴尬|讨厌|佩服|心疼|哭|闹心|无语|担心|恶心|疼|痛"
            r"|打|骂|逼|害|困难|紧张|激动|感动|高兴|开心|喜欢|后悔|丢人|丢脸|折腾|折磨|坑|憋|呛"
            r"|噎|晒|毒|老|病|好吃|舒服|可爱|帅|甜|辣|咸|酸|臭|吵|挤|堵|卡|冤)死(?!掉|亡|去"
            r"|自己|得了自己)",
            r"(?:饿|困|热|冷|冻|渴|撑|辣|尴尬|无聊|忙|贵|丑|难吃|无语|烦|气|吵|慢|臭"
            r"|羡慕)[的得](?:快)?(?:要|想)死",
            r"(?<!折磨)(?<!痛苦)(?<!难受)[的得]要死|要死不活|要死要活|半死不活|半死",
            r"想死(?:你|他|她|它|妈|爸|爷|奶|姐|哥|弟|妹|老家|家)(?!们都?死)|想死我[了啦]",
            r"死(?:定|海(?!里)|宅|因|者|循环|胡同|心塌地|心眼|心|党|板|角|机|线|磕|鬼|缠|皮赖脸|猪|气沉沉|水|不悔改"
            r"|不承认|不认|活|读书|记硬背|对头|灰|脑筋|敌|忠|守|撑|要面子|里逃生|得其所|缓|罪"
            r"|刑)",
            r"死亡(?:之吻|笔记|搁浅|细胞|威胁|证明|报告|体验|率|恐惧|游戏|金属|谷)|社会性死亡"
            r"|社死|见光死|脑死亡|死而复生|向死而生|醉生梦死|至死|生死|誓死|作死|找死|该死|卡死"
            r"|锁死|写死|死锁|死死(?=[地的盯抓抱咬按拽守压瞪攥捂缠拉])|混吃等死|拼死|殊死|送死|死去活来",
            r"跳(?:绳|舞|操|远|伞|槽)|快递员?敲门|[吃喝](?:了|过|完)?(?:早|晚|午|中)?(?:饭|粥|奶茶|咖啡)"
            r"|(?:[吃喝嚼啃](?:了|过|完|掉|光)?)?[\d一二两三四五六七八九十百半几整]+(?:多|来)?[颗粒片瓶盒包袋罐](?:<food>|维|老干妈|可乐|矿泉水|酸?奶|苹果|水果|坚果|泡面|辣条|雪糕|鸡蛋|茶)",
            r"烧炭(?=烤|火锅|的?(?:烤肉|居酒屋|店))|割了?(?:草|麦子?|稻子?|韭菜|双眼皮|阑尾|胶)|人(?:都|总)(?:是)?(?:会|要|得)死(?=就|[的，]|$)",
            r"自杀率|预防自杀|自杀干预|自杀预防|自杀式(?:袭击|攻击|减肥)?|自杀小队|自杀森林|剧本杀|杀青|抹杀|秒杀|杀价|狼人杀"
            r"|封杀|扼杀|杀毒|三国杀",
            r"跳楼(?:价|机|大?甩卖|清仓)",
            r"(?:游戏|副本|关卡|这关|这局)[^，]{0,6}死(?:了|掉)?[^，]{0,3}[次回遍]?",
            r"死了(?:心|这条心|那条心|都要爱)|穷死|睡死过去",
            r"\b(?:die|died|dying) (?:of )?(?:laughing|to (?:see|know|try))",
            r"\bto die for\b|\bsuicide squad\b",
        )
    )
)

_NEW_WORD = compiled("<new_word>")
_MEANS_THE_WRITER = compiled("(我|自己)<6>$")
_CURSE = re.compile("该死|(?:逼|害|折磨)死")
_NOT_OF_LIFE = re.compile("我?了")


def _in_place_of(idiom: re.Match[str], mark: str) -> str:
    """The mark, or the words themselves where they are no idiom.

    死机 is one in 手机死机了, not in 想死|机会都没有. Curses are meant where the writer is meant.
    """
    found, text = idiom[0], idiom.string
    if found[0] == "死" and _NEW_WORD.match(text, idiom.start() + 1):
        return found
    if _CURSE.fullmatch(found):
        clause = text[: idiom.start()].rpartition(BREAK)[2]
        if _MEANS_THE_WRITER.search(clause) and not _NOT_OF_LIFE.match(text, idiom.end()):
            return found
    return mark


_MAY_BE_IDIOM = re.compile(
    "死|割|炭|跳|快递|饭|粥|奶茶|咖啡|颗|粒|片|瓶|盒|包|袋|罐|杀|跳楼|die|dying|suicide squad"
)
"""Every idiom has one of these."""


def without_idioms(text: str, mark: str = "") -> str:
    """The text with `mark` in place of every idiom."""
    return (
        IDIOMS.sub(lambda idiom: _in_place_of(idiom, mark), text)
        if _MAY_BE_IDIOM.search(text)
        else text
    )


# What, right before a match, turns it into its opposite.
NEGATION = re.compile(
    r"(?:怎么会|怎么可能|没说过?|(?<!有)没有?|从未|从来不|从不|并不|绝不|决不|毫无|(?<!会)(?<!不)不会(?:真的)?|不打算"
    r"|不再|不可能|不准备"
    r"|(?<!不是)不想|不要|不能|(?<!特)别|不可以|不至于)"
    r"(?:任何|什么|真的|真|过|想过|想要|想|要|再|有|有过|考虑过?|动过|产生过?|到|那种|去|因为"
    r"|这种)*$"
    r"|\b(?:don'?t|do not|didn'?t|never|not|no longer|won'?t|isn'?t|aren'?t)"
    r"(?: (?:really|ever|want|wanted|going|planning|trying|thinking|of|about|to|gonna|wanna))*\s*$"
)
NOT_A_NEGATION = re.compile(
    r"不是$|没有?[^，]{0,4}[天刻时秒夜](?:不|不在)?$|没有?人知道[^，]{0,4}$|(?:忍|控制|克制|停|压|禁)不住?$|不停$|不断$|不得不$|不时$|不敢$"
)
# 不 right before 想, 会 or 要 (the words a match may begin with), but not in 想不想 or 不是不想.
NOT_BEFORE_VERB = re.compile(r"(?<![想会要是得由忍])不(?:再|太|怎么)?$")
VERB_OF_INTENT = ("想", "会", "要")

FIRST_PERSON = re.compile(
    r"我(?!们(?:小区|班|校|学校|公司|单位|村|楼|县|镇|宿舍|院|系|专业|心理|这|那|老师|领导)"
    r"|(?:大学|高中|初中|小学)(?:同学|室友|老师|校友)|家|妈|爸|哥|姐|弟|妹|爷|奶|女儿|儿子|老公|老婆|男|女|前任|学生|孩子|小孩|同学|朋友|闺蜜|室友|的)|自己|本人|俺"
)
OTHER_PERSON = re.compile(
    r"(?<![和跟与对被给])(?<![和跟与对被给]好)(?<!生了)(?:(?<!让)你|他|她|(?<!其)他们|她们|别人"
    r"|(?<![所没])有人|人们|自杀的人|朋友|闺蜜|女友|男友|女朋友|男朋友|同学|学妹|学长|学姐|学弟"
    r"|学生|室友|舍友"
    r"|同事|老公|老婆|丈夫|妻子|前任|前夫|前妻|孩子|小孩|女儿|儿子|哥哥|姐姐|弟弟|妹妹|表妹"
    r"|表弟|表哥|表姐|妈妈|母亲|我妈"
    r"|爸爸|父亲|我爸|亲戚|邻居|网友|姑娘|女孩情绪|患者|明星|某人|对方|青少年|领导|老板|(?<!心理)老师"
    r"|奶奶|爷爷|阿姨|叔叔|大叔|老人|老太太|老头|大学生|高中生|中学生|(?<!岁)(?<!岁的)[男女]生"
    r"|隔壁|班上|熟悉的人|身边的人|认识的人)"
)
# What others do that makes a person want to die: then the wish is the writer's.
DONE_TO_ME = re.compile(
    r"骂|逼|害|打|吵|分手|离婚|出轨|劈腿|去世|走了|离开|抛弃|不要|不理|不管|欺负|折磨|让|压"
    r"|讨厌|背叛"
)
WANTS_TO_HELP = re.compile(r"劝|开导|安慰|帮(?:他|她|助)|救(?:他|她)|拉(?:他|她)|陪(?:他|她)")
# What is talked about: books and classes, causes and numbers, what happened near by.
SUBJECT = re.compile(
    r"诗人|的诗|作家|作者|哲学|辩论|议论文|论文|毕业设计|作业|案例|课本|讲座|讲到|历史|佛教|武士|切腹"
    r"|(?:社会)?因素|原因|现象|文化|遗传|风险|评估|干预|预防|心理学|说明书|电视|新闻|网红|艺人|名人|崇祯"
    r"|小区|封路|警车|听说|自杀论|自杀的人|身亡|去世|人间失格|指的是"
    r"|(?:为什么|为何)[^，]{0,8}(?:的人|国家|地区)|(?:狗|猫|宠物)[^，]{0,6}安乐死|有人(?:跳|上吊|自杀|喝)"
)
# A death that has happened is not the death of who writes of it.
HAPPENED = re.compile(r"^[^，]{0,3}(?:了|过世|身亡|去世|而死|走的|那天|那年|未遂)")
# Stories and news: somebody writes about death, not about dying.
TOLD = re.compile(
    r"电影|电视剧|小说|剧情|游戏|新闻|历史|纪录片|歌词|歌里|书里|书中|漫画|动漫|动画|角色|主角"
    r"|男主|女主|论文|剧本|编剧|审稿|剧组|片场|狼人杀|boss|歌名|歌里|唱|报道|屈原|项羽|热搜|明星|课文"
)
# A question that somebody else asks, or that is asked of another: no word about the writer's wish.
ASKED_BY_ANOTHER = compiled(
    r"(?:<helper>|大夫|老师|他们?|她们?|人家|病人|同事|妈|爸|表)[^，]{0,8}"
    r"(?:问|勾|筛查)[^，]{0,8}(?:有没有|有无|是否|是不是|想没想|有过)[^，]{0,4}$"
    r"|(?:您|你)(?:是否|有没有|是不是|有过)[^，]{0,6}$"
)
SAID_NO = re.compile(r"(?:说|答|回答|回|勾)[^，]{0,6}(?:没有?|从不|不想|否)")
# Dreams too: what happens in one does not happen.
LONG_AGO = re.compile(
    r"小时候|梦见|梦到|以前|曾经|当年|那时|那会|当时|小学|初中|高中|去年|前年|年前|早些年"
)
# A game, or words that are quoted: what is said there is not meant, whoever says it.
PLAYED = re.compile(
    r"boss|副本|队友|这[局把]|游戏里|手游|跑酷|剧本杀|狼人杀|排位|团战|复活|npc"
    r"|(?:歌里|歌词|台词|剧里|书里|小说里)[^，]{0,4}(?:唱|写|说|是)?"
)
# A story in which one asks to be told how: that may be a way to ask for oneself.
WANTS_A_STORY = re.compile(r"写|步骤|详细|怎[么样]|如何|哪里|教|扮演|剧本需要|讲个|突然|好想")
# Many years ago, and well since.
YEARS_AGO = re.compile(
    r"[二三四五六七八九十几\d]+年前|当年|早年|年轻(?:的)?时|小学(?:时候)?|小时候"
)
WELL_SINCE = re.compile(
    r"现在[^，]{0,10}(?:好|孩子|孙|娃|过得|有了|岁|会笑)|庆幸|幸好|活到|感谢|走出来|念叨|救过?来了"
)
STILL_NOW = re.compile(r"现在|最近|今天|今晚|还|又|总|经常|一直|每天|如今|越来越")
