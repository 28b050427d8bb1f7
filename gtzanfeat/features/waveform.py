"""Features of the waveform itself: zero crossings, level, low energy.

Kernels take the unwindowed frames. No spectrum belongs here.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.features.spec import ClipFeature, Column, FrameFeature, Params
from gtzanfeat.jit import kernel

TC2002 = "Tzanetakis & Cook 2002"


@kernel
def zero_crossings(frames: np.ndarray, out: np.ndarray) -> None:
    """Z = ½ Σ_{n=1}^{N-1} |sgn x[n] - sgn x[n-1]| / (N-1), with sgn(0) = +1."""
    n = frames.shape[1]
    scale = np.float32(1.0 / max(n - 1, 1))
    for t in range(frames.shape[0]):
        row = frames[t]
        count = np.int32(0)
        for i in range(1, n):
            count += np.int32((row[i] < 0) != (row[i - 1] < 0))
        out[t, 0] = count * scale


@kernel
def root_mean_square(frames: np.ndarray, out: np.ndarray) -> None:
    """RMS = √(Σ x[n]² / N)."""
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        row = frames[t]
        total = np.float32(0.0)
        for i in range(n):
            total += row[i] * row[i]
        out[t, 0] = np.sqrt(total / np.float32(n))


@kernel
def low_energy_share(rms: np.ndarray, width: int) -> float:
    """Mean over texture windows of the share of frames with RMS < (1 - 1e-6) · mean RMS of the window."""
    n_frames = rms.shape[0]
    width = min(width, n_frames)
    n_windows = n_frames - width + 1
    share = 0.0
    for start in range(n_windows):
        mean = 0.0
        for t in range(start, start + width):
            mean += rms[t, 0]
        limit = mean / width * (1.0 - 1e-6)
        count = 0
        for t in range(start, start + width):
            count += rms[t, 0] < limit
        share += count / width
    return share / n_windows


def low_energy(rms: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """Low energy of a clip from its track of RMS, shape (n_frames, 1)."""
    return np.array([low_energy_share(rms, params["window"])])


FEATURES = (
    FrameFeature(
        name="zcr",
        family="timbre",
        kernel=zero_crossings,
        needs=("frames",),
        columns=(
            Column(
                "",
                "crossings/sample",
                "Σ |sgn x[n] - sgn x[n-1]| / 2(N-1)",
                "how often the waveform changes sign: noisiness, and pitch where there is one note",
            ),
        ),
        source=f"{TC2002}, section II-A",
        gain_invariant=True,
    ),
    FrameFeature(
        name="rms",
        family="timbre",
        kernel=root_mean_square,
        needs=("frames",),
        columns=(Column("", "full scale", "√(Σ x[n]²/N)", "how loud the frame is"),),
        source=f"{TC2002}, section II-A",
        gain_invariant=False,
    ),
    ClipFeature(
        name="low_energy",
        family="timbre",
        compute=low_energy,
        of="rms",
        columns=(
            Column(
                "",
                "share of frames",
                "share of a texture window's frames with RMS below its mean, averaged over windows",
                "how uneven the loudness is: high with pauses between sounds, low for a steady wall of sound",
            ),
        ),
        source=f"{TC2002}, section II-A",
        gain_invariant=True,
    ),
)
