"""Vectors for use in kernels: `LANES` numbers side by side, with which a kernel calculates as with one.

What is written for them becomes vector instructions of whatever width the processor has, in the order that is
written, and no lane knows of another: a number's bits do not depend on the lane it is in.
"""

from __future__ import annotations

import operator
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.core.typing.templates import signature as typed
from numba.extending import intrinsic, lower_builtin, models, register_model

from gtzanfeat.jit.compilation import SWITCHED_OFF

LANES = 8  # float32 numbers side by side: a vector register of AVX2, two of SSE and NEON

ROW = ir.VectorType(ir.FloatType(), LANES)
_PAIR = ir.LiteralStructType([ROW, ROW])  # real and imaginary parts
_INTEGERS = ir.VectorType(ir.IntType(32), LANES)

# of a power law, by least largest errors: log2(1 + x) / x for 1 + x in [√½, √2), and (2^x - 1) / x for x in
# [-½, ½], of which the powers 0.335 have errors of 5e-7 and 1e-7
_LOGARITHM = (1.44271338, -0.721132278, 0.479349673, -0.367483765, 0.322143078, -0.206605196)
_EXPONENTIAL = (0.693147242, 0.24022235, 0.0555030853, 0.00967186131, 0.00134072371)
_ROOT_OF_HALF = 0x3F3504F3  # the bits of √½
_SMALLEST = 2.0**-126  # normal number


class ComplexLanes(numba.types.Type):
    """The type, to the compiler, of `LANES` complex numbers, in two vectors."""

    def __init__(self) -> None:
        super().__init__(name="ComplexLanes")


