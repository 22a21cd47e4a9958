"""Dialogues become the prompts that the bot would send."""

from __future__ import annotations

import json
import lzma
from itertools import islice, pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest

from inference.bench.dialogues import packaged, read, shuffled, within
from inference.console import CommandError
from inference.persona import SYSTEM_PROMPT

if TYPE_CHECKING:
    from pathlib import Path

    from inference.bench.dialogues import Conversation

SMILE = [
    {"role": "counselor", "content": "你好。"},
    {"role": "client", "content": "睡不着"},
    {"role": "client", "content": "三天了"},
    {"role": "counselor", "content": "三天，很难熬。"},
    {"role": "client", "content": "嗯"},
    {"role": "counselor", "content": "我在。"},
]
OURS = [
    {"role": "system", "content": "别的"},
    {"role": "user", "content": "睡不着\n三天了"},
    {"role": "assistant", "content": "三天，很难熬。"},
    {"role": "user", "content": "嗯"},
]


def said(conversation: Conversation) -> list[list[tuple[str, str]]]:
    return [[(m.role, m.content) for m in prompt] for prompt in conversation]


@pytest.mark.parametrize("xz", [False, True])
def test_both_formats_become_one_prompt_a_turn(xz: bool, tmp_path: Path) -> None:
    text = json.dumps({"id": "1", "dialogue": SMILE}) + "\n" + json.dumps({"messages": OURS}) + "\n"
    file = tmp_path / ("d.jsonl.xz" if xz else "d.jsonl")
    file.write_bytes(lzma.compress(text.encode()) if xz else text.encode())
    first, second = read(file)
    opening = [("system", SYSTEM_PROMPT), ("user", "睡不着\n三天了")]
    expected = [opening, [*opening, ("assistant", "三天，很难熬。"), ("user", "嗯")]]
    assert said(first) == said(second) == expected


def test_every_prompt_of_the_sample_ends_with_the_person_and_begins_with_the_one_before() -> None:
    for conversation in packaged():
        for prompt in conversation:
            assert [m.role for m in prompt[:2]] == ["system", "user"]
            assert prompt[-1].role == "user"
        for before, after in pairwise(conversation):
            assert after[: len(before)] == before


@pytest.mark.parametrize("line", ["{", "[]", '{"dialogue": [{"role": "x", "content": "秘密"}]}'])
def test_what_is_no_dialogue_is_named_by_its_line_only(line: str, tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text(json.dumps({"messages": OURS}) + "\n" + line)
    with pytest.raises(CommandError, match="line 2") as caught:
        read(file)
    assert "秘密" not in str(caught.value)


def test_a_file_that_is_missing_or_empty_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        read(tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(CommandError, match="no dialogue"):
        read(tmp_path / "empty.jsonl")


def test_the_same_seed_gives_the_same_order() -> None:
    first, second = (list(islice(shuffled(packaged(), Random(3)), 30)) for _ in range(2))
    assert first == second
    assert set(first[:12]) == set(packaged())


def test_a_prompt_that_is_too_long_loses_its_oldest_exchanges() -> None:
    whole = packaged()
    assert within(whole, 10_000) == whole
    room = len(SYSTEM_PROMPT) + 60
    for before, after in zip(whole, within(whole, room), strict=True):
        for long, short in zip(before, after, strict=True):
            assert short[0] == long[0]
            assert short[-1] == long[-1]
            assert short[1:] == long[-len(short) + 1 :]
            assert short[1].role == "user"
    assert any(
        len(short) < len(long)
        for before, after in zip(whole, within(whole, room), strict=True)
        for long, short in zip(before, after, strict=True)
    )
