"""A folder that is there whole or not at all, for stages that are run by hand."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def made_whole(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` that becomes it when the block ends well."""
    if out.exists():
        raise CommandError(f"{out} exists already; name another folder.", exit_status=2)
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    yield draft
    draft.rename(out)
