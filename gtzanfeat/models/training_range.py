"""What the training clips of a model are like, and in which respects a clip is unlike all of them.

A model answers whatever it is given. What is measured here tells when an answer is about something that the
model has never heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtzanfeat.evaluation import Experiment
from gtzanfeat.extraction.file_properties import PROPERTIES, measure_properties
from gtzanfeat.models.joined_columns import JoinedColumns
from gtzanfeat.models.predictor import Predictor
from gtzanfeat.segments import Segments
from gtzanfeat.transformers import ClipFeatures

QUANTILES = (0.005, 0.995)  # the range of a column
# A column is outside where it lies farther from its range than this part of the width of the range. With few
# training clips the range is that from the least to the greatest, which one in fifty of new clips leaves.
BEYOND = 0.25
# A clip is unlike the training clips where more than this share of its columns is outside. With both, models
# of 80 of 100 clips of GTZAN tell of 3.5 % (timbre19), 1 % (classic30) and 0 % (compact) of the others, which
# are of unheard artists.
SHARE = 0.05
LOUDER = 6.0  # dB beyond the loudest or quietest training clip
LONGER = 2.0  # times the longest, or parts of the shortest
LOSSLESS = ("PCM", "FLOAT", "DOUBLE", "ALAC")  # how codings begin that lose nothing


@dataclass(frozen=True)
class TrainingRange:
    """Rates, formats, lengths, levels and columns of the clips that a model was trained on.

    Parameters
    ----------
    n_clips : int
        How many they are.
    rate : int
        Sample rate in Hz at which clips are analysed.
    rates, formats : dict
        Number of clips of each sample rate in Hz (as text) and of each format; empty where they are no files.
    seconds, level : (float, float) or None
        The least and the greatest length in seconds, and level (root mean square) in dB of full scale.
    columns : tuple of str
        Names of the columns.
    low, high : tuple of float
        The 0.5 % and 99.5 % quantiles of each column.

    See Also
    --------
    of : Measure it.
    remarks : Compare clips with it.
    """

    n_clips: int
    rate: int
    rates: dict[str, int]
    formats: dict[str, int]
    seconds: tuple[float, float] | None
    level: tuple[float, float] | None
    columns: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        clips: Sequence[Any] | NDArray[Any],
        columns: Sequence[str] = (),
        values: ArrayLike | None = None,
        *,
        rate: int = 22050,
        n_jobs: int | None = None,
        memory: Any = None,
    ) -> TrainingRange:
        """Measure the training clips of a model.

        Parameters
        ----------
        clips : sequence of path or Clip
            The training clips. Of those that are no files, nothing is known but their columns.
        columns : sequence of str, default=()
            Names of the columns that the model learns from, if it learns from one vector per clip.
        values : array-like of shape (n_clips, n_columns), optional
            The columns; a row with NaN, of a clip that failed, is left out.
        rate : int, default=22050
            Sample rate in Hz at which the clips are analysed.
        n_jobs : int, optional
            Workers, as in joblib.
        memory : path or joblib.Memory, optional
            Where what is measured of a file is kept.

        Returns
        -------
        TrainingRange
            To be saved with the model as ``to_dict()``.

        Raises
        ------
        ValueError
            If `values` has not one row per clip and one column per name.

        Examples
        --------
        >>> values = np.random.default_rng(0).normal(size=(200, 2))
        >>> heard = TrainingRange.of(list(np.zeros((200, 10))), ["a", "b"], values)
        >>> heard.remarks(heard.properties(list(np.zeros((2, 10)))), [[0.0, 0.0], [9.0, 0.0]])
        ['', '1 of 2 columns outside the training range']
        """
        found = measure_properties(list(clips), n_jobs=n_jobs, memory=memory)
        rates = Counter(str(int(hertz)) for hertz in found["sample rate"] if not np.isnan(hertz))
        formats = Counter(str(kind) for kind in found["format"] if kind is not None)
        names = tuple(map(str, columns))
        table = np.empty((len(clips), 0)) if values is None else np.asarray(values, dtype=float)
        if table.shape != (len(clips), len(names)):
            raise ValueError(
                f"values of shape {table.shape} do not fit {len(clips)} clips and {len(names)} columns"
            )
        table = table[np.isfinite(table).all(axis=1)]
        low, high = np.quantile(table, QUANTILES, axis=0) if len(table) and names else ((), ())
        return cls(
            len(clips),
            int(rate),
            dict(sorted(rates.items())),
            dict(sorted(formats.items())),
            _span(found["duration"]),
            _span(found["level"]),
            names if len(low) else (),
            tuple(map(float, low)),
            tuple(map(float, high)),
        )

    @classmethod
    def of_experiment(
        cls, experiment: Experiment, pipeline: Any, *, n_jobs: int | None = None, memory: Any = None
    ) -> TrainingRange:
        """Measure the clips of an experiment, of which the features are there already.

        Parameters
        ----------
        experiment : Experiment
            What the model was trained on.
        pipeline : estimator
            What `train` made of it.
        n_jobs, memory : optional
            As of `of`.

        Returns
        -------
        TrainingRange
            With the columns, if the model learns from columns; of windows their mean.
        """
        clips, features = experiment.used_clips.clips, experiment.features
        rows, first = features.rows[features.ok], Predictor(pipeline).first
        columns: Sequence[str] = ()
        if isinstance(rows, Segments):
            columns, rows = rows.columns, np.stack([matrix.mean(axis=0) for matrix in rows.matrices])
        elif isinstance(first, ClipFeatures | JoinedColumns):
            columns = list(first.get_feature_names_out())
        values = rows if columns else None
        rate = Predictor(pipeline).rate
        return cls.of(clips, columns, values, rate=rate, n_jobs=n_jobs, memory=memory)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON.

        Returns
        -------
        dict
            One item per parameter.
        """
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> TrainingRange:
        """Return what `to_dict` made plain.

        Parameters
        ----------
        stated : mapping
            What it gave.

        Returns
        -------
        TrainingRange
            The same.
        """
        items: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()
        }
        return cls(**items)

    @staticmethod
    def properties(
        clips: Sequence[Any] | NDArray[Any], *, n_jobs: int | None = None, memory: Any = None
    ) -> dict[str, NDArray[Any]]:
        """Measure what `remarks` compares.

        Parameters
        ----------
        clips : sequence of path or Clip
            Any clips.
        n_jobs, memory : optional
            As of `of`.

        Returns
        -------
        dict of str to ndarray of shape (n_clips,)
            As of `gtzanfeat.extraction.file_properties.measure_properties`.
        """
        return measure_properties(list(clips), n_jobs=n_jobs, memory=memory)

    def remarks(self, properties: Mapping[str, Any], values: ArrayLike | None = None) -> list[str]:
        """Say in which respects clips are unlike all training clips.

        A sample rate below that of all training clips (or above, if theirs were below that of the analysis);
        a format that loses something, where theirs did not; a length of less than half of the shortest or
        more than twice the longest; a level 6 dB beyond them; and more than 5 % of the columns farther
        outside the range from the 0.5 % to the 99.5 % quantile than a quarter of its width.

        Parameters
        ----------
        properties : mapping of str to array-like of shape (n_clips,)
            As `properties` gives it.
        values : array-like of shape (n_clips, n_columns), optional
            The columns; NaN is never outside.

        Returns
        -------
        list of str
            Per clip, the remarks with semicolons between them, or an empty str.
        """
        said = [
            self._remarks_of_file(dict(zip(PROPERTIES, each, strict=True)))
            for each in zip(*(properties[name] for name in PROPERTIES), strict=True)
        ]
        if values is not None and self.columns:
            n_outside = self.n_outside(values)
            for words, n in zip(said, n_outside.tolist(), strict=True):
                if n > SHARE * len(self.columns):
                    words.append(f"{n} of {len(self.columns)} columns outside the training range")
        return ["; ".join(words) for words in said]

    def n_outside(self, values: ArrayLike) -> NDArray[np.intp]:
        """Count the columns of clips that are outside.

        Parameters
        ----------
        values : array-like of shape (n_clips, n_columns)
            The columns.

        Returns
        -------
        ndarray of shape (n_clips,), int
            How many are farther outside their range than a quarter of its width.
        """
        table, low, high = np.asarray(values, dtype=float), np.array(self.low), np.array(self.high)
        # a column that never varied is outside only where it differs by more than rounding
        margin = np.maximum(BEYOND * (high - low), 1e-6 * np.maximum(abs(low), abs(high)))
        return np.asarray(((table < low - margin) | (table > high + margin)).sum(axis=1))

    def _remarks_of_file(self, file: Mapping[str, Any]) -> list[str]:
        """Compare the properties of one file, of which None and NaN are unknown."""
        said = []
        heard = [min(int(hertz), self.rate) for hertz in self.rates]
        if heard and not np.isnan(file["sample rate"]):
            hertz = int(file["sample rate"])
            if not min(heard) <= min(hertz, self.rate) <= max(heard):
                said.append(f"rate {hertz} Hz, trained on {_either(self.rates)}")
        lossless = bool(self.formats) and not any(map(_loses, self.formats))
        if lossless and file["format"] is not None and _loses(file["format"]):
            said.append(f"format {file['format']}, trained on {_either(self.formats)}")
        if self.seconds is not None and not np.isnan(file["duration"]):
            shortest, longest = self.seconds
            if not shortest / LONGER <= file["duration"] <= longest * LONGER:
                said.append(f"{file['duration']:.3g} s long, trained on {shortest:.3g} to {longest:.3g} s")
        if self.level is not None and not np.isnan(file["level"]):
            if file["level"] < self.level[0] - LOUDER:
                said.append(f"level {file['level']:.0f} dB below all training clips ({self.level[0]:.0f} dB)")
            elif file["level"] > self.level[1] + LOUDER:
                said.append(f"level {file['level']:.0f} dB above all training clips ({self.level[1]:.0f} dB)")
        return said


def _span(numbers: NDArray[np.float64]) -> tuple[float, float] | None:
    known = numbers[~np.isnan(numbers)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _either(counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return " or ".join(names[:3]) + (" or others" if len(names) > 3 else "")


def _loses(kind: str) -> bool:
    """Whether a format such as "MP3 MPEG_LAYER_III" loses what was recorded."""
    return not kind.partition(" ")[2].startswith(LOSSLESS)
