"""Feature sets: frozen names, hashes and numbers, and the vectors of the slow twins."""

import copy
import json
import pickle
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden import make_golden
from reference import timbre

from gtzanfeat.declarations import Framing
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet, column_name, definition, feature_set
from gtzanfeat.ingredients.filterbanks import slaney_filterbank

RATE = 22050
MEL = {"bands": 40, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-6}
# Frozen: a set whose hash changes means other numbers, and needs another name.
HASHES = json.loads(make_golden.HASHES.read_text())

PAPER30 = """
spectral_centroid_tmean spectral_centroid_tvar spectral_rolloff_tmean spectral_rolloff_tvar
spectral_flux_tmean spectral_flux_tvar zcr_tmean zcr_tvar low_energy
mfcc_01_tmean mfcc_01_tvar mfcc_02_tmean mfcc_02_tvar mfcc_03_tmean mfcc_03_tvar
mfcc_04_tmean mfcc_04_tvar mfcc_05_tmean mfcc_05_tvar
beat_a0 beat_a1 beat_ra beat_p1 beat_p2 beat_sum
pitch_fa0 pitch_up0 pitch_fp0 pitch_ipo1 pitch_sum
""".split()


def vector(name, samples):
    return extract([samples], name).values[0]


@pytest.mark.parametrize("name", ["tzanetakis2002", "classic30"])
def test_the_thirty_are_in_the_order_of_the_paper(name):
    assert list(FEATURE_SETS[name].columns) == PAPER30


def test_tzanetakis2002_names_the_choice_that_its_main_pitch_class_depends_on():
    chosen = FEATURE_SETS["tzanetakis2002"]
    assert re.search("first-order 70-Hz high-pass on the low pitch channel.*choice.*pitch_fp0", chosen.doc)
    page = Path(__file__).parents[2] / "docs" / "specification" / "feature_sets.md"
    assert "first-order high-pass at\n70 Hz on the low channel alone" in page.read_text(encoding="utf-8")


def test_the_families_are_the_parts_of_classic30():
    families = [FEATURE_SETS[name].columns for name in ("timbre19", "rhythm6", "pitch5")]
    assert sum(families, ()) == FEATURE_SETS["classic30"].columns
    assert [len(columns) for columns in families] == [19, 6, 5]


def test_the_families_give_the_numbers_of_classic30(rng):
    samples = rng.uniform(-0.5, 0.5, 80_000)
    parts = [vector(name, samples) for name in ("timbre19", "rhythm6", "pitch5")]
    np.testing.assert_array_equal(np.concatenate(parts), vector("classic30", samples))


def test_marsyas64_is_means_then_deviations():
    columns = FEATURE_SETS["marsyas64"].columns
    assert len(columns) == 64
    ends = [re.search(r"(tmean|tstd)_(mean|std)$", name)[0] for name in columns]
    assert ends == ["tmean_mean"] * 16 + ["tstd_mean"] * 16 + ["tmean_std"] * 16 + ["tstd_std"] * 16
    assert [name.rsplit("_", 2)[0] for name in columns[:4]] == [
        "marsyas_centroid",
        "marsyas_rolloff",
        "marsyas_flux",
        "marsyas_mfcc_00",
    ]


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_names_are_unique_and_need_no_quoting(name):
    columns = FEATURE_SETS[name].columns
    assert len(set(columns)) == len(columns)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in columns)


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_a_set_is_frozen(name):
    chosen = FEATURE_SETS[name]
    assert HASHES[name] == chosen.spec_hash, (
        f"the meaning of {name} has changed: give it a new name (see tests/golden/make_golden.py)"
    )
    assert re.fullmatch(r"[0-9a-f]{16}", chosen.spec_hash)
    spec = json.loads(chosen.spec_json)
    assert spec["audio"]["rate"] == RATE
    assert json.dumps(spec, sort_keys=True, separators=(",", ":")) == chosen.spec_json


