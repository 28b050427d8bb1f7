"""Extraction in batches: what the CPU gives, whatever the batch, the memory and the failures."""

import numpy as np
import pytest
import signals
from array_agreement import STRICT, TOLERANCE, TOLERANCE_OF_EXTREMES, worst
from recordings import GTZAN100, needs_gtzan100
from test_array_backend import gpu_is_missing

from gtzanfeat import Clip, ClipFeatures, FrameFeatures, extract, feature_set
from gtzanfeat.array_backend import array_backend
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import batches
from gtzanfeat.extraction.array_analysis import ArrayAnalysis

SETS = ("timbre19", "mfcc", "mfcc-gaussian", "marsyas64", "marsyas124", "classic30", "librosa57", "compact")


@pytest.fixture(scope="module")
def music():
    return [
        signals.drum_loop(seconds=3.0),
        signals.progression(seconds=0.5),
        signals.white_noise(1.0),
        signals.chord([60, 64, 67], 2.0) + signals.white_noise(2.0, 1e-4),
    ]


@pytest.fixture(scope="module")
def extremes():
    return [
        signals.silence(1.0),
        signals.dc(1.0),
        signals.impulse(1.0, 0.3),
        np.array([0.3]),
        signals.white_noise(0.01),
        signals.white_noise(0.03),
    ]


@pytest.mark.parametrize("name", SETS)
def test_every_column_agrees_with_the_cpu(name, music, extremes):
    chosen = feature_set(name)
    for clips, tolerance in ((music, TOLERANCE), (extremes, TOLERANCE_OF_EXTREMES)):
        expected, given = extract(clips, chosen), extract(clips, chosen, array_backend="numpy")
        deviation, column, clip = worst(chosen, expected.values, given.values)
        assert deviation < tolerance, (column, clip)
        assert given.flags == expected.flags
        assert (given.seconds == expected.seconds).all()
        assert np.isfinite(given.values).all()


@pytest.mark.parametrize("name", ["timbre19", "mfcc", "compact"])
def test_the_same_through_a_namespace_that_is_only_the_standard(name, music):
    chosen = feature_set(name)
    given = extract(music, chosen, array_backend=STRICT)
    deviation, column, clip = worst(chosen, extract(music, chosen).values, given.values)
    assert deviation < TOLERANCE, (column, clip)


@needs_gtzan100
@pytest.mark.parametrize("name", ["timbre19", "mfcc", "compact"])
def test_every_column_agrees_on_real_recordings(name):
    paths = sorted(
        path for path in GTZAN100.rglob("*") if path.suffix in (".wav", ".au", ".mp3", ".flac", ".ogg")
    )
    clips = [Clip(path, duration=5.0) for path in paths[::12]]
    assert len(clips) > 5
    chosen = feature_set(name)
    given = extract(clips, chosen, array_backend="numpy")
    deviation, column, clip = worst(chosen, extract(clips, chosen).values, given.values)
    assert deviation < TOLERANCE, (column, clip)


@pytest.mark.gpu
@pytest.mark.skipif(bool(gpu_is_missing()), reason=gpu_is_missing())
@pytest.mark.parametrize("name", SETS)
def test_every_column_agrees_on_a_gpu(name, music, extremes):
    # cuFFT rounds otherwise, which shows in bins that hold next to nothing; without bare tones there are none
    chosen = feature_set(name)
    clips = [clip + signals.white_noise(len(clip) / signals.RATE, 1e-3)[: len(clip)] for clip in music]
    given = extract([*clips, signals.silence(1.0)], chosen, array_backend="cupy")
    expected = extract([*clips, signals.silence(1.0)], chosen)
    deviation, column, clip = worst(chosen, expected.values, given.values)
    assert deviation < 1e-3, (column, clip)
    assert given.flags == expected.flags


def test_on_numpy_no_bit_depends_on_the_batch(music, extremes):
    clips = [*music, *extremes]
    together = extract(clips, "timbre19", array_backend="numpy").values
    alone = [extract([clip], "timbre19", array_backend="numpy").values[0] for clip in clips]
    assert (together == np.array(alone)).all()


def test_frames_agree_with_the_cpu(music, extremes):
    clips = [*music, *extremes]
    how = {"features": ["mfcc", "spectral_flux", "zcr"], "silence": 60.0}
    expected = FrameFeatures(**how).transform(clips)
    given = FrameFeatures(**how, array_backend="numpy").transform(clips)
    assert given.columns == expected.columns
    for one, other in zip(given, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5)


