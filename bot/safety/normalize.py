"""One spelling for what people write in many: the text the rules read."""

from __future__ import annotations

import re
import unicodedata

BREAK = "，"  # the one mark that ends a clause in normalized text

# Traditional characters the rules need, and the ones around them. Not a converter: a full one is
# a dictionary, and these are all the rules look at.
_TRADITIONAL = (
    "殺傷殘樓頂橋藥燒農斷結離開邊沒麼麽裡裏這個們過還對為爲說讓覺輕書寫準備買愛媽兒學時現後來"
    "會與從總經間難絕臺檯醫脫繩無義煩氣嚇餓熱悶該黨電遊戲劇聞歷動潑躍壓夠膩終親閨應興將著別"
    "撐堅顆試辦幫問願寧嗎頭腦剛纔幾遺見鐵軌陽欄桿點脈種樣憂鬱員誰話給發決計劃畫選擇嘗惡衝傾"
    "慾實機夢極靈喫飲獨處緒並卻樂盡張慮師長歲帶業錢壞淚攢遙遠錯誤認識聽訴號碼數據論節連斃"
)
_SIMPLIFIED = (
    "杀伤残楼顶桥药烧农断结离开边没么么里里这个们过还对为为说让觉轻书写准备买爱妈儿学时现后来"
    "会与从总经间难绝台台医脱绳无义烦气吓饿热闷该党电游戏剧闻历动泼跃压够腻终亲闺应兴将着别"
    "撑坚颗试办帮问愿宁吗头脑刚才几遗见铁轨阳栏杆点脉种样忧郁员谁话给发决计划画选择尝恶冲倾"
    "欲实机梦极灵吃饮独处绪并却乐尽张虑师长岁带业钱坏泪攒遥远错误认识听诉号码数据论节连毙"
)
_TABLE = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

# Sound-alikes, slang and half-spelt words that stand for the thing itself.
_ALIKE = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (
            r"紫[砂鲨沙杀刹](?![壶茶锅泥杯])|(?<!来)自(?:鲨|sha|s(?![a-z]))|想自[沙刹砂]|zi杀|zisha",
            "自杀",
        ),
        (r"(?<=[想去寻])(?:4|s|亖|鼠|嘎|噶)(?=[了掉啊的，]|$)", "死"),
        (r"(?<![\d第零一二三四五六七八九十])4了(?=算|吧|就|也|一了)", "死了"),
        (r"想似(?![乎的是])|xiang ?si(?![a-z])|想si(?![a-z])", "想死"),
        (r"bu ?xiang ?huo(?: ?le)?", "不想活"),
        (r"不想huo", "不想活"),
        (r"跳lou|tiao ?lou", "跳楼"),
        (r"割(?:碗|wan)(?![a-z])|ge ?wan(?![a-z])", "割腕"),
        (r"轻[身声](?=的?念|$|，)", "轻生"),
        (r"嗝屁|噶了自己|嘎了自己", "自杀"),
    )
)
_MAY_BE_ALIKE = re.compile(r"[a-z4亖鼠嘎噶嗝紫似碗]|自[鲨沙刹砂]|轻[身声]")
_INVISIBLE = re.compile(
    r"[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_HAN = r"[\u3400-\u9fff〇]"
_SENTENCE_MARKS = re.compile(r"[,，!?;:。、~…]+|\.{2,}|\n+")
_SPELT_OUT = re.compile(rf"(?<![^\s\W])({_HAN}(?:[\W_]+{_HAN}){{1,}})(?![^\s\W])")
_OTHER_MARKS = re.compile(rf"(?:[^\w{BREAK}']|_)+")
_IS_HAN = re.compile(_HAN)


def normalize(text: str) -> str:
    """Lower case, simplified, one kind of clause mark, no marks or spaces inside Chinese words."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    folded = _INVISIBLE.sub("", folded)
    folded = folded.translate(_TABLE)
    # 我 想 死, 不.想.活: single characters set apart are one word, whatever stands between.
    folded = _SPELT_OUT.sub(lambda match: re.sub(r"[\W_]+", "", match[1]), folded)
    folded = _SENTENCE_MARKS.sub(BREAK, folded)
    folded = _OTHER_MARKS.sub(_space_or_nothing, folded).strip()
    if _MAY_BE_ALIKE.search(folded):
        for pattern, spelling in _ALIKE:
            folded = pattern.sub(spelling, folded)
    return folded


def _space_or_nothing(marks: re.Match[str]) -> str:
    """Nothing between two Chinese characters, a space between words of other scripts."""
    before = marks.string[max(0, marks.start() - 1) : marks.start()]
    after = marks.string[marks.end() : marks.end() + 1]
    return "" if _IS_HAN.match(before) and _IS_HAN.match(after) else " "
