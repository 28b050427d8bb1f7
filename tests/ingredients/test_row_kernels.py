"""Row kernels: rows in memory, and frames as the samples that they lie in."""

import numpy as np
import pytest

from gtzanfeat.ingredients.row_kernels import RowKernel, samples_of


def doubled(x, factor, out):
    out[...] = factor * x


def test_a_row_kernel_computes_rows(rng):
    x = rng.standard_normal((5, 6)).astype(np.float32)
    np.testing.assert_array_equal(RowKernel(doubled, (2.0,), 6)(x), 2 * x)


def test_rows_may_be_read_as_complex_numbers(rng):
    x = rng.standard_normal((5, 6)).astype(np.float32)
    read = RowKernel(doubled, (1.0,), 6, seen_as=np.complex64)(x)
    np.testing.assert_array_equal(read, x[:, ::2] + 1j * x[:, 1::2])


@pytest.mark.parametrize("hop", [3, 8, 11])
def test_frames_are_given_as_the_samples_they_lie_in(hop, rng):
    samples = rng.standard_normal(4 * hop + 8).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 8, writeable=True)[::hop]
    row, step = samples_of(frames)
    assert row.flags.c_contiguous
    np.testing.assert_array_equal([row[t * step : t * step + 8] for t in range(len(frames))], frames)
    assert np.shares_memory(row, samples)


@pytest.mark.parametrize("change", [lambda f: f[:, ::2], lambda f: f[::-1], lambda f: f.T])
def test_other_frames_are_copied(change, rng):
    frames = change(rng.standard_normal((6, 6)).astype(np.float32))
    row, step = samples_of(frames)
    n = frames.shape[1]
    np.testing.assert_array_equal([row[t * step : t * step + n] for t in range(len(frames))], frames)


def test_frames_of_two_channels_have_two_steps(rng):
    samples = rng.standard_normal((2, 40)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 8, axis=1, writeable=True)[:, ::4]
    row, channel, step = samples_of(frames)
    for c in range(2):
        for t in range(frames.shape[1]):
            start = c * channel + t * step
            np.testing.assert_array_equal(row[start : start + 8], frames[c, t])


def test_frames_that_cannot_be_written_are_copied(rng):
    # compiled code counts them as another type of array, for which kernels would be compiled again
    frames = rng.standard_normal((3, 8)).astype(np.float32)
    frames.flags.writeable = False
    assert samples_of(frames)[0].flags.writeable
