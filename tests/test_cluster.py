"""Work that joblib hands to other processes: the same bits as in one, on dask, ray and joblib's own backends.

The cluster of dask is real, of two worker processes that are reached over the loopback interface. Ray is too
large for the tests of every day, and is asked where it is installed.
"""

import importlib.util
import os
import pickle
import re
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
import signals
import soundfile
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gtzanfeat import (
    ClipFeatures,
    CodebookHistogram,
    Deltas,
    FrameFeatures,
    GroupedSearch,
    evaluate,
    extract,
    load_dataset,
)
from gtzanfeat.audio import Clip
from gtzanfeat.datasets import check
from gtzanfeat.errors import MissingClipError
from gtzanfeat.extraction.file_properties import measure_properties
from gtzanfeat.extraction.fingerprints import fingerprints
from gtzanfeat.extraction.parallel import CLIPS_PER_TASK
from gtzanfeat.segments.windows import measure_segments, segment_spec


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Two classes of twelve short files each: more than one task, and the last one not full."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for i in range(24):
        label = ("tone", "noise")[i % 2]
        sound = signals.tone(220.0 + 20 * i, 0.5) if label == "tone" else 0.1 * rng.standard_normal(9000)
        (folder / label).mkdir(exist_ok=True)
        soundfile.write(
            folder / label / f"{i:02d}.wav", sound + 0.01 * rng.standard_normal(len(sound)), 22050
        )
    return load_dataset(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two worker processes of dask, on this machine alone, and the client that joblib takes."""
    distributed = pytest.importorskip("distributed", reason="dask is missing: pip install '.[dask]'")
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    here = {
        "host": "127.0.0.1",
        "dashboard_address": "127.0.0.1:0",
        "local_directory": tmp_path_factory.mktemp("dask"),
    }
    with distributed.LocalCluster(**how, **here) as workers, distributed.Client(workers):
        yield workers


@pytest.fixture
def on_dask(cluster):
    """Whatever joblib runs is run by the cluster."""
    with joblib.parallel_config(backend="dask"):
        yield


@pytest.fixture(scope="module")
def alone(clips, tmp_path_factory):
    """What one process computes, without joblib's backends."""
    return {name: compute(clips, tmp_path_factory.mktemp("alone")) for name, compute in WORK.items()}


def kept_frames(clips, folder):
    return FrameFeatures("mfcc", memory=folder).fit_transform(clips.clips)


def folds(clips, folder, **how):
    return evaluate("knn3", clips, feature_set="timbre19", cv=3, repeats=2, random_state=0, **how).predictions


def grid_search(clips, folder):
    pipeline = make_pipeline(ClipFeatures("timbre19", memory=folder), StandardScaler(), SVC())
    search = GridSearchCV(pipeline, {"svc__C": [0.01, 1.0]}, cv=StratifiedKFold(3))
    return search.fit(clips.clips, clips.labels).cv_results_["mean_test_score"]


def grouped_search(clips, folder):
    search = GroupedSearch("svm", {"classify__C": [0.01, 1.0]}, cv=3, random_state=0)
    values = extract(clips.clips, "timbre19").values
    return search.fit(values, clips.labels).cv_results_["mean_test_score"]


def codebook(clips, folder):
    frames = Deltas().fit_transform(kept_frames(clips, folder))
    return CodebookHistogram(8, tf_idf=True, random_state=0).fit_transform(frames)


# what is asked of every backend -> numbers, given the clips and a folder that all processes see
WORK = {
    "vectors": lambda clips, folder: extract(clips.clips, "timbre19").values,
    "frames": lambda clips, folder: np.concatenate(list(FrameFeatures("mfcc").fit_transform(clips.clips))),
    "frames that are kept": lambda clips, folder: np.concatenate(list(kept_frames(clips, folder))),
    "codebook": codebook,
    "segments": lambda clips, folder: np.concatenate(
        list(measure_segments(clips.clips, segment_spec("timbre19", 0.2)).matrices)
    ),
    "fingerprints": lambda clips, folder: np.concatenate(fingerprints(clips.clips)[0]),
    "properties": lambda clips, folder: measure_properties(clips.clips)["level"],
    "lengths": lambda clips, folder: check(os.path.commonpath(list(clips.paths))).seconds,
    "folds": lambda clips, folder: folds(clips, folder).to_numpy(),
    "grid search": grid_search,
    "grouped search": grouped_search,
}


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # that of Python 3.12
@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("loky", "codebook"),
        ("loky", "folds"),
        ("multiprocessing", "lengths"),
        ("multiprocessing", "folds"),
        ("threading", "codebook"),
        ("threading", "folds"),
    ],
)
def test_the_backends_of_joblib_give_the_same_bits(backend, name, clips, alone, tmp_path):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        np.testing.assert_array_equal(WORK[name](clips, tmp_path), alone[name])


