"""Take out of a conversation what could name a person: people, places, schools, employers, numbers.

Rules, lists and jieba's tagger of Chinese words; no model, nothing leaves the machine. It misses
some (`docs/data.md` says which kinds), so a person has to read what comes out.
"""

from __future__ import annotations

import logging
import re
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.errors import StartupError
from bot.safety import simplified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Replacement = str | Callable[[re.Match[str]], str]

PERSONS: Final = tuple(f"某{stem}" for stem in "甲乙丙丁戊己庚辛壬癸")
"""One for each person of a conversation, so that it is still clear who is who."""
ANOTHER, PLACE, SCHOOL, EMPLOYER = "某人", "某地", "某学校", "某单位"
NUMBER, CONTACT, ACCOUNT, DATE = "某号码", "某网址", "某账号", "某日"

_COMMONEST: Final = 8
"""Words that jieba's dictionary has seen more often are words, whatever else they could be."""

_COMMONEST_NICKNAME: Final = 310

_HAN: Final = "[\u4e00-\u9fff]"
_SPOKEN: Final = "[零〇一二两三四五六七八九幺]"
_TITLES: Final = (
    "老师|医生|大夫|护士|教授|导师|校长|主任|经理|老板|总监|总(?![是结体算共之会有得要])|律师|阿姨|叔叔|大爷|大妈|奶奶|爷爷|伯伯|婶婶|姐姐|哥哥"
    "|姐|哥|先生|女士|小姐|同学|师傅|教练|队长|班长|局长|处长|科长|警官"
)
_NUMBERS: Final = (
    (ACCOUNT, r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w@])@[A-Za-z0-9_]{3,}"),
    (CONTACT, r"(?:https?://|www\.)[^\s，。！？]+|\b[\w.-]+\.(?:com|cn|net|org|me|io|top)(?:/\S*)?\b"),
    (
        ACCOUNT,
        r"(?:微信|(?<![A-Za-z])(?i:vx|wx|wechat|qq|ins|tg))(?:号码?|(?i:id))?\s*[是为:：]?\s*[A-Za-z\d][\w-]{4,}"
        r"|\b(?=[\w-]*\d)[A-Za-z][\w-]{5,}\b",
    ),
    (DATE, r"(?:19|20)\d\d\s*[年./-]\s*\d{1,2}\s*[月./-]\s*\d{1,2}\s*[日号]?"),
    (NUMBER, r"[\u4e00-\u9fff][A-Z][A-Z\d]{5}(?![A-Za-z\d])"),
    (NUMBER, rf"\+?\(?\d(?:[ ()-]?\d){{4,}}[Xx]?(?!\d|\s*[元块万])|{_SPOKEN}{{6,}}"),
    (
        PLACE,
        r"(?<=[路街道巷弄村区园苑栋幢楼])\d{1,4}\s*(?:号楼?|栋|幢|弄|单元|室|层|楼)"
        r"(?:\d{1,4}\s*(?:号楼?|单元|室|层|楼))*",
    ),
)  # fmt: skip
_PATTERNS: Final = tuple((put, re.compile(pattern)) for put, pattern in _NUMBERS)
_SAID_NAME: Final = re.compile(
    rf"(?:我叫|我是叫|我名字叫|名字是|名字叫|[他她它]叫|叫做|名叫|[爸妈哥姐弟妹友学朋]叫)({_HAN}{{2,4}})(?=[，。,.!！？?；;\s、的]|$)"
)
_NICKNAME: Final = re.compile(
    "[小老][王李张刘陈杨黄赵吴周徐孙朱胡郭林罗郑梁宋唐许邓冯韩曹彭曾田董潘袁蒋蔡杜魏吕丁沈姚卢姜崔谭陆汪]"
    r"(?=[，。！？、\s和跟与也都说是在对把给让老的]|$)"
)
_ENGLISH_NAME: Final = re.compile(
    r"(?:(?i:my name is|i am called|call me|named)\s+)([A-Z][a-z]+(?: [A-Z][a-z]+)?)"
    r"|\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? ([A-Z][a-z]+)"
    r"|(?<=[a-z,] )([A-Z][a-z]{2,}(?: [A-Z][a-z]+)*)"
    r"|(?<=[\u4e00-\u9fff，。])([A-Z][a-z]{2,})(?=[\u4e00-\u9fff，。])"
)


@cache
def _known() -> Mapping[str, frozenset[str]]:
    source = resources.files("bot.feedback").joinpath("known.toml").read_text("utf-8")
    lists = {name: frozenset(words.split()) for name, words in tomllib.loads(source).items()}
    return {**lists, "surnames": frozenset("".join(lists["surnames"]))}


@dataclass(frozen=True, slots=True)
class Tagger:
    """How often a word was seen, in jieba's dictionary; the words of a text with their tags."""

    frequency: Callable[[str], int]
    tag: Callable[[str], Iterable[tuple[str, str]]]


