"""Transformers of clips: `ClipFeatures` gives feature vectors, `FrameFeatures` gives frame matrices.

Nothing is learnt here. What is computed from frames is in `frame_summaries` and `time_dct`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from gtzanfeat.audio import is_clip
from gtzanfeat.codebooks.frames_to_vector import with_index
from gtzanfeat.declarations import Framing
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import Failure, extract, list_of_clips
from gtzanfeat.extraction.frame_matrices import extract_frames, frame_spec
from gtzanfeat.extraction.frame_sequence import Frames
from gtzanfeat.feature_sets import FeatureSet, feature_set

# dtypes that a matrix of samples may have; any other (int64, bool, objects) is converted to the first
SAMPLE_DTYPES = (np.float64, np.float32, np.int8, np.int16, np.int32, np.uint8)


class FailedClipWarning(UserWarning):
    """Warning that clips could not be analysed, with the reason for each."""


class _ClipTransformer(TransformerMixin, BaseEstimator):
    """Base of the stateless transformers whose X is clips; subclasses define `_columns`."""

    on_error: str

    def _columns(self) -> Sequence[str]:
        """Return the names of the output columns, or raise the error that a parameter calls for."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters; nothing is learnt and no clip is analysed.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_clips, n_samples)
            Paths, `gtzanfeat.Clip` objects or 1-D arrays of samples; or one clip per row.
        y : ignored
            Present for API consistency.

        Returns
        -------
        Self
            The transformer itself.

        Raises
        ------
        UnknownNameError
            If there is no feature set or frame feature of the given name.
        """
        self._columns()
        self._clips(X, reset=True)
        return self

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns, e.g. ``spectral_centroid_tmean`` or, of frames, ``mfcc_01``.

        Parameters
        ----------
        input_features : ignored
            Present for API consistency.

        Returns
        -------
        ndarray of shape (n_columns,), str objects
            One name per column.
        """
        return np.asarray(self._columns(), dtype=object)

    def _clips(self, X: Any, *, reset: bool) -> Any:
        """Return X as a list of clips or, where it is a matrix, as scikit-learn validates one."""
        if is_sequence_of_clips(X):
            clips = list_of_clips(X)
            if not clips:
                raise ClipError("X", "it holds no clips", "give at least one")
            return clips
        if _is_one_clip(X):
            raise ClipError(
                "X",
                "it is one clip of samples",
                "give a list, even of one: [samples]. Reshape your data by samples.reshape(1, -1) where a "
                "matrix with one clip per row is wanted",
            )
        # with on_error="skip" a row that is not finite fails alone, in the extraction
        finite = self.on_error == "raise"
        return validate_data(self, X, reset=reset, dtype=SAMPLE_DTYPES, ensure_all_finite=finite)

    def _warn_of(self, failures: Sequence[Failure], n_clips: int, consequence: str) -> None:
        if failures:
            lines = [f"{failure.source}: {failure.reason}" for failure in failures]
            message = f"{len(lines)} of {n_clips} clips {consequence}:\n" + "\n".join(lines)
            warnings.warn(message, FailedClipWarning, stacklevel=3)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


class FrameOutput:
    """Mixin for transformers whose output is frame matrices, which the next step takes.

    `gtzanfeat.frame_table` makes one data frame of them.
    """

    def set_output(self, *, transform: str | None = None) -> Self:
        """Leave the output as it is: frame matrices stay arrays.

        Parameters
        ----------
        transform : ignored
            Present so that ``set_output`` of a pipeline reaches the later steps.

        Returns
        -------
        Self
            The transformer itself.
        """
        return self


