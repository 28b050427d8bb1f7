"""Constants of modules that decide numbers are declared by the rows, and no other value goes unnoticed."""

import ast
import functools
import importlib
import sys
import types
from dataclasses import replace

import pytest
from reached_constants import PACKAGE, ROOMS, assignments, literals, reached

from gtzanfeat.declarations import Framing
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.feature_sets.constants import constants, plain
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients import hpss
from gtzanfeat.ingredients.registry import INGREDIENTS, SEPARATION, STREAMS

REGISTRY = "gtzanfeat.ingredients.registry"
ROWS = {"FEATURES", "ACCUMULATORS", "INGREDIENTS", "STREAMS", "SEPARATION", "SUMMARIES"}
DEFAULTS = "the range and the default, which test_feature_parameters holds"
# numbers that decide no value, or whose change the identity of a set shows without them
UNDECLARED = {
    "CACHED_FRAMES": "how many frames are computed at a time",
    "CACHED_WINDOWS": "how many windows are computed at a time",
    "CACHED_ROWS": "in which order numbers are transformed",
    "CACHE_LINE": "where memory begins",
    "LENGTHS": "which frames the compiled transform takes",
    "LAG": "how many samples later a filter comes that takes its input from another",
    "STEP": "how many samples are computed at a time",
    "BEFORE": "how many values are computed by themselves",
    "AFTER": "how many values are computed by themselves",
    "ROW": "how far numbers are from each other in memory",
    "BLOCK_FRAMES": "how many frames are computed at a time",
    "BANDS_AT_A_TIME": "how many bands are read at a time",
    "BLOCKS_AT_A_TIME": "how many blocks are read at a time",
    "CELLS_AT_A_TIME": "how many numbers are summarised at a time",
    "ROWS": "how many rows are read at a time",
    "TILE": "how many rows or coefficients are computed at a time",
    "LANES": "how many lanes are computed at a time",
    "NEGLIGIBLE": "weights that are left out because they are below the rounding of their sum",
    "TWICE": "a place in working memory",
    "N_CLASSES": "there are twelve pitch classes",
    "LOWEST_RATE": "what is below is refused",
    "PREDICTION_LAGS": "as many as the largest order takes; each order takes what it needs",
    "ORDERS": "in the names of the features",
    "FLUX_BANDS": "in the names of the features, and the default of the parameter `bands`",
    "FLUX_LAGS": "in the names of the features",
    "MEL_BANDS": "the default of the parameter `bands`, which test_feature_parameters holds",
    "BAND_CENTRES": "in the names of the columns",
    "HIGH": "LOW mirrored, which makes a wavelet of it",
    "DAUB4_HIGH": "DAUB4_LOW mirrored, which makes a wavelet of it",
    "N_WINDOWS": "windows that overlap by half in a segment of SEGMENT_IN_WINDOWS",
    "CHROMA_PARAMS": DEFAULTS,
    "FUNDAMENTAL_PARAMS": DEFAULTS,
    "BEAT_PEAK_PARAMS": DEFAULTS,
    "PITCH_PEAK_PARAMS": DEFAULTS,
    "A4_HZ_PARAMETER": DEFAULTS,
    "MEL_FLOOR": DEFAULTS,
    "MEL_PARAMS": DEFAULTS,
    "SLANEY_PARAMS": DEFAULTS,
    "LOW_HZ": DEFAULTS,
    "REACH": DEFAULTS,
    "TEXTURE": DEFAULTS,
    "VALID": "a number for a word",
    "GROW": "a number for a word",
    "PREFILL": "a number for a word",
}

MODULES = sorted(
    ".".join(("gtzanfeat", *path.relative_to(PACKAGE).with_suffix("").parts))
    for room in ROOMS
    for path in (PACKAGE / room).glob("*.py")
    if path.stem not in ("__init__", "registry")
)


def functions_of(row):
    parts = (getattr(row, name, None) for name in ("kernel", "compute", "constants", "build"))
    return [part for part in parts if part is not None]


def declarations():
    """Every row by name, with the constants that its functions read."""
    for row in (*FEATURES.values(), *ACCUMULATORS.values(), *INGREDIENTS.values(), *STREAMS.values()):
        yield row.name, set().union(*map(reached, functions_of(row)))
    yield "separation", reached(hpss.Separation)


READS = dict(declarations())
# constants by module and name that are numbers, and that are public or read by a row
CONSTANTS = sorted(
    (module, name)
    for module in MODULES
    for name, expression in assignments(module).items()
    if literals(expression) and name not in ROWS
    if not name.startswith("_") or any((module, name) in read for read in READS.values())
)


class Changed(ast.NodeTransformer):
    """Adds one to one literal; but halves a fraction, so that shares stay shares."""

    def __init__(self, node):
        self.node = node

    def visit_Constant(self, node):
        if node is not self.node:
            return node
        other = node.value / 2 if isinstance(node.value, float) and 0 < node.value < 1 else node.value + 1
        return ast.copy_location(ast.Constant(other), node)


def load(module, tree):
    """Run a module's tree under its name, in the place of the module."""
    made = types.ModuleType(module)
    made.__file__ = importlib.import_module(module).__file__
    sys.modules[module] = made
    package, _, name = module.rpartition(".")
    setattr(sys.modules[package], name, made)
    exec(compile(tree, made.__file__, "exec"), vars(made))
    return made


