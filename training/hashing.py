"""What is in files and folders, by hash: models of tens of gigabytes, and our own code."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

Contents = dict[str, dict[str, int | str]]
"""Name inside a folder -> its `bytes` and `sha256`."""

_THREADS = 4  # hashing lets go of the interpreter's lock
_SHORT = 24  # characters of a value that is told; a hash is longer


def contents_of(
    place: Path, *, without: Collection[str] = (), only: Collection[str] = ()
) -> Contents:
    """Every file of a folder, or the one file; hidden ones and names in `without` are left out.

    `only` names the files and folders in it that count, where not all do.

    Raises FileNotFoundError where there is nothing.
    """
    if not place.exists():
        raise FileNotFoundError(f"{place}: there is no such file or folder")
    root = place if place.is_dir() else place.parent
    files = {
        name: file
        for file in (sorted(place.rglob("*")) if place.is_dir() else [place])
        if file.is_file() and (name := file.relative_to(root).as_posix()) not in without
        if not only or any(name == one or name.startswith(f"{one}/") for one in only)
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
    }
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(files, pool.map(_digest, files.values()), strict=True))


def differences(wanted: Contents, found: Contents) -> list[str]:
    """Names of files that are missing, changed or more than there should be."""
    names = wanted.keys() | found.keys()
    return sorted(name for name in names if wanted.get(name) != found.get(name))


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What was otherwise before, as `name.of.a.value=VALUE`; of long values only the name."""
    old, new = dict(_leaves(before, "")), dict(_leaves(now, ""))
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [
        f"{name}={old[name]}" if name in old and len(str(old[name])) <= _SHORT else name
        for name in changed
    ]


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    if not isinstance(value, Mapping):
        yield name, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, f"{name}.{key}" if name else str(key))


def hash_of(value: Mapping[str, Any] | Contents) -> str:
    """One SHA-256 for anything that JSON can say."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def code_hash(places: Iterable[Path]) -> str:
    """Names what Python files and folders of them do.

    A changed comment, docstring or sentence of an error is no change. Other files beside the code
    (word lists, models) count by their bytes.
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
        if isinstance(node, ast.Raise):
            node.exc = None  # where it ends nothing is made
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
