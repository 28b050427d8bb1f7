"""What a classifier says of a recording and what it relies on, as pictures after scikit-learn's Displays.

What a display shows is stored, `plot` draws it and leaves ``ax_`` and ``figure_`` behind. No classifier is
fitted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.report.axes import BLUE, finish, new_axes, shaped, title_of


def timeline(segments: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return starts, ends (s), shares (n_segments, n_classes) and classes of one recording's segments.

    Scores that are no probabilities (distances from borders) are turned into shares by a softmax.
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
    shares = segments[scores].to_numpy(dtype=float)
    if np.any(shares < 0) or not np.allclose(shares.sum(axis=1), 1.0, atol=1e-3):
        shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    classes = [str(column).removeprefix("score_") for column in scores]
    return segments["start"].to_numpy(dtype=float), segments["end"].to_numpy(dtype=float), shares, classes


class SegmentTimelineDisplay:
    """What a classifier says of every segment of a recording: one strip per class, darker where it is surer.

    Parameters
    ----------
    start, end : array-like of shape (n_segments,)
        Where each segment begins and ends, in seconds.
    probabilities : array-like of shape (n_segments, n_classes)
        How much of each segment's answer falls to each class, 0 to 1.
    classes : sequence of str
        Names of the classes.
    truth : str, optional
        The right class, which is set in bold.
    name : str, optional
        Of the recording, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the picture, once it is drawn.
    figure_ : matplotlib Figure
        The figure with the axes.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is no segment.

    Examples
    --------
    >>> SegmentTimelineDisplay([0, 3], [3, 6], [[0.9, 0.1], [0.4, 0.6]], ["jazz", "pop"]).answers
    ['jazz', 'pop']
    """

    ax_: Axes
    figure_: Any

    def __init__(
        self,
        start: Sequence[float] | np.ndarray,
        end: Sequence[float] | np.ndarray,
        probabilities: Sequence[Sequence[float]] | np.ndarray,
        classes: Sequence[str] | np.ndarray,
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
        """Draw what `SegmentClassifier.predict_segments` says of one recording.

        Parameters
        ----------
        segments : DataFrame
            One row per segment of one recording: ``start``, ``end`` and ``score_<class>`` for each class.
        truth : str, optional
            The right class.
        name : str, optional
            Of the recording, for the title.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        SegmentTimelineDisplay

        Raises
        ------
        GtzanfeatError
            If the rows are of several recordings, or a column is missing.
        """
        return cls(*timeline(segments), truth=truth, name=name).plot(ax)

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
        """Ask a fitted `SegmentClassifier` what it says of a recording, and draw it.

        Parameters
        ----------
        estimator : SegmentClassifier
            Fitted.
        clip : path, Clip or ndarray of shape (n_samples,)
            The recording.
        truth : str, optional
            The right class.
        name : str, optional
            For the title; by default the name of its file.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        SegmentTimelineDisplay

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        """
        name = title_of(clip) if name is None else name
        return cls.from_frame(estimator.predict_segments([clip]), truth=truth, name=name, ax=ax)

    @property
    def answers(self) -> list[str]:
        """The likeliest class of each segment."""
        return [self.classes[best] for best in self.probabilities.argmax(axis=1)]

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the strips; the likeliest class of each segment is framed.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        SegmentTimelineDisplay
            Itself.
        """
        ax = self.ax_ = new_axes(ax, figsize=(7, 0.9 + 0.3 * len(self.classes)))
        self.figure_ = ax.figure
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
        finish(ax, self.name, "time (s)", "", empty=False, why="")
        return self


class ImportanceDisplay:
    """How much a score falls when a group of columns is shuffled: what the classifier relies on.

    Parameters
    ----------
    names : sequence of str
        The groups: families, features or summaries.
    importances : array-like of shape (n_groups,)
        Mean loss of score of each.
    spreads : array-like of shape (n_groups,), optional
        Standard deviation of the loss over shufflings.
    score : str, default="accuracy"
        Which score, for the label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the picture, once it is drawn.
    figure_ : matplotlib Figure
        The figure with the axes.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> ImportanceDisplay(["rhythm", "timbre"], [0.03, 0.31]).ranked
    ['timbre', 'rhythm']
    """

    ax_: Axes
    figure_: Any

    def __init__(
        self,
        names: Sequence[str] | np.ndarray,
        importances: Sequence[float] | np.ndarray,
        spreads: Sequence[float] | np.ndarray | None = None,
        *,
        score: str = "accuracy",
    ) -> None:
        self.names = [str(name) for name in names]
        self.importances = shaped(importances, len(self.names), "as many importances as names")
        self.spreads = None if spreads is None else shaped(spreads, len(self.names), "as many spreads")
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
            Which score the importances are losses of.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        ImportanceDisplay

        Raises
        ------
        GtzanfeatError
            If the table has no column ``importance``.
        """
        if "importance" not in table:
            raise GtzanfeatError(
                f"a table of importances needs the column 'importance'; it has {', '.join(map(str, table))}"
            )
        spreads = table["spread"].to_numpy() if "spread" in table else None
        return cls(list(table.index), table["importance"].to_numpy(), spreads, score=score).plot(ax)

    @property
    def ranked(self) -> list[str]:
        """The names, the most important first."""
        return [self.names[i] for i in np.argsort(-self.importances, kind="stable")]

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw a bar per group, the most important on top.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        ImportanceDisplay
            Itself.
        """
        ax = self.ax_ = new_axes(ax, figsize=(7, 1.0 + 0.3 * len(self.names)))
        self.figure_ = ax.figure
        order = np.argsort(-self.importances, kind="stable")
        spreads = None if self.spreads is None else self.spreads[order]
        ax.barh(range(len(order)), self.importances[order], 0.7, xerr=spreads, color=BLUE, ecolor="black")
        ax.set_yticks(range(len(order)), self.ranked)
        ax.set_ylim(len(order) - 0.5, -0.5)
        ax.axvline(0.0, color="black", linewidth=0.8)
        finish(ax, None, f"loss of {self.score} when shuffled", "", empty=False, why="")
        return self
