"""What keeps a measurement from being taken."""

from __future__ import annotations


class BenchmarkError(Exception):
    """Something is not as it has to be; the message is one sentence for the one who started it."""
