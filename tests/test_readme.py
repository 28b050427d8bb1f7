"""What the README shows is run, on a corpus that stands where it says ``genres``."""

import re
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
    search, score, codebook, grid, *parameters, believed, read_back = blocks("python")
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
    assert len(parameters) == 5
    for block in parameters:
        exec(block, names)
    assert {"librosa_mfcc_19_std", "spectral_contrast_2_tvar"} <= set(names["mine"].columns)
    exec(believed, names)
    assert [result.protocol for result in names["results"]] == ["artist"] * 3
    assert "rhythm" in capsys.readouterr().out
    write_table(extract(names["clips"].clips, "tzanetakis2002"), names["clips"], "features.parquet")
    exec(read_back, names)
    (query,) = blocks("sql")
    assert len(duckdb.sql(query).fetchall()) == 10


def test_every_set_and_recipe_is_named():
    for name in FEATURE_SETS:
        assert f"`{name}`" in README, name
        assert re.search(rf"`{name}`[^|]*\| [^|]*{len(FEATURE_SETS[name].columns)}", README), name
    for name in RECIPES:
        assert f"`{name}`" in README or re.match(r"gmm[2-4]", name), name


def test_the_map_of_rooms_names_every_room():
    (section,) = re.findall(r"^## Inside\n(.*?)^## ", README, flags=re.DOTALL | re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "gtzanfeat").glob("*/__init__.py")}
    named = set(re.findall(r"\w+", section))
    assert folders <= named
