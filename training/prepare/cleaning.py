"""The cleaning steps: small, named, in a fixed order; each edits a dialogue or takes it out.

To add one, add a line to EDITS or to REASONS; the data card counts it by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.safety.vocabulary import expand, words
from inference.answer_text import spoken
from inference.engine import ThoughtLeaked
from training.corpora.crisis import FOUND_BY_DETECTOR, SAID_OPENLY, crisis
from training.corpora.dialogue import Role, Turn, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.corpora.dialogue import Dialogue

NO_PAIR = "no pair"
EMPTY_TURN, SAME_SPEAKER, CUT_ENDS = "empty turn", "same speaker twice", "cut ends"
REJECTED_LEFT_OUT = "rejected answer left out"

MARKS = "thoughts and marks"
_MARKED = re.compile(r"[<\[◁\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|&[a-z]{2,6};")
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|strong|em|a|font|img|li|ul|ol|h[1-6])(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_COUNSELOR_NAMES = "心理咨询师|心理医生|咨询师|支持者|counsell?or|assistant"
_NAMES = f"求助者|来访者|{_COUNSELOR_NAMES}|client|user"
_END = r"(?=[，,。.！!？?～~\s]|$)"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that is replaced in the turns of `roles`."""

    name: str
    what: str
    roles: tuple[Role, ...]
    pattern: re.Pattern[str]
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Text in a turn of `roles` for which the whole dialogue is taken out.

    `patterns` are looked for in case-folded text, so they are written in lower case. Each way in
    them begins with a plain character, and what begins with a set of them is a pattern of its own:
    `re` then skips from one such character to the next, which takes a fraction of the time.
    """

    name: str
    what: str
    roles: tuple[Role, ...]
    patterns: tuple[re.Pattern[str], ...]
    of_ours: bool = True
    """Whether it is a reason in what was written for this project, too."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A dialogue ready to learn from, or the reason why there is none; and what was edited."""

    dialogue: Dialogue | None
    left_out: str | None = None
    edits: tuple[str, ...] = ()


