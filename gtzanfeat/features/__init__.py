"""Features: one file per family, with its kernels and, at its foot, the rows that declare them.

`FEATURES` and `ACCUMULATORS` are the registry: the rows of all families by name. A family is a file of this
folder that ends in ``FEATURES`` (and ``ACCUMULATORS``, where it has any); it is found by being here. What
several families share is in `gtzanfeat.ingredients` and `gtzanfeat.statistics`; formulae, parameters and edge
cases of each feature are in the documentation, under "Specification".
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
