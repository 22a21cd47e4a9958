"""Arrows between rooms go one way; a new one has to be drawn here first."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Room -> rooms it may import. What a room is not listed to import, it may not.
ARROWS = {
    "bot/telegram": {"bot/conversation", "bot/safety", "bot/storage", "bot/locales", "inference"},
    "bot/conversation": {"bot/safety", "bot/storage", "bot/locales", "inference"},
    "bot/safety": {"bot/locales", "inference"},  # what of a model's text is said
    "bot/storage": set(),
    "bot/locales": set(),
    "bot/ops": set(),
    "bot/demo": {
        *("bot/app", "bot/conversation", "bot/locales", "bot/ops", "bot/safety", "bot/settings"),
        *("bot/storage", "inference"),
    },
    "bot/feedback": {"bot/safety", "bot/storage"},
    "bot/sandbox": set(),
    "inference": set(),
    "training": {"inference", "bot/safety"},
}
# The same inside bot/telegram. Modules that lie in no folder are `tools`, which know no other, or
# `shared`, which every feature is given, or at the `top`, where the rooms are put together.
TELEGRAM_ARROWS = {
    "tools": set(),
    "outbound": {"tools"},
    "shared": {"tools", "outbound"},
    "inbound": {"tools", "outbound", "shared"},
    "turns": {"tools", "outbound", "shared", "inbound"},
    "features": {"tools", "outbound", "shared", "inbound", "turns"},
    "top": {"tools", "outbound", "shared", "inbound", "turns", "features"},
}
TELEGRAM_MODULES = {
    **dict.fromkeys(("chat_ids", "topics", "shutdown", "waiting"), "tools"),
    **dict.fromkeys(("client", "context", "feature", "requests"), "shared"),
}

SHARED = {"bot/errors", "bot/__version__"}


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] == "bot":
        return "/".join(parts[:2])
    return parts[0] if parts[0] in {"inference", "training", "migrations"} else None


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_imports_only_where_its_arrows_lead(room):
    files = list((ROOT / room).rglob("*.py"))
    assert files
    allowed = ARROWS[room] | SHARED | {room}
    if room == "bot/storage":
        allowed.add("migrations")
    crossings = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports_of(file)
        if (target := room_of(module)) is not None and target not in allowed
    }
    assert crossings == set()


def telegram_room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[:2] != ["bot", "telegram"] or len(parts) < 3:
        return None
    if parts[2] in TELEGRAM_ARROWS:
        return parts[2]
    return TELEGRAM_MODULES.get(parts[2], "top")


def test_the_rooms_of_telegram_import_only_where_their_arrows_lead():
    crossings = set()
    for file in (ROOT / "bot/telegram").rglob("*.py"):
        importer = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        room = telegram_room_of(importer)
        if room is None:  # the package itself
            continue
        for module in imports_of(file):
            target = telegram_room_of(module)
            if target not in {None, room, *TELEGRAM_ARROWS[room]}:
                crossings.add(f"{importer} imports {module}")
    assert crossings == set()


def test_nothing_that_is_shipped_imports_what_only_developers_have():
    crossings = {
        f"{file.relative_to(ROOT)} imports {module}"
        for package in ("bot", "inference", "training", "migrations")
        for file in (ROOT / package).rglob("*.py")
        for module in imports_of(file)
        if module.split(".")[0] in {"benchmarks", "devtools", "tests"}
    }
    assert crossings == set()


def test_benchmarks_and_devtools_do_without_the_tests():
    crossings = {
        str(file.relative_to(ROOT))
        for package in ("benchmarks", "devtools")
        for file in (ROOT / package).rglob("*.py")
        if any(module.split(".")[0] == "tests" for module in imports_of(file))
    }
    assert crossings == set()


def test_only_the_telegram_room_knows_telegram():
    outside = {
        str(file.relative_to(ROOT))
        for package in ("bot", "inference", "training")
        for file in (ROOT / package).rglob("*.py")
        if "bot/telegram" not in str(file)
        if any(module.split(".")[0] == "telegram" for module in imports_of(file))
    }
    assert outside == set()


def test_only_the_storage_room_knows_sql():
    outside = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "bot").rglob("*.py")
        if "bot/storage" not in str(file)
        if any(module.split(".")[0] == "sqlalchemy" for module in imports_of(file))
    }
    assert outside == set()


@pytest.mark.parametrize("package", ["bot", "inference", "training", "benchmarks", "devtools"])
def test_a_public_class_name_is_unique_in_its_package(package):
    places = {}
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_for_types_alone(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports_at_runtime(file: Path, modules: set[str]) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    waiting: list[ast.AST] = [tree]
    found = set()
    while waiting:
        node = waiting.pop()
        waiting += [child for child in ast.iter_child_nodes(node) if not is_for_types_alone(child)]
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from room import module` needs the module, whatever else the room's own file imports.
            wholes = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= wholes if wholes <= modules else {*(wholes & modules), node.module}
    return found & modules - {name_of(file)}


@pytest.mark.parametrize("package", ["bot", "inference", "training"])
def test_no_import_goes_round_in_a_circle(package):
    files = {name_of(file): file for file in (ROOT / package).rglob("*.py")}
    graph = {name: imports_at_runtime(file, set(files)) for name, file in files.items()}
    assert any(graph.values())
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))
