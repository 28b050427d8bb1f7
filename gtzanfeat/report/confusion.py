"""The confusion matrix as a figure for papers and slides; its numbers come from `gtzanfeat.evaluation`.

The figure is made without pyplot: no window opens, no global state changes, and no display is needed.
"""

from __future__ import annotations

import os
import textwrap
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from gtzanfeat.evaluation import Evaluation


def confusion_matrix_figure(
    evaluation: Evaluation, *, orientation: Literal["sklearn", "paper"] = "sklearn"
) -> Figure:
    """Draw a confusion matrix that says under which protocol it came about.

    A cell holds the per cent of its true class (also its colour) and, small, the number of tests. The
    blues differ in lightness, so they need neither colour vision nor a colour printer.

    Parameters
    ----------
    evaluation : Evaluation
        What to draw.
    orientation : {"sklearn", "paper"}, default="sklearn"
        The truth in the rows, as scikit-learn has it, or in the columns, as Tzanetakis & Cook do.

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
    n_classes = len(evaluation.labels)
    side = max(5.0, 1.8 + 0.66 * n_classes)  # inches
    letters = int(13 * side)  # of the small print that fit across

    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(percents, cmap="Blues", vmin=0, vmax=100)
    for (row, column), percent in np.ndenumerate(percents):
        if counts[row, column]:  # what never happened stays blank
            colour = "white" if percent > 62 else "black"  # the one that contrasts more with the blue behind
            style: dict[str, Any] = {"ha": "center", "color": colour}
            axes.text(column, row + 0.08, f"{percent:.0f}", va="bottom", fontsize=12, **style)
            axes.text(column, row + 0.12, f"{counts[row, column]}", va="top", fontsize=7.5, **style)
    axes.set_xticks(range(n_classes), evaluation.labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n_classes), evaluation.labels)
    axes.set_xticks(np.arange(0.5, n_classes - 1), minor=True)
    axes.set_yticks(np.arange(0.5, n_classes - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"{column_name} →", fontsize=11)
    axes.set_ylabel(f"← {row_name}", fontsize=11)

    title = f"Accuracy {evaluation.accuracy:.1%} under the protocol {evaluation.protocol!r}"
    figure.suptitle(title, x=0.02, ha="left", fontsize=13, weight="bold")
    small_print = [
        f"{evaluation.estimator} on {evaluation.feature_set}, {evaluation.n_used} clips",
        f"{evaluation.description}; seed {evaluation.random_state}",
        "Large: per cent of the true class. Small: number of tests. Blank: never.",
        *(f"Warning: {warning}." for warning in evaluation.warnings),
    ]
    wrapped = "\n".join(textwrap.fill(line, letters) for line in small_print)
    figure.supxlabel(wrapped, x=0.02, ha="left", fontsize=9)
    return figure


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file, with a margin and nothing cut off.

    Parameters
    ----------
    figure : Figure
        What to write.
    path : str or path
        Where to; the suffix (.png, .svg, .pdf ...) says in which format.
    """
    figure.savefig(path, dpi=150, bbox_inches="tight", pad_inches=0.15)
