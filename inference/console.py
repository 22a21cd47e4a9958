"""What the commands of `python -m inference` share."""

from __future__ import annotations

import argparse
import os
import sys
from urllib.parse import urlsplit


class CommandError(Exception):
    """A command cannot do what it was asked; the message says why and what to do."""

    def __init__(self, message: str, *, exit_status: int = 1) -> None:
        """`exit_status` is 1 where the surroundings are wrong and 2 where the command is."""
        super().__init__(message)
        self.exit_status = exit_status


def environment(name: str, default: str = "") -> str:
    """An environment variable, where an empty one counts as not set."""
    return os.environ.get(name) or default


def base_url(text: str) -> str:
    """For argparse: the address of a server."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an address like http://127.0.0.1:23333/v1"
        )
    return text.rstrip("/")


def say(line: str = "") -> None:
    """Print one line at once, also into a log or a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
