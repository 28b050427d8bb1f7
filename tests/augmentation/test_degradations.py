"""Degradations do what their names say, by closed forms; and copies stay on the side of their source."""

import importlib.util
import pickle
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from signals import RATE, clicks, progression, tone, white_noise
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from gtzanfeat.audio import Clip, load_audio
from gtzanfeat.augmentation import DEGRADATIONS, AugmentedTraining, Change, degrade_clips, degrade_samples
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, GtzanfeatError, MissingClipError, UnknownNameError
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.transformers import ClipFeatures

LENGTH_CHANGES = ("time_stretch", "speed", "random_crop")


def decibels(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def level_at(samples, frequency):
    """Level of a sinusoid in dB, without the first and last tenth of a second."""
    inner = samples[RATE // 10 : -RATE // 10].astype(np.float64)
    phase = np.exp(-2j * np.pi * frequency * np.arange(inner.size) / RATE)
    return 20 * np.log10(2 * np.abs(np.mean(inner * np.hanning(inner.size) * 2 * phase)) + 1e-12)


def pitch(samples):
    """Frequency of the highest peak of the spectrum."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return np.argmax(spectrum) * RATE / samples.size


def middle(row):
    return row.strengths[len(row.strengths) // 2]


# --- every row ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_every_degradation_keeps_its_promises(name):
    row = DEGRADATIONS[name]
    low, high = row.limits
    assert all(low <= strength <= high for strength in row.strengths)
    assert len(set(row.strengths)) == len(row.strengths) >= 3
    assert row.meaning
    assert row.simulates
    music = (white_noise(1, random_state=1) + tone(220, 1)).astype(np.float32)
    before = music.copy()
    state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    hard = degrade_samples(music, RATE, name, row.strengths[-1], random_state=3)
    assert random.getstate() == state  # nobody else's chance is touched
    assert np.array_equal(np.random.get_state()[1], numpy_state[1])  # noqa: NPY002
    np.testing.assert_array_equal(music, before)
    assert hard.dtype == np.float32
    assert hard.ndim == 1
    assert np.isfinite(hard).all()
    assert hard.size == music.size or name in LENGTH_CHANGES
    assert hard.size != music.size or not np.allclose(hard, music, atol=1e-4) or name == "random_crop"
    np.testing.assert_array_equal(degrade_samples(music, RATE, name, row.strengths[-1], random_state=3), hard)


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("n_samples", [1, 2, 50, 3000])
def test_silence_and_short_clips_are_degraded_too(name, n_samples):
    row = DEGRADATIONS[name]
    for strength in row.strengths:
        for samples in (np.zeros(n_samples), np.full(n_samples, 0.1)):
            out = degrade_samples(samples, RATE, name, strength)
            assert out.size >= 1
            assert out.size == n_samples or name in LENGTH_CHANGES
            assert np.isfinite(out).all()


@pytest.mark.parametrize("name", ["white_noise", "pink_noise", "equalise", "reverberation", "wow_flutter"])
def test_the_seed_decides_and_threads_do_not(name):
    music = white_noise(0.5)
    strength = middle(DEGRADATIONS[name])
    seeds = range(16)
    alone = [degrade_samples(music, RATE, name, strength, random_state=seed) for seed in seeds]
    assert not np.array_equal(alone[0], alone[1])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as they can
    try:
        with ThreadPoolExecutor(8) as pool:
            jobs = [
                pool.submit(degrade_samples, music, RATE, name, strength, random_state=seed) for seed in seeds
            ]
            together = [job.result() for job in jobs]
    finally:
        sys.setswitchinterval(interval)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, np.inf]), "infinite"),
        (np.zeros((2, 100)), "not one mono clip"),
        (np.zeros(0), "no samples"),
    ],
)
def test_what_is_no_clip_is_refused(samples, message):
    with pytest.raises(ClipError, match=message):
        degrade_samples(samples, RATE, "gain", -6)


@pytest.mark.parametrize(
    ("name", "strength", "message"),
    [
        ("time_stretch", 5, r"time_stretch cannot have the strength 5: tempo, .*, 0\.6 to 2 times"),
        ("mp3", 50, r"bit rate, one of 8, 16, 24, .* kbit/s"),
        ("gain", "loud", "gain cannot have the strength 'loud'"),
        ("gain", np.nan, "gain cannot have the strength nan"),
        ("reverberation", "no.wav", "or the path of an audio file that is there"),
    ],
)
def test_impossible_strengths_say_what_is_possible(name, strength, message):
    with pytest.raises(GtzanfeatError, match=message):
        degrade_samples(np.zeros(100), RATE, name, strength)
    with pytest.raises(GtzanfeatError, match=message):
        degrade_clips(["a.wav"], name, strength)


def test_an_unknown_name_and_a_missing_library_are_told(monkeypatch):
    with pytest.raises(
        UnknownNameError, match="unknown degradation 'whitenoise'.*Did you mean 'white_noise'"
    ):
        degrade_samples(np.zeros(10), RATE, "whitenoise", 1)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GtzanfeatError, match=r"needs audiomentations.*pip install 'gtzanfeat\[augment\]'"):
        degrade_samples(np.zeros(10), RATE, "gain", 1)


# --- noise and level ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["white_noise", "pink_noise"])
@pytest.mark.parametrize("snr", [30, 10, 0])
def test_noise_is_added_at_the_ratio_asked_for(name, snr):
    music = tone(440, 5, 0.3).astype(np.float32)
    noise = degrade_samples(music, RATE, name, snr) - music
    assert decibels(music) - decibels(noise) == pytest.approx(snr, abs=0.15)  # of a finite draw


def test_white_noise_has_equal_power_per_hertz_and_pink_per_octave():
    music = tone(440, 20, 0.3).astype(np.float32)
    edges = 125 * 2.0 ** np.arange(7)
    for name, slope in (("white_noise", 3.01), ("pink_noise", 0.0)):
        noise = (degrade_samples(music, RATE, name, 0) - music).astype(np.float64)
        power, frequency = np.abs(np.fft.rfft(noise)) ** 2, np.fft.rfftfreq(noise.size, 1 / RATE)
        pairs = pairwise(edges)
        octaves = [power[(frequency >= low) & (frequency < high)].sum() for low, high in pairs]
        assert np.polyfit(range(6), 10 * np.log10(octaves), 1)[0] == pytest.approx(slope, abs=0.3)


def test_gain_and_peak_are_in_decibels():
    music = white_noise(1).astype(np.float32)
    np.testing.assert_allclose(degrade_samples(music, RATE, "gain", -20), music / 10, rtol=1e-6)
    np.testing.assert_allclose(
        np.abs(degrade_samples(music, RATE, "normalise", -6.0206)).max(), 0.5, rtol=1e-5
    )


# --- filters ------------------------------------------------------------------------------------------


def two_tones(low=100, high=8000):
    return (tone(low, 2, 0.2) + tone(high, 2, 0.2)).astype(np.float32)


def test_low_and_high_pass_take_one_of_two_tones():
    music = two_tones()
    for name, cutoff, kept, lost in (("low_pass", 1000, 100, 8000), ("high_pass", 1000, 8000, 100)):
        out = degrade_samples(music, RATE, name, cutoff)
        assert level_at(out, kept) == pytest.approx(level_at(music, kept), abs=0.2)
        assert level_at(out, lost) < level_at(music, lost) - 60  # 24 dB for each of 3 octaves
    np.testing.assert_array_equal(degrade_samples(music, RATE, "low_pass", 20000), music)


def test_tilt_raises_the_treble_as_much_as_it_says():
    music = two_tones(60, 10000)
    out = degrade_samples(music, RATE, "tilt", 6)
    rise = level_at(out, 10000) - level_at(music, 10000)
    fall = level_at(out, 60) - level_at(music, 60)
    assert rise - fall == pytest.approx(6, abs=0.5)
    assert rise == pytest.approx(-fall, abs=0.5)


def test_equalise_stays_within_its_limits_and_draws_anew():
    music = (white_noise(5)).astype(np.float32)

    def response(seed):
        ratio = np.fft.rfft(degrade_samples(music, RATE, "equalise", 6, random_state=seed)) / np.fft.rfft(
            music
        )
        return 20 * np.log10(np.abs(ratio[500:-500]))

    one, other = response(1), response(2)
    assert np.abs(one).max() < 6 * 2.5  # neighbouring bands add up
    assert np.std(one) > 0.5
    assert np.mean(np.abs(one - other)) > 0.5


def test_a_detour_over_a_low_rate_loses_the_top_or_folds_it():
    music = two_tones(1000, 6000)
    clean = degrade_samples(music, RATE, "resample", 8000)
    assert level_at(clean, 1000) == pytest.approx(level_at(music, 1000), abs=0.2)
    assert level_at(clean, 6000) < level_at(music, 6000) - 50
    folded = degrade_samples(music, RATE, "aliasing", 8000)
    assert level_at(folded, 2000) > level_at(music, 6000) - 6  # 8000 - 6000
    assert level_at(clean, 2000) < level_at(music, 6000) - 50


# --- time and pitch -----------------------------------------------------------------------------------


def test_time_stretch_scales_the_tempo_and_keeps_the_pitch():
    out = degrade_samples(clicks(120, 8), RATE, "time_stretch", 1.25)
    assert out.size == pytest.approx(8 * RATE / 1.25, rel=1e-3)
    energy = np.add.reduceat(np.square(out, dtype=np.float64), np.arange(0, out.size, 100))
    energy -= energy.mean()
    correlation = np.correlate(energy, energy, "full")[energy.size :]
    lag = (np.argmax(correlation[40:150]) + 41) * 100 / RATE
    assert 60 / lag == pytest.approx(150, rel=0.02)  # one bin of 100 samples is 1 %
    assert pitch(degrade_samples(tone(440, 3), RATE, "time_stretch", 1.25)) == pytest.approx(440, rel=0.005)


def test_pitch_shift_moves_the_pitch_and_rotates_the_chroma():
    assert pitch(degrade_samples(tone(440, 3), RATE, "pitch_shift", 3)) == pytest.approx(
        440 * 2**0.25, rel=0.003
    )
    music = progression(60).astype(np.float32)
    chroma, shifted = (
        librosa.feature.chroma_stft(y=y, sr=RATE, tuning=0).mean(axis=1)
        for y in (music, degrade_samples(music, RATE, "pitch_shift", 4))
    )
    likeness = [np.corrcoef(np.roll(chroma, k), shifted)[0, 1] for k in range(12)]
    assert np.argmax(likeness) == 4
    assert max(likeness) > 0.9


def test_speed_changes_tempo_and_pitch_at_once():
    out = degrade_samples(tone(440, 3), RATE, "speed", 1.1)
    assert out.size == pytest.approx(3 * RATE / 1.1, rel=1e-4)
    assert pitch(out) == pytest.approx(484, rel=0.002)


def test_wow_and_flutter_deviate_as_much_as_they_say():
    music = tone(1000, 10).astype(np.float32)
    out = degrade_samples(music, RATE, "wow_flutter", 3)
    from scipy.signal import hilbert

    speed = np.diff(np.unwrap(np.angle(hilbert(out.astype(np.float64))))) * RATE / (2 * np.pi) / 1000
    inner = speed[RATE // 2 : -RATE // 2]
    assert np.abs(inner - 1).max() == pytest.approx(0.03, rel=0.05)
    assert inner.mean() == pytest.approx(1, abs=0.002)
    np.testing.assert_allclose(degrade_samples(music, RATE, "wow_flutter", 0), music, atol=1e-3)


def test_delay_is_exact():
    music = white_noise(1).astype(np.float32)
    out = degrade_samples(music, RATE, "delay", 0.1)
    np.testing.assert_array_equal(out[: RATE // 10], 0)
    np.testing.assert_array_equal(out[RATE // 10 :], music[: -RATE // 10])
    assert not degrade_samples(music, RATE, "delay", 30).any()


def test_random_crop_keeps_the_length_asked_for_from_a_place_inside():
    music = np.arange(RATE * 3, dtype=np.float32) / RATE
    starts = set()
    for seed in range(5):
        out = degrade_samples(music, RATE, "random_crop", 1, random_state=seed)
        assert out.size == RATE
        start = round(float(out[0]) * RATE)
        np.testing.assert_array_equal(out, music[start : start + RATE])
        starts.add(start)
    assert len(starts) > 3
    np.testing.assert_array_equal(degrade_samples(music, RATE, "random_crop", 5), music)


# --- dynamics, rooms, encoders ------------------------------------------------------------------------


def test_clipping_cuts_the_share_asked_for():
    out = degrade_samples(white_noise(2), RATE, "clipping", 20)
    assert np.mean((out == out.max()) | (out == out.min())) == pytest.approx(0.2, abs=0.005)


def test_compression_brings_peaks_down_to_the_threshold_and_leaves_the_quiet_alone():
    music = np.concatenate([tone(220, 2, 0.05), tone(220, 2, 0.8)]).astype(np.float32)
    out = degrade_samples(music, RATE, "compression", 12)
    limit = 0.8 * 10 ** (-12 / 20)
    assert limit <= np.abs(out[-RATE:]).max() < 1.25 * limit  # it lets go a little between the peaks
    assert np.abs(out[RATE : RATE + RATE // 2]).max() == pytest.approx(0.05, rel=0.01)


def test_reverberation_decays_in_the_time_asked_for():
    music = np.zeros(3 * RATE, dtype=np.float32)
    music[100] = 1.0
    out = degrade_samples(music, RATE, "reverberation", 1.0).astype(np.float64)
    assert decibels(out) == pytest.approx(decibels(music), abs=0.01)
    assert np.argmax(np.abs(out)) == 100  # the direct sound comes first
    tail = np.cumsum(np.square(out[:100:-1]))[::-1]  # Schroeder: what is still to come
    fall = 10 * np.log10(tail[RATE // 4] / tail[0]) - 10 * np.log10(tail[RATE // 2] / tail[0])
    assert fall == pytest.approx(15, abs=1.5)  # a quarter of 60 dB in a quarter of a second


def test_reverberation_takes_a_recorded_impulse_response(tmp_path):
    response = np.zeros(2000)
    response[500] = 1.0
    soundfile.write(tmp_path / "room.wav", response, RATE, subtype="FLOAT")
    music = white_noise(1).astype(np.float32)
    out = degrade_samples(music, RATE, "reverberation", tmp_path / "room.wav")
    loud = np.sqrt(np.sum(np.square(music)) / np.sum(np.square(music[:-500])))
    np.testing.assert_allclose(out[500:], music[:-500] * loud, atol=1e-4)


def test_mp3_keeps_length_and_place_and_loses_more_at_lower_rates():
    music = (white_noise(2, 0.01) + tone(440, 2, 0.3)).astype(np.float32)
    errors = [decibels(degrade_samples(music, RATE, "mp3", rate) - music) for rate in (160, 64, 16)]
    assert errors[0] < errors[1] < errors[2]
    assert errors[0] < decibels(music) - 20  # a shift by one sample alone would be worse than that


# --- clips --------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    paths = []
    for i in range(4):
        paths.append(str(tmp_path / f"{i}.wav"))
        soundfile.write(paths[-1], white_noise(1, random_state=i), RATE)
    return paths


def test_a_degraded_clip_is_decoded_degraded(files):
    (clip,) = degrade_clips(files[:1], "low_pass", 1000)
    np.testing.assert_array_equal(
        load_audio(clip, RATE), degrade_samples(load_audio(files[0], RATE), RATE, "low_pass", 1000)
    )
    assert repr(clip) == f"Clip({files[0]}, changed by low_pass 1000)"
    window = Clip(files[0], offset=0.25, duration=0.5, change=Change("gain", -20.0))
    np.testing.assert_allclose(
        load_audio(window, RATE), load_audio(files[0], RATE, offset=0.25, duration=0.5) / 10, rtol=1e-5
    )
    assert pickle.loads(pickle.dumps(clip)).change == clip.change


def test_the_seed_of_a_clip_is_its_own(files):
    clips = degrade_clips(files, "white_noise", 10)
    assert len({clip.change.seed for clip in clips}) == 4
    backwards = degrade_clips(files[::-1], "white_noise", 10)
    assert [clip.change for clip in backwards[::-1]] == [clip.change for clip in clips]
    assert [c.change.seed for c in degrade_clips(files, "white_noise", 0)] == [c.change.seed for c in clips]
    assert degrade_clips(files, "white_noise", 10, random_state=1)[0].change.seed != clips[0].change.seed
    frame = pd.DataFrame({"path": files, "recording": list("abcd"), "label": "x"})
    moved = ClipTable(frame.assign(path=[f"elsewhere{path}" for path in files]), "example")
    table = ClipTable(frame, "example")
    named = [clip.change.seed for clip in degrade_clips(table, "white_noise", 10)]
    assert named == [clip.change.seed for clip in degrade_clips(moved, "white_noise", 10)]
    arrays = [white_noise(0.1, random_state=i) for i in range(2)]
    assert len({clip.change.seed for clip in degrade_clips(arrays, "white_noise", 10)}) == 2


def test_degraded_clips_are_analysed_and_cached_as_what_they_are(files, tmp_path):
    memory = tmp_path / "memory"
    clean = extract(files, "timbre19", memory=memory).values
    clips = degrade_clips(files, "white_noise", 10)
    noisy = extract(clips, "timbre19", memory=memory, n_jobs=2)
    assert np.abs(noisy.values - clean).max() > 0
    rate = noisy.feature_set.rate
    by_hand = [
        degrade_samples(load_audio(p, rate), rate, "white_noise", 10, random_state=c.change.seed)
        for p, c in zip(files, clips, strict=True)
    ]
    np.testing.assert_array_equal(noisy.values, extract(by_hand, "timbre19").values)
    np.testing.assert_array_equal(extract(clips, "timbre19", memory=memory).values, noisy.values)
    np.testing.assert_array_equal(extract(files, "timbre19", memory=memory).values, clean)


def test_a_cache_knows_all_that_decides_a_degraded_clip(files, tmp_path):
    cache = Cache.open(tmp_path / "memory", "0123456789abcdef")
    changes = [
        None,
        Change("gain", -6.0),
        Change("gain", -12.0),
        Change("gain", -6.0, 1),
        Change("tilt", -6.0),
    ]
    assert len({cache.key(Clip(files[0], change=change)) for change in changes}) == 5
    room = tmp_path / "room.wav"
    soundfile.write(room, np.ones(10), RATE)
    clip = Clip(files[0], change=Change("reverberation", str(room)))
    before = cache.key(clip)
    soundfile.write(room, np.zeros(10), RATE)
    assert cache.key(clip) != before
    room.unlink()
    assert cache.key(clip) is None


def test_what_cannot_be_decoded_is_named_as_ever(tmp_path):
    clips = degrade_clips([tmp_path / "gone.wav"], "gain", -6)
    with pytest.raises(MissingClipError, match=r"gone\.wav: there is no such file"):
        load_audio(clips[0])
    with pytest.raises(ClipError, match=r"gone\.wav: it is changed already, by gain -6"):
        degrade_clips(clips, "gain", -6)
    with pytest.raises(ClipError, match="clip 0: it holds NaN samples"):
        extract(degrade_clips([np.full(100, np.nan)], "gain", -6), "timbre19")


# --- training -----------------------------------------------------------------------------------------


def model():
    return make_pipeline(ClipFeatures("timbre19"), KNeighborsClassifier(1))


def test_copies_train_and_do_not_test(files):
    y = ["a", "a", "b", "b"]
    augmented = AugmentedTraining(model(), [("low_pass", 2000), ("white_noise", 10)], random_state=5).fit(
        files, y
    )
    copies = [
        degrade_clips(files, *what, random_state=5) for what in (("low_pass", 2000), ("white_noise", 10))
    ]
    by_hand = model().fit([*files, *copies[0], *copies[1]], y * 3)
    queries = [white_noise(1, random_state=i) for i in range(9)]
    assert augmented.predict(queries).tolist() == by_hand.predict(queries).tolist()
    np.testing.assert_array_equal(augmented.predict_proba(queries), by_hand.predict_proba(queries))
    assert augmented.classes_.tolist() == ["a", "b"]
    assert augmented.score(files, y) == 1.0
    assert is_classifier(augmented)
    assert not hasattr(augmented, "decision_function")
    again = clone(augmented).fit(files, y)
    assert again.predict(queries).tolist() == augmented.predict(queries).tolist()


def test_it_learns_from_clips_only():
    with pytest.raises(ValueError, match="SVC learns from vectors, and copies are made of clips"):
        AugmentedTraining(SVC(), [("gain", -6)]).fit(np.zeros((4, 19)), [0, 0, 1, 1])


class Witness(DummyClassifier):
    """Remembers the groups it was trained with."""

    def fit(self, X, y, groups=None):
        self.groups_ = groups
        return super().fit(X, y)


class Listening(Witness):
    """The same, given clips."""

    def __init__(self, features=None):
        super().__init__()
        self.features = features


def test_copies_keep_the_group_of_their_source(files):
    listening = Listening(ClipFeatures("timbre19"))
    augmented = AugmentedTraining(listening, [("gain", -6)] * 2).fit(files, list("aabb"), groups=[1, 2, 3, 4])
    assert augmented.estimator_.groups_.tolist() == [1, 2, 3, 4] * 3


def test_a_generator_seeds_the_copies_too():
    seen = []

    class Told(DummyClassifier):
        def fit(self, X, y):
            seen.append(np.stack([load_audio(clip, RATE) for clip in X]))
            return super().fit(X, y)

        def measure(self, X):
            return X

    clips = [tone(220, 0.1), tone(440, 0.1)]
    for seed in (np.random.RandomState(3), np.random.RandomState(3), None):
        AugmentedTraining(Told(), [("white_noise", 10)], random_state=seed).fit(clips, [0, 1])
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])  # without a seed each fit draws anew


def test_labels_that_only_the_recording_tells_stay_at_chance():
    # each recording is a tone of its own and its label a coin: only its own copies could give it away
    rng = np.random.default_rng(0)
    clips = [tone(frequency, 0.3) for frequency in np.geomspace(100, 5000, 40)]
    labels = rng.permutation(np.repeat(["a", "b"], 20))
    augmented = AugmentedTraining(model(), [("gain", -0.1)])
    listed = np.empty(40, dtype=object)
    listed[:] = clips
    honest = cross_val_predict(augmented, listed, labels, cv=GroupKFold(5), groups=np.arange(40))
    assert np.mean(honest == labels) < 0.75
    # the same copies divided by row: the leak that cannot happen above
    rows = np.empty(80, dtype=object)
    rows[:] = [*clips, *degrade_clips(clips, "gain", -0.1)]
    naive = cross_val_predict(model(), rows, np.tile(labels, 2), cv=KFold(5, shuffle=True, random_state=0))
    assert np.mean(naive == np.tile(labels, 2)) > 0.9
