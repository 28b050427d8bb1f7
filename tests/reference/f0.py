"""Slow twin of the f0 track and its contour (YIN, de Cheveigné & Kawahara 2002), in float64 numpy."""

import math

import numpy as np

from .frames import frames
from .twin import Twin

RATE = 22050


def yin(frame, low_hz=65.0, high_hz=1000.0, threshold=0.2):
    """Return (f0, voicing) of one frame: sums of squared differences, one lag after the other."""
    x = frame - frame.mean()
    longest = math.ceil(RATE / low_hz)
    width = len(x) - longest - 1
    d = np.array([((x[:width] - x[lag : lag + width]) ** 2).sum() for lag in range(longest + 2)])
    normalised = np.ones(longest + 2)
    for lag in range(1, longest + 2):
        below = d[1 : lag + 1].mean()
        normalised[lag] = d[lag] / below if below > 0.0 else 1.0
    candidates = range(max(math.floor(RATE / high_hz), 2), longest + 1)
    for lag in candidates:
        before, here, after = normalised[lag - 1 : lag + 2]
        if here < threshold and before > here <= after:
            parabola = np.polyfit([-1.0, 0.0, 1.0], d[lag - 1 : lag + 2], 2)
            return RATE / (lag - parabola[1] / (2.0 * parabola[0])), max(1.0 - here, 0.0)
    return 0.0, max(1.0 - min(normalised[lag] for lag in candidates), 0.0)


def f0(framed):
    """Return (n_frames, 2): f0 in Hz, 0 where unvoiced, and voicing."""
    return np.array([yin(frame) for frame in framed])


def vibrato(note, frame_rate):
    """Return (rate, extent) of the best sinusoid of 3 to 9 Hz in a note less its straight line."""
    time = np.arange(len(note)) / frame_rate
    moved = note - np.polyval(np.polyfit(time, note, 1), time)
    taper = np.hanning(len(note) + 2)[1:-1]
    grid = np.arange(8 * len(note)) * frame_rate / (8 * len(note))
    size = {h: 2.0 * abs((taper * moved * np.exp(-2j * np.pi * h * time)).sum()) / taper.sum() for h in grid}
    best = max((h for h in grid if 3.0 <= h <= 9.0), key=size.get)
    place = list(grid).index(best)
    flank = size[best] < max(size[grid[place - 1]], size[grid[place + 1]])
    share = size[best] ** 2 / 2.0 / np.average(moved**2, weights=taper)
    return (best, 100.0 * size[best]) if not flank and share >= 0.5 and size[best] >= 0.05 else (0.0, 0.0)


def split(pitches, together):
    """Return lists of pitches one after another, cut at silence (NaN) and where two are not `together`."""
    parts, last = [], np.nan
    for pitch in pitches:
        if not np.isnan(pitch):
            if np.isnan(last) or not together(last, pitch):
                parts.append([])
            parts[-1].append(pitch)
        last = pitch
    return parts


def pitch_contour(samples, frame_rate=RATE / 512):
    """Return the ten numbers of a clip."""
    hertz = f0(frames(samples, 1024, 512))[:, 0]
    pitches = np.array([69.0 + 12.0 * np.log2(h / 440.0) if h > 0.0 else np.nan for h in hertz])
    if np.isnan(pitches).all():
        return np.zeros(10)
    heard = pitches[~np.isnan(pitches)]
    lines = split(pitches, lambda a, b: True)
    notes = split(pitches, lambda a, b: abs(b - a) < 1.0)
    glides = np.concatenate([np.abs(np.diff(note)) for note in notes])
    long = [np.array(note) for note in notes if len(note) >= 0.5 * frame_rate]
    wavers = [(len(note), *vibrato(note, frame_rate)) for note in long]
    swing = sum(n * extent for n, _, extent in wavers)
    return np.array(
        [
            len(heard) / len(pitches),
            heard.mean(),
            np.median(heard),
            heard.std(),
            np.percentile(heard, 95) - np.percentile(heard, 5),
            np.mean([len(line) for line in lines]) / frame_rate,
            glides.mean() * frame_rate if len(glides) else 0.0,
            (len(notes) - len(lines)) * frame_rate / len(pitches),
            sum(n * extent * rate for n, rate, extent in wavers) / swing if swing else 0.0,
            swing / sum(n for n, _, _ in wavers) if swing else 0.0,
        ]
    )


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {"f0": Twin(f0), "pitch_contour": Twin(pitch_contour)}
