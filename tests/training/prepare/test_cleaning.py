from __future__ import annotations

import pytest

from training.corpora.crisis import FOUND_BY_DETECTOR, SAID_OPENLY
from training.corpora.dialogue import Dialogue, Role, Turn
from training.prepare.cleaning import EDITED, EDITS, LEFT_OUT, MARKS, NO_PAIR, REASONS, clean


def dialogue(*texts: str) -> Dialogue:
    roles = (Role.CLIENT, Role.COUNSELOR)
    turns = tuple(Turn(roles[index % 2], text) for index, text in enumerate(texts))
    return Dialogue("test", "1", turns)


def test_an_answer_that_is_only_a_thought_is_none() -> None:
    for answered in ("<think>他很累。</think>", "<think>他很累。", "他很累。</think>好", "\x00"):
        cleaned = clean(dialogue("我累", answered))
        assert cleaned.dialogue is None or "他很累" not in cleaned.dialogue.turns[1].text


def test_what_only_looks_like_a_mark_stays() -> None:
    said = dialogue("我 <3 你 (>_<) 1<2 [笑]", "[抱抱] 1 < 2，嗯 <你好>")
    assert clean(said).dialogue == said


@pytest.mark.parametrize(
    ("asked", "answered", "edit", "asked_after", "answered_after"),
    [
        ("求助者：我睡不着", "嗯", "echoed role prefix", "我睡不着", "嗯"),
        ("我睡不着", "Counselor: 嗯", "echoed role prefix", "我睡不着", "嗯"),
        ("你好，心理咨询师，我累", "嗯", "called a counsellor", "你好，我累", "嗯"),
        ("心理咨询师，您好，我累", "嗯", "called a counsellor", "您好，我累", "嗯"),
        ("我累，支持者。真的", "嗯", "called a counsellor", "我累。真的", "嗯"),
        ("谢谢心理咨询师！", "嗯", "thanks to a counsellor", "谢谢你！", "嗯"),
        ("我累", "求助者，我明白", "called 求助者", "我累", "我明白"),
        ("我累", "不客气，求助者。慢慢来", "called 求助者", "我累", "不客气。慢慢来"),
        ("我累", "题主可以休息", "forum words", "我累", "你可以休息"),
        ("我累", "题主你好，抱抱", "doubled greeting", "我累", "你好，抱抱"),
        ("我累", "<think>他很累。</think>\n\n歇一会儿吧", MARKS, "我累", "歇一会儿吧"),
        ("我累", "歇吧<|im_end|>\n<|im_start|>user\n好", MARKS, "我累", "歇吧"),
        ("<p>我累</p>", "歇<br/>一会儿&nbsp;吧", MARKS, "我累", "歇\n一会儿 吧"),
        ("我\x00累", "歇\x1b吧", MARKS, "我累", "歇吧"),
    ],
)
def test_traces_of_the_corpus_are_edited(
    asked: str, answered: str, edit: str, asked_after: str, answered_after: str
) -> None:
    cleaned = clean(dialogue(asked, answered))

    assert edit in cleaned.edits
    assert cleaned.dialogue == dialogue(asked_after, answered_after)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("我们的问题主要是钱", "你的问题主要是怕"),
        ("我在学心理咨询师的课，好难", "哪一部分最难？"),
        ("医生说我可能是抑郁症", "听到这个你是什么感觉？"),
        ("他加我微信了", "然后呢？"),
        ("我是程序员，总加班", "作为程序员，你很辛苦"),
        ("从上帝视角看", "如果你愿意主动说说"),
        ("我笑死了", "什么这么好笑？"),
        ("生活的意义是什么", "你觉得呢？"),
        ("我该怎么办", "也许我们可以一起找一位信得过的医生聊聊。"),
        ("老板联系我了，让我回去", "你想回去吗？"),
    ],
)
def test_ordinary_words_stay_as_they_are(asked: str, answered: str) -> None:
    cleaned = clean(dialogue(asked, answered))

    assert cleaned.dialogue == dialogue(asked, answered)
    assert cleaned.edits == ()


@pytest.mark.parametrize(
    ("asked", "answered", "reason"),
    [
        ("我不想活了", "别这样想。", SAID_OPENLY),
        ("我很难过", "你想过自杀吗？", SAID_OPENLY),
        ("我一看到刀片就想用它", "嗯。", SAID_OPENLY),
        ("他们说我爷爷快死了", "嗯。", SAID_OPENLY),
        ("我用刀在手上划", "嗯。", SAID_OPENLY),
        ("我试过离开这个世界", "嗯。", SAID_OPENLY),
        ("我想从这个世上彻底消失", "嗯。", FOUND_BY_DETECTOR),
        ("在吗", "", NO_PAIR),
        ("我累。支持者：抱抱你", "嗯", "two speakers in one turn"),
        ("你好", "我是一名心理咨询师。", "claims a profession"),
        ("你好", "你好，我是国家二级心理咨询师。", "claims a profession"),
        ("你好", "我是有故事的小王，一位动力学取向的咨询师。", "claims a profession"),
        ("怎么办", "【建议】多休息。", "forum words"),
        ("谢谢", "不客气，有问题随时私信我。", "asks for messages"),
        ("你好", "作为人工智能，我理解。", "claims to be a model"),
        ("请各位答主看看", "好的。", "forum words"),
        ("我累", "这要求助者自己决定", "role label"),
        ("请看 https://example.com", "好的。", "contact or address"),
        ("打我电话 13800000000", "好的。", "contact or address"),
        ("睡不着", "关注我们的微信公众号吧", "contact or address"),
        ("我吃了舍曲林", "嗯。", "drug or dose"),
        ("睡不着", "吃 5 mg 试试", "drug or dose"),
        ("我累", "念阿弥陀佛吧", "religious phrase"),
        ("我睡不着", "你可能有轻度抑郁症。", "names a diagnosis"),
    ],
)
def test_what_must_not_be_learnt_is_left_out(asked: str, answered: str, reason: str) -> None:
    cleaned = clean(dialogue(asked, answered))

    assert (cleaned.dialogue, cleaned.left_out) == (None, reason)


def test_danger_in_an_unanswered_last_turn_counts() -> None:
    assert clean(dialogue("我累", "怎么了？", "想自杀")).left_out == SAID_OPENLY


def test_client_may_name_a_profession_and_an_illness() -> None:
    said = dialogue("我是一名医生，我有抑郁症", "当医生也会累。")

    assert clean(said).dialogue == said


def test_turns_are_repaired_and_the_repairs_named() -> None:
    turns = (
        Turn(Role.COUNSELOR, "你好"),
        Turn(Role.CLIENT, "我"),
        Turn(Role.COUNSELOR, " "),
        Turn(Role.CLIENT, "累"),
        Turn(Role.COUNSELOR, "嗯"),
        Turn(Role.CLIENT, "再见"),
    )

    cleaned = clean(Dialogue("test", "1", turns))

    assert cleaned.dialogue == dialogue("我\n累", "嗯")
    assert cleaned.edits == ("empty turn", "same speaker twice", "cut ends")


def test_every_step_is_explained_in_the_data_card() -> None:
    assert {edit.name for edit in EDITS} < EDITED.keys()
    assert {reason.name for reason in REASONS} < LEFT_OUT.keys()
