"""Whether a model is of the 7B class, by the parameters it has or by what its name says.

What is smaller answers no person in danger: reviewed texts do (docs/safety.md).
"""

from __future__ import annotations

import re
from typing import Final

SMALLEST_OF_7B_CLASS: Final = 6_000_000_000
"""Parameters; what is called 7B has 6.2 (ChatGLM3) to 7.7 thousand million."""

# 1.8b, 1_8b and 0.6B, alone between signs: not the 5 of "internlm2_5-7b", nor the "b" of "4bit".
_SIZE: Final = re.compile(
    r"(?<![a-z0-9])(?<!\d[._])(\d{1,4}(?:[._]\d{1,2})?) ?([bm])(?![a-z0-9])", re.IGNORECASE
)
_UNITS: Final = {"b": 1_000_000_000, "m": 1_000_000}


def is_below_7b_class(parameters: int) -> bool:
    """Whether so many parameters are too few; 0, which is not known, are."""
    return parameters < SMALLEST_OF_7B_CLASS


def is_small_by_name(name: str) -> bool:
    """Whether a model's name says that it is below the 7B class; one that says nothing is not."""
    sizes = [
        float(number.replace("_", ".")) * _UNITS[unit.lower()]
        for number, unit in _SIZE.findall(name)
    ]
    return bool(sizes) and is_below_7b_class(int(max(sizes)))
