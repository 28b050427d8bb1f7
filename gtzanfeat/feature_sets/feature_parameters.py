"""The parameters of a feature: its own, and those of all that it is computed from.

Rows of features, accumulators and ingredients declare theirs as `parameters`; here they are gathered along
`needs` and `of`. What is gathered is what a feature accepts, what its error messages name, and what the
command line and the documentation list.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from gtzanfeat.declarations import ClipFeature, Framing, Frozen, Parameter, Params, check_names
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients.registry import INGREDIENTS
from gtzanfeat.statistics.summaries import find_summary


def sources(name: str, params: Params) -> tuple[str, ...]:
    """Return what a feature, accumulator or ingredient is computed from, by name; () of the samples.

    Parameters
    ----------
    name : str
        Of a feature, an accumulator or an ingredient.
    params : mapping
        Parameters, of which ``spectrum`` names an ingredient.

    Returns
    -------
    tuple of str
        Names of features, accumulators and ingredients.
    """
    row = FEATURES.get(name) or ACCUMULATORS.get(name) or INGREDIENTS.get(name)
    if row is None:  # "frames", or a name that the analysis will refuse
        return ()
    if isinstance(row, ClipFeature):
        return (row.of,)
    defaults = {parameter.name: parameter.default for parameter in row.parameters}
    return tuple(need.format_map({**defaults, **params}) for need in row.needs)


def feature_parameters(feature: str, params: Params = Frozen()) -> dict[str, Parameter]:  # noqa: B008
    """Return all parameters that a feature takes, by name.

    Parameters
    ----------
    feature : str
        Name of a feature.
    params : mapping, optional
        What it is given, for ``spectrum`` decides what it is computed from.

    Returns
    -------
    dict of str to Parameter
        Its own first. Where it declares one that an ingredient has too, its own counts.

    Examples
    --------
    >>> list(feature_parameters("htk_mfcc"))
    ['n_mfcc', 'lifter', 'bands', 'mel', 'floor', 'low_hz', 'high_hz']
    >>> feature_parameters("zcr")
    {}
    """
    # names, among them those of what a feature is computed from, are strings; no other value matters here
    names = frozenset((name, str(value)) for name, value in params.items() if isinstance(value, str))
    return dict(_gathered(feature, names))


# one entry for each feature and choice of its sources, of which there are few hundred
@functools.lru_cache(maxsize=1024)
def _gathered(feature: str, names: frozenset[tuple[str, str]]) -> dict[str, Parameter]:
    """What `feature_parameters` returns; gathering it took up to a third of building an analysis."""
    found: dict[str, Parameter] = {}
    params = dict(names)

    def gather(name: str) -> None:
        row = FEATURES.get(name) or ACCUMULATORS.get(name) or INGREDIENTS.get(name)
        for parameter in row.parameters if row is not None else ():
            found.setdefault(parameter.name, parameter)
        for source in sources(name, params):
            gather(source)

    gather(feature)
    return found


def checked_params(feature: str, framing: Framing, rate: int, given: Params) -> dict[str, Any]:
    """Return parameters as plain Python has them, or refuse them.

    Parameters
    ----------
    feature : str
        Name of a feature.
    framing : Framing
        How the samples are cut.
    rate : int
        Sample rate in Hz.
    given : mapping
        The parameters.

    Returns
    -------
    dict
        What was given, and no more.

    Raises
    ------
    UnknownNameError
        If the feature takes no parameter of that name.
    ParameterError
        If a value is of the wrong type or out of range.

    Examples
    --------
    >>> checked_params("mfcc", Framing(512, 512), 22050, {"n_mfcc": 20})
    {'n_mfcc': 20}
    """
    parameters = feature_parameters(feature)
    check_names(feature, parameters, given)
    return {
        name: parameters[name].checked(feature, value, parameters[name].default_for(framing, rate))
        for name, value in given.items()
    }


def full_params(feature: str, framing: Framing, rate: int, given: Params) -> Frozen:
    """Return the parameters of a feature with the defaults of those that are not given.

    Parameters
    ----------
    feature, framing, rate, given
        As of `checked_params`.

    Returns
    -------
    Frozen
        One value for each of `feature_parameters`.

    Examples
    --------
    >>> full_params("tempo", Framing(1024, 441), 22050, {})["frame_rate"]
    50.0
    """
    parameters = feature_parameters(feature, given)
    return Frozen(
        {
            name: given[name] if name in given else parameter.default_for(framing, rate)
            for name, parameter in parameters.items()
        }
    )


def checked_summary_params(summary: str, given: Params) -> dict[str, Any]:
    """Return parameters of a summary as plain Python has them, or refuse them.

    Parameters
    ----------
    summary : str
        What `gtzanfeat.statistics.summaries.find_summary` finds.
    given : mapping
        The parameters.

    Returns
    -------
    dict
        What was given, and no more.

    Raises
    ------
    UnknownNameError
        If the summary takes no parameter of that name.
    ParameterError
        If a value is of the wrong type or out of range.
    """
    parameters = {parameter.name: parameter for parameter in find_summary(summary).parameters}
    owner = f"the summary {summary!r}"
    check_names(owner, parameters, given)
    return {
        name: parameters[name].checked(owner, value, parameters[name].default)
        for name, value in given.items()
    }


def parameter_rows(feature: str, framing: Framing, rate: int, given: Params) -> list[dict[str, str]]:
    """Return a description of each parameter of a feature.

    Parameters
    ----------
    feature, framing, rate, given
        As of `checked_params`.

    Returns
    -------
    list of dict
        Of feature, parameter, value, default, unit, range and meaning.

    Examples
    --------
    >>> rows = parameter_rows("f0", Framing(1024, 512), 22050, {"low_hz": 80.0})
    >>> [rows[-1][key] for key in ("parameter", "value", "default", "unit", "range")]
    ['low_hz', '80', '65', 'Hz', 'above 0']
    """
    parameters = feature_parameters(feature, given).values()
    defaults = {each.name: each.default_for(framing, rate) for each in parameters}
    return _rows(feature, parameters, defaults, given)


def summary_parameter_rows(summary: str, given: Params) -> list[dict[str, str]]:
    """Return a description of each parameter of a summary, as of `parameter_rows`.

    Parameters
    ----------
    summary, given
        As of `checked_summary_params`.

    Returns
    -------
    list of dict
        The feature is "summary texture", say.
    """
    parameters = find_summary(summary).parameters
    return _rows(f"summary {summary}", parameters, {each.name: each.default for each in parameters}, given)


def _rows(
    owner: str, parameters: Iterable[Parameter], defaults: Params, given: Params
) -> list[dict[str, str]]:
    return [
        {
            "feature": owner,
            "parameter": parameter.name,
            "value": _text(given.get(parameter.name, defaults[parameter.name])),
            "default": _text(defaults[parameter.name]),
            "unit": parameter.unit,
            "range": parameter.range,
            "meaning": parameter.meaning,
        }
        for parameter in parameters
    ]


def _text(value: Any) -> str:
    """A value in few characters."""
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    return f"{value:.7g}" if isinstance(value, float) else str(value)
