"""Cepstral coefficients (MFCC): discrete cosine transforms of log filterbank energies.

Four dialects, after Slaney's Auditory Toolbox, librosa, HTK and Marsyas. The filterbanks and the logarithm
are ingredients (`ingredients.filterbanks`, `ingredients.spectra`); the bands themselves are in `bands`,
librosa's MFCC of a clip limited to 80 dB in `librosa57`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Parameter, Params
from gtzanfeat.errors import ParameterError
from gtzanfeat.ingredients.filterbanks import dct_basis
from gtzanfeat.jit import Float32Array, kernel
from gtzanfeat.jit.vector_sums import dot_product

N_COEFFICIENTS = 13
N_BANDS = 40
LIBROSA_COEFFICIENTS = 20
HTK_LIFTER = 22


@kernel
def cepstrum(log_bands: Float32Array, basis: Float32Array, out: Float32Array) -> None:
    """Cepstral coefficients c[q] = Σ_b basis[q, b] L[b].

    log_bands (n_frames, n_bands), basis (n_coefficients, n_bands) -> out (n_frames, n_coefficients)
    """
    n_coefficients, n_bands = basis.shape
    for t in range(log_bands.shape[0]):
        for q in range(n_coefficients):
            out[t, q] = dot_product(log_bands, t * n_bands, basis, q * n_bands, n_bands)


_SLANEY = "√(2/{bands}) cos(π{q}(b+½)/{bands}) log10 E_b"
_MARSYAS = "√(2/{bands}) cos(π{q}(b+½)/{bands}) log10(E_b / (2N)²)"
_LIBROSA = "√(2/{bands}) cos(π{q}(b+½)/{bands}) 10 log10 E_b"
_HTK = "√(2/{bands}) cos(π{q}(b+½)/{bands}) ln E_b"


def _parameters(n_mfcc: int, lifter: int) -> tuple[Parameter, ...]:
    """How many coefficients there are, and how they are weighted."""
    return (
        Parameter("n_mfcc", n_mfcc, "coefficients", "number of coefficients, at most that of bands", low=1),
        Parameter(
            "lifter", lifter, "1", "L of the weights 1 + L/2 sin(πq/L) of coefficient q; 0 for none", low=0
        ),
    )


def n_bands(params: Params) -> int:
    """Number of bands that a transform is of: mel filters, or both kinds of Slaney's."""
    both = ("linear_filters", "log_filters")
    n: int = params["bands"] if "bands" in params else sum(params[name] for name in both)
    return n


def lifted(basis: Float32Array, lifter: int) -> Float32Array:
    """Rows q of a basis times 1 + L/2 sin(πq/L), or as they are for L = 0."""
    if lifter == 0:
        return basis
    weights = 1 + lifter / 2 * np.sin(np.pi * np.arange(len(basis)) / lifter)
    return (basis * weights[:, None]).astype(np.float32)


def dct_of_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """Orthonormal DCT basis from bands to coefficients, (n_mfcc, n_bands)."""
    return (lifted(dct_basis(params["n_mfcc"], n_bands(params)), params["lifter"]),)


def librosa_basis(framing: Framing, rate: int, params: Params) -> Arrays:
    """Orthonormal DCT basis from ln of bands to coefficients in dB, (n_mfcc, bands)."""
    basis = dct_basis(params["n_mfcc"], params["bands"]) * np.float32(10 / np.log(10))
    return (lifted(basis, params["lifter"]),)


def htk_basis(framing: Framing, rate: int, params: Params) -> Arrays:
    """Rows √(2/B) cos(πq(b+½)/B), also the first, times the lifter: (n_mfcc, bands)."""
    basis = dct_basis(params["n_mfcc"], params["bands"])
    basis[0] *= np.sqrt(2)
    return (lifted(basis, params["lifter"]),)


def _coefficients(unit: str, term: str, params: Params) -> tuple[Column, ...]:
    """Columns of the coefficients that these parameters make."""
    n = n_bands(params)
    if params["n_mfcc"] > n:
        raise ParameterError(
            f"{n} bands have no {params['n_mfcc']} cepstral coefficients; give n_mfcc up to {n}"
        )
    lifter = params["lifter"]
    weight = f"(1 + {lifter / 2:g} sin(π{{q}}/{lifter})) " if lifter else ""
    formula = f"{weight}Σ_b {term}"
    return tuple(_coefficient(q, unit, formula.format(q=q, bands=n)) for q in range(params["n_mfcc"]))


