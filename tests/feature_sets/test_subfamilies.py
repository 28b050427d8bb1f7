import numpy as np
import pytest

from gtzanfeat.declarations import Framing
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet, feature_set
from gtzanfeat.feature_sets.subfamilies import column_families
from gtzanfeat.features import FEATURES

NAMES = ["mfcc_01_mean", "embedding_7", "tempo", "harmonic_rms_mean"]


@pytest.mark.parametrize("row", FEATURES.values(), ids=FEATURES)
def test_every_feature_says_its_subfamily(row):
    assert row.subfamily
    assert row.subfamily not in ("timbre", "rhythm", "pitch")


def test_full_has_some_twenty_families_and_broad_what_it_adds():
    full, broad = (
        {row["subfamily"] for row in FEATURE_SETS[name].feature_table()} for name in ("full", "broad")
    )
    assert 20 <= len(full) <= 25
    assert broad - full == {"mel bands percentiles", "cepstrum percentiles", "cent spectrum"}
    table = FEATURE_SETS["broad"].feature_table()
    counts = [sum(row["subfamily"] == f"{part} part" for row in table) for part in ("harmonic", "percussive")]
    assert counts == [8 + 2 * (40 + 13)] * 2


def test_broad_has_all_columns_of_compact_and_of_full():
    columns = set(FEATURE_SETS["broad"].columns)
    assert columns >= {*FEATURE_SETS["compact"].columns, *FEATURE_SETS["full"].columns}


def test_a_subfamily_is_no_part_of_what_a_set_is(monkeypatch):
    item = FeatureItem("zcr", Framing(512, 512), summary="mean")
    before = FeatureSet("x", "", (item,)).spec_hash
    object.__setattr__(row := FEATURES["zcr"], "subfamily", "noise")
    try:
        assert FeatureSet("x", "", (item,)).spec_hash == before
        assert item.rows()[0][0]["subfamily"] == "noise"
    finally:
        object.__setattr__(row, "subfamily", "zero crossings")


def test_names_tell_and_what_is_unknown_is_one_family():
    assert column_families(None, 4, NAMES).tolist() == ["cepstrum", "other", "tempo", "harmonic part"]
    assert column_families(None, 3).tolist() == ["other"] * 3


@pytest.mark.parametrize("name", ["compact", "compact@44100"])
def test_a_set_tells_with_or_without_names(name):
    chosen = feature_set(name)
    expected = [row["subfamily"] for row in chosen.feature_table()]
    for given in (name, chosen):
        assert column_families(given, len(expected)).tolist() == expected
        backwards = column_families(given, len(expected), chosen.columns[::-1])
        assert backwards.tolist() == expected[::-1]
    assert column_families("compact", 2, ["zcr_mean", "mine"]).tolist() == ["zero crossings", "other"]


def test_families_can_be_given():
    assert column_families(["a", "b", "a"], 3).tolist() == ["a", "b", "a"]
    assert column_families(np.array(["a", "b"]), 2, ["x", "y"]).tolist() == ["a", "b"]
    assert column_families({"x": "a"}, 2, ["x", "y"]).tolist() == ["a", "other"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(UnknownNameError, match="unknown feature set 'ful'. .*Did you mean 'full'"):
        column_families("ful", 990)
    with pytest.raises(
        GtzanfeatError, match="given for 5 columns, but X has 6; give one for each, or X as a"
    ):
        column_families("pitch5", 6)
    with pytest.raises(GtzanfeatError, match="by the names of columns, but X has none; give a data frame"):
        column_families({"x": "a"}, 1)
