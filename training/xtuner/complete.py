"""What a written model needs beside its weights before it can be served."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Final

from inference import persona
from inference.chat_template import END
from inference.serve.checkpoint import content_of, ids_of
from training.xtuner.errors import XTunerError

if TYPE_CHECKING:
    from pathlib import Path

CONFIG: Final = "config.json"
GENERATION: Final = "generation_config.json"
TOKENIZER: Final = "tokenizer_config.json"


def complete(model: Path, base: Path) -> None:
    """Give `model` the code of `base`, and the end of a turn as a stop word.

    Without the stop word answers run on past their end. `base` may also be a name on a hub: then
    the code has to be there already.

    Raises:
        XTunerError: the code the model names is nowhere.
    """
    _code(model, base)
    _stop_words(model)


def mark(model: Path, train_json: Path) -> None:
    """Write beside a model the fingerprint of the persona it was trained under."""
    with train_json.open(encoding="utf-8") as file:
        row = next(line for line in file if '"conversation"' in line)
    system = json.loads(row.strip().lstrip("[").rstrip(",]"))["conversation"][0]["system"]
    _write(model / persona.FILE, {"persona": persona.fingerprint(system)})


def _code(model: Path, base: Path) -> None:
    """The Python files of the architecture, next to the weights and named without their hub."""
    config = json.loads((model / CONFIG).read_text(encoding="utf-8"))
    # A base from a hub is written as owner/name--module.Class, which fetches code from there.
    named = {
        kind: reference.rpartition("--")[2]
        for kind, reference in config.get("auto_map", {}).items()
        if isinstance(reference, str)
    }
    if not named:
        return
    if base.is_dir():
        for file in base.glob("*.py"):
            shutil.copy(file, model / file.name)
    for reference in named.values():
        if not (model / f"{reference.partition('.')[0]}.py").exists():
            raise XTunerError(
                f"{model.name} needs {reference.partition('.')[0]}.py, and {base} does not have it:"
                " name the folder of the base model."
            )
    config["auto_map"] = {**config["auto_map"], **named}
    _write(model / CONFIG, config)


def _stop_words(model: Path) -> None:
    tokenizer = json.loads((model / TOKENIZER).read_text(encoding="utf-8"))
    added = {
        content_of(token): int(number)
        for number, token in (tokenizer.get("added_tokens_decoder") or {}).items()
    }
    path = model / GENERATION
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    stops = ids_of(said.get("eos_token_id"))
    ends = {added[t] for t in (content_of(tokenizer.get("eos_token")), END) if t in added}
    _write(path, {**said, "eos_token_id": sorted({*stops, *ends})})


def _write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
