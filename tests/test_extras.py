"""What the documents say to install can be installed: no two requirements exclude each other."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# What those of our requirements that are narrow ask of others, from their own metadata.
ASKED_BY = {
    "xtuner==0.2.0": ("transformers==4.48.0", "bitsandbytes==0.45.0", "mmengine==0.10.6"),
    "transformers==4.48.0": ("tokenizers>=0.21,<0.22", "huggingface_hub>=0.24,<1", "numpy>=1.17"),
    "transformers>=4.56,<5": ("tokenizers>=0.22,<=0.23", "huggingface_hub>=0.34,<1"),
    "lmdeploy==0.18.0": ("transformers>=4.56", "torch>=2,<=2.12.1", "openai>=2.45"),
    "datatrove~=0.10.1": ("huggingface_hub>=1.6", "numpy>=2"),
}


def documented() -> set[tuple[str, ...]]:
    """Every set of extras that a document, the Makefile or a message names."""
    places = [ROOT / "Makefile", ROOT / ".env.example", *ROOT.glob("*.md")]
    for folder in ("docs", "deploy", "bot", "inference", "training"):
        places += (
            file
            for file in (ROOT / folder).rglob("*")
            if file.suffix in {".md", ".py", ".txt"} or file.name.startswith("Dockerfile")
        )
    told = re.compile(r"""['" ](?:\.|shudong)\[([a-z][a-z,-]*)\]['"\n ]""")
    named = {
        tuple(found[1].split(","))
        for place in places
        for found in told.finditer(place.read_text("utf-8"))
    }
    return {extras for extras in named if set(extras) <= PROJECT["optional-dependencies"].keys()}


def requirements(extras: Iterable[str]) -> set[str]:
    """All that is installed with the extras, as far as it is known here."""
    waiting = list(PROJECT["dependencies"])
    for extra in extras:
        waiting += PROJECT["optional-dependencies"][extra]
    known: set[str] = set()
    while waiting:
        one = waiting.pop()
        if one in known:
            continue
        known.add(one)
        waiting += ASKED_BY.get(one, ())
        asked = Requirement(one)
        if asked.name == PROJECT["name"]:
            for extra in asked.extras:
                waiting += PROJECT["optional-dependencies"][extra]
    return known


def excluded(extras: Iterable[str]) -> dict[str, str]:
    """The packages of which no version fits, with all that is asked of them."""
    asked: dict[str, SpecifierSet] = defaultdict(SpecifierSet)
    for one in map(Requirement, requirements(extras)):
        asked[one.name.lower().replace("_", "-")] &= one.specifier
    return {name: str(versions) for name, versions in asked.items() if not has_one(versions)}


def has_one(versions: SpecifierSet) -> bool:
    """Ranges that have a version in common have the highest of their lower ends in common."""
    ends = [Version(one.version) for one in versions if one.operator in {">=", "~=", "=="}]
    return not ends or versions.contains(max(ends), prereleases=True)


@pytest.mark.parametrize("extras", sorted(documented()), ids=",".join)
def test_extras_that_a_document_names_together_fit_together(extras: tuple[str, ...]) -> None:
    assert excluded(extras) == {}


def test_the_two_environments_of_training_are_documented_and_two() -> None:
    assert {("training", "corpora"), ("inference", "evaluate")} <= documented()
    assert excluded(["training", "inference"]).keys() == {"tokenizers", "transformers"}


def test_what_others_ask_is_written_down_for_the_versions_we_ask_for() -> None:
    ours = requirements(PROJECT["optional-dependencies"])
    assert ASKED_BY.keys() <= ours
    narrow = {one for one in ours if Requirement(one).name in {"xtuner", "lmdeploy", "datatrove"}}
    assert narrow <= ASKED_BY.keys()
