"""A classifier of recordings that is trained on their windows and combines the predictions for them.

Windows and their features are in `windows`, combination rules in `aggregation`; the classifier of windows is
any of scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.classifiers.group_routing import fit_grouped
from gtzanfeat.errors import ClipError, UnknownNameError
from gtzanfeat.extraction import list_of_clips
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.recipes import RECIPES, Seed, classifier
from gtzanfeat.segments.aggregation import AGGREGATES, balanced_windows, tie_break_scores
from gtzanfeat.segments.windows import SEGMENT_SECONDS, Segments, SegmentSpec, measure_segments, segment_spec
from gtzanfeat.transformers import ClipFeatures, FrameFeatures
from gtzanfeat.transformers.clip_features import SAMPLE_DTYPES, is_sequence_of_clips


def _has_probabilities(model: SegmentClassifier) -> bool:
    inner = model.estimator_ if hasattr(model, "estimator_") else model._window_classifier()
    return model.aggregate == "vote" or hasattr(inner, "predict_proba")


class SegmentClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Classifier of recordings that is trained on their windows and aggregates the predictions for windows.

    X is recordings, so no split can put windows of one recording into both training and test part. Each
    recording is decoded once and cut into windows, each window becomes a feature vector, and the estimator is
    fitted to the vectors of all training recordings. A recording is predicted by a combination rule over the
    predictions for its windows.

    Parameters
    ----------
    estimator : classifier or str
        A classifier of feature vectors, such as a Pipeline that scales and classifies; or the name of a
        recipe that takes any feature set.
    segment_seconds : float, default=3
        Length of a window in seconds. A shorter rest at the end of a recording is left out; a recording
        shorter than a window is one window.
    hop_seconds : float, optional
        Seconds from the start of one window to that of the next; by default the length.
    aggregate : {"mean", "product", "vote", "max"}, default="mean"
        Combination rule: the class with the greatest mean score; the greatest product of probabilities (sum
        of logarithms); the most votes of windows, where scores break ties; or the greatest score in any
        window. Scores are probabilities or else decision functions, which suffice for "mean" and "max";
        "vote" needs neither.
    feature_set : str or FeatureSet, default="classic30"
        Features of each window.
    balance : bool, default=False
        Whether classes are subsampled to equally many training windows, as nearly as whole numbers of windows
        per recording allow: all windows of the class that has fewest, and evenly spaced ones of every
        recording of the others.
    class_weight : dict or "balanced", optional
        Set on the estimator, or on the last step of a Pipeline; it weights windows.
    n_jobs : int, optional
        Number of workers over recordings, as in `ClipFeatures`.
    memory : path or joblib.Memory, optional
        Cache folder, as in `ClipFeatures`.
    random_state : int, RandomState instance or None, default=None
        Seed of a recipe given by name; an estimator has its own.

    Attributes
    ----------
    estimator_ : classifier
        The estimator fitted to windows.
    classes_ : ndarray of shape (n_classes,)
        The labels in sorted order.
    n_windows_ : ndarray of int, shape (n_classes,)
        Number of training windows of each class.
    n_features_in_ : int
        Samples per recording, if `fit` was given a 2-D array.

    See Also
    --------
    gtzanfeat.segments.segment_table : Table with one row per window.

    References
    ----------
    J. Bergstra et al., "Aggregate features and AdaBoost for music classification", Machine Learning 65, 2006
    (features of windows, decision by the recording). J. Kittler, M. Hatef, R. P. W. Duin and J. Matas, "On
    combining classifiers", IEEE Transactions on Pattern Analysis and Machine Intelligence 20(3), 1998 (the
    rules).

    Examples
    --------
    >>> import numpy as np
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
        segment_seconds: float = SEGMENT_SECONDS,
        *,
        hop_seconds: float | None = None,
        aggregate: str = "mean",
        feature_set: str | FeatureSet = "classic30",
        balance: bool = False,
        class_weight: Mapping[Any, float] | str | None = None,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.segment_seconds = segment_seconds
        self.hop_seconds = hop_seconds
        self.aggregate = aggregate
        self.feature_set = feature_set
        self.balance = balance
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    def measure(self, X: Any, on_error: str = "raise") -> Segments:
        """Extract the features of windows, to be given to the other methods in place of recordings.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples)
            As in `fit`.
        on_error : {"raise", "skip"}, default="raise"
            Whether a recording that cannot be analysed raises its error or is skipped: it then has no
            windows, and is in ``failures`` of the result.

        Returns
        -------
        Segments
            One matrix per recording; indexing selects recordings. Nothing is learnt.

        Raises
        ------
        ClipError
            If a recording cannot be analysed and `on_error` is "raise".
        """
        return measure_segments(
            list_of_clips(X),
            self._spec(),
            n_jobs=self.n_jobs,
            on_error=on_error,
            memory=self.memory,
        )

    def fit(self, X: Any, y: Any, groups: Any = None) -> SegmentClassifier:
        """Extract the features of windows and fit the estimator to them.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples), or Segments
            Paths, `gtzanfeat.Clip` objects or 1-D arrays of samples; one recording per row; or the result of
            `measure`.
        y : array-like of shape (n_recordings,)
            Labels of the recordings.
        groups : array-like of shape (n_recordings,), optional
            Groups such as artists; by default each recording is one. Passed on, per window, if the `fit` of
            the estimator takes groups, so that a search divides no recording.

        Returns
        -------
        SegmentClassifier
            The fitted classifier itself.

        Raises
        ------
        ClipError
            If a recording cannot be analysed, or has no windows.
        ValueError
            If a parameter is out of its range, or the estimator lacks the scores that `aggregate` needs.
        """
        if self.aggregate not in AGGREGATES:
            raise UnknownNameError("aggregate", self.aggregate, AGGREGATES)
        model = self._window_classifier()
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
        chosen = balanced_windows(counts, label) if self.balance else [np.arange(count) for count in counts]
        rows = np.concatenate([segments[i][windows] for i, windows in enumerate(chosen)])
        lengths = [len(windows) for windows in chosen]
        label, group = np.repeat(label, lengths), np.repeat(group, lengths)
        self.n_windows_ = np.bincount(label, minlength=len(self.classes_))
        self.estimator_ = fit_grouped(model, rows, self.classes_[label], group)
        self.notes_ = getattr(_final_estimator(self.estimator_), "notes_", ())
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of the greatest aggregated score of each recording.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples), or Segments
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_recordings,)
            Labels.
        """
        aggregated = self._aggregate(X)
        return np.asarray(self.classes_[aggregated.argmax(axis=1)])

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the aggregated scores, of which the greatest decides.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples), or Segments
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_recordings, n_classes), or (n_recordings,) if there are two classes
            For each class: mean or greatest score, sum of log-probabilities, or number of votes plus mean
            score; for two classes, the second minus the first, as in scikit-learn.
        """
        aggregated = self._aggregate(X)
        return aggregated[:, 1] - aggregated[:, 0] if aggregated.shape[1] == 2 else aggregated

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of the classes, if the estimator has them or `aggregate` is "vote".

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples), or Segments
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_recordings, n_classes)
            The mean probability; the product or the maximum of probabilities, divided by the sum over
            classes; or the share of votes, where the mean probability counts as one vote more.
        """
        aggregated = self._aggregate(X)
        if self.aggregate == "product":
            aggregated = np.exp(aggregated - aggregated.max(axis=1, keepdims=True))
        return np.asarray(aggregated / aggregated.sum(axis=1, keepdims=True))

    def predict_segments(self, X: Any) -> pd.DataFrame:
        """Return the predictions and scores of the estimator for each window.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_recordings, n_samples), or Segments
            As in `fit`.

        Returns
        -------
        DataFrame
            One row per window: ``recording`` (index in X), ``start`` and ``end`` in seconds, ``predicted``,
            and ``score_<class>`` for each class: its probability, or else its decision function; without
            either there are no such columns.
        """
        check_is_fitted(self)
        segments = self._segments(X, reset=False)
        rows = np.concatenate(list(segments.matrices))
        times = np.concatenate([segments.times(i) for i in range(len(segments))])
        recording = np.repeat(np.arange(len(segments)), segments.counts)
        columns = {"recording": recording, "start": times[:, 0], "end": times[:, 1]}
        table = pd.DataFrame(columns | {"predicted": self.estimator_.predict(rows)})
        scores = self._scores(rows)
        if scores is None:
            return table
        names = [f"score_{label}" for label in self.classes_]
        return pd.concat([table, pd.DataFrame(scores, columns=names)], axis=1)

    def _aggregate(self, X: Any) -> NDArray[np.float64]:
        """Return the aggregated scores of recordings, (n_recordings, n_classes)."""
        check_is_fitted(self)
        segments = self._segments(X, reset=False)
        rows = np.concatenate(list(segments.matrices))
        scores = self._scores(rows)
        votes = np.zeros((len(rows), len(self.classes_)))
        if self.aggregate == "vote":
            predicted = np.searchsorted(self.classes_, self.estimator_.predict(rows))
            votes[np.arange(len(rows)), predicted] = 1.0
            scores = tie_break_scores(scores, votes, hasattr(self.estimator_, "predict_proba"))
        assert scores is not None  # by _check_scores in fit
        ends = np.cumsum(segments.counts)[:-1]
        parts = zip(np.split(scores, ends), np.split(votes, ends), strict=True)
        return np.stack([AGGREGATES[self.aggregate](*part) for part in parts])

    def _scores(self, rows: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return probabilities, or else decision functions, of windows, (n_windows, n_classes); or None."""
        if hasattr(self.estimator_, "predict_proba"):
            return np.asarray(self.estimator_.predict_proba(rows), dtype=np.float64)
        if not hasattr(self.estimator_, "decision_function"):
            return None
        scores = np.asarray(self.estimator_.decision_function(rows), dtype=np.float64)
        return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores

    def _check_scores(self, model: BaseEstimator) -> None:
        """Raise ValueError if the estimator lacks the scores that `aggregate` needs."""
        name = type(_final_estimator(model)).__name__
        if self.aggregate == "product" and not hasattr(model, "predict_proba"):
            raise ValueError(
                f"aggregate='product' needs probabilities, which {name} does not give; choose 'mean' or "
                "'vote', or wrap it in CalibratedClassifierCV"
            )
        if self.aggregate == "vote" or hasattr(model, "predict_proba"):
            return
        pairs = getattr(_final_estimator(model), "decision_function_shape", "ovr") == "ovo"
        if pairs or not hasattr(model, "decision_function"):
            raise ValueError(
                f"aggregate={self.aggregate!r} needs a score for each class, which {name} does not give; "
                "choose 'vote'"
            )

    def _window_classifier(self) -> Any:
        """Return the classifier of windows, unfitted."""
        if isinstance(self.estimator, str):
            model = classifier(self.estimator, random_state=self.random_state, n_jobs=self.n_jobs)
            if RECIPES[self.estimator].features is not None:
                raise ValueError(
                    f"the recipe {self.estimator!r} brings its own features, of clips and not of windows; "
                    "name one that takes any, e.g. 'svm', and a feature_set"
                )
        else:
            model = clone(self.estimator)
        if any(
            isinstance(part, ClipFeatures | FrameFeatures) for part in (model, *model.get_params().values())
        ):
            raise ValueError(
                "the estimator is given the vectors of windows, so it must not measure clips itself; leave "
                "ClipFeatures (or FrameFeatures) out, and name a feature_set"
            )
        if self.class_weight is not None:
            last = _final_estimator(model)
            if "class_weight" not in last.get_params():
                raise ValueError(
                    f"{type(last).__name__} takes no class_weight; leave it out, or say balance=True"
                )
            last.set_params(class_weight=self.class_weight)
        return model

    def _spec(self) -> SegmentSpec:
        return segment_spec(self.feature_set, self.segment_seconds, self.hop_seconds)

    def _segments(self, X: Any, *, reset: bool) -> Segments:
        """Return the windows of all recordings, extracted unless X is `Segments`; each has at least one."""
        if isinstance(X, Segments):
            segments, wanted = X, self._spec()
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


def _final_estimator(model: Any) -> Any:
    """Return the last step of a Pipeline, or any other estimator itself."""
    return model[-1] if isinstance(model, Pipeline) else model
