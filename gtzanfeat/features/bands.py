"""Levels of frequency bands, their rises and falls, and the contrast of peaks and valleys within octaves.

One number or more per band: bands are mel filters (Davis & Mermelstein 1980) or octaves (Jiang et al. 2002,
"Music type classification by spectral contrast feature"). Transforms of the bands (cepstra) are in
`cepstrum`; the quarter octaves of MPEG-7 are in `flatness`, semitone bands in `block_level`.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import SPECTRUM, Arrays, Column, FrameFeature, Framing, Parameter, Params
from gtzanfeat.errors import GtzanfeatError, ParameterError
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


# --- contrast -------------------------------------------------------------------------------------


@kernel
def mean_extremes(band: Float32Array, n: int, low: Float64Array, high: Float64Array) -> tuple[float, float]:
    """Means of the n smallest and of the n largest values: (1/n) Σ_{i<=n} x_(i), (1/n) Σ_{i>N-n} x_(i).

    band (n_bins,), room for the extremes low (n,), high (n,) -> two numbers

    The few extremes are kept in order; most bins are neither and cost one comparison each. The smallest are
    looked for from the end: spectra fall, and from the start nearly every bin would be one of them.
    """
    for i in range(n):
        low[i] = np.inf
        high[i] = -np.inf
    for k in range(band.size):
        x = band[k]
        if x > high[n - 1]:
            i = n - 1
            while i > 0 and high[i - 1] < x:
                high[i] = high[i - 1]
                i -= 1
            high[i] = x
    for k in range(band.size - 1, -1, -1):
        x = band[k]
        if x < low[n - 1]:
            i = n - 1
            while i > 0 and low[i - 1] > x:
                low[i] = low[i - 1]
                i -= 1
            low[i] = x
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
    low, high = np.empty(spectrum.shape[1]), np.empty(spectrum.shape[1])
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
    low, high = np.empty(spectrum.shape[1]), np.empty(spectrum.shape[1])
    for t in range(spectrum.shape[0]):
        for b in range(first.size):
            valley, peak = mean_extremes(spectrum[t, first[b] : last[b]], count[b], low, high)
            valley = np.log(max(valley, CONTRAST_FLOOR))
            out[t, b] = np.log(max(peak, CONTRAST_FLOOR)) - valley
            out[t, first.size + b] = valley


def librosa_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """First bin, bin after the last, bins in peak and valley of bands as librosa cuts them: each (n_bands,).

    A band begins one bin below its lower edge and goes without its last bin, except that the last band goes
    on to the Nyquist frequency. The share is taken of the bins before that last one is dropped.
    """
    hertz = bin_frequencies(framing.length, rate)
    n_bins = hertz.size
    first, last, count = [], [], []
    edges, share = params["edges_hz"], params["share"]
    n_bands = len(edges) - 1
    for b in range(n_bands):
        within = np.flatnonzero((hertz >= edges[b]) & (hertz <= edges[b + 1]))
        _check_has_bins(within, edges[b], framing, rate)
        start = within[0] - (b > 0)
        stop = n_bins if b == n_bands - 1 else within[-1] + 1
        first.append(start)
        last.append(stop if b == n_bands - 1 else max(stop - 1, start + 1))
        count.append(min(max(round(share * (stop - start)), 1), last[-1] - start))
    return np.array(first), np.array(last), np.array(count)


def octave_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """First bin, bin after the last, and bins in peak and valley of the bands, each (n_bands,)."""
    hertz = bin_frequencies(framing.length, rate)
    edges_hz: tuple[float, ...] = params["edges_hz"]
    edges = np.searchsorted(hertz, edges_hz)
    for b in range(len(edges) - 1):
        _check_has_bins(hertz[edges[b] : edges[b + 1]], edges_hz[b], framing, rate)
    width = np.diff(edges)
    return edges[:-1], edges[1:], np.maximum(np.rint(params["share"] * width).astype(np.int64), 1)


def _check_has_bins(bins: NDArray[Any], hertz: float, framing: Framing, rate: int) -> None:
    """An error if a contrast band is empty."""
    if bins.size == 0:
        raise GtzanfeatError(
            f"the contrast band from {hertz:.0f} Hz has no bin in frames of {framing.length} samples at "
            f"{rate} Hz; use longer frames or a higher rate"
        )


# --- the rows -------------------------------------------------------------------------------------


def _mel_parameters(n_bands: int, floor: float, fixed: bool = False) -> tuple[Parameter, ...]:
    """Number of mel bands and their floor; `fixed` where the number is in the name of the feature."""
    choices = (n_bands,) if fixed else ()
    return (
        Parameter("bands", n_bands, "bands", "number of mel filters", low=1, choices=choices),
        Parameter("floor", floor, "power", "no band counts as less", low=0.0, above=True),
    )


def _number(b: int, n_bands: int) -> str:
    """Number of a band, with as many digits as the last has, at least two."""
    return f"{b:0{max(len(str(n_bands - 1)), 2)}d}"


def _levels(params: Params) -> tuple[Column, ...]:
    """Columns of the levels of mel bands."""
    n = params["bands"]
    return tuple(
        Column(
            _number(b, n), "dB", "10 log10 max(E_b, {floor:g})", f"the level of mel band {b} of 0 to {n - 1}"
        )
        for b in range(n)
    )


def _changes(lag: int, params: Params) -> tuple[Column, ...]:
    """Columns of the rises, then of the falls, of mel bands."""
    n = params["bands"]
    return tuple(
        Column(
            f"{way}_{_number(b, n)}",
            "ln power",
            f"max(0, {sign}(ln E_b[t] - ln E_b[t-{lag}]))",
            f"{what} in mel band {b} of 0 to {n - 1}",
        )
        for way, sign, what in (("rise", "", "onsets"), ("fall", "-", "dying away"))
        for b in range(n)
    )


def _band_flux(n_bands: int, lag: int) -> FrameFeature:
    """Build the row of the change over `lag` frames in each of so many mel bands."""
    return FrameFeature(
        name="band_flux" + (f"{n_bands}" if n_bands != MEL_BANDS else "") + (f"_lag{lag}" if lag > 1 else ""),
        family="timbre",
        subfamily="band flux",
        kernel=band_flux,
        needs=("mel_log_bands",),
        columns=_changes(lag, {"bands": n_bands}),
        columns_for=partial(_changes, lag),
        parameters=_mel_parameters(n_bands, 1e-6, fixed=n_bands != MEL_BANDS),
        source="half-wave rectified change of log mel bands, after Klapuri 1999",
        gain_invariant=False,  # above the floor it is
        before=0.0,
        past=lag,
        lead=lag,
    )


def _spans(edges: tuple[float, ...], open_top: bool) -> list[str]:
    """Each band in words; the last one of `open_top` goes on to the Nyquist frequency."""
    if len(edges) < 2 or any(high <= low for low, high in pairwise(edges)):
        raise ParameterError(f"edges_hz are {edges!r}; give two or more frequencies, each above the last")
    spans = [f"{low:.0f} to {high:.0f} Hz" for low, high in pairwise(edges)]
    return [*spans[:-1], f"{edges[-2]:.0f} Hz upwards"] if open_top else spans


def _peak_and_valley(share: float) -> tuple[str, str]:
    """What the two are, in words."""
    peak, valley = (f"mean of the {end} {share:.2g} of S" for end in ("largest", "smallest"))
    if round(100 * share, 6) == round(100 * share):
        peak, valley = (f"mean of the {end} {share:.0%} of S" for end in ("largest", "smallest"))
    return peak, valley


def _contrasts(params: Params) -> tuple[Column, ...]:
    """Columns of librosa's contrast."""
    peak, valley = _peak_and_valley(params["share"])
    return tuple(
        Column(
            f"{b}",
            "dB",
            f"10 log10 ({peak} / {valley}), S the {{spectrum}}",
            f"tones against noise, {span}: how far peaks stand above valleys",
        )
        for b, span in enumerate(_spans(params["edges_hz"], open_top=True))
    )


