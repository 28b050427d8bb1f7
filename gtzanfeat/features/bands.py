"""Levels of frequency bands, their rises and falls, and the contrast of peaks and valleys within octaves.

One number or more per band: bands are mel filters (Davis & Mermelstein 1980) or octaves (Jiang et al. 2002,
"Music type classification by spectral contrast feature"). Transforms of the bands (cepstra) are in
`cepstrum`; the quarter octaves of MPEG-7 are in `flatness`, semitone bands in `block_level`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.ingredients.filterbanks import bin_frequencies
from gtzanfeat.jit import Float32Array, Float64Array, IntArray, kernel

MEL_BANDS = 40
LIBROSA_BANDS = 128  # librosa's default
FLUX_BANDS = (24, 40, 64)
FLUX_LAGS = (1, 3, 6)  # frames
CONTRAST_FLOOR = 1e-10
OCTAVE_EDGES = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 8000.0)
LIBROSA_EDGES = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 12800.0)
CONTRAST_SHARE = 0.02  # of a band's bins, that peak and valley are the means of


# --- mel bands ------------------------------------------------------------------------------------


@kernel
def decibels(log_bands: Float32Array, out: Float32Array) -> None:
    """Levels in decibels from natural logarithms: 10 log10 E[b] = (10 / ln 10) · ln E[b].

    log_bands (n_frames, n_bands) -> out (n_frames, n_bands)
    """
    scale = np.float32(10 / np.log(10))
    for t in range(log_bands.shape[0]):
        for b in range(out.shape[1]):
            out[t, b] = scale * log_bands[t, b]


@kernel
def band_flux(log_bands: Float32Array, previous: Float32Array, out: Float32Array) -> None:
    """Half-wave rectified change of each band over k frames: max(0, d), max(0, -d), d = L_t[b] - L_{t-k}[b].

    log_bands (n_frames, n_bands), previous (k, n_bands) -> out (n_frames, 2 n_bands), rises before falls
    """
    lag = previous.shape[0]
    n = out.shape[1] // 2
    for t in range(log_bands.shape[0]):
        row = log_bands[t]
        last = previous[t] if t < lag else log_bands[t - lag]
        for b in range(n):
            d = row[b] - last[b]
            out[t, b] = max(d, np.float32(0.0))
            out[t, n + b] = max(-d, np.float32(0.0))


def check_n_bands(framing: Framing, rate: int, params: Params, n_bands: int) -> Arrays:
    """No constants; an error unless the parameter ``bands`` is the number of columns of the feature."""
    if params["bands"] != n_bands:
        raise GtzanfeatError(f"the feature is of {n_bands} mel bands, but {params['bands']} were asked for")
    return ()


# --- contrast -------------------------------------------------------------------------------------


@kernel
def mean_extremes(band: Float32Array, n: int, low: Float64Array, high: Float64Array) -> tuple[float, float]:
    """Means of the n smallest and of the n largest values: (1/n) Σ_{i<=n} x_(i), (1/n) Σ_{i>N-n} x_(i).

    band (n_bins,), room for the extremes low (n,), high (n,) -> two numbers

    The few extremes are kept in order; most bins are neither and cost one comparison each.
    """
    for i in range(n):
        low[i] = np.inf
        high[i] = -np.inf
    for k in range(band.size):
        x = band[k]
        if x < low[n - 1]:
            i = n - 1
            while i > 0 and low[i - 1] > x:
                low[i] = low[i - 1]
                i -= 1
            low[i] = x
        if x > high[n - 1]:
            i = n - 1
            while i > 0 and high[i - 1] < x:
                high[i] = high[i - 1]
                i -= 1
            high[i] = x
    smallest, largest = 0.0, 0.0
    for i in range(n):
        smallest += low[i]
        largest += high[i]
    return smallest / n, largest / n


@kernel
def spectral_contrast(
    spectrum: Float32Array, first: IntArray, last: IntArray, count: IntArray, out: Float32Array
) -> None:
    """Spectral contrast 10 log10 (peak / valley), means of the `count` strongest and weakest bins of a band.

    spectrum (n_frames, n_bins), first (n_bands,), last (n_bands,), count (n_bands,)
    -> out (n_frames, n_bands)
    """
    low, high = np.empty(count.max()), np.empty(count.max())
    for t in range(spectrum.shape[0]):
        for b in range(first.size):
            valley, peak = mean_extremes(spectrum[t, first[b] : last[b]], count[b], low, high)
            out[t, b] = 10.0 * np.log10(max(peak, CONTRAST_FLOOR) / max(valley, CONTRAST_FLOOR))


@kernel
def octave_contrast(
    spectrum: Float32Array, first: IntArray, last: IntArray, count: IntArray, out: Float32Array
) -> None:
    """Octave-based contrast ln peak - ln valley of each band, then ln valley (Jiang et al. 2002).

    spectrum (n_frames, n_bins), first (n_bands,), last (n_bands,), count (n_bands,)
    -> out (n_frames, 2 n_bands)
    """
    low, high = np.empty(count.max()), np.empty(count.max())
    for t in range(spectrum.shape[0]):
        for b in range(first.size):
            valley, peak = mean_extremes(spectrum[t, first[b] : last[b]], count[b], low, high)
            valley = np.log(max(valley, CONTRAST_FLOOR))
            out[t, b] = np.log(max(peak, CONTRAST_FLOOR)) - valley
            out[t, first.size + b] = valley


def librosa_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """First bin, bin after the last, and bins in peak and valley of librosa's seven bands, each (7,).

    A band begins one bin below its lower edge and goes without its last bin, except that the last band goes
    on to the Nyquist frequency. The share is taken of the bins before that last one is dropped.
    """
    hertz = bin_frequencies(framing.length, rate)
    n_bins = hertz.size
    first, last, count = [], [], []
    n_bands = len(LIBROSA_EDGES) - 1
    for b in range(n_bands):
        within = np.flatnonzero((hertz >= LIBROSA_EDGES[b]) & (hertz <= LIBROSA_EDGES[b + 1]))
        _check_has_bins(within, LIBROSA_EDGES[b], framing, rate)
        start = within[0] - (b > 0)
        stop = n_bins if b == n_bands - 1 else within[-1] + 1
        first.append(start)
        last.append(stop if b == n_bands - 1 else max(stop - 1, start + 1))
        count.append(min(max(round(CONTRAST_SHARE * (stop - start)), 1), last[-1] - start))
    return np.array(first), np.array(last), np.array(count)


def octave_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """First bin, bin after the last, and bins in peak and valley of six octaves (two wider), each (6,)."""
    hertz = bin_frequencies(framing.length, rate)
    edges = np.searchsorted(hertz, OCTAVE_EDGES)
    for b in range(len(edges) - 1):
        _check_has_bins(hertz[edges[b] : edges[b + 1]], OCTAVE_EDGES[b], framing, rate)
    width = np.diff(edges)
    return edges[:-1], edges[1:], np.maximum(np.rint(CONTRAST_SHARE * width).astype(np.int64), 1)


def _check_has_bins(bins: NDArray[Any], hertz: float, framing: Framing, rate: int) -> None:
    """An error if a contrast band is empty."""
    if bins.size == 0:
        raise GtzanfeatError(
            f"the contrast band from {hertz:.0f} Hz has no bin in frames of {framing.length} samples at "
            f"{rate} Hz; use longer frames or a higher rate"
        )


# --- the rows -------------------------------------------------------------------------------------


def _band_flux(n_bands: int, lag: int) -> FrameFeature:
    """Build the row of the change over `lag` frames in each of so many mel bands."""
    return FrameFeature(
        name="band_flux" + (f"{n_bands}" if n_bands != MEL_BANDS else "") + (f"_lag{lag}" if lag > 1 else ""),
        family="timbre",
        kernel=band_flux,
        needs=("mel_log_bands",),
        columns=tuple(
            Column(
                f"{way}_{b:02d}",
                "ln power",
                f"max(0, {sign}(ln E_b[t] - ln E_b[t-{lag}]))",
                f"{what} in mel band {b} of 0 to {n_bands - 1}",
            )
            for way, sign, what in (("rise", "", "onsets"), ("fall", "-", "dying away"))
            for b in range(n_bands)
        ),
        source="half-wave rectified change of log mel bands, after Klapuri 1999",
        gain_invariant=False,  # above the floor it is
        constants=partial(check_n_bands, n_bands=n_bands),
        before=0.0,
        past=lag,
        lead=lag,
    )


def _span(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f} Hz"


_LIBROSA_SPANS = [_span(*LIBROSA_EDGES[b : b + 2]) for b in range(6)] + ["6400 Hz upwards"]
_OCTAVE_SPANS = [_span(*OCTAVE_EDGES[b : b + 2]) for b in range(6)]
_PEAK, _VALLEY = (f"mean of the {end} {CONTRAST_SHARE:.0%} of S" for end in ("largest", "smallest"))

FEATURES = (
    FrameFeature(
        name="mel",
        family="timbre",
        kernel=decibels,
        needs=("mel_log_bands",),
        columns=tuple(
            Column(
                f"{b:02d}",
                "dB",
                "10 log10 max(E_b, {floor:g})",
                f"the level of mel band {b} of 0 to {MEL_BANDS - 1}",
            )
            for b in range(MEL_BANDS)
        ),
        source="Davis & Mermelstein 1980; filters of librosa.filters.mel",
        gain_invariant=False,
        constants=partial(check_n_bands, n_bands=MEL_BANDS),
    ),
    FrameFeature(
        name="mel128",
        family="timbre",
        kernel=decibels,
        needs=("mel_log_bands",),
        columns=tuple(
            Column(
                f"{b:03d}",
                "dB",
                "10 log10 max(E_b, {floor:g})",
                f"the level of mel band {b} of 0 to {LIBROSA_BANDS - 1}",
            )
            for b in range(LIBROSA_BANDS)
        ),
        source="librosa.power_to_db(librosa.feature.melspectrogram(y), top_db=None)",
        gain_invariant=False,
        fixed={"bands": LIBROSA_BANDS},
    ),
    *(_band_flux(n_bands, lag) for lag in FLUX_LAGS for n_bands in FLUX_BANDS),
    FrameFeature(
        name="spectral_contrast",
        family="timbre",
        kernel=spectral_contrast,
        needs=("{spectrum}",),
        columns=tuple(
            Column(
                f"{b}",
                "dB",
                f"10 log10 ({_PEAK} / {_VALLEY}), S the {{spectrum}}",
                f"tones against noise, {span}: how far peaks stand above valleys",
            )
            for b, span in enumerate(_LIBROSA_SPANS)
        ),
        source="librosa.feature.spectral_contrast without top_db, after Jiang et al. 2002",
        gain_invariant=True,
        constants=librosa_bands,
        fixed={"share": CONTRAST_SHARE, "floor": CONTRAST_FLOOR, "edges_hz": LIBROSA_EDGES},
    ),
    FrameFeature(
        name="octave_contrast",
        family="timbre",
        kernel=octave_contrast,
        needs=("{spectrum}",),
        columns=tuple(
            Column(
                f"{b}",
                "ln",
                f"ln ({_PEAK} / {_VALLEY}), S the {{spectrum}}",
                f"tones against noise, {span}: how far peaks stand above valleys",
            )
            for b, span in enumerate(_OCTAVE_SPANS)
        )
        + tuple(
            Column(
                f"valley_{b}",
                "ln",
                f"ln {_VALLEY}, S the {{spectrum}}",
                f"what is left between the tones, {span}",
            )
            for b, span in enumerate(_OCTAVE_SPANS)
        ),
        source="Jiang et al. 2002, octave-based spectral contrast",
        gain_invariant=False,
        constants=octave_bands,
        fixed={"share": CONTRAST_SHARE, "floor": CONTRAST_FLOOR, "edges_hz": OCTAVE_EDGES},
    ),
)
