"""The table of duties in docs/safety.md: each row's tests exist, or it says why there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`(test_\w+(?:\.py)?|tests/[\w/.]+)`")


def duties() -> list[list[str]]:
    """The rows of the table, as cells."""
    text = (ROOT / "docs/safety.md").read_text(encoding="utf-8")
    section = text.partition("\n## Duties\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def exists(name: str, defined: set[str]) -> bool:
    if name.startswith("tests/"):
        return (ROOT / name).exists()
    return any(ROOT.glob(f"tests/**/{name}")) if name.endswith(".py") else name in defined


@pytest.fixture(scope="module")
def defined() -> set[str]:
    """The names of all tests."""
    files = [file.read_text(encoding="utf-8") for file in ROOT.glob("tests/bot/**/test_*.py")]
    return {name for file in files for name in re.findall(r"def (test_\w+)\(", file)}


def test_every_duty_has_a_feature_a_setting_and_a_test_or_a_reason(defined: set[str]) -> None:
    rows = duties()
    assert len(rows) > 10
    for row in rows:
        assert all(row), row
        named = _NAMED.findall(row[-1])
        assert named or len(row[-1].split()) > 5, row
        assert [name for name in named if not exists(name, defined)] == [], row
