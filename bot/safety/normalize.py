"""One spelling for what people write in many: the text the rules read."""

from __future__ import annotations

import re
import unicodedata

from bot.safety.vocabulary import words

BREAK = "，"  # the one mark that ends a clause in normalized text

_TABLE = str.maketrans({pair[0]: pair[1] for pair in words("traditional")})

# Sound-alikes, slang and half-spelt words that stand for the thing itself.
_ALIKE = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (
            r"紫[砂鲨沙杀刹](?![壶茶锅泥杯])|紫衫(?=$|，)|(?<!来)自(?:鲨|sha|s(?![a-z]))|(?<=想)自[沙刹砂]"
            r"|zi ?(?:杀|sha)(?![a-z])|(?<=想)zs(?![a-z])",
            "自杀",
        ),
        (r"想4一4", "想死"),
        (r"(?<=[想去寻])(?:4|s|亖|鼠|嘎|噶)(?=[了掉啊的，]|$)", "死"),
        (r"(?<![\d第零一二三四五六七八九十])4了(?=算|吧|就|也|一了)", "死了"),
        (r"想似(?![乎的是])|xiang ?si(?![a-z])|想si(?![a-z])", "想死"),
        (r"bu ?xiang ?huo(?: ?le)?", "不想活"),
        (r"不想huo", "不想活"),
        (r"an ?眠药|安 ?mian ?药|安眠 ?yao(?![a-z])|an ?mian ?yao(?![a-z])", "安眠药"),
        (r"(?:跳|tiao) ?(?:lou|楼)|(?<=想)跳l(?![a-z])", "跳楼"),
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
_APART = re.compile(rf"(?<={_HAN}{{2}})[ \t\u3000]+(?={_HAN}{{2}})")
_OTHER_MARKS = re.compile(rf"(?:[^\w{BREAK}']|_)+")
# 死死死 is 死, however often: only in words of danger, 哈哈哈 stays what it is.
_DRAWN_OUT = re.compile(r"([死杀活跳割想])\1{2,}")
_IS_HAN = re.compile(_HAN)


def simplified(text: str) -> str:
    """Simplified characters in place of traditional ones, one for one: places stay the same."""
    return text.translate(_TABLE)


def normalize(text: str) -> str:
    """Lower case, simplified, one kind of clause mark, no marks or spaces inside Chinese words."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    folded = _INVISIBLE.sub("", folded)
    folded = folded.translate(_TABLE)
    # 我 想 死, 不.想.活: single characters set apart are one word, whatever stands between.
    folded = _SPELT_OUT.sub(lambda match: re.sub(r"[\W_]+", "", match[1]), folded)
    folded = _SENTENCE_MARKS.sub(BREAK, folded)
    folded = _OTHER_MARKS.sub(_space_or_nothing, folded).strip()
    folded = _DRAWN_OUT.sub(r"\1", folded)
    if _MAY_BE_ALIKE.search(folded):
        for pattern, spelling in _ALIKE:
            folded = pattern.sub(spelling, folded)
    return folded


def apart(message: str) -> str | None:
    """The message with a clause mark where a space parts Chinese words; None where none does.

    `normalize` takes such a space away, for it may stand anywhere in a word; as often it stands
    for a comma, and what is denied before it is not denied after it.
    """
    parted = _APART.sub(BREAK, message)
    return None if parted == message else parted


def _space_or_nothing(marks: re.Match[str]) -> str:
    """Nothing between two Chinese characters, a space between words of other scripts."""
    before = marks.string[max(0, marks.start() - 1) : marks.start()]
    after = marks.string[marks.end() : marks.end() + 1]
    return "" if _IS_HAN.match(before) and _IS_HAN.match(after) else " "
