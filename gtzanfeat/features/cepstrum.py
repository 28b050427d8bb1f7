"""Cepstral coefficients (MFCC): discrete cosine transforms of log filterbank energies.

Four dialects, after Slaney's Auditory Toolbox, librosa, HTK and Marsyas. The filterbanks and the logarithm
are ingredients (`ingredients.filterbanks`, `ingredients.spectra`); the bands themselves are in `bands`,
librosa's MFCC of a clip limited to 80 dB in `librosa57`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.ingredients.filterbanks import dct_basis
from gtzanfeat.jit import Float32Array, kernel

N_COEFFICIENTS = 13
N_BANDS = 40
LIBROSA_COEFFICIENTS = 20
HTK_LIFTER = 22


@kernel
def cepstrum(log_bands: Float32Array, basis: Float32Array, out: Float32Array) -> None:
    """Cepstral coefficients c[q] = Σ_b basis[q, b] L[b].

    log_bands (n_frames, n_bands), basis (n_coefficients, n_bands) -> out (n_frames, n_coefficients)
    """
    for t in range(log_bands.shape[0]):
        for q in range(basis.shape[0]):
            total = np.float32(0.0)
            for b in range(basis.shape[1]):
                total += basis[q, b] * log_bands[t, b]
            out[t, q] = total


_SLANEY = f"Σ_b √(2/{N_BANDS}) cos(π{{0}}(b+½)/{N_BANDS}) log10 E_b"
_MARSYAS = f"Σ_b √(2/{N_BANDS}) cos(π{{0}}(b+½)/{N_BANDS}) log10(E_b / (2N)²)"
_LIBROSA = "Σ_b √(2/{{bands}}) cos(π{0}(b+½)/{{bands}}) 10 log10 E_b"
_HTK = (
    f"(1 + {HTK_LIFTER // 2} sin(π{{0}}/{HTK_LIFTER})) "
    "Σ_b √(2/{{bands}}) cos(π{0}(b+½)/{{bands}}) ln E_b"
)


def dct_of_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """Orthonormal DCT basis from 40 bands to 13 coefficients, (13, 40)."""
    return (dct_basis(N_COEFFICIENTS, N_BANDS),)


def librosa_basis(framing: Framing, rate: int, params: Params) -> Arrays:
    """Orthonormal DCT basis from ln of any number of bands to 20 coefficients in dB, (20, bands)."""
    return (dct_basis(LIBROSA_COEFFICIENTS, params["bands"]) * np.float32(10 / np.log(10)),)


def htk_basis(framing: Framing, rate: int, params: Params) -> Arrays:
    """Rows √(2/B) cos(πq(b+½)/B), also the first, times the lifter 1 + 11 sin(πq/22): (13, bands)."""
    basis = dct_basis(N_COEFFICIENTS, params["bands"])
    basis[0] *= np.sqrt(2)
    lifter = 1 + HTK_LIFTER / 2 * np.sin(np.pi * np.arange(N_COEFFICIENTS) / HTK_LIFTER)
    return ((basis * lifter[:, None]).astype(np.float32),)


def _coefficient(q: int, unit: str = "log10 power", formula: str = _SLANEY) -> Column:
    """Column of one cepstral coefficient."""
    hears = {
        0: "overall level, on a logarithmic scale",
        1: "the balance of low against high frequencies",
        2: "middle frequencies against both ends of the spectrum",
    }.get(q, f"the spectral envelope, as a cosine of {q / 2:g} periods over the bands")
    return Column(f"{q:02d}", unit, formula.format(q), hears)


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
        fixed={"coefficients": N_COEFFICIENTS, "bands": N_BANDS},
    ),
    FrameFeature(
        name="librosa_mfcc",
        family="timbre",
        kernel=cepstrum,
        needs=("mel_log_bands",),
        columns=tuple(_coefficient(q, "dB", _LIBROSA) for q in range(LIBROSA_COEFFICIENTS)),
        source="librosa.feature.mfcc of power_to_db(S, top_db=None)",
        gain_invariant=False,
        constants=librosa_basis,
        fixed={"coefficients": LIBROSA_COEFFICIENTS},
    ),
    FrameFeature(
        name="htk_mfcc",
        family="timbre",
        kernel=cepstrum,
        needs=("mel_log_bands",),
        columns=tuple(_coefficient(q, "ln power", _HTK) for q in range(N_COEFFICIENTS)),
        source="Young et al., The HTK Book, section 5.6, of the power spectrum",
        gain_invariant=False,
        constants=htk_basis,
        fixed={"coefficients": N_COEFFICIENTS, "lifter": HTK_LIFTER},
    ),
    FrameFeature(
        name="marsyas_mfcc",
        family="timbre",
        kernel=cepstrum,
        needs=("marsyas_log_bands",),
        columns=tuple(_coefficient(q, formula=_MARSYAS) for q in range(N_COEFFICIENTS)),
        source="Marsyas (Tzanetakis 2000-2023), MFCC",
        gain_invariant=False,
        constants=dct_of_bands,
        fixed={"coefficients": N_COEFFICIENTS, "bands": N_BANDS},
    ),
)