class Deidentifier:
    """Rewrites conversations; `taken_out` counts what it found, by what stands in its place."""

    def __init__(self) -> None:
        self.taken_out: Counter[str] = Counter()

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The texts of one conversation without names and numbers; a person has one name in all.

        Raises StartupError where the tagger is not installed.
        """
        for put, pattern in _PATTERNS:
            texts = [self._put(text, pattern, put) for text in texts]
        people = self._people(texts)
        if people:
            pattern = re.compile("|".join(map(re.escape, sorted(people, key=len, reverse=True))))
            texts = [self._put(text, pattern, lambda match: people[match[0]]) for text in texts]
        for replacement, pattern in self._lists:
            texts = [self._put(text, pattern, replacement) for text in texts]
        return list(texts)

    @cached_property
    def _tagger(self) -> Tagger:
        return _load_tagger()  # takes seconds, and where nothing was rated it is not needed

    @cached_property
    def _lists(self) -> tuple[tuple[Replacement, re.Pattern[str]], ...]:
        known = _known()

        def either(name: str) -> str:
            return "|".join(map(re.escape, sorted(known[name], key=len, reverse=True)))

        surname = f"(?:{either('two_surnames')}|[{''.join(known['surnames'])}])"
        return (
            (
                lambda match: f"某{match[1]}",
                re.compile(rf"(?<![老小大任])(?<!{_HAN}[某]){surname}({_TITLES})(?!{_HAN}?[某])"),
            ),
            (SCHOOL, re.compile(f"(?:{either('schools')})(?:大学|附中)?")),
            (EMPLOYER, re.compile(f"(?:{either('companies')})(?:公司|集团)?")),
            (
                PLACE,
                re.compile(
                    rf"(?:(?:{either('places')})(?:特别行政区|自治区|[省市县])?)+"
                    rf"(?:{_HAN}{{1,3}}?(?:[区县镇乡村路街巷]|小区))*"
                ),
            ),
            (
                SCHOOL,
                re.compile(
                    rf"{PLACE}{_HAN}{{0,5}}?(?:大学|学院|中学|小学|高中|初中|附中|附小|幼儿园"
                    r"|第?[一二三四五六七八九十]+中)"
                ),
            ),
            (
                EMPLOYER,
                re.compile(
                    rf"{PLACE}{_HAN}{{0,5}}?(?:医院|银行|公司|集团|工厂|法院|派出所|事务所)"
                    rf"|{_HAN}{{2,4}}(?:有限公司|集团公司)"
                ),
            ),
        )

    def _put(self, text: str, pattern: re.Pattern[str], put: Replacement) -> str:
        """Replace what reads so in simplified characters, wherever it stands in the text."""
        read, parts, end = simplified(text), [], 0
        for match in pattern.finditer(read):
            replacement = put if isinstance(put, str) else put(match)
            self.taken_out[put if isinstance(put, str) else ANOTHER] += 1
            parts += [text[end : match.start()], replacement]
            end = match.end()
        return "".join([*parts, text[end:]])

    def _people(self, texts: Sequence[str]) -> dict[str, str]:
        """Names of people in the texts, and what each is called from now on."""
        people: dict[str, str] = {}
        for text in texts:
            for name in self._names_in(simplified(text)):
                if name in people:
                    continue
                number = len(set(people.values()))
                people[name] = PERSONS[number] if number < len(PERSONS) else ANOTHER
                if len(name) == 3 and re.fullmatch(f"{_HAN}+", name):
                    people.setdefault(name[1:], people[name])  # 思远 is 王思远
        return people

    def _names_in(self, text: str) -> Iterable[str]:
        yield from (match[1] for match in _SAID_NAME.finditer(text) if match[1][0] != "某")
        yield from _NICKNAME.findall(text)
        for match in _ENGLISH_NAME.finditer(text):
            name = next(group for group in match.groups() if group)
            if name not in _known()["no_english_names"]:
                yield name
        words = [*self._tagger.tag(text), ("", "")]
        for (word, tag), (following, its_tag) in pairwise(words):
            if self._is_name(word, tag):
                yield word
            elif self._is_surname(word, tag) and self._is_given_name(following, its_tag):
                yield word + following

    def _is_name(self, word: str, tag: str) -> bool:
        known = _known()
        if word in known["no_names"] or re.search(f"(?:{_TITLES})$", word):
            return False
        if len(word) == 2 and word[0] in "小阿老":
            is_called_so = word[1] in known["surnames"] or (tag == "nr" and word[0] != "老")
            return is_called_so and (
                word[0] == "阿" or self._tagger.frequency(word) <= _COMMONEST_NICKNAME
            )
        if not tag.startswith("nr") or self._tagger.frequency(word) > _COMMONEST:
            return False
        return (len(word) in {2, 3} and word[0] in known["surnames"]) or (
            len(word) in {3, 4} and word[:2] in known["two_surnames"]
        )

    def _is_given_name(self, word: str, tag: str) -> bool:
        is_title = re.fullmatch(_TITLES, word) is not None
        return len(word) <= 2 and tag[:2] in {"nr", "ns", "nz"} and not is_title

    def _is_surname(self, word: str, tag: str) -> bool:
        known = _known()
        if len(word) == 1:
            return word in known["surnames"] and tag.startswith("nr")
        return word in known["two_surnames"]


def _load_tagger() -> Tagger:
    try:
        import jieba
        from jieba import posseg
    except ModuleNotFoundError:
        raise StartupError(
            "Taking names out needs the package jieba: pip install --editable '.[feedback]'"
        ) from None
    jieba.setLogLevel(logging.WARNING)
    words = jieba.Tokenizer()
    # It would read and leave a cache in the folder of temporary files that every user writes to.
    with tempfile.TemporaryDirectory() as folder:
        words.tmp_dir = folder
        words.initialize()
    tokenizer = posseg.POSTokenizer(words)

    def tag(text: str) -> Iterable[tuple[str, str]]:
        return ((pair.word, pair.flag) for pair in tokenizer.cut(text))

    return Tagger(frequency=lambda word: int(words.FREQ.get(word, 0)), tag=tag)
