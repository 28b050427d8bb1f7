import numpy as np
import pytest
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.classifiers import GaussianMixtureClassifier
from gtzanfeat.classifiers.gaussian_mixture import Mixture, fit_mixture, maximise_likelihood

NO_FLOOR = np.zeros(3)


@parametrize_with_checks([GaussianMixtureClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_number_of_scikit_learn_checks():
    # some tag settings silently drop nearly all checks; 55 run with scikit-learn 1.9
    assert len(list(estimator_checks_generator(GaussianMixtureClassifier()))) >= 50


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def overlapping(rng):
    """Three classes, each of several clouds that overlap; columns of very different size."""
    X = rng.normal(size=(300, 3)) + 1.5 * rng.normal(size=(15, 3)).repeat(20, axis=0)
    return X * [1.0, 1e3, 30.0], np.repeat(["a", "b", "c"], 100)


# --- closed forms and oracles ---------------------------------------------------------------------------


def test_one_component_is_mean_and_variance(overlapping):
    X, y = overlapping
    model = GaussianMixtureClassifier(1).fit(X, y)
    for label, mean, variance, weight in zip(
        "abc", model.means_, model.variances_, model.weights_, strict=True
    ):
        members = X[y == label]
        np.testing.assert_allclose(mean[0], members.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(variance[0], members.var(axis=0), rtol=1e-12)
        assert weight == 1.0
    expected = norm.logpdf(X, X[y == "b"].mean(axis=0), X[y == "b"].std(axis=0)).sum(axis=1) + np.log(1 / 3)
    np.testing.assert_allclose(model.predict_joint_log_proba(X)[:, 1], expected, rtol=1e-10)


def test_one_component_is_gaussian_naive_bayes(overlapping):
    X, y = overlapping
    bayes = GaussianNB(var_smoothing=0.0).fit(X, y)
    model = GaussianMixtureClassifier(1).fit(X, y)
    np.testing.assert_allclose(model.predict_log_proba(X), bayes.predict_log_proba(X), atol=1e-9)


def test_two_separated_gaussians_are_recovered(rng):
    n, share = 4000, 0.3
    first = rng.random(n) < share
    truth = {True: ([-4.0, 2.0], [1.0, 0.5]), False: ([4.0, -1.0], [2.0, 1.0])}  # mean, standard deviation
    X = np.where(first[:, None], rng.normal(*truth[True], (n, 2)), rng.normal(*truth[False], (n, 2)))
    model = GaussianMixtureClassifier(2, random_state=0).fit(X, np.zeros(n))
    low, high = np.argsort(model.means_[0][:, 0])
    for k, number, (mean, deviation) in [
        (low, first.sum(), truth[True]),
        (high, n - first.sum(), truth[False]),
    ]:
        error = 3 * np.array(deviation) / np.sqrt(number)  # of a mean; a deviation is known √2 better
        assert np.all(np.abs(model.means_[0][k] - mean) < error)
        assert np.all(np.abs(np.sqrt(model.variances_[0][k]) - deviation) < error)
    assert abs(model.weights_[0][low] - share) < 3 * np.sqrt(share * (1 - share) / n)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_em_equals_scikit_learn_from_the_same_start(rng):
    X = rng.normal(size=(200, 3)) + rng.normal(size=(4, 3)).repeat(50, axis=0)
    start = maximise_likelihood(X, np.eye(4)[rng.integers(4, size=200)], NO_FLOOR)
    oracle = GaussianMixture(
        4,
        covariance_type="diag",
        tol=0.0,
        reg_covar=0.0,
        max_iter=25,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=1.0 / start.variances,
    ).fit(X)
    mixture, trace = fit_mixture(X, start, NO_FLOOR, max_iter=25, tol=-np.inf)
    # scikit-learn computes variances as E[x²] - E[x]²: equal but for rounding, which EM carries along
    np.testing.assert_allclose(mixture.weights, oracle.weights_, atol=1e-8)
    np.testing.assert_allclose(mixture.means, oracle.means_, atol=1e-7)
    np.testing.assert_allclose(mixture.variances, oracle.covariances_, atol=1e-7)
    np.testing.assert_allclose(mixture.log_density(X), oracle.score_samples(X), atol=1e-6)
    assert len(trace) == 26


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_components", [1, 2, 3, 5])
def test_log_likelihood_never_falls(overlapping, n_components, seed):
    X, y = overlapping
    X = X.copy()
    X[y == "b", 0] = X[0, 0]  # so that the variance floor is felt
    model = GaussianMixtureClassifier(n_components, tol=1e-10, max_iter=2000, random_state=seed).fit(X, y)
    for trace in model.lower_bounds_:
        assert np.all(np.diff(trace) >= -1e-12 * np.abs(trace[1:]))
    np.testing.assert_allclose(model.variances_[1][:, 0], 1e-3 * X[:, 0].var())


# --- what is to happen at the edges ---------------------------------------------------------------------


def test_components_are_capped_by_clips_and_by_distinct_clips(rng):
    y = np.repeat(["four", "fourteen", "many", "twins"], [4, 14, 60, 60])
    X = rng.normal(size=(len(y), 2))
    X[y == "twins"] = np.array([[0.0, 0.0], [1.0, 5.0]]).repeat(30, axis=0)
    model = GaussianMixtureClassifier(5, random_state=0).fit(X, y)
    assert dict(zip(model.classes_, model.n_components_, strict=True)) == {
        "four": 1,
        "fourteen": 2,
        "many": 5,
        "twins": 2,
    }
    assert [len(means) for means in model.means_] == model.n_components_.tolist()


def test_variances_have_a_floor():
    X = np.column_stack([[0.0, 0.0, 10.0, 10.0], np.full(4, 7.0)])
    model = GaussianMixtureClassifier(1).fit(X, [0, 0, 1, 1])
    np.testing.assert_allclose(model.variances_, [[[0.025, 1e-6]], [[0.025, 1e-6]]])


def test_dead_component_starts_again_at_the_farthest_clip(rng):
    X = np.concatenate([rng.normal(size=(50, 2)), [[30.0, 30.0]]])
    start = Mixture(np.array([0.5, 0.5]), np.array([[0.0, 0.0], [-1e4, 0.0]]), np.ones((2, 2)))
    mixture, trace = fit_mixture(X, start, np.full(2, 0.01), max_iter=100, tol=1e-6)
    assert trace[-1] > trace[0]
    np.testing.assert_allclose(mixture.means[1], X[50])
    np.testing.assert_allclose(mixture.weights, [50 / 51, 1 / 51])


def test_units_of_the_columns_do_not_matter(overlapping):
    X, y = overlapping
    plain = GaussianMixtureClassifier(4, random_state=0).fit(X, y)
    scaled = GaussianMixtureClassifier(4, random_state=0).fit(X * [8.0, 0.25, 1024.0], y)
    np.testing.assert_array_equal(plain.n_iter_, scaled.n_iter_)
    np.testing.assert_allclose(
        scaled.predict_proba(X * [8.0, 0.25, 1024.0]), plain.predict_proba(X), atol=1e-9
    )


def test_a_clip_far_from_everything_still_gets_probabilities(overlapping):
    X, y = overlapping
    model = GaussianMixtureClassifier(3, random_state=0).fit(X, y)
    probabilities = model.predict_proba([[1e9, -1e12, 0.0], [0.0, 0.0, 1e9]])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_array_equal(
        model.predict_proba(X).argmax(axis=1), np.searchsorted(list("abc"), model.predict(X))
    )


# --- parameters -----------------------------------------------------------------------------------------


def test_priors_shift_the_logarithms(overlapping):
    X, y = overlapping
    X, y = X[:250], y[:250]  # 100, 100 and 50 clips
    empirical, uniform, given = (
        GaussianMixtureClassifier(2, priors=priors, random_state=0).fit(X, y)
        for priors in ("empirical", "uniform", [0.7, 0.3, 0.0])
    )
    np.testing.assert_allclose(empirical.class_prior_, [0.4, 0.4, 0.2])
    np.testing.assert_allclose(uniform.class_prior_, [1 / 3, 1 / 3, 1 / 3])
    shift = empirical.predict_joint_log_proba(X) - uniform.predict_joint_log_proba(X)
    np.testing.assert_allclose(shift, np.broadcast_to(np.log([1.2, 1.2, 0.6]), shift.shape), atol=1e-9)
    assert "c" not in given.predict(X)
    assert not given.predict_proba(X)[:, 2].any()


def test_more_starts_are_never_worse(overlapping):
    X, y = overlapping
    once = GaussianMixtureClassifier(5, random_state=3).fit(X, y)
    often = GaussianMixtureClassifier(5, n_init=8, random_state=3).fit(X, y)
    assert once.lower_bounds_[0][-1] <= often.lower_bounds_[0][-1]  # the first start is the same
    assert sum(trace[-1] for trace in once.lower_bounds_) < sum(trace[-1] for trace in often.lower_bounds_)


def test_seed_decides(overlapping):
    X, y = overlapping
    first, again = (GaussianMixtureClassifier(5, random_state=1).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))


def test_too_few_steps_are_warned_of(overlapping):
    with pytest.warns(ConvergenceWarning, match="max_iter=1 steps; raise max_iter or tol"):
        GaussianMixtureClassifier(5, max_iter=1, tol=0.0, random_state=0).fit(*overlapping)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_components": 0}, ValueError, "n_components == 0, must be >= 1"),
        ({"n_components": 1.5}, TypeError, "n_components must be an instance of"),
        ({"max_iter": 0}, ValueError, "max_iter == 0"),
        ({"n_init": 0}, ValueError, "n_init == 0"),
        ({"tol": -1.0}, ValueError, "tol == -1"),
        ({"tol": np.nan}, ValueError, "tol must be a number, not NaN"),
        ({"n_components": True}, TypeError, "n_components must be a whole number, not True"),
        ({"priors": "flat"}, ValueError, "priors must be 'empirical', 'uniform' or an array, not 'flat'"),
        (
            {"priors": [0.5, 0.5]},
            ValueError,
            r"3 probabilities, one per class, that sum to 1, not \[0.5, 0.5\]",
        ),
        ({"priors": [0.5, 0.4, 0.2]}, ValueError, "that sum to 1"),
        ({"priors": [1.5, -0.5, 0.0]}, ValueError, "that sum to 1"),
    ],
)
def test_bad_parameters(overlapping, parameters, error, message):
    with pytest.raises(error, match=message):
        GaussianMixtureClassifier(**parameters).fit(*overlapping)
