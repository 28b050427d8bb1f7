"""What the README shows is run, on a corpus that stands where it says ``genres``."""

import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from gtzanfeat.datasets.synthetic import write_corpus
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features import FEATURES, spectral
from gtzanfeat.recipes import RECIPES

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


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
    search, score, codebook, read_back, *_ = blocks("python")
    exec(search, names)
    assert names["search"].best_params_.keys() == {"clipfeatures__feature_set", "svc__C"}
    exec(score, names)
    assert "macro recall" in capsys.readouterr().out
    exec(codebook, names)
    assert names["search"].best_params_.keys() == {"codebookhistogram__n_words", "linearsvc__C"}
    names["summaries"].fit(names["clips"].clips, names["clips"].labels)
    write_table("features.parquet", extract(names["clips"].clips, "tzanetakis2002"), names["clips"])
    exec(read_back, names)
    (query,) = blocks("sql")
    assert len(duckdb.sql(query).fetchall()) == 10


def test_the_feature_of_the_worked_example_works(rng, monkeypatch):
    *_, kernel_and_row, use = blocks("python")
    names = dict(vars(spectral))  # it stands in that file
    exec(kernel_and_row, names)
    monkeypatch.setitem(FEATURES, "spectral_entropy", names["ENTROPY"])
    exec(use, names)
    clips = [rng.standard_normal(22050), np.sin(0.3 * np.arange(22050)), np.zeros(100)]
    noise, tone, silence = extract(clips, names["shape"]).values[:, 0]
    assert 1 > noise > 0.9
    assert 0.5 > tone > 0
    assert silence == 0
    assert names["shape"].columns[0] == "spectral_entropy_tmean"


def test_every_set_and_recipe_is_named():
    for name in FEATURE_SETS:
        assert f"`{name}`" in README, name
        assert re.search(rf"`{name}`[^|]*\| [^|]*{len(FEATURE_SETS[name].columns)}", README), name
    for name in RECIPES:
        assert f"`{name}`" in README or re.match(r"gmm[2-4]", name), name
