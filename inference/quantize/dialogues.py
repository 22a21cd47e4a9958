"""Dialogues to calibrate with and to measure on: lines of `{"messages": [{"role", "content"}]}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from inference.engine import Message
from inference.quantize.errors import QuantizeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Dialogue = tuple[Message, ...]

ROLES: Final = ("system", "user", "assistant")

_DATASET_CARD: Final = """---
configs:
- config_name: LLM
  data_files:
  - split: train
    path: train.jsonl
---
"""


def read_dialogues(path: Path) -> list[Dialogue]:
    """The dialogues of a file.

    Raises:
        QuantizeError: there is no such file, it has none, or a line is not one.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuantizeError(f"{path} cannot be read ({type(error).__name__}).") from None
    dialogues = [_dialogue(path, number, line) for number, line in enumerate(lines, 1) if line]
    if not dialogues:
        raise QuantizeError(f"{path} holds no dialogue.")
    return dialogues


def _dialogue(path: Path, number: int, line: str) -> Dialogue:
    try:
        messages = tuple(
            Message(entry["role"], str(entry["content"])) for entry in json.loads(line)["messages"]
        )
        fits = bool(messages) and all(message.role in ROLES for message in messages)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise QuantizeError(
            f"{path}, line {number}: expected "
            '{"messages": [{"role": "user" or "assistant", "content": ...}, ...]}.'
        )
    return messages


def write_dataset(dialogues: Sequence[Dialogue], folder: Path) -> None:
    """Write dialogues where LMDeploy looks for `neuralmagic/calibration` when run in `folder`.

    That is the only one of its calibration sets that passes through the chat template, and a
    folder of its name is taken in place of the hub's. LMDeploy reads the words of user and
    assistant and leaves the system prompt out.
    """
    target = folder / "neuralmagic" / "calibration"
    target.mkdir(parents=True)
    (target / "README.md").write_text(_DATASET_CARD, encoding="utf-8")
    with (target / "train.jsonl").open("w", encoding="utf-8") as file:
        for dialogue in dialogues:
            messages = [{"role": entry.role, "content": entry.content} for entry in dialogue]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
