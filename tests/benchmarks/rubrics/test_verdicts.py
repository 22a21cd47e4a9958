"""Judges talk: what they answered is found among it, and nothing is guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rubrics.verdicts import read_choice, read_items

OPTIONS = ["Yes", "No", "Not Relevant (the user refuses)", "Not Relevant"]
IDS = ["P1", "P2", "M1", "X0"]

chatter = st.text(max_size=60).filter(lambda text: "answer" not in text.casefold())
lines = st.lists(chatter.filter(lambda text: "<" not in text), max_size=4).map("\n".join)
marks = st.sampled_from([("", ""), ("**", "**"), ("[", "]"), ('"', '"'), ("`", "`"), ("", ".")])
labels = st.sampled_from(
    ["ANSWER:", "Answer: ", "**ANSWER:**", "**Answer**:", "- answer：", "# ANSWER: "]
)


@given(st.sampled_from(OPTIONS), lines, labels, marks, lines)
def test_a_labelled_answer_is_found_in_any_talk(option, before, label, mark, after):
    said = f"{before}\n{label} {mark[0]}{option}{mark[1]}\nREASONING: {after}"
    assert read_choice(said, OPTIONS) == option


@given(st.text(), st.lists(st.text(min_size=1, max_size=12), max_size=4))
def test_whatever_is_said_only_an_option_comes_of_it(said, options):
    assert read_choice(said, options) in {None, *options}
    assert read_choice(f"ANSWER: {said}", options) in {None, *options}


@given(st.sampled_from(["Yes", "No"]), lines)
def test_thoughts_are_no_answers(option, thought):
    other = "No" if option == "Yes" else "Yes"
    said = f"<think>{thought}\nANSWER: {other}</think>\nANSWER: {option}"
    assert read_choice(said, OPTIONS) == option


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("No", "No"),
        ("No, because it asked.\nREASONING: yes it did", "No"),
        ("not relevant", "Not Relevant"),
        ("ANSWER: Not relevant (the user refuses)", "Not Relevant (the user refuses)"),
        ("ANSWER: No REASONING: it says yes", "No"),
        ("ANSWER: Yes\nOn second thought:\nANSWER: No", None),
        ("ANSWER: Yes / No", None),
        ("ANSWER: [your answer]", None),
        ("ANSWER: Nothing of the kind", None),
        ("I cannot judge this talk.", None),
        ("", None),
        ("<think>ANSWER: Yes", None),
    ],
)
def test_what_is_not_certain_is_not_guessed(said, option):
    assert read_choice(said, OPTIONS) == option


values = st.sampled_from([True, False, "NA", "true", "False", "N/A", None])
MEANT = {True: True, False: False, "true": True, "False": False}


@given(st.dictionaries(st.sampled_from(IDS), values, min_size=1), lines, lines)
def test_marks_are_found_in_any_talk(marks, before, after):
    clear = str.maketrans("{}", "()")
    said = f"{before.translate(clear)}\n```json\n{json.dumps(marks)}\n```\n{after.translate(clear)}"
    assert read_items(said, IDS) == {name: MEANT.get(mark) for name, mark in marks.items()}


@given(st.text())
def test_whatever_is_said_marks_are_marks(said):
    for text in (said, f"{{{said}}}", f'{{"P1": {said}}}'):
        read = read_items(text, IDS)
        assert set(read) <= set(IDS)
        assert set(read.values()) <= {True, False, None}


@pytest.mark.parametrize(
    ("said", "marks"),
    [
        ('{"P1": true, "why": he said "no", "X0": "NA"}', {"P1": True, "X0": None}),
        ("**P1**: true\n**P2**: False\nX0: N/A", {"P1": True, "P2": False, "X0": None}),
        ('{"P1": true} then {"P1": false, "P2": true}', {"P1": False, "P2": True}),
        ("P1: true, or P1: false", {}),
        ('{"P1": "perhaps"}', {}),
        ("No JSON today.", {}),
    ],
)
def test_broken_json_is_read_as_far_as_it_is_clear(said, marks):
    assert read_items(said, IDS) == marks
