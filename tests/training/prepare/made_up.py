"""A made-up corpus of any size for the tests of `prepare`."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING

from training.corpora.files import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = [
    "最近",
    "工作",
    "压力",
    "很大",
    "室友",
    "吵架",
    "考试",
    "没有",
    "考好",
    "妈妈",
    "总是",
    "催我",
    "结婚",
    "晚上",
    "睡不着",
    "觉得",
    "自己",
    "不够",
    "好",
    "朋友",
    "不理我",
    "想",
    "换",
    "专业",
    "孩子",
    "不听话",
    "领导",
    "批评",
    "了我",
    "男朋友",
    "不回",
    "消息",
    "一个人",
    "在外地",
    "孤独",
    "听起来",
    "你",
    "辛苦",
    "可以",
    "说说",
    "发生",
    "什么",
    "那时候",
    "感受",
    "如何",
    "愿意",
    "试试",
    "散步",
    "写下来",
    "慢慢",
    "来",
    "我",
    "在",
    "这里",
]


def sentence(random: Random, words: int) -> str:
    return "".join(random.choices(WORDS, k=words)) + "。"


def smile_line(identifier: object, texts: list[str]) -> bytes:
    turns = [
        {"role": ("client", "counselor")[index % 2], "content": text, "annotation": []}
        for index, text in enumerate(texts)
    ]
    return json.dumps({"id": identifier, "dialogue": turns}, ensure_ascii=False).encode()


def smile_records(dialogues: int, per_opening: int = 2, pairs: int = 3) -> Iterator[Record]:
    """Every `per_opening` dialogues begin with one question and end it in other words."""
    for number in range(dialogues):
        opening = sentence(Random(f"opening {number // per_opening}"), 14)
        random = Random(f"dialogue {number}")
        texts = [opening + sentence(random, 2)]
        texts += [sentence(random, 12) for _ in range(2 * pairs - 1)]
        place = f"made-up, line {number + 1}"
        yield Record(place, str(number + 1), True, smile_line(number, texts))
