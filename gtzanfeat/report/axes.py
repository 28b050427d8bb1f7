"""What the displays share: axes, colours and the check of lengths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gtzanfeat.audio import as_clip

BLUE, PALE = "#2b5f9e", "#b9cbe2"


def new_axes(ax: Axes | None, **how: Any) -> Axes:
    """Return the axes given, or those of a new figure of pyplot's."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained", **how)[1]


def title_of(clip: Any) -> str:
    """What a clip calls itself, without the folders it is in."""
    return PurePath(str(as_clip(clip))).name


def finish(ax: Axes, title: str | None, x: str, y: str, *, empty: bool, why: str) -> None:
    """Name the axes, and say why there is nothing to see, if so."""
    ax.set(xlabel=x, ylabel=y)
    if title is not None:
        ax.set_title(title, loc="left")
    if empty:
        ax.text(0.5, 0.5, why, ha="center", va="center", transform=ax.transAxes)
    if ax.name != "polar":
        ax.spines[["top", "right"]].set_visible(False)


def one_dark(heights: np.ndarray) -> list[str]:
    """Return the colours of bars of which the highest stands out."""
    best = int(heights.argmax())
    return [BLUE if i == best else PALE for i in range(len(heights))]


def shaped(values: Sequence[float] | np.ndarray, length: int, what: str) -> np.ndarray:
    """Return values as an array of so many numbers, or say what was given instead."""
    given = np.asarray(values)
    if given.shape != (length,):
        raise ValueError(f"{what} must have the shape ({length},), not {given.shape}")
    return given
