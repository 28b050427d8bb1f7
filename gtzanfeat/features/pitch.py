"""Pitch content: the unfolded and folded pitch histograms and what is read from them.

The two channels, their summary autocorrelation and its peaks are ingredients; here they are counted.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.features.spec import Accumulator, Arrays, ClipFeature, Column, Framing, Params
from gtzanfeat.jit import kernel

N_NOTES, N_CLASSES = 128, 12
FIFTHS = 7 * np.arange(N_CLASSES) % N_CLASSES  # pitch classes along the circle of fifths: C, G, D, ...
NAMES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")
TC2002 = "Tzanetakis & Cook 2002, section II-C"


@kernel
def count_notes(peaks: np.ndarray, rate: float, total: np.ndarray) -> None:
    """UPH[n] += amplitude, n = round(69 + 12 log2(rate / lag / 440))."""
    for t in range(peaks.shape[0]):
        for p in range(peaks.shape[1]):
            if peaks[t, p, 1] > 0:
                note = int(np.rint(69.0 + 12.0 * np.log2(rate / np.float64(peaks[t, p, 0]) / 440.0)))
                if 0 <= note < total.size:
                    total[note] += peaks[t, p, 1]


def sample_rate(framing: Framing, rate: int, params: Params) -> Arrays:
    """The sample rate, which turns lags into frequencies."""
    return (float(rate),)


def fold(unfolded: np.ndarray) -> np.ndarray:
    """Sum the octaves of a histogram over MIDI notes: 12 pitch classes, C first."""
    folded = np.zeros(N_CLASSES)
    np.add.at(folded, np.arange(unfolded.size) % N_CLASSES, unfolded)
    return folded


def pitch(unfolded: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """FA0 UP0 FP0 IPO1 SUM and variants, of an unfolded histogram of 128 MIDI notes."""
    total = unfolded.sum()
    if not total > 0:
        return np.zeros(9)
    circle = fold(unfolded)[FIFTHS]
    first = int(circle.argmax())
    rest = circle.copy()
    rest[first] = 0.0
    second = int(rest.argmax())
    interval = (second - first + 5) % N_CLASSES - 5 if rest[second] > 0 else 0
    angle = 2 * np.pi * first / N_CLASSES
    return np.array(
        [
            circle[first] / total,
            int(unfolded.argmax()),
            first,
            interval,
            total,
            total / n_frames,
            FIFTHS[first],
            np.cos(angle),
            np.sin(angle),
        ]
    )


def both_histograms(unfolded: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """The unfolded histogram, then the folded one."""
    return np.concatenate([unfolded, fold(unfolded)])


ACCUMULATORS = (
    Accumulator(
        name="notes", kernel=count_notes, needs=("pitch_peaks",), shape=(N_NOTES,), constants=sample_rate
    ),
)

FEATURES = (
    ClipFeature(
        name="pitch",
        family="pitch",
        compute=pitch,
        of="notes",
        columns=(
            Column(
                "fa0",
                "share",
                "max FPH / Σ FPH",
                "how much one pitch class prevails: low where harmony moves",
            ),
            Column("up0", "MIDI note", "argmax UPH", "the octave range of the dominant pitch"),
            Column(
                "fp0",
                "fifths from C",
                "7 · argmax FPH mod 12",
                "the main pitch class, often tonic or dominant",
            ),
            Column(
                "ipo1",
                "fifths",
                "interval from the largest to the second FPH bin on the circle of fifths, -5..6",
                "the main tonal interval: 1 or -1 where fifth or fourth rule, as in simple harmony",
            ),
            Column("sum", "1", "Σ UPH", "strength of pitch: how clearly notes stand out"),
            Column(
                "sum_per_frame", "1/frame", "Σ UPH / frames", "strength of pitch whatever the clip's length"
            ),
            Column("class", "semitones from C", "argmax FPH", "the main pitch class"),
            Column("fp0_cos", "1", "cos(2π FP0 / 12)", "the main pitch class on the circle of fifths, x"),
            Column("fp0_sin", "1", "sin(2π FP0 / 12)", "the main pitch class on the circle of fifths, y"),
        ),
        source=TC2002,
        gain_invariant=True,
        flag="no_pitch",
    ),
    ClipFeature(
        name="pitch_histogram",
        family="pitch",
        compute=both_histograms,
        of="notes",
        columns=(
            *(
                Column(
                    f"note_{n:03d}",
                    "1",
                    f"Σ amplitude of peaks at MIDI note {n}",
                    f"{NAMES[n % 12]} {n // 12 - 1}",
                )
                for n in range(N_NOTES)
            ),
            *(
                Column(f"class_{c:02d}", "1", f"Σ UPH[n], n mod 12 = {c}", f"the pitch class {NAMES[c]}")
                for c in range(N_CLASSES)
            ),
        ),
        source=TC2002,
        gain_invariant=True,
    ),
)
