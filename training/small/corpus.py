"""What the small model may learn from, and the openings kept back to test it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.corpora.crisis import CRISIS
from training.corpora.dialogue import Dialogue, Role, Turn, tidy
from training.corpora.openings import is_held_out

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

_ANYONE_NOISE = {
    "contact": r"https?://|www\.|微信号|加我微信|QQ群|公众号|\w@\w|\d{7,}|壹心理|简单心理|知乎",
    "drug": r"舍曲林|帕罗西汀|氟西汀|西酞普兰|劳拉西泮|阿普唑仑|奥氮平|喹硫平|米氮平|文拉法辛"
    r"|安定片|[0-9]\s*(?:mg|毫克)",
    "forum": r"题主|楼主|答主",
    "religion": r"上帝|耶稣|佛祖|阿弥陀佛|菩萨|圣经|祷告",
    "role label": r"求助者|支持者|来访者|client|counselor",
}
_COUNSELOR_NOISE = {
    "claims a profession": r"(?:我是|作为)(?:一[名个位]|你的)?(?:专业的?)?(?:心理)?"
    r"(?:咨询师|医生|治疗师|咨询员)",
    "claims to be a model": r"(?:作为|我是|我只是)(?:一[个名])?(?:AI|人工智能|语言模型|机器人)",
    "diagnoses": r"你(?:是|有|患|得)了?(?:轻度|中度|重度)?(?:抑郁症|焦虑症|双相|强迫症|精神分裂)",
}
_ANYONE = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _ANYONE_NOISE.items()}
_COUNSELOR = {name: re.compile(pattern) for name, pattern in _COUNSELOR_NOISE.items()}

_CLAUSE = re.compile(r"[^，。！？；：、,!?;…\s]+[，。！？；：、,!?;…\s]*")
_SHORT_OPENING = range(8, 41)
_SHORTEST_OPENING = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """Dialogues to train on, dialogues held out, and how many were left out for which reason."""

    train: tuple[Dialogue, ...]
    held_out: tuple[Dialogue, ...]
    left_out: dict[str, int]


def select(dialogues: Iterable[Dialogue], held_out_share: float) -> Selection:
    """Clean and split; whole opening groups go to one side, `held_out_share` of them to the test.

    The reader's order is kept on both sides and the split depends on the text alone, so the same
    corpus always gives the same selection.
    """
    train: list[Dialogue] = []
    held_out: list[Dialogue] = []
    left_out: Counter[str] = Counter()
    for raw in dialogues:
        dialogue = tidy(raw)
        reason = "no pair" if dialogue is None else reason_to_leave_out(dialogue)
        if dialogue is None or reason is not None:
            left_out[str(reason)] += 1
        elif is_held_out(dialogue, held_out_share):
            held_out.append(dialogue)
        else:
            train.append(dialogue)
    return Selection(tuple(train), tuple(held_out), dict(sorted(left_out.items())))


def reason_to_leave_out(dialogue: Dialogue) -> str | None:
    """The name of the first rule that bars the dialogue from training, or None."""
    everything = "\n".join(turn.text for turn in dialogue.turns)
    if CRISIS.search(everything):
        return "crisis"
    for name, pattern in _ANYONE.items():
        if pattern.search(everything):
            return name
    said = "\n".join(turn.text for turn in dialogue.turns if turn.role is Role.COUNSELOR)
    return next((name for name, pattern in _COUNSELOR.items() if pattern.search(said)), None)


def with_short_opening(dialogue: Dialogue, random: Random) -> Dialogue:
    """The dialogue with its first message cut to the whole clauses that fit a drawn length.

    The dialogue must be tidy; it comes back as it is when its first clause is too long.
    """
    limit = random.choice(_SHORT_OPENING)
    end = 0
    for clause in _CLAUSE.finditer(dialogue.opening):
        if clause.end() > limit:
            break
        end = clause.end()
    # People rarely end a short message with a full stop; a question mark carries meaning.
    opening = dialogue.opening[:end].rstrip("，。；：、,;… \n")
    if len(opening) < _SHORTEST_OPENING:
        return dialogue
    turns = (Turn(Role.CLIENT, opening), *dialogue.turns[1:])
    return Dialogue(dialogue.source, dialogue.id, turns)
