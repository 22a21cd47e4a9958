"""What production installs is pinned with hashes, from no registry by name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "deploy" / "requirements.lock"
EXTRAS = ("local", "reader", "tokens")
"""What settings of the bot can ask for beside its dependencies."""

PINS = {
    canonicalize_name(name): (version, hashes)
    for name, version, hashes in re.findall(
        r"^(\S+)==(\S+)[^\n]*((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)*)",
        LOCK.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def test_every_dependency_of_the_bot_is_pinned_to_a_version_it_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    for requirement in map(Requirement, wanted):
        version, _ = PINS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_every_pin_has_hashes_and_the_file_says_nothing_else() -> None:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith(("#", " "))]
    assert len(pins) == len(PINS) > 40
    assert all(hashes for _, hashes in PINS.values())
    rest = [line for line in lines if line.startswith(" ")]
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line) for line in rest)
    assert not any("://" in line for line in lines)
