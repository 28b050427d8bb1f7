"""The items of feature sets: a feature with its frames, parameters, columns and summary.

What a set makes of its items (names, hash, vectors) is in `definition`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from gtzanfeat.declarations import Column, FrameFeature, Framing, Frozen, Params, Request
from gtzanfeat.errors import GtzanfeatError, ParameterError, UnknownNameError
from gtzanfeat.feature_sets.constants import constants
from gtzanfeat.feature_sets.feature_parameters import (
    checked_params,
    checked_summary_params,
    feature_parameters,
    full_params,
)
from gtzanfeat.feature_sets.formulas import field_values, with_values
from gtzanfeat.features import FEATURES
from gtzanfeat.ingredients.hpss import PARTS
from gtzanfeat.statistics.summaries import find_summary

RATE = 22050
_PERCENTILE = re.compile(r"p\d\d")


def column_name(feature: str, column: str, suffix: str = "") -> str:
    """Return the name of a column: ``<feature>_<column>_<summary>``, without the empty parts.

    Parameters
    ----------
    feature, column, suffix : str
        The parts; a feature of one column has an empty `column`, and a clip feature an empty `suffix`.

    Returns
    -------
    str
        The only form that names of columns have.
    """
    name = f"{feature}_{column}" if column else feature
    return f"{name}_{suffix}" if suffix else name


@dataclass(frozen=True)
class FeatureItem:
    """A feature of a set, with its framing, parameters, columns and summary.

    Parameters
    ----------
    feature : str
        Name in `gtzanfeat.features.FEATURES`.
    framing : Framing
        How the samples are cut.
    params : mapping
        Parameters of the feature and its ingredients that differ from their defaults; ``gtzanfeat features
        NAME`` lists them.
    columns : tuple of str
        Which columns, in this order; all when empty.
    summary : str
        For a frame feature, what `gtzanfeat.statistics.summaries.find_summary` finds: "mean+std";
        left out where the frames themselves are wanted, as by `FrameFeatures`.
    summary_params : mapping
        Parameters of the summary that differ from their defaults.
    names : tuple of str
        What the columns are called where they have been published under other names, or are of one part of
        the sound, one for each column that is summarised (or, without a summary, that a frame has):
        ("rolloff",) makes "rolloff_mean" of what were "spectral_rolloff_mean".

    Raises
    ------
    UnknownNameError
        If there is no such feature, column or summary, or if one of these takes no such parameter.
    ParameterError
        If a parameter has a value that it cannot have.
    GtzanfeatError
        If `names` are too few or too many.

    Examples
    --------
    >>> item = FeatureItem("mfcc", Framing(1024, 512), {"n_mfcc": 20}, summary="mean")
    >>> len(item.chosen)
    20
    """

    feature: str
    framing: Framing
    params: Params = field(default_factory=Frozen)
    columns: tuple[str, ...] = ()
    summary: str = ""
    summary_params: Params = field(default_factory=Frozen)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.feature not in FEATURES:
            raise UnknownNameError("feature", self.feature, FEATURES)
        feature = FEATURES[self.feature]
        params = checked_params(self.feature, self.framing, RATE, self.params)
        object.__setattr__(self, "params", Frozen(params))
        names = [column.name for column in self._columns]
        for name in self.columns:
            if name not in names:
                raise UnknownNameError(f"column of {self.feature}", name, names)
        given = self.summary_params
        if isinstance(feature, FrameFeature) and self.summary:  # without one, its frames are wanted
            given = checked_summary_params(self.summary, given)
        elif given:
            raise ParameterError(f"{self.feature} is not summarised here; leave out summary_params")
        object.__setattr__(self, "summary_params", Frozen(given))
        if self.names and (self.summary or not isinstance(feature, FrameFeature)):
            n = len(self._kinds()[1])
            if len(self.names) != n:
                raise GtzanfeatError(f"{self.feature} has {n} columns to name, not {len(self.names)}")

    def __reduce__(self) -> tuple[object, ...]:
        """Be stored as what makes it anew, so that it is checked anew."""
        return type(self), tuple(getattr(self, item.name) for item in fields(self))

    @cached_property
    def request(self) -> Request:
        """What an analysis needs to be given."""
        return Request(self.feature, self.framing, self.params)

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        """All columns that the feature has with these parameters."""
        row = FEATURES[self.feature]
        columns_for = getattr(row, "columns_for", None)
        if columns_for is None:
            return row.columns
        columns: tuple[Column, ...] = columns_for(full_params(self.feature, self.framing, RATE, self.params))
        return columns

    def at(self, framing: Framing, rate: int, old_rate: int = RATE) -> FeatureItem:
        """Return the same item with other frames, or for another rate.

        Parameters
        ----------
        framing : Framing
            How the samples are cut.
        rate : int
            Sample rate in Hz.
        old_rate : int, default=22050
            Sample rate in Hz that the item was made for.

        Returns
        -------
        FeatureItem
            Parameters that are what follows from the old frames and rate (frames per second, lags in samples,
            half the rate as highest frequency) are left out, so that they follow from the new ones.
        """
        parameters = feature_parameters(self.feature, self.params)
        params = {
            name: value
            for name, value in self.params.items()
            if not callable(parameters[name].default)
            or value != parameters[name].default_for(self.framing, old_rate)
        }
        return replace(self, framing=framing, params=params)

    @property
    def subfamily(self) -> str:
        """What its columns tell of, more finely than timbre, rhythm and pitch: "cepstrum", "harmonic part".

        Of the harmonic or the percussive part, that part; of percentiles alone, "cepstrum percentiles".
        """
        row = FEATURES[self.feature]
        if self.framing.stream in PARTS:
            return f"{self.framing.stream} part"
        percentiles = bool(self.summary) and all(_PERCENTILE.fullmatch(p) for p in self.summary.split("+"))
        return (row.subfamily or row.family) + " percentiles" * percentiles

    @cached_property
    def full_summary_params(self) -> Params:
        """The parameters of its summary, with those that are left to their defaults."""
        return find_summary(self.summary).full_params(self.summary_params)

    @cached_property
    def chosen(self) -> list[tuple[int, Column]]:
        """The columns wanted, each with its place among the feature's columns."""
        rows = self._columns
        places = {column.name: i for i, column in enumerate(rows)}
        return [(places[name], rows[places[name]]) for name in self.columns or places]

    def _kinds(self, frames: bool = False) -> tuple[list[tuple[str, str, str]], list[Column]]:
        """Suffix, unit and formula of each number made of a column; and the columns."""
        columns = [column for _, column in self.chosen]
        if frames or not isinstance(FEATURES[self.feature], FrameFeature):
            return [("", "{}", "{}")], columns
        if not self.summary:
            raise GtzanfeatError(f"{self.feature} has frames; give a summary of them, e.g. 'mean+std'")
        summary = find_summary(self.summary)
        kinds = list(zip(summary.suffixes, summary.units, summary.formulas, strict=True))
        return kinds, summary.columns(columns)

    def column_names(self, *, frames: bool = False) -> list[list[str]]:
        """Return the names of its numbers, without the rest of their descriptions, which takes longer.

        Parameters
        ----------
        frames : bool, default=False
            Of the frames themselves, whatever the summary.

        Returns
        -------
        list of list of str
            One list per summary suffix, in each a name for every column.
        """
        kinds, columns = self._kinds(frames)
        names = self.names or [column_name(self.feature, column.name) for column in columns]
        return [
            [column_name(name, suffix) for name in names] if suffix else list(names) for suffix, _, _ in kinds
        ]

    def rows(self, rate: int = RATE, *, frames: bool = False) -> list[list[dict[str, str]]]:
        """Return descriptions of its numbers.

        Parameters
        ----------
        rate : int, default=22050
            Sample rate in Hz, which some formulae state.
        frames : bool, default=False
            Of the frames themselves, whatever the summary.

        Returns
        -------
        list of list of dict
            One list per summary suffix, in each a description of every column.
        """
        feature = FEATURES[self.feature]
        kinds, columns = self._kinds(frames)
        values = field_values(self.framing, rate, full_params(self.feature, self.framing, rate, self.params))
        columns = [with_values(column, values) for column in columns]
        part = f", of the {self.framing.stream} part" if self.framing.stream in PARTS else ""
        return [
            [
                {
                    "column": name,
                    "feature": feature.name,
                    "summary": suffix,
                    "family": feature.family,
                    "subfamily": self.subfamily,
                    "unit": "1" if column.unit == "1" else unit.format(column.unit),
                    "hears": column.hears,
                    "formula": formula.format(column.formula) + part,
                    "source": feature.source,
                }
                for name, column in zip(names, columns, strict=True)
            ]
            for names, (suffix, unit, formula) in zip(self.column_names(frames=frames), kinds, strict=True)
        ]

    def spec(self) -> dict[str, Any]:
        """Return everything that decides the numbers.

        Returns
        -------
        dict
            Of plain JSON values.
        """
        framing = self.framing
        spec: dict[str, Any] = {
            "feature": self.feature,
            "columns": [column.name for _, column in self.chosen],
            "framing": {
                "length": framing.length,
                "hop": framing.hop,
                "window": framing.window,
                "stream": framing.stream,
                "remove_mean": framing.remove_mean,
            },
            "params": dict(self.params),
            "constants": constants(self.feature, framing, self.params),
            "summary": self.summary,
            "summary_params": dict(self.summary_params),
        }
        # younger than the first sets, whose hashes must not change
        if framing.edges != "none":
            spec["framing"]["edges"] = framing.edges
        if self.names:
            spec["names"] = list(self.names)
        return spec
