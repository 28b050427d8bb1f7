"""The set `librosa57` against librosa itself, column by column, on real clips and on made ones."""

import librosa
import numpy as np
import pytest
import signals
import soundfile
from recordings import GTZAN100, needs_gtzan100
from reference import table57 as slow

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.features import librosa57, librosa_chroma

RATE = signals.RATE
SECONDS = 5  # of each real clip: librosa takes 40 ms for a second
CHOSEN = feature_set("librosa57")

# What may differ, as a share of librosa's value, and at least in absolute terms. librosa sums in float32; we
# hold float64 sums of float32 tracks. Five parts in a million are a few roundings of float32.
RTOL = {
    # a bin that is at 85 % of the sum to within a rounding counts as the one before or after: 10.8 Hz
    "rolloff_mean": 1e-4,
    "rolloff_var": 2e-3,
    # the variance of a track rounded to float32 here and there: 2 · 2^-24 · mean / std in each of both, and
    # mean / std is 50 in a short clip that hardly changes
    "spectral_centroid_var": 1.2e-5,
    # over 300 sounds of 10 frames it is up to 1.7e-5 from float64 (4.1e-6 on average), by the transform of
    # scipy up to 1.6e-5 (4.0e-6)
    "spectral_bandwidth_var": 1.8e-5,
}
ATOL = {
    "harmony_mean": 1e-7,  # a mean that is next to nothing, of samples that are right to 1e-7
    "perceptr_mean": 1e-7,
    # an average of numbers of both signs and a hundred times as large, which are right to 1e-4
    **{f"mfcc{q}_mean": 2e-4 for q in range(1, 21)},
    **{f"mfcc{q}_var": 2e-3 for q in range(1, 21)},
}


def from_librosa(samples):
    """The table as tutorials write it."""
    harmonic, percussive = librosa.effects.hpss(samples)
    rows = [
        librosa.feature.chroma_stft(y=samples, sr=RATE),
        librosa.feature.rms(y=samples),
        librosa.feature.spectral_centroid(y=samples, sr=RATE),
        librosa.feature.spectral_bandwidth(y=samples, sr=RATE),
        librosa.feature.spectral_rolloff(y=samples, sr=RATE),
        librosa.feature.zero_crossing_rate(samples),
        harmonic,
        percussive,
    ]
    tempo, _ = librosa.beat.beat_track(y=samples, sr=RATE)
    moments = [moment for row in rows for moment in (row.mean(), row.var())]
    cepstra = librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=20)
    moments += [float(np.squeeze(tempo))]
    return np.array(moments + [moment for row in cepstra for moment in (row.mean(), row.var())])


def ours(samples, step=None):
    analysis = Analysis(CHOSEN.requests)
    for start in range(0, len(samples), step or len(samples)):
        analysis.push(samples[start : start + (step or len(samples))])
    return CHOSEN.vector(analysis.finish())


def assert_equal(found, expected, rtol=5e-6, atol=1e-8, loose=()):
    for name, a, b in zip(CHOSEN.columns, found, expected, strict=True):
        if name == "tempo":
            assert a == np.float32(b)
        else:
            relative, absolute = (
                (0.1, 0.01) if name in loose else (RTOL.get(name, rtol), ATOL.get(name, atol))
            )
            np.testing.assert_allclose(a, b, rtol=relative, atol=absolute, err_msg=name)


# --- names ------------------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_table():
    pairs = ["chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff", "zero_crossing_rate"]
    pairs += ["harmony", "perceptr"]
    names = [f"{name}_{moment}" for name in pairs for moment in ("mean", "var")] + ["tempo"]
    names += [f"mfcc{q}_{moment}" for q in range(1, 21) for moment in ("mean", "var")]
    assert list(CHOSEN.columns) == names
    assert len(names) == 57


def test_the_table_of_features_tells_what_the_names_do_not():
    rows = {row["column"]: row for row in CHOSEN.feature_table()}
    assert rows["rolloff_var"]["feature"] == "spectral_rolloff"
    assert rows["rolloff_var"]["summary"] == "var"
    assert rows["rolloff_var"]["unit"] == "(Hz)²"
    assert rows["mfcc3_mean"]["formula"].startswith("mean of Σ_b √(2/128) cos(π2(b+½)/128)")
    assert rows["tempo"]["unit"] == "bpm"
    assert rows["harmony_var"]["feature"] == "samples"
    assert rows["harmony_var"]["formula"] == "Σ x[n]² / N - mean², of the harmonic part"


# --- against librosa --------------------------------------------------------------------------------


def worst_line(name, found, expected):
    off = np.abs(found - expected).max()
    return f"{name:<24} {off:10.2e} of {np.abs(expected).max():10.2e}"


