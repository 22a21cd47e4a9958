"""Whether an adapter belongs to the model it is to be put on.

llama.cpp refuses one whose shapes do not fit. One that was trained on other weights of the same
shapes fits, and makes nonsense: only the digests in the catalogue tell.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from inference.local.gguf_header import NotGGUFError, read_kind

if TYPE_CHECKING:
    from pathlib import Path


class AdapterUnusableError(ValueError):
    """The adapter cannot be used; the message is a clause that says why."""


def check_adapter(adapter: Path, base: Path, base_of: dict[str, str]) -> None:
    """Read both files and compare.

    Args:
        adapter: the adapter's file.
        base: the model's.
        base_of: digest of the base by digest of the adapter, as far as they are known. Of another
            adapter only the kind is looked at.

    Raises:
        AdapterUnusableError: they do not belong together.
        OSError: one cannot be read.
    """
    try:
        kind, architecture = read_kind(adapter)
        _, base_architecture = read_kind(base)
    except NotGGUFError as error:
        raise AdapterUnusableError(f"it is not a GGUF file ({error})") from None
    if kind != "adapter":
        raise AdapterUnusableError("it is not an adapter")
    if architecture != base_architecture:
        raise AdapterUnusableError(
            f"it is for {architecture}, and the model is {base_architecture}"
        )
    wanted = base_of.get(_sha256(adapter))
    if wanted is not None and _sha256(base) != wanted:
        raise AdapterUnusableError("it was trained on another base (their SHA-256 differ)")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
