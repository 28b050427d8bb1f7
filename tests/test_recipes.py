import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV

from gtzanfeat.cli import main
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.extraction import parallel
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.recipes import RECIPES, classifier, recipe

OPEN = ["gmm1", "gmm2", "gmm3", "gmm4", "gmm5", "knn1", "knn3", "knn5"]
OPEN += ["svm", "linear-svm", "chi2-svm", "pca-svm", "select-svm", "logistic", "lda", "qda", "naive-bayes"]
OPEN += ["random-forest", "extra-trees", "gradient-boosting", "mlp"]
WHOLE = ["hmm", "mfcc-codebook", "mfcc-gaussian", "ssd-svm", "marsyas124-svm", "librosa57-svm", "compact-svm"]
WHOLE += ["everything", "best"]


def test_names_are_those_promised():
    assert list(RECIPES) == OPEN + WHOLE
    assert [name for name, row in RECIPES.items() if row.features is None] == OPEN


@pytest.mark.parametrize("row", RECIPES.values(), ids=RECIPES)
def test_rows_explain_themselves(row):
    assert row.sentence.endswith(".")
    assert row.source


# --- classifiers behind any feature set -------------------------------------------------------------------


@pytest.mark.parametrize("name", OPEN)
def test_every_classifier_separates_what_is_separate(name):
    X, y = make_blobs(n_samples=120, centers=3, n_features=4, random_state=0)
    X *= [1.0, 100.0, 0.01, 1.0]  # unscaled, the second column would drown the others
    model = classifier(name, random_state=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) >= (
        1.0 if name != "select-svm" else 0.9
    )  # it sees two of four columns
    again = clone(model).fit(X[::2], y[::2])
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("name", OPEN)
def test_every_classifier_takes_more_columns_than_clips_and_columns_that_say_nothing(name, rng):
    X = rng.normal(size=(40, 60)).astype(np.float32)
    y = np.repeat(["a", "b"], 20)
    X[20:, :10] += 6
    X[:, 20:30] = 0.0
    X[:, 30] = 1e6
    assert classifier(name).fit(X[::2], y[::2]).score(X[1::2], y[1::2]) >= 0.8


@pytest.mark.parametrize("name", OPEN)
def test_shape_is_features_scale_classify_and_unfitted(name):
    model = recipe(name, "timbre19", random_state=7)
    steps = [step for step, _ in model.steps]
    between = {"pca-svm": ["reduce"], "select-svm": ["select"]}.get(name, [])
    assert steps == ["features", "scale", *between, "classify"]
    assert model["features"].feature_set == "timbre19"
    assert recipe(name)["features"].feature_set == "classic30"
    assert not vars(model["scale"]).keys() & {"mean_", "scale_"}
    assert model.get_params().get("classify__random_state", 7) in (7, None)  # None: nothing random in it
    assert [step for step, _ in classifier(name).steps] == steps[1:]


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("gmm3", {"classify__n_components", "classify__priors", "classify__n_init"}),
        ("knn3", {"classify__n_neighbors", "classify__weights", "classify__metric"}),
        ("svm", {"classify__C", "classify__gamma", "classify__class_weight"}),
        ("linear-svm", {"classify__C", "classify__kernel"}),
        ("chi2-svm", {"classify__C", "classify__gamma"}),
        ("pca-svm", {"reduce__n_components", "reduce__whiten"}),
        ("select-svm", {"select__threshold", "select__estimator__n_estimators"}),
        ("logistic", {"classify__C", "classify__max_iter"}),
        ("random-forest", {"classify__n_estimators", "classify__max_features"}),
        ("gradient-boosting", {"classify__max_iter", "classify__learning_rate"}),
        ("mlp", {"classify__hidden_layer_sizes", "classify__alpha"}),
    ],
)
def test_every_knob_can_be_reached(name, knobs):
    assert knobs | {"features__feature_set", "features__n_jobs"} <= recipe(name).get_params().keys()


