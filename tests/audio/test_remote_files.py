"""Files that are named by a URL: the bits of the local file, on fsspec's memory and local file systems."""

import io
import sys
from pathlib import Path

import fsspec
import joblib
import numpy as np
import pandas as pd
import pytest
import signals
import soundfile
from click.testing import CliRunner

from gtzanfeat import Clip, ClipFeatures, evaluate, extract, load_audio, load_dataset
from gtzanfeat.cli import main
from gtzanfeat.datasets import check
from gtzanfeat.errors import ClipError, DatasetError, MissingClipError
from gtzanfeat.evaluation.duplicates import find_duplicates
from gtzanfeat.extraction import cache
from gtzanfeat.extraction.file_properties import measure_properties

RATE = 22050


def encoded(samples, suffix=".wav"):
    """Return the bytes of a sound file."""
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=suffix[1:].upper())
    return file.getvalue()


@pytest.fixture(scope="module")
def sounds():
    """Bytes of files by name, in several formats."""
    rng = np.random.default_rng(0)
    names = [
        f"{label}/{i}.{end}" for label in ("tone", "noise") for i, end in enumerate(("wav", "flac", "mp3"))
    ]
    return {
        name: encoded(
            signals.tone(300.0, 1.0) if name.startswith("tone") else 0.1 * rng.standard_normal(20000),
            Path(name).suffix,
        )
        for name in names
    }


@pytest.fixture(scope="module")
def folder(sounds, tmp_path_factory):
    """The files on disk."""
    root = tmp_path_factory.mktemp("music")
    for name, data in sounds.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
    return root


