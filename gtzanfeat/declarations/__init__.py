"""Declarations: what a feature says of itself and which parameters it takes; the types of registries.

Only declarations: no kernels, no registry, no import of anything heavy. A family file
(`features/tempo.py`, say) holds kernels and, at its foot, rows of the types in `rows`.
"""

from gtzanfeat.declarations.framing import Framing
from gtzanfeat.declarations.parameters import FRAME_RATE, SPECTRUM, Frozen, Parameter, Params, check_names
from gtzanfeat.declarations.rows import (
    Accumulator,
    Arrays,
    ClipFeature,
    Collection,
    Column,
    FrameFeature,
    Ingredient,
    Request,
    Stream,
    TrackFeature,
    no_constants,
)

__all__ = [
    "FRAME_RATE",
    "SPECTRUM",
    "Accumulator",
    "Arrays",
    "ClipFeature",
    "Collection",
    "Column",
    "FrameFeature",
    "Framing",
    "Frozen",
    "Ingredient",
    "Parameter",
    "Params",
    "Request",
    "Stream",
    "TrackFeature",
    "check_names",
    "no_constants",
]
