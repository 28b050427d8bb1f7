"""Cepstral features: discrete cosine transforms of log filterbank energies.

The filterbanks and the logarithm are ingredients (`spectra`); here is what is made of them.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.features.spec import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.jit import kernel

N_COEFFICIENTS = 13
N_BANDS = 40


@kernel
def cepstrum(log_bands: np.ndarray, basis: np.ndarray, out: np.ndarray) -> None:
    """c[q] = Σ_b basis[q, b] L[b]."""
    for t in range(log_bands.shape[0]):
        for q in range(basis.shape[0]):
            total = np.float32(0.0)
            for b in range(basis.shape[1]):
                total += basis[q, b] * log_bands[t, b]
            out[t, q] = total


def dct_basis(n_coefficients: int, n_bands: int) -> np.ndarray:
    """Rows of the orthonormal DCT-II, √(2/B) cos(πq(b+½)/B), row 0 times 1/√2; float32 (q, b)."""
    q, b = np.arange(n_coefficients)[:, None], np.arange(n_bands)
    basis = np.sqrt(2 / n_bands) * np.cos(np.pi * q * (b + 0.5) / n_bands)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)


def dct_of_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """The basis that takes 40 bands to 13 coefficients."""
    return (dct_basis(N_COEFFICIENTS, N_BANDS),)


def _coefficient(q: int) -> Column:
    hears = {
        0: "overall level, on a logarithmic scale",
        1: "the balance of low against high frequencies",
        2: "middle frequencies against both ends of the spectrum",
    }.get(q, f"the spectral envelope, as a cosine of {q} half periods over the bands")
    return Column(f"{q:02d}", "log10 power", f"Σ_b √(2/40) cos(π{q}(b+½)/40) log10 E_b", hears)


FEATURES = (
    FrameFeature(
        name="mfcc",
        family="timbre",
        kernel=cepstrum,
        needs=("slaney_log_bands",),
        columns=tuple(_coefficient(q) for q in range(N_COEFFICIENTS)),
        source="Davis & Mermelstein 1980; Slaney 1998, Auditory Toolbox",
        gain_invariant=False,
        constants=dct_of_bands,
    ),
    FrameFeature(
        name="marsyas_mfcc",
        family="timbre",
        kernel=cepstrum,
        needs=("marsyas_log_bands",),
        columns=tuple(_coefficient(q) for q in range(N_COEFFICIENTS)),
        source="Marsyas (Tzanetakis 2000-2023), MFCC",
        gain_invariant=False,
        constants=dct_of_bands,
    ),
)