@needs_gtzan100
def test_real_clips_have_librosas_numbers():
    paths = sorted(GTZAN100.glob("*/*.wav"))[::5][:20]
    found, expected = [], []
    for path in paths:
        samples = soundfile.read(path, frames=SECONDS * RATE, dtype="float32")[0]
        found.append(ours(samples))
        expected.append(from_librosa(samples))
        assert_equal(found[-1], expected[-1])
    print("worst difference from librosa over", len(paths), "real clips of", SECONDS, "s")
    for name, a, b in zip(CHOSEN.columns, np.transpose(found), np.transpose(expected), strict=True):
        print(worst_line(name, a, b))


def music(rng):
    t = np.arange(6 * RATE) / RATE
    notes = 450 * 2 ** (np.array([0, 4, 7, 12])[(t / 0.5).astype(int) % 4] / 12)  # 0.39 semitones sharp
    struck = sum(np.sin(h * 2 * np.pi * np.cumsum(notes) / RATE) / h for h in range(1, 7))
    return 0.1 * struck * np.exp(-4 * (t % 0.5)) + 0.02 * rng.standard_normal(len(t))


MADE = {
    "music": music,
    "noise": lambda rng: 0.1 * rng.standard_normal(3 * RATE),
    "clicks at 100 bpm over noise": lambda rng: (
        0.5 * (np.arange(6 * RATE) % 13230 == 0) + 1e-3 * rng.standard_normal(6 * RATE)
    ),
    "half of it silent": lambda rng: 0.1 * rng.standard_normal(4 * RATE) * (np.arange(4 * RATE) < 2 * RATE),
    "a whole number of frames": lambda rng: 0.1 * rng.standard_normal(96 * 512),
    "one sample more": lambda rng: 0.1 * rng.standard_normal(96 * 512 + 1),
    "one sample less": lambda rng: 0.1 * rng.standard_normal(96 * 512 - 1),
    "shorter than 31 frames": lambda rng: 0.1 * rng.standard_normal(5_000),
}


@pytest.mark.parametrize("name", MADE)
def test_made_sounds_have_librosas_numbers(name, rng):
    samples = MADE[name](rng).astype(np.float32)
    assert_equal(ours(samples), from_librosa(samples))


# what is made of rounding errors: the peaks of a flat spectrum, and the bins of a constant far from its own
CHROMA = ("chroma_stft_mean", "chroma_stft_var")
SPREAD = (
    "spectral_bandwidth_mean",
    "spectral_bandwidth_var",
    "spectral_centroid_mean",
    "spectral_centroid_var",
)
PLAIN = {
    "silence": (np.zeros(20_000), ()),
    "DC": (np.full(20_000, 0.1), SPREAD),
    "impulse": (np.eye(1, 20_000, 9_000)[0], CHROMA),
    "one sample": (np.full(1, 0.5), CHROMA),
    "shorter than a frame": (np.full(100, 0.1), ()),
}


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large", "ignore:Trying to estimate tuning")
@pytest.mark.parametrize("name", PLAIN)
def test_plain_signals_have_librosas_numbers(name):
    samples, loose = PLAIN[name]
    samples = samples.astype(np.float32)
    found, expected = ours(samples), from_librosa(samples)
    assert np.isfinite(found).all()
    # float32 sums of 2048 equal numbers
    assert_equal(found, expected, rtol=3e-5, atol=1e-7, loose=loose)


def test_a_clip_without_onsets_has_no_tempo():
    analysis = Analysis(CHOSEN.requests)
    analysis.push(np.zeros(RATE, dtype=np.float32))
    assert CHOSEN.vector(analysis.finish())[CHOSEN.columns.index("tempo")] == 0
    assert "no_onsets" in analysis.flags()


# --- the ways in ------------------------------------------------------------------------------------


def test_a_file_gives_what_an_array_gives(tmp_path, rng):
    samples = np.round(music(rng) * 32768).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="PCM_16")
    from_file = extract([tmp_path / "a.wav"], CHOSEN)
    np.testing.assert_array_equal(from_file.values[0], ours(samples.astype(np.float32) / 32768))


@pytest.mark.parametrize("edges", ["zero", "copy"])
@pytest.mark.parametrize(("length", "hop"), [(2048, 512), (1000, 333), (512, 512)])
def test_centred_frames_are_librosas(edges, length, hop, rng):
    samples = rng.uniform(-1, 1, 140_000).astype(np.float32) + np.float32(0.2)
    request = Request("rms", Framing(length, hop, edges=edges))
    analysis = Analysis([request])
    for block in np.array_split(samples, 7):
        analysis.push(block)
    mode = {"zero": "constant", "copy": "edge"}[edges]
    theirs = librosa.feature.rms(y=samples, frame_length=length, hop_length=hop, pad_mode=mode)[0]
    track = analysis.finish()[request.key][:, 0]
    assert request.framing.n_frames(len(samples)) == len(track) == len(theirs)
    np.testing.assert_allclose(track, theirs, rtol=2e-5)  # librosa's mean of 2048 float32


