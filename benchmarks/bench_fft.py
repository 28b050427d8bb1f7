"""Power spectra by the package's kernel, as ratios to scipy's rfft, window and square of the same frames.

Run ``python benchmarks/bench_fft.py``: one thread, float32, frames that overlap by half, in turns, the
quickest of many runs. The error is the largest against float64, as a share of the largest value.
"""

from __future__ import annotations

import stopwatch

stopwatch.one_thread()

import numpy as np
import scipy.fft
from stopwatch import Record, best_of

from gtzanfeat.ingredients.fourier import LENGTHS, FrameTransform
from gtzanfeat.ingredients.spectra import square_modulus


def compare(record: Record, length: int, n_frames: int, rounds: int) -> None:
    """The ratios for frames of a length."""
    taper = np.hanning(length + 1)[:-1].astype(np.float32)
    samples = np.random.default_rng(0).standard_normal((n_frames + 1) * length // 2).astype(np.float32)
    frames = np.lib.stride_tricks.as_strided(samples, (n_frames, length), (2 * length, 4))
    tapered = np.empty(frames.shape, dtype=np.float32)
    transform = FrameTransform(taper)

    def by_scipy() -> np.ndarray:
        spectrum = scipy.fft.rfft(np.multiply(frames, taper, out=tapered), axis=-1)
        out = np.empty(spectrum.shape, dtype=np.float32)
        square_modulus(spectrum, out)
        return out

    expected = np.abs(np.fft.rfft(frames * taper.astype(float))) ** 2
    error = np.abs(transform.power(frames) - expected).max() / expected.max()
    best = best_of(
        {
            "window, rfft and square": by_scipy,
            "rfft": lambda: scipy.fft.rfft(tapered, axis=-1),
            "power": lambda: transform.power(frames),
            "spectrum": lambda: transform.spectrum(frames),
        },
        rounds,
    )
    of = f"{length} x {n_frames}"
    asked = "at least 2" if length in (512, 1024, 2048) else ""
    record.ratio(
        f"{of}: scipy, power spectrum", best["window, rfft and square"] / best["power"], "ours", asked
    )
    record.ratio(f"{of}: scipy, transform alone", best["rfft"] / best["spectrum"], "ours, window included")
    record.row(f"{of}: largest error of a power", 1e7 * error, "e-7", "of the largest power")


def main() -> None:
    arguments = stopwatch.arguments_of(__doc__).parse_args()
    record = Record()
    print(stopwatch.processor())
    record.title(f"scipy {scipy.__version__} against the package's transforms, one thread")
    for length in sorted(LENGTHS):
        for n_frames in (64, 128):
            rounds = max(10, (50 if arguments.quick else 400) * 2048 // length)
            compare(record, length, n_frames, rounds)
    if arguments.json:
        record.write(arguments.json)


if __name__ == "__main__":
    main()
