"""Systems: the estimator that a name stands for under each task.

For classes, the recipes of `gtzanfeat.recipes`; for tags the same ones, one per tag or in a chain; for
numbers, the rows at the foot of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator, RegressorMixin, clone, is_classifier, is_regressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from gtzanfeat.classifiers.tags import TagClassifier
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.evaluation.tasks import OF_COLUMN
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.recipes import RECIPES, recipe
from gtzanfeat.transformers import ClipFeatures

CHAIN = "-chain"


@dataclass(frozen=True)
class Regressor:
    """One row of `REGRESSORS`.

    Parameters
    ----------
    name : str
        Its name.
    build : callable
        ``build(random_state)`` returns the unfitted regressor, which is given scaled columns.
    sentence : str
        Its method, in plain words.
    """

    name: str
    build: Callable[[int | None], RegressorMixin]
    sentence: str


_ROWS = (
    Regressor("ridge", lambda seed: Ridge(), "A weighted sum of columns, with small weights."),
    Regressor("svr", lambda seed: SVR(), "Support vector regression with a radial (RBF) kernel."),
    Regressor("knn-regression", lambda seed: KNeighborsRegressor(5), "Mean of the 5 nearest training clips."),
    Regressor(
        "forest-regression",
        lambda seed: RandomForestRegressor(300, random_state=seed),
        "Mean of 300 decision trees, each grown on a random part of clips.",
    ),
)
REGRESSORS: dict[str, Regressor] = {row.name: row for row in _ROWS}


def system(
    name: str,
    task: str,
    feature_set: str | FeatureSet | None = None,
    *,
    random_state: int | None = None,
    memory: Any = None,
) -> Pipeline:
    """Return the pipeline of a name under a task, unfitted: from clips to predictions.

    Parameters
    ----------
    name : str
        A recipe; for tags also with ``-chain`` at its end; for numbers, a key of `REGRESSORS`.
    task : str
        A key of `TASKS`.
    feature_set : str or FeatureSet, optional
        The features; by default "classic30", or those that the recipe fixes.
    random_state : int, optional
        Seed of all its random steps.
    memory : path or joblib.Memory, optional
        A folder where features are kept.

    Returns
    -------
    Pipeline
        Its first step extracts features.

    Raises
    ------
    UnknownNameError
        If there is no such system for the task, or no such feature set.

    Examples
    --------
    >>> list(system("logistic-chain", "multi-label").named_steps)
    ['features', 'tags']
    """
    if task == "regression":
        if name not in REGRESSORS:
            raise UnknownNameError("regressor", name, REGRESSORS)
        steps = [("scale", StandardScaler()), ("regress", REGRESSORS[name].build(random_state))]
        features = ClipFeatures("classic30" if feature_set is None else feature_set, memory=memory)
        return Pipeline([("features", features), *steps])
    plain = name.removesuffix(CHAIN) if task == "multi-label" else name
    whole = recipe(plain, feature_set, random_state=random_state, memory=memory)
    if task == "single-label":
        return whole
    tags = TagClassifier(whole[1:], chain=plain != name, random_state=random_state)
    return Pipeline([whole.steps[0], ("tags", tags)])


def fixes_features(name: str) -> bool:
    """Return whether a recipe brings its own features, so that no others can be chosen."""
    return getattr(RECIPES.get(name.removesuffix(CHAIN)), "features", None) is not None


def searches_settings(estimator: Any) -> bool:
    """Return whether an estimator tries settings inside every training part, as searches do."""
    parts = [estimator, *estimator.get_params().values()] if hasattr(estimator, "get_params") else []
    return any(hasattr(part, "param_grid") or hasattr(part, "param_distributions") for part in parts)


def describe_estimator(estimator: BaseEstimator) -> str:
    """Return the code of an estimator, one step after the other.

    Parameters
    ----------
    estimator : estimator
        A Pipeline or not.

    Returns
    -------
    str
        Without folders and numbers of workers: where and how fast it ran is not what it is.

    Examples
    --------
    >>> model = Pipeline([("scale", StandardScaler()), ("regress", KNeighborsRegressor(3, n_jobs=2))])
    >>> describe_estimator(model)
    'StandardScaler() > KNeighborsRegressor(n_neighbors=3)'
    """
    places = [name for name in estimator.get_params() if name.rpartition("__")[2] in ("memory", "n_jobs")]
    bare = clone(estimator).set_params(**dict.fromkeys(places))
    steps = [step for _, step in bare.steps] if isinstance(bare, Pipeline) else [bare]
    return " > ".join(" ".join(repr(step).split()) for step in steps)


def refuse_estimator_of_other_task(estimator: BaseEstimator, column: str) -> None:
    """Raise ProtocolError if a regressor is to learn classes or tags, or a classifier numbers."""
    if column in OF_COLUMN and is_regressor(estimator):
        raise ProtocolError(
            f"a regressor cannot learn the column {column!r}; give a classifier, or name a column of numbers "
            "as target"
        )
    if column not in OF_COLUMN and is_classifier(estimator):
        raise ProtocolError(
            f"a classifier cannot learn the numbers of the column {column!r}; give a regressor"
        )


def with_class_weight(model: Any, class_weight: Mapping[Any, float] | str) -> BaseEstimator:
    """Set every ``class_weight`` in an estimator, and return it.

    Parameters
    ----------
    model : estimator
        Is changed, so it should be a clone.
    class_weight : dict or "balanced"
        As scikit-learn has it.

    Returns
    -------
    estimator
        The same.

    Raises
    ------
    ProtocolError
        If there is none to set.
    """
    names = [name for name in model.get_params() if name.rpartition("__")[2] == "class_weight"]
    if not names:
        raise ProtocolError(
            "class_weight is for estimators that have it (svm, linear-svm, logistic, random-forest ...), and "
            "this one has not; leave it out"
        )
    return model.set_params(**dict.fromkeys(names, class_weight))
