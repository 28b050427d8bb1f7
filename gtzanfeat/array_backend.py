"""Array backends: numpy or CuPy behind the same array API, and their transforms; the only file that says so.

What is computed on arrays of many clips at once (`array_features`, `extraction.array_analysis`) is written
against the array API standard as `array_api_compat` gives it, and gets all else from an `ArrayBackend`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.version import versions

NUMPY_BYTES = 1 << 28  # for a batch: more clips at a time would not be faster
NUMPY_BLOCK_BYTES = 1 << 23  # of frames and their spectra at a time: they stay in cache
DEVICE_SHARE = 0.25  # of the memory of a device that is free, for the samples and tracks of a batch
DEVICE_BLOCK_SHARE = 0.25  # for frames and their spectra


@dataclass(frozen=True, eq=False)
class ArrayBackend:
    """A library of arrays, and the device that they are on.

    Parameters
    ----------
    name : str
        "numpy", "cupy".
    version : str
        Name and version of the library, and the name of the device where there is one.
    xp : module
        The functions of the array API.
    rfft : callable or None
        One-sided DFT along the last axis: float32 in, complex64 out. None where arrays are numpy's: spectra
        are then the bits that they are on the CPU.
    to_device, to_host : callable
        From a numpy array to one of the library, and back.
    batch_bytes : callable
        ``batch_bytes()`` gives the bytes that the samples and tracks of a batch may take.
    block_bytes : callable
        ``block_bytes()`` gives the bytes that frames and their spectra may take at a time.
    synchronise : callable
        Waits until all that was asked for is computed.
    release : callable
        Gives back memory that is held for later.

    Notes
    -----
    Memory that is used up raises `MemoryError`, which that of CuPy is too. A pickled backend is found by its
    name where it is unpickled.
    """

    name: str
    version: str
    xp: Any
    rfft: Callable[[Any], Any] | None
    to_device: Callable[[NDArray[Any]], Any]
    to_host: Callable[[Any], NDArray[Any]]
    batch_bytes: Callable[[], int]
    block_bytes: Callable[[], int]
    synchronise: Callable[[], None]
    release: Callable[[], None]

    def __reduce__(self) -> tuple[Any, ...]:
        """Find the library and the device anew, in another process."""
        return array_backend, (self.name,)


def array_backend(name: str | ArrayBackend) -> ArrayBackend:
    """Return an array backend by name.

    Parameters
    ----------
    name : {"numpy", "cupy"} or ArrayBackend
        "cupy" is the GPU that CuPy finds. A backend is returned as it is.

    Returns
    -------
    ArrayBackend
        Ready to compute.

    Raises
    ------
    UnknownNameError
        If there is no backend of that name.
    GtzanfeatError
        If a library is missing, or if there is no device, or one that does not work.

    Examples
    --------
    >>> array_backend("numpy").name
    'numpy'
    """
    if isinstance(name, ArrayBackend):
        return name
    if name not in BACKENDS:
        raise UnknownNameError("array backend", name, BACKENDS)
    return BACKENDS[name]()


def _numpy() -> ArrayBackend:
    from array_api_compat import numpy as xp

    return ArrayBackend(
        "numpy",
        f"numpy {versions('numpy')['numpy']}",
        xp,
        rfft=None,
        to_device=np.asarray,
        to_host=np.asarray,
        batch_bytes=lambda: NUMPY_BYTES,
        block_bytes=lambda: NUMPY_BLOCK_BYTES,
        synchronise=lambda: None,
        release=lambda: None,
    )


def _cupy() -> ArrayBackend:
    try:
        import cupy
    except Exception as error:  # an installation of CuPy can be broken in many ways
        raise _no_gpu(f"CuPy cannot be loaded ({_one_line(error)})") from error
    try:
        device = cupy.cuda.Device()
        name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
        probe = cupy.fft.rfft(cupy.ones(8, dtype=cupy.float32))  # loads cuFFT, and compiles something
        cupy.asnumpy(probe)
        from array_api_compat import cupy as xp
    except Exception as error:  # no device, an old driver, a missing library of CUDA
        raise _no_gpu(f"CuPy finds no GPU that works ({_one_line(error)})") from error
    pool = cupy.get_default_memory_pool()

    def free_bytes() -> int:
        return int(device.mem_info[0]) + int(pool.free_bytes())

    return ArrayBackend(
        "cupy",
        f"cupy {cupy.__version__}, {name}",
        xp,
        rfft=lambda frames: cupy.fft.rfft(frames, axis=-1),
        to_device=cupy.asarray,
        to_host=cupy.asnumpy,
        batch_bytes=lambda: int(DEVICE_SHARE * free_bytes()),
        block_bytes=lambda: int(DEVICE_BLOCK_SHARE * free_bytes()),
        synchronise=device.synchronize,
        release=pool.free_all_blocks,
    )


def _no_gpu(reason: str) -> GtzanfeatError:
    return GtzanfeatError(
        f"array_backend 'cupy': {reason}; it takes a GPU of NVIDIA with its driver and "
        "pip install 'gtzanfeat[gpu]'. Leave array_backend (--gpu) out to compute features on the CPU"
    )


def _one_line(error: Exception) -> str:
    words = " ".join(str(error).replace("=", " ").split())
    return f"{type(error).__name__}: {words[:160]}"


BACKENDS: dict[str, Callable[[], ArrayBackend]] = {"numpy": _numpy, "cupy": _cupy}