def source_of(module):
    with open(importlib.import_module(module).__file__, encoding="utf-8") as file:
        return file.read()


@functools.cache
def imports(module):
    """The modules of `MODULES` and the registry that a module takes names from."""
    found = set()
    for node in ast.walk(ast.parse(source_of(module))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & {*MODULES, REGISTRY}


@functools.cache
def with_dependants(module):
    """A module and all that take names from it, straight or not, in an order in which they can be loaded."""
    reached_by = {module}
    while more := {other for other in (*MODULES, REGISTRY) if imports(other) & reached_by} - reached_by:
        reached_by |= more
    ordered = []
    while len(ordered) < len(reached_by):
        ordered += sorted(o for o in reached_by - {*ordered} if not imports(o) & (reached_by - {*ordered}))
    return ordered


def fixed_by(loaded):
    """What the rows of some modules have fixed, by the names of the rows."""
    found = {}
    for module in loaded:
        rows = [*getattr(module, "FEATURES", ()), *getattr(module, "ACCUMULATORS", ())]
        for registry in ("INGREDIENTS", "STREAMS"):
            rows += getattr(module, registry, {}).values()
        found |= {row.name: plain(dict(row.fixed)) for row in rows}
        if hasattr(module, "SEPARATION"):
            found["separation"] = plain(dict(module.SEPARATION))
    return found


@functools.cache
def rows_that_change(module, name):
    """Names of the rows whose `fixed` changes with each of the numbers that a constant is written with."""
    modules = with_dependants(module)
    saved = {other: sys.modules[other] for other in modules}
    before = fixed_by(saved.values())
    changed = None
    try:
        n_literals = len(literals(assignments(module)[name]))
        for i in range(0, n_literals, max(1, n_literals // 4)):
            tree = ast.parse(source_of(module))
            tree = ast.fix_missing_locations(Changed(literals(_assigned(tree, name))[i]).visit(tree))
            loaded = [
                load(other, tree if other == module else ast.parse(source_of(other))) for other in modules
            ]
            after = fixed_by(loaded)
            differing = {row for row in before if before[row] != after.get(row)}
            changed = differing if changed is None else changed & differing
    finally:
        for other, original in saved.items():
            sys.modules[other] = original
            package, _, last = other.rpartition(".")
            setattr(sys.modules[package], last, original)
    return changed


def _assigned(tree, name):
    """The expression of a constant in a tree."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == name:
                return node.value
            if isinstance(target, ast.Tuple):
                names = [getattr(element, "id", None) for element in target.elts]
                if name in names:
                    return (
                        node.value.elts[names.index(name)]
                        if isinstance(node.value, ast.Tuple)
                        else node.value
                    )
    raise AssertionError(name)


@pytest.mark.parametrize(("module", "name"), CONSTANTS, ids=lambda text: text.removeprefix("gtzanfeat."))
def test_every_constant_is_declared_by_the_rows_that_read_it(module, name):
    """Whichever number of it changes, every row whose functions read it has something else fixed."""
    if name in UNDECLARED:
        return
    readers = {row for row, read in READS.items() if (module, name) in read}
    changed = rows_that_change(module, name)
    assert changed, (
        f"{module}.{name} is in no declaration: name it in `fixed`, or in UNDECLARED with a reason"
    )
    assert readers <= changed, f"{sorted(readers - changed)} read {name} but do not declare it"


def test_no_exception_is_stale():
    assert set(UNDECLARED) <= {name for _, name in CONSTANTS}


def test_constants_are_gathered_along_what_a_feature_needs():
    whole = constants("novelty_mfcc", Framing(1024, 256), {"frame_rate": 86.1})
    assert set(whole) == {"novelty_mfcc", "mfcc", "slaney_log_bands", "slaney_bands"}
    assert whole["slaney_log_bands"] == {"floor": 1e-10}
    shown = constants("tuning", Framing(2048, 512, stream="harmonic"), {})
    assert set(shown) == {"tuning_peaks", "separation"}
    assert shown["separation"] == SEPARATION
    assert constants("spectral_centroid", Framing(512, 512), {"spectrum": "log_power"}) == {
        "log_power": {"floor": 1e-10}
    }


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (rows, name)
        for rows in (FEATURES, ACCUMULATORS, INGREDIENTS, STREAMS)
        for name, row in rows.items()
        if row.fixed
    ],
)
def test_another_constant_is_another_hash(rows, name, monkeypatch):
    """Of every set whose spec names it, whichever constant of the row changes."""
    having = [row for row in FEATURE_SETS.values() if f'"{name}":{{' in row.spec_json]
    for key, value in rows[name].fixed.items():
        other = {**rows[name].fixed, key: [value, "other"]}
        monkeypatch.setitem(rows, name, replace(rows[name], fixed=other))
        for row in having[:3]:
            assert replace(row, doc="a copy, whose hash is not known yet").spec_hash != row.spec_hash
    monkeypatch.undo()


def test_the_constants_of_the_separation_are_hashed_too(monkeypatch):
    row = FEATURE_SETS["librosa57"]
    monkeypatch.setitem(SEPARATION, "reach", 16)
    assert replace(row, doc="a copy").spec_hash != row.spec_hash


def test_no_name_stands_for_two_rows():
    names = [*FEATURES, *ACCUMULATORS, *INGREDIENTS, *STREAMS]
    assert len(set(names)) == len(names)
