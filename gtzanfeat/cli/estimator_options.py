"""The options that choose an estimator, and the one they stand for: a recipe, a search over it, or windows.

``evaluate`` and ``train`` have them.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli.options import FilePath, Seconds

if TYPE_CHECKING:
    from gtzanfeat.cli.experiment_options import ExperimentOptions
    from gtzanfeat.feature_sets import FeatureSet

set_name = click.option("--set", "set_name", metavar="NAME", help="The feature set.  [default: classic30]")
join = click.option(
    "--join",
    metavar="FILE",
    type=FilePath(),
    help="Parquet or CSV with columns by recording, to stand beside the set; alone with --set none.",
)
drop = click.option(
    "--drop",
    metavar="COLUMN",
    multiple=True,
    help="A column of --join to leave out, such as one that numbers the rows; may be repeated.",
)
recipe = click.option(
    "--recipe",
    "--classifier",
    "-c",
    "classifier",
    metavar="NAME",
    help="Listed by `gtzanfeat evaluate --help`.  [default: svm; logistic for tags, ridge else]",
)
balanced = click.option("--balanced", is_flag=True, help="Weigh classes so that rare ones count as much.")
search = click.option(
    "--search",
    metavar="NAME=V,V...",
    multiple=True,
    help="Settings to try inside every training part, as classify__C=0.1,1,10; may be repeated. Folds are "
    "then drawn once, unless --repeats says more.",
)
search_kind = click.option(
    "--search-kind",
    type=click.Choice(["grid", "random", "halving"]),
    default="grid",
    show_default=True,
    help="All settings, ten drawn ones, or all on few clips and the better ones on more.",
)
inner_cv = click.option(
    "--inner-cv", type=click.IntRange(2), default=3, show_default=True, help="Folds of --search."
)
segments = click.option(
    "--segments",
    metavar="SECONDS",
    type=Seconds(),
    help="Learn from windows of that length; their mean decides about the recording. The last partial window "
    "is left out, unless it is the only one.",
)

USUAL = {"single-label": "svm", "multi-label": "logistic", "regression": "ridge"}


@dataclass(frozen=True)
class NamedSystem:
    """The estimator to be evaluated, and its features.

    Parameters
    ----------
    name : str
        The name of the recipe or regressor.
    estimator : str or estimator
        The name again, or a search or a segment classifier.
    features : FeatureSet or None
        The feature set of ``--set``.
    extracts : bool
        Whether it brings features of its own or learns from windows, so that neither a table nor joined
        columns can take their place.
    """

    name: str
    estimator: Any
    features: FeatureSet | None
    extracts: bool


def named_system(options: ExperimentOptions) -> NamedSystem:
    """Return the estimator of ``--recipe``, ``--set``, ``--search`` and ``--segments``.

    Parameters
    ----------
    options : ExperimentOptions
        The options of the command.

    Returns
    -------
    NamedSystem
        The estimator, and whether it extracts features itself.

    Raises
    ------
    UnknownNameError
        If there is no such recipe, regressor or feature set.
    """
    from gtzanfeat.evaluation.systems import fixes_features, system
    from gtzanfeat.evaluation.tasks import OF_COLUMN
    from gtzanfeat.feature_sets import feature_set

    task = OF_COLUMN.get(options.target, "regression")
    name = options.classifier or USUAL[task]
    if options.without_set and options.join is None:
        raise click.UsageError("--set none leaves nothing to learn from; give --join too.")
    if options.drop and options.join is None:
        raise click.UsageError("--drop is for columns of --join; give it too.")
    named = options.set_name is not None and not options.without_set
    features = feature_set(options.set_name) if named else None  # type: ignore[arg-type]
    model = system(name, task, features, random_state=options.seed, memory=options.memory)
    own = fixes_features(name)
    if options.segments is not None:
        if options.search or task != "single-label" or own:
            raise click.UsageError(
                "--segments is for classes, without --search, and for a classifier that takes any features."
            )
        return NamedSystem(
            name, _segment_classifier(options, name, options.segments, features), features, True
        )
    if options.search:
        return NamedSystem(name, _grid_search(options, model, own), features, own)
    return NamedSystem(name, name, features, own)


def _segment_classifier(
    options: ExperimentOptions, name: str, seconds: float, features: FeatureSet | None
) -> Any:
    from gtzanfeat.segments import SegmentClassifier

    return SegmentClassifier(
        name,
        seconds,
        feature_set="classic30" if features is None else features,
        n_jobs=options.jobs,
        memory=options.memory,
        random_state=options.seed,
    )


def _grid_search(options: ExperimentOptions, model: Any, own_features: bool) -> Any:
    """Return a search over the settings of the estimator behind the features."""
    from gtzanfeat.model_selection import GroupedSearch

    search = GroupedSearch(
        model[1:],
        _grid(options.search),
        kind=options.search_kind,
        cv=options.inner_cv,
        random_state=options.seed,
    )
    if not own_features:
        return search
    pipeline = model[:1]
    pipeline.steps.append(("search", search))
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
