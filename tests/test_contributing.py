"""What CONTRIBUTING.md shows is done, in a copy of the package, and the files that it names are there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", CONTRIBUTING, flags=re.DOTALL)


NEW_FILES = (
    "gtzanfeat/features/entropy.py",
    "tests/reference/entropy.py",
    "tests/features/test_entropy.py",
)
USED = """
import numpy as np

def test_a_set_with_spectral_entropy_has_its_column():
    assert ClipFeatures(shape).transform([np.zeros(100)]).shape == (1, 4)
    assert shape.columns[0] == "spectral_entropy_tmean"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package and of what asks the same of all features, and in it the worked example."""
    house = tmp_path_factory.mktemp("house")
    for folder in ("gtzanfeat", "tests/reference"):
        shutil.copytree(ROOT / folder, house / folder)
    shared = ("conftest", "signals", "test_docstrings", "test_feature_contract")
    for path in ("pyproject.toml", *(f"tests/{name}.py" for name in shared)):
        shutil.copy(ROOT / path, house / path)
    (house / "tests/features").mkdir()
    *files, use = blocks("python")
    for path, text in zip(NEW_FILES, files, strict=True):
        (house / path).write_text(text, encoding="utf-8")
    front = house / "gtzanfeat/features/__init__.py"
    named = front.read_text(encoding="utf-8").replace("    dynamics,\n", "    dynamics,\n    entropy,\n")
    assert named.count("    entropy,\n") == 2
    front.write_text(named, encoding="utf-8")
    (house / "tests/test_use.py").write_text(use + USED, encoding="utf-8")
    return house


def contract(house):
    chosen = "spectral_entropy or test_entropy or features.entropy"
    command = [sys.executable, "-m", "pytest", "-q", "-k", chosen, "tests"]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_feature_takes_one_file_in_the_package_and_two_in_the_tests(house):
    assert all(f"`{path}`" in CONTRIBUTING for path in NEW_FILES)
    code, printed = contract(house)
    assert code == 0, printed
    assert int(re.search(r"(\d+) passed", printed)[1]) > 20, printed


def test_the_contract_notices_that_the_new_feature_is_wrong(house):
    path = house / NEW_FILES[0]
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("entropy / np.log(n_bins)", "entropy / np.log2(n_bins)"), encoding="utf-8")
    code, printed = contract(house)
    path.write_text(right, encoding="utf-8")
    assert code == 1
    assert "FAILED tests/test_feature_contract.py::test_a_frame_feature_equals_its_slow_twin" in printed


def test_the_files_that_it_names_are_there():
    named = set(re.findall(r"`((?:gtzanfeat|tests|docs|\.ci)/[\w./]*)`", CONTRIBUTING)) - set(NEW_FILES)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_registries_that_it_names_are_there():
    rows = re.findall(r"^\| an? [^|]+\| ([^|]+)\| ([^|]+)\|", CONTRIBUTING, flags=re.MULTILINE)
    named = [(files, name) for files, written in rows for name in re.findall(r"`([A-Z_]+)`", written)]
    assert len(named) > 5
    for files, name in named:
        paths = [ROOT / path for path in re.findall(r"`(gtzanfeat/[\w/]+\.py)`", files)]
        assert any(
            re.search(rf"^{name}\b", path.read_text(encoding="utf-8"), re.MULTILINE) for path in paths
        ), name
