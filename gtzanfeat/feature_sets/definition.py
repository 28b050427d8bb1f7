"""Feature sets: canonical JSON, hash, names of columns, and the arrangement of clip vectors.

Their items are in `feature_item`. The sets themselves are rows of `sets`; features are computed by
`gtzanfeat.extraction`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from gtzanfeat.audio import RESAMPLER
from gtzanfeat.declarations import FrameFeature, Request
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.feature_sets.feature_item import RATE, FeatureItem
from gtzanfeat.feature_sets.feature_parameters import parameter_rows, summary_parameter_rows
from gtzanfeat.features import FEATURES
from gtzanfeat.statistics.summaries import find_summary

Cell = TypeVar("Cell")

CELLS = 1 << 18  # of a track summarised at a time: statistics take several copies of it, in float64


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

    def __reduce__(self) -> tuple[object, ...]:
        """Be stored as what makes it anew: columns and hash are those of the code that reads it."""
        return type(self), tuple(getattr(self, item.name) for item in fields(self))

    def at(self, rate: int) -> FeatureSet:
        """Return the same features of sound at another sample rate.

        Parameters
        ----------
        rate : int
            Sample rate in Hz at which clips are analysed.

        Returns
        -------
        FeatureSet
            Named "mfcc@44100", say, with another hash. Frames keep their seconds, rounded to samples, and so
            do parameters that follow from them. A limit that was half the old rate is half the new one.

        Examples
        --------
        >>> from gtzanfeat import feature_set
        >>> wide = feature_set("mfcc").at(44100)
        >>> wide.rate, wide.items[0].framing.length
        (44100, 1024)
        """
        if rate == self.rate:
            return self
        items = tuple(item.at(item.framing.at(rate / self.rate), rate, self.rate) for item in self.items)
        return replace(self, name=f"{self.name.partition('@')[0]}@{rate}", items=items, rate=rate)

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
        return tuple(self._in_order([item.column_names() for item in self.items]))

    @property
    def requests(self) -> list[Request]:
        """What an analysis needs to be given."""
        return [item.request for item in self.items]

    def parameter_table(self) -> list[dict[str, str]]:
        """One row per parameter of each feature and summary: what it is here, and what it could be.

        Returns
        -------
        list of dict
            Of feature, parameter, value, default, unit, range and meaning; none is there twice.
        """
        rows = []
        for item in self.items:
            rows += parameter_rows(item.feature, item.framing, self.rate, item.params)
            if item.summary:
                rows += summary_parameter_rows(item.summary, item.summary_params)
        return list({tuple(row.items()): row for row in rows}.values())

    def feature_table(self) -> list[dict[str, str]]:
        """One row per column: column, feature, summary, family, subfamily, unit, hears, formula, source.

        Returns
        -------
        list of dict
            In the order of `columns`; make it a table with ``pandas.DataFrame(...)``.
        """
        return [dict(row) for row in self._rows]

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        return self._in_order([item.rows(self.rate) for item in self.items])

    def _in_order(self, blocks: list[list[list[Cell]]]) -> list[Cell]:
        """Put blocks (n_suffixes, n_columns), one per item, into the order of the vector."""
        if self.by_summary:  # blocks side by side, read row by row
            return [cell for rows in zip(*blocks, strict=True) for part in rows for cell in part]
        return [cell for block in blocks for column in zip(*block, strict=True) for cell in column]

    def vector(self, results: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return the clip vector: the summaries of all results, in the order of `columns`.

        Parameters
        ----------
        results : mapping
            From `Analysis.finish`; or, of items that are summarised already, their numbers by the item.

        Returns
        -------
        ndarray of shape (n_columns,), float32
            The numbers, in the order of `columns`.
        """
        blocks = []
        for item in self.items:
            key = item.request.key  # asked for first, because an item takes long to hash
            blocks.append(_item_values(item, results[key]) if key in results else results[item])
        if self.by_summary:
            return np.concatenate(blocks, axis=1).ravel().astype(np.float32)
        return np.concatenate([block.T.ravel() for block in blocks]).astype(np.float32)


def _item_values(item: FeatureItem, result: np.ndarray) -> np.ndarray:
    """Numbers of one item, (n_suffixes, n_columns)."""
    row = FEATURES[item.feature]
    places: Any = [place for place, _ in item.chosen]
    n_columns, neighbours = len(places), range(places[0], places[-1] + 1)
    if places == list(neighbours):  # which are a view, where others are a copy that takes a while
        places = slice(neighbours.start, neighbours.stop)
    if not isinstance(row, FrameFeature):
        return result[None, places]
    summary = find_summary(item.summary)
    n_parts = 1
    if summary.joint is None:
        n_parts = max(1, min(n_columns // 2, len(result) * n_columns // CELLS))
    parts = [places] if n_parts == 1 else np.array_split(np.arange(result.shape[1])[places], n_parts)
    tracks = (np.ascontiguousarray(result[row.lead :, part]) for part in parts)
    return np.concatenate([summary.compute(track, item.full_summary_params) for track in tracks], axis=1)
