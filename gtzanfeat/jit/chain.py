"""Kernels called one after another by compiled code, without the interpreter and its lock between them.

A block of frames passes some ten to twenty short kernels. Called from Python, each takes the interpreter's
lock and gives it back, and threads spend their time waiting for each other; so the kernels' machine code is
called by a few instructions that are made here, with LLVM, from the types of their arguments.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from gtzanfeat.jit.compilation import SWITCHED_OFF, Kernel

_WORD = ir.IntType(64)
_STATUS = ir.IntType(32)  # what a compiled kernel returns: 0, if all went well
_CALLER = ir.FunctionType(_STATUS, [_WORD.as_pointer()])


@dataclass(frozen=True, eq=False)
class Rows:
    """An argument of a kernel that has as many rows as there are frames in a block.

    Parameters
    ----------
    array : ndarray of shape (n_rows, ...)
        As many rows as there can be, of which each call of a chain takes the first.
    """

    array: NDArray[Any]


class Chain:
    """Kernels that are called one after another, on the first rows of the same arrays every time.

    Parameters
    ----------
    calls : sequence of (kernel, arguments)
        What is called, and with what: `Rows`, and arrays and numbers that stay as they are. Kernels return
        nothing. The arrays are kept, and read at every call.

    Examples
    --------
    >>> from gtzanfeat.jit import kernel
    >>> @kernel
    ... def doubled(x, out):
    ...     for i in range(x.size):
    ...         out[i] = 2 * x[i]
    >>> x, y, z = np.arange(4.0), np.zeros(4), np.zeros(4)
    >>> chain = Chain([(doubled, (Rows(x), Rows(y))), (doubled, (Rows(y), Rows(z)))])
    >>> chain(3)
    >>> z
    array([0., 4., 8., 0.])
    """

    def __init__(self, calls: Sequence[tuple[Any, tuple[Any, ...]]]) -> None:
        self._calls = list(calls)
        self._n = -1
        # where kernels are plain functions, or only note that they are called, they are called as others are
        self._one_by_one = SWITCHED_OFF or Kernel.calls is not None
        if self._calls and not self._one_by_one:
            self._prepare()

    def __call__(self, n: int) -> None:
        """Call all kernels.

        Parameters
        ----------
        n : int
            How many rows count.

        Raises
        ------
        MemoryError
            If a kernel found no memory.
        """
        if not self._calls:
            return
        if self._one_by_one:
            for function, arguments in self._calls:
                function(*[each.array[:n] if isinstance(each, Rows) else each for each in arguments])
            return
        if n != self._n:
            self._words[:] = self._fixed + n * self._per_row
            self._n = n
        failed = _run()(self._steps.ctypes.data, len(self._calls))
        if failed:
            raise MemoryError(f"the kernel {self._calls[failed - 1][0].__name__} found no memory")

    def _prepare(self) -> None:
        """Write down each call in words of 64 bits: the place of the kernel, then its arguments."""
        calls = [
            (function, tuple([each.array if isinstance(each, Rows) else each for each in arguments]))
            for function, arguments in self._calls
        ]
        fixed: list[int] = []
        per_row: list[int] = []  # what each word grows by with n
        steps: list[tuple[int, int]] = []
        for (_, arguments), (kernel, caller) in zip(self._calls, _places(calls), strict=True):
            steps.append((caller, len(fixed)))
            fixed.append(kernel)
            per_row.append(0)
            for each in arguments:
                some, more = _words(each)
                fixed += some
                per_row += more
        self._fixed, self._per_row = np.array(fixed, dtype=np.int64), np.array(per_row, dtype=np.int64)
        self._words = self._fixed.copy()
        self._steps = np.array(steps, dtype=np.int64)
        self._steps[:, 1] = self._words.ctypes.data + self._words.itemsize * self._steps[:, 1]


def _words(value: Any) -> tuple[list[int], list[int]]:
    """An argument as compiled kernels take it, in words, and by what they grow with each row.

    Of an array: who owns it (nobody, twice), how many numbers of how many bytes, where, its shape and steps.
    """
    if isinstance(value, np.ndarray):
        size, shape, place = value.size, value.shape, value.__array_interface__["data"][0]
        words = [0, 0, size, value.itemsize, place, *shape, *value.strides]
        return words, [0] * len(words)
    if isinstance(value, Rows):
        words, grows = _words(value.array)
        grows[2], grows[5] = words[2] // words[5], 1
        words[2] = words[5] = 0
        return words, grows
    if isinstance(value, np.float32):
        return [int(value.view(np.int32))], [0]
    wide = np.float64 if isinstance(value, float) else np.int64
    return [int(wide(value).view(np.int64))], [0]


_KNOWN: dict[Any, tuple[int, int]] = {}  # by kernel and `_kind` of each argument, what `_places` gives
_ENGINES: list[Any] = []  # they own the machine code
_LOCK = threading.Lock()


def _places(calls: Sequence[tuple[Any, tuple[Any, ...]]]) -> list[tuple[int, int]]:
    """Return, of each kernel and its arguments, where its machine code is, and that of what calls it."""
    keys = [(function, *map(_kind, arguments)) for function, arguments in calls]
    with _LOCK:
        new = {key: call for key, call in zip(keys, calls, strict=True) if key not in _KNOWN}
        if new:
            module = ir.Module("callers")
            kernels = [_kernel(module, f"caller_{i}", *call) for i, call in enumerate(new.values())]
            engine = _engine(module)
            callers = [engine.get_function_address(f"caller_{i}") for i in range(len(new))]
            _KNOWN.update(zip(new, zip(kernels, callers, strict=True), strict=True))
        return [_KNOWN[key] for key in keys]


def _kind(value: Any) -> Any:
    """What numba's type of an argument depends on."""
    if isinstance(value, np.ndarray):
        return value.dtype.char, value.ndim, value.flags.c_contiguous, value.flags.writeable
    return type(value)


