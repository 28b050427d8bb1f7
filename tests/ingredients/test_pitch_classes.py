"""Pitch classes: row 21 of the test catalogue, MIDI notes folded into twelve."""

import numpy as np
import pytest

from gtzanfeat.ingredients.pitch_classes import N_CLASSES, NAMES, PLACE_OF_A, fold_octaves


def test_there_are_twelve_and_a_is_the_tenth():
    assert len(set(NAMES)) == N_CLASSES == 12
    assert NAMES[PLACE_OF_A] == "a"
    assert NAMES[69 % 12] == "a"  # MIDI note 69 is A4


@pytest.mark.parametrize("note", [0, 1, 11, 12, 60, 69, 126, 127])
def test_row_21_folding_takes_a_note_to_its_class(note):
    np.testing.assert_array_equal(fold_octaves(np.eye(128)[note]), np.eye(12)[note % 12])


def test_row_21_folding_loses_nothing(rng):
    unfolded = rng.random(128)
    assert fold_octaves(unfolded).sum() == pytest.approx(unfolded.sum())
    np.testing.assert_allclose(fold_octaves(unfolded), [unfolded[c::12].sum() for c in range(12)])
