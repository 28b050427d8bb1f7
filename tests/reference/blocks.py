"""Slow twins of block-level features (Seyerlehner et al. 2010): one band and one block at a time."""

import numpy as np

from .bands import hann_power
from .frames import frames
from .twin import Twin

RATE, LENGTH, HOP = 22050, 2048, 512


def triangle(x, low, centre, high):
    """1 at the centre, 0 at and beyond low and high."""
    return max(0.0, min((x - low) / (centre - low), (high - x) / (high - centre)))


def gather(spectrum, spacing, centre, ratio):
    """Mean under a triangle between neighbouring centres, or between bins where these are wider apart."""
    low, high = min(centre / ratio, centre - spacing), max(centre * ratio, centre + spacing)
    weights = np.array([triangle(k * spacing, low, centre, high) for k in range(len(spectrum))])
    return weights @ spectrum / weights.sum()


def cent_spectrum(framed):
    """(n_frames, 97) in dB."""
    levels = np.zeros((len(framed), 97))
    magnitudes = np.sqrt(hann_power(framed))
    for b in range(97):
        centre = RATE / 2 * 2 ** ((b - 97) / 12)
        levels[:, b] = gather(magnitudes.T, RATE / LENGTH, centre, 2 ** (1 / 12))
    return 20 * np.log10(np.maximum(levels, 1e-3))


def blocks(track, length, hop):
    """All whole blocks; a short track goes on as it ends."""
    while len(track) < length:
        track = np.vstack([track, track[-1:]])
    return [track[start : start + length] for start in range(0, len(track) - length + 1, hop)]


def ranked(track, length, hop, kept):
    """(n_blocks, n_bands, kept)."""
    return np.array([np.sort(block, axis=0)[-kept:].T for block in blocks(track, length, hop)])


def spectral_pattern(track):
    """Sorted levels of 10 frames."""
    return np.percentile(ranked(track, 10, 5, 10), 90, axis=0).ravel() - track.mean()


def delta_pattern(track):
    """Sorted rises over 3 frames, the largest 14 of 25: percentiles, then variances."""
    rises = np.array(
        [np.maximum(track[t] - track[t - 3], 0) if t >= 3 else 0 * track[t] for t in range(len(track))]
    )
    patterns = ranked(rises, 25, 5, 14)
    return np.concatenate([np.percentile(patterns, 90, axis=0).ravel(), patterns.var(axis=0).ravel()])


def fluctuation_pattern(track):
    """Amplitudes of modulation at 37 rates up to 10 Hz, six to the octave."""
    rates = [10 * 2 ** ((j - 36) / 6) for j in range(37)]
    patterns = []
    for block in blocks(track, 512, 128):
        amplitudes = 2 / 512 * np.abs(np.fft.rfft(block - block.mean(axis=0), axis=0))
        patterns.append([gather(amplitudes, RATE / HOP / 512, rate, 2 ** (1 / 6)) for rate in rates])
    return np.percentile(np.array(patterns), 60, axis=0).T.ravel()


def split(track, n):
    """Neighbouring bands, n groups."""
    return np.array_split(track, n, axis=1)


def correlation_pattern(track):
    """Correlations of 52 bands, the upper triangle."""
    bands = np.stack([part.mean(axis=1) for part in split(track, 52)], axis=1)
    patterns = []
    for block in blocks(bands, 256, 128):
        row = []
        for a in range(52):
            for b in range(a + 1, 52):
                steady = min(block[:, a].std(), block[:, b].std()) <= 0.01
                row.append(0.0 if steady else np.corrcoef(block[:, a], block[:, b])[0, 1])
        patterns.append(row)
    return np.median(patterns, axis=0)


def contrast_pattern(track):
    """Sorted differences of the strongest and the weakest of neighbouring bands."""
    contrasts = np.stack([part.max(axis=1) - part.min(axis=1) for part in split(track, 20)], axis=1)
    return np.percentile(ranked(contrasts, 40, 20, 40), 10, axis=0).ravel()


# --- what the contract test asks for --------------------------------------------------------------

_FRAMES = {"length": LENGTH, "hop": HOP, "window": "hann"}


def _of(pattern):
    return lambda samples: pattern(cent_spectrum(frames(samples, LENGTH, HOP)))


TWINS = {
    "cent_spectrum": Twin(cent_spectrum, _FRAMES),
    "spectral_pattern": Twin(_of(spectral_pattern)),
    "delta_pattern": Twin(_of(delta_pattern)),
    "fluctuation_pattern": Twin(_of(fluctuation_pattern)),
    "correlation_pattern": Twin(_of(correlation_pattern)),
    "contrast_pattern": Twin(_of(contrast_pattern)),
}
