import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV

from gtzanfeat.errors import UnknownNameError
from gtzanfeat.recipes import RECIPES, classifier, recipe

NAMES = ["gmm1", "gmm2", "gmm3", "gmm4", "gmm5", "knn1", "knn3", "knn5"]
NAMES += ["svm", "linear-svm", "logistic", "random-forest"]


def test_names_are_those_promised():
    assert list(RECIPES) == NAMES


@pytest.mark.parametrize("row", RECIPES.values(), ids=RECIPES)
def test_rows_explain_themselves(row):
    assert row.sentence.endswith(".")
    assert row.source


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_separates_what_is_separate(name):
    X, y = make_blobs(n_samples=120, centers=3, n_features=4, random_state=0)
    X *= [1.0, 100.0, 0.01, 1.0]  # unscaled, the second column would drown the others
    model = classifier(name, random_state=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) == 1.0
    again = clone(model).fit(X[::2], y[::2])
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("name", RECIPES)
def test_shape_is_features_scale_classify_and_unfitted(name):
    model = recipe(name, "timbre19", random_state=7)
    assert [step for step, _ in model.steps] == ["features", "scale", "classify"]
    assert model["features"].feature_set == "timbre19"
    assert not hasattr(model["scale"], "mean_")
    assert model.get_params().get("classify__random_state", 7) in (7, None)  # None: nothing random in it
    assert [step for step, _ in classifier(name).steps] == ["scale", "classify"]


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("gmm3", {"classify__n_components", "classify__priors", "classify__n_init"}),
        ("knn3", {"classify__n_neighbors", "classify__weights", "classify__metric"}),
        ("svm", {"classify__C", "classify__gamma", "classify__class_weight"}),
        ("linear-svm", {"classify__C", "classify__kernel"}),
        ("logistic", {"classify__C", "classify__max_iter"}),
        ("random-forest", {"classify__n_estimators", "classify__max_features"}),
    ],
)
def test_every_knob_can_be_reached(name, knobs):
    knobs = knobs | {"features__feature_set", "features__n_jobs", "scale__with_mean"}
    assert knobs <= recipe(name).get_params().keys()


def test_seed_and_workers_are_passed_on():
    assert recipe("gmm3", random_state=5)["classify"].random_state == 5
    forest = recipe("random-forest", random_state=5, n_jobs=2)
    assert (forest["classify"].random_state, forest["classify"].n_jobs) == (5, 2)
    assert forest["features"].n_jobs == 2


def test_grid_search_over_features_and_classifier():
    rng = np.random.default_rng(0)
    time = np.arange(11025) / 22050
    clips = [np.sin(2 * np.pi * f * time) for f in (220, 330, 440, 550)]
    clips += [0.1 * rng.standard_normal(11025) for _ in range(4)]
    y = ["tone"] * 4 + ["noise"] * 4
    grid = {"features__feature_set": ["timbre19", "pitch5"], "classify__n_neighbors": [1, 2]}
    search = GridSearchCV(recipe("knn3"), grid, cv=2).fit(clips, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_params_["features__feature_set"] == "timbre19"
    assert search.best_score_ == 1.0


def test_unknown_names_are_errors():
    with pytest.raises(UnknownNameError, match=r"unknown recipe 'gmm'. Known: gmm1, .* Did you mean 'gmm"):
        recipe("gmm")
    with pytest.raises(UnknownNameError, match="unknown recipe 'SVM'"):
        classifier("SVM")
    with pytest.raises(UnknownNameError, match="unknown feature set 'classic'"):
        recipe("svm", "classic")
