"""Slow twin of what Marsyas' bextract gives by default, in float64 numpy."""

import numpy as np

from .frames import frames, texture
from .timbre import (
    MIREX_SHARE,
    marsyas_centroid,
    marsyas_flux,
    marsyas_power,
    marsyas_rolloff,
    marsyas_zcr,
    mfcc,
    power,
)
from .twin import Twin


def hertz_of_bins(n_bins, rate=22050):
    """Return the frequencies Marsyas gives its bins: k·rate/n_bins, nearly twice what they are."""
    return np.arange(n_bins) * rate / n_bins


def chroma_map(n_bins=257, rate=22050):
    """Return (12, n_bins), A first: exp(-½(2D/width)²), D semitones to such a note; columns of length 1.

    width is the distance to the next bin, at least 1 semitone; 0 Hz lies 18 semitones below the first bin.
    """
    notes = [0.0] + [12.0 * np.log2(f / 27.5) for f in hertz_of_bins(n_bins, rate)[1:]]
    notes[0] = notes[1] - 18.0
    columns = []
    for k in range(n_bins):
        width = max(notes[k + 1] - notes[k], 1.0) if k + 1 < n_bins else 1.0
        away = [np.fmod(notes[k] - c + 6.0 + 120.0, 12.0) - 6.0 for c in range(12)]
        column = np.exp(-0.5 * (2.0 * np.array(away) / width) ** 2)
        columns.append(column / np.sqrt((column**2).sum()))
    return np.array(columns).T


def chroma(powers):
    """Return (n, 14): the twelve classes of P/(2N)², then max/mean and max/min, 0 where the minimum is 0.

    A ratio to the minimum of more than 70 dB counts as 70 dB.
    """
    rows = []
    for c in marsyas_power(powers) @ chroma_map(powers.shape[1]).T:
        ratios = [c.max() / c.mean(), min(c.max() / c.min(), 1e7)] if c.min() > 0.0 else [0.0, 0.0]
        rows.append([*c, *ratios])
    return np.array(rows)


def marsyas124(samples, rate=22050):
    """Return the 124: mean over the clip of 31 running means, then of 31 running deviations; std of both."""
    framed = frames(samples, pad_end=True)
    p = power(framed)
    tracks = [
        marsyas_zcr(framed),
        marsyas_centroid(p),
        marsyas_rolloff(p, MIREX_SHARE),
        marsyas_flux(p),
        *mfcc(marsyas_power(p), 13, rate, empty=0.0).T,
        *chroma(p).T,
    ]
    running = [texture(track, 20, "prefill") for track in tracks]
    columns = [means for means, _ in running] + [np.sqrt(variances) for _, variances in running]
    return np.array([c.mean() for c in columns] + [c.std() for c in columns])


TWINS = {
    "marsyas_zcr": Twin(lambda f: marsyas_zcr(f)[:, None]),
    "marsyas_chroma": Twin(lambda f: chroma(power(f))),
}
