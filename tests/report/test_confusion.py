import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread
from small_tables import result

from gtzanfeat.report import confusion_matrix_figure, save_figure

WARNING = "these 8 clips confound artist and genre"


@pytest.fixture
def evaluation():
    return result(list("aaaabbbb"), list("aaabbbbb"), warnings=(WARNING,))


def cells(figure):
    """Return the texts in the matrix: {(row, column): [percent, count]}."""
    found = {}
    for text in figure.axes[0].texts:
        column, row = text.get_position()
        found.setdefault((round(row), round(column)), []).append(text.get_text())
    return found


def words(figure):
    return " ".join(text.get_text() for text in figure.texts)


def test_cells_hold_percents_and_counts_in_both_orientations(evaluation):
    figure = confusion_matrix_figure(evaluation)
    assert cells(figure) == {
        (0, 0): ["75", "3"],
        (0, 1): ["25", "1"],
        (1, 1): ["100", "4"],
    }  # rows are the truth
    axes = figure.axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("← truth", "predicted →")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]

    figure = confusion_matrix_figure(evaluation, orientation="paper")
    assert cells(figure) == {(0, 0): ["75", "3"], (1, 0): ["25", "1"], (1, 1): ["100", "4"]}  # columns are
    axes = figure.axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("← predicted", "truth →")


def test_the_score_does_not_stand_alone(evaluation):
    said = words(confusion_matrix_figure(evaluation))
    for part in (
        "87.5%",
        "'random'",
        "2-fold",
        "gmm3 on classic30",
        "8 clips",
        "seed 7",
        f"Warning: {WARNING}.",
    ):
        assert part in said.replace("\n", " ")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_saved_in_the_format_of_the_suffix_without_pyplot(evaluation, tmp_path, suffix):
    before = plt.get_fignums()
    path = tmp_path / f"matrix.{suffix}"
    save_figure(confusion_matrix_figure(evaluation), path)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)
    assert plt.get_fignums() == before


@pytest.mark.parametrize("n_classes", [2, 10, 20])
def test_nothing_is_cut_off_or_overlaps(tmp_path, n_classes):
    labels = [f"a rather long label {i:02d}" for i in range(n_classes)]
    figure = confusion_matrix_figure(result(np.repeat(labels, 3), np.repeat(labels[::-1], 3)))
    save_figure(figure, tmp_path / "matrix.png")
    picture = imread(tmp_path / "matrix.png")[..., :3]
    edges = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    assert all(np.all(edge == 1.0) for edge in edges)  # a white margin all round
    figure.draw_without_rendering()
    matrix = figure.axes[0].get_window_extent()
    for text in figure.texts:  # neither title nor small print runs into the matrix
        assert not matrix.overlaps(text.get_window_extent())


def test_unknown_orientation(evaluation):
    with pytest.raises(ValueError, match="orientation must be 'sklearn' or 'paper', not 'rows'"):
        confusion_matrix_figure(evaluation, orientation="rows")
