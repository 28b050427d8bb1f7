"""The package has floors: a file imports only from lower ones, between rooms and inside a room.

A room is a folder or a loose file at the root of the package. `FLOORS` says on which floor each stands;
inside a room, files import each other in one direction only, so that each of them has a floor too.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gtzanfeat"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    {"errors", "jit", "version", "progress"},
    {"array_backend"},
    {"declarations"},
    {"audio", "ingredients", "statistics"},
    {"features"},
    {"feature_sets", "datasets", "array_features"},
    {"extraction"},
    {"export", "codebooks", "classifiers"},
    {"transformers"},
    {"recipes"},
    {"model_selection"},
    {"segments"},
    {"augmentation"},
    {"evaluation"},
    {"models"},
    {"inspection"},
    {"report"},
    {"cli", "__init__"},
    {"__main__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

LOOSE_FILES = 6  # beside __init__ and __main__: a stranger reads the way of the data off the folder listing

# third-party library -> the only rooms that may import it
ONLY_IN = {
    "numba": {"jit"},
    "soundfile": {"audio", "datasets"},
    "soxr": {"audio"},
    "fsspec": {"audio"},
    "scipy": {
        "array_backend",
        "ingredients",
        "transformers",
        "classifiers",
        "datasets",
        "augmentation",
        "evaluation",
        "models",
        "inspection",
    },
    "sklearn": {
        "transformers",
        "codebooks",
        "classifiers",
        "recipes",
        "model_selection",
        "segments",
        "augmentation",
        "evaluation",
        "models",
        "inspection",
    },
    "matplotlib": {"report"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "click": {"cli"},
    "rich": {"progress", "cli"},
    "pyarrow": {"datasets", "export"},
    "pandas": {
        "datasets",
        "codebooks",
        "export",
        "segments",
        "evaluation",
        "models",
        "inspection",
        "report",
        "cli",
    },
    "hmmlearn": {"classifiers"},
    "audiomentations": {"augmentation"},
    "skops": {"models"},
    "cupy": {"array_backend"},
    "array_api_compat": {"array_backend"},
}


def module_name(path):
    """The dotted name of a file, below the package: "evaluation.folds", or "evaluation" for its __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_name(path): path for path in FILES}


def room_of(module):
    return module.partition(".")[0]


def imported(path):
    """Names of all modules that a file imports, wherever in the file, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner.removeprefix("gtzanfeat.") in MODULES else node.module


def imported_here(path):
    """Modules of this package that a file imports, named below the package."""
    for name in imported(path):
        if name.startswith("gtzanfeat."):
            yield name.removeprefix("gtzanfeat.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_lower_floors(path):
    room = room_of(module_name(path))
    assert room in FLOOR, f"{room} is on no floor: add it to FLOORS"
    for other in map(room_of, imported_here(path)):
        if other != room:
            assert FLOOR[other] < FLOOR[room], f"{room} (floor {FLOOR[room]}) imports {other}"


def test_no_files_import_each_other_in_a_circle():
    above = {module: set(imported_here(path)) for module, path in MODULES.items()}
    left = dict(above)
    while lowest := [module for module, below in left.items() if not below & left.keys() - {module}]:
        for module in lowest:
            del left[module]
    assert not left, f"in a circle, or above one: {', '.join(sorted(left))}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_goes_past_the_front_of_its_own_room(path):
    room = module_name(path).rpartition(".")[0]
    if path.name != "__init__.py" and room:
        assert room not in imported_here(path), f"{path}: imports its own room's front; name the file"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_rooms(path):
    room = room_of(module_name(path))
    for name in imported(path):
        library = name.split(".")[0]
        if library in ONLY_IN:
            assert room in ONLY_IN[library], f"{room} imports {library}"


def test_no_name_stands_twice():
    names = [path.stem for path in FILES if path.stem != "__init__"]
    names += [path.name for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__"]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_few_files_lie_loose_at_the_root():
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert len(loose) <= LOOSE_FILES, sorted(loose)


def test_the_map_of_rooms_in_contributing_is_the_floors():
    section = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## The rooms")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", section, flags=re.MULTILINE)
    told = [(int(floor), room) for floor, rooms in rows for room in re.findall(r"`(\w+)`", rooms)]
    below = {"__init__", "__main__"}
    assert sorted(room for _, room in told) == sorted(FLOOR.keys() - below)
    for floor, room in told:
        for other_floor, other in told:
            if FLOOR[room] < FLOOR[other]:
                assert floor <= other_floor, f"{room} stands below {other}, but not in CONTRIBUTING.md"
