"""Codebook histograms: how often each of some typical frames occurs in a clip (specification 4.4)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d
from threadpoolctl import threadpool_limits

from gtzanfeat.codebooks.frames_to_vector import FramesToVector, n_distinct
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.extraction.frame_matrices import load_frames
from gtzanfeat.jit import float_to_bits, kernel

CELLS = 32768  # distances at once: 128 kB, which stay in cache
POOLINGS = ("mean", "sum", "max", "pyramid")
NORMS = ("sqrt", "l2")

# --- kernels: a block of frames to distances, distances to what is added to the clip ---------------------


@kernel
def squared_distances(frames: np.ndarray, words: np.ndarray, out: np.ndarray) -> None:
    """d²_ik = Σ_c (x_ic - w_ck)², for frames (n, n_columns) and words (n_columns, n_words).

    Not by ‖x‖² - 2xw + ‖w‖²: differences cost a kernel the same, never cancel, are never negative, and are
    the same bits in whatever block a frame stands; equal words are at equal distances. Columns are taken
    four at a time, so that `out` is read and written a quarter as often.
    """
    n_columns, n_words = words.shape
    whole = n_columns - n_columns % 4
    for i in range(frames.shape[0]):
        x, row = frames[i], out[i]
        row[:] = 0.0
        for c in range(0, whole, 4):
            x0, x1, x2, x3 = x[c], x[c + 1], x[c + 2], x[c + 3]
            w0, w1, w2, w3 = words[c], words[c + 1], words[c + 2], words[c + 3]
            for k in range(n_words):
                d0, d1, d2, d3 = x0 - w0[k], x1 - w1[k], x2 - w2[k], x3 - w3[k]
                row[k] += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
        for c in range(whole, n_columns):
            for k in range(n_words):
                d0 = x[c] - words[c, k]
                row[k] += d0 * d0


@kernel
def add_hard(squares: np.ndarray, unused: float, sums: np.ndarray, peaks: np.ndarray) -> None:
    """a_k = 1 for the nearest word, the first of several: min over k of (bits of d², k) as one integer.

    The bits of numbers that are not negative are in the order of the numbers, and a minimum of integers is
    a vector instruction.
    """
    for i in range(squares.shape[0]):
        first = np.int64(0x7FFFFFFFFFFFFFFF)
        for k in range(squares.shape[1]):
            first = min(first, (np.int64(float_to_bits(squares[i, k])) << 32) | k)
        nearest = first & 0xFFFFFFFF
        sums[nearest] += 1.0
        peaks[nearest] = 1.0


@kernel
def add_nearest(squares: np.ndarray, tau: float, sums: np.ndarray, peaks: np.ndarray) -> None:
    """a_k = 1/τ for each of the τ nearest words; of words equally far the first are nearer."""
    n_nearest = min(int(tau), squares.shape[1])
    nearest = np.zeros(n_nearest)
    words = np.zeros(n_nearest, dtype=np.int64)
    for i in range(squares.shape[0]):
        found = 0
        for k in range(squares.shape[1]):
            square = squares[i, k]
            if found == n_nearest and square >= nearest[n_nearest - 1]:
                continue
            j = min(found, n_nearest - 1)
            while j > 0 and nearest[j - 1] > square:
                nearest[j], words[j] = nearest[j - 1], words[j - 1]
                j -= 1
            nearest[j], words[j] = square, k
            found = min(found + 1, n_nearest)
        for j in range(n_nearest):
            sums[words[j]] += 1.0 / n_nearest
            peaks[words[j]] = 1.0 / n_nearest


@kernel
def add_soft(squares: np.ndarray, beta: float, sums: np.ndarray, peaks: np.ndarray) -> None:
    """a_k = exp(-β d²_k) / Σ_j exp(-β d²_j)."""
    n_words = squares.shape[1]
    steepness = np.float32(beta)
    for i in range(squares.shape[0]):
        row = squares[i]
        least = row[0]
        for k in range(1, n_words):
            least = min(least, row[k])
        total = 0.0
        for k in range(n_words):
            row[k] = np.exp(-steepness * (row[k] - least))
            total += row[k]
        for k in range(n_words):
            share = row[k] / total
            sums[k] += share
            peaks[k] = max(peaks[k], share)


@kernel
def add_triangle(squares: np.ndarray, unused: float, sums: np.ndarray, peaks: np.ndarray) -> None:
    """a_k = max(0, mean_j(d_j) - d_k): how much nearer than the average a word is."""
    n_words = squares.shape[1]
    for i in range(squares.shape[0]):
        total = 0.0
        for k in range(n_words):
            squares[i, k] = np.sqrt(squares[i, k])
            total += squares[i, k]
        mean = total / n_words
        for k in range(n_words):
            nearer = max(0.0, mean - squares[i, k])
            sums[k] += nearer
            peaks[k] = max(peaks[k], nearer)


ASSIGNMENTS: dict[str, Callable[..., None]] = {
    "hard": add_hard,
    "nearest": add_nearest,
    "soft": add_soft,
    "triangle": add_triangle,
}


def assign(
    frames: np.ndarray, words: np.ndarray, assignment: str, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ_i a_ik and max_i a_ik over frames, both (n_words,) float64; zeros without frames.

    `strength` is τ of "nearest" and β of "soft". No more than `CELLS` distances (and one frame's) exist.
    """
    n_words = len(words)
    columns = np.ascontiguousarray(words.T)
    sums, peaks = np.zeros(n_words), np.zeros(n_words)
    step = max(1, CELLS // n_words)
    squares = np.empty((step, n_words), dtype=np.float32)
    for start in range(0, len(frames), step):
        block = frames[start : start + step]
        squared_distances(block, columns, squares[: len(block)])
        ASSIGNMENTS[assignment](squares[: len(block)], float(strength), sums, peaks)
    return sums, peaks


# --- the transformer --------------------------------------------------------------------------------------


class CodebookHistogram(FramesToVector):
    """Count the words of a codebook in each clip: a bag of frames.

    The codebook is learnt by mini-batch k-means, from k-means++ starts, on frames drawn from each training
    clip. A clip becomes a histogram of the words that are nearest to its frames. What is learnt depends on
    the training clips, on their labels with `per_class`, and on `random_state`; not on the order of the
    clips or on `n_jobs`.

    Parameters
    ----------
    n_words : int, default=256
        Words of the codebook, of each class's with `per_class`; 16 to 4096 are usual. There are fewer where
        fewer distinct frames were drawn.
    frames_per_clip : int, default=200
        Frames drawn at random of each training clip, at most.
    per_class : bool, default=False
        Learn one codebook per class, side by side in the order of the sorted labels; `fit` then needs `y`.
    assignment : {"hard", "nearest", "soft", "triangle"}, default="hard"
        What a frame adds to word k at distance d_k: 1 to the nearest alone (to the first of several); 1/τ
        to each of the τ nearest; exp(-β d_k²), normalised to the sum 1; max(0, mean(d) - d_k).
    tau : int, default=4
        τ of "nearest".
    beta : float, default=1.0
        β of "soft", per squared standard deviation.
    pooling : {"mean", "sum", "max", "pyramid"}, default="mean"
        What is taken over the frames of a clip. The pyramid is the mean over the clip followed by the means
        over its four quarters.
    tf_idf : bool, default=False
        Multiply word k by max(0, ln(N / (1 + N_k))), N_k of the N training clips having the word. For
        "hard" and "nearest", as with the others every clip has every word. `fit` then visits clips twice.
    norm : {"sqrt", "l2"} or None, default="sqrt"
        Square roots (of a histogram with the sum 1: the Hellinger map), division of the vector by its
        length, or neither.
    standardise : bool, default=True
        Bring each column to mean 0 and deviation 1 over the drawn frames before distances are taken.
    n_init : int, default=3
        Starts of k-means, of which the best is used.
    random_state : int, RandomState instance or None, default=None
        Seeds the draw of frames and k-means.
    n_jobs : int, optional
        Threads over clips, as in joblib. The numbers are the same bits for any choice.

    Attributes
    ----------
    words_ : ndarray of shape (n_words_, n_features_in_), float32
        The codebook, in standardised units.
    n_words_ : int
        Number of words, of all classes together.
    mean_, scale_ : ndarray of shape (n_features_in_,)
        What columns are standardised by.
    idf_ : ndarray of shape (n_words_,)
        Weights of the words, where `tf_idf` is set.
    classes_ : ndarray of shape (n_classes,)
        Sorted labels, where `per_class` is set.
    n_features_in_ : int
        Columns of a frame.

    See Also
    --------
    GaussianSupervector : Soft clusters with shapes, and where in them a clip lies.

    Notes
    -----
    A clip without frames is a row of zeros. Silence that was not dropped before is frames like any others,
    and is counted with the words nearest to it.

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
        tau: int = 4,
        beta: float = 1.0,
        pooling: str = "mean",
        tf_idf: bool = False,
        norm: str | None = "sqrt",
        standardise: bool = True,
        n_init: int = 3,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_words = n_words
        self.frames_per_clip = frames_per_clip
        self.per_class = per_class
        self.assignment = assignment
        self.tau = tau
        self.beta = beta
        self.pooling = pooling
        self.tf_idf = tf_idf
        self.norm = norm
        self.standardise = standardise
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> CodebookHistogram:
        """Learn the codebook.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            Frame matrices of the training clips: a list, an object array, or anything with a length that
            makes a clip's matrix when indexed. A 2-D array is one clip of one frame per row.
        y : array-like of shape (n_clips,), optional
            Labels, used with `per_class` only.

        Returns
        -------
        self

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
        samples, indices, seed = self._sample(clips)
        if self.standardise:
            self._learn_scale(samples)
        else:
            self.mean_, self.scale_ = np.zeros(self.n_features_in_), np.ones(self.n_features_in_)
        for i, frames in enumerate(samples):
            samples[i] = self._standardised(frames)
        classes = labels[indices]
        self.words_ = np.concatenate(
            [
                self._learn_words(np.concatenate([samples[i] for i in np.flatnonzero(classes == c)]), seed)
                for c in np.unique(classes)
            ]
        )
        self.n_words_ = len(self.words_)
        if self.tf_idf:
            clips_with = np.sum(self._each(self._has_words, clips), axis=0)
            self.idf_ = np.maximum(0.0, np.log(len(clips) / (1.0 + clips_with)))
        return self

    def _check_parameters(self) -> None:
        for name in ("n_words", "frames_per_clip", "tau", "n_init"):
            check_scalar(getattr(self, name), name, (int, np.integer), min_val=1)
        check_scalar(self.beta, "beta", (int, float, np.number), min_val=0, include_boundaries="neither")
        for name, known in (("assignment", tuple(ASSIGNMENTS)), ("pooling", POOLINGS), ("norm", NORMS)):
            given = getattr(self, name)
            if given not in known and not (name == "norm" and given is None):
                raise UnknownNameError(name, given, known)
        if self.tf_idf and self.assignment not in ("hard", "nearest"):
            raise ValueError(
                f"tf_idf needs the assignment 'hard' or 'nearest', not {self.assignment!r}: "
                "with that every clip has every word"
            )

    def _labels(self, clips: Any, y: Any) -> np.ndarray:
        if y is None:
            raise ValueError("per_class=True requires y to be passed, but the target y is None")
        labels = column_or_1d(np.asarray(y))
        check_consistent_length(clips, labels)
        self.classes_ = np.unique(labels)
        return labels

    def _learn_words(self, frames: np.ndarray, seed: int) -> np.ndarray:
        n_words = n_distinct(frames, self.n_words)
        k_means = MiniBatchKMeans(
            n_words,
            n_init=self.n_init,
            batch_size=max(1024, 2 * n_words),
            compute_labels=False,
            random_state=seed,
        )
        # one thread: several would add in the order in which they happen to be done
        with threadpool_limits(1):
            return k_means.fit(frames).cluster_centers_

    def _has_words(self, clips: Any, index: int) -> np.ndarray:
        frames = load_frames(clips, index)
        if not len(frames):
            return np.zeros(self.n_words_, dtype=bool)
        return self._pooled(self._standardised(frames))[0] > 0

    def _pooled(self, frames: np.ndarray) -> np.ndarray:
        """Words over the clip, and with "pyramid" over its quarters: (n_segments, n_words_)."""
        strength = {"nearest": self.tau, "soft": self.beta}.get(self.assignment, 0.0)
        n_frames = len(frames)
        if self.pooling == "pyramid":
            bounds = np.arange(5) * n_frames // 4
            quarters = np.stack(
                [assign(frames[a:b], self.words_, self.assignment, strength)[0] for a, b in pairwise(bounds)]
            )
            lengths = np.maximum(1, np.diff(bounds))
            return np.vstack([quarters.sum(axis=0) / n_frames, quarters / lengths[:, None]])
        sums, peaks = assign(frames, self.words_, self.assignment, strength)
        return {"mean": sums / n_frames, "sum": sums, "max": peaks}[self.pooling][None]

    def _vector(self, frames: np.ndarray) -> np.ndarray:
        pooled = self._pooled(frames)
        if self.tf_idf:
            pooled *= self.idf_
        vector = pooled.ravel()
        if self.norm == "sqrt":
            return np.sqrt(vector)
        if self.norm == "l2":
            return vector / (np.linalg.norm(vector) or 1.0)
        return vector

    def _names(self) -> list[str]:
        digits = max(3, len(str(self.n_words_ - 1)))
        segments = ("", "_q1", "_q2", "_q3", "_q4") if self.pooling == "pyramid" else ("",)
        return [f"codebook_{k:0{digits}d}{segment}" for segment in segments for k in range(self.n_words_)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.per_class
        return tags
