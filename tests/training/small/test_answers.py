from __future__ import annotations

from training.small.answers import fixed_openings, judge


def test_looping_answer_is_found() -> None:
    assert judge(["我会一直陪着你，我会一直陪着你。"]).looping == 1.0
    assert judge(["我会一直陪着你。", "今天过得怎么样？"]).looping == 0.0


def test_diversity_counts_character_pairs_over_all_answers() -> None:
    assert judge(["一二三。", "一二三。"]).distinct_2 == 0.5


def test_answer_without_a_sentence_end_is_unfinished() -> None:
    assert judge(["好的。", "好的，那我们"]).unfinished == 0.5


def test_most_frequent_beginning_is_measured() -> None:
    assert (
        judge(["听起来你很累。", "听起来你很累，睡吧。", "你好呀。", "嗯。"]).same_beginning == 0.5
    )


def test_there_are_sixty_different_openings() -> None:
    assert len(set(fixed_openings())) == 60
