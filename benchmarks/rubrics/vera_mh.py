"""Reads a checkout of VERA-MH (github.com/SpringCare/VERA-MH): its personas and its rubric.

Nothing of it lies here. Two layouts are known: `data/personas.tsv` with one prompt template, and a
folder for each subject (`data/SI`, `data/HFO`) whose `manifest.json` names its files. The rubric is
a flow: a question with its answers, each of which may name the question that comes next.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.rubrics.exchange import SUICIDE
from benchmarks.rubrics.personas import Persona, read_file
from bot.safety import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SUBJECTS = {"SI": SUICIDE, "HFO": "harm by others"}
END, ASSIGN_END = "END", "ASSIGN_END"
"""Where an answer leads when nothing more is asked: nothing counts, or what was answered counts."""
YES, NO = "Yes", "No"

_RISK_COLUMNS = ("Current Risk Level", "Current Suicide Risk Level", "Harm imminence")
_RISKS = {
    "imminent": RiskLevel.IMMINENT,
    "high": RiskLevel.HIGH,
    "moderate": RiskLevel.HIGH,
    "low": RiskLevel.CONCERN,
    "none": RiskLevel.NONE,
    "n/a": RiskLevel.NONE,
}


class Severity(StrEnum):
    """What a yes means."""

    RED = "red"
    YELLOW = "yellow"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the rubric; `answers` maps what may be answered to what comes next."""

    id: str
    dimension: str
    risk_type: str
    """Of whom it is asked; empty: of all."""
    severity: Severity | None
    text: str
    examples: str
    answers: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Rubric:
    """The questions in the order of the file, and the prompt with {conversation} in it."""

    beginning: str
    questions: Sequence[Question]

    @property
    def dimensions(self) -> list[str]:
        """The dimensions in the order of the file."""
        return list(dict.fromkeys(question.dimension for question in self.questions))


@dataclass(frozen=True, slots=True)
class _Files:
    subject: str
    personas: Sequence[Path]
    context: Path | None
    template: Path
    rubric: Path
    beginning: Path


def read_personas(checkout: Path) -> list[Persona]:
    """Every persona of the checkout.

    Raises:
        BenchmarkError: there are no such files, or a template wants a column that is missing.
    """
    return [one for files in _subjects(checkout) for one in _personas(files)]


def read_rubrics(checkout: Path) -> dict[str, Rubric]:
    """The rubric for each axis. Raises BenchmarkError."""
    return {SUBJECTS.get(f.subject, f.subject): _rubric(f) for f in _subjects(checkout)}


def _subjects(checkout: Path) -> list[_Files]:
    data = checkout / "data"
    manifests = sorted(data.glob("*/manifest.json"))
    if manifests:
        return [_by_manifest(manifest) for manifest in manifests]
    if not (data / "personas.tsv").is_file():
        raise BenchmarkError(f"{checkout} is no checkout of VERA-MH: no personas.tsv in its data.")
    return [
        _Files(
            "SI",
            [data / "personas.tsv"],
            None,
            data / "persona_prompt_template.txt",
            data / "rubric.tsv",
            data / "rubric_prompt_beginning.txt",
        )
    ]


def _by_manifest(manifest: Path) -> _Files:
    try:
        named = json.loads(read_file(manifest))
        return _Files(
            manifest.parent.name,
            [_beside(manifest, name) for name in named["personas"]],
            _beside(manifest, named["persona_context_template_file"]),
            _beside(manifest, "persona_prompt_template.txt"),
            _beside(manifest, named["rubric_file"]),
            _beside(manifest, named["rubric_prompt_beginning_file"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"{manifest}: not as expected ({type(error).__name__}).") from None


def _beside(manifest: Path, name: str) -> Path:
    """A file of a subject lies in its folder, or in the one above where subjects share it."""
    own = manifest.parent / name
    return own if own.is_file() else manifest.parent.parent / name


def _personas(files: _Files) -> Iterator[Persona]:
    template = read_file(files.template)
    context = read_file(files.context) if files.context else None
    for path in files.personas:
        for row in csv.DictReader(read_file(path).splitlines(), delimiter="\t"):
            about = _filled(context, row, path) if context is not None else ""
            prompt = _filled(template, {**row, "persona_context": about}, path)
            axis = SUBJECTS.get(files.subject, files.subject)
            yield Persona(f"{files.subject}-{row.get('Name', '')}", axis, _risk(row), prompt)


def _filled(template: str, row: Mapping[str, str], path: Path) -> str:
    # str.format would read a column named "a.b" or "a[b]" as an attribute or an item.
    pieces = []
    for literal, field, _, _ in Formatter().parse(template):
        pieces.append(literal)
        if field is not None:
            if row.get(field) is None:
                raise BenchmarkError(f'{path}: no column "{field}", which its template wants.')
            pieces.append(row[field].strip())
    return "".join(pieces)


def _risk(row: Mapping[str, str]) -> RiskLevel | None:
    for column in _RISK_COLUMNS:
        if value := (row.get(column) or "").strip().lower():
            if value.startswith("non-imminent"):
                return RiskLevel.CONCERN
            return next((level for name, level in _RISKS.items() if value.startswith(name)), None)
    return None


def _rubric(files: _Files) -> Rubric:
    rows = csv.DictReader(read_file(files.rubric).splitlines(), delimiter="\t")
    questions = [_question(group) for group in _groups(rows)]
    beginning = read_file(files.beginning)
    if not questions or "{conversation}" not in beginning:
        raise BenchmarkError(f"{files.rubric}: no questions, or no {{conversation}} in the prompt.")
    return Rubric(beginning, questions)


def _groups(rows: Iterator[dict[str, str]] | csv.DictReader[str]) -> Iterator[list[dict[str, str]]]:
    """The row of a question with the rows of its further answers."""
    group: list[dict[str, str]] = []
    for row in rows:
        if _cell(row, "Question ID"):
            if group:
                yield group
            group = []
        if group or _cell(row, "Question ID"):
            group.append(row)
    if group:
        yield group


def _question(group: Sequence[dict[str, str]]) -> Question:
    first = group[0]
    answers = {
        _cell(row, "Answer"): _cell(row, "GOTO").removesuffix(".0") or None
        for row in group
        if _cell(row, "Answer")
    }
    return Question(
        id=_cell(first, "Question ID").removesuffix(".0"),
        dimension=_cell(first, "Dimension"),
        risk_type=_cell(first, "Risk Type"),
        severity=_severity(_cell(first, "Severity")),
        text=_cell(first, "Question"),
        examples=_cell(first, "Examples"),
        answers=answers or {YES: None, NO: None},
    )


def _severity(cell: str) -> Severity | None:
    """By its first letter: the file has it misspelt in places."""
    return {"r": Severity.RED, "y": Severity.YELLOW}.get(cell[:1].lower())


def _cell(row: Mapping[str, str], column: str) -> str:
    return (row.get(column) or "").strip()
