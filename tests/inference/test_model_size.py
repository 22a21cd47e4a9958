"""What is below the 7B class, by number and by name."""

import pytest

from inference.model_size import is_below_7b_class, is_small_by_name


@pytest.mark.parametrize(
    ("parameters", "is_below"),
    [
        *((0, True), (6_359_808, True), (1_777_088_000, True), (4_022_000_000, True)),
        *((6_243_584_000, False), (7_737_708_544, False)),
    ],
)
def test_parameters_decide(parameters, is_below):
    assert is_below_7b_class(parameters) is is_below


@pytest.mark.parametrize(
    "name",
    [
        "Qwen2.5-Coder-1.5B-Instruct",
        "internlm2-chat-1_8b",
        "qwen3:0.6b",
        "llama-3.2-3b",
        "SmolLM2 360M",
    ],
)
def test_a_small_model_says_so_in_its_name(name):
    assert is_small_by_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("internlm2_5-7b-chat", "qwen3:8b", "Qwen3-30B-A3B", "deepseek-chat", "gpt-4o-mini", ""),
        *("Qwen2.5-7B-Instruct-4bit", "qwen2_5_7b", "chatglm3-6b", "/models/internlm2-chat-7b"),
    ],
)
def test_a_name_of_the_7b_class_or_without_a_size_is_not_small(name):
    assert not is_small_by_name(name)
