"""Reads what a judge answered. A judge talks: only what is certain counts, nothing is guessed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"[-*_#>\s]*\banswer\b[*_\s]*[:：][*_]*(.*)", re.IGNORECASE)
_REASONING = re.compile(r"\breasoning\b[*_\s]*[:：]", re.IGNORECASE)
_EDGES = " \t*_`'\"“”‘’「」[]()<>.。,，;；:：!！-"
_VALUES = {"true": True, "yes": True, "false": False, "no": False}
NOT_APPLICABLE = frozenset({"na", "n/a", "null", "none", "not applicable"})


def read_choice(answer: str, options: Sequence[str]) -> str | None:
    """Which of the options a judge chose; None where none or more than one can be meant.

    What stands behind `ANSWER:` counts, as the prompts ask for it; without that label, the first
    line. Thoughts before the answer are not read.
    """
    said = _THOUGHT.sub("", answer)
    labelled = [found[1] for line in said.splitlines() if (found := _LABEL.match(line))]
    lines = labelled or said.strip().splitlines()[:1]
    chosen = {_option(_REASONING.split(line)[0], options) for line in lines} - {None}
    return chosen.pop() if len(chosen) == 1 else None


def _option(text: str, options: Sequence[str]) -> str | None:
    """The option that a text is, or begins with; the longest, as "No" begins "Not Relevant"."""
    bare = _bare(text)
    for option in sorted(options, key=len, reverse=True):
        wanted = _bare(option)
        rest = bare.removeprefix(wanted)
        if wanted and bare.startswith(wanted) and not rest[:1].isalnum():
            return None if _another(rest, option, options) else option
    return None


def _another(rest: str, option: str, options: Sequence[str]) -> bool:
    """Whether a list of options follows: the judge repeated the question."""
    others = [_bare(other) for other in options if other != option]
    first = rest.strip(_EDGES + "/|")
    is_list = rest.lstrip().startswith(("/", "|", ",", "，"))
    return is_list and any(first.startswith(one) for one in others)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_EDGES)


def read_items(answer: str, ids: Collection[str]) -> dict[str, bool | None]:
    """What a judge marked true, false or not applicable (None); what is unclear is left out."""
    said = _THOUGHT.sub("", answer)
    best: dict[str, bool | None] = {}
    for found in _objects(said):
        read = {name: _VALUES.get(mark) for name, mark in _marks(found, ids)}
        if len(read) >= len(best):
            best = read
    return best or _loosely(said, ids)


def _objects(text: str) -> Iterator[dict[str, object]]:
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    while start >= 0:
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if isinstance(found, dict):
                yield found
        start = text.find("{", end)


def _marks(found: dict[str, object], ids: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in ids:
        mark = str(found[name]).strip().casefold() if name in found else ""
        if mark in _VALUES or mark in NOT_APPLICABLE:
            yield name, mark


def _loosely(text: str, ids: Collection[str]) -> dict[str, bool | None]:
    """From what is nearly JSON: every id followed by one mark, the same wherever it stands."""
    read: dict[str, bool | None] = {}
    for name in ids:
        pattern = (
            rf'(?<!\w)["\'*]*{re.escape(name)}["\'*]*\s*[:：=]\s*["\'*]*(true|false|n/?a|null)\b'
        )
        marks = {found.casefold() for found in re.findall(pattern, text, re.IGNORECASE)}
        values = {_VALUES.get(mark) for mark in marks}
        if len(values) == 1:
            read[name] = values.pop()
    return read
