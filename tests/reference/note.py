"""Slow twins of a note alone: its f0 at half lags, its partials, its envelope; in float64 numpy."""

import math

import numpy as np

from .bands import htk_mfcc
from .f0 import vibrato
from .frames import frames
from .timbre import power, rms
from .twin import Twin

RATE = 22050


def fundamental(frame, low_hz=27.0, high_hz=4200.0, threshold=0.3, tolerance=0.01):
    """Return (f0, voicing): the shortest of the deepest minima of d', at every half lag."""
    x = frame - frame.mean()
    longest = math.ceil(RATE / low_hz)
    width = len(x) - longest - 1
    # r(τ + 1/2) by the transform of the whole frame at twice as many points
    cross = np.conj(np.fft.rfft(np.r_[x[:width], np.zeros(len(x) - width)])) * np.fft.rfft(x)
    cross[-1] = 0.5 * cross[-1].real
    fine = 2.0 * np.fft.irfft(cross, 2 * len(x))
    squares = np.array([(x[lag : lag + width] ** 2).sum() for lag in range(longest + 2)])
    squares = np.interp(np.arange(2 * longest + 3) / 2.0, np.arange(longest + 2), squares)
    d = np.maximum(squares[0] + squares - 2.0 * fine[: len(squares)], 0.0)
    d[0] = 0.0
    if d[2::2].sum() <= 1e-5 * squares[0] * (longest + 1):
        return 0.0, 0.0
    mean = np.cumsum(d[1:]) / np.arange(1, len(d))
    normalised = np.r_[1.0, d[1:] / mean]
    i = np.arange(max(math.floor(2 * RATE / high_hz), 2), len(d) - 1)
    i = i[(normalised[i - 1] > normalised[i]) & (normalised[i] <= normalised[i + 1])]
    if not len(i):
        return 0.0, 0.0
    a, b = 0.5 * (d[i - 1] + d[i + 1]) - d[i], 0.5 * (d[i + 1] - d[i - 1])
    shifts = np.array(
        [np.clip(-q / (2.0 * p), -1.0, 1.0) if p > 0.0 else 0.0 for p, q in zip(a, b, strict=True)]
    )
    depths = np.maximum(d[i] + 0.5 * b * shifts, 0.0) / mean[i - 1]
    if depths.min() >= threshold:
        return 0.0, 0.0
    best = np.flatnonzero(depths <= depths.min() + tolerance)[0]
    return 2.0 * RATE / (i + shifts)[best], max(1.0 - depths[best], 0.0)


def note_f0(framed):
    """Return (n_frames, 3): f0, voicing, and RMS of the frame less its mean."""
    levels = rms(framed - framed.mean(axis=1, keepdims=True))
    return np.column_stack([[fundamental(frame) for frame in framed], levels])


def note_pitch(samples):
    """Return the six numbers of a note."""
    f0, voicing, level = note_f0(frames(samples, 2048, 512)).T
    if not f0.any():
        return np.zeros(6)
    heard = f0 > 0
    weights = np.where(heard, voicing * level, 0.0)
    weights /= weights.sum()
    hertz = next(h for h in np.sort(f0[heard]) if weights[(f0 <= h) & heard].sum() >= 0.5 - 1e-12)
    line = 12.0 * np.log2(np.where(heard, f0, 1.0) / hertz)
    held = heard & (abs(line) <= 0.5)
    runs = "".join(" x"[h] for h in held.astype(int)).split(" ")
    best = max(runs, key=len)
    start = "".join(" x"[h] for h in held.astype(int)).index(best)
    rate, extent = (0.0, 0.0)
    if len(best) >= 0.5 * RATE / 512:
        rate, extent = vibrato(line[start : start + len(best)], RATE / 512)
    semitones = 69.0 + 12.0 * np.log2(hertz / 440.0)
    return np.array([hertz, semitones, weights[held].sum(), (weights * voicing).sum(), rate, extent])


def partials(spectrum, f0, width):
    """Return amplitudes and frequencies of up to 20 partials of a power spectrum."""
    found = []
    for h in range(1, 21):
        place, reach = h * f0 / width, min(max(0.25 * f0 / width, 1.0), 3.0)
        low, high = max(math.ceil(place - reach), 1), min(math.floor(place + reach), len(spectrum) - 2)
        if place > len(spectrum) - 2 or low > high:
            break
        best = low + int(np.argmax(spectrum[low : high + 1]))
        a, b, c = np.polyfit([-1.0, 0.0, 1.0], np.log(spectrum[best - 1 : best + 2]), 2)
        shift = np.clip(-b / (2.0 * a), -0.5, 0.5) if a < 0 else 0.0
        found.append((np.exp(0.5 * (c + 0.5 * b * shift)), (best + shift) * width))
    return np.array(found).reshape(-1, 2).T