def test_any_change_of_meaning_changes_the_hash():
    framing = Framing(512, 512)
    texture = {"summary": "texture", "summary_params": {"window": 43, "start": "valid"}}
    base = FeatureItem("spectral_rolloff", framing, {"spectrum": "magnitude", "share": 0.85}, **texture)
    changes = [
        base,
        FeatureItem("spectral_rolloff", framing, {"spectrum": "power", "share": 0.85}, **texture),
        FeatureItem("spectral_rolloff", framing, {"spectrum": "magnitude", "share": 0.9}, **texture),
        FeatureItem("spectral_rolloff", Framing(512, 256), base.params, **texture),
        FeatureItem(
            "spectral_rolloff",
            framing,
            base.params,
            summary="texture",
            summary_params={"window": 40, "start": "valid"},
        ),
    ]
    hashes = {FeatureSet("x", "", (item,)).spec_hash for item in changes}
    assert len(hashes) == len(changes)
    assert FeatureSet("x", "other words", (base,)).spec_hash == FeatureSet("x", "", (base,)).spec_hash


def test_hashes_tell_the_sets_apart():
    assert len({row.spec_hash for row in FEATURE_SETS.values()}) == len(FEATURE_SETS)


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_the_feature_table_explains_every_column(name):
    table = FEATURE_SETS[name].feature_table()
    assert [row["column"] for row in table] == list(FEATURE_SETS[name].columns)
    published = [other for item in FEATURE_SETS[name].items for other in item.names]
    for row in table:
        assert set(row) == {
            *("column", "feature", "summary", "family", "subfamily"),
            *("unit", "hears", "formula", "source"),
        }
        assert all(value for key, value in row.items() if key != "summary")
        assert row["column"].startswith((row["feature"], *published))


def test_the_table_given_out_is_a_copy():
    FEATURE_SETS["timbre19"].feature_table()[0]["column"] = "broken"
    assert FEATURE_SETS["timbre19"].feature_table()[0]["column"] == "spectral_centroid_tmean"


def test_sets_are_found_by_name():
    assert feature_set("classic30") is FEATURE_SETS["classic30"]
    assert feature_set(FEATURE_SETS["classic30"]) is FEATURE_SETS["classic30"]
    message = (
        r"unknown feature set 'tzanetakis'\. Known: tzanetakis2002, .*\. Did you mean 'tzanetakis2002'\?"
    )
    with pytest.raises(UnknownNameError, match=message):
        feature_set("tzanetakis")
    with pytest.raises(UnknownNameError, match="unknown feature set 30"):
        feature_set(30)


def test_names_are_made_in_one_place():
    assert column_name("mfcc", "03", "std") == "mfcc_03_std"
    assert column_name("low_energy", "") == "low_energy"


def test_thirty_seconds_of_noise_give_19_finite_numbers(rng):
    values = vector("timbre19", 0.1 * rng.standard_normal(30 * RATE))
    assert values.shape == (19,)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()


@pytest.mark.parametrize("seconds", [0.01, 0.5, 4.0])
def test_timbre19_equals_its_slow_twin(seconds, rng):
    samples = 0.1 * rng.standard_normal(round(seconds * RATE))
    samples[: len(samples) // 3] *= 0.05
    np.testing.assert_allclose(vector("timbre19", samples), timbre.paper19(samples), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 4.0])
def test_marsyas64_equals_its_slow_twin(seconds, rng):
    samples = 0.1 * rng.standard_normal(round(seconds * RATE))
    samples[: len(samples) // 3] *= 0.05
    twin = timbre.marsyas64(samples)
    np.testing.assert_allclose(vector("marsyas64", samples), twin, rtol=2e-4, atol=2e-5)


def test_the_numbers_are_those_of_last_time():
    """Golden values: what nobody meant to change has not changed."""
    keys = ["signal", "set", "column"]
    before = pd.read_parquet(make_golden.VALUES).set_index(keys).sort_index()
    now = make_golden.golden_values().set_index(keys).sort_index()
    assert list(before.index) == list(now.index)
    # transforms and compilers differ between machines in the last bits
    np.testing.assert_allclose(now["value"], before["value"], rtol=1e-3, atol=1e-4)


def test_slaneys_filters_need_room():
    with pytest.raises(GtzanfeatError, match="reaches 6854 Hz, but at 11025 Hz the spectrum ends at 5512 Hz"):
        slaney_filterbank(512, 11025)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"feature": "spectral_centriod"}, "unknown feature.*Did you mean 'spectral_centroid'"),
        ({"feature": "mfcc", "columns": ("1",)}, "unknown column of mfcc '1'. Known: 00, 01"),
        ({"feature": "mfcc", "summary": "meen"}, "unknown summary 'meen'.*Did you mean 'mean'"),
    ],
)
def test_a_wrong_item_is_refused_at_once(arguments, message):
    with pytest.raises(UnknownNameError, match=message):
        FeatureItem(framing=Framing(512, 512), **arguments)


