"""Zero crossings: how often the waveform changes sign, after three definitions that are in use.

They differ in what 0 is and in what the count is divided by:

========================  ===============================  ======================================
feature                   sign of a sample                 value
========================  ===============================  ======================================
``zcr``                   0 is positive                    changes / (N - 1)
``zero_crossing_rate``    from -1e-10 on it is positive    changes / N
``marsyas_zcr``           0 has none, and ends a change    (1 + changes) / N, so 1/N for silence
========================  ===============================  ======================================

Kernels take unwindowed frames. Levels of the waveform are in `waveform`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Column, FrameFeature
from gtzanfeat.jit import Float32Array, contiguous, kernel

LIBROSA_ZERO = 1e-10  # librosa's threshold: samples up to this, of either sign, count as 0


@kernel
def sign_changes(frames: Float32Array, zero: np.float32, scale: float, out: Float32Array) -> None:
    """Number of changes of sign #{n : (x[n] < zero) ≠ (x[n-1] < zero)}, times a scale.

    frames (n_frames, N) -> out (n_frames, 1)
    """
    for t in range(frames.shape[0]):
        row = contiguous(frames[t])
        count = np.int32(0)
        for i in range(1, row.size):
            # a sum of 64 bits, which numba makes of two of 32, would take twice as many vectors
            count = np.int32(count + np.int32((row[i] < zero) != (row[i - 1] < zero)))
        out[t, 0] = count * scale


@kernel
def zero_crossings(frames: Float32Array, out: Float32Array) -> None:
    """Zero crossing rate Z = ½ Σ_{n=1}^{N-1} |sgn x[n] - sgn x[n-1]| / (N - 1), sgn 0 = 1.

    frames (n_frames, N) -> out (n_frames, 1)
    """
    sign_changes(frames, np.float32(0.0), np.float64(np.float32(1.0 / max(frames.shape[1] - 1, 1))), out)


@kernel
def librosa_zero_crossing_rate(frames: Float32Array, out: Float32Array) -> None:
    """Zero crossing rate Z = #{n : sgn x[n] ≠ sgn x[n-1]} / N, sgn x = 1 from -1e-10 on.

    frames (n_frames, N) -> out (n_frames, 1)
    """
    sign_changes(frames, np.float32(-LIBROSA_ZERO), 1.0 / frames.shape[1], out)


@kernel
def marsyas_zero_crossings(frames: Float32Array, out: Float32Array) -> None:
    """Zero crossing rate Z = (1 + #{n : sgn x[n] sgn x[n-1] = -1}) / N, sgn 0 = 0.

    frames (n_frames, N) -> out (n_frames, 1)
    """
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        row = contiguous(frames[t])
        count = np.int32(1)
        for i in range(1, n):
            fall, rise = (row[i - 1] > 0) & (row[i] < 0), (row[i - 1] < 0) & (row[i] > 0)
            count = np.int32(count + np.int32(fall | rise))
        out[t, 0] = count / n


_HEARS = "how often the waveform changes sign: noisiness, and pitch where there is one note"

FEATURES = (
    FrameFeature(
        name="zcr",
        family="timbre",
        subfamily="zero crossings",
        kernel=zero_crossings,
        needs=("frames",),
        columns=(Column("", "crossings/sample", "Σ |sgn x[n] - sgn x[n-1]| / 2(N-1)", _HEARS),),
        source="Tzanetakis & Cook 2002, section II-A",
        gain_invariant=True,
    ),
    FrameFeature(
        name="zero_crossing_rate",
        family="timbre",
        subfamily="zero crossings",
        kernel=librosa_zero_crossing_rate,
        needs=("frames",),
        columns=(
            Column(
                "",
                "share of samples",
                f"#{{n: sgn x[n] != sgn x[n-1]}} / N, sgn of |x| <= {LIBROSA_ZERO:g} positive",
                "noisiness and brightness: how often the waveform crosses zero",
            ),
        ),
        source="librosa.feature.zero_crossing_rate; "
        "librosa's default, as in features_30_sec.csv (GTZAN on Kaggle)",
        gain_invariant=True,
        fixed={"zero": LIBROSA_ZERO},
    ),
    FrameFeature(
        name="marsyas_zcr",
        family="timbre",
        subfamily="zero crossings",
        kernel=marsyas_zero_crossings,
        needs=("frames",),
        columns=(Column("", "crossings/sample", "(1 + changes of sign) / N", _HEARS),),
        source="Marsyas (Tzanetakis 2000-2023), ZeroCrossings",
        gain_invariant=True,
    ),
)
