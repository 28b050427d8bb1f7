"""Slow twin of onset strength, tempo and onset rate (after Ellis 2007), in float64 numpy."""

import numpy as np

from .timbre import power, slaney_bank
from .twin import Twin

FLOOR = 1e-10


def onset_strength(framed, rate=22050):
    """O(t) = mean over 40 bands of max(0, log10 E(t) - log10 E(t-1)); O(0) = 0."""
    bands = np.maximum(power(framed) @ slaney_bank(framed.shape[1], rate).T, FLOOR)
    rises = np.maximum(0.0, np.diff(np.log10(bands), axis=0)).mean(axis=1)
    return np.concatenate([[0.0], rises])


def above_local_mean(x, reach):
    """Subtract from each value the mean of those at most ``reach`` away."""
    return np.array([x[i] - x[max(0, i - reach) : i + reach + 1].mean() for i in range(len(x))])


def autocorrelation_at(x, lag):
    """Return r(lag)/r(0), r(l) = Σ x(n)·x(n-l), between whole lags on a straight line."""
    whole = int(lag)
    r = [(x[n:] * x[: len(x) - n]).sum() if n < len(x) else 0.0 for n in (whole, whole + 1)]
    return (r[0] + (lag - whole) * (r[1] - r[0])) / (x @ x)


def tempo(strength, frame_rate):
    """Return (bpm, clarity): the most salient of the tempi 240·frame_rate/L, L whole, in 40..240 bpm.

    Salience is the mean of r at one, two and four beats, r that of the strength above its local mean, blurred
    by one frame; it is weighted by a bell over octaves at 115 bpm.
    """
    x = above_local_mean(np.asarray(strength, dtype=np.float64)[1:], round(frame_rate / 2))
    x = np.convolve(x, [0.5, 0.5], "valid") if len(x) > 1 else x[:0]
    best = (0.0, 0.0, 0.0)
    if len(x) == 0 or not x.any():
        return best[1:]
    for four_beats in range(int(np.ceil(frame_rate)), int(6 * frame_rate) + 1):
        bpm = 240.0 * frame_rate / four_beats
        clarity = np.mean([autocorrelation_at(x, four_beats * part) for part in (0.25, 0.5, 1.0)])
        weighted = clarity * np.exp(-0.5 * np.log2(bpm / 115.0) ** 2)
        if weighted > best[0]:
            best = (weighted, bpm, clarity)
    return best[1:]


def onset_rate(strength, frame_rate):
    """Onsets per second: values 0.1 above the mean of the second around, the largest within 50 ms."""
    x = above_local_mean(np.asarray(strength, dtype=np.float64)[1:], round(frame_rate / 2))
    reach = round(0.05 * frame_rate)
    count = 0
    for i in range(len(x)):
        around = x[max(0, i - reach) : i + reach + 1]
        count += x[i] > 0.1 and around.argmax() == min(i, reach)
    return count * frame_rate / len(x)


def tempogram(strength, frame_rate):
    """Return the pulse in 24 bands of tempo from 30 to 480 bpm, its entropy and its largest value.

    Over windows of 8 s every 2 s, r(l)/r(0)·n/(n - l), l < n/2, is averaged; a band takes its largest value,
    1 at most.
    """
    x = above_local_mean(np.asarray(strength, dtype=np.float64)[1:], round(frame_rate / 2))
    x = x[1:] + x[:-1]
    n = min(round(8 * frame_rate), len(x))
    windows = [x[start : start + n] for start in range(0, len(x) - n + 1, max(n // 4, 1))]
    r = np.zeros((n + 1) // 2)
    for lag in range(len(r)):
        for w in windows:
            if w.any():
                r[lag] += (w[lag:] @ w[: n - lag]) / (w @ w) * n / (n - lag) / len(windows)
    pulse = []
    for band in range(24):
        slow, fast = 30 * 2 ** (band / 6), 30 * 2 ** ((band + 1) / 6)
        inside = [r[lag] for lag in range(len(r)) if lag and slow <= 60 * frame_rate / lag < fast]
        pulse.append(min([1.0, max(inside, default=0.0)]))
    p = np.maximum(pulse, 0.0)
    if p.sum() == 0.0:
        return np.array([*pulse, 0.0, 0.0])
    p = p[p > 0.0] / p.sum()
    return np.array([*pulse, -(p * np.log(p)).sum() / np.log(24), max(pulse)])


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {
    "onset_strength": Twin(lambda f: onset_strength(f)[:, None]),
}
