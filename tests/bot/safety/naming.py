"""Hundreds of cases in one test: those that fail are named without their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


def wrong(cases: Iterable[T], is_right: Callable[[T], bool]) -> list[int]:
    """The places, from 0, of the cases that are not right."""
    return [place for place, case in enumerate(cases) if not is_right(case)]
