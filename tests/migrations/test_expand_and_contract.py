"""A revision takes nothing away from the program of before, or says that it does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import migrations

VERSIONS = Path(migrations.__file__).parent / "versions"
FIRST_CHECKED = "0019"
"""From here on a database says which programs it is fit for."""
CONTRACTS = {
    *("drop_column", "drop_table", "drop_constraint", "rename_table", "alter_column"),
    *("create_unique_constraint", "create_check_constraint", "create_foreign_key"),
}


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def argument(node: ast.Call, name: str) -> object:
    """A keyword's literal value; None where it is not given."""
    return next(
        (
            keyword.value.value
            for keyword in node.keywords
            if keyword.arg == name and isinstance(keyword.value, ast.Constant)
        ),
        None,
    )


def first_literal(node: ast.Call) -> object:
    return node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None


def contractions(source: str) -> list[str]:
    """What an upgrade does that a program of before does not bear, as far as its calls tell."""
    [upgrade] = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    calls = [node for node in ast.walk(upgrade) if isinstance(node, ast.Call)]
    new_tables = {first_literal(call) for call in calls if called(call) == "create_table"}
    found = [called(call) for call in calls if called(call) in CONTRACTS]
    in_new_tables = {
        part for call in calls if called(call) == "create_table" for part in ast.walk(call)
    }
    for call in calls:
        if called(call) == "Column" and call not in in_new_tables:
            has_default = any(keyword.arg == "server_default" for keyword in call.keywords)
            if argument(call, "nullable") is False and not has_default:
                found.append("a column that may not be empty and has no default")
        if called(call) == "create_index" and argument(call, "unique"):
            table = call.args[1] if len(call.args) > 1 else None
            if not (isinstance(table, ast.Constant) and table.value in new_tables):
                found.append("unique index on an old table")
    return found


@pytest.mark.parametrize(
    "revision", [revision for revision in migrations.REVISIONS if revision >= FIRST_CHECKED]
)
def test_a_revision_that_contracts_says_so(revision: str) -> None:
    [file] = VERSIONS.glob(f"{revision}_*.py")
    found = contractions(file.read_text("utf-8"))
    assert not found or revision <= migrations.OLDEST_COMPATIBLE, found


def test_the_oldest_compatible_revision_is_one_that_knows_of_it() -> None:
    assert migrations.OLDEST_COMPATIBLE in migrations.REVISIONS
    assert migrations.OLDEST_COMPATIBLE >= FIRST_CHECKED


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('op.drop_column("users", "name")', ["drop_column"]),
        ('op.add_column("users", sa.Column("a", sa.Integer()))', []),
        (
            'op.add_column("users", sa.Column("a", sa.Integer(), nullable=False))',
            ["a column that may not be empty and has no default"],
        ),
        (
            'op.add_column("u", sa.Column("a", sa.Integer(), nullable=False, server_default="0"))',
            [],
        ),
        ('op.create_index("i", "users", ["a"], unique=True)', ["unique index on an old table"]),
        ('op.create_table("t"); op.create_index("i", "t", ["a"], unique=True)', []),
        ('op.alter_column("users", "name", nullable=False)', ["alter_column"]),
    ],
)
def test_what_contracts_is_seen(line: str, expected: list[str]) -> None:
    assert contractions(f"def upgrade():\n    {line}\n") == expected
