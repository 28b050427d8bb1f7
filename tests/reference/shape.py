"""Slow twins of spectral shape, contrast, bands, deltas, and the waveform's energy: plain float64 numpy."""

import numpy as np

from .timbre import magnitude, power, rms
from .twin import Twin


def deltas(track, reach):
    """d(t) = Σ θ·(c(t+θ) - c(t-θ)) / 2Σθ², the ends repeated."""
    n, out = len(track), np.zeros(np.shape(track))
    for t in range(n):
        for step in range(1, reach + 1):
            out[t] += step * (track[min(t + step, n - 1)] - track[max(t - step, 0)])
    return out / (2 * sum(step**2 for step in range(1, reach + 1)))


# --- the shape of a spectrum, (n_frames, n_bins) -> (n_frames,) ---------------------------------------


def _hertz(spectra, rate):
    return np.arange(spectra.shape[1]) * rate / (2 * (spectra.shape[1] - 1))


def _central(spectrum, hertz, order):
    share = spectrum / spectrum.sum()
    return (hertz - hertz @ share) ** order @ share


def bandwidth(spectra, rate=22050):
    """√m₂ of the spectrum as a distribution over frequency, Hz; 0 for silence."""
    hertz = _hertz(spectra, rate)
    return np.array([np.sqrt(_central(s, hertz, 2)) if s.sum() > 0 else 0.0 for s in spectra])


def moment(spectra, order, rate=22050):
    """m_i / m₂^(i/2); 0 for silence."""
    hertz = _hertz(spectra, rate)
    return np.array(
        [
            _central(s, hertz, order) / _central(s, hertz, 2) ** (order / 2) if s.sum() > 0 else 0.0
            for s in spectra
        ]
    )


def slope(spectra, rate=22050):
    """Slope of the least-squares line through S / mean S over kHz; 0 for silence."""
    khz = _hertz(spectra, rate) / 1000
    return np.array([np.polyfit(khz, s / s.mean(), 1)[0] if s.sum() > 0 else 0.0 for s in spectra])


def flatness(powers):
    """exp(mean ln P) / mean P, no P below 1e-10 of the mean; 1 for silence."""
    values = []
    for p in powers:
        ratio = np.maximum(p / p.mean(), 1e-10) if p.any() else np.ones_like(p)
        values.append(np.exp(np.log(ratio).mean()))
    return np.array(values)


def crest(values, of=lambda values: values.mean(axis=1)):
    """Return the largest value over the mean (or another middle) of all; 1 for silence."""
    return np.array([v.max() / m if m > 0 else 1.0 for v, m in zip(values, of(values), strict=True)])


def rise(spectra):
    """Return mean over bins of max(0, S(t) - S(t-1)); 0 for the first frame."""
    return np.concatenate([[0.0], np.maximum(np.diff(spectra, axis=0), 0.0).mean(axis=1)])


# --- the energy of a frame of samples ------------------------------------------------------------------


def loudness(framed):
    """10·log10 of the mean square, at least -100 dB."""
    return 10 * np.log10(np.maximum((framed**2).mean(axis=1), 1e-10))


def energy_entropy(framed, parts=10):
    """-Σ e·log e / log 10, e the share of energy in each tenth; 0 for silence."""
    n, values = framed.shape[1], []
    for frame in framed:
        energy = np.array([(frame[i * n // parts : (i + 1) * n // parts] ** 2).sum() for i in range(parts)])
        shares = energy[energy > 0] / energy.sum() if energy.any() else np.ones(1)
        values.append(-(shares * np.log(shares)).sum() / np.log(parts))
    return np.array(values)


# --- what the contract test asks for --------------------------------------------------------------

_FRAMES = {"length": 512, "hop": 512}
TWINS = {
    "spectral_bandwidth": Twin(
        lambda f: bandwidth(magnitude(f))[:, None], _FRAMES, {"spectrum": "magnitude"}
    ),
    "spectral_skewness": Twin(lambda f: moment(magnitude(f), 3)[:, None], _FRAMES, {"spectrum": "magnitude"}),
    "spectral_kurtosis": Twin(lambda f: moment(magnitude(f), 4)[:, None], _FRAMES, {"spectrum": "magnitude"}),
    "spectral_slope": Twin(lambda f: slope(magnitude(f))[:, None], _FRAMES, {"spectrum": "magnitude"}),
    "spectral_flatness": Twin(lambda f: flatness(power(f))[:, None], _FRAMES),
    "spectral_crest": Twin(lambda f: crest(magnitude(f))[:, None], _FRAMES, {"spectrum": "magnitude"}),
    "spectral_flux_rising": Twin(lambda f: rise(magnitude(f))[:, None], _FRAMES, {"spectrum": "magnitude"}),
    "spectral_flux_log": Twin(lambda f: rise(np.log(power(f) + 1e-10))[:, None], _FRAMES),
    "loudness": Twin(lambda f: loudness(f)[:, None], _FRAMES),
    "crest": Twin(lambda f: crest(np.abs(f), of=rms)[:, None], _FRAMES),
    "energy_entropy": Twin(lambda f: energy_entropy(f)[:, None], _FRAMES),
}
