"""Codebook histograms (bags of frames): k-means codewords counted in each clip.

Distances and assignments are computed in `vector_quantisation`; Gaussian mixtures of the same frames are in
`gaussian_supervector`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d
from threadpoolctl import threadpool_limits

from gtzanfeat.codebooks.frames_to_vector import FramesToVector, count_distinct_rows
from gtzanfeat.codebooks.vector_quantisation import ASSIGNMENTS, DEFAULT_PARAMS, assign
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.extraction.frame_sequence import load_frames

N_INIT = 3  # starts of k-means, of which the best is kept
POOLINGS = ("mean", "sum", "max", "pyramid")
NORMS = ("sqrt", "l2")


class CodebookHistogram(FramesToVector):
    """Compute the codebook histogram of each clip: a bag of vector-quantised frames.

    The codebook is learnt by mini-batch k-means, from k-means++ starts, on frames drawn from each training
    clip and standardised. A clip becomes a histogram of the codewords that its frames are assigned to. What
    is learnt depends on the training clips, on their labels with `per_class`, and on `random_state`; not on
    the order of the clips or on `n_jobs`.

    Parameters
    ----------
    n_words : int, default=256
        Number of codewords, per class with `per_class`; 16 to 4096 are usual. There are fewer if fewer
        distinct frames were drawn.
    frames_per_clip : int, default=200
        Largest number of frames drawn at random from each training clip.
    per_class : bool, default=False
        Whether one codebook per class is learnt, and all are concatenated in the order of the sorted labels;
        `fit` then needs `y`.
    assignment : {"hard", "nearest", "soft", "triangle"}, default="hard"
        What a frame adds to word k at distance d_k. "hard": 1 to the nearest (the first of equals).
        "nearest": 1/τ to each of the τ nearest. "soft": exp(-β d_k²), normalised to the sum 1. "triangle":
        max(0, mean(d) - d_k).
    assignment_param : float, optional
        The τ of "nearest", by default 4, or the β of "soft", by default 1 per squared standard deviation;
        ignored by the others.
    pooling : {"mean", "sum", "max", "pyramid"}, default="mean"
        Statistic over the frames of a clip. "pyramid" is the mean over the clip followed by the means over
        its four quarters.
    tf_idf : bool, default=False
        Whether word k is multiplied by max(0, ln(N / (1 + N_k))), where N_k of the N training clips contain
        it. For "hard" and "nearest" only, as with the others every clip contains every word. `fit` then
        loads clips twice.
    norm : {"sqrt", "l2"} or None, default="sqrt"
        Square roots (of a histogram with the sum 1: the Hellinger map), division by the Euclidean norm, or
        neither.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw of frames and of k-means.
    n_jobs : int, optional
        Number of threads over clips, as in joblib. The values are the same bits for any choice.

    Attributes
    ----------
    words_ : ndarray of shape (n_words_, n_features_in_), float32
        The codebook, in standardised units.
    n_words_ : int
        Number of words, of all classes together.
    mean_, scale_ : ndarray of shape (n_features_in_,)
        Mean and deviation by which columns are standardised.
    idf_ : ndarray of shape (n_words_,)
        Inverse document frequencies of the words, if `tf_idf` is set.
    classes_ : ndarray of shape (n_classes,)
        Sorted labels, if `per_class` is set.
    n_features_in_ : int
        Number of columns of the frames seen by `fit`.

    See Also
    --------
    GaussianSupervector : Means of a Gaussian mixture adapted to each clip.

    Notes
    -----
    The row of a clip without frames is zeros. Silent frames are counted like any others;
    ``FrameFeatures(silence=60)`` leaves them out.

    References
    ----------
    J. Sivic and A. Zisserman, "Video Google: a text retrieval approach to object matching in videos",
    ICCV 2003. A. Coates, A. Y. Ng and H. Lee, "An analysis of single-layer networks in unsupervised feature
    learning", AISTATS 2011 (triangle).

    Examples
    --------
    >>> import numpy as np
    >>> low, high = np.zeros((30, 2)), np.ones((10, 2))
    >>> clips = [np.concatenate([low, high]), high, np.empty((0, 2))]
    >>> histogram = CodebookHistogram(n_words=2, norm=None, random_state=0)
    >>> np.sort(histogram.fit_transform(clips), axis=1)
    array([[0.25, 0.75],
           [0.  , 1.  ],
           [0.  , 0.  ]], dtype=float32)
    >>> histogram.get_feature_names_out()
    array(['codebook_000', 'codebook_001'], dtype=object)
    """

    def __init__(
        self,
        n_words: int = 256,
        *,
        frames_per_clip: int = 200,
        per_class: bool = False,
        assignment: str = "hard",
        assignment_param: float | None = None,
        pooling: str = "mean",
        tf_idf: bool = False,
        norm: str | None = "sqrt",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_words = n_words
        self.frames_per_clip = frames_per_clip
        self.per_class = per_class
        self.assignment = assignment
        self.assignment_param = assignment_param
        self.pooling = pooling
        self.tf_idf = tf_idf
        self.norm = norm
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> CodebookHistogram:
        """Learn the codebook.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            Frame matrices of the training clips: a list, an object array, or any sequence, which may load
            them when indexed. A 2-D array is one clip of one frame per row.
        y : array-like of shape (n_clips,), optional
            Labels, used with `per_class` only.

        Returns
        -------
        CodebookHistogram
            The fitted transformer itself.

        Raises
        ------
        ClipError
            If a clip is not a finite matrix, widths differ, or no clip has a frame.
        ValueError
            If a parameter is out of its range, or labels are missing.
        """
        self._check_parameters()
        clips = self._clips(X, reset=True)
        labels = self._labels(clips, y) if self.per_class else np.zeros(len(clips))
        samples, indices, seed = self._sample_frames(clips)
        self._fit_scale(samples)
        for i, frames in enumerate(samples):
            samples[i] = self._standardised(frames)
        classes = labels[indices]
        self.words_ = np.concatenate(
            [
                self._fit_words(np.concatenate([samples[i] for i in np.flatnonzero(classes == c)]), seed)
                for c in np.unique(classes)
            ]
        )
        self.n_words_ = len(self.words_)
        if self.tf_idf:
            document_frequency = np.sum(self._map_clips(self._has_words, clips), axis=0)
            self.idf_ = np.maximum(0.0, np.log(len(clips) / (1.0 + document_frequency)))
        return self

    def _check_parameters(self) -> None:
        for name in ("n_words", "frames_per_clip"):
            check_scalar(getattr(self, name), name, (int, np.integer), min_val=1)
        for name, known in (("assignment", tuple(ASSIGNMENTS)), ("pooling", POOLINGS), ("norm", NORMS)):
            given = getattr(self, name)
            if given not in known and not (name == "norm" and given is None):
                raise UnknownNameError(name, given, known)
        given, name = self.assignment_param, "assignment_param"
        if given is not None and self.assignment == "nearest":
            check_scalar(given, name, (int, np.integer), min_val=1)
        elif given is not None and self.assignment == "soft":
            check_scalar(given, name, (int, float, np.number), min_val=0, include_boundaries="neither")
        if self.tf_idf and self.assignment not in ("hard", "nearest"):
            raise ValueError(
                f"tf_idf needs the assignment 'hard' or 'nearest', not {self.assignment!r}: "
                "with that every clip has every word"
            )

    def _labels(self, clips: Any, y: Any) -> NDArray[Any]:
        """Return the labels (n_clips,) after checking them, and set ``classes_``."""
        if y is None:
            raise ValueError("per_class=True requires y to be passed, but the target y is None")
        labels = np.asarray(column_or_1d(np.asarray(y)))
        check_consistent_length(clips, labels)
        self.classes_ = np.unique(labels)
        return labels

    def _fit_words(self, frames: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
        """Return the k-means centres of frames, (n_words, n_columns)."""
        from sklearn.cluster import MiniBatchKMeans  # here, because importing it takes longer than a clip

        n_words = count_distinct_rows(frames, self.n_words)
        k_means = MiniBatchKMeans(
            n_words,
            n_init=N_INIT,
            batch_size=max(1024, 2 * n_words),
            compute_labels=False,
            random_state=seed,
        )
        # one thread: the order of summation, and so the bits, must not depend on timing
        with threadpool_limits(1):
            return np.asarray(k_means.fit(frames).cluster_centers_)

    def _has_words(self, clips: Any, index: int) -> NDArray[np.bool_]:
        """Return which words a clip contains, (n_words_,)."""
        frames = load_frames(clips, index)
        if not len(frames):
            return np.zeros(self.n_words_, dtype=bool)
        return np.asarray(self._pooled(self._standardised(frames))[0] > 0)

    def _pooled(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the histogram of a clip and, with "pyramid", of its quarters: (1 or 5, n_words_)."""
        parameter = self.assignment_param or DEFAULT_PARAMS.get(self.assignment, 0.0)
        n_frames = len(frames)
        if self.pooling == "pyramid":
            bounds = np.arange(5) * n_frames // 4
            quarters = np.stack(
                [assign(frames[a:b], self.words_, self.assignment, parameter)[0] for a, b in pairwise(bounds)]
            )
            lengths = np.maximum(1, np.diff(bounds))
            return np.vstack([quarters.sum(axis=0) / n_frames, quarters / lengths[:, None]])
        sums, maxima = assign(frames, self.words_, self.assignment, parameter)
        return {"mean": sums / n_frames, "sum": sums, "max": maxima}[self.pooling][None]

    def _vector(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        pooled = self._pooled(frames)
        if self.tf_idf:
            pooled *= self.idf_
        vector = pooled.ravel()
        if self.norm == "sqrt":
            return np.asarray(np.sqrt(vector))
        if self.norm == "l2":
            return np.asarray(vector / (np.linalg.norm(vector) or 1.0))
        return vector

    def _names(self) -> list[str]:
        digits = max(3, len(str(self.n_words_ - 1)))
        segments = ("", "_q1", "_q2", "_q3", "_q4") if self.pooling == "pyramid" else ("",)
        return [f"codebook_{k:0{digits}d}{segment}" for segment in segments for k in range(self.n_words_)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.per_class
        return tags
