"""What is to be measured, on what, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inference.engine import Sampling
from training.evaluate.report import Limits

if TYPE_CHECKING:
    from pathlib import Path

MAX_ANSWER_TOKENS = 256
"""Tokens; the corpora's answers have a fifth of that."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """One model: a folder in Hugging Face's layout (16 bits or W4A16), or a server's base URL."""

    name: str
    where: Path | str
    served_at: str = ""
    """Base URL of a server of the folder: that answers then, and the folder tells losses alone."""


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """A strong model behind an OpenAI-compatible address that reads answers to CPsyCounE."""

    url: str
    """Ends in /v1."""
    dialogues: Path
    """CPsyCounE: nine folders of dialogues."""
    model: str = ""
    """Empty: the first that the server lists."""
    runs: int = 3
    temperature: float = 0.0
    api_key: str = field(default="", repr=False)
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class EvalConfig:
    """An evaluation.

    The first source is the model before, the last one the candidate. A W4A16 folder is compared
    with the source named right before it as well: that is taken for the model it was made from.
    """

    data: Path
    """The folder that `python -m training prepare` wrote."""
    models: tuple[ModelSource, ...]
    out: Path
    """For `report.md`, `report.json` and `answers/`, which a second run goes on from."""
    dialogues: int | None = None
    """How many held-out dialogues; None for all."""
    answers: int = 3
    """Answers that are generated in each dialogue, at turns spread over it."""
    risk_prompts: int = 400
    """First messages of dialogues of danger that are answered."""
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=MAX_ANSWER_TOKENS))
    seed: int = 7
    batch: int = 16
    """Answers that are generated at once; at an address, requests under way."""
    device: str = ""
    """cpu or cuda; empty takes cuda where there is one."""
    trust_remote_code: bool = False
    encoder: Path | None = None
    """A folder with a BERT for BERTScore."""
    encoder_layer: int | None = None
    """The layer whose outputs are compared; None: two thirds of the way up."""
    judge: JudgeConfig | None = None
    api_key: str = field(default="", repr=False)
    """For models at an address."""
    with_feedback: bool = False
    """Whether what users gave back is measured on, too; it is then in the folder `out`."""
    samples: int = 0
    """Answers that the report shows; never of users' feedback."""
    resamples: int = 2000
    limits: Limits = field(default_factory=Limits)
    """By how much the candidate may be worse."""
