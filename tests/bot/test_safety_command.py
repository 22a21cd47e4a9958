"""`python -m bot safety`, in a process of its own with nothing configured."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    {"text": "我割过腕，被救回来了", "labels": ["自杀未遂"]},
    {"text": "今天下雨了", "labels": ["与自杀/自伤/攻击行为无关"]},
]


def safety(tmp_path: Path, rows: list[object], *options: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    command = [sys.executable, "-m", "bot", "safety", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_levels_come_out_a_line_each_in_order(tmp_path: Path) -> None:
    done = safety(tmp_path, list(ROWS))
    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, first["level"], second["level"]) == (0, "high", "none")


def test_the_report_counts_against_the_labels_and_shows_no_text(tmp_path: Path) -> None:
    done = safety(tmp_path, list(ROWS), "--report")
    assert done.returncode == 0
    assert "recall, concern or above: 1/1 = 100.0%" in done.stdout
    assert "false positives, concern or above: 0/1 = 0.0%" in done.stdout
    assert "plan, preparation, attempt: high or above: 1/1" in done.stdout
    assert "割" not in done.stdout + done.stderr


def test_a_line_without_labels_ends_the_report_and_is_named_by_number(tmp_path: Path) -> None:
    done = safety(tmp_path, [ROWS[0], {"text": "我的秘密"}], "--report")
    assert done.returncode == 1
    assert "line 2" in done.stderr
    assert "秘密" not in done.stdout + done.stderr


def test_a_report_of_levels_has_the_first_reader_alone_and_both(tmp_path: Path) -> None:
    rows = [{"text": "我不想活了", "level": "high"}, {"text": "今天下雨了", "level": "none"}]
    both = safety(tmp_path, rows, "--report").stdout.splitlines()
    alone = safety(tmp_path, rows, "--report", "--first-reader").stdout.splitlines()
    titles = [line for line in both if line.startswith("-- ")]
    assert titles == ["-- first reader alone", "-- both readers"]
    assert both[1 : both.index("-- both readers")] == alone
    assert any("high or above: 1/1" in line for line in alone)
