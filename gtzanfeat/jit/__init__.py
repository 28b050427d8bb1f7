"""The compiler of kernels: decorators, array types, the cache on disk, and what numba lacks.

Nothing else imports numba. A kernel and every compiled function it calls live in the same file, because
numba's disk cache does not notice an edit of a callee in another file; constants from elsewhere are frozen
likewise, so only what never changes (the number 12 of pitch classes) is imported into kernels.
"""

from gtzanfeat.jit.compilation import (
    FASTMATH,
    SWITCHED_OFF,
    ComplexArray,
    Float32Array,
    Float64Array,
    IntArray,
    kernel,
    recursive_kernel,
)
from gtzanfeat.jit.intrinsics import bits_to_float, contiguous, float_to_bits
from gtzanfeat.jit.parallel_compilation import compiling_in_parallel

__all__ = [
    "FASTMATH",
    "SWITCHED_OFF",
    "ComplexArray",
    "Float32Array",
    "Float64Array",
    "IntArray",
    "bits_to_float",
    "compiling_in_parallel",
    "contiguous",
    "float_to_bits",
    "kernel",
    "recursive_kernel",
]
