"""What the files of a prepared corpus are called; knows nothing of how they are made."""

from __future__ import annotations

from typing import Final

TRAIN_FILE: Final = "train.json"
HELD_OUT_FILE: Final = "held-out.jsonl"
CALIBRATION_FILE: Final = "calibration.jsonl"
PREFERENCES_FILE: Final = "dpo.jsonl"
CRISIS_FILE: Final = "crisis.jsonl"
DECISIONS_FILE: Final = "decisions.jsonl"