def test_clips_come_in_order_with_their_own_numbers(music, monkeypatch):
    monkeypatch.setattr(batches, "LOAD_CLIPS", 5)
    clips = [music[i % 4][: 9000 + 700 * (i * 7 % 11)] for i in range(23)]
    told = []
    given = extract(clips, "timbre19", array_backend="numpy", n_jobs=3, progress=told.append)
    expected = extract(clips, "timbre19")
    assert (given.seconds == expected.seconds).all()
    assert worst(expected.feature_set, expected.values, given.values)[0] < TOLERANCE_OF_EXTREMES
    assert sum(told) == 23
    assert len(told) == 5


def test_no_more_than_two_loads_are_in_memory(monkeypatch):
    monkeypatch.setattr(batches, "LOAD_SAMPLES", 4 * 5000)
    taken = []

    def clips():
        for i in range(100):
            taken.append(i)
            yield i, np.full(5000, 0.1)

    analyser = batches.clip_analyser(
        feature_set("timbre19"), feature_set("timbre19").vector, array_backend="numpy"
    )
    loads = batches._loads(analyser, clips(), None, 1)
    assert [index for index, _ in next(loads)] == [0, 1, 2, 3]
    next(loads)
    assert len(taken) <= 12
    loads.close()


def test_a_batch_that_does_not_fit_is_halved(music, monkeypatch):
    sizes = []
    analyse = ArrayAnalysis.analyse

    def with_room_for_two(self, clips):
        sizes.append(len(clips))
        if len(clips) > 2:
            raise MemoryError("out of memory")
        return analyse(self, clips)

    clips = [clip[:20000] for clip in music] * 2
    expected = extract(clips, "timbre19", array_backend="numpy").values
    monkeypatch.setattr(ArrayAnalysis, "analyse", with_room_for_two)
    assert (extract(clips, "timbre19", array_backend="numpy").values == expected).all()
    assert sizes == [8, 4, 2, 2, 4, 2, 2]


def test_a_clip_that_does_not_fit_alone_is_named(music, monkeypatch):
    def without_room(self, clips):
        raise MemoryError

    monkeypatch.setattr(ArrayAnalysis, "analyse", without_room)
    with pytest.raises(ClipError, match="clip 0: it does not fit into the memory of numpy .*segments"):
        extract(music[:1], "timbre19", array_backend="numpy")
    skipped = extract(music[:2], "timbre19", array_backend="numpy", on_error="skip")
    assert [failure.index for failure in skipped.failures] == [0, 1]


def test_failures_are_recorded_or_raised(music):
    clips = [music[0], np.array([np.nan]), "there/is/none.wav", music[1]]
    given = extract(clips, "timbre19", array_backend="numpy", on_error="skip")
    expected = extract(clips, "timbre19", on_error="skip")
    assert given.failures == expected.failures
    assert np.isnan(given.values[1:3]).all()
    assert given.ok.tolist() == [True, False, False, True]
    with pytest.raises(ClipError, match="clip 1"):
        extract(clips, "timbre19", array_backend="numpy")


def test_a_cache_keeps_the_results_of_a_backend_apart(music, tmp_path, monkeypatch):
    how = {"memory": tmp_path, "array_backend": "numpy"}
    first = extract(music, "classic30", **how)
    on_cpu = extract(music, "classic30", memory=tmp_path)
    assert (on_cpu.values == extract(music, "classic30").values).all()
    assert (first.values != on_cpu.values).any()
    monkeypatch.setattr(ArrayAnalysis, "analyse", None)  # nothing is computed again
    assert (extract(music, "classic30", **how).values == first.values).all()
    frames = FrameFeatures("mfcc", memory=tmp_path)
    monkeypatch.undo()
    given = frames.set_params(array_backend="numpy").transform(music)
    np.testing.assert_allclose(given[1], FrameFeatures("mfcc").transform(music)[1], atol=2e-5)


def test_the_backend_is_on_record(music):
    assert extract(music[:1], "timbre19").array_backend == ""
    given = extract(music[:1], "timbre19", array_backend="numpy")
    assert given.array_backend == array_backend("numpy").version
    assert given.select([0]).array_backend == given.array_backend


def test_the_transformer_passes_it_on(music):
    clips = ClipFeatures("timbre19", array_backend="numpy").fit_transform(music)
    assert (clips == extract(music, "timbre19", array_backend="numpy").values).all()
    with pytest.raises(ValueError, match="unknown array backend"):
        ClipFeatures("timbre19", array_backend="torch").fit_transform(music)
