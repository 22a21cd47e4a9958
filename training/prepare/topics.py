"""What a dialogue is about, by plain words in what the client says: a rough count, not a label."""

from __future__ import annotations

import re

TOPICS = {
    "love": "男朋友|女朋友|男友|女友|恋爱|分手|喜欢(?:他|她|上)|暗恋|表白|前任|对象|复合|异地恋",
    "marriage": "老公|老婆|丈夫|妻子|结婚|离婚|婚姻|出轨|婆婆|怀孕|婚后",
    "family": "父母|爸爸|妈妈|爸妈|母亲|父亲|家里人|家人|弟弟|妹妹|姐姐|哥哥|爷爷|奶奶|原生家庭",
    "children": "孩子|儿子|女儿|宝宝|小孩|幼儿园",
    "study": "学习|考试|高考|考研|成绩|老师|作业|高三|初三|论文|上课|毕业|学校",
    "work": "工作|同事|领导|上班|公司|辞职|老板|加班|职场|面试|职业",
    "friends": "朋友|室友|同学|社交|宿舍|人际|闺蜜|舍友|交往|孤独|合群",
    "self": "自卑|自信|自己没用|内向|性格|敏感|迷茫|讨好|完美主义|拖延|成长|意义",
    "mood": "抑郁|焦虑|情绪|难过|崩溃|压力|烦躁|哭|心情|恐惧|害怕|紧张",
    "sleep and body": "失眠|睡不着|睡眠|噩梦|身体|医院|生病|头痛|减肥|体重",
}
OTHER = "other"
_PATTERNS = {topic: re.compile(words) for topic, words in TOPICS.items()}


def topic_of(said: str) -> str:
    """The topic with most hits in what the client said; the first one where several have."""
    hits = {topic: len(pattern.findall(said)) for topic, pattern in _PATTERNS.items()}
    best = max(hits, key=lambda topic: hits[topic])
    return best if hits[best] else OTHER
