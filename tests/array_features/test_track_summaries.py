"""Summaries of padded tracks: those of each track alone, whatever is behind its end."""

import numpy as np
import pytest
from array_agreement import STRICT

from gtzanfeat.array_backend import array_backend
from gtzanfeat.array_features import ARRAY_SUMMARIES, find_array_summary
from gtzanfeat.statistics.summaries import find_summary

COUNTS = (1, 2, 3, 7, 50, 60)
TEXTURES = [
    {"window": window, "start": start} for window in (1, 5, 80) for start in ("valid", "grow", "prefill")
]
CASES = [
    *((name, params) for name in ("texture", "running", "running_mean") for params in TEXTURES),
    *((name, {}) for name in sorted(ARRAY_SUMMARIES)),
    *((name, {}) for name in ("p00", "p33", "p99", "mean+std+delta_std")),
    ("delta_std", {"reach": 5}),
]


@pytest.fixture(scope="module")
def batch():
    """Tracks on a level far from 0, and one that is constant, padded with numbers of no meaning."""
    rng = np.random.default_rng(0)
    values = (100.0 + rng.standard_normal((len(COUNTS), max(COUNTS), 3))).astype(np.float32)
    values[:, :, 2] = 0.1
    for clip, n in zip(values, COUNTS, strict=True):
        clip[n:] = 1e6
    return values


@pytest.mark.parametrize("backend", [array_backend("numpy"), STRICT], ids=["numpy", "strict"])
@pytest.mark.parametrize(("name", "given"), CASES)
def test_a_summary_is_that_of_each_track_alone(batch, backend, name, given):
    summary = find_summary(name)
    params = summary.full_params(given)
    arrays = find_array_summary(name)(
        backend.xp, backend.to_device(batch), backend.to_device(np.array(COUNTS)), params
    )
    for clip, numbers, n in zip(batch, backend.to_host(arrays), COUNTS, strict=True):
        # deltas are of float32 there, of numbers around 100
        np.testing.assert_allclose(numbers, summary.compute(clip[:n], params), rtol=1e-7, atol=2e-5)


@pytest.mark.parametrize("name", ["mean+std+var+slope", "delta_std", "texture", "running"])
def test_a_constant_column_is_exactly_constant(batch, name):
    params = find_summary(name).full_params({})
    numbers = find_array_summary(name)(array_backend("numpy").xp, batch, np.array(COUNTS), params)[:, :, 2]
    assert (numbers == find_summary(name).compute(batch[0, :1], params)[:, 2]).all()


@pytest.mark.parametrize("name", [*sorted(ARRAY_SUMMARIES), "p10"])
def test_a_clip_without_frames_gives_zeros(batch, name):
    params = find_summary(name).full_params({})
    for values in (batch[:2], batch[:2, :0]):
        numbers = find_array_summary(name)(array_backend("numpy").xp, values, np.array([0, 0]), params)
        assert not numbers.any()


def test_what_is_summarised_on_the_cpu_only_is_told_apart():
    assert find_array_summary("mean+gaussian") is None
    assert find_array_summary("max_at") is None
