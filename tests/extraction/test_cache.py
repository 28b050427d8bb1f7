"""No clip is analysed twice, and nothing that the cache does changes a bit."""

import ast
import os
import pickle
import threading
import warnings
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
import soundfile
from signals import RATE, tone, white_noise
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from test_layers import MODULES, imported_here, room_of

from gtzanfeat import audio
from gtzanfeat.audio import Clip
from gtzanfeat.errors import ClipError, GtzanfeatError
from gtzanfeat.extraction import cache, extract, parallel
from gtzanfeat.extraction.cache import Cache, clear, contents, prune
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.transformers import ClipFeatures

SET = "timbre19"


@pytest.fixture
def paths(tmp_path):
    """Eight clips of two kinds, all different."""
    (tmp_path / "clips").mkdir()
    found = []
    for i in range(4):
        for kind, samples in (("hiss", white_noise(0.2, random_state=i)), ("hum", tone(200 + 50 * i, 0.2))):
            found.append(str(tmp_path / "clips" / f"{kind}{i}.wav"))
            soundfile.write(found[-1], samples, RATE)
    return found


@pytest.fixture
def decoded(monkeypatch):
    """What is decoded, clip by clip, as it happens."""
    heard = []

    def blocks(clip, rate):
        heard.append(clip)
        return audio.blocks(clip, rate)

    monkeypatch.setattr(parallel, "blocks", blocks)
    return heard


def entries(location):
    return sorted(path for path in location.rglob("*") if path.is_file())


def same(one, other):
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.seconds, other.seconds)
    assert (one.flags, one.failures) == (other.flags, other.failures)


# --- once --------------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_decoded_and_no_bit_differs(paths, tmp_path, decoded):
    clips = [*paths, np.zeros(100), white_noise(0.1, random_state=9)]
    expected = extract(clips, SET)
    assert expected.flags[8] == "silent padded_512"
    decoded.clear()
    for n_jobs, n_decoded in ((2, 10), (1, 10), (2, 10)):
        same(extract(clips, SET, memory=tmp_path / "cache", n_jobs=n_jobs), expected)
        assert len(decoded) == n_decoded


def test_a_search_decodes_each_clip_once_per_feature_set(paths, tmp_path, decoded):
    """Not once per grid point and fold, and not at all the second time."""
    features = ClipFeatures(memory=tmp_path / "cache")
    grid = {
        "clipfeatures__feature_set": ["timbre19", "pitch5"],
        "kneighborsclassifier__n_neighbors": [1, 2, 3],
    }
    search = GridSearchCV(make_pipeline(features, KNeighborsClassifier()), grid, cv=GroupKFold(4))
    labels = np.array(["hiss", "hum"] * 4)
    artists = np.repeat(np.arange(4), 2)
    search.fit(paths, labels, groups=artists)
    assert len(decoded) == len(paths) * 2
    assert search.best_score_ == 1
    scores = search.cv_results_["mean_test_score"]
    search.fit(paths, labels, groups=artists)
    assert len(decoded) == len(paths) * 2
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], scores)


def test_other_processes_write_and_read_the_same(paths, tmp_path, decoded):
    with joblib.parallel_config(backend="loky", n_jobs=2):
        written = extract(paths, SET, memory=tmp_path)
    assert decoded == []  # elsewhere
    same(extract(paths, SET, memory=tmp_path), written)
    assert decoded == []


@pytest.mark.parametrize("kind", [str, Path, partial(joblib.Memory, verbose=0)])
def test_memory_is_a_place_however_it_is_given(paths, tmp_path, decoded, kind):
    memory = kind(tmp_path / "cache")
    transformer = ClipFeatures(SET, memory=memory)
    expected = transformer.fit_transform(paths)
    again = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(again.transform(paths), expected)
    assert len(decoded) == len(paths)
    assert len(contents(memory)) == 1


def test_a_joblib_memory_that_keeps_nothing_keeps_nothing(paths, decoded):
    for _ in range(2):
        extract(paths[:1], SET, memory=joblib.Memory(None))
    assert len(decoded) == 2


# --- hit or miss -------------------------------------------------------------------------------------


def test_content_is_what_counts_and_not_the_name(paths, tmp_path, decoded):
    copy = tmp_path / "copy.wav"
    copy.write_bytes(Path(paths[0]).read_bytes())
    extract(paths[:1], SET, memory=tmp_path / "cache")
    extract([copy, Clip(copy), Clip(str(copy), offset=0)], SET, memory=tmp_path / "cache")
    assert len(decoded) == 1


def test_a_changed_file_is_a_miss_even_with_its_old_size_and_time(paths, tmp_path, decoded):
    path, other = paths[0], paths[2]
    stat = os.stat(path)
    first = extract([path], SET, memory=tmp_path)
    with open(path, "r+b") as file:
        file.write(Path(other).read_bytes())
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert os.stat(path).st_size == stat.st_size
    second = extract([path], SET, memory=tmp_path)
    assert len(decoded) == 2
    assert not np.array_equal(first.values, second.values)
    same(second, extract([other], SET))


