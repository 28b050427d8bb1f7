"""Windows learn, recordings are decided: a classifier whose rows are recordings.

How windows are cut and measured is said in `measuring`; the classifier of windows is any of scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.errors import ClipError, UnknownNameError
from gtzanfeat.extraction import list_of_clips
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.model_selection.group_routing import fit_grouped
from gtzanfeat.recipes import RECIPES, classifier
from gtzanfeat.segments.aggregation import AGGREGATES, balanced, tie_breaks
from gtzanfeat.segments.windows import SECONDS, Segments, SegmentSpec, measure_segments, segment_spec
from gtzanfeat.transformers import ClipFeatures, FrameFeatures
from gtzanfeat.transformers.clip_features import SAMPLE_DTYPES, is_sequence_of_clips


def _tells_probabilities(model: SegmentClassifier) -> bool:
    inner = model.estimator_ if hasattr(model, "estimator_") else model._inner()
    return model.aggregate == "vote" or hasattr(inner, "predict_proba")


class SegmentClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Learn from the windows of recordings, and decide about recordings.

    X is recordings, so no splitter can put windows of one recording on both sides. Each recording is decoded
    once and cut into windows, each window becomes a vector of the feature set, and the estimator learns from
    the vectors of all training recordings. To answer, what it says of the windows of a recording is put
    together.

    Parameters
    ----------
    estimator : classifier or str
        A classifier of vectors, such as a Pipeline that scales and classifies; or the name of a recipe
        that takes any features.
    segment_seconds : float, default=3
        Length of a window. What is left at the end of a recording and is shorter is not heard; a recording
        that is shorter as a whole is one window.
    hop_seconds : float, optional
        From the start of one window to that of the next; by default their length.
    aggregate : {"mean", "product", "vote", "max"}, default="mean"
        How windows decide. The class with the greatest mean score; the greatest product of probabilities (sum
        of logarithms); the most windows that answer it, and of equals the one that the scores favour; or the
        greatest score in any window. A score is the probability of the class; where the estimator gives
        none, its decision function, which is all that "mean" and "max" need. "vote" needs neither.
    feature_set : str or FeatureSet, default="classic30"
        What is measured of each window.
    balance : bool, default=False
        Learn from as many windows of each class, as nearly as whole numbers of windows per recording allow:
        all windows of the class that has fewest, and some, evenly spread, of every recording of the others.
    class_weight : dict or "balanced", optional
        Passed on to the estimator, or to the last step of a Pipeline; what is balanced is windows.
    rate, n_jobs, memory
        As of `ClipFeatures`.
    random_state : int or None, default=0
        Seeds a recipe given by name; an estimator has its own.

    Attributes
    ----------
    estimator_ : classifier
        As fitted to windows.
    classes_ : ndarray of shape (n_classes,)
        The labels in sorted order.
    n_windows_ : ndarray of int, shape (n_classes,)
        Windows learnt from, of each class.
    n_features_in_ : int
        Samples per recording, where `fit` has seen a 2-D array.

    See Also
    --------
    gtzanfeat.segments.segment_table : The windows as a flat table.

    References
    ----------
    J. Bergstra et al., "Aggregate features and AdaBoost for music classification", Machine Learning 65, 2006
    (features of windows, decision by the recording). J. Kittler et al., "On combining classifiers", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 20(3), 1998 (mean, product, vote, max).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = [rng.uniform(-1, 1, 44100) for _ in range(4)]
    >>> tones = [np.sin(2 * np.pi * f / 22050 * np.arange(44100)) for f in (220, 330, 440, 550)]
    >>> model = SegmentClassifier("logistic", segment_seconds=0.5, feature_set="timbre19")
    >>> model.fit(noise + tones, ["noise"] * 4 + ["tone"] * 4).predict([noise[0], tones[0]])
    array(['noise', 'tone'], dtype='<U5')
    >>> model.predict_segments([tones[0]])[["start", "end", "predicted"]]
       start  end predicted
    0    0.0  0.5      tone
    1    0.5  1.0      tone
    2    1.0  1.5      tone
    3    1.5  2.0      tone
    """

    def __init__(
        self,
        estimator: Any,
        segment_seconds: float = SECONDS,
        hop_seconds: float | None = None,
        aggregate: str = "mean",
        feature_set: str | FeatureSet = "classic30",
        *,
        balance: bool = False,
        class_weight: Mapping[Any, float] | str | None = None,
        rate: int | None = None,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: int | None = 0,
    ) -> None:
        self.estimator = estimator
        self.segment_seconds = segment_seconds
        self.hop_seconds = hop_seconds
        self.aggregate = aggregate
        self.feature_set = feature_set
        self.balance = balance
        self.class_weight = class_weight
        self.rate = rate
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    def measure(self, X: Any, on_error: str = "raise") -> Segments:
        """Measure the windows of recordings, for several calls of the other methods; nothing is learnt.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples)
            As in `fit`.
        on_error : {"raise", "skip"}, default="raise"
            A recording that cannot be analysed raises its error, or has no windows and stands in ``failures``
            of the result.

        Returns
        -------
        Segments
            One matrix per recording; select from it as from an array.

        Raises
        ------
        ClipError
            If a recording cannot be analysed and `on_error` is "raise".
        """
        return measure_segments(
            list_of_clips(X),
            self._recipe(),
            rate=self.rate,
            n_jobs=self.n_jobs,
            on_error=on_error,
            memory=self.memory,
        )

    def fit(self, X: Any, y: Any, groups: Any = None) -> SegmentClassifier:
        """Measure recordings and learn from their windows.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples), or Segments
            Paths, `gtzanfeat.Clip` objects or 1-D arrays of samples; one recording per row; or what `measure`
            gave.
        y : array-like of shape (n_recordings,)
            Labels of the recordings.
        groups : array-like of shape (n_recordings,), optional
            What belongs together, such as artists; by default each recording is for itself. Handed on, window
            by window, if the `fit` of the estimator takes groups: a search divides no recording.

        Returns
        -------
        SegmentClassifier
            The fitted classifier itself.

        Raises
        ------
        ClipError
            If a recording cannot be analysed, or has no windows.
        ValueError
            If a parameter makes no sense, or the estimator cannot give what `aggregate` needs.
        """
        if self.aggregate not in AGGREGATES:
            raise UnknownNameError("aggregate", self.aggregate, AGGREGATES)
        model = self._inner()
        self._check_scores(model)
        if y is None:
            message = f"{type(self).__name__} requires y to be passed, but the target y is None"
            raise ValueError(f"{message}; give a label for each recording")
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        segments = self._segments(X, reset=True)
        group = np.arange(len(y)) if groups is None else np.asarray(groups)
        check_consistent_length(segments, y, group)
        self.classes_, label = np.unique(y, return_inverse=True)
        counts = segments.counts
        chosen = balanced(counts, label) if self.balance else [np.arange(count) for count in counts]
        rows = np.concatenate([segments[i][windows] for i, windows in enumerate(chosen)])
        lengths = [len(windows) for windows in chosen]
        label, group = np.repeat(label, lengths), np.repeat(group, lengths)
        self.n_windows_ = np.bincount(label, minlength=len(self.classes_))
        self.estimator_ = fit_grouped(model, rows, self.classes_[label], group)
        self.notes_ = getattr(_last(self.estimator_), "notes_", ())
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Decide.

        Parameters
        ----------
        X : as in `fit`
            Recordings.

        Returns
        -------
        ndarray of shape (n_recordings,)
            A label for each.
        """
        decided = self._decide(X)
        return self.classes_[decided.argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Give the numbers that decide.

        Parameters
        ----------
        X : as in `fit`
            Recordings.

        Returns
        -------
        ndarray of shape (n_recordings, n_classes), or (n_recordings,) if there are two classes
            For each class: mean or greatest score, sum of log-probabilities, or number of votes and, to
            decide ties, what the scores say; of two classes, the second less the first, as scikit-learn has
            it.
        """
        decided = self._decide(X)
        return decided[:, 1] - decided[:, 0] if decided.shape[1] == 2 else decided

    @available_if(_tells_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Give probabilities; only where the estimator does, or windows vote.

        Parameters
        ----------
        X : as in `fit`
            Recordings.

        Returns
        -------
        ndarray of shape (n_recordings, n_classes)
            The mean probability; the product of probabilities or their greatest, divided by the sum over
            classes; or the share of votes, where the mean probability is one vote more.
        """
        decided = self._decide(X)
        if self.aggregate == "product":
            decided = np.exp(decided - decided.max(axis=1, keepdims=True))
        return decided / decided.sum(axis=1, keepdims=True)

    def predict_segments(self, X: Any) -> pd.DataFrame:
        """Give the timelines: what the estimator says of each window.

        Parameters
        ----------
        X : as in `fit`
            Recordings.

        Returns
        -------
        DataFrame
            One row per window: ``recording`` (its place in X), ``start`` and ``end`` in seconds,
            ``predicted``, and ``score_<class>`` for each class: the probability, or the decision function
            where there is none, or nothing where there is neither.
        """
        check_is_fitted(self)
        segments = self._segments(X, reset=False)
        rows = np.concatenate(list(segments.matrices))
        times = np.concatenate([segments.times(i) for i in range(len(segments))])
        recording = np.repeat(np.arange(len(segments)), segments.counts)
        where = {"recording": recording, "start": times[:, 0], "end": times[:, 1]}
        table = pd.DataFrame(where | {"predicted": self.estimator_.predict(rows)})
        scores = self._scores(rows)
        if scores is None:
            return table
        names = [f"score_{label}" for label in self.classes_]
        return pd.concat([table, pd.DataFrame(scores, columns=names)], axis=1)

    def _decide(self, X: Any) -> np.ndarray:
        """Return what decides, (n_recordings, n_classes); the greatest number wins."""
        check_is_fitted(self)
        segments = self._segments(X, reset=False)
        rows = np.concatenate(list(segments.matrices))
        scores = self._scores(rows)
        answers = np.zeros((len(rows), len(self.classes_)))
        if self.aggregate == "vote":
            answered = np.searchsorted(self.classes_, self.estimator_.predict(rows))
            answers[np.arange(len(rows)), answered] = 1.0
            scores = tie_breaks(scores, answers, hasattr(self.estimator_, "predict_proba"))
        assert scores is not None  # fit has seen to it
        ends = np.cumsum(segments.counts)[:-1]
        parts = zip(np.split(scores, ends), np.split(answers, ends), strict=True)
        return np.stack([AGGREGATES[self.aggregate](*part) for part in parts])

    def _scores(self, rows: np.ndarray) -> np.ndarray | None:
        """Probabilities of windows, or else decision scores, (n_windows, n_classes); or else None."""
        if hasattr(self.estimator_, "predict_proba"):
            return np.asarray(self.estimator_.predict_proba(rows), dtype=np.float64)
        if not hasattr(self.estimator_, "decision_function"):
            return None
        scores = np.asarray(self.estimator_.decision_function(rows), dtype=np.float64)
        return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores

    def _check_scores(self, model: BaseEstimator) -> None:
        name = type(_last(model)).__name__
        if self.aggregate == "product" and not hasattr(model, "predict_proba"):
            raise ValueError(
                f"aggregate='product' needs probabilities, which {name} does not give; choose 'mean' or "
                "'vote', or wrap it in CalibratedClassifierCV"
            )
        if self.aggregate == "vote" or hasattr(model, "predict_proba"):
            return
        pairs = getattr(_last(model), "decision_function_shape", "ovr") == "ovo"
        if pairs or not hasattr(model, "decision_function"):
            raise ValueError(
                f"aggregate={self.aggregate!r} needs a score for each class, which {name} does not give; "
                "choose 'vote'"
            )

    def _inner(self) -> Any:
        """The classifier of windows, unfitted."""
        if isinstance(self.estimator, str):
            model = classifier(self.estimator, random_state=self.random_state, n_jobs=self.n_jobs)
            if RECIPES[self.estimator].features is not None:
                raise ValueError(
                    f"the recipe {self.estimator!r} brings its own features, of clips and not of windows; "
                    "name one that takes any, e.g. 'svm', and a feature_set"
                )
        else:
            model = clone(self.estimator)
        measuring = (ClipFeatures, FrameFeatures)
        if any(isinstance(part, measuring) for part in (model, *model.get_params().values())):
            raise ValueError(
                "the estimator is given the vectors of windows, so it must not measure clips itself; leave "
                "ClipFeatures (or FrameFeatures) out, and name a feature_set"
            )
        if self.class_weight is not None:
            last = _last(model)
            if "class_weight" not in last.get_params():
                raise ValueError(
                    f"{type(last).__name__} takes no class_weight; leave it out, or say balance=True"
                )
            last.set_params(class_weight=self.class_weight)
        return model

    def _recipe(self) -> SegmentSpec:
        return segment_spec(self.feature_set, self.segment_seconds, self.hop_seconds)

    def _segments(self, X: Any, *, reset: bool) -> Segments:
        """Windows of all recordings, measured now unless they are given; none of them without a window."""
        if isinstance(X, Segments):
            segments, wanted = X, self._recipe()
            if segments.spec.spec_hash != wanted.spec_hash:
                raise ValueError(f"X is {segments.spec.name}, but this classifier is for {wanted.name}")
        else:
            if not is_sequence_of_clips(X):
                X = validate_data(self, X, reset=reset, dtype=SAMPLE_DTYPES)
            segments = self.measure(X)
        if not len(segments):
            raise ClipError("X", "it holds no recordings", "give at least one")
        if not segments.counts.all():
            empty = f"recording {int(np.argmin(segments.counts))}"
            raise ClipError(empty, "it has no windows", "leave out recordings that failed")
        return segments


def _last(model: Any) -> Any:
    return model[-1] if isinstance(model, Pipeline) else model
