"""The figures of several runs as one Markdown table: python -m benchmarks.chaos.summary *.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_PERCENTILES = ("p50", "p99", "max")
_COLUMNS = (
    ("set-up", "setup"),
    ("seed", "seed"),
    ("messages", "messages"),
    ("turns", "turns"),
    ("kills", "kills"),
    ("lost", "lost"),
    ("twice", "twice"),
    ("out of order", "out_of_order"),
    ("sent again: first / parts / unheard", "sent_again"),
    ("id unstored at most, s", "longest_unstored"),
    ("final text p50 / p99 / longest, s", "to_final"),
    ("longest silence, s", "longest_silence"),
)


def summary(runs: Sequence[dict[str, Any]]) -> str:
    """A row a run."""
    lines = [
        "| " + " | ".join(title for title, _ in _COLUMNS) + " |",
        "|---" + "|---:" * (len(_COLUMNS) - 1) + "|",
    ]
    for run in sorted(runs, key=lambda run: (run["setup"], run["seed"])):
        again = run["sent_again"]
        cells = run | {
            "sent_again": f"{again['first']} / {again['parts']} / {again['unheard']}",
            "to_final": " / ".join(f"{run[f'to_final_{name}']:.1f}" for name in _PERCENTILES),
            "longest_unstored": f"{run['longest_unstored']:.1f}",
            "longest_silence": f"{run['longest_silence']:.1f}",
        }
        lines.append("| " + " | ".join(str(cells[key]) for _, key in _COLUMNS) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(summary([json.loads(Path(name).read_text()) for name in sys.argv[1:]]) + "\n")
