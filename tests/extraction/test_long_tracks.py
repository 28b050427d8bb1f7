"""Tracks of long clips lie in a temporary file: the same numbers, in little memory, and nothing is left."""

import errno
import io
import os
import pickle
import tempfile
import tracemalloc

import numpy as np
import pytest

from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import extract, long_tracks
from gtzanfeat.extraction.long_tracks import LongTrack, RowCollector, TrackFile, TrackFileError
from gtzanfeat.features import FEATURES
from gtzanfeat.statistics import tracks


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of temporary files, of this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def long_track(rows, step, file=None):
    track = LongTrack(rows.shape[1], file or TrackFile())
    for start in range(0, len(rows), step):
        track.append(rows[start : start + step])
    return track


@pytest.mark.parametrize("step", [1, 7, 50])
def test_a_long_track_is_indexed_like_an_array(step, rng):
    rows = rng.standard_normal((50, 6)).astype(np.float32)
    track = long_track(rows, step)
    assert (len(track), track.shape, track.dtype) == (50, (50, 6), rows.dtype)
    for key in (slice(None), slice(3, 21), slice(-9, None), slice(30, 99), slice(9, 4)):
        np.testing.assert_array_equal(track[key], rows[key])
        for columns in (0, -1, slice(2, 5), [4, 1], np.array([5]), []):
            np.testing.assert_array_equal(track[key, columns], rows[key, columns])
    np.testing.assert_array_equal(np.asarray(track), rows)
    assert np.asarray(track, dtype=np.float64).dtype == np.float64
    with pytest.raises(IndexError, match="have a step"):
        track[::2]
    with pytest.raises(ValueError, match="no array of it without a copy"):
        np.array(track, copy=False)


def test_tracks_share_a_file(rng):
    file = TrackFile()
    one, other = rng.standard_normal((2, 30, 4)).astype(np.float32)
    tracks = [LongTrack(4, file), LongTrack(4, file)]
    for start in range(0, 30, 5):
        for track, rows in zip(tracks, (one, other), strict=True):
            track.append(rows[start : start + 5])
    np.testing.assert_array_equal(tracks[0][:], one)
    np.testing.assert_array_equal(tracks[1][:], other)


def test_few_rows_are_an_array_and_many_are_not(rng, monkeypatch):
    monkeypatch.setattr(long_tracks, "HELD_CELLS", 100)
    rows = rng.standard_normal((100, 3)).astype(np.float32)
    for n, kind in ((0, np.ndarray), (33, np.ndarray), (34, LongTrack), (100, LongTrack)):
        collector = RowCollector(TrackFile())
        for start in range(0, n + 10, 10):  # at the end, none
            collector.add(rows[start : min(start + 10, n)])
        for _ in range(2):  # several features may ask
            assert isinstance(collector.rows(), kind)
            np.testing.assert_array_equal(collector.rows()[:], rows[:n])


def test_memory_does_not_grow_with_the_rows():
    collector = RowCollector(TrackFile())
    rows = np.zeros((1000, 100), dtype=np.float32)
    tracemalloc.start()
    for _ in range(50):  # 20 MB
        collector.add(rows.copy())
    collector.rows()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


WIDE = ("cent_spectrum", "mel128", "chroma_at_tunings")


def readers():
    """Return the features that are computed from a wide track, with its name."""
    sources = {name: getattr(row, "of", None) or row.needs[0] for name, row in FEATURES.items()}
    return {name: (FEATURES[name], of) for name, of in sources.items() if of in WIDE}


@pytest.mark.parametrize("name", readers())
def test_a_wide_track_is_not_read_as_a_whole(name, rng, monkeypatch):
    """And gives the numbers that it gives as an array."""
    monkeypatch.setattr(tracks, "ROWS", 512)
    row, of = readers()[name]
    rows = rng.uniform(-60, 0, (6000, len(FEATURES[of].columns))).astype(np.float32)
    peaks = np.array([[440.0, 1.0]], dtype=np.float32)

    def computed(track):
        if hasattr(row, "compute"):
            return row.compute(track, len(rows), {"frame_rate": 22050 / 512})
        return row.kernel(track, peaks, 2048, 22050) if of == "chroma_at_tunings" else row.kernel(track)

    expected = computed(rows)
    sizes = []

    class Watched(LongTrack):
        def __getitem__(self, key):
            part = super().__getitem__(key)
            sizes.append(part.size)
            return part

    track = Watched(rows.shape[1], TrackFile())
    track.append(rows)
    # a mean over blocks of 512 rows is rounded otherwise than over 8192, which are numpy's own pieces
    np.testing.assert_allclose(computed(track), expected, rtol=1e-12)
    assert max(sizes) < rows.size / 2


def test_a_file_has_no_name_and_is_closed_with_its_tracks(folder, rng):
    track = long_track(rng.standard_normal((50, 6)).astype(np.float32), 50)
    assert not list(folder.iterdir())
    file = track._file._file
    assert not file.closed
    del track
    assert file.closed


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch):
    monkeypatch.setattr(long_tracks, "HELD_CELLS", 100)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FullDisk())


NO_ROOM = (
    f"its tracks cannot be written to a temporary file ({os.strerror(errno.ENOSPC)}); "
    "set TMPDIR to a folder with room for them"
)


def test_a_full_disk_is_one_sentence(full_disk):
    with pytest.raises(TrackFileError) as caught:
        long_track(np.zeros((9, 9), dtype=np.float32), 9)
    assert str(caught.value) == NO_ROOM
    assert str(pickle.loads(pickle.dumps(caught.value))) == NO_ROOM


def test_a_clip_that_finds_no_room_fails_alone(full_disk):
    clips = [np.zeros(22050), np.zeros(1000)]
    with pytest.raises(ClipError) as caught:
        extract(clips, "mfcc")
    assert str(caught.value) == f"clip 0: {NO_ROOM}"
    done = extract(clips, "mfcc", on_error="skip")
    assert [(failure.index, failure.reason) for failure in done.failures] == [(0, NO_ROOM)]
    assert done.ok.tolist() == [False, True]