@pytest.mark.parametrize("n", [1, 2, 1023, 1024, 1025, 2048, 2049])
@pytest.mark.parametrize("edges", ["zero", "copy"])
def test_short_clips_are_centred_too(edges, n, rng):
    samples = rng.uniform(-1, 1, n).astype(np.float32)
    request = Request("rms", Framing(2048, 512, edges=edges))
    analysis = Analysis([request])
    for sample in samples[:, None]:
        analysis.push(sample)
    mode = {"zero": "constant", "copy": "edge"}[edges]
    theirs = librosa.feature.rms(y=samples, pad_mode=mode)[0]
    np.testing.assert_allclose(analysis.finish()[request.key][:, 0], theirs, rtol=2e-5)


def test_odd_edges_are_refused():
    with pytest.raises(ValueError, match="unknown edges 'wrap'. Known: none, pad_end, zero, copy"):
        Framing(512, 512, edges="wrap")
    with pytest.raises(ValueError, match="keep their mean; leave out edges or remove_mean"):
        Framing(512, 512, edges="zero", remove_mean=True)


# --- the parts of it --------------------------------------------------------------------------------


def test_weights_at_a_tuning_lie_on_a_polynomial(rng):
    """Between the tunings whose energies are kept, at every hundredth of a semitone."""
    power = rng.exponential(size=(20, 1025)).astype(np.float32)
    kept = np.empty((20, 200), dtype=np.float32)
    librosa_chroma.energies_at_tunings(power, *librosa_chroma.weights_at_tunings(2048, RATE), kept)
    for tuning in np.linspace(-0.5, 0.49, 34):
        peak = 440 * 2 ** ((tuning + 0.005) / 12)
        peaks = np.array([[peak, 1.0]], dtype=np.float32)
        assert librosa_chroma.estimate_tuning(peaks) == pytest.approx(tuning, abs=0.0051)
        exact = (
            power
            @ librosa.filters.chroma(sr=RATE, n_fft=2048, tuning=librosa_chroma.estimate_tuning(peaks)).T
        )
        chroma = librosa_chroma.chroma_stft(kept, peaks, 2048, RATE)
        np.testing.assert_allclose(chroma, exact / exact.max(axis=1, keepdims=True), rtol=0, atol=3e-6)


@pytest.mark.parametrize("n_bins", [257, 276, 503, 514])
def test_energies_are_a_matrix_product(n_bins, rng):
    """Of the lowest bins as they are, and of filters of which each bin is in a few classes."""
    power = rng.exponential(size=(7, n_bins)).astype(np.float32)
    filters = rng.exponential(size=(16, 12, n_bins)).astype(np.float32)
    nearest = 12 * np.log2(np.arange(8, n_bins) / 100)
    distance = (nearest - np.arange(12)[:, None] + 6) % 12 - 6
    filters[:, :, 8:] *= np.abs(distance) < 1 + 1000 / np.arange(8, n_bins) ** 2
    out = np.full((7, 200), np.nan, dtype=np.float32)
    first, width, start, weights = librosa_chroma.packed_weights(filters)
    assert width.max() == 12  # the low ones are in all
    assert weights.size < 5 * 16 * n_bins
    librosa_chroma.energies_at_tunings(power, first, width, start, weights, out)
    np.testing.assert_array_equal(out[:, :8], power[:, :8])
    exact = np.einsum("tk,ick->tic", np.float64(power[:, 8:]), np.float64(filters[..., 8:]))
    np.testing.assert_allclose(out[:, 8:], exact.reshape(7, -1), rtol=3e-6)


def test_peaks_are_those_of_the_twin_and_of_librosa(rng):
    power = rng.exponential(size=(30, 1025)).astype(np.float32)
    peaks = librosa_chroma.tuning_peaks(
        power, RATE, *librosa_chroma.rate_and_peak_bins(Framing(2048, 512), RATE, {})[1:]
    )
    np.testing.assert_allclose(peaks, slow.peaks(power), rtol=1e-5)
    plain = librosa_chroma.tuning_peaks.py_func(power, RATE, 14, 372)
    np.testing.assert_allclose(peaks, plain, rtol=1e-6)  # products and sums are rounded once or twice
    theirs = librosa.estimate_tuning(S=power.T, sr=RATE)
    assert librosa_chroma.estimate_tuning(peaks) == slow.tuning(slow.peaks(power)) == pytest.approx(theirs)


def test_the_mean_autocorrelation_is_that_of_the_mean_tempogram(rng):
    strength = np.maximum(rng.standard_normal(300), 0).astype(np.float32)
    mean = librosa.feature.tempogram(onset_envelope=strength, win_length=344).mean(axis=1)
    np.testing.assert_allclose(librosa57.mean_autocorrelation(strength, 344), mean, rtol=0, atol=1e-12)


def test_the_onset_strength_is_librosas(rng):
    samples = music(rng).astype(np.float32)
    request = Request("mel128", CHOSEN.items[0].framing, CHOSEN.items[-1].params)
    analysis = Analysis([request])
    analysis.push(samples)
    theirs = librosa.onset.onset_strength(y=samples, sr=RATE, aggregate=np.median)
    np.testing.assert_allclose(
        librosa57.onset_strength(analysis.finish()[request.key]), theirs, rtol=1e-4, atol=1e-4
    )