class ClipFeatures(_ClipTransformer):
    """Compute the feature vector of each clip.

    Nothing is learnt: `fit` only checks the parameters, so the transformer may stand outside a
    cross-validation as well as inside its pipeline.

    Parameters
    ----------
    feature_set : str or FeatureSet, default="classic30"
        The features; `gtzanfeat.FEATURE_SETS` lists the names.
    rate : int, optional
        Sample rate in Hz of clips given as arrays; by default that of the feature set. Files and `Clip`
        objects know their own. All are analysed at the rate of the feature set; ``"mfcc@44100"`` is a set at
        another.
    n_jobs : int, optional
        Number of workers over clips, as in joblib; threads unless ``joblib.parallel_config`` says otherwise.
        The values are the same bits for any choice.
    on_error : {"raise", "skip"}, default="raise"
        Whether a clip that cannot be analysed raises its error, or is skipped: its row is NaN, so that there
        is one row per clip, and a `FailedClipWarning` gives its name and the reason.
    memory : path or joblib.Memory, optional
        Cache folder: a clip of the same content is decoded and analysed once for all grid points, folds,
        processes and later runs. The values are the same bits with or without.
    array_backend : {"cupy", "numpy"}, optional
        What analyses many clips at once, as of `gtzanfeat.extract`: "cupy" is a GPU.

    Attributes
    ----------
    n_features_in_ : int
        Samples per clip, if `fit` was given a 2-D array.

    See Also
    --------
    gtzanfeat.extract : The same without scikit-learn, with durations, flags and failures.

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
        array_backend: str | None = None,
    ) -> None:
        self.feature_set = feature_set
        self.rate = rate
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.memory = memory
        self.array_backend = array_backend

    def transform(self, X: Any) -> Any:
        """Compute the feature vectors.

        Parameters
        ----------
        X : list, array or Series of clips, or array-like of shape (n_clips, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_columns), float32
            One row per clip, in the order given. With ``set_output(transform="pandas")`` a data frame, whose
            index is the paths if X is a list or array of paths, or else that of X.

        Raises
        ------
        ClipError
            If a clip cannot be analysed and `on_error` is "raise"; also `MissingClipError`.
        """
        extraction = extract(
            self._clips(X, reset=False),
            self.feature_set,
            rate=self.rate,
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            memory=self.memory,
            array_backend=self.array_backend,
        )
        self._warn_of(extraction.failures, len(extraction.values), "are rows of NaN")
        return with_index(self, extraction.values, _row_labels(X))

    def _columns(self) -> Sequence[str]:
        return feature_set(self.feature_set).columns


class FrameFeatures(FrameOutput, _ClipTransformer, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Compute the frame features of each clip: one matrix per clip, one row per frame.

    `Deltas`, `Summarize`, `TimeDCT`, `CodebookHistogram` and `GaussianSupervector` take them from there.
    Nothing is learnt. All clips are analysed in `transform`. With `memory` their frames are stored on disk
    and loaded clip by clip when the result is iterated over, so that 10,000 clips need no more memory than
    one; without it they are held in memory.

    Parameters
    ----------
    features : str, FeatureItem, FeatureSet, or tuple of str and FeatureItem, default="mfcc"
        Names of frame features, with the framing and parameters of the first feature set that contains them;
        or items that state both; or a feature set, of which all frame features are taken.
    framing : Framing, optional
        Length, hop and window of the frames, which replaces those.
    silence : float, optional
        Threshold in dB: frames whose RMS is more than this below that of the loudest frame of their clip are
        left out; 60 is usual for a codebook. A silent clip then has no frames.
    rate, n_jobs : int, optional
        Sample rate in Hz of clips given as arrays, and number of workers, as in `ClipFeatures`.
    on_error : {"raise", "skip"}, default="raise"
        Whether a clip that cannot be analysed raises its error, or is skipped: its matrix has no frames,
        shape (0, n_columns), so that there is one matrix per clip, and a `FailedClipWarning` gives its name
        and the reason.
    memory : path or joblib.Memory, optional
        Cache folder, as in `ClipFeatures`.
    array_backend : {"cupy", "numpy"}, optional
        What analyses many clips at once, as in `ClipFeatures`.

    Attributes
    ----------
    n_features_in_ : int
        Samples per clip, if `fit` was given a 2-D array.

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
        array_backend: str | None = None,
    ) -> None:
        self.features = features
        self.framing = framing
        self.silence = silence
        self.rate = rate
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.memory = memory
        self.array_backend = array_backend

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
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f"on_error is {self.on_error!r}; it can be 'raise' or 'skip'")
        frames, failures = extract_frames(
            self._clips(X, reset=False),
            frame_spec(self.features, self.framing, self.silence),
            rate=self.rate,
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            memory=self.memory,
            array_backend=self.array_backend,
        )
        self._warn_of(failures, len(frames), "have no frames")
        return frames.labelled(_row_labels(X))

    def _columns(self) -> Sequence[str]:
        return frame_spec(self.features, self.framing, self.silence).columns


def is_sequence_of_clips(X: Any) -> bool:
    """Return whether X is a list, array or Series of clips, as opposed to a matrix of samples.

    Parameters
    ----------
    X : object
        Anything that a transformer of clips is given.

    Returns
    -------
    bool
        True also for a single path, open file or `Clip`, which `list_of_clips` refuses with a message.
    """
    if hasattr(X, "toarray"):  # a sparse matrix, of which one kind is a mapping
        return False
    if is_clip(X):
        return True
    if not hasattr(X, "__len__"):
        return False
    shape: Any = getattr(X, "shape", ())
    if len(shape) > 1:  # samples; or one column of paths, as a ColumnTransformer gives it
        column = X.iloc[:, 0] if hasattr(X, "iloc") and shape[1] == 1 else np.ravel(X[:1])
        return len(shape) == 2 and shape[1] == 1 and isinstance(next(iter(column), None), str | os.PathLike)
    first = next(iter(X), None)
    if isinstance(first, list | tuple) and not is_clip(first):
        # a list of rows of numbers is a matrix of samples for scikit-learn's validation to judge
        return not all(isinstance(sample, Real) for sample in first)
    return first is None or isinstance(first, np.ndarray) or is_clip(first)


def _is_one_clip(X: Any) -> bool:
    """Return whether X is the samples of one clip, and not a list or matrix of clips."""
    if not hasattr(X, "__len__") or hasattr(X, "toarray") or isinstance(X, Mapping):
        return False
    try:
        samples = np.asarray(X)
    except ValueError:  # rows of unequal lengths
        return False
    return samples.ndim == 1 and samples.size > 0 and samples.dtype.kind in "fiub"


def _row_labels(X: Any) -> list[Any] | None:
    """Return what a data frame of clips is indexed by: the index of X, or paths; None if there are none."""
    if hasattr(X, "iloc"):
        return list(X.index)
    clips = list_of_clips(X) if is_sequence_of_clips(X) else []
    if not clips or not all(isinstance(clip, str | os.PathLike) for clip in clips):
        return None
    return [os.fspath(clip) for clip in clips]
