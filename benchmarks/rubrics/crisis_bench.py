"""Reads a checkout of CrisisBench (github.com/framazan/CrisisBench): its patients and its rubric.

Nothing of it lies here. Patients are prompts by name; the rubric is one prompt with a list of items
in sections, which a judge answers in JSON with true, false or "NA".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from benchmarks.errors import BenchmarkError
from benchmarks.rubrics.exchange import UNKNOWN
from benchmarks.rubrics.personas import Persona, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATIENTS = ("data", "multiturn", "patient_profiles")
RUBRIC = ("config", "counselor_eval_rubric.yaml")
SEPARATOR = "//"

_ITEM = re.compile(r"^\s*-\s*\*\*([A-Z]\d+)\*\*\s*:", re.MULTILINE)
_SECTION = re.compile(r"^\s*###\s+([^(\n]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checklist:
    """The prompt for the judge, and the section of every item in it."""

    prompt: str
    items: Mapping[str, str]


def read_patients(checkout: Path) -> list[Persona]:
    """Every patient of the checkout; raises BenchmarkError."""
    folder = checkout.joinpath(*PATIENTS)
    prompts = {
        name: prompt
        for path in sorted(folder.glob("*.yaml"))
        for name, prompt in _mapping(path).items()
        if isinstance(prompt, str)
    }
    if not prompts:
        raise BenchmarkError(f"{checkout} is no checkout of CrisisBench: no patients in {folder}.")
    return [
        Persona(name, UNKNOWN, None, prompt, SEPARATOR if SEPARATOR in prompt else None)
        for name, prompt in prompts.items()
    ]


def read_checklist(checkout: Path) -> Checklist:
    """The rubric for a whole talk; raises BenchmarkError."""
    path = checkout.joinpath(*RUBRIC)
    for entry in _mapping(path).values():
        prompt = entry.get("prompt") if isinstance(entry, dict) else None
        if isinstance(prompt, str) and (items := _items(prompt)):
            # The prompt is a format string in which nothing is filled in.
            return Checklist(prompt.replace("{{", "{").replace("}}", "}"), items)
    raise BenchmarkError(f"{path} holds no prompt with items.")


def _items(prompt: str) -> dict[str, str]:
    sections = [(match.start(), match[1].strip()) for match in _SECTION.finditer(prompt)]
    found: dict[str, str] = {}
    for match in _ITEM.finditer(prompt):
        before = [name for start, name in sections if start < match.start()]
        found[match[1]] = before[-1] if before else "rubric"
    return found


def _mapping(path: Path) -> dict[str, object]:
    try:
        loaded = yaml.safe_load(read_file(path))
    except yaml.YAMLError:
        raise BenchmarkError(f"{path} is not YAML.") from None
    if not isinstance(loaded, dict):
        raise BenchmarkError(f"{path}: expected names and what belongs to them.")
    return loaded
