"""scikit-learn transformers: recordings in, feature matrices out.

Only the scikit-learn surface is here (parameters, names, tags, validation); the work is done in `extraction`.
Classifiers are in `classifiers`, whole pipelines in `recipes`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FeatureSet, feature_set


class FailedClipWarning(UserWarning):
    """Clips could not be analysed, and their rows are NaN."""


class ClipFeatures(TransformerMixin, BaseEstimator):
    """Turn clips into the vectors of a feature set.

    Nothing is learnt: `fit` only looks at the parameters, so the transformer may stand outside of a
    cross-validation as well as in its pipeline.

    Parameters
    ----------
    feature_set : str or FeatureSet, default="classic30"
        What to compute; `gtzanfeat.FEATURE_SETS` lists the names.
    rate : int, optional
        Sample rate in Hz of clips given as arrays; by default that of the feature set. Files and `Clip`
        objects know their own.
    n_jobs : int, optional
        Workers over clips, as in joblib; threads unless ``joblib.parallel_config`` says otherwise. The
        numbers are the same bits for any choice.
    on_error : {"raise", "nan"}, default="raise"
        A clip that cannot be analysed raises its error, or becomes a row of NaN and a `FailedClipWarning`
        that names it and the reason.

    Attributes
    ----------
    n_features_in_ : int
        Samples per clip, where `fit` has seen a 2-D array.

    See Also
    --------
    gtzanfeat.extract : The same without scikit-learn, with lengths, flags and failures.

    References
    ----------
    G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE Transactions on Speech
    and Audio Processing 10(5), 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> rng = np.random.default_rng(0)
    >>> noise = [rng.uniform(-1, 1, 22050) for _ in range(4)]
    >>> tones = [np.sin(2 * np.pi * f / 22050 * np.arange(22050)) for f in (220, 330, 440, 550)]
    >>> pipeline = make_pipeline(ClipFeatures("timbre19"), StandardScaler(), SVC())
    >>> pipeline.fit(noise + tones, ["noise"] * 4 + ["tone"] * 4).predict(tones[:2])
    array(['tone', 'tone'], dtype='<U5')
    """

    def __init__(
        self,
        feature_set: str | FeatureSet = "classic30",
        *,
        rate: int | None = None,
        n_jobs: int | None = None,
        on_error: str = "raise",
    ) -> None:
        self.feature_set = feature_set
        self.rate = rate
        self.n_jobs = n_jobs
        self.on_error = on_error

    def fit(self, X: Any, y: Any = None) -> ClipFeatures:
        """Check the parameters; nothing is learnt.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_clips, n_samples)
            Paths, `gtzanfeat.Clip` objects or 1-D arrays of samples, or one clip per row. Not analysed.
        y : ignored
            For the pipeline's sake.

        Returns
        -------
        self

        Raises
        ------
        UnknownNameError
            If there is no such feature set.
        """
        feature_set(self.feature_set)
        self._clips(X, reset=True)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_clips, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_columns), float32
            One row per clip, in the order given.

        Raises
        ------
        ClipError
            If a clip cannot be analysed and `on_error` is "raise"; also `MissingClipError`.
        """
        if self.on_error not in ("raise", "nan"):
            raise ValueError(f"on_error is {self.on_error!r}; it can be 'raise' or 'nan'")
        extraction = extract(
            self._clips(X, reset=False),
            self.feature_set,
            rate=self.rate,
            n_jobs=self.n_jobs,
            on_error="raise" if self.on_error == "raise" else "skip",
        )
        if extraction.failures:
            lines = [f"{failure.source}: {failure.reason}" for failure in extraction.failures]
            message = f"{len(lines)} of {len(extraction.values)} clips are rows of NaN:\n" + "\n".join(lines)
            warnings.warn(message, FailedClipWarning, stacklevel=2)
        return extraction.values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, e.g. ``spectral_centroid_tmean``.

        Parameters
        ----------
        input_features : ignored
            For scikit-learn's sake.

        Returns
        -------
        ndarray of str objects
            One name per column.
        """
        return np.asarray(feature_set(self.feature_set).columns, dtype=object)

    def _clips(self, X: Any, *, reset: bool) -> Any:
        """A sequence of clips; what looks like a matrix is checked as scikit-learn checks one."""
        if _is_sequence_of_clips(X):
            clips = list(X)
            if not clips:
                raise ClipError("X", "it holds no clips", "give at least one")
            return clips
        return validate_data(self, X, reset=reset, dtype="numeric")

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _is_sequence_of_clips(X: Any) -> bool:
    """Whether X is a list, array or Series whose elements are clips, and not a matrix of samples."""
    if isinstance(X, str | bytes) or not hasattr(X, "__len__") or hasattr(X, "toarray"):
        return False
    shape = getattr(X, "shape", None)
    if shape is not None:
        if len(shape) != 1:
            return False
        first = next(iter(X), None)
    else:
        first = X[0] if len(X) else None
    # a list of numbers, or of rows that are lists, is for scikit-learn's validation to judge
    return (
        first is None
        or isinstance(first, str | np.ndarray)
        or hasattr(first, "__fspath__")
        or hasattr(first, "source")
    )
