"""The front door: every public name is there, said alike to people and type checkers, and costs nothing."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

import gtzanfeat
from gtzanfeat.version import __version__, versions

FRONT_DOOR = Path(gtzanfeat.__file__)


def told_to_type_checkers():
    """Names of the TYPE_CHECKING block, each with the module and the name there."""
    tree = ast.parse(FRONT_DOOR.read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    return {
        alias.asname or alias.name: (node.module, alias.name) for node in block.body for alias in node.names
    }


def test_import_loads_nothing_but_itself():
    code = "import sys; before = set(sys.modules); import gtzanfeat; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"gtzanfeat", "gtzanfeat.version"}


def test_type_checkers_are_told_the_same():
    told = told_to_type_checkers()
    assert {*told, "__version__"} == set(gtzanfeat.__all__)
    assert len(set(gtzanfeat.__all__)) == len(gtzanfeat.__all__)
    for name, (module, called) in told.items():
        assert getattr(gtzanfeat, name) is getattr(import_module(module), called)


@pytest.mark.parametrize("name", gtzanfeat.__all__)
def test_every_name_is_there_and_documented(name):
    assert name in dir(gtzanfeat)
    value = getattr(gtzanfeat, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__.startswith("gtzanfeat.")
        assert inspect.getdoc(value)


def test_a_star_import_brings_all_of_them():
    names = {}
    exec("from gtzanfeat import *", names)
    assert set(gtzanfeat.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gtzanfeat' has no attribute 'Clips'"):
        _ = gtzanfeat.Clips
    with pytest.raises(ImportError, match="cannot import name 'Clips'"):
        from gtzanfeat import Clips  # noqa: F401


def test_the_version_is_written_once():
    assert gtzanfeat.__version__ == __version__
    holders = [
        path.name
        for path in FRONT_DOOR.parent.rglob("*.py")
        if f'"{__version__}"' in path.read_text(encoding="utf-8")
    ]
    assert holders == ["version.py"]


def test_versions_are_known_without_metadata(monkeypatch):
    names = ("numpy", "scipy", "numba", "librosa", "soundfile", "soxr", "scikit-learn", "joblib", "pandas")
    expected = versions(*names)

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)  # as in a program packed by PyInstaller
    assert versions(*names) == expected
    assert versions()["gtzanfeat"] == __version__


def test_the_papers_are_of_this_version():
    root = FRONT_DOOR.parents[1]
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [__version__]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == __version__
