"""Slow twins of codebooks and supervectors, in float64 numpy."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal


def codes(frames, words, assignment, tau=4, beta=1.0):
    """Return (n_frames, n_words): what each frame adds to each word."""
    distances = cdist(frames, words)
    a = np.zeros(distances.shape)
    for row, d in zip(a, distances, strict=True):
        if assignment == "hard":
            row[d.argmin()] = 1
        elif assignment == "nearest":
            row[np.argsort(d, kind="stable")[:tau]] = 1 / min(tau, len(d))
        elif assignment == "soft":
            weights = np.exp(-beta * (d**2 - (d**2).min()))  # the least is taken off so that some are not 0
            row[:] = weights / weights.sum()
        else:
            row[:] = np.maximum(0, d.mean() - d)
    return a


def histogram(a, pooling="mean", idf=1.0, norm=None):
    """Return the vector of a clip whose frames have the codes `a`."""
    if pooling == "pyramid":
        n = len(a)
        parts = [a] + [a[q * n // 4 : (q + 1) * n // 4] for q in range(4)]
        pooled = [part.mean(axis=0) if len(part) else np.zeros(a.shape[1]) for part in parts]
    else:
        pooled = [{"mean": np.mean, "sum": np.sum, "max": np.max}[pooling](a, axis=0)]
    vector = np.concatenate([part * idf for part in pooled])
    if norm == "sqrt":
        return np.sqrt(vector)
    if norm == "l2" and vector.any():
        return vector / np.sqrt((vector**2).sum())
    return vector


def idf(histograms):
    """ln(N / (1 + N_k)), N_k of the N training clips having word k; never negative."""
    return np.maximum(0, np.log(len(histograms) / (1 + (np.array(histograms) > 0).sum(axis=0))))


def supervector(frames, weights, means, variances, relevance):
    """√w_k (μ'_k - μ_k) / σ_k with μ'_k = α_k E_k + (1 - α_k) μ_k, α_k = n_k / (n_k + r)."""
    likelihoods = np.stack(
        [
            w * multivariate_normal(mean, np.diag(variance)).pdf(frames).reshape(-1)
            for w, mean, variance in zip(weights, means, variances, strict=True)
        ],
        axis=1,
    )
    shares = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    parts = []
    for share, w, mean, variance in zip(shares.T, weights, means, variances, strict=True):
        n = share.sum()
        alpha = n / (n + relevance)
        adapted = alpha * (share @ frames / n) + (1 - alpha) * mean
        parts.append(np.sqrt(w) * (adapted - mean) / np.sqrt(variance))
    return np.concatenate(parts)
