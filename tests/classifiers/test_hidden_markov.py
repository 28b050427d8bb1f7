import logging
import sys

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.classifiers import HiddenMarkovClassifier
from gtzanfeat.errors import ClipError, GtzanfeatError
from gtzanfeat.extraction.frame_sequence import Frames


@parametrize_with_checks([HiddenMarkovClassifier(random_state=0)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_number_of_scikit_learn_checks():
    # 55 run with scikit-learn 1.9
    assert len(list(estimator_checks_generator(HiddenMarkovClassifier()))) >= 50


def chain(rng, stay, n_frames):
    """Frames of a hidden chain of two states, at -2 and 2, that stays as it is with probability `stay`."""
    states = np.cumsum(rng.random(n_frames) > stay) % 2
    return (4.0 * states - 2.0 + rng.standard_normal(n_frames))[:, None]


@pytest.fixture
def chains(rng):
    """Clips that differ in nothing but how long a state lasts."""
    clips = [chain(rng, stay, 300) for stay in (0.95, 0.2) for _ in range(12)]
    return clips, np.repeat(["slow", "fast"], 12)


def test_it_hears_the_order_of_frames(chains):
    clips, labels = chains
    model = HiddenMarkovClassifier(2, random_state=0).fit(clips[::2], labels[::2])
    assert (model.predict(clips[1::2]) == labels[1::2]).all()
    (fast, slow) = model.models_
    assert model.classes_.tolist() == ["fast", "slow"]
    # 1800 frames: a standard deviation of 0.005 and 0.01
    np.testing.assert_allclose(slow.transmat_.diagonal(), 0.95, atol=0.03)
    np.testing.assert_allclose(fast.transmat_.diagonal(), 0.2, atol=0.06)
    means = np.sort(slow.means_[:, 0]) * model.scale_ + model.mean_
    np.testing.assert_allclose(means, [-2, 2], atol=0.15)


def test_the_number_that_decides_is_the_likelihood_of_the_chain(chains):
    clips, labels = chains
    model = HiddenMarkovClassifier(2, random_state=0).fit(clips, labels)
    clip = clips[3]
    expected = []
    for hmm, prior in zip(model.models_, model.class_prior_, strict=True):
        frames = (clip - model.mean_) / model.scale_
        deviations = np.sqrt(hmm.covars_[:, 0, 0])
        densities = norm.pdf(frames, hmm.means_[:, 0], deviations)
        total, forward = 0.0, hmm.startprob_ * densities[0]  # the forward algorithm, scaled at each step
        for density in densities[1:]:
            total += np.log(forward.sum())
            forward = forward / forward.sum() @ hmm.transmat_ * density
        expected.append(total + np.log(forward.sum()) + np.log(prior))
    np.testing.assert_allclose(model.predict_joint_log_proba([clip])[0], expected, rtol=1e-9)
    log_proba = model.predict_log_proba(clips)
    np.testing.assert_allclose(np.exp(log_proba).sum(axis=1), 1.0)
    np.testing.assert_allclose(model.predict_proba(clips), np.exp(log_proba))


def test_one_state_is_one_gaussian(rng):
    clips = [rng.normal(centre, 1.0, (50, 2)) for centre in (0.0, 0.0, 5.0, 5.0)]
    model = HiddenMarkovClassifier(1).fit(clips, ["low", "low", "high", "high"])
    high = model.models_[0]
    frames = (np.concatenate(clips[2:]) - model.mean_) / model.scale_
    np.testing.assert_allclose(high.means_[0], frames.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(np.diag(high.covars_[0]), frames.var(axis=0), rtol=0.02)  # with its prior
    assert model.predict(clips).tolist() == ["low", "low", "high", "high"]


def test_clips_without_frames_and_classes_without_frames(chains):
    clips, labels = chains
    nothing = np.empty((0, 1))
    model = HiddenMarkovClassifier(2, random_state=0).fit([*clips, nothing, []], [*labels, "empty", "slow"])
    assert model.predict([nothing, []]).tolist() == ["slow", "slow"]  # the commonest
    assert (model.predict(clips) != "empty").all()
    assert np.isfinite(model.predict_proba([*clips, nothing])).all()


def test_same_seed_same_bits_and_frames_may_come_lazily(chains):
    clips, labels = chains
    first = HiddenMarkovClassifier(3, random_state=1).fit(clips, labels)
    again = clone(first).fit(Frames(clips.__getitem__, range(len(clips))), labels)
    np.testing.assert_array_equal(first.predict_joint_log_proba(clips), again.predict_joint_log_proba(clips))


def test_nothing_is_printed_and_the_logger_is_left_as_it_was(chains, capfd):
    clips, labels = chains
    logger = logging.getLogger("hmmlearn")
    level = logger.level
    HiddenMarkovClassifier(3, random_state=1).fit([clip[:3] for clip in clips], labels)
    assert capfd.readouterr() == ("", "")
    assert logger.level == level


def test_what_is_wrong_is_said(chains, monkeypatch):
    clips, labels = chains
    with pytest.raises(ClipError, match="clip 1: its frames have 2 columns, not 1"):
        HiddenMarkovClassifier().fit([clips[0], np.ones((3, 2))], [0, 1])
    with pytest.raises(ClipError, match="clip 1: its frames hold NaN"):
        HiddenMarkovClassifier().fit([clips[0], np.full((3, 1), np.nan)], [0, 1])
    with pytest.raises(ClipError, match="no clip has a frame"):
        HiddenMarkovClassifier().fit(Frames([[], []].__getitem__, range(2)), [0, 1])
    with pytest.raises(ValueError, match="n_states == 0, must be >= 1"):
        HiddenMarkovClassifier(0).fit(clips, labels)
    monkeypatch.setitem(sys.modules, "hmmlearn.hmm", None)
    with pytest.raises(GtzanfeatError, match=r"need hmmlearn; pip install 'gtzanfeat\[hmm\]'"):
        HiddenMarkovClassifier().fit(clips, labels)
