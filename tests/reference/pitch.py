"""Slow twin of the multipitch histograms (Tolonen & Karjalainen 2000), in float64 numpy."""

import numpy as np
from scipy.signal import butter, lfilter

from .frames import frames
from .periodicity import enhance, parabola, peaks

HOP, POWER = 512, 0.67
LENGTH = {"paper": 512, "robust": 1024}
FACTORS = {"paper": range(2, 6), "robust": range(2, 17)}


def channels(samples, rate=22050):
    """Return (low, high): x from 70 Hz to 1 kHz, and x above 1 kHz, half-wave rectified, below 1 kHz.

    The first-order high-pass keeps an offset of the recording out of the low channel.
    """
    x = np.asarray(samples, dtype=np.float64)
    lowpass = butter(2, 1000.0, "low", fs=rate)
    low = lfilter(*butter(1, 70.0, "high", fs=rate), lfilter(*lowpass, x))
    high = lfilter(*lowpass, np.maximum(0.0, lfilter(*butter(2, 1000.0, "high", fs=rate), x)))
    return low, high


def frame_histograms(samples, profile="robust", rate=22050):
    """Return (n_frames, 128): the amplitudes of the three best pitch candidates of a frame, by MIDI note.

    s(l) = irfft(|X_low|^0.67 + |X_high|^0.67) / s(0), enhanced; its peaks from 60 to 1100 Hz. Padding to one
    frame comes after the filters.
    """
    length = LENGTH[profile]
    windowed = [frames(c, length, HOP) * np.hamming(length) for c in channels(samples, rate)]
    spectra = sum(np.abs(np.fft.rfft(c, 2 * length)) ** POWER for c in windowed)
    first, last = int(rate / 1100.0), int(rate / 60.0)
    histograms = np.zeros((len(spectra), 128))
    for histogram, s in zip(histograms, np.fft.irfft(spectra)[:, :length], strict=True):
        if s[0] < 1e-12:
            continue
        e = enhance(s / s[0], FACTORS[profile], drop_lobe=profile == "robust")
        for lag in peaks(e, first, last):
            note = 69.0 + 12.0 * np.log2(rate / parabola(e, lag) / 440.0)
            histogram[int(np.rint(note))] += e[lag]
    return histograms


def pitch_histogram(samples, profile="robust", rate=22050):
    """Return (128,): the unfolded histogram, the sum over the frames."""
    return frame_histograms(samples, profile, rate).sum(axis=0)


def fold(unfolded):
    """Return (12,) by pitch class, C first: F(c) = Σ U(n) over n mod 12 = c."""
    return np.array([unfolded[c::12].sum() for c in range(12)])


def fifths(folded):
    """Return the classes in the order of the circle of fifths, c' = 7c mod 12; its own inverse."""
    return folded[[7 * c % 12 for c in range(12)]]


def pitch_features(unfolded):
    """Return FA0, UP0, FP0, IPO1, SUM."""
    total = unfolded.sum()
    if total <= 0.0:
        return np.zeros(5)
    circle = fifths(fold(unfolded))
    first = int(np.argmax(circle))
    rest = circle.copy()
    rest[first] = 0.0
    second = int(np.argmax(rest))
    interval = (second - first + 5) % 12 - 5 if rest[second] > 0.0 else 0
    return np.array([circle[first] / total, np.argmax(unfolded), first, interval, total])
