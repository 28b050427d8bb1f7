"""Unfolded and folded pitch histograms (Tzanetakis & Cook 2002, section II-C), and what is read from them.

Kernels count the peaks of enhanced summary autocorrelations (Tolonen & Karjalainen 2000), which are
ingredients: `ingredients.envelopes` has the two channels, `ingredients.spectra` their autocorrelation,
`ingredients.periodicity` its peaks. One melody line is in `f0`, chroma and keys in `tonality`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Accumulator, Arrays, ClipFeature, Column, Framing, Params
from gtzanfeat.ingredients.pitch_classes import A4_HZ_PARAMETER, N_CLASSES, NAMES, fold_octaves
from gtzanfeat.jit import Float32Array, Float64Array, kernel
from gtzanfeat.statistics.histogram_shape import shape_formulae, shape_statistics, two_largest

N_NOTES = 128  # MIDI notes
FIFTHS = 7 * np.arange(N_CLASSES) % N_CLASSES  # pitch classes along the circle of fifths: C, G, D, ...
FAINT_NOTE, FAINT_CLASS = 0.1, 0.25  # of the largest: what is rarer is not in use
TC2002 = "Tzanetakis & Cook 2002, section II-C"


@kernel
def count_notes(peaks: Float32Array, rate: float, a4_hz: float, total: Float64Array) -> None:
    """Unfolded pitch histogram UPH[n] += amplitude at MIDI note n = round(69 + 12 log2(rate / lag / a4_hz)).

    peaks (n_frames, n_peaks, 2) of (lag, amplitude) -> total (n_notes,)
    """
    for t in range(peaks.shape[0]):
        for p in range(peaks.shape[1]):
            if peaks[t, p, 1] > 0:
                note = int(np.rint(69.0 + 12.0 * np.log2(rate / np.float64(peaks[t, p, 0]) / a4_hz)))
                if 0 <= note < total.size:
                    total[note] += peaks[t, p, 1]


def sample_rate(framing: Framing, rate: int, params: Params) -> Arrays:
    """Sample rate, which turns lags into frequencies, and the reference tuning, in Hz."""
    return float(rate), params["a4_hz"]


def pitch_statistics(unfolded: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """FA0 UP0 FP0 IPO1 SUM and variants of an unfolded pitch histogram: (9,), zeros for an empty one.

    Parameters
    ----------
    unfolded : ndarray of shape (128,)
        Weight of each MIDI note.
    n_frames : int
        Frames that were counted.
    params : mapping
        Not used.

    Returns
    -------
    ndarray of shape (9,)
        As the columns of the row `pitch`.

    References
    ----------
    Tzanetakis, G. and Cook, P. (2002). Musical genre classification of audio signals. IEEE Transactions on
    Speech and Audio Processing 10(5), section II-C.
    """
    total = unfolded.sum()
    if not total > 0:
        return np.zeros(9)
    circle = fold_octaves(unfolded)[FIFTHS]
    first, second, height = two_largest(circle, 0)
    interval = (second - first + 5) % N_CLASSES - 5 if height > 0 else 0
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


def pitch_shape(unfolded: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """Shapes of the unfolded and the folded histogram, and its place on the circle of fifths: (16,)."""
    total = unfolded.sum()
    if not total > 0:
        return np.zeros(16)
    circle = fold_octaves(unfolded)[FIFTHS]
    angles = 2 * np.pi * np.arange(N_CLASSES) / N_CLASSES
    interval = angles[1] * pitch_statistics(unfolded, n_frames, params)[3]
    return np.array(
        [
            *shape_statistics(unfolded, np.arange(unfolded.size)),
            (unfolded > FAINT_NOTE * unfolded.max()).sum(),
            *shape_statistics(circle, np.arange(N_CLASSES))[4:],  # a circle has no centroid, but an entropy
            (circle > FAINT_CLASS * circle.max()).sum(),
            np.cos(angles) @ circle / total,
            np.sin(angles) @ circle / total,
            np.cos(interval),
            np.sin(interval),
        ]
    )


def unfolded_and_folded(unfolded: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """The unfolded histogram, then the folded one: (140,)."""
    return np.concatenate([unfolded, fold_octaves(unfolded)])


ACCUMULATORS = (
    Accumulator(
        name="notes",
        kernel=count_notes,
        needs=("pitch_peaks",),
        shape=(N_NOTES,),
        constants=sample_rate,
        parameters=(A4_HZ_PARAMETER,),
        fixed={"notes": N_NOTES},
    ),
)

_HEARD_UNFOLDED = (
    "whether the music lies low or high",
    "how wide the range of notes is",
    "a low range with some high notes (positive), or the other way round",
    "most notes close together with a few far away (large)",
    "how many notes share in the music",
    "how evenly the notes that are there share in the music",
    "how far the commonest note stands out",
)
_HEARD_FOLDED = (
    "how many pitch classes share in the music: low for simple harmony",
    "how evenly all pitch classes share in the music",
    "how far the main pitch class stands out",
)

FEATURES = (
    ClipFeature(
        name="pitch",
        family="pitch",
        subfamily="pitch histogram",
        compute=pitch_statistics,
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
        fixed={"fifths": FIFTHS},
    ),
    ClipFeature(
        name="pitch_shape",
        family="pitch",
        subfamily="pitch histogram",
        compute=pitch_shape,
        of="notes",
        columns=(
            *(
                Column(f"unfolded_{name}", unit, formula, hears)
                for (name, unit, formula), hears in zip(
                    shape_formulae("UPH", "MIDI note"), _HEARD_UNFOLDED, strict=True
                )
            ),
            Column(
                "unfolded_notes",
                "notes",
                f"number of n with UPH[n] > {FAINT_NOTE} max UPH",
                "how many notes are in use",
            ),
            *(
                Column(f"folded_{name}", unit, formula, hears)
                for (name, unit, formula), hears in zip(
                    shape_formulae("FPH", "fifths from C")[4:], _HEARD_FOLDED, strict=True
                )
            ),
            Column(
                "folded_classes",
                "pitch classes",
                f"number of c with FPH[c] > {FAINT_CLASS} max FPH",
                "how many pitch classes are in use: 5 for a pentatonic scale, 12 for chromatic music",
            ),
            Column(
                "fifths_cos",
                "1",
                "Σ cos(2π 7c / 12) FPH[c] / Σ FPH",
                "where on the circle of fifths the harmony stands, and how close together, x",
            ),
            Column(
                "fifths_sin",
                "1",
                "Σ sin(2π 7c / 12) FPH[c] / Σ FPH",
                "where on the circle of fifths the harmony stands, and how close together, y",
            ),
            Column(
                "ipo1_cos", "1", "cos(2π IPO1 / 12)", "the main tonal interval: 0.87 for a fourth or fifth"
            ),
            Column("ipo1_sin", "1", "sin(2π IPO1 / 12)", "whether that interval goes up or down by fifths"),
        ),
        source="after Tzanetakis, Ermolinskyi & Cook 2003, Pitch histograms in audio and symbolic music",
        gain_invariant=True,
        flag="no_pitch",
        fixed={"fifths": FIFTHS, "faint": (FAINT_NOTE, FAINT_CLASS)},
    ),
    ClipFeature(
        name="pitch_histogram",
        family="pitch",
        subfamily="pitch histogram",
        compute=unfolded_and_folded,
        of="notes",
        columns=(
            *(
                Column(
                    f"note_{n:03d}",
                    "1",
                    f"Σ amplitude of the {{n_peaks}} largest peaks at MIDI note {n}",
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