class RealLanes(numba.types.Type):
    """The type, to the compiler, of `LANES` real numbers of 32 bits, or half as many of 64, in one vector."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"RealLanes({dtype})")


_lanes, _reals, _doubles = ComplexLanes(), RealLanes(numba.types.float32), RealLanes(numba.types.float64)
_real = {each.dtype: each for each in (_reals, _doubles)}
_vectors = {_reals.dtype: ROW, _doubles.dtype: ir.VectorType(ir.DoubleType(), LANES // 2)}
_index = numba.types.intp


@register_model(ComplexLanes)
class _ComplexLanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _PAIR)  # type: ignore[no-untyped-call]


@register_model(RealLanes)
class _RealLanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _vectors[kind.dtype])  # type: ignore[no-untyped-call]


def _parts(builder: Any, z: Any) -> tuple[Any, Any]:
    return builder.extract_value(z, 0), builder.extract_value(z, 1)


def _pair(builder: Any, real: Any, imaginary: Any) -> Any:
    half = builder.insert_value(ir.Constant(_PAIR, ir.Undefined), real, 0)
    return builder.insert_value(half, imaginary, 1)


def multiplied_and_added(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """Product and sum x · y + z, fused where the processor does that."""
    return _of_vectors(builder, "fmuladd", x, y, z)


def _of_vectors(builder: Any, name: str, *arguments: Any) -> Any:
    """What an intrinsic function of LLVM gives, of vectors."""
    vector = arguments[0].type
    bits = 64 if isinstance(vector.element, ir.DoubleType) else 32
    kind = ir.FunctionType(vector, [vector] * len(arguments))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{vector.count}f{bits}")
    return builder.call(function, arguments)


def _shuffled(builder: Any, x: Any, y: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), LANES), order))


def _in_all_lanes(builder: Any, x: Any) -> Any:
    one = builder.insert_element(ir.Constant(ROW, ir.Undefined), x, ir.Constant(ir.IntType(32), 0))
    return _shuffled(builder, one, one, [0] * LANES)


def _number_in_all_lanes(context: Any, builder: Any, number: Any) -> tuple[Any, Any]:
    w = cgutils.create_struct_proxy(numba.types.complex64)(context, builder, value=number)
    return _in_all_lanes(builder, w.real), _in_all_lanes(builder, w.imag)


def vector_at(context: Any, builder: Any, kind: Any, array: Any, i: Any, offset: Any = 0) -> Any:
    """The address of the `LANES` numbers of an array, in C order, from number i + `offset`."""
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    if offset:
        i = builder.add(i, ir.Constant(i.type, offset))
    return builder.bitcast(builder.gep(data, [i]), _vectors[kind.dtype].as_pointer())


def _teach(operation: Any, instruction: str) -> None:
    """Let the compiler add or subtract lanes."""

    @infer_global(operation)
    class OfLanes(AbstractTemplate):
        def generic(self, given: Any, keywords: Any) -> Any:
            return typed(given[0], *given) if given in ((_lanes, _lanes), (_reals, _reals)) else None

    @lower_builtin(operation, ComplexLanes, ComplexLanes)  # type: ignore[untyped-decorator]
    def of_complex(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pairs = zip(*(_parts(builder, z) for z in arguments), strict=True)
        return _pair(builder, *(getattr(builder, instruction)(x, y) for x, y in pairs))

    @lower_builtin(operation, RealLanes, RealLanes)  # type: ignore[untyped-decorator]
    def of_real(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)


_teach(operator.add, "fadd")
_teach(operator.sub, "fsub")


@infer_global(operator.mul)
class _LanesByNumber(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        known = (
            (_lanes, numba.types.complex64),
            (_reals, _reals.dtype),
            *((each,) * 2 for each in _real.values()),
        )
        return typed(given[0], *given) if given in known else None


@lower_builtin(operator.mul, ComplexLanes, numba.types.complex64)  # type: ignore[untyped-decorator]
def _lanes_by_number(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, y = _parts(builder, arguments[0])
    c, s = _number_in_all_lanes(context, builder, arguments[1])
    real = multiplied_and_added(builder, builder.fneg(y), s, builder.fmul(x, c))
    return _pair(builder, real, multiplied_and_added(builder, x, s, builder.fmul(y, c)))


@lower_builtin(operator.mul, RealLanes, numba.types.float32)  # type: ignore[untyped-decorator]
def _reals_by_number(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, number = arguments
    return builder.fmul(x, _in_all_lanes(builder, number))


@lower_builtin(operator.mul, RealLanes, RealLanes)  # type: ignore[untyped-decorator]
def _reals_by_reals(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.fmul(*arguments)


@infer_global(abs)
class _ModuliOfReals(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        return typed(*given, *given) if given[0] in _real.values() else None


@lower_builtin(abs, RealLanes)  # type: ignore[untyped-decorator]
def _moduli_of_reals(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return _of_vectors(builder, "fabs", *arguments)


def _load_lanes(typing_context: Any, x: Any, i: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, i = arguments
        at = [vector_at(context, builder, signature.args[0], x, i, offset) for offset in (0, LANES)]
        return _pair(builder, *(builder.load(each, align=4) for each in at))

    return _lanes(x, _index), codegen


def _store_lanes(typing_context: Any, out: Any, i: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, i, z = arguments
        for part, offset in zip(_parts(builder, z), (0, LANES), strict=True):
            builder.store(part, vector_at(context, builder, signature.args[0], out, i, offset), align=4)
        return context.get_dummy_value()

    return numba.types.void(out, _index, z), codegen


def _load_reals(typing_context: Any, x: Any, i: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(vector_at(context, builder, signature.args[0], *arguments), align=4)

    return _real[x.dtype](x, _index), codegen


def _store_reals(typing_context: Any, out: Any, i: Any, y: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *place, y = arguments
        builder.store(y, vector_at(context, builder, signature.args[0], *place), align=4)
        return context.get_dummy_value()

    return numba.types.void(out, _index, y), codegen


def _row_of_four(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = ir.Constant(_vectors[_doubles.dtype], ir.Undefined)
        for lane, number in enumerate(arguments):
            row = builder.insert_element(row, number, ir.Constant(ir.IntType(32), lane))
        return row

    return _doubles(*[_doubles.dtype] * 4), codegen


def _square_modulus(typing_context: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y = _parts(builder, arguments[0])
        return builder.fadd(builder.fmul(x, x), builder.fmul(y, y))

    return _reals(z), codegen


def _if_above(typing_context: Any, x: Any, y: Any, one: Any, other: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y, one, other = arguments
        return builder.select(builder.fcmp_ordered(">", x, y), one, other)

    return _reals(x, y, one, other), codegen


def _any_above(typing_context: Any, x: Any, y: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        above = builder.fcmp_ordered(">", *arguments)
        bits = builder.bitcast(above, ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return numba.types.boolean(x, y), codegen


def _of_constant(kind: Any, value: float) -> Any:
    return ir.Constant(kind, [value] * LANES)


def _series(builder: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    """Sum of coefficients[i] x^i."""
    square = builder.fmul(x, x)
    halves = []
    for half in (coefficients[::2], coefficients[1::2]):
        *rest, total = (_of_constant(ROW, each) for each in half)
        for each in reversed(rest):
            total = multiplied_and_added(builder, square, total, each)
        halves.append(total)
    return multiplied_and_added(builder, x, halves[1], halves[0])


def _power_law(typing_context: Any, x: Any, exponent: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, exponent = arguments
        bits, one, to_exponent = (
            builder.bitcast(x, _INTEGERS),
            _of_constant(ROW, 1.0),
            _of_constant(_INTEGERS, 23),
        )
        e = builder.ashr(builder.sub(bits, _of_constant(_INTEGERS, _ROOT_OF_HALF)), to_exponent)
        m = builder.bitcast(builder.sub(bits, builder.shl(e, to_exponent)), ROW)
        m = builder.fsub(m, one)
        e = builder.sitofp(e, ROW)
        y = multiplied_and_added(builder, m, _series(builder, m, _LOGARITHM), e)
        y = builder.fmul(y, _in_all_lanes(builder, exponent))
        n = _of_vectors(builder, "rint", y)
        f = builder.fsub(y, n)
        power = multiplied_and_added(builder, f, _series(builder, f, _EXPONENTIAL), one)
        n = builder.shl(builder.fptosi(n, _INTEGERS), to_exponent)
        power = builder.bitcast(builder.add(builder.bitcast(power, _INTEGERS), n), ROW)
        normal = builder.fcmp_ordered(">=", x, _of_constant(ROW, _SMALLEST))
        return builder.select(normal, power, _of_constant(ROW, 0.0))

    return _reals(_reals, numba.types.float32), codegen


def _multiply_add_lanes(typing_context: Any, z: Any, w: Any, added: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (x, y), (real, imaginary) = _parts(builder, arguments[0]), _parts(builder, arguments[2])
        c, s = _number_in_all_lanes(context, builder, arguments[1])
        real = multiplied_and_added(builder, x, c, real)
        imaginary = multiplied_and_added(builder, y, c, imaginary)
        return _pair(
            builder,
            multiplied_and_added(builder, builder.fneg(y), s, real),
            multiplied_and_added(builder, x, s, imaginary),
        )

    def of_reals(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, factor, y = arguments
        return multiplied_and_added(builder, x, factor if w == z else _in_all_lanes(builder, factor), y)

    if isinstance(z, RealLanes):
        return z(z, w if w == z else _reals.dtype, added), of_reals
    return _lanes(z, numba.types.complex64, added), codegen


def _conjugate(typing_context: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y = _parts(builder, arguments[0])
        return _pair(builder, x, builder.fneg(y))

    return _lanes(z), codegen


def _times_minus_i(typing_context: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y = _parts(builder, arguments[0])
        return _pair(builder, y, builder.fneg(x))

    return _lanes(z), codegen


def _transpose_tile(
    typing_context: Any, x: Any, i: Any, step: Any, weights: Any, k: Any, out: Any, j: Any, out_step: Any
) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args

        def row(r: int, array: int, start: int, stride: int) -> Any:
            further = builder.mul(arguments[stride], ir.Constant(arguments[stride].type, r))
            place = builder.add(arguments[start], further)
            return vector_at(context, builder, kinds[array], arguments[array], place)

        by = builder.load(vector_at(context, builder, kinds[3], arguments[3], arguments[4]), align=4)
        rows = [builder.fmul(builder.load(row(r, 0, 1, 2), align=4), by) for r in range(LANES)]
        for distance in (1, 2, 4):  # in each step, the blocks beside the diagonal change places
            low = [j + (LANES - distance if j & distance else 0) for j in range(LANES)]
            high = [j + distance for j in low]
            for r in range(LANES):
                if not r & distance:
                    pair = rows[r], rows[r + distance]
                    rows[r], rows[r + distance] = (_shuffled(builder, *pair, j) for j in (low, high))
        for r in range(LANES):
            builder.store(rows[r], row(r, 5, 6, 7), align=4)
        return context.get_dummy_value()

    return numba.types.void(x, _index, _index, weights, _index, out, _index, _index), codegen


# For use in kernels, on arrays of float32 in C order, of which i, j and k count all numbers.
# load_lanes(x, i): the real parts x[i : i + LANES], and the imaginary parts that follow them
# store_lanes(out, i, z): the same way back
# load_reals(x, i), store_reals(out, i, y): likewise LANES real numbers, or half as many of float64
# row_of_four(a, b, c, d): such numbers of float64
# square_modulus(z): |z|², real; power_law(x, exponent): x^exponent of real x >= 0
# if_above(x, y, one, other): of each lane `one` where x > y, else `other`
# any_above(x, y): whether x > y in any lane
# multiply_add(z, w, y): z · w + y of lanes z and y and one number w, all complex or all real; w may
# be lanes too, if they are real
# transpose_tile(x, i, step, weights, k, out, j, out_step): LANES rows of LANES numbers, `step` apart, each
# row times weights[k : k + LANES], become columns
load_lanes: Any = intrinsic(_load_lanes)
store_lanes: Any = intrinsic(_store_lanes)
load_reals: Any = intrinsic(_load_reals)
store_reals: Any = intrinsic(_store_reals)
row_of_four: Any = intrinsic(_row_of_four)
square_modulus: Any = intrinsic(_square_modulus)
power_law: Any = intrinsic(_power_law)
if_above: Any = intrinsic(_if_above)
any_above: Any = intrinsic(_any_above)
multiply_add: Any = intrinsic(_multiply_add_lanes)
conjugate: Any = intrinsic(_conjugate)
times_minus_i: Any = intrinsic(_times_minus_i)
transpose_tile: Any = intrinsic(_transpose_tile)
if SWITCHED_OFF:  # what kernels of real lanes take, as numpy has it
    load_reals = lambda x, i: x[i : i + LANES].copy()  # noqa: E731
    power_law = lambda x, exponent: x**exponent  # noqa: E731
    if_above = lambda x, y, one, other: np.where(x > y, one, other)  # noqa: E731
    any_above = lambda x, y: bool((x > y).any())  # noqa: E731

    def store_reals(out: Any, i: Any, y: Any) -> None:
        """LANES numbers from number i on."""
        out[i : i + LANES] = y

    def transpose_tile(
        x: Any, i: Any, step: Any, weights: Any, k: Any, out: Any, j: Any, out_step: Any
    ) -> None:
        """LANES rows of LANES numbers become columns."""
        rows = [x.reshape(-1)[at : at + LANES] for at in range(i, i + LANES * step, step)]
        for r, row in enumerate((np.array(rows) * weights[k : k + LANES]).T):
            out[j + r * out_step : j + r * out_step + LANES] = row
