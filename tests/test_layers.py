"""The house has floors: a file imports only from lower ones, and heavy libraries only where they belong."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gtzanfeat"

FLOORS = [
    {"errors", "jit", "version", "features.spec"},
    {"filterbanks", "tracks", "weighting", "distributions"},
    {
        "audio",
        "spectra",
        "envelopes",
        "periodicity",
        "constant_q",
        "difference",
        "chroma",
        "psychoacoustics",
        "features.spectral",
    },
    {"features", "summaries", "harmonic", "collecting"},
    {"analysis"},
    {"feature_sets", "datasets", "cache"},
    {"extraction"},
    {"frames", "fingerprints", "export", "join"},
    {"codebooks", "classifiers", "tagging", "grouping"},
    {"transformers"},
    {"recipes"},
    {"segments"},
    {"augmentation", "search"},
    {"evaluation"},
    {"report"},
    {"cli", "__init__"},
    {"__main__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# every file of features but the registry and the declarations is a family, and they are on one floor
FAMILIES = {f"features.{path.stem}" for path in (PACKAGE / "features").glob("[!_]*.py")} - {"features.spec"}
FLOOR |= dict.fromkeys(FAMILIES, FLOOR["spectra"])

# third-party library -> the only rooms that may import it
ONLY_IN = {
    "numba": {"jit"},
    "soundfile": {"audio", "datasets"},
    "soxr": {"audio"},
    "scipy": {
        *("spectra", "difference", "harmonic", "psychoacoustics", "envelopes"),
        *("classifiers", "datasets", "augmentation", "evaluation"),
    },
    "sklearn": {
        "tagging",
        "grouping",
        "transformers",
        "codebooks",
        "classifiers",
        "recipes",
        "segments",
        "search",
        "augmentation",
        "evaluation",
    },
    "matplotlib": {"report"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "click": {"cli"},
    "rich": {"cli"},
    "pyarrow": {"datasets", "export"},
    "pandas": {"datasets", "export", "join", "segments", "evaluation", "report", "cli"},
    "hmmlearn": {"classifiers"},
    "audiomentations": {"augmentation"},
    "cupy": set(),
}


def room_of(path):
    """The room that a file is in: a folder is one room, but a family file of features is its own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    if parts[0] == "features":
        return ".".join(parts)
    return parts[0]


def imported(path):
    """Names of all modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of_module(name):
    parts = name.split(".")[1:]
    if not parts:
        return None
    if parts[0] == "features" and ".".join(parts[:2]) in FLOOR:
        return ".".join(parts[:2])
    return parts[0] if parts[0] in FLOOR else None


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_lower_floors(path):
    room = room_of(path)
    assert room in FLOOR, f"{room} is on no floor: add it to FLOORS"
    for name in imported(path):
        if name.split(".")[0] == "gtzanfeat":
            other = room_of_module(name)
            if other is not None and other != room:
                assert FLOOR[other] < FLOOR[room], f"{room} (floor {FLOOR[room]}) imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_rooms(path):
    room = room_of(path)
    for name in imported(path):
        library = name.split(".")[0]
        if library in ONLY_IN:
            assert room in ONLY_IN[library], f"{room} imports {library}"
