"""What the risk classifier learns from and is measured on."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.evaluation.report import is_positive, is_severe

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Example:
    """A text and whether it speaks of danger to the writer's own life or body."""

    text: str
    danger: bool
    severe: bool = False
    """Of a plan, a preparation or an attempt."""


def read_labelled(path: Path) -> list[Example]:
    """The rows of psysuicide/valid.jsonl. Raises ValueError naming the line it cannot read."""
    examples = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                text, labels = str(record["text"]), list(map(str, record["labels"]))
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"{path.name}, line {number}: expected text and labels") from None
            examples.append(Example(text, is_positive(labels), is_severe(labels)))
    return examples


def read_own() -> list[Example]:
    """Sentences written for this project."""
    source = resources.files("training.risk").joinpath("own.toml").read_text("utf-8")
    record = tomllib.loads(source)
    return [
        *(Example(text, danger=True) for text in record["danger"]),
        *(Example(text, danger=False) for text in record["harmless"]),
    ]
