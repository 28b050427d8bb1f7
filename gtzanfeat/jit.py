"""The one compiler decorator; the only file that imports numba. No kernel belongs here.

A kernel and every compiled function it calls live in the same file, because numba's disk cache does
not notice an edit of a callee in another file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

# Everything that lets loops become vector instructions, but neither "nnan" nor "ninf": kernels may
# still ask whether a number is NaN, and a stray infinity stays one.
FASTMATH = {"nsz", "arcp", "contract", "afn", "reassoc"}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on first call: no GIL, division by zero gives inf, kept on disk if possible.

    The plain Python function stays reachable as ``.py_func``. Where no cache folder can be written
    (read-only site-packages without a home, say) the kernel is compiled anew in each process.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return numba.njit(**options)(function)
