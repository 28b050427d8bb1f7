"""Keys: profiles, the slow twin, cadences, real clips."""

import csv

import numpy as np
import pytest
import signals
from recordings import GTZAN100, needs_gtzan100
from reference import tonal as twin

from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features import FEATURES
from gtzanfeat.features.keys import PROFILES, estimate_key

REQUESTS = {item.feature: item.request for item in FEATURE_SETS["tonal"].items}


def analyse(feature, samples):
    analysis = Analysis([REQUESTS[feature]])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[REQUESTS[feature].key]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_in_its_own_key(profile):
    for mode, of_mode in ((1, PROFILES[profile][0]), (0, PROFILES[profile][1])):
        for tonic in range(12):
            found = estimate_key(np.roll(of_mode, tonic), profile)
            assert tuple(found[:2]) == (tonic, mode)
            assert found[2] == pytest.approx(1.0)
            assert found[3] > 0.05


@pytest.mark.parametrize("profile", PROFILES)
def test_key_equals_its_slow_twin(profile, rng):
    for classes in [*rng.random((50, 12)), np.ones(12), np.zeros(12)]:
        np.testing.assert_allclose(estimate_key(classes, profile), twin.key(classes, profile), atol=1e-9)


@pytest.mark.parametrize("feature", ["chroma_key", "pitch_key"])
@pytest.mark.parametrize("tonic", [60, 63, 67])
def test_a_cadence_in_major_is_in_its_key(feature, tonic):
    values = analyse(feature, signals.progression(tonic))
    for profile in range(2):
        assert tuple(values[4 * profile : 4 * profile + 2]) == (tonic % 12, 1)
        assert values[4 * profile + 2] > 0.7


@pytest.mark.parametrize("feature", ["chroma_key", "pitch_key"])
def test_a_cadence_in_minor_is_in_its_key(feature):
    chords = [(50, 62, 65, 69), (43, 67, 70, 74), (45, 69, 73, 76), (50, 62, 65, 69)]  # i iv V i in D
    values = analyse(feature, np.concatenate([signals.chord(notes, 1.0) for notes in chords]))
    assert tuple(values[:2]) == (2, 0)
    assert tuple(values[4:6]) == (2, 0)


def test_silence_has_no_key():
    for feature in ("chroma_key", "pitch_key"):
        assert not analyse(feature, signals.silence()).any()
        assert len(FEATURES[feature].columns) == 8


# --- real clips ------------------------------------------------------------------------------------


def mirex(tonic, mode, true_tonic, true_mode):
    """Score a key: 1, a fifth away 0.5, relative 0.3, parallel 0.2, else 0."""
    up = (tonic - true_tonic) % 12
    if mode == true_mode:
        return {0: 1.0, 7: 0.5, 5: 0.5}.get(up, 0.0)
    return {0: 0.2, 9 if true_mode else 3: 0.3}.get(up, 0.0)


@needs_gtzan100
@pytest.mark.parametrize(
    ("feature", "set_name", "exact", "weighted"),
    [("chroma_key", "tonal", 0.45, 0.55), ("chroma_cqt_key", "harmony", 0.5, 0.6)],
)
def test_real_clips_are_in_the_key_that_people_hear(feature, set_name, exact, weighted):
    spelled = "C C# D D# E F F# G G# A A# B".split()
    with (GTZAN100 / "key.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    truth = [(spelled.index(row["tonic"]), int(row["mode"] == "major")) for row in rows]
    paths = [GTZAN100 / row["name"].split(".")[0] / f"{row['name']}.wav" for row in rows]
    found = extract(paths, set_name)
    tonic = found.values[:, found.columns.index(f"{feature}_albrecht_tonic")]
    mode = found.values[:, found.columns.index(f"{feature}_albrecht_mode")]
    scores = np.array([mirex(t, m, *true) for t, m, true in zip(tonic, mode, truth, strict=True)])
    # Krumhansl's profiles on librosa's mean chroma_cqt reach 0.37 and 0.47 on these 43 clips
    assert (scores == 1).mean() > exact
    assert scores.mean() > weighted
