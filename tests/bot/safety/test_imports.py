import ast
from pathlib import Path

from bot import safety

ALLOWED = ("bot.safety", "bot.locales", "inference.answer_text")


def test_safety_imports_nothing_else_of_the_bot() -> None:
    found = set()
    for source in Path(safety.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
    ours = {name for name in found if name.split(".")[0] in ("bot", "inference", "training")}
    assert {name for name in ours if not name.startswith(ALLOWED)} == set()
