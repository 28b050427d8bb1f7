"""Whole systems by name: what is measured, what becomes of the numbers, and who decides, unfitted.

A recipe is one row at the foot of this file. Most leave open what is measured, and stand behind any feature
set; the others are systems in which that is fixed. Classifiers themselves live in scikit-learn and in
`gtzanfeat.classifiers`; how a recipe is judged is said in `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from gtzanfeat.classifiers import ChiSquareSVC, GaussianMixtureClassifier, HiddenMarkovClassifier
from gtzanfeat.codebooks import CodebookHistogram
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

DEFAULT_SET = "classic30"
TZANETAKIS = "Tzanetakis & Cook 2002, section IV"
Steps = list[tuple[str, BaseEstimator]]


@dataclass(frozen=True)
class Recipe:
    """One row of `RECIPES`.

    Parameters
    ----------
    name : str
        What the user types.
    build : callable
        ``build(random_state, n_jobs)`` returns the unfitted steps that follow the features, each with its
        name; the last is "classify".
    sentence : str
        What it does, in plain words.
    source : str
        Where it comes from.
    features : str or callable, optional
        What it measures, where that is fixed: the name of a feature set; or
        ``features(random_state, n_jobs, memory)`` returns the transformer of clips.
    """

    name: str
    build: Callable[[int | None, int | None], Steps]
    sentence: str
    source: str
    features: str | Callable[[int | None, int | None, Any], BaseEstimator] | None = None


def classifier(name: str, *, random_state: int | None = 0, n_jobs: int | None = None) -> Pipeline:
    """Return the part of a recipe that follows the features: scaling, say, then the classifier.

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
        Unfitted steps, of which the last is "classify"; takes a table of one clip per row, or what else the
        recipe's features make of clips.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.

    Examples
    --------
    >>> classifier("knn3").set_params(classify__weights="distance")["classify"]
    KNeighborsClassifier(n_neighbors=3, weights='distance')
    """
    return Pipeline(_find(name).build(random_state, n_jobs))


def recipe(
    name: str,
    feature_set: str | FeatureSet | None = None,
    *,
    random_state: int | None = 0,
    n_jobs: int | None = None,
    memory: Any = None,
) -> Pipeline:
    """Return a named system, unfitted: clips in, labels out.

    The first step is always "features" and the last "classify". Those between are few and named for what they
    do, "scale" in nearly all recipes; trees do not need it (and are not changed by it).

    Parameters
    ----------
    name : str
        A key of `RECIPES`.
    feature_set : str or FeatureSet, optional
        What is measured on every clip; by default "classic30", or what the recipe fixes.
    random_state : int or None, default=0
        Seeds whatever is random in it.
    n_jobs : int or None, default=None
        Workers for the features, and of a forest or of k-NN.
    memory : path or joblib.Memory, optional
        Where features are kept, so that a clip is analysed once: see `gtzanfeat.ClipFeatures`.

    Returns
    -------
    Pipeline
        Steps "features" to "classify".

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
    fixed = _find(name).features
    if fixed is not None and feature_set is not None:
        raise GtzanfeatError(f"the recipe {name!r} fixes what it measures; leave the feature set out")
    if callable(fixed):
        features = fixed(random_state, n_jobs, memory)
    else:
        chosen = fixed or feature_set or DEFAULT_SET
        find_feature_set(chosen)  # a wrong name is best said now
        features = ClipFeatures(chosen, n_jobs=n_jobs, memory=memory)
    later = classifier(name, random_state=random_state, n_jobs=n_jobs)
    return Pipeline([("features", features), *later.steps])


def _find(name: str) -> Recipe:
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]


# --- parts of rows --------------------------------------------------------------------------------


def _scaled(classify: BaseEstimator, **between: BaseEstimator) -> Steps:
    """Columns of mean 0 and deviation 1; what else is to be done to them; the classifier."""
    return [("scale", StandardScaler()), *between.items(), ("classify", classify)]


