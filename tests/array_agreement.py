"""How far features that are computed from arrays are from those of the CPU."""

from dataclasses import replace

import array_api_strict
import numpy as np
import scipy.fft

from gtzanfeat.array_backend import array_backend
from gtzanfeat.ingredients.fourier import LENGTHS, FrameTransform

# sums of float32 in another order, and logarithms of another library
TOLERANCE = 2e-5
# where next to nothing is left of large numbers: constant and single-sample sounds, variances of two frames
TOLERANCE_OF_EXTREMES = 5e-4
CEPSTRA = ("mfcc", "htk_mfcc", "marsyas_mfcc", "librosa_mfcc", "mfcc20")  # differences of logarithms near 1


def _rfft(frames):
    """The bits of the CPU: another transform rounds otherwise, which is not what kernels are asked.

    Contrasts of tones, say, have valleys that are nothing but the rounding of the transform.
    """
    n = frames.shape[-1]
    if n not in LENGTHS:
        return scipy.fft.rfft(frames, axis=-1)
    transform = FrameTransform(np.ones(n, dtype=np.float32))
    return transform.spectrum(frames.reshape(-1, n)).reshape(*frames.shape[:-1], n // 2 + 1)


# numpy behind a namespace that has nothing but the standard, and refuses what it does not define
STRICT = replace(
    array_backend("numpy"),
    version="array_api_strict",
    xp=array_api_strict,
    rfft=lambda frames: array_api_strict.asarray(_rfft(np.asarray(frames))),
    to_device=array_api_strict.asarray,
    to_host=np.asarray,
)


def deviations(chosen, expected, given):
    """Deviation of each number, over its size or the largest of the same feature and summary of the clip."""
    kinds = [(row["feature"], row["summary"]) for row in chosen.feature_table()]
    deviation = np.abs(given.astype(float) - expected)
    for kind in set(kinds):
        of_kind = [i for i, other in enumerate(kinds) if other == kind]
        largest = np.abs(expected[:, of_kind]).max(axis=1, keepdims=True)
        deviation[:, of_kind] /= np.maximum(largest, 1.0 if kind[0] in CEPSTRA else 1e-3)
    return deviation


def worst(chosen, expected, given):
    """The largest deviation, with its column and the number of its clip."""
    deviation = deviations(chosen, expected, given)
    clip, column = np.unravel_index(deviation.argmax(), deviation.shape)
    return deviation[clip, column], chosen.columns[column], int(clip)
