"""One way through: the same bits however the sound arrives, and every ingredient once."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from reference.frames import frames

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.extraction import analysis as room_of_all
from gtzanfeat.extraction import framed_analysis as room
from gtzanfeat.extraction import long_tracks
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.extraction.framed_analysis import BLOCK
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.ingredients import hpss
from gtzanfeat.ingredients.registry import INGREDIENTS

RATE = 22050


def vector(chosen, samples, step):
    analysis = Analysis(chosen.requests)
    for start in range(0, len(samples), step):
        analysis.push(samples[start : start + step])
    return chosen.vector(analysis.finish())


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_the_bits_do_not_depend_on_how_the_sound_is_cut(name, rng):
    chosen = FEATURE_SETS[name]
    samples = rng.uniform(-0.5, 0.5, 2 * BLOCK + 7777).astype(np.float32)
    whole = vector(chosen, samples, len(samples))
    for step in (1_000, 100_000, BLOCK, 33_333):
        np.testing.assert_array_equal(vector(chosen, samples, step), whole)
    # sample by sample is slow, so once
    if name == "tzanetakis2002":
        np.testing.assert_array_equal(vector(chosen, samples, 1), whole)


@pytest.mark.parametrize("name", ["block-level", "broad", "compact", "librosa57", "novelty-beat"])
def test_nor_on_whether_tracks_lie_in_a_file(name, rng, monkeypatch):
    chosen = FEATURE_SETS[name]
    samples = rng.uniform(-0.5, 0.5, 70_000).astype(np.float32)
    held = vector(chosen, samples, len(samples))
    monkeypatch.setattr(long_tracks, "HELD_CELLS", 2000)
    np.testing.assert_array_equal(vector(chosen, samples, len(samples)), held)


def test_an_analysis_forgets_the_clip_before(rng):
    chosen = FEATURE_SETS["classic30"]
    first, second = rng.uniform(-0.5, 0.5, (2, 70_001)).astype(np.float32)
    analysis = Analysis(chosen.requests)
    for samples in (first, second, second[:100], second):
        analysis.reset()
        analysis.push(samples)
        again = chosen.vector(analysis.finish())
    np.testing.assert_array_equal(again, vector(chosen, second, 70_001))


def test_a_clip_cut_short_leaves_nothing_behind(rng):
    """As after an error in the middle of a file."""
    chosen = FEATURE_SETS["classic30"]
    samples = rng.uniform(-0.5, 0.5, 70_001).astype(np.float32)
    analysis = Analysis(chosen.requests)
    analysis.push(samples[:12_345])
    analysis.reset()
    analysis.push(samples)
    np.testing.assert_array_equal(chosen.vector(analysis.finish()), vector(chosen, samples, 70_001))


def counting(build, counts, *what):
    """Count how often what is built is called, under what it is and its framing."""

    def counted(framing, rate, params):
        function = build(framing, rate, params)

        def call(*needs):
            counts[*what, framing] = counts.get((*what, framing), 0) + 1
            return function(*needs)

        return call

    return counted


@pytest.fixture
def counts(monkeypatch):
    """How often each ingredient of a framing was computed, and in which of its ways."""
    counts = {}
    rows = {}
    for name, row in INGREDIENTS.items():
        rows[name] = replace(row, build=counting(row.build, counts, name))
        if row.from_frames is not None:
            from_frames = counting(row.from_frames, counts, name, "from frames")
            rows[name] = replace(rows[name], from_frames=from_frames)
    monkeypatch.setattr(room, "INGREDIENTS", rows)
    return counts


def test_each_ingredient_of_a_block_is_computed_once(counts):
    requests = FEATURE_SETS["classic30"].requests + FEATURE_SETS["marsyas64"].requests
    analysis = Analysis(requests + FEATURE_SETS["pitch-histograms"].requests)
    analysis.push(np.zeros(2 * BLOCK, dtype=np.float32))
    analysis.finish()
    assert counts
    assert set(counts.values()) == {2}  # one per block
    assert ("power", "from frames", Framing(512, 512)) in counts
    assert not any(what[0] == "spectrum" for what in counts)  # which nothing asks for


def test_frames_that_are_separated_are_transformed_once(counts):
    """Powers are then made from the spectra that the separation needs."""
    analysis = Analysis(FEATURE_SETS["librosa57"].requests)
    analysis.push(np.zeros(4096, dtype=np.float32))
    analysis.finish()
    made = [what for what in counts if what[-1] == hpss.FRAMING and what[0] in ("spectrum", "power")]
    assert sorted(what[:-1] for what in made) == [("power",), ("spectrum",)]


@pytest.mark.parametrize(
    ("n_samples", "expected"), [(1, 1), (511, 1), (512, 1), (1023, 1), (1024, 2), (661_500, 1291)]
)
def test_frames_are_counted_as_the_specification_says(n_samples, expected):
    request = Request("zcr", Framing(512, 512))
    analysis = Analysis([request])
    analysis.push(np.zeros(n_samples))
    assert analysis.finish()[request.key].shape == (expected, 1)
    assert request.framing.n_frames(n_samples) == expected
    assert analysis.n_samples == n_samples


@pytest.mark.parametrize(("length", "hop"), [(512, 512), (1000, 333), (2048, 512)])
@pytest.mark.parametrize("n_samples", [1, 333, 667, 668, 1000, 2048, 2049, 5000, 5120, BLOCK, BLOCK + 1])
def test_the_last_partial_frame_is_padded_where_it_is_asked_for(length, hop, n_samples, rng):
    samples = rng.uniform(-1, 1, n_samples).astype(np.float32)
    framing = Framing(length, hop, edges="pad_end")
    request = Request("rms", framing)
    twin = np.sqrt((frames(samples, length, hop, pad_end=True) ** 2).mean(axis=1))
    assert (len(twin) - 1) * hop + length >= n_samples  # none left out
    for step in (n_samples, 997):
        analysis = Analysis([request])
        for start in range(0, n_samples, step):
            analysis.push(samples[start : start + step])
        track = analysis.finish()[request.key]
        np.testing.assert_allclose(track[:, 0], twin, rtol=1e-5)
        assert len(track) == framing.n_frames(n_samples)


def test_a_padded_frame_may_lose_the_mean_of_its_sound():
    samples = np.full(700, 0.5)
    request = Request("rms", Framing(512, 512, remove_mean=True, edges="pad_end"))
    analysis = Analysis([request])
    analysis.push(samples)
    np.testing.assert_array_equal(analysis.finish()[request.key], [[0], [0]])


@pytest.mark.parametrize(("length", "hop"), [(512, 100), (1000, 333), (2048, 512)])
def test_any_framing_equals_its_slow_twin(length, hop, rng):
    samples = rng.uniform(-1, 1, BLOCK + 5000).astype(np.float32)
    request = Request("rms", Framing(length, hop))
    analysis = Analysis([request])
    analysis.push(samples)
    windows = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    twin = np.sqrt((windows.astype(float) ** 2).mean(axis=1))
    np.testing.assert_allclose(analysis.finish()[request.key][:, 0], twin, rtol=1e-5)


def test_a_hop_longer_than_the_frame_is_refused():
    with pytest.raises(ValueError, match=r"hop 600 must lie in 1\.\.512"):
        Framing(512, 600)


@pytest.mark.parametrize(
    ("name", "length", "message"),
    [
        ("beat", 65_530, "65530 samples cannot be halved 6 times; take a multiple of 64"),
        ("beat", 32_768, "peaks up to lag 2068 need 2097 lags, but frames of 32768 samples have 2048"),
        ("pitch", 256, "peaks up to lag 367 need 369 lags, but frames of 256 samples have 256"),
    ],
)
def test_frames_too_short_for_what_is_asked_are_refused(name, length, message):
    item = next(item for item in FEATURE_SETS["classic30"].items if item.feature == name)
    framing = replace(item.framing, length=length, hop=length)
    with pytest.raises(GtzanfeatError, match=message):
        Analysis([Request(name, framing, item.params)]).push(np.ones(2 * BLOCK))


def test_an_unknown_feature_is_named():
    with pytest.raises(UnknownNameError, match="unknown feature 'zrc'.*Did you mean 'zcr'"):
        Analysis([Request("zrc", Framing(512, 512))])


def test_memory_does_not_grow_with_the_recording():
    """Ten minutes may cost their tracks, 36 bytes a frame, and no more."""
    chosen = FEATURE_SETS["classic30"]
    analysis = Analysis(chosen.requests)
    block = np.random.default_rng(0).uniform(-0.5, 0.5, BLOCK).astype(np.float32)
    for _ in range(3):  # everything compiled and allocated
        analysis.push(block)
    tracemalloc.start()
    for _ in range(200):
        analysis.push(block)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    n_frames = 200 * BLOCK / 512
    assert grown < 250 * n_frames + 2_000_000  # arrays of 128 rows have their own cost


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (
            Request("tempo", Framing(1024, 256), {"frames": 86.1}),
            UnknownNameError,
            "unknown parameter of tempo 'frames'. Known: frame_rate, linear_filters, log_filters",
        ),
        (
            Request("tempo", Framing(1024, 512), {"frame_rate": RATE / 256}),
            GtzanfeatError,
            "told of 86.1328 frames per second, but frames every 512 samples at 22050 Hz are 43.0664",
        ),
        (Request("rms", Framing(512, 512, stream="low")), UnknownNameError, "unknown stream 'low'"),
        (
            Request("spectral_centroid", Framing(512, 512), {"spectrum": "powers"}),
            GtzanfeatError,
            "spectral_centroid: spectrum is 'powers'; it must be one of magnitude, power",
        ),
        (
            Request("pitch", Framing(1024, 512), FEATURE_SETS["pitch5"].items[0].params),
            GtzanfeatError,
            "in the stream 'two_channels', not in 'samples'",
        ),
    ],
    ids="unknown disagreeing stream spectrum channels".split(),
)
def test_what_makes_no_sense_is_told(request_, error, message):
    def analyse():
        analysis = Analysis([request_])
        analysis.push(np.ones(RATE, dtype=np.float32))
        analysis.finish()

    with pytest.raises(error, match=message):
        analyse()


def test_a_clip_ends_once(rng):
    """Frames that reach beyond its end are there once, however often one asks."""
    chosen = FEATURE_SETS["librosa57"]
    analysis = Analysis(chosen.requests)
    analysis.push(rng.uniform(-0.5, 0.5, 20_000).astype(np.float32))
    once = chosen.vector(analysis.finish())
    np.testing.assert_array_equal(chosen.vector(analysis.finish()), once)
    with pytest.raises(GtzanfeatError, match=r"has ended; call reset\(\)"):
        analysis.push(np.zeros(10, dtype=np.float32))


def test_nothing_cannot_be_analysed():
    with pytest.raises(GtzanfeatError, match="nothing to analyse; push at least one sample"):
        Analysis(FEATURE_SETS["classic30"].requests).finish()


def test_flags_tell_what_is_odd():
    chosen = FEATURE_SETS["classic30"]
    analysis = Analysis(chosen.requests)
    analysis.push(np.zeros(600))
    analysis.finish()
    assert analysis.flags() == ("silent", "padded_1024", "padded_65536", "no_beat", "no_pitch")
    analysis.reset()
    analysis.push(np.random.default_rng(0).uniform(-1, 1, 70_000))
    analysis.finish()
    assert analysis.flags() == ()


def test_parameters_are_gathered_once_and_not_for_every_clip(rng, monkeypatch):
    chosen = FEATURE_SETS["classic30"]
    analysis = Analysis(chosen.requests, chosen.rate)
    samples = rng.uniform(-0.5, 0.5, 3000).astype(np.float32)
    analysis.push(samples)
    first = chosen.vector(analysis.finish())
    monkeypatch.setattr(room, "request_of", None)
    analysis.reset()
    analysis.push(samples)
    np.testing.assert_array_equal(chosen.vector(analysis.finish()), first)


@pytest.mark.parametrize("change", ["as it is", "read-only", "every second", "float64"])
def test_whole_blocks_of_any_array_are_analysed_alike(rng, monkeypatch, change):
    # blocks of the usual arrays go to the filters as they are, others by way of one
    samples = rng.uniform(-0.5, 0.5, 2 * BLOCK).astype(np.float32)
    kinds = []
    stream = room_of_all.STREAMS["preemphasis"]

    def noting(rate):
        filtered = stream.build(rate)

        def call(block):
            kinds.append((block.dtype.name, block.flags.c_contiguous, block.flags.writeable))
            return filtered(block)

        return call

    monkeypatch.setitem(room_of_all.STREAMS, "preemphasis", replace(stream, build=noting))
    rms = Request("rms", Framing(550, 220, stream="preemphasis"))

    def track(pushed):
        analysis = Analysis([rms])
        analysis.push(pushed)
        return analysis.finish()[rms.key]

    expected = track(samples)
    if change == "read-only":
        given = samples.copy()
        given.flags.writeable = False
    else:
        given = {
            "as it is": samples,
            "every second": np.repeat(samples, 2)[::2],
            "float64": samples.astype(np.float64),
        }[change]
    np.testing.assert_array_equal(track(given), expected)
    assert set(kinds) == {("float32", True, True)}  # one type, for which kernels are compiled
