"""Gaussian supervectors: the means of a universal background model adapted to each clip.

Classifiers made of one mixture per class are in `gtzanfeat.classifiers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar
from threadpoolctl import threadpool_limits

from gtzanfeat.codebooks.frames_to_vector import FramesToVector, count_distinct_rows
from gtzanfeat.jit import kernel

FRAMES_PER_COMPONENT = 5  # n frames get at most n // 5 components, and at least one
VARIANCE_FLOOR = 1e-3  # added to each variance, in units of the variance over all frames


@kernel
def add_statistics(
    frames: NDArray[np.float32],
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    counts: NDArray[np.float64],
    moves: NDArray[np.float64],
) -> None:
    """n_k += Σ_i γ_ik, m_k += Σ_i γ_ik (x_i - μ_k), γ_ik = w_k N(x_i; μ_k, v_k) / Σ_j w_j N(x_i; μ_j, v_j).

    frames (n_frames, n_columns), weights (n_components,), means and variances (n_components, n_columns)
    -> counts (n_components,), moves (n_components, n_columns).
    """
    n_components, n_columns = means.shape
    peaks = np.zeros(n_components)
    for k in range(n_components):
        peaks[k] = np.log(weights[k])
        for c in range(n_columns):
            peaks[k] -= 0.5 * np.log(variances[k, c])
    precisions = 1.0 / variances
    shares = np.zeros(n_components)
    for i in range(frames.shape[0]):
        best = -np.inf
        for k in range(n_components):
            square = 0.0
            for c in range(n_columns):
                d = frames[i, c] - means[k, c]
                square += d * d * precisions[k, c]
            shares[k] = peaks[k] - 0.5 * square
            best = max(best, shares[k])
        total = 0.0
        for k in range(n_components):
            shares[k] = np.exp(shares[k] - best)
            total += shares[k]
        for k in range(n_components):
            share = shares[k] / total
            if share > 0.0:
                counts[k] += share
                for c in range(n_columns):
                    moves[k, c] += share * (frames[i, c] - means[k, c])


class GaussianSupervector(FramesToVector):
    """Compute the Gaussian supervector of each clip: the MAP adaptation of a background model's means to it.

    A mixture with diagonal covariances (the "universal background model") is fitted to frames drawn from
    all training clips. For each clip its means are adapted by maximum a posteriori, and the vector holds
    √w_k (μ'_k - μ_k) / σ_k for each component k and column, meant for a linear SVM: the inner product of two
    such vectors is that of a Kullback-Leibler bound between the adapted mixtures.

    Parameters
    ----------
    n_components : int, default=64
        Number of Gaussians; 64 to 512 are usual. n drawn frames get at most n // 5 of them (and no more than
        are distinct), but always one.
    relevance : float, default=16.0
        Relevance factor r: a component with r frames of a clip moves half-way to their mean.
    frames_per_clip : int, default=200
        Largest number of frames drawn at random from each training clip.
    max_iter : int, default=100
        Largest number of steps of expectation-maximisation.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw of frames and of the start of the mixture.
    n_jobs : int, optional
        Number of threads over clips, as in joblib. The values are the same bits for any choice.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components_,)
        Weights w of the mixture.
    means_, variances_ : ndarray of shape (n_components_, n_features_in_)
        μ and σ², in standardised units.
    n_components_ : int
        Number of Gaussians.
    n_iter_ : int
        Number of steps of expectation-maximisation taken.
    mean_, scale_ : ndarray of shape (n_features_in_,)
        Mean and deviation by which columns are standardised. The vector does not depend on their units.
    n_features_in_ : int
        Number of columns of the frames seen by `fit`.

    See Also
    --------
    CodebookHistogram : Histogram of the nearest codewords.

    Notes
    -----
    With γ_ik the posterior probability of component k given frame i, n_k = Σ_i γ_ik and
    E_k = Σ_i γ_ik x_i / n_k, the adapted mean is μ'_k = α_k E_k + (1 - α_k) μ_k, α_k = n_k / (n_k + r); hence
    μ'_k - μ_k = Σ_i γ_ik (x_i - μ_k) / (n_k + r). The row of a clip without frames is zeros.

    References
    ----------
    W. M. Campbell, D. E. Sturim and D. A. Reynolds, "Support vector machines using GMM supervectors for
    speaker verification", IEEE Signal Processing Letters 13(5), 2006. D. A. Reynolds, T. F. Quatieri and
    R. B. Dunn, "Speaker verification using adapted Gaussian mixture models", Digital Signal Processing 10,
    2000, eqs. 7-14.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> clips = [rng.normal(centre, 1.0, (100, 13)) for centre in (-1, 0, 1)]
    >>> GaussianSupervector(n_components=4, random_state=0).fit_transform(clips).shape
    (3, 52)
    """

    def __init__(
        self,
        n_components: int = 64,
        *,
        relevance: float = 16.0,
        frames_per_clip: int = 200,
        max_iter: int = 100,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.relevance = relevance
        self.frames_per_clip = frames_per_clip
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> GaussianSupervector:
        """Fit the background model to frames of all training clips.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            Frame matrices of the training clips: a list, an object array, or any sequence, which may load
            them when indexed. A 2-D array is one clip of one frame per row.
        y : ignored
            Present for API consistency.

        Returns
        -------
        GaussianSupervector
            The fitted transformer itself.

        Raises
        ------
        ClipError
            If a clip is not a finite matrix, widths differ, or no clip has a frame.
        ValueError
            If a parameter is out of its range.
        """
        for name in ("n_components", "frames_per_clip", "max_iter"):
            check_scalar(getattr(self, name), name, (int, np.integer), min_val=1)
        numbers = (int, float, np.number)
        check_scalar(self.relevance, "relevance", numbers, min_val=0, include_boundaries="neither")
        clips = self._clips(X, reset=True)
        samples, _, seed = self._sample_frames(clips)
        self._fit_scale(samples)
        frames = np.concatenate([self._standardised(frames) for frames in samples])
        affordable = max(1, len(frames) // FRAMES_PER_COMPONENT)
        self.n_components_ = count_distinct_rows(frames, min(self.n_components, affordable))
        from sklearn.mixture import GaussianMixture  # here, because it takes a quarter of a second to import

        mixture = GaussianMixture(
            self.n_components_,
            covariance_type="diag",
            reg_covar=VARIANCE_FLOOR,
            max_iter=self.max_iter,
            random_state=seed,
        )
        if len(frames) == 1:  # scikit-learn's mixture requires two
            frames = np.repeat(frames, 2, axis=0)
        # one thread: the order of summation, and so the bits, must not depend on timing
        with threadpool_limits(1):
            mixture.fit(frames.astype(np.float64))
        self.weights_ = mixture.weights_
        self.means_ = mixture.means_
        self.variances_ = mixture.covariances_
        self.n_iter_ = mixture.n_iter_
        return self

    def _vector(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        counts, moves = np.zeros(self.n_components_), np.zeros(self.means_.shape)
        add_statistics(frames, self.weights_, self.means_, self.variances_, counts, moves)
        moved = moves / (counts[:, None] + self.relevance)
        return np.ravel(np.sqrt(self.weights_[:, None] / self.variances_) * moved)

    def _names(self) -> list[str]:
        components, columns = self.means_.shape
        digits = max(3, len(str(components - 1)))
        return [f"supervector_{k:0{digits}d}_{c:02d}" for k in range(components) for c in range(columns)]
