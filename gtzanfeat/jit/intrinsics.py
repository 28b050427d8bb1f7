"""What numba lacks for use in kernels: the bits of a float, and rows that are known to be contiguous."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic, overload


def _float_to_bits(typing_context: Any, x: Any) -> Any:
    return numba.types.int32(numba.types.float32), _same_bits(numba.types.int32)


def _bits_to_float(typing_context: Any, x: Any) -> Any:
    return numba.types.float32(numba.types.int32), _same_bits(numba.types.float32)


def _same_bits(kind: Any) -> Callable[..., Any]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(kind))

    return codegen


def _as_contiguous(typing_context: Any, row: Any) -> Any:
    kind = row.copy(layout="C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        context.nrt.incref(builder, kind, arguments[0])  # a second name of the same array
        return arguments[0]

    return kind(row), codegen


_same_memory: Any = intrinsic(_as_contiguous)


def contiguous(row: Any) -> Any:
    """Return a row whose numbers the compiler knows to lie beside each other: itself, or else a copy.

    For use in kernels. Frames that overlap are rows like others, but of an array whose type does not say so,
    and numbers that may lie apart are not loaded as vectors. Where the row is a copy, so are changes of it.

    Parameters
    ----------
    row : ndarray of shape (n,)
        Of any stride.

    Returns
    -------
    ndarray of shape (n,)
        Contiguous.
    """
    return np.ascontiguousarray(row)


@overload(contiguous)
def _contiguous(row: Any) -> Any:
    def compiled(row: Any) -> Any:
        return _same_memory(row) if row.strides[0] == row.itemsize else _same_memory(row.copy())

    return compiled


_bits_of: Any = intrinsic(_float_to_bits)
_float_of: Any = intrinsic(_bits_to_float)


def float_to_bits(x: Any) -> Any:
    """Return the 32 bits of a float32 as an int32, for use in kernels.

    Parameters
    ----------
    x : float32
        A number.

    Returns
    -------
    int32
        Its bits; of numbers from 0 on, the larger has the larger.
    """
    return np.float32(x).view(np.int32)


def bits_to_float(x: Any) -> Any:
    """Return the float32 that has the bits of an int32, for use in kernels.

    Parameters
    ----------
    x : int32
        The bits.

    Returns
    -------
    float32
        The number.
    """
    return np.int32(x).view(np.float32)


@overload(float_to_bits)
def _compiled_to_bits(x: Any) -> Any:
    def compiled(x: Any) -> Any:
        return _bits_of(x)

    return compiled


@overload(bits_to_float)
def _compiled_to_float(x: Any) -> Any:
    def compiled(x: Any) -> Any:
        return _float_of(x)

    return compiled
