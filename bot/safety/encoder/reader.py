"""The second reader that runs on any machine: a small encoder, tuned on our own lines.

It reads meaning where the rules read words. Needs onnxruntime (the extra `reader`); without it,
or without its file, there is none and the first reader stands alone.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from bot.safety.encoder.inputs import windows
from bot.safety.encoder.tokenizer import Tokenizer
from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = "bot.safety.encoder.model"
WEIGHTS = "encoder.onnx"
DESCRIPTION = "encoder.json"
PERSONS = ("self", "other", "unclear", "nobody")
AXES = ("suicide", "body", "harm", "sexual", "child", "threat", "voices", "eating", "property")
_LEVELS = len(RiskLevel)


@dataclass(frozen=True, slots=True)
class EncoderReading:
    """What the encoder makes of the last message of a talk.

    `at_least` are probabilities that the level is concern, high, imminent or more.
    """

    level: RiskLevel
    at_least: tuple[float, float, float]
    who: str
    axes: frozenset[str]


class Encoder:
    """Reads a talk in 5 to 20 ms of one core; call it in a worker thread, it blocks."""

    def __init__(self, weights: bytes, description: str) -> None:
        """Load the network; raises ImportError without onnxruntime."""
        # The library tells its maker of each session, over the network, unless it is told before
        # it is loaded; and nothing of where or when people are read leaves this machine.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import numpy  # noqa: PLC0415  (comes with onnxruntime, which is an extra)
        import onnxruntime  # noqa: PLC0415

        onnxruntime.disable_telemetry_events()

        record = json.loads(description)
        self._tokenizer = Tokenizer.of(record["pieces"], record["scores"])
        self._thresholds: Sequence[float] = record["thresholds"]
        self._axis_thresholds: Sequence[float] = record["axis_thresholds"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            weights, options, providers=["CPUExecutionProvider"]
        )
        self._numpy: Any = numpy

    def read(self, talk: Sequence[tuple[str, bool]]) -> EncoderReading:
        """Read the last message of a talk: texts, and whether the bot said them, oldest first."""
        return max(
            (self._read_window(*window) for window in windows(self._tokenizer, talk)),
            key=lambda reading: (reading.level, reading.at_least[1]),
        )

    def _read_window(self, pieces: list[int], types: list[int]) -> EncoderReading:
        numpy = self._numpy
        inputs = {
            "pieces": numpy.array([pieces], dtype=numpy.int64),
            "types": numpy.array([types], dtype=numpy.int64),
        }
        logits = self._session.run(None, inputs)[0][0]
        levels = _softmax(numpy, logits[:_LEVELS])
        at_least = tuple(float(levels[step:].sum()) for step in (1, 2, 3))
        passed = [at >= limit for at, limit in zip(at_least, self._thresholds, strict=True)]
        level = RiskLevel(
            max((step for step, is_over in enumerate(passed, 1) if is_over), default=0)
        )
        persons = logits[_LEVELS : _LEVELS + len(PERSONS)]
        axes = 1 / (1 + numpy.exp(-logits[_LEVELS + len(PERSONS) :]))
        return EncoderReading(
            level,
            (at_least[0], at_least[1], at_least[2]),
            PERSONS[int(persons.argmax())],
            frozenset(
                axis
                for axis, at, limit in zip(AXES, axes, self._axis_thresholds, strict=True)
                if at >= limit
            ),
        )


def load_encoder() -> Encoder | None:
    """Load the packaged encoder; None where onnxruntime or its file is missing."""
    try:
        files = resources.files(FILES)
        weights = files.joinpath(WEIGHTS).read_bytes()
        return Encoder(weights, files.joinpath(DESCRIPTION).read_text("utf-8"))
    except (ImportError, FileNotFoundError):
        return None


def _softmax(numpy: Any, logits: Any) -> Any:  # noqa: ANN401  (numpy's arrays, an extra)
    powers = numpy.exp(logits - logits.max())
    return powers / powers.sum()
