"""What the words of ``gtzanfeat evaluate`` stand for: a name, or a search or windows around what it names."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import click


def build(
    name: str,
    model: Any,
    *,
    search: Sequence[str],
    kind: str,
    inner_folds: int,
    segments: float | None,
    whole: bool,
    features: Any,
    task: str,
    seed: int,
    jobs: int,
    memory: Any,
) -> Any:
    """Return what is to be judged.

    Parameters
    ----------
    name : str
        Of a recipe or regressor.
    model : Pipeline
        What it names, features first.
    search : sequence of str
        ``NAME=VALUE,VALUE...``: settings to be searched in the training parts.
    kind, inner_folds
        As of `GroupedSearch`.
    segments : float or None
        Length in seconds of windows to be learnt from.
    whole : bool
        Whether features are measured by the estimator itself, and not before.
    features : FeatureSet or None
        What is measured of windows.
    task : str
        A key of `TASKS`.
    seed, jobs, memory
        For all that is random, done in parallel and kept.

    Returns
    -------
    str or estimator
        The name, where nothing is put around it: then the result bears it.
    """
    if segments is not None:
        from gtzanfeat.evaluation.systems import fixes_features
        from gtzanfeat.segments import SegmentClassifier

        if search or task != "single-label" or fixes_features(name):
            raise click.UsageError(
                "--segments is for classes, without --search, and for a classifier that takes any features."
            )
        return SegmentClassifier(
            name,
            segments,
            feature_set="classic30" if features is None else features,
            n_jobs=jobs,
            memory=memory,
            random_state=seed,
        )
    if not search:
        return name
    from gtzanfeat.model_selection.grouped_search import GroupedSearch

    found = GroupedSearch(model[1:], _grid(search), kind=kind, cv=inner_folds, random_state=seed)
    if not whole:
        return found
    pipeline = model[:1]
    pipeline.steps.append(("search", found))
    return pipeline


def _grid(search: Sequence[str]) -> dict[str, list[Any]]:
    """Read ``NAME=VALUE,VALUE...``: numbers and the like as Python has them, else words."""
    grid: dict[str, list[Any]] = {}
    for words in search:
        name, given, values = words.partition("=")
        if not (given and name.strip() and values.strip()):
            raise click.UsageError(f"--search {words!r} is not of the form classify__C=0.1,1,10.")
        grid[name.strip()] = [_value(word.strip()) for word in values.split(",")]
    return grid


def _value(word: str) -> Any:
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word
