"""Everything that was said in a test run, so that a log can be searched for any of it."""

from __future__ import annotations

import re

WINDOW = 6
"""A log that holds this many characters of a sentence in a row has quoted it."""

# How Chinese text looks where something printed it as bytes or as escaped JSON.
_ESCAPED = re.compile(r"\\xe[4-9]\\x[89ab]|\\u[4-9][0-9a-f]{3}", re.IGNORECASE)


class Spoken:
    """Remembers what people wrote and what the engine answered."""

    def __init__(self) -> None:
        self._windows: set[str] = set()

    def add(self, text: str) -> None:
        """Remember a sentence. What is plain ASCII looks like any log line, so it is left out."""
        if not text.startswith("/"):
            self._windows |= {window for window in _windows(text) if not window.isascii()}

    def quoted_in(self, log: str) -> bool:
        """Whether `log` holds a piece of anything that was said."""
        return bool(_ESCAPED.search(log)) or not self._windows.isdisjoint(_windows(log))


def _windows(text: str) -> set[str]:
    return {text[start : start + WINDOW] for start in range(len(text) - WINDOW + 1)}
