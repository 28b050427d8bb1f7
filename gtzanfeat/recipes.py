"""Whole systems by name: features, scaling and a classifier with its usual settings, unfitted.

A recipe is one row at the foot of this file. Classifiers themselves live in scikit-learn and in
`gtzanfeat.classifiers`; how a recipe is judged is said in `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gtzanfeat.classifiers import GaussianMixtureClassifier
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.transformers import ClipFeatures

TZANETAKIS = "Tzanetakis & Cook 2002, section IV"


@dataclass(frozen=True)
class Recipe:
    """One row of `RECIPES`.

    Parameters
    ----------
    name : str
        What the user types.
    build : callable
        ``build(random_state, n_jobs)`` returns the unfitted classifier of the last step.
    sentence : str
        What it does, in plain words.
    source : str
        Where it comes from.
    """

    name: str
    build: Callable[[int | None, int | None], ClassifierMixin]
    sentence: str
    source: str


def classifier(name: str, *, random_state: int | None = 0, n_jobs: int | None = None) -> Pipeline:
    """Return the part of a recipe that follows the features: scaling, then the classifier.

    Parameters
    ----------
    name : str
        A key of `RECIPES`.
    random_state : int or None, default=0
        Seeds whatever is random in it.
    n_jobs : int or None, default=None
        Threads or processes of a forest or of k-NN.

    Returns
    -------
    Pipeline
        Unfitted steps "scale" and "classify"; takes a table of one clip per row.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.

    Examples
    --------
    >>> classifier("knn3").set_params(classify__weights="distance")["classify"]
    KNeighborsClassifier(n_neighbors=3, weights='distance')
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return Pipeline([("scale", StandardScaler()), ("classify", RECIPES[name].build(random_state, n_jobs))])


def recipe(
    name: str,
    feature_set: str | FeatureSet = "classic30",
    *,
    random_state: int | None = 0,
    n_jobs: int | None = None,
) -> Pipeline:
    """Return a named system, unfitted: clips in, labels out.

    All recipes have the same three steps, so one parameter grid fits them all. Trees do not need
    the scaling (and are not changed by it).

    Parameters
    ----------
    name : str
        A key of `RECIPES`.
    feature_set : str or FeatureSet, default="classic30"
        What is measured on every clip.
    random_state : int or None, default=0
        Seeds whatever is random in the classifier.
    n_jobs : int or None, default=None
        Workers for the features, and of a forest or of k-NN.

    Returns
    -------
    Pipeline
        Steps "features", "scale" and "classify".

    Raises
    ------
    UnknownNameError
        If there is no such recipe or feature set.

    Examples
    --------
    >>> model = recipe("svm", "timbre19").set_params(classify__C=10.0)
    >>> list(model.named_steps)
    ['features', 'scale', 'classify']
    """
    find_feature_set(feature_set)  # a wrong name is best said now
    later = classifier(name, random_state=random_state, n_jobs=n_jobs)
    return Pipeline([("features", ClipFeatures(feature_set, n_jobs=n_jobs)), *later.steps])


def _gmm(n_components: int) -> Recipe:
    words = "One Gaussian" if n_components == 1 else f"A mixture of {n_components} Gaussians"
    return Recipe(
        f"gmm{n_components}",
        lambda random_state, n_jobs: GaussianMixtureClassifier(n_components, random_state=random_state),
        f"{words} per class, diagonal covariance; the likeliest class wins.",
        f"{TZANETAKIS} ({'GS' if n_components == 1 else f'GMM{n_components}'})",
    )


def _knn(n_neighbors: int) -> Recipe:
    words = (
        "The nearest training clip decides"
        if n_neighbors == 1
        else f"The {n_neighbors} nearest training clips vote"
    )
    return Recipe(
        f"knn{n_neighbors}",
        lambda random_state, n_jobs: KNeighborsClassifier(n_neighbors, n_jobs=n_jobs),
        f"{words}, by Euclidean distance of scaled columns.",
        f"{TZANETAKIS} (k-NN)",
    )


_ROWS = (
    *(_gmm(n_components) for n_components in (1, 2, 3, 4, 5)),
    *(_knn(n_neighbors) for n_neighbors in (1, 3, 5)),
    # SVC(probability=True) leaves scikit-learn; CalibratedClassifierCV around a recipe gives probabilities.
    Recipe(
        "svm",
        lambda random_state, n_jobs: SVC(C=1.0, gamma="scale"),
        "Support vectors with a radial (RBF) kernel; tune classify__C and classify__gamma.",
        "Li, Ogihara & Li 2003",
    ),
    Recipe(
        "linear-svm",
        lambda random_state, n_jobs: SVC(kernel="linear", C=1.0),
        "Support vectors with flat borders between each two classes.",
        "Marsyas, SVMClassifier (which scales to 0..1 instead)",
    ),
    Recipe(
        "logistic",
        lambda random_state, n_jobs: LogisticRegression(C=1.0, max_iter=1000),
        "Weighted sums of columns turned into probabilities of the classes.",
        "multinomial logistic regression",
    ),
    Recipe(
        "random-forest",
        lambda random_state, n_jobs: RandomForestClassifier(300, random_state=random_state, n_jobs=n_jobs),
        "300 decision trees, each grown on a random part of clips and columns, vote.",
        "Breiman 2001",
    ),
)
RECIPES: dict[str, Recipe] = {row.name: row for row in _ROWS}
