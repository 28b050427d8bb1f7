"""The constants that decide the numbers of a feature: its own, and those of all that it is computed from.

Rows of features and ingredients declare theirs as `fixed`; here they are gathered along `needs` and `of`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.feature_sets.feature_parameters import sources
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients.hpss import PARTS
from gtzanfeat.ingredients.registry import INGREDIENTS, SEPARATION, STREAMS


def constants(feature: str, framing: Framing, params: Params) -> dict[str, dict[str, Any]]:
    """Gather the constants of a feature, of its ingredients and of the stream that they are cut from.

    Parameters
    ----------
    feature : str
        Name of a feature.
    framing : Framing
        How the samples are cut.
    params : mapping
        Parameters of the feature, one of which may name an ingredient.

    Returns
    -------
    dict
        By name of feature, ingredient or stream, its constants as plain JSON values; only those that have
        any. A parameter that is given takes the place of the constant that is its default.

    Examples
    --------
    >>> constants("loudness", Framing(512, 512), {})
    {'loudness': {'silence': 1e-10}}
    >>> sorted(constants("mfcc", Framing(512, 512, stream="preemphasis"), {}))
    ['mfcc', 'preemphasis', 'slaney_bands', 'slaney_log_bands']
    """
    found: dict[str, Params] = {}

    def gather(name: str) -> None:
        row = FEATURES.get(name) or ACCUMULATORS.get(name) or INGREDIENTS.get(name)
        if row is None or name in found:  # "frames", or a name that the analysis will refuse
            return
        found[name] = row.fixed
        for source in sources(name, params):
            gather(source)

    gather(feature)
    if framing.stream in STREAMS:
        found[framing.stream] = STREAMS[framing.stream].fixed
    elif framing.stream in PARTS:
        found["separation"] = SEPARATION
    return {
        name: {key: plain(value) for key, value in fixed.items()} for name, fixed in found.items() if fixed
    }


def plain(value: Any) -> Any:
    """Return a constant as JSON has it: lists for tuples and arrays, numbers to 12 significant digits.

    Twelve, because powers and cosines differ between machines in the last ones.

    Examples
    --------
    >>> plain({"steps": np.array([0.1, 1 / 3]), "lags": (1, 2)})
    {'steps': [0.1, 0.333333333333], 'lags': [1, 2]}
    """
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | tuple | list):
        return [plain(inner) for inner in value]
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    return float(f"{value:.12g}")
