"""Chains: what they compute is what kernels do one by one, for any number of rows and kind of argument."""

import threading

import numpy as np
import pytest

from gtzanfeat.features.centroid_rolloff_flux import spectral_flux, spectral_rolloff
from gtzanfeat.features.zero_crossings import zero_crossings
from gtzanfeat.ingredients.filterbanks import packed_slaney_filterbank
from gtzanfeat.ingredients.spectra import apply_filterbank
from gtzanfeat.jit import SWITCHED_OFF, chain
from gtzanfeat.jit.chain import Chain, Rows

N, LENGTH = 20, 512
FILTERS = packed_slaney_filterbank(LENGTH, 22050, 13, 27)


@pytest.fixture
def arrays(rng):
    samples = rng.standard_normal(N * 256 + LENGTH).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, LENGTH, writeable=True)[::256][:N]
    spectra = np.abs(rng.standard_normal((N + 1, 257))).astype(np.float32)
    rows = [np.full((N, n), np.nan, dtype=np.float32) for n in (40, 1, 1, 1)]
    return frames, spectra, rows


def calls(arrays, of=lambda array: array):
    """Kernels of overlapping frames, integers, numbers, rows before, and of what another computes."""
    frames, spectra, (bands, rolloff, flux, crossings) = arrays
    return [
        (apply_filterbank, (of(spectra[1:]), *FILTERS, of(bands))),
        (spectral_rolloff, (of(bands), 20.0, 0.85, of(rolloff))),
        (spectral_flux, (of(spectra[1:]), spectra[:1], of(flux))),
        (zero_crossings, (of(frames), of(crossings))),
    ]


def test_a_chain_computes_what_its_kernels_do(arrays):
    for function, arguments in calls(arrays):
        function(*arguments)
    expected = [rows.copy() for rows in arrays[2]]
    for rows in arrays[2]:
        rows[...] = np.nan
    linked = Chain(calls(arrays, Rows))
    for n in (7, N, 3):
        linked(n)
        for rows, right in zip(arrays[2], expected, strict=True):
            np.testing.assert_array_equal(rows[:n], right[:n])
            assert np.isnan(rows[n:]).all()
            rows[...] = np.nan


def test_a_chain_reads_its_arrays_anew_at_every_call(arrays):
    linked = Chain(calls(arrays, Rows))
    linked(N)
    first = arrays[2][0].copy()
    arrays[1][...] *= 2
    linked(N)
    np.testing.assert_allclose(arrays[2][0], 2 * first, rtol=1e-6)


def test_chains_of_several_threads_do_not_meet(arrays, rng):
    def work(i):
        spectra = (spectra_of_all[i]).copy()
        rows = [np.empty((N, n), dtype=np.float32) for n in (40, 1, 1, 1)]
        linked = Chain(calls((arrays[0], spectra, rows), Rows))
        for _ in range(50):
            linked(N)
        found[i] = rows

    spectra_of_all = [np.abs(rng.standard_normal((N + 1, 257))).astype(np.float32) for _ in range(4)]
    found = {}
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, spectra in enumerate(spectra_of_all):
        rows = [np.empty((N, n), dtype=np.float32) for n in (40, 1, 1, 1)]
        for function, arguments in calls((arrays[0], spectra, rows)):
            function(*arguments)
        for one, other in zip(found[i], rows, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(SWITCHED_OFF, reason="there is no machine code")
def test_a_kernel_that_finds_no_memory_is_named(arrays, monkeypatch):
    linked = Chain(calls(arrays, Rows))
    monkeypatch.setattr(chain, "_run", lambda: lambda steps, n: 3)
    with pytest.raises(MemoryError, match="the kernel spectral_flux found no memory"):
        linked(N)


@pytest.mark.skipif(SWITCHED_OFF, reason="there is no machine code")
def test_what_fails_is_told_by_its_number(arrays):
    # a caller that fails: of the second kernel, as machine code
    module = chain.ir.Module("failing")
    function = chain.ir.Function(module, chain._CALLER, "failing")
    chain.ir.IRBuilder(function.append_basic_block()).ret(chain._STATUS(1))
    linked = Chain(calls(arrays, Rows))
    linked._steps[1, 0] = chain._engine(module).get_function_address("failing")
    with pytest.raises(MemoryError, match="spectral_rolloff"):
        linked(N)
    assert np.isnan(arrays[2][3]).all()  # what comes after it is not called
