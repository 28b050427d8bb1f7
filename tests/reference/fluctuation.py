"""Slow twin of the scalars of fluctuation patterns (Pampalk 2006), in float64 numpy."""

import numpy as np

from .patterns import modulation, sonogram
from .twin import Twin


def scalars(modulations, rate=22050, segment=2**17):
    """Return max, gravity (Hz), bass and focus of modulations (24, 60) weighted by 1/(f/4 + 4/f)."""
    hertz = np.array([m * rate / segment for m in range(1, 61)])
    pattern = modulations / (hertz / 4.0 + 4.0 / hertz)
    if not pattern.any():
        return np.zeros(4)
    gravity = (pattern.sum(axis=0) @ hertz) / pattern.sum()
    return np.array([pattern.max(), gravity, pattern[:2, hertz > 1.0].sum(), pattern.mean() / pattern.max()])


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {
    "fluctuation": Twin(lambda f: np.array([scalars(modulation(sonogram(segment))) for segment in f])),
}
