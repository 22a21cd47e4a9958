"""A loop of a model is found whatever its pieces; what only resembles one is not."""

from __future__ import annotations

import pytest

from bot.conversation.repetition import RepetitionWatch


def where_found(text: str, size: int) -> int | None:
    watch = RepetitionWatch()
    for start in range(0, len(text), size):
        if watch.is_loop(text[start : start + size]):
            return start + size
    return None


@pytest.mark.parametrize("size", [1, 7, 40])
@pytest.mark.parametrize(
    "unit",
    ["\n", "哈", "我在。", "你可以试着深呼吸，慢慢地吸气，再慢慢地呼气。\n\n", "Take a breath. "],
)
def test_a_loop_is_found_soon(unit: str, size: int) -> None:
    found = where_found("先说点别的。" + unit * 2000, size)
    assert found is not None
    assert found < 800


@pytest.mark.parametrize(
    "text",
    [
        "哈" * 120,
        "".join(f"{number}. 慢慢来，先做第{number}件小事。\n" for number in range(400)),
        "\n".join("月亮代表我的心" for _ in range(12)),
        "".join(chr(0x4E00 + number * 37 % 5000) for number in range(3000)),
    ],
)
def test_what_only_resembles_a_loop_is_none(text: str) -> None:
    assert where_found(text, 5) is None
