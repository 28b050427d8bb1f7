"""Displays of predictions for the segments of a recording, and of feature importances, drawn by matplotlib.

No classifier is fitted and no importance computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.report.axes import BLUE, Display, as_vector, clip_title, label_axes

Floats = NDArray[np.float64]


def segment_timeline(segments: pd.DataFrame) -> tuple[Floats, Floats, Floats, list[str]]:
    """Return the predictions for the segments of a recording as arrays.

    Parameters
    ----------
    segments : DataFrame
        One row per segment: ``start``, ``end`` and ``score_<class>`` for each class.

    Returns
    -------
    start, end : ndarray of shape (n_segments,), float64
        In seconds.
    probabilities : ndarray of shape (n_segments, n_classes), float64
        The scores; the softmax of decision functions.
    classes : list of str
        Names of the classes.

    Raises
    ------
    GtzanfeatError
        If the rows are of several recordings, or a column is missing.
    """
    scores = [column for column in segments if str(column).startswith("score_")]
    missing = [column for column in ("start", "end") if column not in segments]
    if missing or not scores:
        given = ", ".join(map(str, segments))
        raise GtzanfeatError(f"a timeline needs start, end and score_<class> per segment; it has {given}")
    if "recording" in segments and segments["recording"].nunique() > 1:
        raise GtzanfeatError(
            f"a timeline is of one recording; these rows are of {segments['recording'].nunique()}: pick one"
        )
    probabilities = segments[scores].to_numpy(dtype=float)
    if np.any(probabilities < 0) or not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-3):
        probabilities = np.exp(probabilities - probabilities.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    classes = [str(column).removeprefix("score_") for column in scores]
    start, end = (segments[column].to_numpy(dtype=float) for column in ("start", "end"))
    return start, end, probabilities, classes


def check_importances(table: pd.DataFrame) -> None:
    """Raise GtzanfeatError if a table has no column ``importance``."""
    if "importance" not in table:
        columns = ", ".join(map(str, table))
        raise GtzanfeatError(f"a table of importances needs the column 'importance'; it has {columns}")


class SegmentTimelineDisplay(Display):
    """Display of the class probabilities of the segments of a recording over time: one strip per class.

    Parameters
    ----------
    start, end : array-like of shape (n_segments,)
        Start and end of each segment in seconds.
    probabilities : array-like of shape (n_segments, n_classes)
        Probability of each class, 0 to 1; darker where greater.
    classes : sequence of str
        Names of the classes.
    truth : str, optional
        The true class, whose name is bold.
    name : str, optional
        Name of the recording, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is no segment.

    Examples
    --------
    >>> SegmentTimelineDisplay([0, 3], [3, 6], [[0.9, 0.1], [0.4, 0.6]], ["jazz", "pop"]).answers
    ['jazz', 'pop']
    """

    def __init__(
        self,
        start: Sequence[float] | NDArray[Any],
        end: Sequence[float] | NDArray[Any],
        probabilities: Sequence[Sequence[float]] | NDArray[Any],
        classes: Sequence[str] | NDArray[Any],
        *,
        truth: str | None = None,
        name: str | None = None,
    ) -> None:
        self.start, self.end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
        self.classes = [str(label) for label in classes]
        self.probabilities = np.asarray(probabilities, dtype=float)
        shape = len(self.start), len(self.classes)
        if not shape[0] or len(self.end) != shape[0] or self.probabilities.shape != shape:
            raise ValueError(
                "a timeline needs at least one segment, and per segment a start, an end and a probability of "
                f"each of the {shape[1]} classes; given were {shape[0]} starts, {len(self.end)} ends and "
                f"probabilities of shape {self.probabilities.shape}"
            )
        self.truth = truth
        self.name = name

    @classmethod
    def from_frame(
        cls,
        segments: pd.DataFrame,
        *,
        truth: str | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the table that `SegmentClassifier.predict_segments` returns for one recording.

        Parameters
        ----------
        segments : DataFrame
            One row per segment of one recording: ``start``, ``end`` and ``score_<class>`` for each class.
        truth : str, optional
            The true class.
        name : str, optional
            Name of the recording, for the title.
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        SegmentTimelineDisplay
            The display, drawn.

        Raises
        ------
        GtzanfeatError
            If the rows are of several recordings, or a column is missing.
        """
        return cls(*segment_timeline(segments), truth=truth, name=name).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        clip: Any,
        *,
        truth: str | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Predict the segments of a recording by a fitted `SegmentClassifier`, and draw the result.

        Parameters
        ----------
        estimator : SegmentClassifier
            A fitted classifier.
        clip : path, Clip or ndarray of shape (n_samples,)
            The recording.
        truth : str, optional
            The true class.
        name : str, optional
            Title; by default the name of the file.
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        SegmentTimelineDisplay
            The display, drawn.

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        """
        name = clip_title(clip) if name is None else name
        return cls.from_frame(estimator.predict_segments([clip]), truth=truth, name=name, ax=ax)

    @property
    def answers(self) -> list[str]:
        """The class of greatest probability of each segment."""
        return [self.classes[best] for best in self.probabilities.argmax(axis=1)]

    def _size(self) -> tuple[float, float]:
        return 7, 0.9 + 0.3 * len(self.classes)

    def _draw(self, ax: Axes) -> None:
        for row, column in np.ndindex(self.probabilities.shape):
            start, width = self.start[row], self.end[row] - self.start[row]
            share = float(np.clip(self.probabilities[row, column], 0.0, 1.0))
            ax.barh(column, width, 0.86, left=start, color=BLUE, alpha=share, linewidth=0)
        best = self.probabilities.argmax(axis=1)
        ax.barh(best, self.end - self.start, 0.86, left=self.start, fill=False, edgecolor="black")
        ax.set_yticks(range(len(self.classes)), self.classes)
        for label in ax.get_yticklabels():
            label.set_fontweight("bold" if label.get_text() == self.truth else "normal")
        ax.set_ylim(len(self.classes) - 0.5, -0.5)
        ax.set_xlim(self.start.min(), self.end.max())
        label_axes(ax, self.name, "time (s)", "")


class ImportanceDisplay(Display):
    """Display of permutation importances: one bar per group of columns, the greatest on top.

    Parameters
    ----------
    names : sequence of str
        Names of the groups: families, features or summaries.
    importances : array-like of shape (n_groups,)
        Mean decrease of the score when the columns of each group are permuted.
    spreads : array-like of shape (n_groups,), optional
        Standard deviation of the decrease.
    score : str, default="accuracy"
        Name of the score, for the label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> ImportanceDisplay(["rhythm", "timbre"], [0.03, 0.31]).ranked
    ['timbre', 'rhythm']
    """

    def __init__(
        self,
        names: Sequence[str] | NDArray[Any],
        importances: Sequence[float] | NDArray[Any],
        spreads: Sequence[float] | NDArray[Any] | None = None,
        *,
        score: str = "accuracy",
    ) -> None:
        self.names = [str(name) for name in names]
        self.importances = as_vector(importances, len(self.names), "as many importances as names")
        self.spreads = None if spreads is None else as_vector(spreads, len(self.names), "as many spreads")
        self.score = score

    @classmethod
    def from_frame(cls, table: pd.DataFrame, *, score: str = "accuracy", ax: Axes | None = None) -> Self:
        """Draw a table of importances.

        Parameters
        ----------
        table : DataFrame
            One row per group, named by the index; columns ``importance`` and, if known, ``spread``, as
            `Importance.to_frame` gives it.
        score : str, default="accuracy"
            Name of the score that decreases.
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        ImportanceDisplay
            The display, drawn.

        Raises
        ------
        GtzanfeatError
            If the table has no column ``importance``.
        """
        check_importances(table)
        spreads = table["spread"].to_numpy() if "spread" in table else None
        return cls(list(table.index), table["importance"].to_numpy(), spreads, score=score).plot(ax)

    @property
    def ranked(self) -> list[str]:
        """The names in the order of decreasing importance."""
        return [self.names[i] for i in np.argsort(-self.importances, kind="stable")]

    def _size(self) -> tuple[float, float]:
        return 7, 1.0 + 0.3 * len(self.names)

    def _draw(self, ax: Axes) -> None:
        order = np.argsort(-self.importances, kind="stable")
        spreads = None if self.spreads is None else self.spreads[order]
        ax.barh(range(len(order)), self.importances[order], 0.7, xerr=spreads, color=BLUE, ecolor="black")
        ax.set_yticks(range(len(order)), self.ranked)
        ax.set_ylim(len(order) - 0.5, -0.5)
        ax.axvline(0.0, color="black", linewidth=0.8)
        label_axes(ax, None, f"loss of {self.score} when shuffled", "")
