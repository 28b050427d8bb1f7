"""Bandwidth, skewness, kurtosis and slope of one spectrum, and its flux in other kinds than that of 2002.

A spectrum is read as a distribution over frequency (Peeters 2004), or against the spectrum before it.
Centroid, rolloff and flux of Tzanetakis & Cook are in `centroid_rolloff_flux`; what does not ask where in
the spectrum a value stands is in `flatness`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import SPECTRUM, Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.ingredients.filterbanks import bin_width
from gtzanfeat.jit import Float32Array, kernel

PEETERS = "Peeters 2004, A large set of audio features"


@kernel
def centre_bin(row: Float32Array) -> float:
    """Centroid in bins: Σ k S[k] / Σ S[k]; -1 for silence.

    row (n_bins,) -> a number
    """
    total = 0.0
    moment = 0.0
    for k in range(row.size):
        total += np.float64(row[k])
        moment += np.float64(np.int32(k)) * np.float64(row[k])
    return moment / total if total > 0 else -1.0


@kernel
def spectral_bandwidth(spectrum: Float32Array, bin_hz: float, out: Float32Array) -> None:
    """Spectral bandwidth √(Σ (f_k - C)² S[k] / Σ S[k]) in Hz, C the centroid; 0 for silence.

    spectrum (n_frames, n_bins) -> out (n_frames, 1)
    """
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        centre = np.float32(centre_bin(row))
        total = np.float32(0.0)
        square = np.float32(0.0)
        for k in range(row.size):
            d = np.float32(np.int32(k)) - centre
            total += row[k]
            square += d * d * row[k]
        out[t, 0] = bin_hz * np.sqrt(square / total) if total > 0 else 0.0


@kernel
def spectral_skewness(spectrum: Float32Array, out: Float32Array) -> None:
    """Spectral skewness m₃ / m₂^1.5, m_i = Σ (f_k - C)^i S[k] / Σ S[k], C the centroid.

    spectrum (n_frames, n_bins) -> out (n_frames, 1); 0 for silence and for a single bin
    """
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        centre = centre_bin(row)
        total = 0.0
        square = 0.0
        cube = 0.0
        for k in range(row.size):
            d = np.float64(np.int32(k)) - centre
            total += np.float64(row[k])
            square += d * d * np.float64(row[k])
            cube += d * d * d * np.float64(row[k])
        out[t, 0] = cube / total / (square / total) ** 1.5 if square > 0 else 0.0


@kernel
def spectral_kurtosis(spectrum: Float32Array, out: Float32Array) -> None:
    """Spectral kurtosis m₄ / m₂², m_i = Σ (f_k - C)^i S[k] / Σ S[k], C the centroid.

    spectrum (n_frames, n_bins) -> out (n_frames, 1); 0 for silence and for a single bin
    """
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        centre = centre_bin(row)
        total = 0.0
        square = 0.0
        fourth = 0.0
        for k in range(row.size):
            d = np.float64(np.int32(k)) - centre
            total += np.float64(row[k])
            square += d * d * np.float64(row[k])
            fourth += d * d * d * d * np.float64(row[k])
        out[t, 0] = fourth / total / (square / total) ** 2 if square > 0 else 0.0


@kernel
def spectral_slope(spectrum: Float32Array, bin_khz: float, out: Float32Array) -> None:
    """Slope of the regression line of S[k] / mean S over f_k in kHz; 0 for silence.

    spectrum (n_frames, n_bins) -> out (n_frames, 1)
    """
    n = spectrum.shape[1]
    middle = (n - 1) / 2
    spread = n * (n * n - 1.0) / 12.0  # Σ (k - middle)²
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        total = 0.0
        product = 0.0
        for k in range(n):
            total += np.float64(row[k])
            product += (k - middle) * np.float64(row[k])
        out[t, 0] = product * n / (total * spread * bin_khz) if total > 0 and n > 1 else 0.0


@kernel
def spectral_flux_l1(spectrum: Float32Array, previous: Float32Array, out: Float32Array) -> None:
    """Spectral flux Σ_k (N_t[k] - N_{t-1}[k])², N = S / Σ S, and N = 0 for silence.

    spectrum (n_frames, n_bins), previous (1, n_bins) -> out (n_frames, 1)
    """
    last = previous[0]
    total = np.float32(0.0)
    for k in range(last.size):
        total += last[k]
    last_scale = np.float32(1.0) / total if total > 0 else np.float32(0.0)
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        total = np.float32(0.0)
        for k in range(row.size):
            total += row[k]
        scale = np.float32(1.0) / total if total > 0 else np.float32(0.0)
        flux = np.float32(0.0)
        for k in range(row.size):
            d = scale * row[k] - last_scale * last[k]
            flux += d * d
        out[t, 0] = flux
        last = row
        last_scale = scale


@kernel
def mean_rise(spectrum: Float32Array, previous: Float32Array, out: Float32Array) -> None:
    """Half-wave rectified spectral flux Σ_k max(0, S_t[k] - S_{t-1}[k]) / n_bins.

    spectrum (n_frames, n_bins), previous (1, n_bins) -> out (n_frames, 1)
    """
    last = previous[0]
    n = spectrum.shape[1]
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        total = np.float32(0.0)
        for k in range(n):
            total += max(row[k] - last[k], np.float32(0.0))
        out[t, 0] = total / np.float32(n)
        last = row


def bin_width_khz(framing: Framing, rate: int, params: Params) -> Arrays:
    """Kilohertz from one bin to the next."""
    return (rate / framing.length / 1000.0,)


FEATURES = (
    FrameFeature(
        name="spectral_bandwidth",
        family="timbre",
        subfamily="spectral shape",
        kernel=spectral_bandwidth,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "Hz",
                "√(Σ (f_k - C)² S[k] / Σ S[k]), S the {spectrum}, C its centroid",
                "how widely the sound is spread over frequency: narrow for a flute, wide for cymbals",
            ),
        ),
        source=f"{PEETERS}, spectral spread; librosa.feature.spectral_bandwidth",
        gain_invariant=True,
        constants=bin_width,
    ),
    FrameFeature(
        name="spectral_skewness",
        family="timbre",
        subfamily="spectral shape",
        kernel=spectral_skewness,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "1",
                "m₃ / m₂^1.5 of S over frequency, S the {spectrum}",
                "lopsidedness of the spectrum: above 0 where most of it lies low with a tail of highs",
            ),
        ),
        source=PEETERS,
        gain_invariant=True,
    ),
    FrameFeature(
        name="spectral_kurtosis",
        family="timbre",
        subfamily="spectral shape",
        kernel=spectral_kurtosis,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "1",
                "m₄ / m₂² of S over frequency, S the {spectrum}",
                "peakedness of the spectrum: 1.8 where it is even, large for one narrow region",
            ),
        ),
        source=PEETERS,
        gain_invariant=True,
    ),
    FrameFeature(
        name="spectral_slope",
        family="timbre",
        subfamily="spectral shape",
        kernel=spectral_slope,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "1/kHz",
                "slope of the regression line of S[k] / mean S over f_k, S the {spectrum}",
                "tilt of the spectrum: the further below 0, the faster it falls off towards the highs",
            ),
        ),
        source=f"{PEETERS}, spectral slope, of S over its mean",
        gain_invariant=True,
        constants=bin_width_khz,
    ),
    FrameFeature(
        name="spectral_flux_l1",
        family="timbre",
        subfamily="spectral flux",
        kernel=spectral_flux_l1,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "1",
                "Σ (N[t, k] - N[t-1, k])², N = S/Σ S, S the {spectrum}",
                "how much the spectrum changes: larger for tones, whose energy is in few places",
            ),
        ),
        source="Tzanetakis & Cook 2002, eq. 3, each spectrum divided by its sum",
        gain_invariant=True,
        before=0.0,
        lead=1,
    ),
    FrameFeature(
        name="spectral_flux_rising",
        family="timbre",
        subfamily="spectral flux",
        kernel=mean_rise,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(
            Column(
                "",
                "magnitude",
                "Σ max(0, S[t, k] - S[t-1, k]) / n_bins, S the {spectrum}",
                "what is new in the spectrum: onsets, and the louder the more",
            ),
        ),
        source="Masri 1996; Dixon 2006, half-wave rectified spectral flux",
        gain_invariant=False,
        before=0.0,
        lead=1,
    ),
    FrameFeature(
        name="spectral_flux_log",
        family="timbre",
        subfamily="spectral flux",
        kernel=mean_rise,
        needs=("log_power",),
        columns=(
            Column(
                "",
                "ln power",
                "Σ max(0, ln P[t, k] - ln P[t-1, k]) / n_bins",
                "what is new in the spectrum, quiet or loud: onsets as ratios",
            ),
        ),
        source="Klapuri 1999, rectified change of the log spectrum",
        gain_invariant=False,
        before=0.0,
        lead=1,
    ),
)