def _coefficient(q: int, unit: str, formula: str) -> Column:
    """Column of one cepstral coefficient."""
    hears = {
        0: "overall level, on a logarithmic scale",
        1: "the balance of low against high frequencies",
        2: "middle frequencies against both ends of the spectrum",
    }.get(q, f"the spectral envelope, as a cosine of {q / 2:g} periods over the bands")
    return Column(f"{q:02d}", unit, formula, hears)


_SLANEY_COLUMNS = partial(_coefficients, "log10 power", _SLANEY)
_MARSYAS_COLUMNS = partial(_coefficients, "log10 power", _MARSYAS)
_LIBROSA_COLUMNS = partial(_coefficients, "dB", _LIBROSA)
_HTK_COLUMNS = partial(_coefficients, "ln power", _HTK)
_SLANEY_DEFAULTS = {"n_mfcc": N_COEFFICIENTS, "lifter": 0, "bands": N_BANDS}


FEATURES = (
    FrameFeature(
        name="mfcc",
        family="timbre",
        subfamily="cepstrum",
        kernel=cepstrum,
        needs=("slaney_log_bands",),
        columns=_SLANEY_COLUMNS(_SLANEY_DEFAULTS),
        columns_for=_SLANEY_COLUMNS,
        parameters=_parameters(N_COEFFICIENTS, 0),
        source="Davis & Mermelstein 1980; Slaney 1998, Auditory Toolbox",
        gain_invariant=False,
        constants=dct_of_bands,
        fixed={"coefficients": N_COEFFICIENTS, "bands": N_BANDS},
    ),
    FrameFeature(
        name="librosa_mfcc",
        family="timbre",
        subfamily="cepstrum",
        kernel=cepstrum,
        needs=("mel_log_bands",),
        columns=_LIBROSA_COLUMNS({"n_mfcc": LIBROSA_COEFFICIENTS, "lifter": 0, "bands": 128}),
        columns_for=_LIBROSA_COLUMNS,
        parameters=(
            *_parameters(LIBROSA_COEFFICIENTS, 0),
            Parameter("bands", 128, "bands", "number of mel filters", low=1),
        ),
        source="librosa.feature.mfcc of power_to_db(S, top_db=None)",
        gain_invariant=False,
        constants=librosa_basis,
        fixed={"coefficients": LIBROSA_COEFFICIENTS},
    ),
    FrameFeature(
        name="htk_mfcc",
        family="timbre",
        subfamily="cepstrum",
        kernel=cepstrum,
        needs=("mel_log_bands",),
        columns=_HTK_COLUMNS({"n_mfcc": N_COEFFICIENTS, "lifter": HTK_LIFTER, "bands": 26}),
        columns_for=_HTK_COLUMNS,
        parameters=(
            *_parameters(N_COEFFICIENTS, HTK_LIFTER),
            Parameter("bands", 26, "bands", "number of mel filters", low=1),
            Parameter(
                "mel", "htk", "1", "the mel scale, and the height of its filters", choices=("slaney", "htk")
            ),
        ),
        source="Young et al., The HTK Book, section 5.6, of the power spectrum",
        gain_invariant=False,
        constants=htk_basis,
        fixed={"coefficients": N_COEFFICIENTS, "lifter": HTK_LIFTER},
    ),
    FrameFeature(
        name="marsyas_mfcc",
        family="timbre",
        subfamily="cepstrum",
        kernel=cepstrum,
        needs=("marsyas_log_bands",),
        columns=_MARSYAS_COLUMNS(_SLANEY_DEFAULTS),
        columns_for=_MARSYAS_COLUMNS,
        parameters=_parameters(N_COEFFICIENTS, 0),
        source="Marsyas (Tzanetakis 2000-2023), MFCC",
        gain_invariant=False,
        constants=dct_of_bands,
        fixed={"coefficients": N_COEFFICIENTS, "bands": N_BANDS},
    ),
)
