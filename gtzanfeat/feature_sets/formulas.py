"""The texts of columns: formulae with the values of a feature's parameters, framing and rate.

Rows of features leave fields in their formulae, ``{share}``; here is what may stand in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gtzanfeat.declarations import Column, Framing, Params


def with_values(column: Column, values: Mapping[str, Any]) -> Column:
    """Return a column whose formula and sentence have values in the place of fields.

    Parameters
    ----------
    column : Column
        As a row declares it.
    values : mapping
        From `field_values`.

    Returns
    -------
    Column
        Without fields.

    Examples
    --------
    >>> column = Column("", "Hz", "smallest r with Σ S[0..r] >= {share} Σ S", "brightness")
    >>> with_values(column, field_values(Framing(512, 512), 22050, {"share": 0.85})).formula
    'smallest r with Σ S[0..r] >= 0.85 Σ S'
    """
    if "{" not in column.formula + column.hears:
        return column
    formula, hears = column.formula.format_map(values), column.hears.format_map(values)
    return replace(column, formula=formula, hears=hears)


class Multiples:
    """The multiples of a number, by index: frequencies of bins, times of frames.

    Parameters
    ----------
    step : float
        The number.

    Examples
    --------
    >>> Multiples(0.5)[3]
    1.5
    """

    def __init__(self, step: float) -> None:
        self._step = step

    def __getitem__(self, n: int) -> float:
        return n * self._step


class _ByName(dict[str, Any]):
    """Values of fields; a field that has none is its own name."""

    def __missing__(self, name: str) -> _Name:
        return _Name(name)


class _Name(str):
    """A name that no format of a number changes."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self)


def field_values(framing: Framing, rate: int, params: Params) -> Mapping[str, Any]:
    """Return what the fields in the texts of a `Column` stand for.

    Parameters
    ----------
    framing : Framing
        How the samples are cut.
    rate : int
        Sample rate in Hz.
    params : mapping
        Parameters of the feature; a field that has no value is written by its name.

    Returns
    -------
    mapping
        The parameters, and ``bin_hz[k]``, the frequency of bin k of the DFT of a frame; ``frame_seconds[n]``,
        the time that n frames take; ``octave_hz[n]``, the rate halved n times.

    Examples
    --------
    >>> values = field_values(Framing(131072, 131072), 22050, {})
    >>> "at {bin_hz[6]:.2f} Hz, {share:g}".format_map(values)
    'at 1.01 Hz, share'
    """
    return _ByName(
        params,
        bin_hz=Multiples(rate / framing.length),
        frame_seconds=Multiples(framing.hop / rate),
        octave_hz=[rate / 2**n for n in range(16)],
    )
