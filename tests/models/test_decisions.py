"""Decisions about a stream are those about the same sound in a file, whatever the blocks."""

import math
import tracemalloc

import numpy as np
import pytest
import signals
import soundfile
from recordings import GTZAN100, needs_gtzan100

from gtzanfeat import Clip, SegmentClassifier, extract, load_audio, recipe, stream
from gtzanfeat.errors import ClipError, ParameterError, UnknownNameError
from gtzanfeat.segments.windows import measure_segments, segment_spec

SOUND = np.asarray(signals.drum_loop(seconds=8.0), dtype=np.float32)


def cut(samples, size):
    return (samples[start : start + size] for start in range(0, len(samples), size))


def table(decisions):
    return np.array([list(decision.columns.values()) for decision in decisions], dtype=np.float32)


@pytest.fixture(scope="module")
def sounds():
    rng = np.random.default_rng(0)
    return [*rng.uniform(-1, 1, (4, 22050)), *(signals.tone(f, 1.0) for f in (220, 330, 440, 550))]


@pytest.fixture(scope="module")
def model(sounds):
    return recipe("logistic", "timbre19").fit(sounds, ["noise"] * 4 + ["tone"] * 4)


@pytest.mark.parametrize("size", [1000, 22050, 220500])
def test_columns_and_times_are_those_of_windows_of_a_recording(size):
    spec = segment_spec("classic30", 3.0, 1.0)
    offline = measure_segments([SOUND], spec)
    live = list(stream(cut(SOUND, size), 22050, "classic30", window=3.0, hop=1.0))
    assert table(live).tobytes() == offline[0].tobytes()
    np.testing.assert_allclose([(each.start, each.end) for each in live], offline.times(0), atol=1e-9)
    assert tuple(live[0].columns) == spec.feature_set.columns
    assert all(0 <= each.latency <= size / 22050 for each in live)


def test_the_latency_is_what_arrived_after_the_window():
    blocks = cut(SOUND[:22050], 11025)  # of half a second: what ends at 0.2 s is decided at 0.5 s
    late = [each.latency for each in stream(blocks, 22050, "timbre19", window=0.2)]
    assert late == pytest.approx([0.3, 0.1, 0.4, 0.2, 0.0], abs=1e-6)
    first = next(stream(cut(SOUND, 1), 16000, "timbre19", window=0.25))
    assert 0 < first.latency < 0.1  # of the resampler


def test_one_sample_at_a_time_there_is_no_latency():
    live = list(stream(cut(SOUND[:30_000], 1), 22050, "timbre19", window=1.0, hop=0.1))
    assert len(live) == 4
    assert all(each.latency == 0 for each in live)
    assert (
        table(live).tobytes()
        == measure_segments([SOUND[:30_000]], segment_spec("timbre19", 1.0, 0.1))[0].tobytes()
    )


