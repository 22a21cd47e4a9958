from __future__ import annotations

from training.corpora.dialogue import Dialogue, Role, Turn, tidy


def dialogue(*turns: tuple[str, str]) -> Dialogue:
    return Dialogue("test", "1", tuple(Turn(Role(role), text) for role, text in turns))


def test_neighbours_of_one_role_become_one_turn() -> None:
    tidied = tidy(dialogue(("client", " 在吗 "), ("client", "我好累"), ("counselor", "我在。")))

    assert tidied == dialogue(("client", "在吗\n我好累"), ("counselor", "我在。"))


def test_empty_utterance_goes_and_its_neighbours_meet() -> None:
    tidied = tidy(
        dialogue(("client", "在吗"), ("counselor", "  "), ("client", "喂"), ("counselor", "在。"))
    )

    assert tidied == dialogue(("client", "在吗\n喂"), ("counselor", "在。"))


def test_only_whole_pairs_are_left() -> None:
    tidied = tidy(
        dialogue(("counselor", "你好"), ("client", "嗨"), ("counselor", "嗯？"), ("client", "再见"))
    )

    assert tidied == dialogue(("client", "嗨"), ("counselor", "嗯？"))


def test_dialogue_without_an_answer_is_nothing() -> None:
    assert tidy(dialogue(("client", "在吗"))) is None
    assert tidy(dialogue(("counselor", "你好"))) is None