def _ways(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_CLIENT, _COUNSELOR = (Role.CLIENT,), (Role.COUNSELOR,)
_ANYONE = (Role.CLIENT, Role.COUNSELOR)

EDITS = (
    Edit(
        "echoed role prefix",
        "求助者： and the like in front of a turn are cut",
        _ANYONE,
        re.compile(rf"^\s*(?:{_NAMES})\s*[:：]\s*", re.IGNORECASE),
    ),
    Edit(
        "forum words",
        "题主 and 楼主 become 你",
        _COUNSELOR,
        re.compile(r"(?<![话问标主课难考])(?:题主|楼主)(?![要体张旨导观动次任])"),
        "你",
    ),
    Edit(
        "called 求助者",
        "an answer that addresses 求助者 does not any more",
        _COUNSELOR,
        re.compile(
            r"(?:(?<=^)|(?<=[，。！？\s]))(?:亲爱的)?求助者[，,、：:！!]\s*"
            r"|[，,]\s*求助者(?=[。！!]|$)"
        ),
    ),
    Edit(
        "called a counsellor",
        "the model is a companion: nobody calls it 咨询师 or 支持者",
        _CLIENT,
        re.compile(
            rf"(?<=你好)[，,]?\s*(?:{_COUNSELOR_NAMES}){_END}"
            rf"|(?<=您好)[，,]?\s*(?:{_COUNSELOR_NAMES}){_END}"
            rf"|[，,]\s*(?:{_COUNSELOR_NAMES})(?=[！!。]|$)"
            rf"|^(?:{_COUNSELOR_NAMES})[，,]\s*(?=你好|您好)"
        ),
    ),
    Edit(
        "thanks to a counsellor",
        "谢谢支持者 becomes 谢谢你",
        _CLIENT,
        re.compile(rf"(?<=谢谢|感谢)(?:{_COUNSELOR_NAMES}){_END}"),
        "你",
    ),
    Edit(
        "doubled greeting",
        "你你好, left by the lines above",
        _COUNSELOR,
        re.compile("^你(?=[你您]好)"),
    ),
)

_TRACES = re.compile(f"{_NAMES}|题主|楼主")
"""Where none of these is in the case-folded turns, there is nothing to edit."""

_HELPER = expand("<helper>|咨询员|支持者|心理顾问")
_PROFESSION = rf"[^，。！？,;；\n]{{0,14}}(?:{_HELPER})"
_AN_AI = "(?:一[个名位款])?(?:ai|人工智能|语言模型|机器人|虚拟助手)"
_TO_ME = "(?:来|与|和|跟)?联系我"
_ACCOUNT = r"(?:号码?)?[是为:：]\s*\w{5,}"

_GRADE = "(?:轻度|中度|重度)?"
_ILLNESS = _GRADE + expand("<illness>")
_MEDICINES = "|".join(words("medicine"))

REASONS = (
    Reason(
        "two speakers in one turn",
        "a role and a colon inside of a turn",
        _ANYONE,
        _ways("(?:求助者|支持者|来访者|咨询师)[:：]"),
    ),
    Reason(
        "claims a profession",
        "an answer by 咨询师, 医生 and the like: our model is none",
        _COUNSELOR,
        _ways(
            rf"我(?:是|叫){_PROFESSION}|作为{_PROFESSION}|身为{_PROFESSION}"
            rf"|我们(?:一[名个位])?(?:专业的?)?(?:心理)?(?:{_HELPER})"
            rf"|叫我\w{{0,4}}(?:{_HELPER})|称呼我\w{{0,4}}(?:{_HELPER})|国家[一二三]级"
            rf"|取向的\w{{0,8}}(?:{_HELPER})"
        ),
    ),
    Reason(
        "claims to be a model",
        "an answer that speaks as an AI, not in our own talks: what it says is another's",
        _COUNSELOR,
        _ways(f"作为{_AN_AI}|我只?是{_AN_AI}|语言模型|chatgpt|openai"),
        of_ours=False,
    ),
    Reason(
        "forum words",
        "题主, 楼主, 答主 that no edit could mend, and what else is left of a forum's page",
        _ANYONE,
        _ways(
            "题(?<![话问标主课难考]题)主(?![要体张旨导观动次任])|楼主|答(?<![回应解]答)主"
            "|帖子|发帖|评论区|回复区|打赏|分钟前|【",
            r"\d\s*阅读",
        ),
        of_ours=False,
    ),
    Reason(
        "asks for messages",
        "an answer that wants to be written to elsewhere",
        _COUNSELOR,
        _ways(
            "私信|给我(?:们)?留言"
            f"|随时{_TO_ME}|可以{_TO_ME}|欢迎{_TO_ME}|再{_TO_ME}|请{_TO_ME}"
        ),
    ),
    Reason("role label", "an answer that still speaks of 求助者", _COUNSELOR, _ways("求助者")),
    Reason(
        "contact or address",
        "web and mail addresses, long numbers, 微信号, QQ and platforms that are advertised",
        _ANYONE,
        _ways(
            rf"https?://|www\.|@[a-z\d-]+\.[a-z]|微信{_ACCOUNT}|qq{_ACCOUNT}|扣扣{_ACCOUNT}"
            "|关注(?:一下)?(?:我|我们|咱们)的?(?:微信)?公众号|公众号[:：「“]|加我们?的?微信[:：]"
            "|壹心理|简单心理|knowyourself",
            r"\d\d{6}",
        ),
    ),
    Reason(
        "drug or dose",
        "names of psychiatric drugs, milligrams: the model speaks of neither",
        _ANYONE,
        _ways(_MEDICINES, r"\d\s*(?:mg|毫克|微克)", r"[一二两三四半\d]\s*[片粒]药"),
    ),
    Reason(
        "religious phrase",
        "an answer that prays, blesses or sends somebody to a god",
        _COUNSELOR,
        _ways(
            "阿弥陀佛|菩萨|佛祖|念佛|念经|信佛|愿主(?![动持张要流])|阿门|耶稣|神爱|祷告|圣经"
            "|上帝(?:是?爱|保佑|会|给你|与你|赐)|被上帝"
        ),
    ),
    Reason(
        "names a diagnosis",
        "an answer that tells the person what illness they have",
        _COUNSELOR,
        _ways(rf"你(?:可能|应该|这|就)?(?:是|有|患|得)了?(?:了|的是)?{_ILLNESS}"),
    ),
)  # fmt: skip

LEFT_OUT = {
    SAID_OPENLY: "a plain word of danger in any turn",
    FOUND_BY_DETECTOR: "no such word, but the detector reads high or imminent risk",
    NO_PAIR: "no client turn that is answered",
    **{reason.name: reason.what for reason in REASONS},
}
"""Every reason this module gives, in the order in which they are looked for."""

EDITED = {
    EMPTY_TURN: "an utterance without text is cut",
    SAME_SPEAKER: "utterances of one speaker in a row become one turn",
    CUT_ENDS: "what stands before the first client turn or after the last answer is cut",
    MARKS: "what a model thinks, its template's marks, HTML and control characters are cut",
    **{edit.name: edit.what for edit in EDITS},
    REJECTED_LEFT_OUT: (
        "an answer that was disliked and is not fit for training either: no preference"
    ),
}


def clean(raw: Dialogue, *, is_ours: bool = False) -> Cleaned:
    """Repair the turns, edit them, and look for a reason not to learn from them.

    Of what was written for this project (`is_ours`) nothing is edited.
    """
    edits = list(_repairs(raw.turns))
    danger = crisis(raw)
    if danger is not None:
        return Cleaned(None, danger, tuple(edits))
    turns = raw.turns if is_ours else tuple(_plain(turn) for turn in raw.turns)
    if turns != raw.turns:
        edits.append(MARKS)
    has_traces = not is_ours and _TRACES.search("\n".join(turn.text for turn in turns).casefold())
    for edit in EDITS if has_traces else ():
        edited = tuple(_edited(turn, edit) for turn in turns)
        if edited != turns:
            edits.append(edit.name)
            turns = edited
    dialogue = tidy(replace(raw, turns=turns))
    if dialogue is None or (raw.last_only and not turns[-1].text.strip()):
        return Cleaned(None, NO_PAIR, tuple(edits))
    reason = _reason(dialogue, is_ours=is_ours)
    if reason is not None:
        return Cleaned(None, reason, tuple(edits))
    if raw.rejected:
        dialogue = replace(dialogue, rejected=tuple(_fit_to_be_seen(raw)))
        if len(dialogue.rejected) < len(raw.rejected):
            edits.append(REJECTED_LEFT_OUT)
    return Cleaned(dialogue, None, tuple(edits))


def _reason(dialogue: Dialogue, *, is_ours: bool) -> str | None:
    """The name of the first of `REASONS` that holds."""
    said: dict[tuple[Role, ...], str] = {
        roles: "\n".join(turn.text for turn in dialogue.turns if turn.role in roles).casefold()
        for roles in (_COUNSELOR, _ANYONE)
    }
    for reason in REASONS:
        if is_ours and not reason.of_ours:
            continue
        if any(pattern.search(said[reason.roles]) for pattern in reason.patterns):
            return reason.name
    return None


def _fit_to_be_seen(raw: Dialogue) -> Iterator[str]:
    """Rejected answers, cleaned as if they had been the last turn: DPO reads them, too."""
    for answer in raw.rejected:
        instead = (*raw.turns[:-1], Turn(Role.COUNSELOR, answer))
        cleaned = clean(replace(raw, turns=instead, rejected=(), last_only=True)).dialogue
        if cleaned is not None:
            yield cleaned.turns[-1].text


def _repairs(turns: tuple[Turn, ...]) -> Iterator[str]:
    spoken = [turn for turn in turns if turn.text.strip()]
    if len(spoken) < len(turns):
        yield EMPTY_TURN
    if any(before.role is after.role for before, after in pairwise(spoken)):
        yield SAME_SPEAKER
    if spoken and (spoken[0].role is not Role.CLIENT or spoken[-1].role is not Role.COUNSELOR):
        yield CUT_ENDS


def _plain(turn: Turn) -> Turn:
    """The turn as it would be said: a thought and a page's marks would be learnt as they are."""
    if not _MARKED.search(turn.text):
        return turn
    text = _TAG.sub("", _BREAK.sub("\n", _CONTROL.sub("", turn.text))).replace("&nbsp;", " ")
    if turn.role is Role.COUNSELOR:
        try:
            text = spoken(text)
        except ThoughtLeaked:  # only its end is marked, in the middle of what would be the answer
            text = ""
    return turn if text == turn.text else replace(turn, text=text.strip())


def _edited(turn: Turn, edit: Edit) -> Turn:
    if turn.role not in edit.roles:
        return turn
    text = edit.pattern.sub(edit.replacement, turn.text)
    return turn if text == turn.text else replace(turn, text=text)