def harmonics_of(frame, length=2048):
    """Return the ten numbers of a frame."""
    f0, _ = fundamental(frame)
    x, width = frame - frame.mean(), RATE / length
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    spectrum = np.abs(np.fft.rfft(x * window)) ** 2
    level = np.sqrt(spectrum[1:].sum())
    if f0 == 0.0:
        return np.r_[np.zeros(9), level]
    a, f = partials(spectrum, f0, width)
    h = np.arange(1, len(a) + 1)
    share, square = a / a.sum(), a**2 / (a**2).sum()
    odd, even = square[0::2].sum(), square[1::2].sum()
    ratio = np.clip(10.0 * np.log10(odd / even), -60.0, 60.0) if even > 0.0 else 60.0
    centre = (share * f).sum()
    levels = np.maximum(10.0 * np.log10(square), -80.0)
    around = [levels[max(i - 1, 0) : i + 2].mean() for i in range(len(a))]
    bins = np.arange(len(spectrum))
    middles = np.round(np.maximum(np.round(bins * width / f0), 1.0) * f0 / width)
    inside = spectrum[(abs(bins - middles) <= 2) & (bins > 0)].sum()
    return np.array(
        [
            share[0],
            share[1:4].sum(),
            share[4:].sum(),
            ratio,
            centre,
            np.sqrt((square * (f - centre) ** 2).sum()) / centre,
            np.abs(levels - around).mean(),
            2.0 / f0 * (square * np.abs(f - h * f0)).sum(),
            1.0 - inside / spectrum[1:].sum(),
            level,
        ]
    )


def harmonics(framed):
    """Return (n_frames, 10)."""
    return np.array([harmonics_of(frame) for frame in framed])


def note_harmonics(samples):
    """Return mean and deviation of nine numbers over the frames, weighted by the tenth."""
    track = harmonics(frames(samples, 2048, 512))
    weights = np.where(track[:, 0] > 0.0, track[:, 9], 0.0)
    weights /= weights.sum()
    means = (weights[:, None] * track[:, :9]).sum(axis=0)
    spreads = np.sqrt((weights[:, None] * (track[:, :9] - means) ** 2).sum(axis=0))
    return np.column_stack([means, spreads]).ravel()


def first(condition):
    """Return the place of the first that is true."""
    return next(i for i, true in enumerate(condition) if true)


def last(condition):
    """Return the place of the last that is true."""
    return len(condition) - 1 - first(condition[::-1])


def note_envelope(samples, length=256, hop=128):
    """Return the nine numbers of a note."""
    level = rms(frames(samples, length, hop))
    level, rate = level / level.max(), RATE / hop
    begin, end, start = first(level >= 0.01), last(level >= 0.01), first(level >= 0.1)
    peak = first(level == 1.0)
    decibels = np.array([max(20.0 * np.log10(x), -40.0) if x > 0.0 else -40.0 for x in level])
    times = np.arange(len(level)) / rate
    tail = slice(first(level >= 0.9), end + 1)
    decay = -np.polyfit(times[tail], decibels[tail], 1)[0] if end > first(level >= 0.9) else 0.0
    whole = level[start : end + 1]
    centroid = sum((i + 0.5) * x for i, x in enumerate(whole)) / whole.sum()
    spans = [
        first(level >= 0.9) - start,
        first(level >= 0.5) - start,
        peak - start,
        end - last(level >= 0.9),
        (level >= 0.4).sum(),
    ]
    return np.array(
        [
            *(np.log10(max(span, 1) / rate) for span in spans),
            decay,
            np.log10(max(centroid, 1.0) / rate),
            centroid / len(whole),
            decibels[begin : end + 1].std(),
        ]
    )


def level_and_mfcc(framed):
    """Return (n_frames, 14): RMS, and 13 MFCC."""
    return np.column_stack([rms(framed), htk_mfcc(power(framed))])


def mfcc_phases(samples, length=550, hop=220):
    """Return mean MFCC of attack, middle and end."""
    track = level_and_mfcc(frames(samples, length, hop))
    level = track[:, 0] / track[:, 0].max()
    sounding = [i for i, x in enumerate(level) if x >= 0.01]
    whole, half = first(level >= 0.9), last(level >= 0.5)
    phases = [
        range(sounding[0], whole + 1),
        range(whole + 1, half + 1),
        range(max(half, whole) + 1, sounding[-1] + 1),
    ]
    last_frame = len(level) - 1
    return np.concatenate(
        [track[list(phase) or [min(phase.start, last_frame)], 1:].mean(axis=0) for phase in phases]
    )


# --- what the contract test asks for --------------------------------------------------------------

_NOTE = {"length": 2048, "hop": 512, "window": "hann", "remove_mean": True}
_CEPSTRA = {"length": 550, "hop": 220}
_HTK = {"bands": 26, "mel": "htk", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}

TWINS = {
    "note_f0": Twin(note_f0, _NOTE),
    "note_pitch": Twin(None, _NOTE),
    "harmonics": Twin(harmonics, _NOTE),
    "note_harmonics": Twin(None, _NOTE),
    "note_envelope": Twin(note_envelope),
    "level_and_mfcc": Twin(level_and_mfcc, _CEPSTRA, _HTK),
    "mfcc_phases": Twin(mfcc_phases, _CEPSTRA, _HTK),
}