def test_every_part_of_the_request_counts(tmp_path, decoded):
    samples = white_noise(0.5, random_state=0)
    clips = [
        samples,
        samples.astype(np.float32),
        samples[:-1],
        Clip(samples, rate=44100),
        Clip(samples, offset=0.1),
        Clip(samples, duration=0.1),
        Clip(samples, offset=0.1, duration=0.1),
    ]
    for name in (SET, "pitch5"):
        same(extract(clips, name, memory=tmp_path), extract(clips, name))
    assert len(entries(tmp_path)) == 2 * len(clips)
    decoded.clear()
    extract(samples[None], SET, memory=tmp_path, rate=22050)  # said instead of implied: a miss is no harm
    extract(samples[None], SET, memory=tmp_path, rate=44100)  # the same as a Clip that says so
    assert len(decoded) == 1
    extract([samples[::2]], SET, memory=tmp_path)
    extract([np.repeat(samples, 2)[::4]], SET, memory=tmp_path)  # the same numbers, elsewhere in memory
    assert len(decoded) == 2


def names_in(module):
    """The dotted names that a module imports."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in froms for alias in node.names}


def test_other_code_is_a_miss(paths, tmp_path, decoded, monkeypatch):
    extract(paths[:1], SET, memory=tmp_path)
    assert cache.code_hash() == cache.code_hash.__wrapped__()
    monkeypatch.setattr(cache, "code_hash", lambda: "00000000")
    extract(paths[:1], SET, memory=tmp_path)
    assert len(decoded) == 2
    assert sorted(spec.current for spec in contents(tmp_path)) == [False, True]


def test_where_there_is_no_source_the_version_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "extraction" / "cache.py"))  # packed by PyInstaller
    known = cache.versions(*cache.NUMERIC_LIBRARIES)
    codes = set()
    for version in ("0.1.0", "0.2.0"):
        monkeypatch.setattr(cache, "versions", lambda *names, version=version: known | {"gtzanfeat": version})
        codes.add(cache.code_hash.__wrapped__())
    assert len(codes) == 2


def test_all_code_that_decides_numbers_counts():
    """Every room that a module which fills the cache imports, directly or not, and that of changed clips."""
    found, waiting = set(), {name for name in MODULES if "gtzanfeat.extraction.cache.Cache" in names_in(name)}
    waiting = {name for name in waiting if room_of(name) != "export"}  # it opens caches for analysers
    assert {"extraction.batches", "extraction.fingerprints", "segments.windows"} <= waiting
    waiting |= {"extraction.vectors", "extraction.frame_matrices"}  # which are given analysers that have one
    while waiting:
        found |= waiting
        waiting = {below for name in waiting for below in imported_here(MODULES[name])} - found
    assert {room_of(name) for name in found} | {"augmentation"} == cache.NUMERIC_ROOMS


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
        lambda data: data[:-200] + bytes([data[-200] ^ 128]) + data[-199:],
        lambda data: b"nonsense" * 100,
    ],
)
def test_a_broken_entry_is_a_miss_and_is_mended(paths, tmp_path, decoded, harm):
    expected = extract(paths[:1], SET, memory=tmp_path)
    (entry,) = {*entries(tmp_path)} - {*map(Path, paths)}
    whole = entry.read_bytes()
    entry.write_bytes(harm(whole))
    for n_decoded in (2, 2):
        same(extract(paths[:1], SET, memory=tmp_path), expected)
        assert len(decoded) == n_decoded
    assert entry.read_bytes() == whole


def test_an_entry_under_another_name_is_a_miss(tmp_path):
    kept = Cache.open(tmp_path, "0" * 16)
    one, other = kept.key(Clip(np.zeros(1))), kept.key(Clip(np.zeros(2)))
    kept.put(one, np.zeros(3))
    kept._path(other).parent.mkdir(exist_ok=True)
    os.replace(kept._path(one), kept._path(other))
    assert kept.get(one) is kept.get(other) is None


def test_what_fails_is_not_kept(paths, tmp_path, decoded):
    bad = tmp_path / "bad.wav"
    bad.write_text("nothing")
    clips = [str(bad), "missing.wav", str(tmp_path), paths[0], Clip(paths[0], rate=RATE), [1.0, np.nan]]
    for _ in range(2):
        with_cache = extract(clips, SET, memory=tmp_path / "cache", on_error="skip")
        assert [failure.index for failure in with_cache.failures] == [0, 1, 2, 4, 5]
        assert len(entries(tmp_path / "cache")) == 1
    same(with_cache, extract(clips, SET, on_error="skip"))
    for bad in clips[:3]:
        with pytest.raises(ClipError):
            extract([bad], SET, memory=tmp_path / "cache")


def test_the_order_in_which_clips_are_heard_is_not_seen(tmp_path):
    clips = [np.full(20 + i, i / 40) if i % 7 else np.array([np.nan]) for i in range(40)]
    for _ in range(2):
        same(extract(clips, SET, memory=tmp_path, on_error="skip"), extract(clips, SET, on_error="skip"))


def test_a_file_that_changes_while_it_is_read_is_not_kept(paths, tmp_path, monkeypatch):
    def blocks(clip, rate):
        found = list(audio.blocks(clip, rate))
        soundfile.write(clip.source, tone(300, 0.1), RATE)
        return audio.Reading(lambda _: iter(found))

    monkeypatch.setattr(parallel, "blocks", blocks)
    extract(paths[:1], SET, memory=tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_a_settled_file_is_hashed_once_per_process(paths, monkeypatch):
    kept = Cache(None)
    os.utime(paths[0], (1e9, 1e9))
    cache._read.cache_clear()
    for _ in range(3):
        kept.key(Clip(paths[0]))
        kept.key(Clip(paths[1]))  # written just now
    assert cache._read.cache_info()[:2] == (2, 1)


# --- many writers, bad places ------------------------------------------------------------------------


def test_many_writers_of_one_entry_leave_it_whole(tmp_path):
    kept = Cache.open(tmp_path, "0" * 16)
    array = np.arange(10000.0)
    wrong = []

    def work():
        for _ in range(30):
            kept.put("ab" * 20, array)
            found = kept.get("ab" * 20)
            if found is None or not np.array_equal(found[0], array):
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(entries(tmp_path)) == 1


def test_a_place_that_cannot_hold_a_cache_is_told_at_once(paths):
    with pytest.raises(
        GtzanfeatError, match=r"hiss0\.wav: it cannot hold a cache \(.*\); give another folder"
    ):
        extract(paths, SET, memory=paths[0])


def test_results_that_cannot_be_kept_are_given_all_the_same(paths, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    with pytest.warns(RuntimeWarning, match=r"results are not kept \(No space left on device\)"):
        kept = extract(paths[:1], SET, memory=tmp_path / "cache")
    assert entries(tmp_path / "cache") == []
    same(kept, extract(paths[:1], SET))


# --- housekeeping ------------------------------------------------------------------------------------


def test_contents_counts_what_is_there(paths, tmp_path):
    extract(paths, SET, memory=tmp_path / "cache")
    extract(paths[:2], "pitch5", memory=tmp_path / "cache")
    specs = {spec.spec_hash: spec for spec in contents(tmp_path / "cache")}
    assert {name: specs[FEATURE_SETS[name].spec_hash].n_entries for name in (SET, "pitch5")} == {
        SET: 8,
        "pitch5": 2,
    }
    assert sum(spec.n_bytes for spec in specs.values()) == sum(
        path.stat().st_size for path in entries(tmp_path / "cache")
    )
    assert all(spec.current for spec in specs.values())


def test_prune_takes_the_longest_unused_first(paths, tmp_path, decoded):
    for i, path in enumerate(paths):
        before = {*entries(tmp_path / "cache")} if i else set()
        extract([path], SET, memory=tmp_path / "cache")
        (entry,) = {*entries(tmp_path / "cache")} - before
        os.utime(entry, (1e9 + i, 1e9 + i))
    extract(paths[:1], SET, memory=tmp_path / "cache")  # the oldest is used again
    size = entry.stat().st_size
    assert prune(tmp_path / "cache", 8 * size) == 0
    assert prune(tmp_path / "cache", 3 * size + 1) == 5
    decoded.clear()
    extract([paths[0], *paths[6:]], SET, memory=tmp_path / "cache")
    assert decoded == []
    assert prune(tmp_path / "cache", 0) == 3
    assert [*(tmp_path / "cache" / "gtzanfeat").iterdir()] == []
    with pytest.raises(ValueError, match="max_bytes is -1; give 0 or more"):
        prune(tmp_path / "cache", -1)


def test_prune_sweeps_what_nobody_will_finish(paths, tmp_path):
    extract(paths[:1], SET, memory=tmp_path / "cache")
    (entry,) = entries(tmp_path / "cache")
    old, new = entry.with_name("old.part"), entry.with_name("new.part")
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    assert [spec.n_entries for spec in contents(tmp_path / "cache")] == [1]
    assert prune(tmp_path / "cache", 1 << 20) == 0
    assert entries(tmp_path / "cache") == sorted([entry, new])


def test_clear_leaves_what_is_not_ours(paths, tmp_path):
    location = tmp_path / "cache"
    joblib.Memory(location, verbose=0).cache(len)([1])
    others = entries(location)
    extract(paths, SET, memory=location)
    assert clear(location) == len(paths)
    assert entries(location) == others
    extract(paths[:1], SET, memory=location)  # and it can be used again


@pytest.mark.parametrize("act", [contents, clear, lambda location: prune(location, 0)])
def test_what_is_no_cache_is_left_alone(act, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    for location in (tmp_path, tmp_path / "missing", joblib.Memory(None)):
        with pytest.raises(
            GtzanfeatError, match="it holds no cache; give the folder that was given as memory"
        ):
            act(location)
    assert (tmp_path / "note.txt").exists()


def test_a_cache_that_may_only_be_read_serves(paths, tmp_path, monkeypatch, decoded):
    extract(paths[:1], SET, memory=tmp_path)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cache.os, "utime", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extract(paths[:1], SET, memory=tmp_path)
    assert len(decoded) == 1
