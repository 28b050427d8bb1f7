"""Many clips at once: the same bits for any number of workers, and every failure on record."""

import subprocess
import sys

import joblib
import numpy as np
import pytest
import soundfile
from recordings import GTZAN100, needs_gtzan100

from gtzanfeat import ClipFeatures, FrameFeatures
from gtzanfeat.audio import Clip
from gtzanfeat.declarations import Framing
from gtzanfeat.errors import ClipError, MissingClipError, UnknownNameError
from gtzanfeat.extraction import Extraction, extract
from gtzanfeat.extraction.parallel import CLIPS_PER_TASK
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet, feature_set

RATE = 22050


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Files of odd lengths, more than two chunks of them."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    paths = []
    for i in range(2 * CLIPS_PER_TASK + 3):
        paths.append(folder / f"{i:02d}.wav")
        soundfile.write(paths[-1], rng.uniform(-0.3, 0.3, 5_000 + 7_001 * (i % 5)), RATE)
    return paths


@pytest.mark.parametrize("name", ["tzanetakis2002", "marsyas64"])
def test_the_bits_do_not_depend_on_workers_backend_or_order(corpus, name):
    serial = extract(corpus, name).values
    np.testing.assert_array_equal(extract(corpus, name, n_jobs=2).values, serial)
    np.testing.assert_array_equal(extract(corpus[::-1], name, n_jobs=3).values[::-1], serial)
    np.testing.assert_array_equal(extract(corpus[4:5], name).values, serial[4:5])
    with joblib.parallel_config(backend="loky", n_jobs=2):
        np.testing.assert_array_equal(extract(corpus, name).values, serial)


def test_an_extraction_says_what_it_is(corpus):
    extraction = extract([*corpus[:3], np.zeros(700)], "classic30")
    assert isinstance(extraction, Extraction)
    assert extraction.values.shape == (4, 30)
    assert extraction.values.dtype == np.float32
    assert extraction.columns == FEATURE_SETS["classic30"].columns
    np.testing.assert_allclose(extraction.seconds, [5000 / RATE, 12001 / RATE, 19002 / RATE, 700 / RATE])
    assert extraction.flags[3].split() == ["silent", "padded_1024", "padded_65536", "no_beat", "no_pitch"]
    assert extraction.ok.all()
    assert extraction.failures == ()


def test_every_kind_of_clip_gives_the_same(corpus):
    samples, _ = soundfile.read(corpus[2], dtype="float32")
    expected = extract([corpus[2]], "timbre19").values
    for clip in (str(corpus[2]), Clip(corpus[2]), samples, Clip(samples, rate=RATE), samples.astype(float)):
        np.testing.assert_array_equal(extract([clip], "timbre19").values, expected)
    np.testing.assert_array_equal(extract(samples[None], "timbre19").values, expected)
    np.testing.assert_array_equal(
        extract(np.array([str(corpus[2])], dtype=object), "timbre19").values, expected
    )


def test_the_rate_is_that_of_arrays_which_do_not_know_their_own():
    samples = np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100)
    at_44100 = extract([samples], "timbre19", rate=44100)
    assert at_44100.seconds[0] == pytest.approx(1)
    np.testing.assert_array_equal(
        at_44100.values, extract([Clip(samples, rate=44100)], "timbre19", rate=8000).values
    )


