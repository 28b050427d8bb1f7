"""Fingerprint of Haitsma & Kalker (2002) as a loop over frames, bands and bits, in float64."""

import math
from itertools import pairwise

import numpy as np


def fingerprint(samples, rate=5512, length=2048, hop=64, lowest=300.0, highest=2000.0, n_bands=33):
    """Words of 32 bits: does the slope between two bands rise from one frame to the next?"""
    edges = [round(lowest * (highest / lowest) ** (i / n_bands) * length / rate) for i in range(n_bands + 1)]
    taper = [0.5 - 0.5 * math.cos(2 * math.pi * n / length) for n in range(length)]
    energies = []
    for start in range(0, len(samples) - length + 1, hop):
        spectrum = np.abs(np.fft.rfft(np.asarray(samples[start : start + length], dtype=float) * taper)) ** 2
        energies.append([sum(spectrum[edges[b] : edges[b + 1]]) for b in range(n_bands)])
    loudest = max(sum(bands) for bands in energies)
    words, margins = [], []
    for before, now in pairwise(energies):
        word, margin = 0, []
        for b in range(n_bands - 1):
            change = (now[b] - now[b + 1]) - (before[b] - before[b + 1])
            word |= (change > 0) << b
            margin.append(abs(change) / max(now[b] + now[b + 1] + before[b] + before[b + 1], 1e-300))
        words.append(word if sum(now) > 1e-6 * loudest else 0)
        margins.append(margin)
    return words, margins
