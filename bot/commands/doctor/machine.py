"""This machine: files that others read, room on the disk."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from bot.commands.doctor.verdict import fail, ok, warn
from bot.settings import DOTENV
from bot.storage.store import KEY_FILE
from bot.watch.surroundings import DiskCheck

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.commands.doctor.verdict import Verdict
    from bot.settings import Settings


def look_at_machine(settings: Settings) -> Iterator[Verdict]:
    """Permissions and disk."""
    yield _private(".env", DOTENV, "chmod 600 .env")
    folder = settings.data_dir
    if not folder.exists():
        yield ok("DATA_DIR", f"{folder.absolute()} is not there yet; the first start makes it")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield fail(
            "DATA_DIR",
            f"{folder.absolute()} cannot be written by this user",
            "run as the user of the bot, or chown it",
        )
    else:
        yield _private("DATA_DIR", folder, f"chmod 700 {folder}")
    if not settings.encryption_keys:
        yield _private("key file", folder / KEY_FILE, f"chmod 600 {folder / KEY_FILE}")
    total, _, free = shutil.disk_usage(folder)
    room = f"{free >> 20} MiB of {total >> 20} MiB are free"
    if DiskCheck.is_low(total, free):
        yield fail("disk", room, "make room")
    else:
        yield ok("disk", room)


def _private(about: str, path: Path, fix: str) -> Verdict:
    if not path.exists():
        return ok(about, f"there is no {path}")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return warn(about, f"others of this machine can read {path} ({mode:04o})", fix)
    return ok(about, f"{path} is this user's alone")