def test_a_failure_is_recorded_and_nothing_else_is_lost(corpus, tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    clips = [
        corpus[0],
        tmp_path / "none.wav",
        corpus[1],
        text,
        np.array([0.0, np.nan]),
        np.zeros((2, 3)),
        None,
    ]
    extraction = extract(clips, "timbre19", on_error="skip", n_jobs=2)
    assert extraction.ok.tolist() == [True, False, True, False, False, False, False]
    assert [failure.index for failure in extraction.failures] == [1, 3, 4, 5, 6]
    sources = [failure.source for failure in extraction.failures]
    assert sources == [str(tmp_path / "none.wav"), str(text), "clip 4", "clip 5", "clip 6"]
    assert extraction.failures[2].reason.startswith("it holds NaN samples; repair")
    assert np.isnan(extraction.values[~extraction.ok]).all()
    assert np.isnan(extraction.seconds[~extraction.ok]).all()
    np.testing.assert_array_equal(extraction.values[extraction.ok], extract(corpus[:2], "timbre19").values)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failure_stops_everything_if_that_is_asked_for(corpus, n_jobs):
    with pytest.raises(MissingClipError, match=r"^none\.wav: there is no such file; check the path$"):
        extract([*corpus, "none.wav"], n_jobs=n_jobs)
    with pytest.raises(ClipError, match=r"^clip 1: it holds NaN samples"):
        extract([np.zeros(9), np.array([np.nan])], n_jobs=n_jobs)


def test_a_backend_without_generators_will_do(corpus):
    with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
        values = extract(corpus[:3], "timbre19").values
    np.testing.assert_array_equal(values, extract(corpus[:3], "timbre19").values)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ("song.wav", "the list of clips: it is one clip; give a list, even of one"),
        (Clip(np.zeros(9)), "it is one clip"),
        (np.zeros(9), "it is one clip"),
        (7, "it is a int"),
    ],
)
def test_one_clip_is_not_a_list_of_clips(clips, message):
    with pytest.raises(ClipError, match=message):
        extract(clips)


def test_numbers_that_are_not_finite_never_leave(monkeypatch):
    chosen = FEATURE_SETS["timbre19"]
    monkeypatch.setattr(type(chosen), "vector", lambda self, results: np.full(19, np.nan, dtype=np.float32))
    with pytest.raises(ClipError, match="clip 0: its features are not finite; please report it"):
        extract([np.ones(600)], chosen)


def test_progress_counts_every_clip(corpus):
    counts = []
    extract(corpus, "timbre19", n_jobs=2, progress=counts.append)
    assert sum(counts) == len(corpus)


@pytest.mark.parametrize(("n_jobs", "counts"), [(1, [8, 8, 3]), (2, [2] * 9 + [1]), (8, [1] * 19)])
def test_few_clips_are_shared_out_among_workers(corpus, n_jobs, counts):
    done = []
    extract(corpus, "timbre19", n_jobs=n_jobs, progress=done.append)
    assert done == counts


def test_wrong_names_are_told():
    with pytest.raises(UnknownNameError, match="unknown feature set 'clasic30'.*Did you mean 'classic30'"):
        extract([], "clasic30")
    with pytest.raises(ValueError, match="on_error is 'ignore'; it can be 'raise' or 'skip'"):
        extract([], on_error="ignore")


def test_no_clips_give_an_empty_matrix():
    assert extract([], "classic30").values.shape == (0, 30)


@needs_gtzan100
def test_real_clips_have_thirty_finite_numbers():
    paths = sorted(GTZAN100.glob("*/*.wav"))[::7]
    extraction = extract(paths, "tzanetakis2002", n_jobs=2)
    assert extraction.values.shape == (len(paths), 30)
    assert np.isfinite(extraction.values).all()
    # music, whatever it is, lies in here
    by_name = dict(zip(extraction.columns, extraction.values.T, strict=True))
    assert ((by_name["spectral_centroid_tmean"] > 200) & (by_name["spectral_centroid_tmean"] < 6000)).all()
    assert ((by_name["low_energy"] > 0.3) & (by_name["low_energy"] < 0.9)).all()


def test_extraction_needs_no_library_of_the_upper_floors():
    heavy = "('sklearn', 'pandas', 'matplotlib', 'librosa')"
    code = f"import sys, gtzanfeat.extraction; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_some_rows_of_an_extraction():
    sounds = list(np.random.default_rng(0).uniform(-1, 1, (4, 4410)))
    sounds[2] = np.full(100, np.nan)
    whole = extract(sounds, "timbre19", on_error="skip")
    some = whole.select([2, 0])
    np.testing.assert_array_equal(some.values, whole.values[[2, 0]])
    assert [failure.index for failure in some.failures] == [0]
    assert some.ok.tolist() == [False, True]
    assert len(whole.select(whole.ok).flags) == 3


