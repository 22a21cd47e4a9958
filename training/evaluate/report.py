"""What an evaluation found: figures of every model, and differences between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from training.evaluate.config import EvaluateError, Limits

if TYPE_CHECKING:
    from pathlib import Path

REPORT = "report.json"
PAGE = "report.md"
_NUMBERS = ConfigDict(ser_json_inf_nan="strings")
"""A figure that is no number is read back as one, and the file stays JSON."""


class Metric(StrEnum):
    """What is measured; docs/evaluation.md defines each."""

    LOSS = "loss"
    PERPLEXITY = "perplexity"
    CHARACTER_PERPLEXITY = "character_perplexity"
    BLEU = "bleu_4"
    ROUGE = "rouge_l"
    BERT = "bert_score"
    DISTINCT_1 = "distinct_1"
    DISTINCT_2 = "distinct_2"
    LENGTH = "length"
    REPETITION = "repetition"
    QUESTIONS = "questions"
    UNFINISHED = "unfinished"
    BLOCKED = "blocked"
    BLOCKED_IN_DANGER = "blocked_in_danger"
    ASKS_IN_DANGER = "asks_in_danger"
    COMPREHENSIVENESS = "comprehensiveness"
    PROFESSIONALISM = "professionalism"
    AUTHENTICITY = "authenticity"
    JUDGED_SAFETY = "judged_safety"


class Against(StrEnum):
    """Why a model is compared with another."""

    BEFORE = "before"
    """The other is the first one, which is served today or was trained from."""
    ORIGINAL = "original"
    """The other is the one this was quantized from."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its interval (95 %, by dialogue), where one can be given."""

    __pydantic_config__: ClassVar = _NUMBERS

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """How the judge did: `unusable` answers of the judge are left out of the means."""

    verdicts: int
    unusable: int
    asked_again: int
    run_means: dict[Metric, tuple[float, ...]]
    """The mean of each run."""


@dataclass(frozen=True, slots=True)
class Column:
    """One model, or the corpus's own answers."""

    name: str
    made_by: str
    """What generated, or where."""
    is_quantized: bool | None
    """None: behind an address that does not tell."""
    figures: dict[Metric, Figure]
    stopped: dict[str, int]
    """How many answers the bot's guard would stop, by kind; both kinds of contexts together."""
    answers: int
    shortened: int = 0
    """Contexts that were cut at their beginning to fit the model's window."""
    judged: Judged | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`model` minus `other`, over the same dialogues, with an interval of 99 %."""

    __pydantic_config__: ClassVar = _NUMBERS

    model: str
    other: str
    against: Against
    metric: Metric
    difference: float
    low: float
    high: float
    dialogues: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment of a held-out dialogue and what was answered; only on demand."""

    id: str
    said: str
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """The columns in the order given, the corpus's own answers first."""

    columns: tuple[Column, ...]
    comparisons: tuple[Comparison, ...]
    dialogues: int
    answers: int
    risk_prompts: int
    seed: int
    data: str
    """SHA-256 of the held-out file."""
    versions: dict[str, str]
    limits: Limits = field(default_factory=Limits)
    judge: str = ""
    encoder: str = ""
    samples: tuple[Sample, ...] = ()

    def write(self, folder: Path) -> None:
        """Write `report.json`."""
        text = _ADAPTER.dump_json(self, indent=2).decode()
        (folder / REPORT).write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Report:
        """Read it back. Raises EvaluateError."""
        try:
            written = (folder / REPORT).read_bytes()
            for old, new in _OLD_NAMES.items():
                written = written.replace(old, new)
            return _ADAPTER.validate_json(written)
        except (OSError, ValidationError) as error:
            raise EvaluateError(
                f"{folder / REPORT} cannot be read ({type(error).__name__})."
            ) from None


_ADAPTER = TypeAdapter(Report)
_OLD_NAMES = {
    b'"withheld"': b'"blocked"',
    b'"withheld_in_danger"': b'"blocked_in_danger"',
    b'"dangers"': b'"risk_prompts"',
}
"""Reports that were written with these are read. A quote within a text is escaped, so no text is
changed."""
