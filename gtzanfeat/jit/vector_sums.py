"""Sums of float32 numbers in kernels, a vector of `LANES` at a time, always in the same order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic, overload

from gtzanfeat.jit.lanes import LANES, ROW, multiplied_and_added, vector_at

_PLACE = ir.IntType(32)
_index = numba.types.intp


def _sum_of_parts(builder: Any, x: Any) -> Any:
    """The sum of the numbers of a vector, always in the same order: halves, then their halves."""
    n = x.type.count
    while n > 1:
        n //= 2
        halves = (ir.Constant(ir.VectorType(ir.IntType(32), n), list(range(k, k + n))) for k in (0, n))
        x = builder.fadd(*(builder.shuffle_vector(x, x, half) for half in halves))
    return builder.extract_element(x, ir.Constant(ir.IntType(32), 0))


def _is_float32_in_c_order(x: Any) -> bool:
    return isinstance(x, numba.types.Array) and x.dtype == numba.types.float32 and x.layout == "C"


def _sum_of_lanes(typing_context: Any, x: Any, i: Any) -> Any:
    if not _is_float32_in_c_order(x):
        return None

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        numbers = builder.load(vector_at(context, builder, signature.args[0], *arguments), align=4)
        return _sum_of_parts(builder, builder.fpext(numbers, ir.VectorType(ir.DoubleType(), LANES)))

    return numba.types.float64(x, _index), codegen


def _dot_product(typing_context: Any, x: Any, i: Any, y: Any, j: Any, n: Any) -> Any:
    if not (_is_float32_in_c_order(x) and _is_float32_in_c_order(y)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, i, y, j, n = arguments
        total = cgutils.alloca_once_value(builder, ir.Constant(ROW, [0.0] * LANES))

        def add_products(k: Any, load: Callable[[Any], Any]) -> None:
            at_x = vector_at(context, builder, signature.args[0], x, builder.add(i, k))
            at_y = vector_at(context, builder, signature.args[2], y, builder.add(j, k))
            builder.store(multiplied_and_added(builder, load(at_x), load(at_y), builder.load(total)), total)

        last = builder.sub(n, n.type(LANES - 1))
        with cgutils.for_range_slice(builder, n.type(0), last, n.type(LANES)) as (k, _):
            add_products(k, partial(builder.load, align=4))
        whole = builder.and_(n, ir.Constant(n.type, -LANES))
        with builder.if_then(builder.icmp_signed("<", whole, n)):
            rest = builder.trunc(builder.sub(n, whole), _PLACE)
            add_products(whole, partial(_load_first, builder, rest))
        return _sum_of_parts(builder, builder.load(total))

    return numba.types.float32(x, _index, y, _index, _index), codegen


def _load_first(builder: Any, n: Any, address: Any) -> Any:
    """Load the first `n` numbers at an address, and zeros in the place of the others, which are not read."""
    every = ir.VectorType(_PLACE, LANES)
    one = builder.insert_element(ir.Constant(every, ir.Undefined), n, _PLACE(0))
    all_n = builder.shuffle_vector(one, one, ir.Constant(every, [0] * LANES))
    mask = builder.icmp_signed("<", ir.Constant(every, list(range(LANES))), all_n)
    kind = ir.FunctionType(ROW, [address.type, _PLACE, mask.type, ROW])
    name = f"llvm.masked.load.v{LANES}f32.p0"
    load = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(load, (address, _PLACE(4), mask, ir.Constant(ROW, [0.0] * LANES)))


_lane_sum: Any = intrinsic(_sum_of_lanes)
_vector_product: Any = intrinsic(_dot_product)


def sum_of_lanes(x: Any, i: int) -> Any:
    """Return the sum of x[i : i + LANES] in float64, for use in kernels.

    Parameters
    ----------
    x : ndarray of float32
        In C order, of whatever shape; `i` counts all its numbers.
    i : int
        The first of the numbers, all of which must be there.

    Returns
    -------
    float
        Their sum.

    Examples
    --------
    >>> float(sum_of_lanes(np.arange(20, dtype=np.float32).reshape(2, 10), 10))
    108.0
    """
    return x.ravel()[i : i + LANES].sum(dtype=np.float64)


def dot_product(x: Any, i: int, y: Any, j: int, n: int) -> Any:
    """Return the sum of x[i + k] · y[j + k], k < n, in float32, for use in kernels.

    Fastest where `n` is a multiple of `LANES`.

    Parameters
    ----------
    x, y : ndarray of float32
        In C order, of whatever shapes; `i` and `j` count all their numbers.
    i, j : int
        The first numbers.
    n : int
        How many there are; no others are read.

    Returns
    -------
    float32
        The sum of their products, added in an order that depends on `n` alone.

    Examples
    --------
    >>> x = np.arange(20, dtype=np.float32)
    >>> float(dot_product(x, 2, x, 0, 3))
    11.0
    """
    return np.dot(x.ravel()[i : i + n], y.ravel()[j : j + n])


@overload(sum_of_lanes)
def _compiled_sum(x: Any, i: int) -> Any:
    def compiled(x: Any, i: int) -> Any:
        return _lane_sum(x, i)

    return compiled


@overload(dot_product)
def _compiled_product(x: Any, i: int, y: Any, j: int, n: int) -> Any:
    def compiled(x: Any, i: int, y: Any, j: int, n: int) -> Any:
        return _vector_product(x, i, y, j, n)

    return compiled