# --- analysis at another rate ----------------------------------------------------------------------------


@pytest.fixture
def wide(tmp_path, rng):
    """A file at 44,100 Hz with nothing below 12 kHz, which 22,050 Hz cannot hold."""
    noise = np.fft.rfft(rng.standard_normal(3 * 44100))
    noise[: 12000 * 3] = 0
    samples = (0.01 * np.fft.irfft(noise)).astype(np.float32)
    soundfile.write(tmp_path / "wide.wav", samples, 44100, subtype="FLOAT")
    return tmp_path / "wide.wav", samples


def test_files_are_analysed_at_the_rate_of_the_set(wide):
    path, samples = wide
    chosen = FeatureSet(
        "mine", "", (FeatureItem("spectral_centroid", Framing(1024, 512), summary="mean"),), rate=44100
    )
    spectra = np.abs(
        np.fft.rfft(np.lib.stride_tricks.sliding_window_view(samples, 1024)[::512] * np.hamming(1024))
    )
    expected = (spectra @ np.fft.rfftfreq(1024, 1 / 44100) / spectra.sum(axis=1)).mean()
    assert expected > 15_000
    assert extract([path], chosen).values[0, 0] == pytest.approx(expected, rel=1e-3)
    frames = FrameFeatures(chosen).fit_transform([path])
    assert frames[0].mean() == pytest.approx(expected, rel=1e-3)
    assert extract([path], "timbre19@44100").values[0, 0] > 15_000
    assert extract([path], "timbre19").values[0, 0] < 11_025


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_every_set_is_there_at_another_rate(name, wide):
    chosen = feature_set(f"{name}@44100")
    assert chosen == FEATURE_SETS[name].at(44100)
    assert chosen.columns == FEATURE_SETS[name].columns
    assert chosen.spec_hash != FEATURE_SETS[name].spec_hash
    assert chosen.at(22050).items == FEATURE_SETS[name].at(44100).at(22050).items
    assert np.isfinite(extract([wide[0]], chosen).values).all()


def test_a_set_at_another_rate_hears_the_same_beat():
    """Periods and frames keep their seconds, so what is below 11 kHz is nearly the same."""
    time = np.arange(10 * 44100) / 44100
    beats = (np.sin(2 * np.pi * 440 * time) * np.exp(-20 * (time % 0.5))).astype(np.float32)
    usual, twice = (
        extract([Clip(beats, 44100)], name).values[0] for name in ("classic30", "classic30@44100")
    )
    places = {name: i for i, name in enumerate(FEATURE_SETS["classic30"].columns)}
    for name in ("beat_p1", "pitch_up0", "pitch_fp0"):
        assert usual[places[name]] == twice[places[name]]


@pytest.mark.parametrize("name", ["timbre19@", "timbre19@44.1", "timbre19@1", "x@44100"])
def test_what_is_no_rate_is_no_name(name):
    with pytest.raises(UnknownNameError, match="unknown feature set"):
        feature_set(name)


def test_a_rate_of_arrays_is_refused_for_files(wide):
    path, samples = wide
    for clips in ([path], [str(path), Clip(path)]):
        with pytest.raises(
            ClipError, match=r"rate=44100 is that of arrays.*feature_set\(\.\.\.\)\.at\(44100\)"
        ):
            ClipFeatures("timbre19", rate=44100).fit_transform(clips)
        with pytest.raises(ClipError, match="rate=44100 is that of arrays"):
            FrameFeatures("zcr", rate=44100, on_error="skip").fit_transform(clips)
    assert extract([path, samples], "timbre19", rate=44100).ok.all()
