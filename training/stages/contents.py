"""What is in files and folders, by hash: models of tens of gigabytes, and our own code."""

from __future__ import annotations

import ast
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

Contents = dict[str, dict[str, int | str]]
"""Name inside a folder -> its `bytes` and `sha256`."""

_THREADS = 4  # hashing lets go of the interpreter's lock


def contents_of(place: Path, *, without: Collection[str] = ()) -> Contents:
    """Every file of a folder, or the one file; hidden ones and names in `without` are left out.

    Raises FileNotFoundError where there is nothing.
    """
    if not place.exists():
        raise FileNotFoundError(f"{place}: there is no such file or folder")
    root = place if place.is_dir() else place.parent
    files = {
        name: file
        for file in (sorted(place.rglob("*")) if place.is_dir() else [place])
        if file.is_file() and (name := file.relative_to(root).as_posix()) not in without
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
    }
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(files, pool.map(_digest, files.values()), strict=True))


def differences(wanted: Contents, found: Contents) -> list[str]:
    """Names of files that are missing, changed or more than there should be."""
    names = wanted.keys() | found.keys()
    return sorted(name for name in names if wanted.get(name) != found.get(name))


def hash_of(value: Mapping[str, Any] | Contents) -> str:
    """One SHA-256 for anything that JSON can say."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def code_hash(places: Iterable[Path]) -> str:
    """Names what Python files and folders of them do: a changed comment or docstring is no change.

    Other files beside the code (word lists, models) count by their bytes.
    """
    found: dict[str, str] = {}
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                name = file.relative_to(place.parent).as_posix()
                found[name] = _meaning(file) if file.suffix == ".py" else _sha256(file)
    return hash_of({name: {"sha256": digest} for name, digest in found.items()})


def _meaning(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _digest(file: Path) -> dict[str, int | str]:
    return {"bytes": file.stat().st_size, "sha256": _sha256(file)}


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
