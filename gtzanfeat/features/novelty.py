"""Beat histograms of novelty: at which tempi loudness, brightness, noisiness or timbre rise again and again.

One histogram per frame feature, from the autocorrelation of its rises over the whole clip, and its shape. The
beat histogram of Tzanetakis & Cook, which counts the peaks of many windows, is in `beat_histogram`.

References
----------
Lykartsis & Lerch 2015, "Beat histogram features for rhythm-based musical genre classification using multiple
novelty functions".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gtzanfeat.declarations import FRAME_RATE, ClipFeature, Column, Parameter, Params
from gtzanfeat.ingredients.periodicity import autocorrelation
from gtzanfeat.jit import Float32Array, Float64Array
from gtzanfeat.statistics.histogram_shape import shape_formulae, shape_statistics, two_largest

BPM = np.arange(30, 241)
NEIGHBOURS_BPM = 4  # a second peak must lie further than this from the first


def novelty_histogram(track: Float32Array, frame_rate: float) -> Float64Array:
    """Autocorrelation of the rises of a track at 30 to 240 bpm, none negative, with sum 1.

    Parameters
    ----------
    track : ndarray of shape (n_frames, n_columns)
        Frame features; their rises from frame to frame are added up.
    frame_rate : float
        Frames per second.

    Returns
    -------
    ndarray of shape (211,)
        Zeros where nothing rises more than once.
    """
    rises = np.maximum(np.diff(track.astype(np.float64), axis=0), 0.0).sum(axis=1)
    # a rise that falls between two frames must still meet its repeat: blur by one frame
    x = rises[1:] + rises[:-1]
    if x.size < 2 or not np.ptp(x) > 1e-9 * x.max():
        return np.zeros(BPM.size)
    x = x - x.mean()
    r = autocorrelation(x, 2 * x.size)[: x.size]
    histogram = np.maximum(np.interp(60.0 * frame_rate / BPM, np.arange(x.size), r, right=0.0), 0.0)
    total = histogram.sum()
    return histogram / total if total > 0 else histogram


def novelty_shape(track: Float32Array, frame_rate: float) -> Float64Array:
    """Shape, two largest peaks and their ratio of the `novelty_histogram`: (10,)."""
    histogram = novelty_histogram(track, frame_rate)
    first, second, height = two_largest(histogram, NEIGHBOURS_BPM)
    if not histogram[first] > 0:
        return np.zeros(10)
    ratio = height / histogram[first]
    return np.array([*shape_statistics(histogram, BPM), BPM[first], BPM[second] if ratio > 0 else 0, ratio])


def _novelty_of(columns: slice) -> Callable[[Float32Array, int, Params], Float64Array]:
    """Build the clip feature of some columns of a track; the first frame may have no value of its own."""

    def compute(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
        return novelty_shape(track[1:, columns], params["frame_rate"])

    return compute


_HEARD = (
    "whether {} rises slowly or fast",
    "how far slow and fast repetition of {} lie apart",
    "whether slow repetition of {} rules (positive) or fast",
    "whether {} rises at a few tempi that lie together (large) or apart",
    "at how many tempi {} rises",
    "how evenly these tempi share in {}",
    "how far one tempo stands out in {}",
)
# name of the feature, of what it is, which of its columns, and what these are to a listener
_CURVES = (
    ("rms", "rms", slice(None), "loudness"),
    ("flux", "spectral_flux", slice(None), "the change of the spectrum"),
    ("centroid", "spectral_centroid", slice(None), "brightness"),
    ("flatness", "spectral_flatness", slice(None), "noisiness"),
    ("zcr", "zcr", slice(None), "the rate of crossings"),
    ("mfcc", "mfcc", slice(1, 6), "timbre"),
)
_OF_A_SPECTRUM = ("flux", "centroid")
_UNREAD = Parameter(
    "spectrum", "magnitude", "1", "not read, but the set novelty-beat states it", choices=("magnitude",)
)

FEATURES = tuple(
    ClipFeature(
        name=f"novelty_{name}",
        family="rhythm",
        subfamily="novelty curves",
        compute=_novelty_of(columns),
        of=of,
        columns=(
            *(
                Column(*text, hears.format(what))
                for text, hears in zip(shape_formulae("H", "bpm"), _HEARD, strict=True)
            ),
            Column(
                "p1",
                "bpm",
                f"argmax H, the autocorrelation of the rises of {of} at n = {BPM[0]}..{BPM[-1]} bpm",
                f"the tempo at which {what} rises most regularly",
            ),
            Column(
                "p2", "bpm", f"argmax H more than {NEIGHBOURS_BPM} bpm from P1", f"the second tempo of {what}"
            ),
            Column("ra", "ratio", "H[P2] / H[P1]", f"the second tempo of {what} against the first"),
        ),
        source="after Lykartsis & Lerch 2015, Beat histogram features using multiple novelty functions",
        gain_invariant=True,
        parameters=(FRAME_RATE,) if name in _OF_A_SPECTRUM else (FRAME_RATE, _UNREAD),
        fixed={"bpm": (BPM[0], BPM[-1]), "neighbours_bpm": NEIGHBOURS_BPM},
    )
    for name, of, columns, what in _CURVES
)
