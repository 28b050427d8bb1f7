"""Recipes: named, unfitted pipelines of features, scaling and a classifier; one row of `RECIPES` each.

Most take any feature set; the others fix their features. Classifiers are in scikit-learn and in
`gtzanfeat.classifiers`; evaluation of a recipe is in `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from gtzanfeat.classifiers import (
    ChiSquareSVC,
    FamilyKernelSVC,
    GaussianMixtureClassifier,
    HiddenMarkovClassifier,
    LateFusion,
)
from gtzanfeat.codebooks import CodebookHistogram
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.transformers import ClipFeatures, FamilyScaler, FrameFeatures

DEFAULT_SET = "classic30"
TZANETAKIS = "Tzanetakis & Cook 2002, section IV"
Steps = list[tuple[str, BaseEstimator]]
Seed = int | np.random.RandomState | None


@dataclass(frozen=True)
class Recipe:
    """A named pipeline: one row of `RECIPES`.

    Parameters
    ----------
    name : str
        Name by which it is found.
    build : callable
        ``build(random_state, n_jobs)`` returns the unfitted steps that follow the features, each with its
        name; the last is "classify".
    sentence : str
        One sentence that describes it to users.
    source : str
        Reference.
    features : str or callable, optional
        Its features, if it fixes them: the name of a feature set; or a function
        ``features(random_state, n_jobs, memory)`` that returns the transformer of clips.
    """

    name: str
    build: Callable[[Seed, int | None], Steps]
    sentence: str
    source: str
    features: str | Callable[[Seed, int | None, Any], BaseEstimator] | None = None


def classifier(name: str, *, random_state: Seed = None, n_jobs: int | None = None) -> Pipeline:
    """Return the unfitted part of a recipe that follows the features: scaling and classifier, as a rule.

    Parameters
    ----------
    name : str
        A key of `RECIPES`.
    random_state : int, RandomState instance or None, default=None
        Seed of its random steps.
    n_jobs : int, optional
        Number of workers of a forest, of k-NN or of a vote.

    Returns
    -------
    Pipeline
        Unfitted steps, of which the last is "classify"; X is a matrix of one clip per row, or whatever the
        features of the recipe return.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.

    Examples
    --------
    >>> classifier("knn3").set_params(classify__weights="distance")["classify"]
    KNeighborsClassifier(n_neighbors=3, weights='distance')
    """
    return Pipeline(_find_recipe(name).build(random_state, n_jobs))


def recipe(
    name: str,
    feature_set: str | FeatureSet | None = None,
    *,
    random_state: Seed = None,
    n_jobs: int | None = None,
    memory: Any = None,
) -> Pipeline:
    """Return an unfitted pipeline by name, which takes clips and predicts labels.

    The first step is always "features" and the last "classify". Between them there is "scale" in nearly all
    recipes, also for trees, whose predictions it does not change.

    Parameters
    ----------
    name : str
        A key of `RECIPES`.
    feature_set : str or FeatureSet, optional
        Features of each clip; by default "classic30", or those that the recipe fixes.
    random_state : int, RandomState instance or None, default=None
        Seed of its random steps.
    n_jobs : int, optional
        Number of workers of the features, and of a forest, of k-NN or of a vote.
    memory : path or joblib.Memory, optional
        Cache folder of the features: see `gtzanfeat.ClipFeatures`.

    Returns
    -------
    Pipeline
        Unfitted steps, "features" to "classify".

    Raises
    ------
    UnknownNameError
        If there is no such recipe or feature set.
    GtzanfeatError
        If a feature set is given to a recipe that fixes its own.

    Examples
    --------
    >>> model = recipe("svm", "timbre19").set_params(classify__C=10.0)
    >>> list(model.named_steps)
    ['features', 'scale', 'classify']
    >>> recipe("mfcc-codebook").set_params(codebook__n_words=64)["features"]
    FrameFeatures(silence=60.0)
    """
    fixed = _find_recipe(name).features
    if fixed is not None and feature_set is not None:
        raise GtzanfeatError(f"the recipe {name!r} fixes what it measures; leave the feature set out")
    if callable(fixed):
        features = fixed(random_state, n_jobs, memory)
    else:
        chosen = fixed or feature_set or DEFAULT_SET
        find_feature_set(chosen)  # raises UnknownNameError now rather than at fit
        features = ClipFeatures(chosen, n_jobs=n_jobs, memory=memory)
    later = classifier(name, random_state=random_state, n_jobs=n_jobs)
    return Pipeline([("features", features), *later.steps])


def _find_recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]


# --- parts of rows --------------------------------------------------------------------------------


def _scaled(classify: BaseEstimator, **between: BaseEstimator) -> Steps:
    """Return the steps: standardisation, the transformers `between`, the classifier."""
    return [("scale", StandardScaler()), *between.items(), ("classify", classify)]


def _svm() -> SVC:
    # SVC(probability=True) is deprecated; CalibratedClassifierCV around a recipe gives probabilities
    return SVC(C=1.0, gamma="scale")


def _select_half(random_state: Seed, n_jobs: int | None) -> SelectFromModel:
    """Return a selector of the columns whose importance in extra trees is at least the median."""
    trees = ExtraTreesClassifier(200, random_state=random_state, n_jobs=n_jobs)
    return SelectFromModel(trees, threshold="median")


def _vote_of_families(set_name: str, random_state: Seed, n_jobs: int | None) -> LateFusion:
    """Return the vote of a radial and a linear model of families of columns, and of one of all columns."""
    families = [("scale", FamilyScaler(set_name)), ("ridge", RidgeClassifier(alpha=0.1))]
    members = [
        ("radial", FamilyKernelSVC(C=10.0, families=set_name, cv=None)),  # the fusion calibrates it
        ("linear", Pipeline(families)),
        ("logistic", LogisticRegression(C=1.0, max_iter=1000)),
    ]
    return LateFusion(members, n_jobs=n_jobs, random_state=random_state)


def _mfcc_frames(random_state: Seed, n_jobs: int | None, memory: Any) -> FrameFeatures:
    return FrameFeatures("mfcc", n_jobs=n_jobs, memory=memory)


def _sounding_mfcc_frames(random_state: Seed, n_jobs: int | None, memory: Any) -> FrameFeatures:
    return FrameFeatures("mfcc", silence=60.0, n_jobs=n_jobs, memory=memory)


def _codebook(random_state: Seed, n_jobs: int | None) -> CodebookHistogram:
    return CodebookHistogram(256, random_state=random_state, n_jobs=n_jobs)


def _full_and_codebook(random_state: Seed, n_jobs: int | None, memory: Any) -> FeatureUnion:
    counted = [
        ("frames", _sounding_mfcc_frames(random_state, n_jobs, memory)),
        ("codebook", _codebook(random_state, n_jobs)),
    ]
    vector = ClipFeatures("full", n_jobs=n_jobs, memory=memory)
    return FeatureUnion([("full", vector), ("words", Pipeline(counted))])


# --- the rows -------------------------------------------------------------------------------------


def _gmm(n_components: int) -> Recipe:
    model = "One Gaussian" if n_components == 1 else f"A mixture of {n_components} Gaussians"
    return Recipe(
        f"gmm{n_components}",
        lambda random_state, n_jobs: _scaled(
            GaussianMixtureClassifier(n_components, random_state=random_state)
        ),
        f"{model} per class with diagonal covariance, and Bayes' rule.",
        f"{TZANETAKIS} ({'GS' if n_components == 1 else f'GMM{n_components}'})",
    )


def _knn(n_neighbors: int) -> Recipe:
    neighbours = "neighbour" if n_neighbors == 1 else f"{n_neighbors} neighbours"
    return Recipe(
        f"knn{n_neighbors}",
        lambda random_state, n_jobs: _scaled(KNeighborsClassifier(n_neighbors, n_jobs=n_jobs)),
        f"The nearest {neighbours} by Euclidean distance of standardised columns.",
        f"{TZANETAKIS} (k-NN)",
    )


def _set_and_svm(set_name: str, source: str) -> Recipe:
    return Recipe(
        f"{set_name}-svm",
        lambda random_state, n_jobs: _scaled(_svm()),
        f"The feature set {set_name} and a support vector machine with an RBF kernel.",
        source,
        features=set_name,
    )


_ROWS = (
    *(_gmm(n_components) for n_components in (1, 2, 3, 4, 5)),
    *(_knn(n_neighbors) for n_neighbors in (1, 3, 5)),
    Recipe(
        "svm",
        lambda random_state, n_jobs: _scaled(_svm()),
        "Support vector machine with an RBF kernel; tune classify__C and classify__gamma.",
        "Li, Ogihara & Li 2003",
    ),
    Recipe(
        "linear-svm",
        lambda random_state, n_jobs: _scaled(SVC(kernel="linear", C=1.0)),
        "Support vector machine with a linear kernel, one against one.",
        "Marsyas, SVMClassifier (which scales to 0..1 instead)",
    ),
    Recipe(
        "chi2-svm",
        lambda random_state, n_jobs: [("scale", MinMaxScaler(clip=True)), ("classify", ChiSquareSVC())],
        "Support vector machine with the exponential chi-square kernel, on columns scaled to 0..1.",
        "Zhang, Marszalek, Lazebnik & Schmid 2007",
    ),
    Recipe(
        "pca-svm",
        lambda random_state, n_jobs: _scaled(_svm(), reduce=PCA(0.95, svd_solver="full")),
        "Principal components with 95 % of the variance, then svm.",
        "Jolliffe, Principal Component Analysis, 2002",
    ),
    Recipe(
        "select-svm",
        lambda random_state, n_jobs: _scaled(_svm(), select=_select_half(random_state, n_jobs)),
        "The half of the columns of greatest importance in extra trees, then svm.",
        "Breiman 2001, section 10 (importance of variables)",
    ),
    Recipe(
        "logistic",
        lambda random_state, n_jobs: _scaled(LogisticRegression(C=1.0, max_iter=1000)),
        "Multinomial logistic regression.",
        "Cox 1958",
    ),
    Recipe(
        "lda",
        lambda random_state, n_jobs: _scaled(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
        "Linear discriminant analysis: Gaussian classes with a common covariance, shrunk.",
        "Ledoit & Wolf 2004 (the shrinkage)",
    ),
    Recipe(
        "qda",
        lambda random_state, n_jobs: _scaled(QuadraticDiscriminantAnalysis(solver="eigen", shrinkage="auto")),
        "Quadratic discriminant analysis: one Gaussian per class with its own covariance, shrunk.",
        "Ledoit & Wolf 2004 (the shrinkage)",
    ),
    Recipe(
        "naive-bayes",
        lambda random_state, n_jobs: _scaled(GaussianNB()),
        "Gaussian naive Bayes: columns are independent given the class.",
        "Duda, Hart & Stork, Pattern Classification, 2001",
    ),
    Recipe(
        "random-forest",
        lambda random_state, n_jobs: _scaled(
            RandomForestClassifier(300, random_state=random_state, n_jobs=n_jobs)
        ),
        "Random forest: 300 decision trees on bootstrap samples and random columns.",
        "Breiman 2001",
    ),
    Recipe(
        "extra-trees",
        lambda random_state, n_jobs: _scaled(
            ExtraTreesClassifier(300, random_state=random_state, n_jobs=n_jobs)
        ),
        "Extremely randomised trees: 300 decision trees with random thresholds.",
        "Geurts, Ernst & Wehenkel 2006",
    ),
    Recipe(
        "gradient-boosting",
        lambda random_state, n_jobs: _scaled(
            HistGradientBoostingClassifier(min_samples_leaf=5, random_state=random_state)
        ),
        "Gradient boosting of decision trees on binned columns.",
        "Friedman 2001; histograms as in LightGBM (Ke et al. 2017)",
    ),
    Recipe(
        "mlp",
        lambda random_state, n_jobs: _scaled(MLPClassifier((100,), max_iter=1000, random_state=random_state)),
        "Multilayer perceptron with one hidden layer of 100 units.",
        "Rumelhart, Hinton & Williams 1986",
    ),
    Recipe(
        "hmm",
        lambda random_state, n_jobs: [("classify", HiddenMarkovClassifier(random_state=random_state))],
        "One hidden Markov model of MFCC frames per class; needs hmmlearn.",
        "Rabiner 1989",
        features=_mfcc_frames,
    ),
    Recipe(
        "mfcc-codebook",
        lambda random_state, n_jobs: [
            ("codebook", _codebook(random_state, n_jobs)),
            ("classify", SVC(kernel="linear", C=10.0)),
        ],
        "Histogram of 256 codewords of MFCC frames, and a support vector machine with a linear kernel.",
        "the baseline of courses; Sivic & Zisserman 2003",
        features=_sounding_mfcc_frames,
    ),
    Recipe(
        "mfcc-gaussian",
        lambda random_state, n_jobs: _scaled(_svm()),
        "Mean and covariance of the MFCC frames, and a support vector machine with an RBF kernel.",
        "Mandel & Ellis 2005",
        features="mfcc-gaussian",
    ),
    _set_and_svm("ssd", "Lidy & Rauber 2005"),
    _set_and_svm("marsyas124", "Marsyas, bextract and MIREX"),
    _set_and_svm("librosa57", "the table features_30_sec.csv of many tutorials"),
    _set_and_svm("compact", "gtzanfeat"),
    Recipe(
        "everything",
        lambda random_state, n_jobs: _scaled(_svm(), select=_select_half(random_state, n_jobs)),
        "The feature set full and a codebook of MFCC frames, the more important half of them, then svm.",
        "gtzanfeat",
        features=_full_and_codebook,
    ),
    Recipe(
        "best",
        lambda random_state, n_jobs: _scaled(_vote_of_families("broad", random_state, n_jobs)),
        "The feature set broad, and a vote of an SVM and a ridge classifier on one kernel per family of "
        "columns and of logistic regression on all columns.",
        "gtzanfeat; Gehler & Nowozin 2009 (the mean of kernels)",
        features="broad",
    ),
)
RECIPES: dict[str, Recipe] = {row.name: row for row in _ROWS}
