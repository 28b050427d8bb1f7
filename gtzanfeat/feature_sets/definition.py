"""Feature sets and their items: canonical JSON, hash, names of columns, and the arrangement of clip vectors.

The sets themselves are rows of `sets`; features are computed by `gtzanfeat.extraction`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gtzanfeat.audio import RESAMPLER
from gtzanfeat.declarations import Column, FrameFeature, Framing, Frozen, Params, Request
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.feature_sets.constants import constants
from gtzanfeat.feature_sets.formulas import field_values, with_values
from gtzanfeat.features import FEATURES
from gtzanfeat.ingredients.hpss import PARTS
from gtzanfeat.statistics.summaries import find_summary

RATE = 22050
CELLS = 1 << 20  # of a track summarised at a time: statistics take several copies of it, in float64


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
    return "_".join(part for part in (feature, column, suffix) if part)


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
        Parameters of the feature and its ingredients.
    columns : tuple of str
        Which columns, in this order; all when empty.
    summary : str
        For a frame feature, what `gtzanfeat.statistics.summaries.find_summary` finds: "mean+std";
        left out where the frames themselves are wanted, as by `FrameFeatures`.
    summary_params : mapping
        Parameters of the summary.
    names : tuple of str
        What the columns are called where they have been published under other names, or are of one part of
        the sound, one for each column that is summarised (or, without a summary, that a frame has):
        ("rolloff",) makes "rolloff_mean" of what were "spectral_rolloff_mean".
    """

    feature: str
    framing: Framing
    params: Params = field(default_factory=Frozen)
    columns: tuple[str, ...] = ()
    summary: str = ""
    summary_params: Params = field(default_factory=Frozen)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("params", "summary_params"):
            object.__setattr__(self, name, Frozen(getattr(self, name)))
        if self.feature not in FEATURES:
            raise UnknownNameError("feature", self.feature, FEATURES)
        feature = FEATURES[self.feature]
        names = [column.name for column in feature.columns]
        for name in self.columns:
            if name not in names:
                raise UnknownNameError(f"column of {self.feature}", name, names)
        if isinstance(feature, FrameFeature) and self.summary:  # without one, its frames are wanted
            find_summary(self.summary)
        if self.names and (self.summary or not isinstance(feature, FrameFeature)):
            n = len(self._kinds()[1])
            if len(self.names) != n:
                raise GtzanfeatError(f"{self.feature} has {n} columns to name, not {len(self.names)}")

    @cached_property
    def request(self) -> Request:
        """What an analysis needs to be given."""
        return Request(self.feature, self.framing, self.params)

    @property
    def chosen(self) -> list[tuple[int, Column]]:
        """The columns wanted, each with its place among the feature's columns."""
        rows = FEATURES[self.feature].columns
        places = {column.name: i for i, column in enumerate(rows)}
        return [(places[name], rows[places[name]]) for name in self.columns or places]

    def _kinds(self) -> tuple[list[tuple[str, str, str]], list[Column]]:
        """Suffix, unit and formula of each number made of a column; and the columns."""
        columns = [column for _, column in self.chosen]
        if not isinstance(FEATURES[self.feature], FrameFeature):
            return [("", "{}", "{}")], columns
        if not self.summary:
            raise GtzanfeatError(f"{self.feature} has frames; give a summary of them, e.g. 'mean+std'")
        summary = find_summary(self.summary)
        kinds = list(zip(summary.suffixes, summary.units, summary.formulas, strict=True))
        return kinds, summary.columns(columns)

    def rows(self, rate: int = RATE) -> list[list[dict[str, str]]]:
        """Return descriptions of its numbers.

        Parameters
        ----------
        rate : int, default=22050
            Sample rate in Hz, which some formulae state.

        Returns
        -------
        list of list of dict
            One list per summary suffix, in each a description of every column.
        """
        feature = FEATURES[self.feature]
        kinds, columns = self._kinds()
        values = field_values(self.framing, rate, self.params)
        columns = [with_values(column, values) for column in columns]
        names = self.names or [column_name(feature.name, column.name) for column in columns]
        part = f", of the {self.framing.stream} part" if self.framing.stream in PARTS else ""
        return [
            [
                {
                    "column": column_name(name, suffix),
                    "feature": feature.name,
                    "summary": suffix,
                    "family": feature.family,
                    "unit": "1" if column.unit == "1" else unit.format(column.unit),
                    "hears": column.hears,
                    "formula": formula.format(column.formula) + part,
                    "source": feature.source,
                }
                for name, column in zip(names, columns, strict=True)
            ]
            for suffix, unit, formula in kinds
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


@dataclass(frozen=True)
class FeatureSet:
    """A named, frozen list of features that turns a clip into one vector.

    Parameters
    ----------
    name : str
        What it is called; never reused for other numbers.
    doc : str
        One sentence: what it is for.
    items : tuple of FeatureItem
        Its features, in the order of the vector.
    by_summary : bool
        Order the columns of frame features by summary first (all means, then all deviations) instead of
        column by column.
    rate : int
        Sample rate in Hz at which clips are analysed.

    Examples
    --------
    >>> from gtzanfeat import feature_set
    >>> timbre = feature_set("timbre19")
    >>> timbre.columns[:2]
    ('spectral_centroid_tmean', 'spectral_centroid_tvar')
    >>> len(timbre.spec_hash)
    16
    """

    name: str
    doc: str
    items: tuple[FeatureItem, ...]
    by_summary: bool = False
    rate: int = RATE

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(self.columns).items() if count > 1]
        if twice:
            raise GtzanfeatError(f"{self.name} has the column {twice[0]!r} twice; leave one item out")

    def __repr__(self) -> str:
        return f"FeatureSet({self.name!r}, {len(self.columns)} columns, spec {self.spec_hash})"

    @cached_property
    def spec_json(self) -> str:
        """Canonical JSON of everything that decides the numbers: the set's identity."""
        spec = {
            "name": self.name,
            "audio": {"rate": self.rate, "channels": "mean", "resampler": RESAMPLER},
            "by_summary": self.by_summary,
            "items": [item.spec() for item in self.items],
        }
        return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @cached_property
    def spec_hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of `spec_json`."""
        return hashlib.sha256(self.spec_json.encode()).hexdigest()[:16]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of the vector, in order."""
        return tuple(row["column"] for row in self._rows)

    @property
    def requests(self) -> list[Request]:
        """What an analysis needs to be given."""
        return [item.request for item in self.items]

    def feature_table(self) -> list[dict[str, str]]:
        """One row per column: column, feature, summary, family, unit, hears, formula, source.

        Returns
        -------
        list of dict
            In the order of `columns`; make it a table with ``pandas.DataFrame(...)``.
        """
        return [dict(row) for row in self._rows]

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        blocks = [item.rows(self.rate) for item in self.items]
        if self.by_summary:  # blocks of (n_suffixes, n_columns) side by side, read row by row
            return [row for rows in zip(*blocks, strict=True) for part in rows for row in part]
        return [row for block in blocks for column in zip(*block, strict=True) for row in column]

    def vector(self, results: Mapping[tuple[Any, ...], np.ndarray]) -> np.ndarray:
        """Return the clip vector: the summaries of all results, in the order of `columns`.

        Parameters
        ----------
        results : mapping
            From `Analysis.finish`.

        Returns
        -------
        ndarray of shape (n_columns,), float32
            The numbers, in the order of `columns`.
        """
        blocks = [_item_values(item, results[item.request.key]) for item in self.items]
        if self.by_summary:
            return np.concatenate(blocks, axis=1).ravel().astype(np.float32)
        return np.concatenate([block.T.ravel() for block in blocks]).astype(np.float32)


def _item_values(item: FeatureItem, result: np.ndarray) -> np.ndarray:
    """Numbers of one item, (n_suffixes, n_columns)."""
    places = [place for place, _ in item.chosen]
    row = FEATURES[item.feature]
    if isinstance(row, FrameFeature):
        summary = find_summary(item.summary)
        n_parts = 1
        if summary.joint is None:
            n_parts = max(1, min(len(places) // 2, len(result) * len(places) // CELLS))
        tracks = (np.ascontiguousarray(result[row.lead :, part]) for part in np.array_split(places, n_parts))
        try:
            return np.concatenate([summary.compute(track, item.summary_params) for track in tracks], axis=1)
        except KeyError as error:
            message = f"summary {item.summary!r} of {item.feature} needs {error} in its summary_params"
            raise GtzanfeatError(message) from error
    return result[None, places]
