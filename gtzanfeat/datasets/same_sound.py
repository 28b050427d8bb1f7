"""Whether two files hold the same sound, in whatever format: told by their samples, not by their names.

It is asked of a few files that look like copies. Copies anywhere in a table, and of parts, are found by
fingerprints (`gtzanfeat.extraction`).
"""

from __future__ import annotations

import filecmp
import os
from pathlib import Path

import numpy as np

from gtzanfeat.audio import Clip, blocks, probe
from gtzanfeat.errors import ClipError

RATE = 8000  # Hz: what every codec keeps
LONGEST = 10  # seconds that are compared; the length is that of the whole
SHIFT = 0.15  # seconds by which an MP3 may be longer and begin later
# Correlation from which it is the same. Copies in MP3 and Vorbis at their lowest quality have 0.97 or more
# if they are music, 0.91 if white noise; two kick drums were seen to have 0.71, and two songs 0.03.
SIMILAR = 0.85


def same_sound(one: Path, other: Path) -> bool:
    """Return whether two files are as long as each other, and sound the same but for level and codec.

    The first ten seconds of both are decoded, mono at 8 kHz, unless they are the same bytes or their headers
    state lengths that differ. With x and y their samples, it is the same sound if their lengths differ by
    0.15 s at most, and if |Σ x[n] y[n + k]| / √(Σ x² Σ y²) is 0.85 or more for a shift k of that at most.

    Parameters
    ----------
    one, other : Path
        Audio files.

    Returns
    -------
    bool
        False, too, if one of them cannot be decoded.
    """
    from scipy import fft  # which a table of clips alone does not need

    try:
        if os.path.getsize(one) == os.path.getsize(other) and filecmp.cmp(one, other, shallow=False):
            return True
        if abs(probe(one, decode=False).seconds - probe(other, decode=False).seconds) > SHIFT:
            return False
        x, y = _decoded(one), _decoded(other)
    except (ClipError, OSError):
        return False
    if abs(len(x) - len(y)) > SHIFT * RATE:  # one is truncated
        return False
    energies = [float(np.dot(samples, samples)) for samples in (x, y)]
    if not all(energies):
        return not any(energies)
    near = int(SHIFT * RATE)
    n = fft.next_fast_len(max(len(x), len(y)) + near, real=True)  # what wraps around is beyond these shifts
    products = fft.irfft(fft.rfft(x, n) * np.conj(fft.rfft(y, n)), n)
    most = max(np.abs(products[: near + 1]).max(), np.abs(products[-near:]).max())
    return bool(most >= SIMILAR * np.sqrt(np.prod(energies)))


def _decoded(path: Path) -> np.ndarray:
    """Decode the samples that are compared."""
    return np.concatenate(list(blocks(Clip(path, duration=LONGEST), RATE)))