@pytest.mark.parametrize("name", WORK)
def test_dask_gives_the_same_bits(name, clips, alone, tmp_path, on_dask):
    np.testing.assert_array_equal(WORK[name](clips, tmp_path), alone[name])


def test_an_error_comes_back_from_a_worker_as_it_was_raised(clips, on_dask):
    with pytest.raises(MissingClipError, match=r"^none\.wav: there is no such file; check the path$"):
        extract([*clips.clips, "none.wav"], "timbre19")
    assert extract([*clips.clips, "none.wav"], "timbre19", on_error="skip").failures[0].index == len(clips)


def test_the_work_of_a_worker_that_is_killed_is_done_by_another(clips, cluster, on_dask):
    many = [Clip(path, offset=0.01 * i) for i in range(10) for path in clips.paths]
    pid = next(iter(cluster.workers.values())).process.pid
    done = []

    def kill_one(n_done):
        done.append(n_done)
        if len(done) == 1:
            os.kill(pid, signal.SIGKILL)

    values = extract(many, "timbre19", progress=kill_one).values
    assert done[0] == CLIPS_PER_TASK
    assert sum(done) == len(many)
    events = [event["action"] for _, event in cluster.scheduler.get_events("all")]
    assert events.count("remove-worker") == 1  # before the end: its tasks had to be given to the other
    with joblib.parallel_config(backend="threading", n_jobs=1):
        np.testing.assert_array_equal(values, extract(many, "timbre19").values)


def test_frames_that_are_kept_travel_as_paths(clips, tmp_path):
    frames = Deltas().fit_transform(kept_frames(clips, tmp_path))
    part = frames.part(slice(8, 10))
    np.testing.assert_array_equal(part[1], frames[9])
    whole, some = (len(pickle.dumps(frames.part(slice(n)))) for n in (24, 8))
    path = len(clips.paths[0])
    assert 16 * path < whole - some < 32 * path
    assert FrameFeatures("mfcc").fit_transform(clips.clips).part([0]) is None


@pytest.fixture(scope="module")
def ray_workers():
    """Ray on this machine alone, with two processors."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is missing: pip install '.[ray]'")
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield
    ray.shutdown()


@pytest.fixture
def on_ray(ray_workers):
    """Whatever joblib runs is run by two worker processes of ray, which are started for every call."""
    with joblib.parallel_config(backend="ray", n_jobs=2):
        yield


def test_ray_gives_the_same_bits(clips, alone, tmp_path, on_ray):
    np.testing.assert_array_equal(WORK["folds"](clips, tmp_path), alone["folds"])


def test_the_guide_shows_how_ray_is_made_known(clips, on_ray):
    guide = (Path(__file__).parents[1] / "docs" / "guide" / "cluster.md").read_text(encoding="utf-8")
    (shown,) = (block for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "ray" in block)
    names = {"joblib": joblib, "extract": extract, "clips": clips}
    exec(shown, names)
    assert names["features"].ok.all()
