"""Flatness and crest: how evenly energy is shared out over all bins, or over those of each MPEG-7 band.

They tell noise from tone whatever the order of the bins (Johnston 1988; MPEG-7, ISO/IEC 15938-4; Peeters
2004). Where in the spectrum energy lies is in `centroid_rolloff_flux` and `spectral_shape`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import SPECTRUM, Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.jit import Float32Array, IntArray, bits_to_float, float_to_bits, kernel

MPEG7_BANDS = 21  # quarter octaves from 250 Hz, as far as a rate of 22 050 Hz reaches
EMPTY = 1e-10  # of the mean: no bin counts as less, or one that rounding has emptied would make all 0


@kernel
def flatness(values: Float32Array) -> float:
    """Flatness: geometric over arithmetic mean, (Π x)^(1/n) / (Σ x / n); 1 for silence.

    values (n,) -> a number. Sixteen values share a logarithm: over their mean none is below `EMPTY`, so the
    product has room.
    """
    n = values.size
    total = 0.0
    for k in range(n):
        total += np.float64(values[k])
    if not total > 0:
        return 1.0
    scale = n / total
    logs = 0.0
    for start in range(0, n, 16):
        product = 1.0
        for k in range(start, min(start + 16, n)):
            product *= max(np.float64(values[k]) * scale, EMPTY)
        logs += np.log(product)
    ratio: float = np.exp(logs / n)
    return ratio


@kernel
def crest(values: Float32Array) -> float:
    """Crest factor: max x / (Σ x / n); 1 for silence.

    values (n,) -> a number
    """
    total = 0.0
    largest = np.int32(0)  # bits, of which the compiler makes vectors: numbers might be no numbers
    for k in range(values.size):
        total += np.float64(values[k])
        largest = max(largest, float_to_bits(values[k]))
    return np.float64(bits_to_float(largest)) * values.size / total if total > 0 else 1.0


@kernel
def spectral_flatness(power: Float32Array, out: Float32Array) -> None:
    """Spectral flatness (Π P[k])^(1/n) / (Σ P[k] / n); 1 for silence.

    power (n_frames, n_bins) -> out (n_frames, 1)
    """
    for t in range(power.shape[0]):
        out[t, 0] = flatness(power[t])


@kernel
def spectral_crest(spectrum: Float32Array, out: Float32Array) -> None:
    """Spectral crest max S[k] / mean S; 1 for silence.

    spectrum (n_frames, n_bins) -> out (n_frames, 1)
    """
    for t in range(spectrum.shape[0]):
        out[t, 0] = crest(spectrum[t])


@kernel
def mpeg7_flatness(power: Float32Array, first: IntArray, last: IntArray, out: Float32Array) -> None:
    """AudioSpectrumFlatness: geometric over arithmetic mean of P in each band; 1 above the Nyquist frequency.

    power (n_frames, n_bins), first (n_bands,), last (n_bands,) -> out (n_frames, n_bands)
    """
    for t in range(power.shape[0]):
        for b in range(first.size):
            out[t, b] = flatness(power[t, first[b] : last[b]])


@kernel
def mpeg7_crest(power: Float32Array, first: IntArray, last: IntArray, out: Float32Array) -> None:
    """Spectral crest max P / mean P in each band; 1 above the Nyquist frequency.

    power (n_frames, n_bins), first (n_bands,), last (n_bands,) -> out (n_frames, n_bands)
    """
    for t in range(power.shape[0]):
        for b in range(first.size):
            out[t, b] = crest(power[t, first[b] : last[b]])


def mpeg7_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """First bin and bin after the last of quarter octaves from 250 Hz, 5 % wider either way: each (21,).

    A band that reaches past the last bin is left empty.
    """
    edges = 1000.0 * 2.0 ** ((np.arange(MPEG7_BANDS + 1) - 8) / 4)
    bin_hz = rate / framing.length
    first = np.floor(0.95 * edges[:-1] / bin_hz + 0.5).astype(np.int64)
    last = np.floor(1.05 * edges[1:] / bin_hz + 0.5).astype(np.int64) + 1
    return first, np.where(last <= framing.length // 2 + 1, last, first)


_SPANS = [
    f"{1000 * 2 ** ((b - 8) / 4):.0f} to {1000 * 2 ** ((b - 7) / 4):.0f} Hz" for b in range(MPEG7_BANDS)
]

FEATURES = (
    FrameFeature(
        name="spectral_flatness",
        family="timbre",
        subfamily="flatness",
        kernel=spectral_flatness,
        needs=("power",),
        columns=(
            Column(
                "",
                "1",
                "(Π P[k])^(1/n) / (Σ P[k] / n)",
                "noise against tone: 0.56 for white noise, next to 0 for a tone, 1 for a click",
            ),
        ),
        source="Johnston 1988; MPEG-7 (ISO/IEC 15938-4)",
        gain_invariant=True,
        fixed={"empty": EMPTY},
    ),
    FrameFeature(
        name="spectral_crest",
        family="timbre",
        subfamily="flatness",
        kernel=spectral_crest,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "1",
                "max S[k] / mean S, S the {spectrum}",
                "how far the strongest frequency stands out: large for a tone, small for noise",
            ),
        ),
        source="Peeters 2004, spectral crest",
        gain_invariant=True,
    ),
    FrameFeature(
        name="mpeg7_flatness",
        family="timbre",
        subfamily="flatness",
        kernel=mpeg7_flatness,
        needs=("power",),
        columns=tuple(
            Column(
                f"{b:02d}", "1", "geometric / arithmetic mean of P in the band", f"noise against tone, {span}"
            )
            for b, span in enumerate(_SPANS)
        ),
        source="MPEG-7 (ISO/IEC 15938-4), AudioSpectrumFlatness; Marsyas, SFM",
        gain_invariant=True,
        constants=mpeg7_bands,
        fixed={"bands": MPEG7_BANDS, "empty": EMPTY},
    ),
    FrameFeature(
        name="mpeg7_crest",
        family="timbre",
        subfamily="flatness",
        kernel=mpeg7_crest,
        needs=("power",),
        columns=tuple(
            Column(f"{b:02d}", "1", "largest / mean P in the band", f"tone against noise, {span}")
            for b, span in enumerate(_SPANS)
        ),
        source="Allamanche et al. 2001; Marsyas, SCF",
        gain_invariant=True,
        constants=mpeg7_bands,
        fixed={"bands": MPEG7_BANDS},
    ),
)