def _octave_contrasts(params: Params) -> tuple[Column, ...]:
    """Columns of the contrasts, then of the valleys."""
    peak, valley = _peak_and_valley(params["share"])
    spans = _spans(params["edges_hz"], open_top=False)
    return tuple(
        Column(
            f"{b}",
            "ln",
            f"ln ({peak} / {valley}), S the {{spectrum}}",
            f"tones against noise, {span}: how far peaks stand above valleys",
        )
        for b, span in enumerate(spans)
    ) + tuple(
        Column(
            f"valley_{b}",
            "ln",
            f"ln {valley}, S the {{spectrum}}",
            f"what is left between the tones, {span}",
        )
        for b, span in enumerate(spans)
    )


def _contrast_parameters(edges: tuple[float, ...]) -> tuple[Parameter, ...]:
    """The spectrum, the bands, and how many of their bins are peak and valley."""
    return (
        SPECTRUM,
        Parameter("edges_hz", edges, "Hz", "edges of the bands, ascending", low=0.0),
        Parameter(
            "share",
            CONTRAST_SHARE,
            "1",
            "share of a band's bins that peak and valley are means of",
            low=0.0,
            high=0.5,
            above=True,
        ),
    )


FEATURES = (
    FrameFeature(
        name="mel",
        family="timbre",
        subfamily="mel bands",
        kernel=decibels,
        needs=("mel_log_bands",),
        columns=_levels({"bands": MEL_BANDS}),
        columns_for=_levels,
        parameters=_mel_parameters(MEL_BANDS, 1e-6),
        source="Davis & Mermelstein 1980; filters of librosa.filters.mel",
        gain_invariant=False,
    ),
    FrameFeature(
        name="mel128",
        family="timbre",
        subfamily="mel bands",
        kernel=decibels,
        needs=("mel_log_bands",),
        columns=_levels({"bands": LIBROSA_BANDS}),
        parameters=_mel_parameters(LIBROSA_BANDS, 1e-10, fixed=True),
        source="librosa.power_to_db(librosa.feature.melspectrogram(y), top_db=None)",
        gain_invariant=False,
        fixed={"bands": LIBROSA_BANDS},
    ),
    *(_band_flux(n_bands, lag) for lag in FLUX_LAGS for n_bands in FLUX_BANDS),
    FrameFeature(
        name="spectral_contrast",
        family="timbre",
        subfamily="contrast",
        kernel=spectral_contrast,
        needs=("{spectrum}",),
        columns=_contrasts({"edges_hz": LIBROSA_EDGES, "share": CONTRAST_SHARE}),
        columns_for=_contrasts,
        parameters=_contrast_parameters(LIBROSA_EDGES),
        source="librosa.feature.spectral_contrast without top_db, after Jiang et al. 2002",
        gain_invariant=True,
        constants=librosa_bands,
        fixed={"share": CONTRAST_SHARE, "floor": CONTRAST_FLOOR, "edges_hz": LIBROSA_EDGES},
    ),
    FrameFeature(
        name="octave_contrast",
        family="timbre",
        subfamily="contrast",
        kernel=octave_contrast,
        needs=("{spectrum}",),
        columns=_octave_contrasts({"edges_hz": OCTAVE_EDGES, "share": CONTRAST_SHARE}),
        columns_for=_octave_contrasts,
        parameters=_contrast_parameters(OCTAVE_EDGES),
        source="Jiang et al. 2002, octave-based spectral contrast",
        gain_invariant=False,
        constants=octave_bands,
        fixed={"share": CONTRAST_SHARE, "floor": CONTRAST_FLOOR, "edges_hz": OCTAVE_EDGES},
    ),
)
