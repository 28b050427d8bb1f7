"""Slow twins of what is computed per band: mel filters, cepstra, band flux, contrast, MPEG-7's bands."""

import numpy as np

from . import shape
from .timbre import power
from .twin import Twin

# --- mel bands ---------------------------------------------------------------------------------------


def hann_power(framed):
    """|X(k)|² of the frame under w(n) = ½ - ½·cos(2πn/N)."""
    n = framed.shape[1]
    return np.abs(np.fft.rfft(framed * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)))) ** 2


def slaney_hertz(mel):
    """66.67 Hz per mel up to 1 kHz, then a factor of 6.4 in 27 mels."""
    return 200 / 3 * mel if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def slaney_mel(hertz):
    """Inverse of `slaney_hertz`."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def bank(count, n_fft, rate, htk):
    """Triangles between 0 Hz and half the rate: HTK's scale and height 1, or Slaney's scale and area 1."""
    if htk:
        top = 2595 * np.log10(1 + rate / 2 / 700)
        edges = [700 * (10 ** (i * top / (count + 1) / 2595) - 1) for i in range(count + 2)]
    else:
        top = slaney_mel(rate / 2)
        edges = [slaney_hertz(i * top / (count + 1)) for i in range(count + 2)]
    weights = np.zeros((count, n_fft // 2 + 1))
    for i, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        for k in range(weights.shape[1]):
            f = k * rate / n_fft
            weights[i, k] = max(0.0, min((f - low) / (centre - low), (high - f) / (high - centre)))
        if not htk:
            weights[i] *= 2 / (high - low)
    return weights


def mel(powers, count, rate=22050, htk=False):
    """E(b) = Σ w(b, k)·P(k)."""
    return powers @ bank(count, 2 * (powers.shape[1] - 1), rate, htk).T


def flux(logs, lag=1):
    """max(0, L(t) - L(t-k)), then max(0, L(t-k) - L(t)), per band; 0 for the first k frames."""
    change = np.zeros_like(logs)
    change[lag:] = logs[lag:] - logs[:-lag]
    return np.concatenate([np.maximum(change, 0), np.maximum(-change, 0)], axis=1)


def cosines(logs, count):
    """Σ_b L(b)·√(2/B)·cos(πq(b + ½)/B), q = 0, 1, .. count - 1."""
    n = logs.shape[1]
    b, q = np.arange(n), np.arange(count)
    return logs @ (np.sqrt(2 / n) * np.cos(np.pi * np.outer(b + 0.5, q) / n))


def librosa_mfcc(powers, bands=128, count=20, rate=22050):
    """Orthonormal cosine transform of 10·log10 max(E, 1e-10)."""
    c = cosines(10 * np.log10(np.maximum(mel(powers, bands, rate), 1e-10)), count)
    c[:, 0] /= np.sqrt(2)
    return c


def htk_mfcc(powers, bands=26, count=13, rate=22050, lifter=22):
    """Cosine transform of ln max(E, 1e-10), coefficient q times 1 + L/2·sin(πq/L)."""
    logs = np.log(np.maximum(mel(powers, bands, rate, htk=True), 1e-10))
    return cosines(logs, count) * (1 + lifter / 2 * np.sin(np.pi * np.arange(count) / lifter))


# --- contrast, and the bands of MPEG-7 ----------------------------------------------------------------


def _extremes(spectra, count):
    """Return mean of the weakest and mean of the strongest values of every spectrum, at least 1e-10."""
    ordered = np.sort(spectra, axis=1)
    return np.maximum([ordered[:, :count].mean(axis=1), ordered[:, -count:].mean(axis=1)], 1e-10)


def librosa_contrast(spectra, rate=22050):
    """10·log10(peak/valley) of seven octaves up to half the rate, as librosa cuts them."""
    hertz = np.arange(spectra.shape[1]) * rate / (2 * (spectra.shape[1] - 1))
    columns = []
    for b, (low, high) in enumerate(
        zip([0, *200 * 2.0 ** np.arange(6)], 200 * 2.0 ** np.arange(7), strict=True)
    ):
        k = [i for i, f in enumerate(hertz) if low <= f <= high]
        if b > 0:
            k = [k[0] - 1, *k]
        if b == 6:
            k = list(range(k[0], len(hertz)))
        count = max(1, int(np.rint(0.02 * len(k))))
        valley, peak = _extremes(spectra[:, k if b == 6 else k[:-1]], count)
        columns.append(10 * np.log10(peak / valley))
    return np.stack(columns, axis=1)


def octave_contrast(spectra, rate=22050):
    """ln(peak/valley) of 0-200, 200-400, .. 1600-3200, 3200-8000 Hz, then ln valley of the same."""
    hertz = np.arange(spectra.shape[1]) * rate / (2 * (spectra.shape[1] - 1))
    contrast, valleys = [], []
    for low, high in ((0, 200), (200, 400), (400, 800), (800, 1600), (1600, 3200), (3200, 8000)):
        band = spectra[:, (hertz >= low) & (hertz < high)]
        valley, peak = _extremes(band, max(1, int(np.rint(0.02 * band.shape[1]))))
        contrast.append(np.log(peak / valley))
        valleys.append(np.log(valley))
    return np.stack(contrast + valleys, axis=1)


def quarter_octaves(powers, of, rate=22050):
    """Value of the bins from 0.95 of a quarter octave's lower edge to 1.05 of its upper; 21 bands."""
    spacing = rate / (2 * (powers.shape[1] - 1))
    columns = []
    for b in range(21):
        low, high = 1000 * 2 ** ((b - 8) / 4), 1000 * 2 ** ((b - 7) / 4)
        first, last = int(0.95 * low / spacing + 0.5), int(1.05 * high / spacing + 0.5)
        inside = last < powers.shape[1]
        columns.append(of(powers[:, first : last + 1]) if inside else np.ones(len(powers)))
    return np.stack(columns, axis=1)


