"""Checkpoints: what is done of long work is handed out every two minutes, so that a kill loses little.

What becomes of it is the caller's business.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

CHECKPOINT_SECONDS = 120.0


@contextlib.contextmanager
def checkpoints(
    n_clips: int, hand_out: Callable[[NDArray[np.intp]], None] | None
) -> Iterator[Callable[[int], None]]:
    """Hand out the numbers of the clips that are done, every two minutes.

    Where the work is broken off after that, by an error or by Ctrl-C, they are handed out once more.

    Parameters
    ----------
    n_clips : int
        How many clips there are.
    hand_out : callable, optional
        Called with the numbers of the clips that are done, in order.

    Yields
    ------
    callable
        To be called with the number of a clip that has just been done.

    Examples
    --------
    >>> with checkpoints(3, print) as finished:
    ...     finished(0)  # not yet handed out: the work is young
    """
    done = np.zeros(n_clips, dtype=bool)
    last, handed_out = time.monotonic(), False

    def finished(index: int) -> None:
        nonlocal last, handed_out
        done[index] = True
        if hand_out is not None and time.monotonic() - last >= CHECKPOINT_SECONDS:
            hand_out(np.flatnonzero(done))
            last, handed_out = time.monotonic(), True

    try:
        yield finished
    except BaseException:
        if hand_out is not None and handed_out:
            hand_out(np.flatnonzero(done))
        raise
