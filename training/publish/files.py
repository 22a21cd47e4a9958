"""Which files of a model's folder go out: what is known to belong to a model, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Final

from inference.console import CommandError
from inference.persona import FILE as PERSONA_FILE
from training.pipeline.stage import STAGE_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GOES: Final = (
    *("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json"),
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja"),
    *("configuration_*.py", "modeling_*.py", "tokenization_*.py"),
    *(PERSONA_FILE, "quantization.json"),
)
STAYS: Final = (STAGE_FILE, "README.md", "xtuner_config.py", ".*")
"""Names paths of this machine, or is written anew."""
CARD: Final = "README.md"

_SAYS_WHERE: Final = ("config.json", "tokenizer_config.json")
_FROM_WHERE: Final = ("_name_or_path", "name_or_path")
"""Where transformers notes the folder that a model or a tokenizer was read from: a path of ours."""

_DIALOGUES: Final = frozenset(
    {"conversation", "conversations", "messages", "dialogue", "chosen", "rejected"}
)
"""Keys of JSON under which training text lies, in our files and in the corpora."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file that goes out."""

    name: str
    size: int
    """Bytes."""


def outgoing(folder: Path) -> list[str]:
    """Names of the files of `folder` that may go out.

    Raises CommandError where there is anything that does not belong to a model: the rule is that
    nothing unknown leaves, since a folder that holds training text is not told by its name.
    """
    names: list[str] = []
    for file in sorted(folder.iterdir()):
        if any(fnmatch(file.name, pattern) for pattern in STAYS):
            continue
        if not file.is_file() or not any(fnmatch(file.name, pattern) for pattern in GOES):
            raise CommandError(
                f"{file} is not a file of a model. Nothing was published: take it out of the "
                "folder if it is harmless, and never publish training text."
            )
        if file.suffix == ".json" and holds_dialogues(_read(file)):
            raise CommandError(f"{file} holds dialogues. Nothing was published.")
        names.append(file.name)
    if not any(name.endswith(".safetensors") for name in names):
        raise CommandError(f"{folder} holds no weights (*.safetensors).")
    return names


def holds_dialogues(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether there is a list of turns anywhere in JSON."""
    if isinstance(value, dict):
        return any(
            (key in _DIALOGUES and isinstance(inner, list) and bool(inner))
            or holds_dialogues(inner)
            for key, inner in value.items()
        )
    # A tokenizer's merges are lists of hundreds of thousands of strings.
    return isinstance(value, list) and any(
        holds_dialogues(inner) for inner in value if isinstance(inner, dict | list)
    )


def lay_out(source: Path, names: Sequence[str], card: str, out: Path) -> list[Item]:
    """Make `out` exactly what will be uploaded: the files without paths of ours, and the card.

    What needs no change is a link.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in names:
        told = _read(source / name) if name in _SAYS_WHERE else {}
        kept = {key: value for key, value in told.items() if key not in _FROM_WHERE}
        if kept == told:
            _link(source / name, out / name)
        else:
            text = json.dumps(kept, indent=2, ensure_ascii=False)
            (out / name).write_text(f"{text}\n", encoding="utf-8")
    (out / CARD).write_text(card, encoding="utf-8")
    return [Item(file.name, file.stat().st_size) for file in sorted(out.iterdir())]


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)


def _read(file: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise CommandError(f"{file} cannot be read as JSON. Nothing was published.") from None
