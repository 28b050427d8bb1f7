"""Displays of the beat and pitch histograms of a clip, drawn by matplotlib.

The SVG figures of the same histograms on the report page are in `vector_pictures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gtzanfeat.extraction import extract
from gtzanfeat.features import beat_histogram, pitch_histograms
from gtzanfeat.ingredients.pitch_classes import NAMES, fold_octaves
from gtzanfeat.report.axes import (
    BLUE,
    PALE,
    Display,
    as_vector,
    clip_title,
    highlight_maximum,
    label_axes,
)

CLASS_NAMES = tuple(name.replace("_sharp", "♯").capitalize() for name in NAMES)
CIRCLE_OF_FIFTHS = tuple(CLASS_NAMES[c] for c in pitch_histograms.FIFTHS)  # C, G, D, ...


def clip_histogram(clip: Any, feature_set: str) -> NDArray[np.float32]:
    """Return the histogram of a clip, (n_bins,): its vector of "beat-histogram" or "pitch-histograms"."""
    return np.asarray(extract([clip], feature_set).values[0])


class BeatHistogramDisplay(Display):
    """Display of a beat histogram: the strength of each tempo in a clip.

    Parameters
    ----------
    histogram : array-like of shape (161,)
        Strength of each tempo from 40 to 200 bpm, 1 bpm per bin.
    name : str, optional
        Name of the clip, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.

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

    def __init__(self, histogram: Sequence[float] | NDArray[Any], *, name: str | None = None) -> None:
        self.histogram = as_vector(
            histogram, beat_histogram.FASTEST_BPM - beat_histogram.SLOWEST_BPM + 1, "a beat histogram"
        )
        self.name = name

    @classmethod
    def from_clip(cls, clip: Any, *, name: str | None = None, ax: Axes | None = None) -> Self:
        """Compute and draw the beat histogram of a clip, by the feature set "beat-histogram".

        Parameters
        ----------
        clip : path, Clip or ndarray of shape (n_samples,)
            The clip.
        name : str, optional
            Title; by default the name of the file.
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        BeatHistogramDisplay
            The display, drawn.

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        """
        name = clip_title(clip) if name is None else name
        return cls(clip_histogram(clip, "beat-histogram"), name=name).plot(ax)

    @property
    def tempi(self) -> list[int]:
        """The one or two strongest tempi in bpm, as the features beat_p1 and beat_p2 have them."""
        return [
            int(bpm)
            for bpm in beat_histogram.beat_statistics(self.histogram.astype(float), 1, {})[3:5]
            if bpm > 0
        ]

    def _size(self) -> tuple[float, float]:
        return 7, 3

    def _draw(self, ax: Axes) -> None:
        bpm = np.arange(beat_histogram.SLOWEST_BPM, beat_histogram.FASTEST_BPM + 1)
        colours = [BLUE if value in self.tempi else PALE for value in bpm]
        ax.bar(bpm, self.histogram, width=1.0, color=colours)
        for tempo in self.tempi:
            height = self.histogram[tempo - beat_histogram.SLOWEST_BPM]
            ax.annotate(
                str(tempo), (tempo, height), (0, 2), textcoords="offset points", ha="center", color=BLUE
            )
        label_axes(ax, self.name, "tempo (bpm)", "strength", nothing="" if self.tempi else "no beat found")


class PitchHistogramDisplay(Display):
    """Display of a pitch histogram: the strength of each note or pitch class in a clip.

    Parameters
    ----------
    histogram : array-like of shape (128,)
        Strength of each MIDI note (the unfolded histogram); octaves are summed for the folded one.
    name : str, optional
        Name of the clip, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.

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

    def __init__(self, histogram: Sequence[float] | NDArray[Any], *, name: str | None = None) -> None:
        self.histogram = as_vector(histogram, pitch_histograms.N_NOTES, "an unfolded pitch histogram")
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
        """Compute and draw the pitch histogram of a clip, by the feature set "pitch-histograms".

        Parameters
        ----------
        clip : path, Clip or ndarray of shape (n_samples,)
            The clip.
        kind : {"unfolded", "folded"}, default="unfolded"
            As in `plot`.
        name : str, optional
            Title; by default the name of the file.
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        PitchHistogramDisplay
            The display, drawn.

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        """
        histogram = clip_histogram(clip, "pitch-histograms")[: pitch_histograms.N_NOTES]
        return cls(histogram, name=clip_title(clip) if name is None else name).plot(ax, kind=kind)

    @property
    def folded(self) -> NDArray[Any]:
        """Strength of the 12 pitch classes along the circle of fifths: C, G, D, ..."""
        return fold_octaves(self.histogram)[pitch_histograms.FIFTHS]

    def plot(self, ax: Axes | None = None, *, kind: Literal["unfolded", "folded"] = "unfolded") -> Self:
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure, which are polar for the folded histogram. On
            other axes the circle of fifths becomes a line.
        kind : {"unfolded", "folded"}, default="unfolded"
            One bar per MIDI note; or one per pitch class, along the circle of fifths, where the notes of a
            key are neighbours.

        Returns
        -------
        PitchHistogramDisplay
            The display itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        if kind not in ("unfolded", "folded"):
            raise ValueError(f"kind must be 'unfolded' or 'folded', not {kind!r}")
        if kind == "unfolded":
            self._draw(self._set_axes(ax, figsize=self._size()))
        else:
            self._draw_folded(self._set_axes(ax, figsize=(4, 4), subplot_kw={"projection": "polar"}))
        return self

    def _size(self) -> tuple[float, float]:
        return 7, 3

    def _draw(self, ax: Axes) -> None:
        notes = np.arange(pitch_histograms.N_NOTES)
        ax.bar(notes, self.histogram, width=1.0, color=highlight_maximum(self.histogram))
        octaves = notes[12::12]
        ax.set_xticks(octaves, [f"C{n // 12 - 1}" for n in octaves])
        ax.set_xlim(23.5, 107.5)
        self._label(ax, "note")

    def _draw_folded(self, ax: Axes) -> None:
        angles = 2 * np.pi * np.arange(len(self.folded)) / len(self.folded)
        ax.bar(angles, self.folded, width=0.9 * angles[1], color=highlight_maximum(self.folded))
        ax.set_xticks(angles, CIRCLE_OF_FIFTHS)
        if ax.name == "polar":
            polar: Any = ax
            polar.set_theta_zero_location("N")
            polar.set_theta_direction(-1)
            polar.set_yticklabels([])
        self._label(ax, "pitch class")

    def _label(self, ax: Axes, x: str) -> None:
        labels = ("", "") if ax.name == "polar" else (x, "strength")
        label_axes(ax, self.name, *labels, nothing="" if self.histogram.any() else "no pitch found")