@pytest.fixture
def store(sounds):
    """The files in fsspec's memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name, data in sounds.items():
        memory.pipe(f"/music/{name}", data)
    yield memory
    memory.store.clear()


class Broken(io.RawIOBase):
    """A file of which no more than the first bytes arrive."""

    def __init__(self, data, arriving):
        self._file = io.BytesIO(data)
        self._arriving = arriving

    def seek(self, offset, whence=0):
        return self._file.seek(offset, whence)

    def read(self, n=-1):
        if self._file.tell() + n > self._arriving:
            raise RuntimeError("connection reset by peer")  # stores have errors of their own
        return self._file.read(n)


class BrokenSystem(fsspec.AbstractFileSystem):
    """A store whose connection breaks off."""

    protocol = "broken"
    files: dict = {}  # noqa: RUF012 - path -> bytes, and how many arrive

    def _open(self, path, mode="rb", **options):
        if path == "private.wav":
            raise PermissionError("Access Denied")
        return Broken(*self.files[path])

    def info(self, path, **options):
        return {"name": path, "size": len(self.files[path][0]), "type": "file"}


@pytest.fixture
def broken():
    """The files of a store whose connection breaks off."""
    fsspec.register_implementation("broken", BrokenSystem, clobber=True)
    BrokenSystem.files = {}
    return BrokenSystem.files


@pytest.mark.parametrize("memory", [False, True])
def test_a_url_gives_the_bits_of_the_file(sounds, folder, store, memory, tmp_path):
    local = extract([folder / name for name in sounds], "timbre19")
    for base in ("memory://music", f"file://{folder}"):
        found = extract(
            [f"{base}/{name}" for name in sounds], "timbre19", memory=tmp_path if memory else None
        )
        np.testing.assert_array_equal(found.values, local.values)
        np.testing.assert_array_equal(found.seconds, local.seconds)


def test_a_file_within_an_archive_is_decoded(sounds, folder, store):
    import zipfile

    with zipfile.ZipFile(data := io.BytesIO(), "w") as archive:
        archive.writestr("in/a.mp3", sounds["noise/2.mp3"])
    store.pipe("/all.zip", data.getvalue())
    found = load_audio("zip://in/a.mp3::memory://all.zip", RATE)
    np.testing.assert_array_equal(found, load_audio(folder / "noise/2.mp3", RATE))


def test_windows_of_one_file_are_read_side_by_side(folder, store):
    offsets = np.arange(40) / 100
    local, remote = (
        extract([Clip(file, offset=offset) for offset in offsets], "timbre19", n_jobs=4).values
        for file in (str(folder / "noise/0.wav"), "memory://music/noise/0.wav")
    )
    np.testing.assert_array_equal(remote, local)


def test_processes_open_urls_themselves(sounds, folder):
    urls = [f"file://{folder}/{name}" for name in sounds]
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = ClipFeatures("timbre19").fit_transform(urls)
    np.testing.assert_array_equal(found, ClipFeatures("timbre19").fit_transform(urls))


def test_a_truncated_file_is_flagged(sounds, store):
    store.pipe("/cut.wav", sounds["noise/0.wav"][:20000])
    assert extract(["memory://cut.wav"], "timbre19").flags == ("truncated",)


def test_the_cache_knows_a_file_by_its_content(sounds, folder, store, tmp_path, monkeypatch):
    extract([folder / "noise/0.wav"], "timbre19", memory=tmp_path)
    monkeypatch.setattr(cache.Cache, "put", lambda *_: pytest.fail("it was analysed again"))
    extract(["memory://music/noise/0.wav"], "timbre19", memory=tmp_path)
    store.pipe("/music/noise/0.wav", sounds["tone/0.wav"])  # another content under the same URL
    with pytest.raises(pytest.fail.Exception):
        extract(["memory://music/noise/0.wav"], "timbre19", memory=tmp_path)


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("memory://music/none.wav", MissingClipError, "there is no such file; check the URL"),
        ("memory://empty.wav", ClipError, "the file is empty; fetch the file again or leave it out"),
        ("memory://text.wav", ClipError, r"its header is damaged|libsndfile cannot read it"),
        ("xyz://a.wav", ClipError, r"it cannot be opened \(Protocol not known: xyz\); check the URL"),
        ("broken://private.wav", ClipError, r"it may not be read \(Access Denied\); check the credentials"),
        (
            "broken://none.wav",
            ClipError,
            r"it cannot be opened \('none.wav'\); check the URL, the credentials",
        ),
    ],
)
def test_what_cannot_be_opened_says_why(url, kind, words, store, broken):
    store.pipe({"/empty.wav": b"", "/text.wav": b"no sound at all"})
    with pytest.raises(kind, match=f"^{url}: (?:{words})") as caught:
        extract([url])
    assert type(caught.value) is kind


@pytest.mark.parametrize("name", ["noise/0.wav", "noise/1.flac", "noise/2.mp3"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6])
def test_a_connection_that_breaks_off_is_no_truncated_file(name, share, sounds, broken, tmp_path):
    broken[name] = sounds[name], int(share * len(sounds[name]))
    words = r"it cannot be read \(connection reset by peer\); try again, or copy it to this machine first"
    for memory in (None, tmp_path):
        with pytest.raises(ClipError, match=f"^broken://{name}: {words}$"):
            extract([f"broken://{name}"], "timbre19", memory=memory)


def test_an_open_file_that_fails_is_no_truncated_file(sounds):
    data = sounds["noise/0.wav"]
    with pytest.raises(ClipError, match=r"it cannot be read \(connection reset by peer\)"):
        load_audio(Broken(data, len(data) // 2))


def test_fsspec_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(
        ClipError, match=r"fsspec, which is not installed; run `pip install 'gtzanfeat\[remote\]'`"
    ):
        extract(["s3://bucket/a.wav"])


def test_a_url_that_pathlib_has_read_is_recognised():
    with pytest.raises(
        MissingClipError, match=r"^s3:/bucket/a\.wav: there is no such file; give a URL as a str"
    ):
        extract([Path("s3://bucket/a.wav")])


@pytest.fixture
def listed(sounds, store):
    """A manifest in the store, with paths relative to it and one URL."""
    names = list(sounds)
    paths = [*names[:-1], f"memory://music/{names[-1]}"]
    table = pd.DataFrame({"path": paths, "label": [name.split("/")[0] for name in names]})
    store.pipe("/music/list.csv", table.to_csv(index=False).encode())
    store.pipe("/music/list.txt", "\n".join(paths).encode())
    table.to_parquet(data := io.BytesIO())
    store.pipe("/music/list.parquet", data.getvalue())
    return "memory://music/list"


def test_a_manifest_lies_in_the_store_as_well(sounds, listed, folder):
    for suffix in (".csv", ".parquet", ".txt"):
        clips = load_dataset(listed + suffix)
        assert list(clips.paths) == [f"memory://music/{name}" for name in sounds]
        assert list(clips.recordings[:2]) == ["tone/0", "tone/1"]
    clips = load_dataset(f"{listed}.csv")
    local = load_dataset(folder)
    np.testing.assert_array_equal(
        np.sort(measure_properties(clips.clips)["level"]), np.sort(measure_properties(local.clips)["level"])
    )
    assert check(f"{listed}.csv").seconds == pytest.approx(check(folder).seconds)
    assert evaluate("knn1", clips, cv=2, repeats=1).n_used == len(sounds)


def test_copies_are_found_among_urls(sounds, store, listed):
    store.pipe("/music/tone/copy.wav", sounds["tone/0.wav"])
    paths = ["memory://music/tone/0.wav", "memory://music/tone/copy.wav", "memory://music/tone/none.wav"]
    frame = pd.DataFrame({"path": paths, "label": "tone", "recording": ["a", "b", "c"]})
    frame.to_csv(data := io.BytesIO(), index=False)
    store.pipe("/copies.csv", data.getvalue())
    found = find_duplicates(load_dataset("memory://copies.csv"))
    assert set(found.digests) == {*paths[:2]}
    assert found.unread == {paths[2]}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://music", "a folder that has a URL is not looked through; give a manifest"),
        ("memory://none.csv", "there is no such file; check the URL"),
        ("memory://none.txt", "there is no such file; check the URL"),
    ],
)
def test_a_dataset_that_is_not_there_says_so(url, words, store):
    with pytest.raises(DatasetError, match=f"^{url}: {words}"):
        load_dataset(url)


def test_the_command_line_takes_urls(listed, sounds, tmp_path):
    table = tmp_path / "table.parquet"
    for given, n_rows in (
        ([f"memory://music/{name}" for name in sounds][:2], 2),
        ([f"{listed}.csv"], len(sounds)),
    ):
        words = ["extract", *given, "--set", "timbre19", "-o", str(table), "--overwrite"]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        assert pd.read_parquet(table)["path"].str.startswith("memory://music/").sum() == n_rows
    for command in (["datasets", "check", f"{listed}.csv"], ["audit", f"{listed}.csv", "--cv", "2"]):
        assert CliRunner().invoke(main, command).exit_code == 0, command
    done = CliRunner().invoke(main, ["extract", "memory://music/none.wav", "-o", str(table), "--overwrite"])
    assert done.exit_code == 1
    assert "memory://music/none.wav: there is no such file; check the URL" in done.output
