"""Features of batches of clips against those of the CPU: every kernel and edge, on two namespaces."""

import numpy as np
import pytest
import signals
from array_agreement import CEPSTRA, STRICT, TOLERANCE, TOLERANCE_OF_EXTREMES

from gtzanfeat.array_backend import array_backend
from gtzanfeat.array_features import ARRAY_KERNELS, TRACK_KERNELS
from gtzanfeat.declarations import ClipFeature, FrameFeature, Framing, Request
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.extraction.array_analysis import ArrayAnalysis, is_summarised, on_arrays
from gtzanfeat.extraction.frame_matrices import usual_item
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features import FEATURES

RATE = 22050
ON_ARRAYS = [
    name
    for name, row in FEATURES.items()
    if isinstance(row, FrameFeature) and on_arrays(usual_item(name).request, RATE)
]
MUSIC = [signals.drum_loop(seconds=1.3), signals.progression(seconds=0.2), signals.white_noise(0.7)]
EXTREMES = [
    signals.silence(0.2),
    signals.dc(0.4),
    signals.impulse(0.3, 0.1),
    np.array([0.3]),
    signals.white_noise(0.01),
]


def tracks(request, clips):
    analysis = Analysis([request])
    for clip in clips:
        analysis.reset()
        analysis.push(clip)
        yield analysis.finish()[request.key]


def check(request, backend, clips, tolerance):
    clips = [clip.astype(np.float32) for clip in clips]
    computed = ArrayAnalysis([request], RATE, backend).analyse(clips)
    for expected, results in zip(tracks(request, clips), computed, strict=True):
        given = results[request.key]
        assert given.shape == expected.shape
        assert given.dtype == expected.dtype
        largest = max(np.abs(expected).max(), 1.0 if request.feature in CEPSTRA else 1e-3)
        np.testing.assert_allclose(given, expected, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("backend", [array_backend("numpy"), STRICT], ids=["numpy", "strict"])
@pytest.mark.parametrize("name", ON_ARRAYS)
def test_a_feature_agrees_with_its_kernel(name, backend):
    item = usual_item(name)
    check(item.request, backend, MUSIC, TOLERANCE)
    check(item.request, backend, EXTREMES, TOLERANCE_OF_EXTREMES)


@pytest.mark.parametrize("name", ["spectral_centroid", "mfcc", "zcr"])
@pytest.mark.parametrize("edges", ["pad_end", "zero", "copy"])
def test_edges_are_those_of_the_cpu(name, edges):
    request = Request(name, Framing(512, 200, edges=edges))
    check(request, array_backend("numpy"), [*MUSIC, *EXTREMES], TOLERANCE_OF_EXTREMES)


def test_every_array_kernel_is_asked():
    asked = {FEATURES[name].kernel for name in ON_ARRAYS}
    assert asked == ARRAY_KERNELS.keys() | TRACK_KERNELS.keys()


def test_a_block_of_frames_is_as_good_as_another(monkeypatch):
    item = usual_item("spectral_flux")
    clips = [clip.astype(np.float32) for clip in MUSIC]
    whole = ArrayAnalysis([item.request], RATE, array_backend("numpy")).analyse(clips)
    monkeypatch.setattr("gtzanfeat.array_backend.NUMPY_BLOCK_BYTES", 1)
    single = ArrayAnalysis([item.request], RATE, array_backend("numpy")).analyse(clips)
    for one, other in zip(whole, single, strict=True):
        assert (one[item.request.key] == other[item.request.key]).all()


def test_a_steady_sound_has_steady_features():
    """A constant track is constant to the last bit: its deviation, flux and onsets are not of rounding."""
    names = ("mfcc", "htk_mfcc", "mel", "spectral_centroid")
    requests = [usual_item(name).request for name in names]
    clip = np.full(40 * 512, 0.1, dtype=np.float32)
    results = ArrayAnalysis(requests, RATE, array_backend("numpy")).analyse([clip, clip[:9999]])
    for request in requests:
        track = results[0][request.key][2:]
        assert (track == track[0]).all()


def test_what_is_on_arrays_and_what_is_not():
    of_set = {
        name: {item.feature for item in FEATURE_SETS[name].items if on_arrays(item.request, RATE)}
        for name in ("classic30", "librosa57")
    }
    assert of_set["classic30"] == {row.feature for row in FEATURE_SETS["timbre19"].items}
    assert {"mfcc20", "rms", "librosa_tempo"} <= of_set["librosa57"]
    assert not {"samples", "chroma_stft"} & of_set["librosa57"]
    assert isinstance(FEATURES["low_energy"], ClipFeature)
    for item in FEATURE_SETS["timbre19"].items:
        assert is_summarised(item, RATE) == (item.feature != "low_energy")
