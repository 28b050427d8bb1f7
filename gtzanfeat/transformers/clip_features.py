"""Transformers that are given clips: vectors of a feature set, or matrices of frames."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from gtzanfeat.audio import Clip
from gtzanfeat.declarations import Framing
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import Failure, extract, list_of_clips
from gtzanfeat.extraction.frame_matrices import Frames, extract_frames, frame_spec
from gtzanfeat.feature_sets import FeatureSet, feature_set

# what samples may be in a matrix; all else (int64, bool, objects) becomes the first
SAMPLES = (np.float64, np.float32, np.int8, np.int16, np.int32, np.uint8)


class FailedClipWarning(UserWarning):
    """Clips could not be analysed, and have rows of NaN or no frames."""


class _OfClips(TransformerMixin, BaseEstimator):
    """What transformers of clips share: X is clips, and nothing is learnt of it."""

    on_error: str

    def _clips(self, X: Any, *, reset: bool) -> Any:
        """A sequence of clips; what looks like a matrix is checked as scikit-learn checks one."""
        if is_sequence_of_clips(X):
            clips = list_of_clips(X)
            if not clips:
                raise ClipError("X", "it holds no clips", "give at least one")
            return clips
        # unless everything is to stop, it is for the analysis to refuse a row, and that row alone
        finite = self.on_error == "raise"
        return validate_data(self, X, reset=reset, dtype=SAMPLES, ensure_all_finite=finite)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


class ClipFeatures(_OfClips):
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
    memory : path or joblib.Memory, optional
        A folder where results are kept: a clip of the same content is decoded and analysed once for all grid
        points, folds, processes and later runs. The numbers are the same bits with or without.

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
        memory: Any = None,
    ) -> None:
        self.feature_set = feature_set
        self.rate = rate
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.memory = memory

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
            memory=self.memory,
        )
        _warn(extraction.failures, len(extraction.values), "are rows of NaN")
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


class FrameFeatures(_OfClips, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Turn clips into matrices of frames, for `Deltas`, `Summarize`, `TimeDCT` or a codebook.

    Nothing is learnt. All clips are analysed in `transform`. With `memory` their frames are kept on disk and
    loaded clip by clip by whoever goes through the result, so that 10,000 clips need no more memory than
    one; without it they are held.

    Parameters
    ----------
    features : str, FeatureItem, FeatureSet, or tuple of str and FeatureItem, default="mfcc"
        Names of frame features, framed and with the parameters that the first feature set has them with; or
        items that say all of that; or a feature set, of which all frame features are taken.
    framing : Framing, optional
        Length, hop and window of the frames, in the place of those.
    silence : float, optional
        Frames more than this many dB below the loudest of their clip (by RMS) are left out: 60, for a
        codebook that is not to count silence. A silent clip then has no frames.
    rate, n_jobs, memory
        As of `ClipFeatures`.
    on_error : {"raise", "empty"}, default="raise"
        A clip that cannot be analysed raises its error, or becomes a matrix without frames and a
        `FailedClipWarning` that names it and the reason.

    Attributes
    ----------
    n_features_in_ : int
        Samples per clip, where `fit` has seen a 2-D array.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from gtzanfeat.transformers import Deltas, Summarize
    >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 22050))
    >>> FrameFeatures("mfcc").fit_transform(noise)[0].shape
    (43, 13)
    >>> pipeline = make_pipeline(FrameFeatures("mfcc"), Deltas(), Summarize(("mean", "std")))
    >>> pipeline.fit_transform(noise).shape
    (2, 52)
    >>> pipeline.get_feature_names_out()[-1]
    'mfcc_12_delta_std'
    """

    def __init__(
        self,
        features: Any = "mfcc",
        *,
        framing: Framing | None = None,
        silence: float | None = None,
        rate: int | None = None,
        n_jobs: int | None = None,
        on_error: str = "raise",
        memory: Any = None,
    ) -> None:
        self.features = features
        self.framing = framing
        self.silence = silence
        self.rate = rate
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.memory = memory

    def fit(self, X: Any, y: Any = None) -> FrameFeatures:
        """Check the parameters; nothing is learnt.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_clips, n_samples)
            As of `ClipFeatures`. Not analysed.
        y : ignored
            For the pipeline's sake.

        Returns
        -------
        self

        Raises
        ------
        UnknownNameError
            If there is no such frame feature.
        """
        frame_spec(self.features, self.framing, self.silence)
        self._clips(X, reset=True)
        return self

    def transform(self, X: Any) -> Frames:
        """Compute the frame features.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_clips, n_samples)
            As in `fit`.

        Returns
        -------
        Frames
            A sequence of one array per clip, float32 (n_frames, n_columns).

        Raises
        ------
        ClipError
            If a clip cannot be analysed and `on_error` is "raise"; also `MissingClipError`.
        """
        if self.on_error not in ("raise", "empty"):
            raise ValueError(f"on_error is {self.on_error!r}; it can be 'raise' or 'empty'")
        frames, failures = extract_frames(
            self._clips(X, reset=False),
            frame_spec(self.features, self.framing, self.silence),
            rate=self.rate,
            n_jobs=self.n_jobs,
            on_error="raise" if self.on_error == "raise" else "skip",
            memory=self.memory,
        )
        _warn(failures, len(frames), "have no frames")
        return frames

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns of each matrix, e.g. ``mfcc_01``.

        Parameters
        ----------
        input_features : ignored
            For scikit-learn's sake.

        Returns
        -------
        ndarray of str objects
            One name per column.
        """
        return np.asarray(frame_spec(self.features, self.framing, self.silence).columns, dtype=object)

    def set_output(self, *, transform: str | None = None) -> FrameFeatures:
        """Do nothing: frames stay arrays, and tables begin where there is one row per clip.

        Parameters
        ----------
        transform : ignored
            For the sake of a pipeline's ``set_output``.

        Returns
        -------
        self
        """
        return self


def _warn(failures: Sequence[Failure], n_clips: int, what: str) -> None:
    if failures:
        lines = [f"{failure.source}: {failure.reason}" for failure in failures]
        message = f"{len(lines)} of {n_clips} clips {what}:\n" + "\n".join(lines)
        warnings.warn(message, FailedClipWarning, stacklevel=3)


def is_sequence_of_clips(X: Any) -> bool:
    """Whether X is a list, array or Series whose elements are clips, and not a matrix of samples."""
    if isinstance(X, str | bytes | os.PathLike | Clip):
        return True  # one clip alone, which is refused as such
    if not hasattr(X, "__len__") or hasattr(X, "toarray"):
        return False
    shape: Any = getattr(X, "shape", ())
    if len(shape) > 1:  # samples; or one column of paths, as a ColumnTransformer gives it
        column = X.iloc[:, 0] if hasattr(X, "iloc") and shape[1] == 1 else np.ravel(X[:1])
        return len(shape) == 2 and shape[1] == 1 and isinstance(next(iter(column), None), str | os.PathLike)
    first = next(iter(X), None)
    # a list of numbers, or of rows that are lists, is for scikit-learn's validation to judge
    return (
        first is None
        or isinstance(first, str | np.ndarray)
        or hasattr(first, "__fspath__")
        or hasattr(first, "source")
    )
