"""Feature sets: named, frozen recipes of features, framings, parameters and summaries.

A set is data. Its canonical JSON hashes to the *spec hash*, which identifies what the numbers mean in caches,
tables and saved models; so a released set never changes, and a change of meaning is a new name. Nothing is
computed here but the arrangement of results into the clip vector.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gtzanfeat.audio import RESAMPLER
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.features import FEATURES
from gtzanfeat.features.spec import Column, FrameFeature, Framing, Params, Request
from gtzanfeat.summaries import SUMMARIES

RATE = 22050


def column_name(feature: str, column: str, suffix: str = "") -> str:
    """The one place where names are made: ``<feature>_<column>_<summary>``, empty parts left out."""
    return "_".join(part for part in (feature, column, suffix) if part)


@dataclass(frozen=True)
class Item:
    """A feature of a set: framed how, with which parameters, which of its columns, summarised how.

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
        Name in `gtzanfeat.summaries.SUMMARIES`, for a frame feature.
    summary_params : mapping
        Parameters of the summary.
    """

    feature: str
    framing: Framing
    params: Params = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    summary: str = ""
    summary_params: Params = field(default_factory=dict)

    @property
    def request(self) -> Request:
        """What the analysis is asked for."""
        return Request(self.feature, self.framing, self.params)

    @property
    def chosen(self) -> list[tuple[int, Column]]:
        """The columns wanted, each with its place among the feature's columns."""
        rows = FEATURES[self.feature].columns
        places = {column.name: i for i, column in enumerate(rows)}
        return [(places[name], rows[places[name]]) for name in self.columns or places]

    def spec(self) -> dict[str, Any]:
        """Everything that decides the numbers, as plain JSON values."""
        framing = self.framing
        return {
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
            "summary": self.summary,
            "summary_params": dict(self.summary_params),
        }


@dataclass(frozen=True)
class FeatureSet:
    """A named, frozen recipe that turns a clip into one vector.

    Parameters
    ----------
    name : str
        What it is called; never reused for other numbers.
    doc : str
        One sentence: what it is for.
    items : tuple of Item
        Its features, in the order of the vector.
    by_summary : bool
        Order the columns of frame features by summary first (all means, then all deviations) instead of
        column by column.
    rate : int
        Sample rate in Hz at which clips are analysed.

    Examples
    --------
    >>> timbre = feature_set("timbre19")
    >>> timbre.columns[:2]
    ('spectral_centroid_tmean', 'spectral_centroid_tvar')
    >>> len(timbre.spec_hash)
    16
    """

    name: str
    doc: str
    items: tuple[Item, ...]
    by_summary: bool = False
    rate: int = RATE

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
        """What an analysis must be asked for."""
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
        blocks = [_item_rows(item) for item in self.items]
        if self.by_summary:  # blocks of (n_suffixes, n_columns) side by side, read row by row
            return [row for rows in zip(*blocks, strict=True) for part in rows for row in part]
        return [row for block in blocks for column in zip(*block, strict=True) for row in column]

    def vector(self, results: Mapping[tuple[Any, ...], np.ndarray]) -> np.ndarray:
        """Arrange what an analysis gave into the clip vector.

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


def _item_values(item: Item, result: np.ndarray) -> np.ndarray:
    """Numbers of one item, (n_suffixes, n_columns)."""
    places = [place for place, _ in item.chosen]
    row = FEATURES[item.feature]
    if isinstance(row, FrameFeature):
        track = np.ascontiguousarray(result[row.lead :, places])
        return SUMMARIES[item.summary].compute(track, item.summary_params)
    return result[None, places]


def _item_rows(item: Item) -> list[list[dict[str, str]]]:
    """Descriptions of the numbers of one item, in the shape of `_item_values`."""
    feature = FEATURES[item.feature]
    if isinstance(feature, FrameFeature):
        summary = SUMMARIES[item.summary]
        kinds = list(zip(summary.suffixes, summary.units, summary.formulas, strict=True))
    else:
        kinds = [("", "{}", "{}")]
    return [
        [
            {
                "column": column_name(feature.name, column.name, suffix),
                "feature": feature.name,
                "summary": suffix,
                "family": feature.family,
                "unit": "1" if column.unit == "1" else unit.format(column.unit),
                "hears": column.hears,
                "formula": formula.format(column.formula),
                "source": feature.source,
            }
            for _, column in item.chosen
        ]
        for suffix, unit, formula in kinds
    ]


def feature_set(name: str | FeatureSet) -> FeatureSet:
    """Find a feature set by name; a `FeatureSet` is returned as it is.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(name, FeatureSet):
        return name
    if not isinstance(name, str) or name not in FEATURE_SETS:
        raise UnknownNameError("feature set", name, FEATURE_SETS)
    return FEATURE_SETS[name]


