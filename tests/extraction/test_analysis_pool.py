"""The pool of analyses: used again for the same features, by one thread at a time, never after a fault."""

import threading

import numpy as np
import pytest

from gtzanfeat.extraction import analysis_pool as room
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis_pool import idle_analysis, keep_one
from gtzanfeat.feature_sets import FEATURE_SETS

ZCR = [request for request in FEATURE_SETS["timbre19"].requests if request.feature == "zcr"]
MFCC = FEATURE_SETS["mfcc"].requests


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    monkeypatch.setattr(room, "_idle", {})


def used(requests, rate=22050):
    with idle_analysis(requests, rate) as analysis:
        analysis.push(np.ones(1000, dtype=np.float32))
        analysis.finish()
    return analysis


def test_an_analysis_is_used_again_for_the_same_features_at_the_same_rate():
    first = used(ZCR)
    assert first.n_samples == 0  # it has let go of the clip
    assert used(list(ZCR)) is first
    assert used(ZCR, 16000) is not first
    assert used(MFCC) is not first
    assert len(room._idle) == 1  # of the kind that was used last
    assert used(ZCR) is not first


def test_whoever_comes_while_it_is_in_use_gets_another():
    with idle_analysis(ZCR, 22050) as one, idle_analysis(ZCR, 22050) as other:
        assert one is not other
    keep_one()
    assert [len(kept) for kept in room._idle.values()] == [1]


def test_one_whose_clip_has_failed_is_not_used_again():
    kept = used(ZCR)
    with pytest.raises(ZeroDivisionError), idle_analysis(ZCR, 22050):
        raise ZeroDivisionError
    assert used(ZCR) is not kept


def test_threads_of_two_feature_sets_get_their_own(rng):
    clips = list(rng.uniform(-0.5, 0.5, (12, 4000)).astype(np.float32))
    expected = {name: extract(clips, name).values for name in ("timbre19", "mfcc")}
    found = {}

    def work(i, name):
        found[i, name] = extract(clips, name, n_jobs=2).values

    threads = [threading.Thread(target=work, args=(i, name)) for i in range(3) for name in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (_, name), values in found.items():
        np.testing.assert_array_equal(values, expected[name])
    assert sum(map(len, room._idle.values())) <= 1
