"""The sizes that operators plan with are those that the code counts with."""

from __future__ import annotations

from pathlib import Path

from benchmarks.gpu.sizes import tables

DOCS = Path(__file__).parents[2] / "docs"


def test_the_tables_in_the_documentation_are_the_codes() -> None:
    assert tables() in (DOCS / "serving.md").read_text(encoding="utf-8")