# --- the sets ---------------------------------------------------------------------------------------

_FRAMES = Framing(512, 512)
_TEXTURE = {"window": 43, "start": "valid"}
_BEAT_WINDOWS_PAPER = Framing(65536, 32768, window="none")
_BEAT_WINDOWS_ROBUST = Framing(65536, 32768, window="none", remove_mean=True)
_BEAT_LAGS = {"lags": (413, 2068), "n_peaks": 3, "factors": (2, 3, 4, 5)}
_PITCH_LAGS = {"lags": (20, 367), "n_peaks": 3, "radius": 1, "refine": True}

_BEAT_PAPER = {**_BEAT_LAGS, "keep_lobe": True, "radius": 1, "refine": False, "weighted": False}
_BEAT_ROBUST = {**_BEAT_LAGS, "keep_lobe": False, "radius": 28, "refine": True, "weighted": True}
_PITCH_PAPER = {**_PITCH_LAGS, "keep_lobe": True, "factors": (2, 3, 4, 5)}
_PITCH_ROBUST = {**_PITCH_LAGS, "keep_lobe": False, "factors": tuple(range(2, 17))}
_PITCH_FRAMES_PAPER = Framing(512, 512, stream="two_channels")
_PITCH_FRAMES_ROBUST = Framing(1024, 512, stream="two_channels")


def _timbre(spectrum: str) -> tuple[Item, ...]:
    shape = {"spectrum": spectrum}
    texture: dict[str, Any] = {"summary": "texture", "summary_params": _TEXTURE}
    return (
        Item("spectral_centroid", _FRAMES, shape, **texture),
        Item("spectral_rolloff", _FRAMES, {**shape, "share": 0.85}, **texture),
        Item("spectral_flux", _FRAMES, shape, **texture),
        Item("zcr", _FRAMES, **texture),
        Item("low_energy", _FRAMES, {"window": 43}),
        Item("mfcc", _FRAMES, columns=("01", "02", "03", "04", "05"), **texture),
    )


_SIX = ("a0", "a1", "ra", "p1", "p2", "sum")
_FIVE = ("fa0", "up0", "fp0", "ipo1", "sum")
_RUNNING: dict[str, Any] = {"summary": "running", "summary_params": {"window": 40, "start": "prefill"}}
_ROBUST_TIMBRE = _timbre("magnitude")
_ROBUST_RHYTHM = (Item("beat", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST, _SIX),)
_ROBUST_PITCH = (Item("pitch", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST, _FIVE),)

_CLASSIC30 = FeatureSet(
    "classic30",
    "The 30 numbers of Tzanetakis & Cook (2002) with the small repairs that tests showed to be needed",
    _ROBUST_TIMBRE + _ROBUST_RHYTHM + _ROBUST_PITCH,
)

FEATURE_SETS: dict[str, FeatureSet] = {
    row.name: row
    for row in (
        FeatureSet(
            "tzanetakis2002",
            "The 30 numbers of Tzanetakis & Cook (2002), as close to the paper as can be known",
            (
                *_timbre("magnitude"),
                Item("beat", _BEAT_WINDOWS_PAPER, _BEAT_PAPER, _SIX),
                Item("pitch", _PITCH_FRAMES_PAPER, _PITCH_PAPER, _FIVE),
            ),
        ),
        _CLASSIC30,
        replace(_CLASSIC30, name="timbre19", doc="The timbral texture of classic30", items=_ROBUST_TIMBRE),
        replace(_CLASSIC30, name="rhythm6", doc="The rhythmic content of classic30", items=_ROBUST_RHYTHM),
        replace(_CLASSIC30, name="pitch5", doc="The pitch content of classic30", items=_ROBUST_PITCH),
        FeatureSet(
            "marsyas64",
            "The 64 numbers of Marsyas at MIREX 2007 and 2008: 16 features, running and song statistics",
            (
                Item("marsyas_centroid", _FRAMES, **_RUNNING),
                # 0.9 is the default of Marsyas' Rolloff, which its MIREX extractor leaves as it is
                Item("marsyas_rolloff", _FRAMES, {"share": 0.9}, **_RUNNING),
                Item("marsyas_flux", _FRAMES, **_RUNNING),
                Item("marsyas_mfcc", _FRAMES, **_RUNNING),
            ),
            by_summary=True,
        ),
        FeatureSet(
            "beat-histogram",
            "The beat histogram that rhythm6 is read from, 40 to 200 bpm",
            (Item("beat_histogram", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST),),
        ),
        FeatureSet(
            "pitch-histograms",
            "The unfolded (128 MIDI notes) and folded (12 classes) pitch histograms that pitch5 is read from",
            (Item("pitch_histogram", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST),),
        ),
    )
}
