"""Power spectra by the package's kernel, as ratios to scipy's rfft, window and square of the same frames.

Run ``python benchmarks/bench_fft.py``: one thread, float32, frames that overlap by half, interleaved, the
quickest of many runs. The last column is the largest error against float64, as a share of the largest value.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import platform
import time
from pathlib import Path

import numpy as np
import scipy.fft

from gtzanfeat.ingredients.fourier import LENGTHS, FrameTransform
from gtzanfeat.ingredients.spectra import square_modulus

SECONDS = 1.0  # for each length and number of frames


def processor():
    """The name of the processor, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def quickest(functions):
    """The least seconds that each of some functions took, called in turn."""
    best = [np.inf] * len(functions)
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def compare(length, n_frames):
    """Print one line for frames of a length."""
    taper = np.hanning(length + 1)[:-1].astype(np.float32)
    samples = np.random.default_rng(0).standard_normal((n_frames + 1) * length // 2).astype(np.float32)
    frames = np.lib.stride_tricks.as_strided(samples, (n_frames, length), (2 * length, 4))
    tapered = np.empty(frames.shape, dtype=np.float32)
    transform = FrameTransform(taper)

    def by_scipy():
        spectrum = scipy.fft.rfft(np.multiply(frames, taper, out=tapered), axis=-1)
        out = np.empty(spectrum.shape, dtype=np.float32)
        square_modulus(spectrum, out)
        return out

    expected = np.abs(np.fft.rfft(frames * taper.astype(float))) ** 2
    error = np.abs(transform.power(frames) - expected).max() / expected.max()
    by_scipy()
    transform.spectrum(frames)
    scipys, rfft, power, spectrum = quickest(
        [
            by_scipy,
            lambda: scipy.fft.rfft(tapered, axis=-1),
            lambda: transform.power(frames),
            lambda: transform.spectrum(frames),
        ]
    )
    print(
        f"{length:6} x {n_frames:4} {1e6 * scipys:9.0f} us  power {scipys / power:5.2f} x  "
        f"rfft alone {rfft / power:5.2f} x  spectrum {rfft / spectrum:5.2f} x  error {error:.1e}"
    )


if __name__ == "__main__":
    print(f"{processor()}, scipy {scipy.__version__}: window + rfft + square by scipy, and how much faster")
    for length in sorted(LENGTHS):
        for n_frames in (64, 128):
            compare(length, n_frames)
