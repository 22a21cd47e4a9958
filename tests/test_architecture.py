"""Arrows between rooms go one way; a new one has to be drawn here first."""

import ast
import re
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
        *("bot/app", "bot/conversation", "bot/engines", "bot/locales", "bot/ops", "bot/safety"),
        *("bot/settings", "bot/storage", "inference"),
    },
    "bot/compliance": {"bot/settings", "bot/safety", "bot/storage"},
    "bot/feedback": {"bot/safety", "bot/storage"},
    "bot/watch": {"bot/storage", "inference"},
    "bot/commands": {
        *("bot/app", "bot/ops", "bot/safety", "bot/settings", "bot/storage", "bot/telegram"),
        *("bot/engines", "bot/watch", "inference"),
    },
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
    **dict.fromkeys(("chat_ids", "topics", "shutdown", "oncall_rota"), "tools"),
    **dict.fromkeys(("access", "client", "context", "feature", "requests"), "shared"),
}

# The same inside bot/storage. A module that lies in no folder is an aggregate, unless it is named.
STORAGE_ARROWS = {
    "db": set(),
    "models": {"db"},
    "notifications": {"db"},
    "replicas": {"db", "models"},
    "turns": {"db", "models", "notifications", "replicas"},
    "aggregates": {"db", "models", "notifications", "turns"},
    "inbox": {"db", "models", "turns", "aggregates", "replicas"},
    "whole": {"db", "models", "notifications", "turns", "aggregates", "inbox", "replicas"},
}
STORAGE_MODULES = dict.fromkeys(
    ("store", "users", "reencrypt", "key_verification", "backup"), "whole"
)
# The same inside training; what is imported by nothing is `experiments`, `publish` and `risk`.
TRAINING_ARROWS = {
    "corpora": set(),
    "hashing": set(),
    "configs": set(),
    "xtuner": set(),
    "tiny": {"corpora"},
    "small": {"corpora"},
    "risk": {"corpora"},
    "evaluate": {"corpora"},
    "prepare": {"corpora", "hashing", "small"},
    "pipeline": {"corpora", "hashing", "xtuner", "tiny", "prepare", "evaluate"},
    "publish": {"pipeline", "evaluate"},
    "experiments": {"small"},
}

SHARED = {"bot/errors", "bot/metrics", "bot/timeouts", "bot/__version__"}


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


def storage_room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[:2] != ["bot", "storage"] or len(parts) < 3 or parts[2] == "__init__":
        return None
    if parts[2] in STORAGE_ARROWS:
        return parts[2]
    is_module = (ROOT / "bot/storage" / f"{parts[2]}.py").exists()
    return STORAGE_MODULES.get(parts[2], "aggregates") if is_module else None


def test_the_rooms_of_storage_import_only_where_their_arrows_lead():
    crossings = set()
    for file in (ROOT / "bot/storage").rglob("*.py"):
        room = storage_room_of(name_of(file))
        if room is None:  # the package itself
            continue
        for module in imports_of(file):
            target = storage_room_of(module)
            if target not in {None, room, *STORAGE_ARROWS[room]}:
                crossings.add(f"{file.relative_to(ROOT)} imports {module}")
    assert crossings == set()


@pytest.mark.parametrize("room", TRAINING_ARROWS)
def test_the_rooms_of_training_import_only_where_their_arrows_lead(room):
    folder = ROOT / "training" / room
    files = list(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    allowed = {room, *TRAINING_ARROWS[room]}
    crossings = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports_of(file)
        if module.startswith("training.") and module.split(".")[1] not in allowed
    }
    assert crossings == set()


def test_every_room_of_training_has_its_arrows():
    rooms = {file.parent.name for file in (ROOT / "training").glob("*/__init__.py")}
    modules = {file.stem for file in (ROOT / "training").glob("*.py") if file.stem[0] != "_"}
    assert rooms | modules == set(TRAINING_ARROWS)


def drawn_arrows() -> dict[str, dict[str, set[str]]]:
    """The lines `room ──> rooms` of the picture, by the heading above them."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    drawn: dict[str, dict[str, set[str]]] = {}
    for line in text.split("```")[1].splitlines():
        if not line.strip():
            continue
        if "──>" not in line:
            drawn[line.strip()] = heading = {}
            continue
        rooms, targets = line.split("──>")
        for room in rooms.split(","):
            heading[room.strip()] = {one.strip() for one in targets.split(",")} - {"nothing"}
    return drawn


def test_the_picture_shows_the_arrows_and_no_other():
    assert drawn_arrows() == {
        "the whole": ARROWS,
        "inside bot/telegram": TELEGRAM_ARROWS,
        "inside bot/storage": STORAGE_ARROWS,
        "inside training": TRAINING_ARROWS,
    }


PAGES = (*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("README*.md")))
NAMED_PATH = re.compile(
    r"(?<![\w/.-])(?:\.\./)?((?:bot|inference|training|migrations|benchmarks|devtools|deploy|docs|tests)/"
    r"[\w./*-]*\w)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page):
    named = NAMED_PATH.findall(page.read_text("utf-8"))
    roots = (ROOT, ROOT / "tests")  # a table of tests leaves their folder's name out
    missing = {
        path
        for path in named
        if not any(any(root.glob(f"{path}{end}")) for root in roots for end in ("", ".py"))
    }
    assert missing == set()


def rows_of_the_table() -> list[tuple[str, str]]:
    """Each name in the first column of the architecture page, with the folder it lies in."""
    folder, rows = "", []
    for line in (ROOT / "docs/architecture.md").read_text("utf-8").splitlines():
        if not line.startswith("| "):
            continue
        first = line.split("|")[1]
        if found := re.fullmatch(r" \*\*inside `(.+)`\*\* ", first):
            folder = found[1]
        else:
            rows += [(folder, name) for name in re.findall(r"`([^`]+)`", first)]
    return rows


def test_every_room_in_the_table_exists_and_none_is_missing():
    rows = rows_of_the_table()
    places = {(ROOT / folder / name) for folder, name in rows}
    assert {
        place for place in places if not place.exists() and not place.with_suffix(".py").exists()
    } == set()
    named = {place.with_suffix("") for place in places}
    named |= {parent for place in named for parent in place.parents}
    missing = {
        str(place.relative_to(ROOT))
        for folder in ("bot", "inference", "training", *(folder for folder, _ in rows))
        for place in (ROOT / folder).iterdir()
        if place.name[0] not in "_." and (place.suffix == ".py" or (place / "__init__.py").exists())
        if place.with_suffix("") not in named
    }
    assert missing == set()


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
