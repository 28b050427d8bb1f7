"""Ingredients that one kernel computes row by row: callable, and able to be in a `gtzanfeat.jit.chain`.

What is called is said here; the kernels are in the files of their kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import Float32Array


@dataclass(frozen=True, eq=False)
class RowKernel:
    """The function of an ingredient that one kernel computes row by row: arrays -> array.

    Parameters
    ----------
    kernel : callable
        ``kernel(*arrays, *constants, out)`` writes every cell of `out`, shape (n_frames, n_columns), of
        arrays that have as many rows. What it writes in a row does not depend on how many there are.
    constants : tuple
        Numbers and arrays.
    n_columns : int
        Numbers in a row.
    dtype : type, default=numpy.float32
        Of `out`.
    seen_as : type, optional
        As which type rows are read: complex64, for real and imaginary parts in turn.
    of_samples : bool, default=False
        Whether the kernel takes frames as `samples_of` gives them, which is one type of array however frames
        overlap, so that it is compiled once.
    """

    kernel: Callable[..., None]
    constants: tuple[Any, ...]
    n_columns: int
    dtype: Any = np.float32
    seen_as: Any = None
    of_samples: bool = False

    def rows(self, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return memory for `n` rows, as the kernel writes them and as they are read."""
        out = np.empty((n, self.n_columns), dtype=self.dtype)
        return out, out if self.seen_as is None else out.view(self.seen_as)

    def __call__(self, *arrays: Any) -> NDArray[Any]:
        """Return the rows of a block."""
        out, read = self.rows(len(arrays[0]))
        self.kernel(*(samples_of(*arrays) if self.of_samples else arrays), *self.constants, out)
        return read


def samples_of(frames: Float32Array) -> tuple[Any, ...]:
    """All samples of frames (..., n_frames, N) as they lie in memory, and the steps along the other axes."""
    size, strides = frames.itemsize, frames.strides
    whole = all(stride >= 0 and stride % size == 0 for stride in strides) and strides[-1] == size
    if not (whole and frames.flags.writeable):  # which compiled code counts as another type
        frames = frames.copy()
    steps = [stride // size for stride in frames.strides[:-1]]
    if frames.flags.c_contiguous:
        return frames.reshape(-1), *steps
    span = frames.shape[-1] + sum(
        step * (count - 1) for step, count in zip(steps, frames.shape[:-1], strict=True)
    )
    return np.lib.stride_tricks.as_strided(frames, (span,), (size,)), *steps
