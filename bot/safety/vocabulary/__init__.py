"""Words that the detector, the guard and training's cleaning look for, each list in one file.

A file `NAME.txt` holds the words of one kind, in normalized spelling (see `bot.safety.normalize`),
with spaces between them; a first line with `#` says what they are. `fragments.toml` holds pieces
of patterns that are built from them. Patterns refer to both by name:

    <method>    one of the words of method.txt, or the fragment of that name
    <8>         anything within a clause, at most 8 characters, as little as will do
    (a|b)       a choice; no group captures

Everything else is a regular expression. A word stands in one list; what several lists would hold
is a list of its own, and a fragment names them together.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

_REFERENCE = re.compile(r"<(\w+)>")
_PLAIN_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|\((?!\?)")


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of one list, in the order of its file. Raises FileNotFoundError: no such list."""
    return tuple(
        word
        for line in _file(f"{name}.txt").splitlines()
        if not line.startswith("#")
        for word in line.split()
    )


@cache
def expand(pattern: str) -> str:
    """The regular expression a pattern stands for. Raises FileNotFoundError: a name is unknown."""
    plain = _PLAIN_GROUP.sub(lambda token: "(?:" if token[0] == "(" else token[0], pattern)
    return _REFERENCE.sub(lambda reference: _referred(reference[1]), plain)


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, ready to search normalized text with."""
    return re.compile(expand(pattern))


def _referred(name: str) -> str:
    if name.isdecimal():
        return rf"[^，]{{0,{name}}}?"
    fragment = _fragments().get(name)
    return f"(?:{expand(fragment if fragment is not None else '|'.join(words(name)))})"


@cache
def _fragments() -> dict[str, str]:
    return {name: str(pattern) for name, pattern in tomllib.loads(_file("fragments.toml")).items()}


def _file(name: str) -> str:
    return resources.files("bot.safety.vocabulary").joinpath(name).read_text("utf-8")
