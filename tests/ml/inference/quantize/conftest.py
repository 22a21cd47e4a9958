"""A tiny InternLM2, and real dialogues to calibrate it with and to measure it on."""

import json
from pathlib import Path

import pytest

from inference import persona
from training.tiny import write_checkpoint

SAMPLE = Path(__file__).parents[3] / "bot" / "conversation" / "smilechat_sample.jsonl"
ROLES = {"client": "user", "counselor": "assistant"}
CALIBRATION_DIALOGUES = 12


@pytest.fixture(scope="session")
def dialogues():
    """SmileChat's (CC0 1.0) as lists of messages."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    return [
        [
            {"role": ROLES[said["role"]], "content": said["content"]}
            for said in json.loads(line)["dialogue"]
        ]
        for line in lines
    ]


def _write(path, dialogues):
    lines = (json.dumps({"messages": dialogue}, ensure_ascii=False) for dialogue in dialogues)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def calibration(tmp_path_factory, dialogues):
    folder = tmp_path_factory.mktemp("dialogues")
    return _write(folder / "calibration.jsonl", dialogues[:CALIBRATION_DIALOGUES])


@pytest.fixture(scope="session")
def held_out(tmp_path_factory, dialogues):
    folder = tmp_path_factory.mktemp("dialogues")
    return _write(folder / "held-out.jsonl", dialogues[CALIBRATION_DIALOGUES:])


@pytest.fixture(scope="session")
def original(tmp_path_factory, dialogues):
    """The checkpoint, taught a little, so that quantizing has something to lose."""
    texts = [message["content"] for dialogue in dialogues for message in dialogue]
    folder = write_checkpoint(tmp_path_factory.mktemp("model") / "tiny", texts, steps=60)
    (folder / persona.FILE).write_text(json.dumps({"persona": persona.fingerprint()}))
    return folder
