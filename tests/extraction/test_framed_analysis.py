"""One framing: what kernels compute in a chain has the bits of what they compute one by one."""

import numpy as np
import pytest

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction import framed_analysis as room
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS


def results(requests, samples, step):
    analysis = Analysis(requests)
    for _ in range(2):  # the second clip must not hear the first
        analysis.reset()
        for start in range(0, len(samples), step):
            analysis.push(samples[start : start + step])
        found = analysis.finish()
    return {key: np.asarray(values) for key, values in found.items()}


@pytest.fixture
def one_by_one(monkeypatch):
    """No chains: each kernel is called from Python."""
    chained = room._ChainedRows

    def use():
        monkeypatch.setattr(room, "_ChainedRows", lambda frames, steps, features: chained(frames, [], []))

    return use


@pytest.mark.parametrize("n", [100, 700, 3_000, room.BLOCK + 40_000])
def test_a_chain_gives_the_bits_of_its_kernels_one_by_one(n, rng, one_by_one):
    requests = [
        request
        for name in ("timbre19", "marsyas64", "compact")
        for request in FEATURE_SETS[name].requests
        if request.framing.stream in ("samples", "preemphasis") and request.framing.length < 10_000
    ]
    requests += [
        Request("band_flux_lag3", Framing(1024, 256)),  # two pasts of one ingredient
        Request("band_flux_lag6", Framing(1024, 256)),
        Request("zcr", Framing(512, 256, remove_mean=True)),
        Request("rms", Framing(512, 512, stream="harmonic")),  # whose spectra are kept for later blocks
    ]
    samples = (0.3 * rng.standard_normal(n)).astype(np.float32)
    chained = results(requests, samples, 50_000)
    one_by_one()
    plain = results(requests, samples, n)
    assert chained.keys() == plain.keys()
    for key, values in plain.items():
        np.testing.assert_array_equal(chained[key], values, err_msg=str(key))


def test_what_kernels_compute_is_in_the_chain():
    analysis = Analysis(FEATURE_SETS["timbre19"].requests)
    analysis.push(np.zeros(1000, dtype=np.float32))
    analysis.finish()
    (framed,) = analysis._framed.values()
    linked = [function.__name__ for function, _ in framed._chained.chain._calls]
    assert len(linked) == len(framed._steps) + len(framed._frame_features) == 10


def test_two_channels_are_left_to_python():
    analysis = Analysis(FEATURE_SETS["pitch5"].requests)
    analysis.push(np.zeros(3000, dtype=np.float32))
    analysis.finish()
    (framed,) = analysis._framed.values()
    assert not framed._chained.chain._calls
