"""What the displays share: their base class, colours, and the labels of axes.

As in scikit-learn's Displays, axes that are not given are made by pyplot, so that notebooks show the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gtzanfeat.audio import as_clip

BLUE, PALE = "#2b5f9e", "#b9cbe2"


class Display:
    """A figure of data that it stores: `plot` draws them and sets ``ax_`` and ``figure_``.

    Subclasses define `_size` and `_draw`.
    """

    ax_: Axes
    figure_: Any

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the data.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        Self
            The display itself, with ``ax_`` and ``figure_``.
        """
        self._draw(self._set_axes(ax, figsize=self._size()))
        return self

    def _set_axes(self, ax: Axes | None, **figure: Any) -> Axes:
        """Set and return the axes given, or those of a new figure with the options `figure`."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.subplots(layout="constrained", **figure)[1]
        self.ax_, self.figure_ = ax, ax.figure
        return ax

    def _size(self) -> tuple[float, float]:
        """Return width and height of a new figure in inches."""
        raise NotImplementedError

    def _draw(self, ax: Axes) -> None:
        """Draw on the axes."""
        raise NotImplementedError


def clip_title(clip: Any) -> str:
    """Return the name of a clip without its folders."""
    return PurePath(str(as_clip(clip))).name


def label_axes(ax: Axes, title: str | None, x: str, y: str, *, nothing: str = "") -> None:
    """Label the axes.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes.
    title : str or None
        Title, at the left.
    x, y : str
        Labels.
    nothing : str, default=""
        Text in the middle of empty axes that says why they are empty.
    """
    ax.set(xlabel=x, ylabel=y)
    if title is not None:
        ax.set_title(title, loc="left")
    if nothing:
        ax.text(0.5, 0.5, nothing, ha="center", va="center", transform=ax.transAxes)
    if ax.name != "polar":
        ax.spines[["top", "right"]].set_visible(False)


def highlight_maximum(heights: NDArray[Any]) -> list[str]:
    """Return the colours of bars, of which the highest is dark."""
    best = int(heights.argmax())
    return [BLUE if i == best else PALE for i in range(len(heights))]


def as_vector(values: Sequence[float] | NDArray[Any], length: int, name: str) -> NDArray[Any]:
    """Return values as an array of shape (length,), or raise ValueError, whose message begins with `name`."""
    given = np.asarray(values)
    if given.shape != (length,):
        raise ValueError(f"{name} must have the shape ({length},), not {given.shape}")
    return given
