"""What a person reads of what a model writes, over any boundary of its pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer_text import AnswerText, spoken
from inference.engine import ThoughtLeaked

THOUGHT = "用户很难过，我先共情。\n不要说教。"
SAID = "我在听，慢慢说。"

FRAMES = [
    f"<think>\n{THOUGHT}\n</think>\n\n{SAID}",
    f"<THINK>{THOUGHT}</THINK>{SAID}",
    f'<think time="3">{THOUGHT}</think>{SAID}',
    f"<thinking>{THOUGHT}</thinking>{SAID}",
    f"<thought>\n{THOUGHT}</thought>\n{SAID}",
    f"<seed:think>{THOUGHT}</seed:think>{SAID}",
    f"<think>{THOUGHT}<reflection>{THOUGHT}</reflection></think>{SAID}",
    f"<think>\n\n</think>\n\n{SAID}",
    f"<think>{THOUGHT}</think>\n<answer>\n{SAID}</answer>",
    f"[THINK]{THOUGHT}[/THINK]{SAID}",
    f"◁think▷{THOUGHT}◁/think▷{SAID}",
    f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>\n\n<|begin_of_solution|>{SAID}<|end_of_solution|>",
    f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{SAID}<|END_RESPONSE|>",
    f"<|inner_prefix|>{THOUGHT}<|inner_suffix|>{SAID}",
    f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
    f"<|start|>assistant<|channel|>final<|message|>{SAID}<|return|>",
    f"<|channel>thought\n{THOUGHT}<channel|>{SAID}",
    f"<unused94>thought\n{THOUGHT}<unused95>{SAID}",
]
ENDS = [
    "[UNUSED_TOKEN_145]\n",
    "<|im_end|>\n<|im_start|>user\n我好难过",
    "<|im_start|>user\n我好难过",
    "</s>",
    "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n我",
    "<｜end▁of▁sentence｜><｜User｜>我",
    "<end_of_turn>\n<start_of_turn>user\n我",
    "<|endoftext|>接着写",
]
BEGINNINGS = ["<|im_start|>assistant\n", "<｜Assistant｜>", "<s>"]
ORDINARY = [
    "a < b，3 > 2，<3 你",
    "<b>粗</b>、[链接](https://example.org/a_b)、[x] 和 ◁",
    "你说的 <answer> 是什么？",
    "`if a<b` 和 <",
]


def said(pieces: list[str], *, begins_in_thought: bool = False) -> str:
    reader = AnswerText(begins_in_thought=begins_in_thought)
    return "".join([*map(reader.feed, pieces), reader.close()])


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    """The text, cut at these places."""
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


CUTS = st.lists(st.integers(0, 500), max_size=80)


@given(
    st.sampled_from(FRAMES), st.sampled_from(["", *ENDS]), st.sampled_from(["", *BEGINNINGS]), CUTS
)
def test_neither_a_thought_nor_a_mark_is_said_however_it_is_cut(
    frame: str, end: str, beginning: str, cuts: list[int]
) -> None:
    assert said(pieces_of(beginning + frame + end, cuts)).strip() == SAID


@given(st.sampled_from(ENDS), st.sampled_from(["", *BEGINNINGS]), CUTS)
def test_an_answer_ends_with_its_turn_however_it_is_cut(
    end: str, beginning: str, cuts: list[int]
) -> None:
    assert said(pieces_of(beginning + SAID + end, cuts)) == SAID


@given(st.sampled_from(FRAMES), st.integers(0, 500))
def test_nothing_of_a_thought_is_said_when_the_answer_breaks_off(frame: str, cut: int) -> None:
    heard = AnswerText().feed(frame[: cut % len(frame)])
    assert not set(heard) & set("共情教")
    assert SAID.startswith(heard.strip())


@given(st.sampled_from([*ORDINARY, SAID]), CUTS)
def test_what_is_no_mark_is_said_as_it_is(text: str, cuts: list[int]) -> None:
    assert said(pieces_of(text, cuts)) == text


@given(st.text(alphabet="<>|[]/◁▷ thinkTHINK_UNUSED0145im_endstarchel\n我", max_size=60), CUTS)
def test_any_text_is_said_alike_however_it_is_cut(text: str, cuts: list[int]) -> None:
    try:
        whole = spoken(text)
        assert said(pieces_of(text, cuts)) == whole
    except ThoughtLeaked:
        pass  # said before its end was seen; see below


@given(CUTS)
def test_a_thought_that_the_prompt_opened_is_held_until_its_end(cuts: list[int]) -> None:
    text = f"{THOUGHT}\n</think>\n\n{SAID}"
    assert said(pieces_of(text, cuts), begins_in_thought=True) == SAID
    assert spoken(text) == SAID


def test_a_thought_that_was_taken_for_the_answer_is_an_error() -> None:
    reader = AnswerText()
    assert reader.feed("用户很难过，") == "用户很难过，"
    with pytest.raises(ThoughtLeaked):
        reader.feed("我先共情。</think>我在。")
    assert reader.opened_by_prompt
