"""One language: words that were given up for the field's own do not come back as names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

GIVEN_UP = {
    r"(^|_)withheld(_|$)": "blocked",
    r"(^|_)letting_go(_|$)": "shutdown",
    r"(^|_)(up)keep(er)?$": "maintenance",
    r"(^|_)waiting_?room$": "queue_notifier",
    r"(^|_)sure_for(_|$)": "a lease's margin",
    r"(^|_)duty(_desk|_chat|_alerts)$|(^|_)on_duty$": "on-call, handed over",
    r"(^|_)help_lines?(_|$)": "hotlines",
    r"(^|_)key_?check(_|$)": "key verification",
    r"(^|_)no_repeat(_|$)": "dry_multiplier",
    r"(^|_)dangers$|(^|_)moments$": "risk_prompts, prompts",
    r"^sides$": "splits",
    r"(^|_)(spool|spill|workshop|receipt)s?$": "two-pass store, runner, manifest",
    r"(^|_)is_dear$": "expensive_to_lose",
    r"(^|_)worse_answers?$": "rejected",
    r"(^|_)(theatre|troubles|moods|victim)$": "environment, faults, engine_behaviors, target",
    r"^_?(longest|shortest|most|so_many)(_|$)": "MAX_, MIN_",
    r"(^|_)learnt(_|$)": "trained_on",
    r"^(order|said|asked|pressed|express|chats|answering|ends|alarm|owed)$": "the table",
    r"^(withheld|circumstances|availability|onepoller|memory|recentturns|disclosing)$": "the table",
}
"""What a name may not be, and what it is called instead. The last two are of classes alone, and
those with MAX_ of constants alone."""
OF_CLASSES = {rule for rule, instead in GIVEN_UP.items() if instead == "the table"}
OF_CONSTANTS = {rule for rule, instead in GIVEN_UP.items() if instead == "MAX_, MIN_"}


def names_in(file: Path) -> set[tuple[str, type[ast.AST]]]:
    """What a file defines: classes, functions, arguments, variables and fields."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add((node.name, type(node)))
        elif isinstance(node, ast.arg):
            found.add((node.arg, ast.arg))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add((node.id, ast.Name))
    return found


def is_given_up(name: str, kind: type[ast.AST]) -> bool:
    return any(
        re.search(rule, name.lower())
        for rule in GIVEN_UP
        if (rule not in OF_CLASSES or kind is ast.ClassDef)
        and (rule not in OF_CONSTANTS or name.isupper())
    )


@pytest.mark.parametrize("package", ["bot", "inference", "training"])
def test_no_name_is_of_the_old_dialect(package):
    names = [
        (file, name, kind)
        for file in (ROOT / package).rglob("*.py")
        for name, kind in names_in(file)
    ]
    assert names
    found = {
        f"{file.relative_to(ROOT)}: {name}" for file, name, kind in names if is_given_up(name, kind)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("answers_withheld", ast.Name), ("Alarm", ast.ClassDef), ("LONGEST_TEXT", ast.Name)],
)
def test_an_old_name_is_seen(name, kind):
    assert is_given_up(name, kind)
    assert not is_given_up("longest", ast.Name)