@pytest.mark.parametrize("own_rate", [8000, 44100, 48000])
def test_another_rate_is_that_of_the_file(tmp_path, own_rate):
    noise = np.random.default_rng(0).integers(-9000, 9000, (own_rate * 3, 2), dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", noise, own_rate, subtype="PCM_16")
    offline = measure_segments([tmp_path / "a.wav"], segment_spec("timbre19", 1.0))
    for size in (333, own_rate):
        live = list(stream(cut(noise, size), own_rate, "timbre19", window=1.0))
        assert table(live).tobytes() == offline[0].tobytes()
        assert max(each.latency for each in live) < size / own_rate + 0.1  # the resampler holds back little


def test_the_whole_stream_is_the_vector_of_the_file():
    (last,) = stream(cut(SOUND, 4096), 22050, "classic30", window=math.inf)
    assert table([last]).tobytes() == extract([SOUND], "classic30").values.tobytes()
    assert (last.start, last.end) == (0.0, 8.0)


def test_a_stream_shorter_than_a_window_is_one_window():
    (only,) = stream(cut(SOUND[:11025], 100), 22050, "timbre19", window=3.0)
    assert (only.end, only.latency) == (0.5, 0.0)
    assert table([only]).tobytes() == extract([SOUND[:11025]], "timbre19").values.tobytes()


def test_a_rest_is_left_out_and_silence_is_told_of():
    decisions = list(stream([np.zeros(22050 * 5, dtype=np.int16)], 22050, "timbre19", window=2.0))
    assert [each.end for each in decisions] == [2.0, 4.0]
    assert "silent" in decisions[0].flags
    assert np.isfinite(table(decisions)).all()


def test_what_was_decided_before_nan_stays():
    arriving = stream([SOUND[:50_000], np.array([0.0, np.nan])], 22050, "timbre19", window=2.0)
    assert next(arriving).end == 2.0
    with pytest.raises(ClipError, match=r"the stream near 2\.268 s: it holds NaN"):
        next(arriving)


def test_a_decision_needs_no_sound_that_comes_later(model):
    given = 0

    def source():
        nonlocal given
        for block in cut(SOUND, 2205):
            given += len(block)
            yield block

    for decision in stream(source(), 22050, model, window=1.0):
        assert given == round(decision.end * 22050)


def test_labels_and_probabilities_are_those_of_the_pipeline(model, sounds):
    sound = np.concatenate([sounds[0], sounds[5]])
    first, second = stream([sound], 22050, model, window=1.0)
    assert (first.label, second.label) == ("noise", "tone")
    expected = model.predict_proba([Clip(sounds[0].astype(np.float32), rate=22050)])[0]
    assert list(first.probabilities.values()) == expected.tolist()
    assert list(first.probabilities) == list(model.classes_)


def test_a_model_of_windows_has_windows_of_its_own(sounds):
    labels = ["noise"] * 4 + ["tone"] * 4
    model = SegmentClassifier("logistic", 0.5, feature_set="timbre19").fit(sounds, labels)
    live = list(stream(cut(sounds[5], 500), 22050, model))
    offline = model.predict_segments([np.asarray(sounds[5], dtype=np.float32)])
    assert [each.label for each in live] == offline["predicted"].tolist()
    assert [each.probabilities["tone"] for each in live] == offline["score_tone"].tolist()
    assert [len(each.columns) for each in live] == [19, 19]


def test_a_model_of_frames(sounds):
    model = recipe("mfcc-codebook").fit(sounds, ["noise"] * 4 + ["tone"] * 4)
    (only,) = stream(cut(sounds[5], 5000), 22050, model)
    assert only.label == model.predict([sounds[5]])[0]
    assert only.probabilities is None


def test_an_hour_needs_no_more_memory_than_a_minute():
    block = np.asarray(signals.white_noise(1.0), dtype=np.float32)

    def peak(minutes):
        tracemalloc.reset_peak()
        for _ in stream((block for _ in range(60 * minutes)), 22050, "timbre19", window=1.0, hop=30.0):
            pass
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(1)
        minute, hour = peak(1), peak(60)
    finally:
        tracemalloc.stop()
    assert hour < 1.05 * minute + 100_000


@pytest.mark.parametrize("how", [{"window": 0}, {"window": -1.0}, {"hop": math.nan}, {"window": "3"}])
def test_lengths_are_seconds(how):
    with pytest.raises(ParameterError, match="give seconds"):
        stream([SOUND], 22050, "timbre19", **how)


def test_an_unknown_set():
    with pytest.raises(UnknownNameError, match="Did you mean 'timbre19'"):
        stream([SOUND], 22050, "timbre18")


@needs_gtzan100
def test_real_recordings():
    files = sorted(GTZAN100.rglob("*.wav"))[::25]
    for file, size in zip(files, (997, 4096, 22050, 220500), strict=False):
        offline = measure_segments([file], segment_spec("classic30", 10.0, 5.0))
        live = list(stream(cut(load_audio(file), size), 22050, "classic30", window=10.0, hop=5.0))
        assert table(live).tobytes() == offline[0].tobytes()
