"""Words stand in one list, and patterns name the list."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.safety.vocabulary import words

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
LISTS = {
    file.name.removesuffix(".txt"): words(file.name.removesuffix(".txt"))
    for file in resources.files("bot.safety.vocabulary").iterdir()
    if file.name.endswith(".txt") and file.name != "traditional.txt"
}
MAX_OF_ONE_LIST = 3  # a pattern that names more words of one list means the list


def test_no_word_stands_twice() -> None:
    count = Counter(word for list_ in LISTS.values() for word in list_)
    assert [word for word, times in count.items() if times > 1] == []


def strings(file: Path) -> Iterator[str]:
    """All strings of a module or of a TOML file, docstrings too."""
    text = file.read_text("utf-8")
    if file.suffix == ".toml":
        waiting: list[object] = [tomllib.loads(text)]
        while waiting:
            match waiting.pop():
                case str(found):
                    yield found
                case dict(table):
                    waiting += table.values()
                case list(values):
                    waiting += values
    else:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("package", ["bot/conversation", "bot/feedback", "bot/safety", "training"])
def test_no_pattern_repeats_a_list(package: str) -> None:
    repeated = []
    for file in (ROOT / package).rglob("*"):
        if file.suffix not in (".py", ".toml"):
            continue
        for text in strings(file):
            choices = set(re.split(r"\(\?<?[:=!]|[|()\s]", text))
            for name, list_ in LISTS.items():
                if len(found := choices.intersection(list_)) > MAX_OF_ONE_LIST:
                    repeated.append(f"{file.relative_to(ROOT)}: {sorted(found)} of <{name}>")
    assert repeated == []