def test_seed_workers_and_memory_are_passed_on(tmp_path):
    assert recipe("gmm3", random_state=5)["classify"].random_state == 5
    forest = recipe("random-forest", random_state=5, n_jobs=2)
    assert (forest["classify"].random_state, forest["classify"].n_jobs) == (5, 2)
    assert forest["features"].n_jobs == 2
    knobs = recipe("everything", random_state=5, n_jobs=2, memory=tmp_path).get_params()
    for name in ("features__full__memory", "features__words__frames__memory"):
        assert knobs[name] == tmp_path
    for name in ("features__words__codebook__random_state", "select__estimator__random_state"):
        assert knobs[name] == 5
    for name in ("features__full__n_jobs", "features__words__frames__n_jobs", "select__estimator__n_jobs"):
        assert knobs[name] == 2


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


# --- whole systems ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus():
    """Tones and noises of 2 s, no two the same."""
    rng = np.random.default_rng(0)
    time = np.arange(44100) / 22050
    tones = [np.sin(2 * np.pi * f * time) + np.sin(6 * np.pi * f * time) for f in 220 * 1.02 ** np.arange(6)]
    noises = [rng.standard_normal(44100) for _ in range(6)]
    clips = [0.2 * clip + 0.01 * rng.standard_normal(44100) for clip in tones + noises]
    return [clip.astype(np.float32) for clip in clips], np.repeat(["tone", "noise"], 6)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_system_goes_from_clips_to_labels(name, corpus):
    clips, labels = corpus
    model = recipe(name, random_state=0)
    steps = [step for step, _ in model.steps]
    assert (steps[0], steps[-1]) == ("features", "classify")
    model.fit(clips[::2], labels[::2])
    assert model.score(clips[1::2], labels[1::2]) == 1.0
    later = classifier(name, random_state=0)
    learnt = later.fit(model["features"].transform(clips[::2]), labels[::2])
    np.testing.assert_array_equal(learnt.predict(model["features"].transform(clips)), model.predict(clips))


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_system_refuses_another_feature_set(name):
    with pytest.raises(GtzanfeatError, match=f"the recipe '{name}' fixes what it measures; leave"):
        recipe(name, "timbre19")


@pytest.mark.parametrize("name", [name for name in WHOLE if isinstance(RECIPES[name].features, str)])
def test_a_fixed_feature_set_exists(name):
    assert recipe(name)["features"].feature_set in FEATURE_SETS


def test_everything_is_decoded_once_for_each_branch(corpus, tmp_path, monkeypatch):
    clips, labels = corpus
    decoded = []
    blocks = parallel.blocks
    monkeypatch.setattr(parallel, "blocks", lambda clip, rate: decoded.append(clip) or blocks(clip, rate))
    grid = {"features__words__codebook__n_words": [8, 16], "classify__C": [1, 10]}
    search = GridSearchCV(recipe("everything", memory=tmp_path), grid, cv=2).fit(clips, labels)
    assert search.best_score_ == 1.0
    assert len(decoded) == 2 * len(clips)  # and not 2 * clips * grid points * folds


# --- on the command line -----------------------------------------------------------------------------------


@pytest.fixture
def folder(corpus, tmp_path):
    for i, (clip, label) in enumerate(zip(*corpus, strict=True)):
        path = tmp_path / "corpus" / label / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, clip / 2, 22050)
    return tmp_path / "corpus"


@pytest.mark.parametrize("name", WHOLE)
def test_evaluate_runs_a_whole_system(name, folder):
    words = ["evaluate", str(folder), "--recipe", name, "--cv", "2", "--repeats", "1", "--quiet"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "accuracy" in done.stdout
    assert name in done.stdout


def test_evaluate_refuses_a_set_for_a_whole_system_in_one_sentence(folder):
    done = CliRunner().invoke(main, ["evaluate", str(folder), "--recipe", "ssd-svm", "--set", "classic30"])
    assert done.exit_code == 2
    assert done.stderr == (
        "gtzanfeat: error: the recipe 'ssd-svm' fixes what it measures; leave the feature set out\n"
    )
