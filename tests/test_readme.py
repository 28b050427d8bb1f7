"""What the README shows is run, on a corpus that stands where it says ``genres``."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from gtzanfeat.datasets.synthetic import write_corpus
from gtzanfeat.extraction import extract, parallel
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.recipes import RECIPES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    write_corpus(folder / "genres", n_per_style=5, seconds=3)
    return folder


def test_the_lines_of_python_and_sql_run(folder, monkeypatch, capsys):
    from gtzanfeat import write_table

    monkeypatch.chdir(folder)
    names = {}
    search, score, codebook, grid, believed, read_back, *_ = blocks("python")
    exec(search, names)
    assert names["search"].best_params_.keys() == {"clipfeatures__feature_set", "svc__C"}
    exec(score, names)
    assert "macro recall" in capsys.readouterr().out
    exec(codebook, names)
    decoded = []
    decode = parallel.blocks
    with monkeypatch.context() as patch:
        patch.setattr(parallel, "blocks", lambda *clip: decoded.append(clip) or decode(*clip))
        exec(grid, names)
    assert names["search"].best_params_.keys() == names["grid"].keys()
    assert len(names["search"].cv_results_["params"]) == 12
    # two features: not 12 grid points, not 3 folds, not the second search
    assert len(decoded) == 2 * len(names["clips"])
    assert re.fullmatch(r"first search: \d+ s\nsecond search: \d+ s\n", capsys.readouterr().out)
    names["summaries"].fit(names["clips"].clips, names["clips"].labels)
    exec(believed, names)
    assert [result.protocol for result in names["results"]] == ["artist"] * 3
    assert "rhythm" in capsys.readouterr().out
    write_table(extract(names["clips"].clips, "tzanetakis2002"), names["clips"], "features.parquet")
    exec(read_back, names)
    (query,) = blocks("sql")
    assert len(duckdb.sql(query).fetchall()) == 10


NEW_FILES = ("gtzanfeat/features/entropy.py", "tests/reference/entropy.py")
HEARS = """
import numpy as np

def test_it_hears_spectral_entropy():
    clips = [np.random.default_rng(0).standard_normal(22050), np.sin(0.3 * np.arange(22050)), np.zeros(100)]
    noise, tone, silence = ClipFeatures(shape).transform(clips)[:, 0]
    assert 1 > noise > 0.9 and 0.5 > tone > 0 and silence == 0
    assert shape.columns[0] == "spectral_entropy_tmean"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of package and contract test, and in it the files of the worked example."""
    house = tmp_path_factory.mktemp("house")
    for folder in ("gtzanfeat", "tests/reference"):
        shutil.copytree(ROOT / folder, house / folder)
    for path in ("pyproject.toml", "tests/conftest.py", "tests/test_feature_contract.py"):
        shutil.copy(ROOT / path, house / path)
    *_, kernel_and_row, twin, use = blocks("python")
    for path, text in zip(NEW_FILES, (kernel_and_row, twin), strict=True):
        (house / path).write_text(text, encoding="utf-8")
    (house / "tests/test_use.py").write_text(use + HEARS, encoding="utf-8")
    return house


def contract(house):
    command = [sys.executable, "-m", "pytest", "-q", "-k", "spectral_entropy", "tests"]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_feature_takes_one_file_in_the_package_and_one_in_the_tests(house):
    assert all(f"`{path}`" in README for path in NEW_FILES)
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


def test_every_set_and_recipe_is_named():
    for name in FEATURE_SETS:
        assert f"`{name}`" in README, name
        assert re.search(rf"`{name}`[^|]*\| [^|]*{len(FEATURE_SETS[name].columns)}", README), name
    for name in RECIPES:
        assert f"`{name}`" in README or re.match(r"gmm[2-4]", name), name
