"""Assignment of frames to codewords against slow twins and scikit-learn."""

import numpy as np
import pytest
from reference import codebooks as twins
from sklearn.metrics import pairwise_distances_argmin

from gtzanfeat.codebooks.vector_quantisation import ASSIGNMENTS, assign


def test_of_equal_distances_the_first_word_wins():
    words = np.array([[3.0], [1.0], [-1.0], [1.0]], dtype=np.float32)
    frames = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    np.testing.assert_array_equal(assign(frames, words, "hard", 0)[0], [1, 2, 0, 0])
    np.testing.assert_array_equal(assign(frames, words, "nearest", 2)[0] * 2, [1, 3, 1, 1])


@pytest.mark.parametrize("n_columns", [1, 3, 4, 13])
@pytest.mark.parametrize("n_words", [1, 7, 300])
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_blocks_of_any_size_equal_the_twin(rng, assignment, n_words, n_columns):
    frames = rng.normal(size=(250, n_columns)).astype(np.float32)
    words = rng.normal(size=(n_words, n_columns)).astype(np.float32)
    a = twins.codes(frames, words, assignment, tau=5, beta=0.5)
    sums, peaks = assign(frames, words, assignment, 0.5 if assignment == "soft" else 5)
    np.testing.assert_allclose(sums, a.sum(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(peaks, a.max(axis=0), rtol=1e-4, atol=1e-5)


def test_hard_assignment_is_scikit_learns(rng):
    frames = rng.normal(size=(2000, 13)).astype(np.float32)
    words = rng.normal(size=(512, 13)).astype(np.float32)
    expected = np.bincount(pairwise_distances_argmin(frames, words), minlength=512)
    np.testing.assert_array_equal(assign(frames, words, "hard", 0)[0], expected)
