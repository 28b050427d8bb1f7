"""The beat histogram of Tzanetakis & Cook (2002, section II-B), and the numbers that are read from it.

Kernels count the peaks of enhanced autocorrelations, which `ingredients.periodicity` finds in the envelope
that `ingredients.wavelet_envelope` makes. One tempo of a whole clip is in `tempo`; histograms of other
curves than the envelope are in `novelty`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Accumulator, Arrays, ClipFeature, Column, Framing, Parameter, Params
from gtzanfeat.jit import Float32Array, Float64Array, kernel
from gtzanfeat.statistics.histogram_shape import shape_formulae, shape_statistics, two_largest

SLOWEST_BPM, FASTEST_BPM = 40, 200
NEIGHBOURS_BPM = 4  # a second peak must lie further than this from the first
MODULATION_HALF = 0.1  # modulation depth at which a window counts half
SILENT_ENVELOPE = 1e-9
FAINT_PEAK = 0.1  # of the largest: what is lower is no peak of its own
TC2002 = "Tzanetakis & Cook 2002, section II-B"


@kernel
def count_beats(
    peaks: Float32Array, envelope: Float32Array, per_minute: float, weighted: bool, total: Float64Array
) -> None:
    """Beat histogram BH[bpm] += w · amplitude, w = d/(d + 0.1), d = var(s)/mean(s)², or w = 1.

    peaks (n_windows, n_peaks, 2) of (lag, amplitude), envelope (n_windows, n_samples) -> total (161,)
    """
    n = envelope.shape[1]
    for t in range(peaks.shape[0]):
        mean = 0.0
        for i in range(n):
            mean += np.float64(envelope[t, i])
        mean /= n
        if not mean > SILENT_ENVELOPE:
            continue
        weight = 1.0
        if weighted:
            variance = 0.0
            for i in range(n):
                d = np.float64(envelope[t, i]) - mean
                variance += d * d
            depth = variance / n / (mean * mean)
            weight = depth / (depth + MODULATION_HALF)
        for p in range(peaks.shape[1]):
            if peaks[t, p, 1] > 0:
                bpm = int(np.rint(per_minute * n / peaks[t, p, 0]))
                if SLOWEST_BPM <= bpm <= FASTEST_BPM:
                    total[bpm - SLOWEST_BPM] += weight * peaks[t, p, 1]


def windows_per_minute(framing: Framing, rate: int, params: Params) -> Arrays:
    """Windows in a minute, and whether they are weighted by their modulation depth."""
    return 60.0 * rate / framing.length, params["weighted"]


def beat_statistics(histogram: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """A0 A1 RA P1 P2 SUM and SUM per window of a beat histogram: (7,), zeros for an empty one.

    Parameters
    ----------
    histogram : ndarray of shape (161,)
        Weight of 40 to 200 bpm.
    n_frames : int
        Windows that were counted.
    params : mapping
        Not used.

    Returns
    -------
    ndarray of shape (7,)
        As the columns of the row `beat`.

    References
    ----------
    Tzanetakis, G. and Cook, P. (2002). Musical genre classification of audio signals. IEEE Transactions on
    Speech and Audio Processing 10(5), section II-B.
    """
    total = histogram.sum()
    if not total > 0:
        return np.zeros(7)
    first, second, a1 = two_largest(histogram, NEIGHBOURS_BPM)
    a0 = histogram[first]
    p2 = second + SLOWEST_BPM if a1 > 0 else 0
    return np.array([a0 / total, a1 / total, a1 / a0, first + SLOWEST_BPM, p2, total, total / n_frames])


def whole_beat_histogram(histogram: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """The beat histogram itself, (161,)."""
    return histogram


def count_peaks(histogram: Float64Array) -> int:
    """Number of peaks: bins over 0.1 of the largest, and the largest within ±4 bpm (of equals, the first)."""
    padded = np.pad(histogram, NEIGHBOURS_BPM)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS_BPM + 1)
    return int(((around.argmax(axis=1) == NEIGHBOURS_BPM) & (histogram > FAINT_PEAK * histogram.max())).sum())


def beat_shape(histogram: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """Centroid, spread, skewness, kurtosis, entropy, flatness, crest and peaks of a beat histogram, (8,)."""
    bpm = np.arange(SLOWEST_BPM, FASTEST_BPM + 1)
    return np.append(shape_statistics(histogram, bpm), count_peaks(histogram))


ACCUMULATORS = (
    Accumulator(
        name="beats",
        kernel=count_beats,
        needs=("beat_peaks", "beat_envelope"),
        shape=(FASTEST_BPM - SLOWEST_BPM + 1,),
        constants=windows_per_minute,
        parameters=(
            Parameter(
                "weighted", True, "1", "whether windows count by how deeply their envelope is modulated"
            ),
        ),
        fixed={
            "slowest_bpm": SLOWEST_BPM,
            "fastest_bpm": FASTEST_BPM,
            "half_modulation": MODULATION_HALF,
            "silence": SILENT_ENVELOPE,
        },
    ),
)

_HEARD = (
    "whether what repeats itself is slow or fast",
    "how far slow and fast repetition lie apart",
    "whether slow repetition rules with some fast (positive) or the other way round",
    "one cluster of tempi with a few far away (large), or several clusters (small)",
    "how many tempi share in the rhythm: 0 for a single one",
    "how evenly the tempi that are there share in the rhythm",
    "how far the strongest tempo stands out",
)

FEATURES = (
    ClipFeature(
        name="beat",
        family="rhythm",
        subfamily="beat histogram",
        compute=beat_statistics,
        of="beats",
        columns=(
            Column("a0", "share", "BH[P1] / Σ BH", "how much one tempo prevails"),
            Column("a1", "share", "BH[P2] / Σ BH", "how strong the second tempo is"),
            Column("ra", "ratio", "A1 / A0", "the second tempo against the first: accents and sub-beats"),
            Column("p1", "bpm", "argmax BH", "the strongest tempo, be it of beat, bar or sub-beat"),
            Column("p2", "bpm", f"argmax BH more than {NEIGHBOURS_BPM} bpm from P1", "the second tempo"),
            Column("sum", "1", "Σ BH", "beat strength: how strongly the sound repeats itself"),
            Column(
                "sum_per_window", "1/window", "Σ BH / windows", "beat strength whatever the clip's length"
            ),
        ),
        source=TC2002,
        gain_invariant=True,
        flag="no_beat",
        fixed={"slowest_bpm": SLOWEST_BPM, "neighbours_bpm": NEIGHBOURS_BPM},
    ),
    ClipFeature(
        name="beat_shape",
        family="rhythm",
        subfamily="beat histogram",
        compute=beat_shape,
        of="beats",
        columns=(
            *(Column(*text, hears) for text, hears in zip(shape_formulae("BH", "bpm"), _HEARD, strict=True)),
            Column(
                "peaks",
                "peaks",
                f"number of n with BH[n] the largest within ±{NEIGHBOURS_BPM} bpm, over {FAINT_PEAK} max BH",
                "how many tempi are heard side by side: beat, bar, sub-beats",
            ),
        ),
        source="Lykartsis & Lerch 2015, Beat histogram features for rhythm-based genre classification",
        gain_invariant=True,
        flag="no_beat",
        fixed={
            "slowest_bpm": SLOWEST_BPM,
            "fastest_bpm": FASTEST_BPM,
            "neighbours_bpm": NEIGHBOURS_BPM,
            "faint": FAINT_PEAK,
        },
    ),
    ClipFeature(
        name="beat_histogram",
        family="rhythm",
        subfamily="beat histogram",
        compute=whole_beat_histogram,
        of="beats",
        columns=tuple(
            Column(
                f"{bpm:03d}",
                "1",
                f"Σ amplitude of the {{n_peaks}} largest peaks at {bpm} bpm",
                f"repetition at {bpm} bpm",
            )
            for bpm in range(SLOWEST_BPM, FASTEST_BPM + 1)
        ),
        source=TC2002,
        gain_invariant=True,
    ),
)