def _svm() -> SVC:
    # SVC(probability=True) leaves scikit-learn; CalibratedClassifierCV around a recipe gives probabilities
    return SVC(C=1.0, gamma="scale")


def _better_half(random_state: int | None, n_jobs: int | None) -> SelectFromModel:
    """Keep the columns that trees split by more than by the median column."""
    trees = ExtraTreesClassifier(200, random_state=random_state, n_jobs=n_jobs)
    return SelectFromModel(trees, threshold="median")


def _frames(random_state: int | None, n_jobs: int | None, memory: Any) -> FrameFeatures:
    return FrameFeatures("mfcc", n_jobs=n_jobs, memory=memory)


def _sounding_frames(random_state: int | None, n_jobs: int | None, memory: Any) -> FrameFeatures:
    return FrameFeatures("mfcc", silence=60.0, n_jobs=n_jobs, memory=memory)


def _codebook(random_state: int | None, n_jobs: int | None) -> CodebookHistogram:
    return CodebookHistogram(256, random_state=random_state, n_jobs=n_jobs)


def _vector_and_codebook(random_state: int | None, n_jobs: int | None, memory: Any) -> FeatureUnion:
    counted = [
        ("frames", _sounding_frames(random_state, n_jobs, memory)),
        ("codebook", _codebook(random_state, n_jobs)),
    ]
    vector = ClipFeatures("full", n_jobs=n_jobs, memory=memory)
    return FeatureUnion([("full", vector), ("words", Pipeline(counted))])


# --- the rows -------------------------------------------------------------------------------------


def _gmm(n_components: int) -> Recipe:
    words = "One Gaussian" if n_components == 1 else f"A mixture of {n_components} Gaussians"
    return Recipe(
        f"gmm{n_components}",
        lambda random_state, n_jobs: _scaled(
            GaussianMixtureClassifier(n_components, random_state=random_state)
        ),
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
        lambda random_state, n_jobs: _scaled(KNeighborsClassifier(n_neighbors, n_jobs=n_jobs)),
        f"{words}, by Euclidean distance of scaled columns.",
        f"{TZANETAKIS} (k-NN)",
    )


def _set_and_svm(set_name: str, source: str) -> Recipe:
    return Recipe(
        f"{set_name}-svm",
        lambda random_state, n_jobs: _scaled(_svm()),
        f"The feature set {set_name} and support vectors with a radial kernel.",
        source,
        features=set_name,
    )


