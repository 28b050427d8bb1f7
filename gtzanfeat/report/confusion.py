"""The confusion matrix as a matplotlib figure; its numbers come from `gtzanfeat.evaluation`.

The figure is made without pyplot, so that no window opens and no display is needed.
"""

from __future__ import annotations

import os
import textwrap
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gtzanfeat.evaluation import Evaluation


def confusion_matrix_figure(
    evaluation: Evaluation, *, orientation: Literal["sklearn", "paper"] = "sklearn"
) -> Figure:
    """Draw the confusion matrix of a result, with its protocol.

    A cell has the per cent of its true class (also its colour) and, small, the number of tests. The blues
    differ in lightness, so that they can be read by the colour-blind and in black and white.

    Parameters
    ----------
    evaluation : Evaluation
        The result, of one label per clip.
    orientation : {"sklearn", "paper"}, default="sklearn"
        Whether rows are true classes, as in scikit-learn, or predicted ones, as in Tzanetakis & Cook (2002).

    Returns
    -------
    Figure
        Save it with `save_figure`, or let a notebook show it.

    Raises
    ------
    ValueError
        If there is no such orientation.
    """
    if orientation not in ("sklearn", "paper"):
        raise ValueError(f"orientation must be 'sklearn' or 'paper', not {orientation!r}")
    counts, percents = evaluation.confusion, evaluation.confusion_paper.T
    row_name, column_name = "truth", "predicted"
    if orientation == "paper":
        counts, percents = counts.T, percents.T
        row_name, column_name = column_name, row_name
    side = max(5.0, 1.8 + 0.66 * len(evaluation.labels))  # inches
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    _draw_cells(axes, counts, percents, list(evaluation.labels))
    axes.set_xlabel(f"{column_name} →", fontsize=11)
    axes.set_ylabel(f"← {row_name}", fontsize=11)

    title = f"Accuracy {evaluation.accuracy:.1%} under the protocol {evaluation.protocol!r}"
    figure.suptitle(title, x=0.02, ha="left", fontsize=13, weight="bold")
    caption = [
        f"{evaluation.estimator} on {evaluation.feature_set}, {evaluation.n_used} clips",
        f"{evaluation.description}; seed {evaluation.random_state}",
        "Large: per cent of the true class. Small: number of tests. Blank: never.",
        *(f"Warning: {warning}." for warning in evaluation.warnings),
    ]
    wrapped = "\n".join(textwrap.fill(line, int(13 * side)) for line in caption)
    figure.supxlabel(wrapped, x=0.02, ha="left", fontsize=9)
    return figure


def _draw_cells(axes: Axes, counts: NDArray[Any], percents: NDArray[np.float64], labels: list[str]) -> None:
    """Draw the cells of a matrix with their texts, and the labels of rows and columns."""
    axes.imshow(percents, cmap="Blues", vmin=0, vmax=100)
    for (row, column), percent in np.ndenumerate(percents):
        if counts[row, column]:
            colour = "white" if percent > 62 else "black"  # of the greater contrast
            style: dict[str, Any] = {"ha": "center", "color": colour}
            axes.text(column, row + 0.08, f"{percent:.0f}", va="bottom", fontsize=12, **style)
            axes.text(column, row + 0.12, f"{counts[row, column]}", va="top", fontsize=7.5, **style)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xticks(np.arange(0.5, len(labels) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(labels) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file, with a margin around all of it.

    Parameters
    ----------
    figure : Figure
        The figure.
    path : str or path
        The file; its suffix (.png, .svg, .pdf ...) chooses the format.
    """
    figure.savefig(path, dpi=150, bbox_inches="tight", pad_inches=0.15)
