"""Whether two files hold the same sound, in whatever format: told by their samples, not by their names.

It is asked of a few files that look like copies. Copies anywhere in a table, and of parts, are found by
fingerprints (`gtzanfeat.extraction`).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gtzanfeat.audio import Clip, blocks
from gtzanfeat.errors import ClipError

RATE = 8000  # Hz: what every codec keeps
LONGEST = 600  # seconds that are compared; the length is that of the whole
SHIFT = 0.15  # seconds by which an MP3 may be longer and begin later
# Correlation from which it is the same. Copies in MP3 and Vorbis at their lowest quality have 0.97 or more
# if they are music, 0.91 if white noise; two kick drums were seen to have 0.71, and two songs 0.03.
SIMILAR = 0.85


def same_sound(one: Path, other: Path) -> bool:
    """Return whether two files are as long as each other, and sound the same but for level and codec.

    Both are decoded, mono at 8 kHz, unless they are the same bytes. With x and y their samples, it is the
    same sound if their lengths differ by 0.15 s at most, and if |Σ x[n] y[n + k]| / √(Σ x² Σ y²) is 0.85 or
    more for a shift k of that at most.

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
        if os.path.getsize(one) == os.path.getsize(other) and one.read_bytes() == other.read_bytes():
            return True
        (x, n_x), (y, n_y) = _decoded(one), _decoded(other)
    except (ClipError, OSError):
        return False
    if abs(n_x - n_y) > SHIFT * RATE:
        return False
    energies = [float(np.dot(samples, samples)) for samples in (x, y)]
    if not all(energies):
        return not any(energies)
    near = int(SHIFT * RATE)
    n = fft.next_fast_len(max(len(x), len(y)) + near, real=True)  # what wraps around is beyond these shifts
    products = fft.irfft(fft.rfft(x, n) * np.conj(fft.rfft(y, n)), n)
    most = max(np.abs(products[: near + 1]).max(), np.abs(products[-near:]).max())
    return bool(most >= SIMILAR * np.sqrt(np.prod(energies)))


def _decoded(path: Path) -> tuple[np.ndarray, int]:
    """Decode the samples that are compared, and count all."""
    kept: list[np.ndarray] = []
    n_samples = 0
    for block in blocks(Clip(path), RATE):
        if n_samples < LONGEST * RATE:
            kept.append(block)
        n_samples += block.size
    return np.concatenate(kept), n_samples
