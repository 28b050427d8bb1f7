"""The registry of features: the rows of all families. No kernel and no row is written here.

A family is a file of this folder that ends in ``FEATURES`` (and ``ACCUMULATORS``, where it has any); a new
one is found without being named here.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from gtzanfeat.declarations import Accumulator, ClipFeature, Collection, FrameFeature

_FAMILIES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]

FEATURES: dict[str, FrameFeature | ClipFeature] = {
    row.name: row for family in _FAMILIES for row in getattr(family, "FEATURES", ())
}

ACCUMULATORS: dict[str, Accumulator | Collection] = {
    row.name: row for family in _FAMILIES for row in getattr(family, "ACCUMULATORS", ())
}
