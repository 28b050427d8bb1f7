"""The twelve pitch classes: how many there are, what they are called and tuned to, and MIDI notes folded.

Energies of pitch classes are in `chroma` (from Fourier spectra) and `constant_q`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import Float64Array
from gtzanfeat.parameters import Parameter

N_CLASSES = 12  # also inside kernels, where it is frozen when they are compiled
NAMES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")
A4_HZ = 440.0
A4_HZ_PARAMETER = Parameter(
    "a4_hz", A4_HZ, "Hz", "the reference tuning: frequency of the A above middle C", low=400.0, high=480.0
)
PLACE_OF_A = NAMES.index("a")  # Ellis' and Marsyas' filters begin here, columns begin with C


def fold_octaves(notes: NDArray[Any]) -> Float64Array:
    """Sum a histogram over MIDI notes into 12 pitch classes, C first.

    Parameters
    ----------
    notes : ndarray of shape (n_notes,)
        Weight of each MIDI note from 0 on.

    Returns
    -------
    ndarray of shape (12,)
        Σ of the notes n with n mod 12 = c.

    Examples
    --------
    >>> int(fold_octaves(np.eye(128)[69]).argmax()) == PLACE_OF_A
    True
    """
    folded: Float64Array = np.bincount(np.arange(notes.size) % N_CLASSES, notes, N_CLASSES).astype(np.float64)
    return folded
