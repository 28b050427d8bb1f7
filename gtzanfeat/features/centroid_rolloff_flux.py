"""Centroid, rolloff and flux of spectra, after Tzanetakis & Cook (2002, equations 1 to 3) and Marsyas.

Kernels take a magnitude or a power spectrum, whichever the set names. Higher moments, slope and other kinds
of flux are in `spectral_shape`; filterbanks and their transforms in `bands` and `cepstrum`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import SPECTRUM, Arrays, Column, FrameFeature, Framing, Parameter, Params
from gtzanfeat.ingredients.filterbanks import bin_width
from gtzanfeat.jit import Float32Array, Float64Array, kernel
from gtzanfeat.jit.lanes import LANES
from gtzanfeat.jit.vector_sums import sum_of_lanes

TC2002 = "Tzanetakis & Cook 2002"
MARSYAS = "Marsyas (Tzanetakis 2000-2023)"


@kernel
def spectral_centroid(spectrum: Float32Array, bin_hz: float, out: Float32Array) -> None:
    """Spectral centroid C = Σ f_k S[k] / Σ S[k] in Hz; 0 for silence.

    spectrum (n_frames, n_bins) -> out (n_frames, 1)
    """
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        total = np.float32(0.0)
        moment = np.float32(0.0)
        for k in range(row.size):
            total += row[k]
            moment += np.float32(np.int32(k)) * row[k]  # of 64 bits it is no vector instruction
        out[t, 0] = bin_hz * moment / total if total > 0 else 0.0


@kernel
def rolloff_bin(spectrum: Float32Array, t: int, share: float, sums: Float64Array) -> int:
    """Rolloff bin: the smallest r with Σ_{k<=r} S[k] >= share · Σ S[k] in frame t; -1 for silence.

    spectrum (n_frames, n_bins), room for sums (n_bins // LANES,) -> a bin. Sums up to every eighth bin find
    the neighbourhood; only there bins are counted, without a branch that depends on the sound.
    """
    n_bins, first = spectrum.shape[1], t * spectrum.shape[1]
    total = 0.0
    for i in range(sums.size):
        total += sum_of_lanes(spectrum, first + LANES * i)
        sums[i] = total
    for k in range(LANES * sums.size, n_bins):
        total += np.float64(spectrum[t, k])
    target = share * total
    below = 0
    for i in range(sums.size):
        below += 1 if sums[i] < target else 0
    reached = sums[below - 1] if below > 0 else 0.0
    r = LANES * below
    for k in range(LANES * below, min(LANES * (below + 1), n_bins) - 1):
        reached += np.float64(spectrum[t, k])
        r += 1 if reached < target else 0
    return r if total > 0 else -1


@kernel
def spectral_rolloff(spectrum: Float32Array, bin_hz: float, share: float, out: Float32Array) -> None:
    """Spectral rolloff f_r in Hz, r the smallest bin with Σ_{k<=r} S[k] >= share · Σ S[k]; 0 for silence.

    spectrum (n_frames, n_bins) -> out (n_frames, 1)
    """
    sums = np.empty(spectrum.shape[1] // LANES, dtype=np.float64)
    for t in range(spectrum.shape[0]):
        out[t, 0] = max(rolloff_bin(spectrum, t, share, sums), 0) * bin_hz


@kernel
def spectral_flux(spectrum: Float32Array, previous: Float32Array, out: Float32Array) -> None:
    """Spectral flux F = Σ_k (N_t[k] - N_{t-1}[k])², N = S / ‖S‖₂, and N = 0 for silence.

    spectrum (n_frames, n_bins), previous (1, n_bins) -> out (n_frames, 1)
    """
    last = previous[0]
    energy = np.float32(0.0)
    for k in range(last.size):
        energy += last[k] * last[k]
    last_scale = np.float32(1.0) / np.sqrt(energy) if energy > 0 else np.float32(0.0)
    for t in range(spectrum.shape[0]):
        row = spectrum[t]
        energy = np.float32(0.0)
        for k in range(row.size):
            energy += row[k] * row[k]
        scale = np.float32(1.0) / np.sqrt(energy) if energy > 0 else np.float32(0.0)
        total = np.float32(0.0)
        for k in range(row.size):
            d = scale * row[k] - last_scale * last[k]
            total += d * d
        out[t, 0] = total
        last = row
        last_scale = scale


@kernel
def marsyas_centroid(power: Float32Array, out: Float32Array) -> None:
    """Centroid as a share of all bins: (Σ k P[k]) / (Σ P[k]) / n_bins; 0.5 for silence.

    power (n_frames, n_bins) -> out (n_frames, 1)
    """
    n_bins = np.float32(power.shape[1])
    for t in range(power.shape[0]):
        row = power[t]
        total = np.float32(0.0)
        moment = np.float32(0.0)
        for k in range(row.size):
            total += row[k]
            moment += np.float32(np.int32(k)) * row[k]  # of 64 bits it is no vector instruction
        out[t, 0] = moment / total / n_bins if total > 0 else 0.5


@kernel
def marsyas_rolloff(power: Float32Array, share: float, out: Float32Array) -> None:
    """Rolloff as a share of all bins: (r - 1) / n_bins, r the rolloff bin; 1 for silence and where r < 3.

    power (n_frames, n_bins) -> out (n_frames, 1)
    """
    n_bins = power.shape[1]
    sums = np.empty(n_bins // LANES, dtype=np.float64)
    for t in range(power.shape[0]):
        r = rolloff_bin(power, t, share, sums) - 1
        out[t, 0] = r / n_bins if r >= 2 else 1.0


@kernel
def marsyas_flux(log_power: Float32Array, previous: Float32Array, out: Float32Array) -> None:
    """Flux of the log spectrum Σ_k d[k] / (n_bins · max d), d[k] = (ln P_t[k] - ln P_{t-1}[k])², k >= 1.

    log_power (n_frames, n_bins), previous (1, n_bins) -> out (n_frames, 1); 0 where nothing changes. Before
    the first frame the logarithms themselves are 0, so it is compared with a spectrum of P = 1.
    """
    last = previous[0]
    n_bins = log_power.shape[1]
    for t in range(log_power.shape[0]):
        row = log_power[t]
        total = np.float32(0.0)
        largest = np.float32(0.0)
        for k in range(1, n_bins):
            d = row[k] - last[k]
            total += d * d
            largest = max(largest, d * d)
        out[t, 0] = total / (largest * n_bins) if largest > 0 else 0.0
        last = row


def bin_width_and_share(framing: Framing, rate: int, params: Params) -> Arrays:
    """Hz from one bin to the next, and the share of the sum below the rolloff."""
    return rate / framing.length, params["share"]


def share_only(framing: Framing, rate: int, params: Params) -> Arrays:
    """Share of the sum below the rolloff."""
    return (params["share"],)


def _share(default: float) -> Parameter:
    """The parameter of a rolloff."""
    return Parameter("share", default, "1", "share of the sum that lies below", low=0.0, high=1.0, above=True)


_BRIGHT = "brightness: the centre of gravity of the spectrum"
_TOP = "brightness: the frequency below which most of the spectrum lies"
_CHANGE = "how much the spectrum changes from one frame to the next"

FEATURES = (
    FrameFeature(
        name="spectral_centroid",
        family="timbre",
        subfamily="spectral shape",
        kernel=spectral_centroid,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(Column("", "Hz", "Σ f_k S[k] / Σ S[k], S the {spectrum}", _BRIGHT),),
        source=f"{TC2002}, eq. 1",
        gain_invariant=True,
        constants=bin_width,
    ),
    FrameFeature(
        name="spectral_rolloff",
        family="timbre",
        subfamily="spectral shape",
        kernel=spectral_rolloff,
        needs=("{spectrum}",),
        parameters=(SPECTRUM, _share(0.85)),
        columns=(Column("", "Hz", "f_r, smallest r with Σ S[0..r] >= {share} Σ S, S the {spectrum}", _TOP),),
        source=f"{TC2002}, eq. 2",
        gain_invariant=True,
        constants=bin_width_and_share,
    ),
    FrameFeature(
        name="spectral_flux",
        family="timbre",
        subfamily="spectral flux",
        kernel=spectral_flux,
        needs=("{spectrum}",),
        parameters=(SPECTRUM,),
        columns=(Column("", "1", "Σ (N[t, k] - N[t-1, k])², N = S/‖S‖₂, S the {spectrum}", _CHANGE),),
        source=f"{TC2002}, eq. 3",
        gain_invariant=True,
        before=0.0,
        lead=1,
    ),
    FrameFeature(
        name="marsyas_centroid",
        family="timbre",
        subfamily="spectral shape",
        kernel=marsyas_centroid,
        needs=("power",),
        columns=(Column("", "share of bins", "Σ k P[k] / Σ P[k] / n_bins", _BRIGHT),),
        source=f"{MARSYAS}, Centroid",
        gain_invariant=True,
    ),
    FrameFeature(
        name="marsyas_rolloff",
        family="timbre",
        subfamily="spectral shape",
        kernel=marsyas_rolloff,
        needs=("power",),
        columns=(
            Column("", "share of bins", "(r - 1) / n_bins, smallest r with Σ P[0..r] >= {share} Σ P", _TOP),
        ),
        source=f"{MARSYAS}, Rolloff",
        gain_invariant=True,
        constants=share_only,
        parameters=(_share(0.9),),
    ),
    FrameFeature(
        name="marsyas_flux",
        family="timbre",
        subfamily="spectral flux",
        kernel=marsyas_flux,
        needs=("marsyas_log_power",),
        columns=(
            Column("", "1", "Σ d[k] / (n_bins max d), d = (Δ ln P)², ln P = 0 before the clip", _CHANGE),
        ),
        source=f"{MARSYAS}, Flux",
        gain_invariant=False,
        before=0.0,
    ),
)
