"""Tasks: classification into classes, tagging and regression, and the target that a column of a table holds.

A task decides which metrics there are, whether folds are stratified, and what the predictions look like. How
folds are drawn is in `folds`, the metrics are in `metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError, UnknownNameError


@dataclass(frozen=True)
class Task:
    """One row of `TASKS`.

    Parameters
    ----------
    name : str
        Its name.
    truth : str
        The column of `Evaluation.predictions` that holds the truth.
    headline : str
        The main metric.
    sentence : str
        What is predicted, in plain words.
    """

    name: str
    truth: str
    headline: str
    sentence: str


_ROWS = (
    Task("single-label", "label", "accuracy", "Each clip is of one class, of two or more."),
    Task("multi-label", "labels", "f1_macro", "Each clip has any number of tags."),
    Task("regression", "target", "r2", "Each clip has a number."),
)
TASKS: dict[str, Task] = {row.name: row for row in _ROWS}
OF_COLUMN = {"label": "single-label", "labels": "multi-label"}  # any other column holds numbers


@dataclass(frozen=True, eq=False)
class Target:
    """The classes, tags or numbers of the clips of a table, which are to be predicted.

    Parameters
    ----------
    task : Task
        The kind of prediction.
    column : str
        The column of the table.
    names : tuple of str
        The classes or tags, in order; none for numbers.
    truth : ndarray
        Classes (n_clips,) as objects, tags (n_clips, n_tags) as 0 and 1, or numbers (n_clips,).
    known : ndarray of shape (n_clips,), bool
        Whether the truth of a clip is known.
    """

    task: Task
    column: str
    names: tuple[str, ...]
    truth: np.ndarray
    known: np.ndarray

    @property
    def strata(self) -> np.ndarray:
        """Strata of the folds: classes, or one stratum for all known tags or numbers; None if unknown."""
        if self.task.name == "single-label":
            return self.truth
        strata = np.full(len(self.known), None, dtype=object)
        strata[self.known] = ""
        return strata

    @property
    def unknown(self) -> str:
        """Why a clip of unknown truth is left out, in words."""
        words = {"single-label": "without a label", "multi-label": "of unknown tags"}
        return words.get(self.task.name, f"without {self.column}")


def find_target(clips: ClipTable, column: str = "label", task: str | None = None) -> Target:
    """Return the target that a column of a table holds, with its task.

    Parameters
    ----------
    clips : ClipTable
        The table.
    column : str, default="label"
        "label" for classes, "labels" for tags, or a column of numbers.
    task : str, optional
        A key of `TASKS`, as a check; the column says it already.

    Returns
    -------
    Target
        Classes, tags or numbers of all clips.

    Raises
    ------
    UnknownNameError
        If there is no such column, or no such task.
    ProtocolError
        If the column is of another task, or nothing is known.
    DatasetError
        If a column to be predicted as numbers holds something else.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"path": ["a.wav", "b.wav"], "recording": ["a", "b"], "arousal": [0.5, None]})
    >>> target = find_target(ClipTable(frame.assign(labels=["slow", "|"]), "example"), "arousal")
    >>> target.task.name, target.known.tolist()
    ('regression', [True, False])
    """
    found = TASKS[OF_COLUMN.get(column, "regression")]
    if task is not None and task not in TASKS:
        raise UnknownNameError("task", task, TASKS)
    if task not in (None, found.name):
        raise ProtocolError(
            f"the column {column!r} is for the task {found.name}, not {task}: 'label' holds classes, "
            "'labels' tags, and any other column numbers"
        )
    names: tuple[str, ...] = ()
    if found.name == "multi-label" and clips.tagged.any() and not clips.tags:
        raise ProtocolError(
            f"{clips.name}: no clip has any tag, so there is none to learn; add some to labels"
        )
    if found.name == "single-label":
        names, truth, known = clips.classes, clips.labels, clips.frame["label"].notna().to_numpy(dtype=bool)
    elif found.name == "multi-label":
        names, truth, known = clips.tags, clips.tag_matrix.astype(int), clips.tagged
    else:
        truth = clips.numeric(column)
        known = np.isfinite(truth)
    if len(clips) and not known.any():
        others = [name for name in ("label", "labels", "target") if name != column and _holds(clips, name)]
        remedy = f"; there is something in {', '.join(others)}: say target={others[0]!r}" if others else ""
        raise ProtocolError(f"{clips.name}: the column {column!r} is absent or empty here{remedy}")
    return Target(found, column, names, truth, known)


def _holds(clips: ClipTable, column: str) -> bool:
    return column in clips.frame and bool(clips.frame[column].notna().any())
