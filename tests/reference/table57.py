"""Slow twins of the table of 57 columns: what is done over the whole clip, and the two parts of a sound."""

import numpy as np

from .bands import bank, hann_power
from .frames import frames
from .twin import Twin

HANN = {"length": 2048, "hop": 512, "window": "hann"}


def zero_crossing_rate(framed):
    """Share of samples with another sign than the one before; up to 1e-10 is positive."""
    negative = framed < -1e-10
    return (negative[:, 1:] != negative[:, :-1]).sum(axis=1) / framed.shape[1]


# --- mel bands and what is made of them ----------------------------------------------------------------


def mel128(power, rate=22050):
    """10 log10 of the energies in 128 bands, at least 1e-10."""
    n_fft = 2 * (power.shape[1] - 1)
    return 10 * np.log10(np.maximum(power @ bank(128, n_fft, rate, htk=False).T, 1e-10))


def mfcc20(power):
    """Orthonormal DCT of levels that are at least 80 dB below the loudest."""
    level = mel128(power)
    level = np.maximum(level, level.max() - 80)
    b = np.arange(128)
    basis = np.array(
        [np.cos(np.pi * q * (b + 0.5) / 128) * np.sqrt((2 if q else 1) / 128) for q in range(20)]
    )
    return level @ basis.T


# --- chroma ----------------------------------------------------------------------------------------------


def peaks(power, rate=22050):
    """Frequency and height of every peak from 150 to 4000 Hz above a tenth of the largest of its frame."""
    n_fft = 2 * (power.shape[1] - 1)
    found = []
    for row in power:
        for k in range(1, len(row) - 1):
            before, here, after = row[k - 1 : k + 2]
            if 150 <= k * rate / n_fft < 4000 and here > 0.1 * row.max() and before < here >= after:
                bend, slope = before - 2 * here + after, (after - before) / 2
                shift = -slope / bend if abs(slope) < abs(bend) else 0.0
                found.append(((k + shift) * rate / n_fft, here + slope * shift / 2))
    return np.array(found).reshape(-1, 2)


def tuning(found):
    """Mode of the distance from the nearest semitone, in hundredths, of the higher half of the peaks."""
    if len(found) == 0:
        return 0.0
    high = found[found[:, 1] >= np.median(found[:, 1]), 0]
    off = (12 * np.log2(high / 27.5) + 0.5) % 1 - 0.5
    counts = np.bincount(np.floor((off + 0.5) * 100).astype(int).clip(0, 99), minlength=100)
    return counts.argmax() / 100 - 0.5


def chroma_weights(n_fft, tuned, rate=22050):
    """Weights of all bins in 12 classes, C first: bells of a semitone or a bin, times one of two octaves."""
    a0 = 27.5 * 2 ** (tuned / 12)
    place = 12 * np.log2(np.arange(1, n_fft // 2 + 2) * rate / n_fft / a0)
    place = np.concatenate([[place[0] - 18], place])
    weights = np.zeros((12, n_fft // 2 + 1))
    for k in range(n_fft // 2 + 1):
        width = max(place[k + 1] - place[k], 1.0)
        for c in range(12):
            away = (place[k] - (c - 9) + 6) % 12 - 6
            weights[c, k] = np.exp(-2 * (away / width) ** 2)
        weights[:, k] *= np.exp(-0.5 * ((place[k] / 12 - 5) / 2) ** 2) / np.sqrt((weights[:, k] ** 2).sum())
    return weights


def chroma_stft(power):
    """Energies of the 12 classes at the clip's tuning, over the largest of the frame."""
    energies = power @ chroma_weights(2 * (power.shape[1] - 1), tuning(peaks(power))).T
    largest = energies.max(axis=1, keepdims=True)
    return energies / np.where(largest > 0, largest, 1)


def chroma_at_tunings(power):
    """Power of 8 bins, then energies of what lies above them at 16 tunings where polynomials are exact."""
    n_fft = 2 * (power.shape[1] - 1)
    tunings = [0.5 * np.cos(np.pi * (i + 0.5) / 16) for i in range(16)]
    energies = [power[:, 8:] @ chroma_weights(n_fft, tuned)[:, 8:].T for tuned in tunings]
    return np.concatenate([power[:, :8], *energies], axis=1)


# --- harmonic and percussive parts ------------------------------------------------------------------


def mirrored(x, i):
    """Row i of x, and beyond its ends that of x mirrored as often as it takes."""
    i %= 2 * len(x)
    return x[i] if i < len(x) else x[2 * len(x) - 1 - i]


def running_median(x, reach=15):
    """Median of every row and the `reach` rows to either side."""
    return np.array(
        [np.median([mirrored(x, i + d) for d in range(-reach, reach + 1)], axis=0) for i in range(len(x))]
    )


def parts(samples):
    """The harmonic and the percussive part of a sound."""
    samples = np.asarray(samples, dtype=float)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    padded = np.pad(samples, 1024)
    starts = range(0, len(samples) + 1, 512)
    spectra = np.array([np.fft.rfft(window * padded[s : s + 2048]) for s in starts])
    steady = running_median(np.abs(spectra)) ** 2
    struck = running_median(np.abs(spectra).T).T ** 2
    total = steady + struck
    share = np.where(total > 0, steady / np.where(total > 0, total, 1), 0.5)
    given = []
    for masked in (spectra * share, spectra * (1 - share)):
        sums, weights = np.zeros((2, len(padded)))
        for start, spectrum in zip(starts, masked, strict=True):
            sums[start : start + 2048] += window * np.fft.irfft(spectrum)
            weights[start : start + 2048] += window**2
        given.append((sums / np.where(weights > 0, weights, 1))[1024:-1024])
    return given


# --- what the contract test asks for --------------------------------------------------------------

MEL = {"bands": 128, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}
TWINS = {
    "zero_crossing_rate": Twin(lambda f: zero_crossing_rate(f)[:, None], {"length": 2048, "hop": 512}),
    "mel128": Twin(lambda f: mel128(hann_power(f)), HANN, MEL),
    "mfcc20": Twin(lambda f: mfcc20(hann_power(f)), HANN, MEL),
    "tuning": Twin(lambda x: [tuning(peaks(hann_power(frames(x, 2048, 512))))], HANN),
    "chroma_at_tunings": Twin(lambda f: chroma_at_tunings(hann_power(f)), HANN),
    "chroma_stft": Twin(lambda f: chroma_stft(hann_power(f)), HANN),
}
