"""Array backends: numpy everywhere, CuPy where there is a GPU, and a plain word where there is none."""

import pickle
import sys
import types

import numpy as np
import pytest

from gtzanfeat.array_backend import array_backend
from gtzanfeat.errors import GtzanfeatError, UnknownNameError


def gpu_is_missing():
    try:
        array_backend("cupy")
    except GtzanfeatError as error:
        return str(error)
    return ""


def test_numpy_keeps_float32_and_comes_back_as_it_was():
    backend = array_backend("numpy")
    given = backend.to_device(np.ones((2, 8), dtype=np.float32))
    assert given.dtype == np.float32
    assert backend.to_host(given).tolist() == [[1] * 8] * 2
    assert backend.rfft is None  # spectra are those of the CPU
    assert backend.version == f"numpy {np.__version__}"


def test_a_backend_is_found_anew_where_it_is_unpickled():
    backend = array_backend("numpy")
    assert pickle.loads(pickle.dumps(backend)).version == backend.version
    assert array_backend(backend) is backend


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(UnknownNameError, match="unknown array backend 'cuda'. Known: numpy, cupy"):
        array_backend("cuda")


def test_a_missing_cupy_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(GtzanfeatError, match=r"CuPy cannot be loaded .*pip install 'gtzanfeat\[gpu\]'"):
        array_backend("cupy")


def broken_cupy(error):
    """A CuPy whose driver raises an error as soon as it is asked for a device."""

    def fail(*arguments):
        raise error

    return types.SimpleNamespace(cuda=types.SimpleNamespace(Device=fail))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected"),
        RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient"),
        ImportError('Failure finding "libcufft.so.12":\n No such file'),
    ],
    ids=["no device", "old driver", "no cuFFT"],
)
def test_a_gpu_that_does_not_work_is_an_error_in_one_line(monkeypatch, error):
    monkeypatch.setitem(sys.modules, "cupy", broken_cupy(error))
    with pytest.raises(GtzanfeatError, match=r"finds no GPU that works .*gtzanfeat\[gpu\]") as raised:
        array_backend("cupy")
    assert str(error).split()[0] in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_a_gpu_has_is_asked_of_it(monkeypatch):
    """CuPy as it is where there is a GPU, with numpy's arrays for its own."""
    waited = []
    device = types.SimpleNamespace(id=0, mem_info=(6000, 9000), synchronize=lambda: waited.append(1))
    pool = types.SimpleNamespace(free_bytes=lambda: 2000, free_all_blocks=lambda: None)
    cupy = types.SimpleNamespace(
        __version__="14.2.0",
        cuda=types.SimpleNamespace(
            Device=lambda: device,
            runtime=types.SimpleNamespace(getDeviceProperties=lambda number: {"name": b"NVIDIA H100"}),
        ),
        fft=np.fft,
        ones=np.ones,
        float32=np.float32,
        asarray=np.asarray,
        asnumpy=np.asarray,
        get_default_memory_pool=lambda: pool,
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "array_api_compat.cupy", array_backend("numpy").xp)
    backend = array_backend("cupy")
    assert (backend.name, backend.version) == ("cupy", "cupy 14.2.0, NVIDIA H100")
    assert backend.batch_bytes() == backend.block_bytes() == 2000  # a quarter of what is free, held or not
    backend.synchronise()
    backend.release()
    assert waited == [1]