_ROWS = (
    *(_gmm(n_components) for n_components in (1, 2, 3, 4, 5)),
    *(_knn(n_neighbors) for n_neighbors in (1, 3, 5)),
    Recipe(
        "svm",
        lambda random_state, n_jobs: _scaled(_svm()),
        "Support vectors with a radial (RBF) kernel; tune classify__C and classify__gamma.",
        "Li, Ogihara & Li 2003",
    ),
    Recipe(
        "linear-svm",
        lambda random_state, n_jobs: _scaled(SVC(kernel="linear", C=1.0)),
        "Support vectors with flat borders between each two classes.",
        "Marsyas, SVMClassifier (which scales to 0..1 instead)",
    ),
    Recipe(
        "chi2-svm",
        lambda random_state, n_jobs: [("scale", MinMaxScaler(clip=True)), ("classify", ChiSquareSVC())],
        "Support vectors with the chi-square kernel of histograms, on columns scaled to 0..1.",
        "Zhang, Marszalek, Lazebnik & Schmid 2007",
    ),
    Recipe(
        "pca-svm",
        lambda random_state, n_jobs: _scaled(_svm(), reduce=PCA(0.95, svd_solver="full")),
        "Principal components that hold 95 % of the variance, then svm.",
        "Jolliffe, Principal Component Analysis, 2002",
    ),
    Recipe(
        "select-svm",
        lambda random_state, n_jobs: _scaled(_svm(), select=_better_half(random_state, n_jobs)),
        "The half of the columns that trees find most useful, then svm.",
        "Breiman 2001, section 10 (importance of variables)",
    ),
    Recipe(
        "logistic",
        lambda random_state, n_jobs: _scaled(LogisticRegression(C=1.0, max_iter=1000)),
        "Weighted sums of columns turned into probabilities of the classes.",
        "multinomial logistic regression",
    ),
    Recipe(
        "lda",
        lambda random_state, n_jobs: _scaled(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
        "One Gaussian per class, all of one covariance, which is shrunk towards a sphere.",
        "Ledoit & Wolf 2004 (the shrinkage)",
    ),
    Recipe(
        "qda",
        lambda random_state, n_jobs: _scaled(QuadraticDiscriminantAnalysis(solver="eigen", shrinkage="auto")),
        "One Gaussian per class, each of its own covariance, which is shrunk towards a sphere.",
        "Ledoit & Wolf 2004 (the shrinkage)",
    ),
    Recipe(
        "naive-bayes",
        lambda random_state, n_jobs: _scaled(GaussianNB()),
        "One Gaussian per class and column, the columns taken for independent.",
        "Duda, Hart & Stork, Pattern Classification, 2001",
    ),
    Recipe(
        "random-forest",
        lambda random_state, n_jobs: _scaled(
            RandomForestClassifier(300, random_state=random_state, n_jobs=n_jobs)
        ),
        "300 decision trees, each grown on a random part of clips and columns, vote.",
        "Breiman 2001",
    ),
    Recipe(
        "extra-trees",
        lambda random_state, n_jobs: _scaled(
            ExtraTreesClassifier(300, random_state=random_state, n_jobs=n_jobs)
        ),
        "300 decision trees, split at random thresholds, vote.",
        "Geurts, Ernst & Wehenkel 2006",
    ),
    Recipe(
        "gradient-boosting",
        lambda random_state, n_jobs: _scaled(
            HistGradientBoostingClassifier(min_samples_leaf=5, random_state=random_state)
        ),
        "Decision trees grown one after the other, each on what the others left unexplained.",
        "Friedman 2001; histograms as in LightGBM (Ke et al. 2017)",
    ),
    Recipe(
        "mlp",
        lambda random_state, n_jobs: _scaled(MLPClassifier((100,), max_iter=1000, random_state=random_state)),
        "A perceptron with one hidden layer of 100 units.",
        "Rumelhart, Hinton & Williams 1986",
    ),
    Recipe(
        "hmm",
        lambda random_state, n_jobs: [("classify", HiddenMarkovClassifier(random_state=random_state))],
        "A hidden Markov model per class of MFCC frames in their order; needs hmmlearn.",
        "Rabiner 1989",
        features=_frames,
    ),
    Recipe(
        "mfcc-codebook",
        lambda random_state, n_jobs: [
            ("codebook", _codebook(random_state, n_jobs)),
            ("classify", SVC(kernel="linear", C=10.0)),
        ],
        "How often each of 256 typical MFCC frames occurs, and support vectors with flat borders.",
        "the baseline of courses; Sivic & Zisserman 2003",
        features=_sounding_frames,
    ),
    Recipe(
        "mfcc-gaussian",
        lambda random_state, n_jobs: _scaled(_svm()),
        "Mean and covariance of the MFCC frames, and support vectors with a radial kernel.",
        "Mandel & Ellis 2005",
        features="mfcc-gaussian",
    ),
    _set_and_svm("ssd", "Lidy & Rauber 2005"),
    _set_and_svm("marsyas124", "Marsyas, bextract and MIREX"),
    _set_and_svm("librosa57", "the table features_30_sec.csv of many tutorials"),
    _set_and_svm("compact", "gtzanfeat"),
    Recipe(
        "everything",
        lambda random_state, n_jobs: _scaled(_svm(), select=_better_half(random_state, n_jobs)),
        "The feature set full and a codebook of MFCC frames side by side, the better half of them, then svm.",
        "gtzanfeat",
        features=_vector_and_codebook,
    ),
)
RECIPES: dict[str, Recipe] = {row.name: row for row in _ROWS}
