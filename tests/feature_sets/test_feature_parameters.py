"""Parameters: what is declared is accepted and decides something, what is not is refused, defaults stay."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gtzanfeat import Framing
from gtzanfeat.declarations import Request
from gtzanfeat.errors import GtzanfeatError, ParameterError, UnknownNameError
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.extraction.frame_matrices import usual_item
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet
from gtzanfeat.feature_sets import feature_parameters as room
from gtzanfeat.feature_sets.feature_parameters import feature_parameters, sources
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients.registry import INGREDIENTS
from gtzanfeat.statistics.summaries import SUMMARIES

RATE = 22050
FRAMES = Framing(1024, 256)
# values that any sound with notes, beats and quiet moments tells from the defaults
MOVED = {
    "n_mfcc": 4,
    "lifter": 10,
    "bands": 30,
    "low_hz": 300.0,
    "high_hz": 900.0,
    "floor": 0.1,
    "share": 0.3,
    "edges_hz": (0.0, 500.0, 3000.0),
    "window": 10,
    "smooth": 5,
    "threshold": 0.9,
    "tolerance": 0.2,
    "a4_hz": 460.0,
    "n_peaks": 1,
    "factors": (),
    "radius": 1,
    "lags": (100, 300),
    "linear_filters": 10,
    "log_filters": 20,
}
ROWS = {**FEATURES, **ACCUMULATORS, **INGREDIENTS}
TAKING = [name for name in FEATURES if feature_parameters(name)]


@pytest.fixture(scope="module")
def music():
    """Struck notes over a drone that breathes: something for every parameter to decide about."""
    time = np.arange(7 * RATE) / RATE
    notes = 220 * 2 ** (np.array([0, 4, 7, 12])[(time / 0.4).astype(int) % 4] / 12)
    phase = 2 * np.pi * np.cumsum(notes) / RATE
    struck = sum(np.sin(h * phase) / h for h in range(1, 7)) * np.exp(-(time % 0.4) * 8)
    drone = np.sin(2 * np.pi * 110 * time) * (1 + np.sin(2 * np.pi * time))
    drone[(time % 0.57) < 0.02] += 3.0
    rng = np.random.default_rng(0)
    noise = np.repeat(rng.uniform(0, 1, 70), RATE // 10) * rng.standard_normal(time.size)
    return (0.2 * struck + 0.05 * drone + 0.2 * noise).astype(np.float32)


def other(parameter, default):
    """Another value that a parameter can have; None where there is no other."""
    if parameter.choices:
        return next((choice for choice in parameter.choices if choice != default), None)
    if MOVED.get(parameter.name) == default:
        return default + 300
    if parameter.meaning.startswith("the highest f0"):
        return 200.0
    return not default if isinstance(default, bool) else MOVED[parameter.name]


def analysed(item, samples):
    analysis = Analysis([item.request])
    analysis.push(samples)
    return analysis.finish()[item.request.key]


def reach(name):
    """Names of a feature and of all that it is computed from."""
    return {name}.union(*map(reach, sources(name, {"spectrum": "power"})))


def moved(item, parameter):
    """An item with another value of a parameter; None where there is no other."""
    if parameter.name == "frame_rate":  # it follows from the frames: another is refused
        return None
    value = other(parameter, parameter.default_for(item.framing, RATE))
    return value if value is None else replace(item, params={**item.params, parameter.name: value})


@pytest.mark.parametrize("name", TAKING)
def test_every_parameter_is_accepted(name):
    item = usual_item(name)
    for parameter in feature_parameters(name).values():
        changed = moved(item, parameter)
        if changed is not None:
            Analysis([changed.request])
            assert len(changed.chosen) == len(changed.rows(frames=True)[0])


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.parameters])
def test_every_parameter_decides_something(name, music):
    """In a feature that declares it, or in one that is computed from what declares it."""
    items = [
        usual_item(feature)
        for feature in ([name] if name in FEATURES else FEATURES)
        if name in reach(feature)
    ]
    for parameter in ROWS[name].parameters:
        # a feature may declare it anew, with a default of its own
        own = [feature_parameters(item.feature)[parameter.name] for item in items]
        moves = [(item, moved(item, each)) for item, each in zip(items, own, strict=True)]
        pairs = [(item, changed) for item, changed in moves if changed is not None]
        assert not pairs or any(differ(*pair, music) for pair in pairs), parameter.name


def differ(item, changed, samples):
    usual, values = analysed(item, samples), analysed(changed, samples)
    assert values.shape[-1] == len(changed.chosen)
    return values.shape != usual.shape or not np.array_equal(values, usual)


@pytest.mark.parametrize("name", INGREDIENTS)
def test_an_ingredient_reads_only_what_it_declares(name):
    framing = next(usual_item(feature).framing for feature in FEATURES if name in reach(feature))
    row = INGREDIENTS[name]
    row.build(framing, RATE, {each.name: each.default_for(framing, RATE) for each in row.parameters})


@pytest.mark.parametrize("name", FEATURES)
def test_the_defaults_are_what_the_sets_have(name, music):
    """An item that gives nothing has the numbers of a set that gives everything."""
    having = [item for row in FEATURE_SETS.values() for item in row.items if item.feature == name]
    given = [item for item in having if item.params]
    if given:
        bare = analysed(FeatureItem(name, given[-1].framing), music)
        assert np.array_equal(bare, analysed(given[-1], music))


DEFAULTS = Path(__file__).parents[1] / "golden" / "defaults.json"


def test_defaults_stay():
    """What is not given is not in the spec: another default would be other numbers under the same hash."""
    found = {
        f"{row.name} {parameter.name}": parameter.default_for(FRAMES, RATE)
        for rows in (FEATURES, ACCUMULATORS, INGREDIENTS, SUMMARIES)
        for row in rows.values()
        for parameter in row.parameters
    }
    assert json.loads(json.dumps(found)) == json.loads(DEFAULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TAKING)
def test_every_parameter_is_explained(name):
    for parameter in feature_parameters(name).values():
        assert parameter.unit
        assert parameter.meaning
        assert parameter.range
        default = parameter.default_for(FRAMES, RATE)
        assert parameter.checked(name, default, default) == default


@pytest.mark.parametrize(
    ("feature", "params", "error", "message"),
    [
        (
            "mfcc",
            {"banana": 3},
            UnknownNameError,
            "unknown parameter of mfcc 'banana'. Known: n_mfcc, lifter, linear_filters, log_filters",
        ),
        ("librosa_mfcc", {"n_mfc": 3}, UnknownNameError, "Did you mean 'n_mfcc'"),
        ("zcr", {"banana": 3}, ParameterError, "zcr takes no parameters, but was given 'banana'"),
        ("mfcc", {"n_mfcc": 0}, ParameterError, "mfcc: n_mfcc is 0; it must be a whole number, 1 or more"),
        ("mfcc", {"n_mfcc": 20.0}, ParameterError, "n_mfcc is 20.0; it must be a whole number"),
        ("mfcc", {"n_mfcc": True}, ParameterError, "n_mfcc is True"),
        (
            "mfcc",
            {"n_mfcc": 41},
            ParameterError,
            "40 bands have no 41 cepstral coefficients; give n_mfcc up to 40",
        ),
        (
            "spectral_rolloff",
            {"share": 1.1},
            ParameterError,
            "share is 1.1; it must be a number, above 0, to 1",
        ),
        ("spectral_rolloff", {"share": float("nan")}, ParameterError, "share is nan"),
        ("spectral_rolloff", {"share": "0.85"}, ParameterError, "share is '0.85'"),
        ("mel", {"high_hz": float("inf")}, ParameterError, "high_hz is inf"),
        ("mel", {"mel": "bark"}, ParameterError, "mel is 'bark'; it must be one of slaney, htk"),
        ("mel128", {"bands": 64}, ParameterError, "bands is 64; it must be one of 128"),
        ("beat", {"refine": 1}, ParameterError, "refine is 1; it must be True or False"),
        ("beat", {"factors": 2}, ParameterError, "factors is 2; it must be whole numbers, 2 or more"),
        ("beat", {"factors": (2, 1)}, ParameterError, "factors is"),
        ("spectral_contrast", {"edges_hz": (0, 800, 400)}, ParameterError, "give two or more frequencies"),
        (
            "spectral_contrast",
            {"edges_hz": 400},
            ParameterError,
            "edges_hz is 400; it must be numbers, 0 or more",
        ),
        (
            "novelty_rms",
            {"spectrum": "power"},
            ParameterError,
            "spectrum is 'power'; it must be one of magnitude",
        ),
    ],
)
def test_what_no_feature_takes_is_refused(feature, params, error, message):
    with pytest.raises(error, match=message):
        FeatureItem(feature, FRAMES, params)
    with pytest.raises(error, match=message):
        Analysis([Request(feature, FRAMES, params)]).push(np.zeros(RATE, dtype=np.float32))


@pytest.mark.parametrize(
    ("feature", "params", "message"),
    [
        ("mel", {"low_hz": 500.0, "high_hz": 400.0}, "low_hz 500 must be below high_hz 400"),
        ("mel", {"high_hz": 12000.0}, "reaches 12000 Hz, but at 22050 Hz the spectrum ends at 11025"),
        ("mel", {"bands": 400}, "mel bands have no bin in frames of 1024 samples at 22050 Hz"),
        ("chroma", {"low_hz": 5000.0}, "low_hz 5000 must be below high_hz 5000"),
        ("f0", {"high_hz": 65.0}, "low_hz 65 must be below high_hz 65"),
        ("beat", {"lags": (20,)}, r"lags are \(20,\); give the shortest and the longest"),
        ("mfcc", {"log_filters": 40}, "Slaney's filterbank reaches .* Hz"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(feature, params, message):
    framing = usual_item(feature).framing if feature == "beat" else FRAMES
    with pytest.raises(GtzanfeatError, match=message):
        Analysis([FeatureItem(feature, framing, params).request])


def test_a_summary_takes_its_own_parameters_only():
    with pytest.raises(
        UnknownNameError, match="unknown parameter of the summary 'texture' 'kiwi'. Known: window, start"
    ):
        FeatureItem("zcr", FRAMES, summary="texture", summary_params={"kiwi": 3})
    with pytest.raises(
        ParameterError, match="the summary 'mean' takes no parameters, but was given 'window'"
    ):
        FeatureItem("zcr", FRAMES, summary="mean", summary_params={"window": 3})
    with pytest.raises(ParameterError, match="start is 'late'; it must be one of valid, grow, prefill"):
        FeatureItem("zcr", FRAMES, summary="texture+mean", summary_params={"start": "late"})
    with pytest.raises(ParameterError, match="tempo is not summarised here; leave out summary_params"):
        FeatureItem("tempo", FRAMES, summary_params={"window": 3})


@pytest.mark.parametrize("name", [name for name, row in SUMMARIES.items() if row.parameters])
def test_every_parameter_of_a_summary_decides_something(name, rng):
    row = SUMMARIES[name]
    track = rng.standard_normal((100, 2)).cumsum(axis=0)
    usual = row.compute(track, row.full_params({}))
    for parameter, value in (("window", 7), ("start", "grow"), ("reach", 9)):
        if parameter in row.full_params({}):
            item = FeatureItem("zcr", FRAMES, summary=name, summary_params={parameter: value})
            assert not np.array_equal(row.compute(track, row.full_params(item.summary_params)), usual)


def test_what_is_not_given_is_not_in_the_spec():
    bare = FeatureItem("mfcc", FRAMES, summary="texture")
    assert bare.spec()["params"] == bare.spec()["summary_params"] == {}
    given = FeatureItem("mfcc", FRAMES, {"n_mfcc": np.int64(20)}, summary="texture")
    assert given.spec()["params"] == {"n_mfcc": 20}
    assert FeatureSet("a", "", (given,)).spec_hash != FeatureSet("a", "", (bare,)).spec_hash
    listed = FeatureItem("beat", FRAMES, {"factors": [2, 3]})
    assert listed == FeatureItem("beat", FRAMES, {"factors": (2, 3)})


# --- the names of columns follow -------------------------------------------------------------------------


def columns(*arguments, **more):
    return FeatureSet("mine", "", (FeatureItem(*arguments, **more),)).columns


def test_names_of_columns_follow_the_parameters():
    assert columns("mfcc", FRAMES, {"n_mfcc": 20}, summary="mean")[-1] == "mfcc_19_mean"
    assert columns("mfcc", FRAMES, {"n_mfcc": 20}, ("19",), summary="mean") == ("mfcc_19_mean",)
    assert columns("mel", FRAMES, {"bands": 3}, summary="mean") == (
        "mel_00_mean",
        "mel_01_mean",
        "mel_02_mean",
    )
    assert columns("mel", FRAMES, {"bands": 101}, summary="mean")[-1] == "mel_100_mean"
    assert columns("band_flux", FRAMES, {"bands": 2}, summary="mean")[2] == "band_flux_fall_00_mean"
    edges = {"edges_hz": (100.0, 1000.0, 4000.0)}
    assert columns("spectral_contrast", FRAMES, edges, summary="mean")[-1] == "spectral_contrast_1_mean"
    assert len(columns("octave_contrast", FRAMES, edges, summary="mean")) == 4


def test_texts_of_columns_follow_the_parameters():
    item = FeatureItem("mfcc", FRAMES, {"n_mfcc": 20, "lifter": 22, "log_filters": 20}, summary="mean")
    (rows,) = item.rows()
    assert rows[19]["formula"] == "mean of (1 + 11 sin(π19/22)) Σ_b √(2/33) cos(π19(b+½)/33) log10 E_b"
    edges = {"edges_hz": (100.0, 1000.0, 4000.0), "share": 0.1}
    (rows,) = FeatureItem("spectral_contrast", FRAMES, edges, summary="mean").rows()
    assert "mean of the largest 10% of S" in rows[0]["formula"]
    assert "1000 Hz upwards" in rows[1]["hears"]


# --- right values, by another hand -----------------------------------------------------------------------


def test_mfcc_of_librosas_parameters_are_librosas(music):
    import librosa

    framing = Framing(1024, 256, window="blackman")
    params = {"n_mfcc": 24, "bands": 30, "low_hz": 100.0, "high_hz": 8000.0, "lifter": 24, "mel": "htk"}
    ours = analysed(FeatureItem("librosa_mfcc", framing, params), music)
    power = np.abs(librosa.stft(music, n_fft=1024, hop_length=256, window="blackman", center=False)) ** 2
    mel = librosa.feature.melspectrogram(
        S=power, sr=RATE, n_mels=30, fmin=100.0, fmax=8000.0, htk=True, norm=None
    )
    theirs = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=24)
    # librosa's lifter counts coefficients from 1, Young's from 0
    theirs *= (1 + 12 * np.sin(np.pi * np.arange(24) / 24))[:, None]
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-3, atol=2e-2)


def test_contrast_of_other_bands_is_librosas(music):
    import librosa

    framing = Framing(2048, 512, window="hann")
    params = {"edges_hz": (0.0, 300.0, 600.0, 1200.0, 2400.0, 4800.0), "share": 0.05}
    ours = analysed(FeatureItem("spectral_contrast", framing, params), music)
    magnitude = np.abs(librosa.stft(music, n_fft=2048, hop_length=512, center=False))
    theirs = librosa.feature.spectral_contrast(S=magnitude, sr=RATE, fmin=300.0, n_bands=4, quantile=0.05)
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-3, atol=1e-2)


# as long as the lowest note at 415 Hz needs
LONG = Framing(39168, 1024, window="none", edges="zero")


@pytest.mark.parametrize("a4_hz", [415.0, 440.0, 460.0])
def test_a_tone_at_the_reference_is_an_a(a4_hz):
    tone = np.sin(2 * np.pi * a4_hz * np.arange(2 * RATE) / RATE).astype(np.float32)
    for feature, framing in (
        ("chroma", Framing(4096, 1024)),
        ("chroma_cqt", LONG),
    ):
        track = analysed(FeatureItem(feature, framing, {"a4_hz": a4_hz}), tone)
        assert track[len(track) // 2].argmax() == 9
        assert np.delete(track[len(track) // 2], 9).max() < 0.35
    pitches = FeatureItem("pitch", usual_item("pitch").framing, {"a4_hz": a4_hz}, ("up0",))
    assert analysed(pitches, tone)[1] == 69


# --- windows, seconds, rates -----------------------------------------------------------------------------


@pytest.mark.parametrize("window", ["blackman", "bartlett", "flattop", ("kaiser", 8.6), ("tukey", 0.3)])
def test_windows_are_scipys(window, music):
    from scipy.signal import get_window

    framing = Framing(512, 512, window=window)
    ours = analysed(FeatureItem("spectral_centroid", framing), music)[:, 0]
    frames = music[: len(ours) * 512].reshape(-1, 512) * get_window(window, 512)
    spectra = np.abs(np.fft.rfft(frames, axis=1))
    hertz = np.arange(257) * RATE / 512
    np.testing.assert_allclose(ours, spectra @ hertz / spectra.sum(axis=1), rtol=1e-3)


def test_an_unknown_window_is_named():
    with pytest.raises(
        ParameterError, match="unknown window 'hammering'. Known: hamming, hann, none, and what scipy"
    ):
        Analysis([Request("spectral_centroid", Framing(512, 512, window="hammering"))])


def test_frames_in_seconds():
    assert Framing.of_seconds(0.025, 0.01) == Framing(551, 220)
    assert Framing.of_seconds(0.025, 0.01, 16000, window="hann") == Framing(400, 160, "hann")
    np.testing.assert_allclose(Framing(400, 160).times(3, 16000), [0.0125, 0.0225, 0.0325])
    np.testing.assert_allclose(Framing(400, 160, edges="zero").times(3, 16000), [0, 0.01, 0.02])


def test_what_a_caller_does_with_the_parameters_is_not_remembered():
    for params in ({}, {"spectrum": "power"}, {"spectrum": "power", "share": 0.5}):
        first = feature_parameters("spectral_rolloff", params)
        expected = dict(first)
        first.clear()
        assert feature_parameters("spectral_rolloff", params) == expected != {}


def test_what_a_feature_is_computed_from_is_looked_for_once(monkeypatch):
    request = Request("spectral_rolloff", FRAMES, {"spectrum": "power"})
    Analysis([request])
    monkeypatch.setattr(room, "sources", lambda *_: pytest.fail("gathered once more"))
    Analysis([request])
