"""Slow twin of timbral texture (Tzanetakis & Cook 2002): spectral shape, crossings, MFCC, low energy."""

from itertools import pairwise

import numpy as np

from .frames import frames, texture, texture_windows
from .twin import Twin

MIREX_SHARE = 0.9  # the default of Marsyas' Rolloff, which its MIREX extractor leaves as it is


# --- spectra ---------------------------------------------------------------------------------------


def hamming(length):
    """Symmetric: w(n) = 0.54 - 0.46·cos(2πn/(N - 1))."""
    return 0.54 - 0.46 * np.cos(2.0 * np.pi * np.arange(length) / (length - 1))


def power(framed):
    """P(k) = |X(k)|², k = 0..N/2, of the windowed frame; not divided by anything."""
    spectrum = np.fft.rfft(framed * hamming(framed.shape[-1]))
    return spectrum.real**2 + spectrum.imag**2


def magnitude(framed):
    """M(k) = |X(k)|."""
    return np.sqrt(power(framed))


# --- one number per spectrum, (n_frames, n_bins) -> (n_frames,) --------------------------------------


def centroid(spectra, rate=22050):
    """C = Σ f(k)·M(k) / Σ M(k), Hz; 0 for silence."""
    hertz = np.arange(spectra.shape[1]) * rate / (2 * (spectra.shape[1] - 1))
    return np.array([(hertz @ m) / m.sum() if m.sum() > 0.0 else 0.0 for m in spectra])


def rolloff(spectra, rate=22050, share=0.85):
    """Frequency of the first bin where the running sum reaches 0.85 of the whole, Hz; 0 for silence."""
    reached = np.array([np.flatnonzero(np.cumsum(m) >= share * np.cumsum(m)[-1])[0] for m in spectra])
    return reached * rate / (2 * (spectra.shape[1] - 1))


def flux(spectra, norm="l2"):
    """F(t) = Σ (N(t, k) - N(t-1, k))², each spectrum divided by its l2 or l1 norm, or by none; F(0) = 0."""
    size = {
        "l2": lambda m: np.sqrt((m**2).sum()),
        "l1": lambda m: np.abs(m).sum(),
        "none": lambda m: 1.0,
    }[norm]
    normed = [m / size(m) if size(m) > 0.0 else np.zeros_like(m) for m in spectra]
    return np.array([0.0] + [((now - last) ** 2).sum() for last, now in pairwise(normed)])


# --- Marsyas' own reading of the three ---------------------------------------------------------------


def marsyas_power(powers):
    """P / (2N)²: Marsyas divides the transform of N samples by 2N."""
    return powers / (4.0 * (powers.shape[1] - 1)) ** 2


def marsyas_centroid(powers):
    """C = (Σ k·P(k) / Σ P(k)) / n_bins, in [0, 1); 0.5 for silence."""
    k, n_bins = np.arange(powers.shape[1]), powers.shape[1]
    return np.array([(k @ p) / p.sum() / n_bins if p.sum() > 0.0 else 0.5 for p in powers])


def marsyas_rolloff(powers, share=0.85):
    """Return the highest bin above 1 whose running sum is still below the share, over n_bins; else 1."""
    values = []
    for p in powers:
        running = np.cumsum(p)
        below = [k for k in range(2, len(p)) if running[k] < share * running[-1]]
        values.append(below[-1] / len(p) if below else 1.0)
    return np.array(values)


def marsyas_flux(powers):
    """F(t) = Σ d / (n_bins·max d), d(k) = (L(t) - L(t-1))², L = ln(P/(2N)² + 2^-1022), L(-1) = 0; k >= 1."""
    logs = np.log(marsyas_power(powers) + np.finfo(np.float64).tiny)[:, 1:]
    squares = [(now - last) ** 2 for last, now in pairwise([np.zeros_like(logs[0]), *logs])]
    n_bins = powers.shape[1]
    return np.array([d.sum() / (d.max() * n_bins) if d.max() > 0.0 else 0.0 for d in squares])


# --- one number per frame of samples -----------------------------------------------------------------


def zcr(framed):
    """Z = (number of sign changes)/(N - 1), the sign of 0 being +."""
    positive = framed >= 0.0
    return (positive[:, 1:] != positive[:, :-1]).sum(axis=1) / (framed.shape[1] - 1)


def marsyas_zcr(framed):
    """Z = (1 + number of strict sign changes)/N: a 0 breaks a crossing, and silence gives 1/N."""
    return (1 + (framed[:, 1:] * framed[:, :-1] < 0.0).sum(axis=1)) / framed.shape[1]


def rms(framed):
    """Root of the mean square."""
    return np.sqrt((framed**2).mean(axis=1))


def low_energy(levels, length=43, start="valid"):
    """Return per texture window the share of frames with RMS < mean RMS, by more than 1e-6 of it."""
    return np.array([(w < w.mean() * (1.0 - 1e-6)).mean() for w in texture_windows(levels, length, start)])


