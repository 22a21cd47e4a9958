"""Finds a Chromium for the tests that look at a page."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LEFT_OUT = (
    "left out: no Chromium was found; install one (Debian: apt-get install chromium) "
    "or set CHROMIUM to its path"
)


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome; CHROMIUM in the environment goes first."""
    wanted = os.environ.get("CHROMIUM")
    if wanted:
        return wanted if Path(wanted).is_file() else None
    return next((found for name in NAMES if (found := shutil.which(name))), None)
