"""Slow twin of the shapes of beat and pitch histograms, from the formulae."""

import numpy as np


def shape(histogram, places):
    """Return centroid, spread, skewness, kurtosis, entropy, flatness, crest, by counting single items."""
    total, n = float(sum(histogram)), len(histogram)
    p = [h / total for h in histogram]
    centroid = sum(w * x for w, x in zip(p, places, strict=True))
    m2, m3, m4 = (sum(w * (x - centroid) ** k for w, x in zip(p, places, strict=True)) for k in (2, 3, 4))
    entropy = -sum(w * np.log(w) for w in p if w > 0.0) / np.log(n)
    used = [w for w in p if w > 0.0]
    flatness = float(np.prod([(w * len(used)) ** (1.0 / len(used)) for w in used]))
    moments = [m3 / m2**1.5, m4 / m2**2] if m2 > 1e-18 else [0.0, 0.0]
    return np.array([centroid, m2**0.5, *moments, entropy, flatness, max(p) * n])


def beat_shape(histogram):
    """Return the shape over 40..200 bpm, and its peaks: over 0.1 of the largest, none larger in ±4 bpm."""
    peaks = 0
    for i, h in enumerate(histogram):
        before, after = histogram[max(0, i - 4) : i], histogram[i + 1 : i + 5]
        peaks += (
            h > 0.1 * max(histogram) and all(h > other for other in before) and all(h >= o for o in after)
        )
    return np.array([*shape(histogram, range(40, 201)), peaks])


def pitch_shape(unfolded):
    """Return the 16: shape and notes of UPH; entropy, flatness, crest, classes of FPH; fifths; IPO1."""
    folded = [sum(unfolded[c::12]) for c in range(12)]
    circle = np.array([folded[7 * i % 12] for i in range(12)])
    turns = np.exp(2j * np.pi * np.arange(12) / 12)
    place = (circle * turns).sum() / circle.sum()
    first = int(circle.argmax())
    second = max((i for i in range(12) if i != first), key=lambda i: circle[i])
    interval = turns[(second - first) % 12] if circle[second] > 0.0 else 1.0
    notes, classes = (
        sum(h > 0.1 * max(unfolded) for h in unfolded),
        sum(h > 0.25 * max(folded) for h in folded),
    )
    whole = [*shape(unfolded, range(128)), notes, *shape(circle, range(12))[4:], classes]
    return np.array([*whole, place.real, place.imag, interval.real, interval.imag])
