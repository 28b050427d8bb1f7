"""Slow twin of chroma, tonnetz and key (Ellis 2007; Harte et al. 2006; Krumhansl 1990; Gómez 2006)."""

import numpy as np

from .frames import frames
from .timbre import power
from .twin import Twin

MAJOR = {
    "krumhansl": [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
    "albrecht": [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081],
    "faraldo": [1.0, 0.1573, 0.42, 0.157, 0.5296, 0.3669, 0.1632, 0.7711, 0.1676, 0.3827, 0.2113, 0.2965],
}
MINOR = {
    "krumhansl": [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    "albrecht": [0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052],
    "faraldo": [1.0, 0.233, 0.3615, 0.3905, 0.2925, 0.3777, 0.1961, 0.7425, 0.2701, 0.2161, 0.4228, 0.2272],
}


def chroma_weights(frequency, width_hz):
    """Return weights of one bin in C, C#, .. B: a bell over semitones of unit length; one over octaves."""
    pitch = 69.0 + 12.0 * np.log2(frequency / 440.0)
    width = max(1.0, 12.0 * np.log2((frequency + width_hz) / frequency))
    weights = np.zeros(12)
    for c in range(12):
        away = min((pitch - c) % 12.0, (c - pitch) % 12.0)
        weights[c] = np.exp(-2.0 * (away / width) ** 2)
    octaves = np.log2(frequency / 880.0)
    return weights / np.sqrt((weights**2).sum()) * np.exp(-0.5 * (octaves / 2.0) ** 2)


def chroma(framed, rate=22050):
    """Return (n_frames, 12): power between 55 and 5000 Hz by pitch class, over its largest class."""
    powers, width = power(framed), rate / framed.shape[1]
    energies = np.zeros((len(framed), 12))
    for k in range(1, powers.shape[1]):
        if 55.0 <= k * width <= 5000.0:
            energies += np.outer(powers[:, k], chroma_weights(k * width, width))
    return np.array([e / e.max() if e.max() > 0.0 else e for e in energies])


def tonnetz(classes):
    """Return (n_frames, 6): where the classes stand on circles of fifths, minor and major thirds."""
    c = np.arange(12)
    angles = [7.0 * np.pi * c / 6.0, 3.0 * np.pi * c / 2.0, 2.0 * np.pi * c / 3.0]
    rows = [r * wave(a) for r, a in zip((1.0, 1.0, 0.5), angles, strict=True) for wave in (np.sin, np.cos)]
    shares = [v / v.sum() if v.sum() > 0.0 else v for v in classes]
    return np.array([[row @ share for row in rows] for share in shares])


def key(classes, profile):
    """Return (tonic, mode, strength, margin) by Pearson's correlation with 24 profiles, major first."""
    if np.ptp(classes) == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    rated = []
    for mode, of_mode in ((1, MAJOR[profile]), (0, MINOR[profile])):
        for tonic in range(12):
            expected = [of_mode[(c - tonic) % 12] for c in range(12)]
            rated.append((np.corrcoef(classes, expected)[0, 1], tonic, mode))
    rated.sort(key=lambda row: -row[0])
    return rated[0][1], rated[0][2], rated[0][0], rated[0][0] - rated[1][0]


def peaks(spectrum, width):
    """Return (frequency, amplitude) of the peaks from 25 to 3500 Hz, down to 20 dB below the largest."""
    searched = [k for k in range(1, len(spectrum) - 1) if 25.0 <= k * width <= 3500.0]
    least = 0.01 * max(spectrum[k] for k in searched)
    found = []
    for k in searched:
        if spectrum[k - 1] < spectrum[k] >= spectrum[k + 1] and spectrum[k] > least:
            a, b, c = np.log(spectrum[k - 1 : k + 2])
            shift = (a - c) / (2.0 * (a - 2.0 * b + c))
            found.append(((k + shift) * width, np.exp(0.5 * (b - 0.25 * (a - c) * shift))))
    return found


def hpcp_key(samples, rate=22050):
    """Return (tonic, mode, strength, margin, tuning) by 4 harmonics of each peak in frames of 4096."""
    cut = frames(samples, 4096, 4096)
    cut = cut - cut.mean(axis=1, keepdims=True)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(4096) / 4096.0)
    total = np.zeros(120)
    for spectrum in np.abs(np.fft.rfft(cut * hann)) ** 2:
        for hertz, amplitude in peaks(spectrum, rate / 4096.0) if spectrum.any() else []:
            for h in range(1, 5):
                semitone = (69.0 + 12.0 * np.log2(hertz / h / 440.0)) % 12.0
                for b in range(120):
                    away = (10.0 * semitone - b + 60.0) % 120.0 - 60.0
                    total[b] += max(1.0 - abs(away), 0.0) * 0.6 ** (h - 1) * amplitude
    tuning = np.angle((total * np.exp(0.2j * np.pi * np.arange(120))).sum()) / (2.0 * np.pi)
    classes = np.zeros(12)
    for c in range(12):
        for b in range(120):
            away = (b / 10.0 - c - tuning + 6.0) % 12.0 - 6.0
            if abs(away) < 0.8:
                classes[c] += np.cos(np.pi * away / 1.6) ** 2 * total[b]
    return np.array([*key(classes, "faraldo"), tuning])


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {
    "chroma": Twin(lambda f: chroma(f)),
    "tonnetz": Twin(lambda f: tonnetz(chroma(f))),
    "hpcp_key": Twin(hpcp_key),
}