def _kernel(module: Any, caller: str, function: Any, arguments: tuple[Any, ...]) -> int:
    """Compile or load a kernel for arguments of these types; return its place, and add what calls it."""
    types = tuple(map(numba.typeof, arguments))
    if types not in function.overloads:
        function.compile(types)
    result = function.overloads[types]
    kind = function.targetctx.call_conv.get_function_type(result.signature.return_type, types)
    _add_caller(module, caller, kind)
    place: int = result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
    return place


def _add_caller(module: Any, name: str, kind: Any) -> None:
    function = ir.Function(module, _CALLER, name)
    builder = ir.IRBuilder(function.append_basic_block())
    # the kernel, and its arguments but for the first two: where results and errors go
    words = ir.LiteralStructType([kind.as_pointer(), *map(_word_of, kind.args[2:])])
    call = builder.load(builder.bitcast(function.args[0], words.as_pointer()))
    callee, *given = (builder.extract_value(call, i) for i in range(len(words)))
    for i, each in enumerate(kind.args[2:]):
        if isinstance(each, ir.FloatType):
            given[i] = builder.bitcast(builder.trunc(given[i], ir.IntType(32)), each)
        elif given[i].type != each:
            given[i] = builder.trunc(given[i], each)
    results = [builder.alloca(each.pointee) for each in kind.args[:2]]
    builder.ret(builder.call(callee, [*results, *given]))


def _word_of(kind: Any) -> Any:
    """The type of a word that holds an argument of this type."""
    return kind if isinstance(kind, ir.PointerType | ir.DoubleType) else _WORD


@cache
def _run() -> Any:
    """The compiled loop over the steps of a chain: 0, or the number of the first that failed.

    Its arguments: the steps, two words each, a caller and where its words are; and how many steps there are.
    """
    module = ir.Module("chain")
    function = ir.Function(module, ir.FunctionType(_STATUS, [_WORD.as_pointer(), _WORD]), "chain")
    steps, n_steps = function.args
    begin, loop, go_on, end = (function.append_basic_block(each) for each in ("begin", "loop", "on", "end"))
    ir.IRBuilder(begin).branch(loop)
    builder = ir.IRBuilder(loop)
    i = builder.phi(_WORD)
    caller, words = (
        builder.load(builder.gep(steps, [builder.add(builder.mul(i, _WORD(2)), _WORD(offset))]))
        for offset in (0, 1)
    )
    status = builder.call(
        builder.inttoptr(caller, _CALLER.as_pointer()), [builder.inttoptr(words, _WORD.as_pointer())]
    )
    following = builder.add(i, _WORD(1))
    failed = builder.icmp_signed("!=", status, _STATUS(0))
    builder.cbranch(failed, end, go_on)
    builder = ir.IRBuilder(go_on)
    builder.cbranch(builder.icmp_signed("<", following, n_steps), loop, end)
    i.add_incoming(_WORD(0), begin)
    i.add_incoming(following, go_on)
    builder = ir.IRBuilder(end)
    result = builder.phi(_WORD)
    result.add_incoming(following, loop)
    result.add_incoming(_WORD(0), go_on)
    builder.ret(builder.trunc(result, _STATUS))
    engine = _engine(module)
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64)  # which lets go of the lock
    return kind(engine.get_function_address("chain"))


def _engine(module: Any) -> Any:
    """Machine code of a module, which is kept."""
    module.triple = llvm.get_process_triple()
    target = llvm.Target.from_triple(module.triple).create_target_machine(opt=0, jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), target)
    engine.finalize_object()
    _ENGINES.append(engine)
    return engine
