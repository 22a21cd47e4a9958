"""What a look at one thing has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`fail`: the bot does not do its work; `warn`: it does, and something may go wrong."""

    about: str
    outcome: Outcome
    found: str
    fix: str = ""

    def __str__(self) -> str:
        said = f"{self.outcome:<5} {self.about:<12} {self.found}"
        return f"{said}\n{'':<19}-> {self.fix}" if self.fix else said


def ok(about: str, found: str) -> Verdict:
    """It is well."""
    return Verdict(about, "ok", found)


def warn(about: str, found: str, fix: str) -> Verdict:
    """It is well for now."""
    return Verdict(about, "warn", found, fix)


def fail(about: str, found: str, fix: str) -> Verdict:
    """It is not well."""
    return Verdict(about, "fail", found, fix)