def test_a_set_cannot_be_changed_and_can_be_hashed():
    chosen = FEATURE_SETS["timbre19"]
    with pytest.raises(TypeError, match="does not support item assignment"):
        chosen.items[1].params["share"] = 0.5
    assert len({chosen, pickle.loads(pickle.dumps(chosen)), copy.deepcopy(chosen)}) == 1
    assert repr(chosen) == f"FeatureSet('timbre19', 19 columns, spec {chosen.spec_hash})"


def test_two_columns_of_one_name_are_refused():
    items = [FeatureItem("zcr", Framing(length, length), summary="mean") for length in (512, 1024)]
    with pytest.raises(GtzanfeatError, match="x has the column 'zcr_mean' twice; leave one item out"):
        FeatureSet("x", "", tuple(items))


def test_columns_may_keep_the_names_they_were_published_under():
    share = {"spectrum": "magnitude", "share": 0.85}
    item = FeatureItem("spectral_rolloff", Framing(512, 512), share, summary="mean+var", names=("rolloff",))
    plain = FeatureItem("spectral_rolloff", Framing(512, 512), share, summary="mean+var")
    named = FeatureSet("a", "", (item,))
    assert named.columns == ("rolloff_mean", "rolloff_var")
    assert named.spec_hash != FeatureSet("a", "", (plain,)).spec_hash
    assert "names" not in plain.spec()
    assert item.request.key == plain.request.key


def test_every_column_that_is_named_has_one_name():
    with pytest.raises(GtzanfeatError, match="rms has 1 columns to name, not 2"):
        FeatureItem("rms", Framing(512, 512), summary="mean", names=("a", "b"))


def test_edges_are_part_of_a_spec_only_where_there_are_any():
    plain = FeatureItem("rms", Framing(512, 512), summary="mean")
    centred = FeatureItem("rms", Framing(512, 512, edges="zero"), summary="mean")
    assert "edges" not in plain.spec()["framing"]
    assert centred.spec()["framing"]["edges"] == "zero"


# --- long recordings ----------------------------------------------------------------------------------------


def test_a_long_track_is_summarised_few_columns_at_a_time(rng, monkeypatch):
    """The same bits, and no more memory than the track itself takes."""
    wanted = FeatureItem(
        "band_flux", Framing(1024, 256), MEL, summary="mean+std+p10+delta_std", summary_params={"reach": 2}
    )
    bands = FeatureSet("bands", "", (wanted,))
    track = rng.exponential(size=(100_000, 80)).astype(np.float32)
    tracemalloc.start()
    parts = bands.vector({wanted.request.key: track})
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < track.nbytes  # whole, its statistics take eight times as much
    monkeypatch.setattr(definition, "CELLS", track.size + 1)
    np.testing.assert_array_equal(parts, bands.vector({wanted.request.key: track}))


def test_frames_without_a_summary_are_told():
    with pytest.raises(GtzanfeatError, match=r"rms has frames; give a summary of them, e\.g\. 'mean\+std'"):
        FeatureSet("x", "", (FeatureItem("rms", Framing(512, 512)),))


def test_a_set_travels_without_what_follows_from_it():
    chosen = FEATURE_SETS["full"]
    assert len(chosen.columns) > 900  # which are held from now on
    sent = pickle.dumps(chosen)
    assert len(sent) < 20_000
    assert pickle.loads(sent) == chosen
    assert pickle.loads(sent).spec_hash == chosen.spec_hash
