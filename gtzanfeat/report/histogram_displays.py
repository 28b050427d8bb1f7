"""The beat and pitch histograms of a recording as pictures, after scikit-learn's Display classes.

What a display shows is stored; `plot` draws it and leaves ``ax_`` and ``figure_`` behind. As in scikit-learn,
axes are made by pyplot where none are given, so that a notebook shows them without another word. The report
page has pictures of its own, see `pictures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from matplotlib.axes import Axes

from gtzanfeat.extraction import extract
from gtzanfeat.features import beat_histogram, pitch_histograms
from gtzanfeat.ingredients.pitch_classes import N_CLASSES, NAMES, fold_octaves
from gtzanfeat.report.axes import BLUE, PALE, finish, new_axes, one_dark, shaped, title_of

CLASS_NAMES = tuple(name.replace("_sharp", "♯").capitalize() for name in NAMES)
CIRCLE = tuple(CLASS_NAMES[c] for c in pitch_histograms.FIFTHS)  # C, G, D, ...


def measured_histogram(clip: Any, feature_set: str) -> np.ndarray:
    """Return the histogram of a clip: one row of the feature set that holds it, float32."""
    return extract([clip], feature_set).values[0]


class BeatHistogramDisplay:
    """A beat histogram: how strongly a recording repeats itself at every tempo.

    Parameters
    ----------
    histogram : array-like of shape (161,)
        Strength of each tempo from 40 to 200 bpm.
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
        If the histogram has another number of bins.

    References
    ----------
    Tzanetakis & Cook 2002, section II-B and figure 3.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> clicks = np.zeros(5 * 22050)
    >>> clicks[::11025] = 1.0
    >>> display = BeatHistogramDisplay.from_clip(clicks, ax=Figure().add_subplot(), name="clicks")
    >>> display.tempi[0]
    120
    """

    ax_: Axes
    figure_: Any

    def __init__(self, histogram: Sequence[float] | np.ndarray, *, name: str | None = None) -> None:
        self.histogram = shaped(
            histogram, beat_histogram.FASTEST_BPM - beat_histogram.SLOWEST_BPM + 1, "a beat histogram"
        )
        self.name = name

    @classmethod
    def from_clip(cls, clip: Any, *, name: str | None = None, ax: Axes | None = None) -> Self:
        """Measure a clip with the feature set "beat-histogram", and draw.

        Parameters
        ----------
        clip : path, Clip or ndarray of shape (n_samples,)
            What to measure.
        name : str, optional
            For the title; by default the name of its file.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        BeatHistogramDisplay

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        """
        name = title_of(clip) if name is None else name
        return cls(measured_histogram(clip, "beat-histogram"), name=name).plot(ax)

    @property
    def tempi(self) -> list[int]:
        """The one or two strongest tempi in bpm, as the features beat_p1 and beat_p2 have them."""
        return [
            int(bpm)
            for bpm in beat_histogram.beat_statistics(self.histogram.astype(float), 1, {})[3:5]
            if bpm > 0
        ]

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the histogram, its strongest tempi named.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        BeatHistogramDisplay
            Itself.
        """
        ax = self.ax_ = new_axes(ax, figsize=(7, 3))
        self.figure_ = ax.figure
        bpm = np.arange(beat_histogram.SLOWEST_BPM, beat_histogram.FASTEST_BPM + 1)
        colours = [BLUE if value in self.tempi else PALE for value in bpm]
        ax.bar(bpm, self.histogram, width=1.0, color=colours)
        for tempo in self.tempi:
            height = self.histogram[tempo - beat_histogram.SLOWEST_BPM]
            ax.annotate(
                str(tempo), (tempo, height), (0, 2), textcoords="offset points", ha="center", color=BLUE
            )
        finish(ax, self.name, "tempo (bpm)", "strength", empty=not self.tempi, why="no beat found")
        return self


class PitchHistogramDisplay:
    """A pitch histogram: which notes sound, and how strongly.

    Parameters
    ----------
    histogram : array-like of shape (128,)
        Strength of each MIDI note (the unfolded histogram); octaves are summed for the folded one.
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
        If the histogram has another number of bins.

    References
    ----------
    Tzanetakis & Cook 2002, section II-C.

    Examples
    --------
    >>> import numpy as np
    >>> unfolded = np.zeros(128)
    >>> unfolded[[60, 72, 67]] = 1.0
    >>> PitchHistogramDisplay(unfolded).folded[:3]  # C, G, D
    array([2., 1., 0.])
    """

    ax_: Axes
    figure_: Any

    def __init__(self, histogram: Sequence[float] | np.ndarray, *, name: str | None = None) -> None:
        self.histogram = shaped(histogram, pitch_histograms.N_NOTES, "an unfolded pitch histogram")
        self.name = name

    @classmethod
    def from_clip(
        cls,
        clip: Any,
        *,
        kind: Literal["unfolded", "folded"] = "unfolded",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Measure a clip with the feature set "pitch-histograms", and draw.

        Parameters
        ----------
        clip : path, Clip or ndarray of shape (n_samples,)
            What to measure.
        kind : {"unfolded", "folded"}, default="unfolded"
            As for `plot`.
        name : str, optional
            For the title; by default the name of its file.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        PitchHistogramDisplay

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        """
        name = title_of(clip) if name is None else name
        return cls(measured_histogram(clip, "pitch-histograms")[: pitch_histograms.N_NOTES], name=name).plot(
            ax, kind=kind
        )

    @property
    def folded(self) -> np.ndarray:
        """Strength of the 12 pitch classes along the circle of fifths: C, G, D, ..."""
        return fold_octaves(self.histogram)[pitch_histograms.FIFTHS]

    def plot(self, ax: Axes | None = None, *, kind: Literal["unfolded", "folded"] = "unfolded") -> Self:
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure, with polar axes for the folded histogram. On axes that
            are not polar the circle of fifths becomes a line.
        kind : {"unfolded", "folded"}, default="unfolded"
            Note by note; or the octaves summed, on the circle of fifths, where the notes of a key are
            neighbours.

        Returns
        -------
        PitchHistogramDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        if kind not in ("unfolded", "folded"):
            raise ValueError(f"kind must be 'unfolded' or 'folded', not {kind!r}")
        if kind == "unfolded":
            ax = new_axes(ax, figsize=(7, 3))
            heights = self.histogram
            ax.bar(np.arange(pitch_histograms.N_NOTES), heights, width=1.0, color=one_dark(heights))
            octaves = np.arange(12, pitch_histograms.N_NOTES, 12)
            ax.set_xticks(octaves, [f"C{n // 12 - 1}" for n in octaves])
            ax.set_xlim(23.5, 107.5)
        else:
            ax = new_axes(ax, figsize=(4, 4), subplot_kw={"projection": "polar"})
            heights = self.folded
            angles = 2 * np.pi * np.arange(N_CLASSES) / N_CLASSES
            ax.bar(angles, heights, width=0.9 * angles[1], color=one_dark(heights))
            ax.set_xticks(angles, CIRCLE)
            if ax.name == "polar":
                polar: Any = ax
                polar.set_theta_zero_location("N")
                polar.set_theta_direction(-1)
                polar.set_yticklabels([])
        self.ax_, self.figure_ = ax, ax.figure
        circular = ax.name == "polar"
        words = ("", "") if circular else ("note" if kind == "unfolded" else "pitch class", "strength")
        finish(ax, self.name, *words, empty=not heights.any(), why="no pitch found")
        return self
