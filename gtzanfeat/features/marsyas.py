"""Chroma as Marsyas' bextract computes it, its oddities included, so that its vectors can be had again.

Marsyas' centroid, rolloff and flux are in `centroid_rolloff_flux`, its MFCC in `cepstrum`, its zero crossings
in `zero_crossings`; the chroma of the package's own sets is in `tonality`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.ingredients.chroma import A0_HZ, pitch_class_weights
from gtzanfeat.ingredients.pitch_classes import N_CLASSES, NAMES, PLACE_OF_A
from gtzanfeat.ingredients.spectra import MARSYAS_DIVISOR, marsyas_scale
from gtzanfeat.jit import Float32Array, Float64Array, kernel

FROM_A = (*NAMES[PLACE_OF_A:], *NAMES[:PLACE_OF_A])  # in the order of Marsyas' filters
MARSYAS = "Marsyas (Tzanetakis 2000-2023)"
# of the strongest class, for the weakest in `peak_min`: no frame of music or of a note on an instrument has
# less, but a synthetic sine may have 4e-13, which is what the ends of the window leak and rounding adds
LEAST_SHARE = 1e-7


@kernel
def marsyas_chroma(power: Float32Array, weights: Float32Array, scale: float, out: Float32Array) -> None:
    """Chroma E[c] = scale · Σ_k w[c, k] P[k], then max E / mean E and max E / max(min E, 1e-7 max E).

    power (n_frames, n_bins), weights (12, n_bins) -> out (n_frames, 14); both are 0 where min E is 0

    Four classes at a time: a bin is read once for four sums.
    """
    for t in range(power.shape[0]):
        row = power[t]
        for c in range(0, N_CLASSES, 4):
            w0, w1, w2, w3 = weights[c], weights[c + 1], weights[c + 2], weights[c + 3]
            e0 = e1 = e2 = e3 = np.float32(0.0)
            for k in range(row.size):
                p = row[k]
                e0 += w0[k] * p
                e1 += w1[k] * p
                e2 += w2[k] * p
                e3 += w3[k] * p
            out[t, c], out[t, c + 1], out[t, c + 2], out[t, c + 3] = e0, e1, e2, e3
        largest, smallest, total = out[t, 0], out[t, 0], 0.0
        for c in range(N_CLASSES):
            largest, smallest = max(largest, out[t, c]), min(smallest, out[t, c])
            total += np.float64(out[t, c])
            out[t, c] *= scale
        heard = smallest > 0
        out[t, N_CLASSES] = np.float64(largest) * N_CLASSES / total if heard else 0.0
        weakest = max(np.float64(smallest), LEAST_SHARE * np.float64(largest))
        out[t, N_CLASSES + 1] = np.float64(largest) / weakest if heard else 0.0


def marsyas_chroma_filterbank(n_fft: int, rate: int) -> Float64Array:
    """Weights of each bin in each pitch class as in Marsyas' Spectrum2Chroma, after Ellis' fft2chromamx.

    A bin belongs to the classes around its frequency by a bell as wide as the bin, but at least as a
    semitone, and its weights have unit length. Marsyas takes bin k for k · rate / n_bins instead of
    k · rate / n_fft Hz, nearly an octave too high, and so it stands here: classes stay what they are, less a
    fifteenth of a semitone.

    Parameters
    ----------
    n_fft : int
        Length of the Fourier transform, in samples.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    ndarray of shape (12, n_fft // 2 + 1), float32
        Weights per pitch class, A first, and bin.

    Examples
    --------
    >>> filters = marsyas_chroma_filterbank(4096, 22050)
    >>> [FROM_A[filters[:, round(hz * 4096 / 22050)].argmax()] for hz in (440, 523.25)]
    ['a', 'c']
    """
    n_bins = n_fft // 2 + 1
    semitones = np.empty(n_bins)
    semitones[1:] = N_CLASSES * np.log2(np.arange(1, n_bins) * rate / n_bins / A0_HZ)
    semitones[0] = semitones[1] - 1.5 * N_CLASSES  # a place for the bin of 0 Hz
    widths = np.ones(n_bins)
    widths[:-1] = np.maximum(np.diff(semitones), 1.0)
    return pitch_class_weights(semitones, widths).astype(np.float32)


def filterbank_and_scale(framing: Framing, rate: int, params: Params) -> Arrays:
    """The filters, and 1/(2N)², by which Marsyas' power spectra are smaller than the transform squared."""
    return marsyas_chroma_filterbank(framing.length, rate), marsyas_scale(framing.length)


FEATURES = (
    FrameFeature(
        name="marsyas_chroma",
        family="pitch",
        subfamily="chroma",
        kernel=marsyas_chroma,
        needs=("power",),
        columns=(
            *(
                Column(
                    name,
                    "full scale²",
                    f"Σ w[{c}, k] P[k] / (2N)², w bells around the notes, of unit length per bin",
                    f"how much {name.replace('_', ' ')} there is, in whatever octave",
                )
                for c, name in enumerate(FROM_A)
            ),
            Column("peak_avg", "ratio", "max E / mean E", "how far the strongest note stands out"),
            Column(
                "peak_min",
                "ratio",
                f"max E / max(min E, {LEAST_SHARE:g} max E)",
                "the strongest note against the weakest",
            ),
        ),
        source=f"{MARSYAS}, Spectrum2Chroma and PeakRatio; Ellis 2007, Chroma feature analysis and synthesis",
        gain_invariant=False,
        constants=filterbank_and_scale,
        fixed={"a0_hz": A0_HZ, "least_share": LEAST_SHARE, "divisor": MARSYAS_DIVISOR},
    ),
)
