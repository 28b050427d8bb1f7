"""Slow twin of the dynamics of a clip: attack, centroid, range, tremolo, loudness; in float64 numpy."""

import numpy as np
from scipy.signal import bilinear, lfilter

from .frames import frames
from .timbre import rms
from .twin import Twin


def envelope(framed):
    """Return (n, 2): RMS and largest modulus of each frame."""
    return np.stack([rms(framed), np.abs(framed).max(axis=1)], axis=1)


def dynamics(samples, rate=22050, length=256):
    """Return log attack time, temporal centroid (s, share), range (dB), crest (dB), share of silence."""
    framed = frames(samples, length, length)
    levels = rms(framed)
    largest = levels.max()
    first = next(i for i, level in enumerate(levels) if level >= 0.2 * largest)
    last = next(i for i, level in enumerate(levels) if level >= 0.9 * largest)
    attack = np.log10(max(last - first, 1) * length / rate)
    times = [(i + 0.5) * length / rate for i in range(len(levels))]
    centroid = sum(t * level**2 for t, level in zip(times, levels, strict=True)) / sum(levels**2)
    decibels = [max(20 * np.log10(level / largest), -60.0) if level > 0.0 else -60.0 for level in levels]
    spread = np.percentile(decibels, 95) - np.percentile(decibels, 10)
    crest = 20 * np.log10(np.abs(framed).max() / np.sqrt((framed**2).mean()))
    silence = sum(level < largest / 1000 for level in levels) / len(levels)
    return np.array([attack, centroid, centroid * rate / length / len(levels), spread, crest, silence])


def tremolo(samples, rate=22050, length=256):
    """Return rate (Hz) and extent: the largest local maximum of the modulation spectrum within 3..12 Hz."""
    levels, frame_rate = rms(frames(samples, length, length)), rate / length
    width = min(round(4 * frame_rate), len(levels))
    segments = frames(levels, width, max(width // 2, 1))
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    hertz = np.arange(2 * width + 1) * frame_rate / (4 * width)
    waves = np.exp(-2j * np.pi * np.outer(hertz / frame_rate, np.arange(width)))
    square = np.mean([np.abs(waves @ ((s - s.mean()) * taper)) ** 2 for s in segments], axis=0)
    loud = np.mean([s.mean() ** 2 for s in segments])
    best = (0.0, 0.0)
    for i in range(1, len(hertz) - 1):
        top = square[i - 1] < square[i] >= square[i + 1]
        extent = 2 * np.sqrt(square[i] / loud) / taper.sum()
        if top and 3.0 <= hertz[i] <= 12.0 and extent > best[1]:
            best = (hertz[i], extent)
    return np.array(best)


def k_weighting(rate):
    """Return the (b, a) of both filters: bilinear transforms of the analogue ones behind BS.1770's tables."""
    high = 10 ** (3.999843853973347 / 20)
    sections = []
    for hertz, q, top in [
        (1681.974450955533, 0.7071752369554196, True),
        (38.13547087602444, 0.5003270373238773, False),
    ]:
        w = 2 * rate * np.tan(np.pi * hertz / rate)
        numerator = [high, high**0.4996667741545416 * w / q, w * w] if top else [1.0, 0.0, 0.0]
        b, a = bilinear(numerator, [1.0, w / q, w * w], rate)
        sections.append((b if top else b / b[0], a))
    return sections


def k_loudness(framed):
    """Return -0.691 + 10·log10 of the mean square of each frame, at least -100."""
    return np.maximum(-0.691 + 10 * np.log10(np.maximum((framed**2).mean(axis=1), 1e-30)), -100.0)


def block_powers(samples, seconds, rate=22050):
    """Return the mean squares of the K-weighted samples over windows of a length, every 100 ms."""
    for b, a in k_weighting(rate):
        samples = lfilter(b, a, samples)
    return (frames(samples, round(seconds * rate), rate // 10) ** 2).mean(axis=1)


def gated(powers, below):
    """Return the powers above -70 LUFS and, of these, those not `below` LU under their mean."""
    heard = powers[-0.691 + 10 * np.log10(np.maximum(powers, 1e-30)) >= -70.0]
    return heard[10 * np.log10(heard) >= 10 * np.log10(heard.mean()) - below]


def integrated_loudness(samples):
    """Return LUFS, from blocks of 400 ms."""
    return -0.691 + 10 * np.log10(gated(block_powers(samples, 0.4), 10.0).mean())


def loudness_range(samples):
    """Return LU between the 10th and 95th percentile of windows of 3 s."""
    levels = 10 * np.log10(gated(block_powers(samples, 3.0), 20.0))
    return np.percentile(levels, 95) - np.percentile(levels, 10)


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {
    "envelope": Twin(envelope, {"length": 256, "hop": 256, "window": "none"}),
    "k_loudness": Twin(lambda f: k_loudness(f)[:, None], {"length": 2205, "hop": 2205, "window": "none"}),
}
