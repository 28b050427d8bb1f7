"""The cache: results of analyses on disk, so that no clip is analysed twice.

The key of an entry is made of what was analysed (content of the file or array, offset, duration) and of what
decides the numbers (spec hash, the code and the libraries that compute them). Nothing here decodes or
computes.

One small file per clip and specification, ``<location>/gtzanfeat/<spec hash>-<code>/<ab>/<key>``, instead of
joblib's `Memory`: joblib keys a call by its arguments, and the path of a file says nothing of its content.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import shutil
import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gtzanfeat.audio import Clip
from gtzanfeat.audio.remote_files import is_url, open_url, version_of
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.version import versions

FOLDER = "gtzanfeat"  # under the location, beside whatever else it holds, such as joblib's own cache
CHECKSUM_BYTES = 16  # before an entry's arrays
PIECE_BYTES = 1 << 20  # of a remote file, read at a time
TIME_STAMP_SECONDS = 2.0  # within which two changes of a file may bear the same time stamp
UNFINISHED_SECONDS = 3600.0  # after which a file that is still being written is removed by `prune`
NUMERIC_LIBRARIES = ("numpy", "scipy", "numba", "librosa", "soundfile", "soxr")
# rooms whose code decides the numbers that are cached
NUMERIC_ROOMS = {
    "array_backend", "array_features", "audio", "augmentation", "declarations", "errors", "extraction",
    "feature_sets", "features", "ingredients", "jit", "progress", "segments", "statistics", "version",
}  # fmt: skip


@dataclass(frozen=True)
class Cache:
    """Results of one specification (spec hash), by clip. Any number of processes may read and write at once.

    Parameters
    ----------
    folder : Path
        Where its entries are.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as location:
    ...     cache = Cache.open(location, "0123456789abcdef")
    ...     key = cache.key(Clip(np.zeros(100)))
    ...     cache.put(key, np.ones(3))
    ...     cache.get(key)
    (array([1., 1., 1.]),)
    """

    folder: Path

    @classmethod
    def open(cls, memory: Any, spec_hash: str, array_backend: str = "") -> Cache | None:
        """Return the cache of a specification; its folder is made where there is none.

        Parameters
        ----------
        memory : path, joblib.Memory or None
            Where caches are kept; a `joblib.Memory` stands for its location.
        spec_hash : str
            The hash of the specification (a feature set, say).
        array_backend : str, optional
            What computes it, if not the CPU: name and version, whose results are kept apart.

        Returns
        -------
        Cache or None
            None without a location.

        Raises
        ------
        GtzanfeatError
            If the location is not a folder and cannot be made one.
        """
        location = getattr(memory, "location", memory)
        if location is None:
            return None
        parts = [spec_hash, code_hash()]
        if array_backend:
            parts.append(hashlib.blake2b(array_backend.encode(), digest_size=4).hexdigest())
        # absolute: a worker may run in another folder
        folder = _cache_folder(location).absolute() / "-".join(parts)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise GtzanfeatError(
                f"{location}: it cannot hold a cache ({why}); give another folder"
            ) from error
        return cls(folder)

    def key(self, clip: Clip) -> str | None:
        """Return the key of a clip: a hash of its content, of window and rate, and of any change.

        Parameters
        ----------
        clip : Clip
            A file or an array.

        Returns
        -------
        str or None
            Hexadecimal digits; None for what cannot be read, of which the analysis raises the error.
        """
        try:
            window: list[Any] = [
                None if x is None else x * 1.0 for x in (clip.rate, clip.offset, clip.duration)
            ]
            if clip.change is not None:
                window.append(clip.change.key)
            if isinstance(clip.source, str | os.PathLike):
                words, content = f"file {window}", content_hash(clip.source)
            else:
                samples = np.ascontiguousarray(clip.source)
                if samples.dtype.kind not in "fiub":
                    return None
                words = f"array {samples.dtype.str} {samples.shape} {window}"
                content = hashlib.blake2b(samples.ravel().data, digest_size=20).digest()
        except (OSError, TypeError, ValueError):
            return None
        return hashlib.blake2b(words.encode() + content, digest_size=20).hexdigest()

    def get(self, key: str) -> tuple[np.ndarray, ...] | None:
        """Return the arrays of an entry.

        Returns
        -------
        tuple of ndarray, or None
            None if there is no entry, or a damaged one.
        """
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        body = memoryview(data)[CHECKSUM_BYTES:]
        if data[:CHECKSUM_BYTES] != _checksum(key, body):
            return None
        with contextlib.suppress(OSError):  # a cache that may only be read still serves
            os.utime(path)  # `prune` removes the longest unused first
        stream = io.BytesIO(body)
        arrays = []
        while stream.tell() < len(body):
            arrays.append(np.load(stream, allow_pickle=False))
        return tuple(arrays)

    def put(self, key: str, *arrays: np.ndarray) -> None:
        """Write an entry; where that fails, warn and go on, since the arrays themselves are there."""
        stream = io.BytesIO()
        for array in arrays:
            np.save(stream, array, allow_pickle=False)
        body = stream.getbuffer()
        path = self._path(key)
        part = path.with_name(f"{uuid.uuid4().hex}.part")  # of a unique name, even on a shared disk
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # `prune` removes empty folders
            with part.open("xb") as file:
                file.write(_checksum(key, body))
                file.write(body)
            os.replace(part, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            message = f"{self.folder}: results are not kept ({error.strerror or error})"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key


@functools.cache
def code_hash() -> str:
    """Return 8 hexadecimal digits that change with the code and the libraries that numbers come from."""
    digest = hashlib.blake2b(digest_size=4)
    known = versions(*NUMERIC_LIBRARIES)
    digest.update(" ".join(f"{name}={known[name]}" for name in NUMERIC_LIBRARIES).encode())
    package = Path(__file__).parents[1]
    files = sorted(package.rglob("*.py"))
    if not files:  # a program packed by PyInstaller, whose code is known by its version alone
        digest.update(known["gtzanfeat"].encode())
    for path in files:
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room in NUMERIC_ROOMS:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _checksum(key: str, body: memoryview) -> bytes:
    return hashlib.blake2b(body, key=key.encode(), digest_size=CHECKSUM_BYTES).digest()


def content_hash(path: str | os.PathLike[str]) -> bytes:
    """Return the hash of a file's bytes, read again only if its size, time stamp or inode has changed.

    Parameters
    ----------
    path : str or path
        A regular file, or a URL.

    Returns
    -------
    bytes
        20 of them, by BLAKE2b.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    if is_url(path):
        return _read_url(str(path), version_of(str(path)))
    if not os.path.isfile(path):  # a pipe or a device has no end
        raise OSError(f"{path}: it is not a regular file")
    stat = os.stat(path)
    state = (os.path.abspath(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    # a file written just now may change again without a new time stamp
    settled = time.time() - stat.st_mtime > TIME_STAMP_SECONDS
    return _read(*state) if settled else _read.__wrapped__(*state)


@functools.lru_cache(maxsize=1 << 16)
def _read(path: str, size: int, mtime_ns: int, inode: int) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).digest()


@functools.lru_cache(maxsize=1 << 16)
def _read_url(url: str, version: str) -> bytes:
    digest = hashlib.blake2b(digest_size=20)
    try:
        with open_url(url) as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
    except Exception as error:  # each store has errors of its own; the analysis meets it again, and says so
        raise OSError(f"{url}: it cannot be read") from error
    return digest.digest()


# --- size and removal -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CachedSpec:
    """What a cache holds of one specification.

    Parameters
    ----------
    spec_hash : str
        The hash of the specification.
    current : bool
        Whether this version of the package would use them.
    n_entries : int
        Number of clips.
    n_bytes : int
        Their size on disk.
    """

    spec_hash: str
    current: bool
    n_entries: int
    n_bytes: int


def contents(location: Any) -> list[CachedSpec]:
    """Return what a cache holds.

    Parameters
    ----------
    location : path or joblib.Memory
        What was given as ``memory=``.

    Returns
    -------
    list of CachedSpec
        One for each specification.

    Raises
    ------
    GtzanfeatError
        If there is no cache.
    """
    summaries = []
    for folder in sorted(path for path in _existing(location).iterdir() if path.is_dir()):
        spec_hash, code, *_ = [*folder.name.split("-"), ""]
        sizes = [stat.st_size for _, stat in _files(folder)]
        summaries.append(CachedSpec(spec_hash, code == code_hash(), len(sizes), sum(sizes)))
    return summaries


def prune(location: Any, max_bytes: int) -> int:
    """Remove entries, those unused for longest first, until a cache is small enough.

    Parameters
    ----------
    location : path or joblib.Memory
        What was given as ``memory=``.
    max_bytes : int
        Size on disk that may stay.

    Returns
    -------
    int
        How many entries were removed.

    Raises
    ------
    GtzanfeatError
        If there is no cache.
    """
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}; give 0 or more")
    folder = _existing(location)
    for part in folder.rglob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > UNFINISHED_SECONDS:
                part.unlink()
    files = sorted(_files(folder), key=lambda file: file[1].st_mtime_ns)
    excess = sum(stat.st_size for _, stat in files) - max_bytes
    n_removed = 0
    for path, stat in files:
        if excess <= 0:
            break
        path.unlink(missing_ok=True)
        excess -= stat.st_size
        n_removed += 1
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):  # not empty
            inner.rmdir()
    return n_removed


def clear(location: Any) -> int:
    """Remove all entries, and nothing else that the location holds.

    Parameters
    ----------
    location : path or joblib.Memory
        What was given as ``memory=``.

    Returns
    -------
    int
        How many entries were removed.

    Raises
    ------
    GtzanfeatError
        If there is no cache.
    """
    folder = _existing(location)
    n_entries = sum(1 for _ in _files(folder))
    shutil.rmtree(folder)
    return n_entries


def _cache_folder(location: Any) -> Path:
    return Path(location) / FOLDER


def _existing(location: Any) -> Path:
    location = getattr(location, "location", location)
    if location is None or not _cache_folder(location).is_dir():
        raise GtzanfeatError(f"{location}: it holds no cache; give the folder that was given as memory")
    return _cache_folder(location)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Entries under a folder; another process may remove some meanwhile."""
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.suffix != ".part":
                yield path, path.stat()