# --- what the contract test asks for --------------------------------------------------------------

_FRAMES = {"length": 512, "hop": 512}
_LONG = {"length": 2048, "hop": 512, "window": "hann"}
_MEL = {"bands": 40, "low_hz": 0.0, "high_hz": 11025.0, "mel": "slaney"}
TWINS = {
    "mel": Twin(
        lambda f: 10 * np.log10(np.maximum(mel(power(f), 40), 1e-10)), _FRAMES, {**_MEL, "floor": 1e-10}
    ),
    "librosa_mfcc": Twin(
        lambda f: librosa_mfcc(hann_power(f)), _LONG, {**_MEL, "bands": 128, "floor": 1e-10}
    ),
    "htk_mfcc": Twin(
        lambda f: htk_mfcc(power(f)), _FRAMES, {**_MEL, "bands": 26, "mel": "htk", "floor": 1e-10}
    ),
    "spectral_contrast": Twin(
        lambda f: librosa_contrast(np.sqrt(hann_power(f))), _LONG, {"spectrum": "magnitude"}
    ),
    "octave_contrast": Twin(
        lambda f: octave_contrast(np.sqrt(hann_power(f))), _LONG, {"spectrum": "magnitude"}
    ),
    "mpeg7_flatness": Twin(lambda f: quarter_octaves(power(f), shape.flatness), _FRAMES),
    "mpeg7_crest": Twin(lambda f: quarter_octaves(power(f), shape.crest), _FRAMES),
    **{
        f"band_flux{'' if n == 40 else n}{'' if lag == 1 else f'_lag{lag}'}": Twin(
            lambda f, n=n, lag=lag: flux(np.log(np.maximum(mel(power(f), n), 1e-6)), lag),
            _FRAMES,
            {**_MEL, "bands": n, "floor": 1e-6},
        )
        for n in (24, 40, 64)
        for lag in (1, 3, 6)
    },
}
