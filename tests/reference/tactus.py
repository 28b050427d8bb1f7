"""Slow twins of onset strength by bands and of the tempo of the tactus, in float64 numpy."""

import numpy as np

from .bands import mel
from .frames import frames
from .tempo import above_local_mean
from .timbre import power
from .twin import Twin

FRAME_RATE = 22050 / 256
WEIGHTS = np.array([4.0, 4.7, 4.5, 9.9, -7.4, -1.2, -2.2])


def band_onset_strength(framed):
    """Mean of max(0, E(t)^0.3 - E(t-1)^0.3) over 40 mel bands, over 6 below 500 Hz, over 19 up to 3 kHz."""
    rises = np.maximum(0.0, np.diff(mel(power(framed), 40) ** 0.3, axis=0))
    track = np.stack([rises[:, band].mean(axis=1) for band in (slice(40), slice(6), slice(6, 25))], axis=1)
    return np.concatenate([np.zeros((1, 3)), track])


def correlation_at(x, y, lag):
    """Return Σ x(n)·y(n+l) / √(Σ x² Σ y²), between whole lags on a straight line; 0 from the end on."""
    whole = int(lag)
    if whole + 1 >= len(x):
        return 0.0
    r = [(x[: len(x) - n] * y[n:]).sum() for n in (whole, whole + 1)]
    return r[0] + (lag - whole) * (r[1] - r[0])


def magnitude_at(windows, bpm, frame_rate, n_fft):
    """Return √Σ|X(f)|² over windows, on a straight line between multiples of 60·frame_rate/n_fft."""
    place = bpm * n_fft / (60 * frame_rate)
    n = np.arange(len(windows[0]))
    both = []
    for k in (int(place), int(place) + 1):
        wave = np.exp(-2j * np.pi * k * n / n_fft)
        both.append(np.sqrt(sum(abs((w * wave).sum()) ** 2 for w in windows)))
    return both[0] + (place - int(place)) * (both[1] - both[0])


def tactus(track, frame_rate):
    """Return the best of the tempi 40·2^(i/48), moved to the top of its parabola, and its share."""
    strengths = [
        above_local_mean(np.asarray(c, dtype=np.float64)[1:], round(frame_rate / 2)) for c in track.T
    ]
    strengths = [x[1:] + x[:-1] for x in strengths]
    n = min(round(12 * frame_rate), len(strengths[0]))
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, n + 1) / (n + 1))
    starts = range(0, len(strengths[0]) - n + 1, max(n // 4, 1))
    every, low, middle = ([x[s : s + n] * taper for s in starts] for x in strengths)
    n_fft = 2 ** int(np.ceil(np.log2(4 * n)))
    loud = sum((w * w).sum() for w in every)
    shared = np.sqrt(sum((w * w).sum() for w in low) * sum((w * w).sum() for w in middle))

    def repeats(lag):
        return sum(correlation_at(w, w, lag) for w in every) / loud

    def turns(lag):
        both = [
            correlation_at(a, b, lag) + correlation_at(b, a, lag) for a, b in zip(low, middle, strict=True)
        ]
        return sum(both) / 2 / shared

    first, last = (int(edge * n_fft / (60 * frame_rate)) for edge in (40, 480))
    bins = (np.arange(first + 1, last + 1)) * 60 * frame_rate / n_fft
    top = max(magnitude_at(every, bpm, frame_rate, n_fft) for bpm in bins)
    tempi = 40 * 2 ** (np.arange(125) / 48)
    scores = []
    for bpm in tempi:
        beat, octaves = 60 * frame_rate / bpm, np.log2(bpm / 115)
        fourier = [magnitude_at(every, k * bpm, frame_rate, n_fft) / top for k in (1, 2)]
        evidence = [repeats(beat / 2), *fourier, turns(beat), turns(beat / 2), octaves, octaves**2]
        scores.append(WEIGHTS @ evidence)
    i = int(np.argmax(scores))
    bpm = tempi[i]
    if 0 < i < 124:
        a, b, c = scores[i - 1 : i + 2]
        bpm = 40 * 2 ** ((i + (a - c) / (2 * (a - 2 * b + c))) / 48)
    shares = np.exp(np.array(scores) - max(scores))
    return np.array([bpm, shares[abs(tempi / bpm - 1) < 0.08].sum() / shares.sum()])


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {
    "band_onset_strength": Twin(
        lambda f: band_onset_strength(f), {"length": 1024, "hop": 256}, {"frame_rate": FRAME_RATE}
    ),
    "tactus": Twin(lambda samples: tactus(band_onset_strength(frames(samples, 1024, 256)), FRAME_RATE)),
}