# --- cepstra -----------------------------------------------------------------------------------------


def slaney_bank(n_fft=512, rate=22050):
    """Return (40, n_fft/2 + 1): 13 linear and 27 logarithmic triangles of area 1 over their feet in Hz."""
    edges = [133.3333 + i * 66.66667 for i in range(13)]
    while len(edges) < 42:
        edges.append(edges[-1] * 1.0711703)
    if edges[-1] > rate / 2:
        raise ValueError(f"the bank ends at {edges[-1]:.0f} Hz, half the rate is {rate / 2:.0f} Hz")
    bank = np.zeros((40, n_fft // 2 + 1))
    for i, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        for k in range(bank.shape[1]):
            f = k * rate / n_fft
            rising, falling = (f - low) / (centre - low), (high - f) / (high - centre)
            bank[i, k] = max(0.0, min(rising, falling)) * 2.0 / (high - low)
    return bank


def mfcc(powers, count=13, rate=22050, floor=1e-10, empty=None):
    """c(j) = s(j)·Σ_i log10(E(i))·cos(πj(2i + 1)/80), s(0) = √(1/40), s(j) = √(2/40); E = max(bank·P, floor).

    With ``empty`` there is no floor, and the logarithm of a band without energy is this instead.
    """
    energy = powers @ slaney_bank(2 * (powers.shape[1] - 1), rate).T
    if empty is None:
        logs = np.log10(np.maximum(energy, floor))
    else:
        logs = np.where(energy > 0.0, np.log10(np.where(energy > 0.0, energy, 1.0)), empty)
    i, j = np.arange(40), np.arange(count)
    basis = np.cos(np.pi * np.outer(2 * i + 1, j) / 80.0) * np.where(j == 0, np.sqrt(1 / 40), np.sqrt(2 / 40))
    return logs @ basis


# --- clip vectors ------------------------------------------------------------------------------------


def paper19(samples, rate=22050):
    """Return the 19 numbers: centroid, rolloff, flux, zcr {mean, var}, low energy, MFCC 1-5 {mean, var}.

    Each is the mean over the texture windows; the first frame has no flux and does not take part in it.
    """
    framed = frames(samples)
    m = magnitude(framed)
    change = flux(m)
    tracks = [centroid(m, rate), rolloff(m, rate), change[1:] if len(change) > 1 else change, zcr(framed)]
    shape = [np.mean(statistic) for track in tracks for statistic in texture(track)]
    cepstra = [np.mean(s) for c in mfcc(power(framed), 6, rate)[:, 1:].T for s in texture(c)]
    return np.array([*shape, low_energy(rms(framed)).mean(), *cepstra])


def marsyas64(samples, rate=22050):
    """Return the MIREX 64: {mean, std} over the clip of {running mean, running std} over 40 frames of 16.

    The 16 are centroid, rolloff, flux, MFCC 0-12. Order: mean of the 16 means, mean of the 16 deviations,
    then the standard deviations over the clip of the same 32.
    """
    p = power(frames(samples, pad_end=True))
    shape = [marsyas_centroid(p), marsyas_rolloff(p, MIREX_SHARE), marsyas_flux(p)]
    cepstra = mfcc(marsyas_power(p), 13, rate, empty=0.0).T
    running = [texture(track, 40, "prefill") for track in [*shape, *cepstra]]
    columns = [means for means, _ in running] + [np.sqrt(variances) for _, variances in running]
    return np.array([c.mean() for c in columns] + [c.std() for c in columns])


# --- what the contract test asks for --------------------------------------------------------------

_FRAMES = {"length": 512, "hop": 512}
TWINS = {
    "zcr": Twin(lambda f: zcr(f)[:, None]),
    "rms": Twin(lambda f: rms(f)[:, None], _FRAMES),
    "spectral_centroid": Twin(lambda f: centroid(magnitude(f))[:, None]),
    "spectral_rolloff": Twin(lambda f: rolloff(magnitude(f))[:, None]),
    "spectral_flux": Twin(lambda f: flux(magnitude(f))[:, None]),
    "mfcc": Twin(lambda f: mfcc(power(f))),
    "marsyas_centroid": Twin(lambda f: marsyas_centroid(power(f))[:, None]),
    "marsyas_rolloff": Twin(lambda f: marsyas_rolloff(power(f), 0.9)[:, None]),
    "marsyas_flux": Twin(lambda f: marsyas_flux(power(f))[:, None]),
    "marsyas_mfcc": Twin(lambda f: mfcc(marsyas_power(power(f)), empty=0.0)),
    "spectral_flux_l1": Twin(lambda f: flux(magnitude(f), "l1")[:, None], _FRAMES, {"spectrum": "magnitude"}),
}
