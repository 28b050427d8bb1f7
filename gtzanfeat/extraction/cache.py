"""What has been heard before: results of analyses on disk, so that no clip is listened to twice.

An entry is found by what was analysed (content of the file or array, offset, duration) and by what decides
the numbers (spec hash, the code and the libraries that compute them). Nothing here decodes or computes.

One small file per clip and specification, ``<location>/gtzanfeat/<spec hash>-<code>/<ab>/<key>``, instead of
joblib's store: joblib keys a call by its arguments, and the path of a file says nothing of its content.
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from gtzanfeat.audio import Clip
from gtzanfeat.errors import GtzanfeatError

FOLDER = "gtzanfeat"  # under the location, beside whatever else it holds, such as joblib's own store
SEAL = 16  # bytes before an entry's arrays that prove them whole
SETTLED = 2.0  # seconds after which a file's time stamp is sure to show another change
ABANDONED = 3600.0  # seconds after which an unfinished file is taken for one that nobody will finish
# numbers come from these ...
_LIBRARIES = ("numpy", "scipy", "numba", "librosa", "soundfile", "soxr")
# ... and from all of this package but these; a new room counts until it is named here, which costs
# at most a miss
_NOT_NUMERIC = {
    "__init__", "__main__", "classifiers", "cli", "codebooks", "datasets", "evaluation", "export",
    "inspection", "model_selection", "recipes", "report", "transformers",
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
    def open(cls, memory: Any, spec_hash: str) -> Cache | None:
        """Find, or make, the cache of a specification.

        Parameters
        ----------
        memory : path, joblib.Memory or None
            Where caches are kept; a `joblib.Memory` stands for its location.
        spec_hash : str
            The hash of the specification (a feature set, say).

        Returns
        -------
        Cache or None
            None if there is no place to keep anything.

        Raises
        ------
        GtzanfeatError
            If the place is not a folder and cannot be made one.
        """
        location = getattr(memory, "location", memory)
        if location is None:
            return None
        folder = _store(location) / f"{spec_hash}-{code_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise GtzanfeatError(
                f"{location}: it cannot hold a cache ({why}); give another folder"
            ) from error
        return cls(folder)

    def key(self, clip: Clip) -> str | None:
        """What a clip is known by: its content, the window and rate asked for, and any change.

        Parameters
        ----------
        clip : Clip
            A file or an array.

        Returns
        -------
        str or None
            Hexadecimal digits; None for what cannot be read, which is for the analysis to say.
        """
        try:
            window: list[Any] = [
                None if x is None else float(x) for x in (clip.rate, clip.offset, clip.duration)
            ]
            if clip.change is not None:
                window.append(clip.change.key)
            if isinstance(clip.source, str | os.PathLike):
                words, content = f"file {window}", _content(clip.source)
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
        """Fetch an entry.

        Returns
        -------
        tuple of ndarray, or None
            What was put there; None if there is nothing, or nothing whole.
        """
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        body = memoryview(data)[SEAL:]
        if data[:SEAL] != _seal(key, body):
            return None
        with contextlib.suppress(OSError):  # a cache that may only be read still serves
            os.utime(path)  # used now: `prune` takes the longest unused first
        stream = io.BytesIO(body)
        arrays = []
        while stream.tell() < len(body):
            arrays.append(np.load(stream, allow_pickle=False))
        return tuple(arrays)

    def put(self, key: str, *arrays: np.ndarray) -> None:
        """Keep an entry; where that fails, warn and go on, since the numbers themselves are there."""
        stream = io.BytesIO()
        for array in arrays:
            np.save(stream, array, allow_pickle=False)
        body = stream.getbuffer()
        path = self._path(key)
        part = path.with_name(f"{uuid.uuid4().hex}.part")  # nobody else's, even on a shared disk
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # who prunes removes empty folders
            with part.open("xb") as file:
                file.write(_seal(key, body))
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
    """8 hexadecimal digits that change with the code and the libraries that numbers come from."""
    digest = hashlib.blake2b(digest_size=4)
    digest.update(" ".join(f"{name}={version(name)}" for name in _LIBRARIES).encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room not in _NOT_NUMERIC:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _seal(key: str, body: memoryview) -> bytes:
    return hashlib.blake2b(body, key=key.encode(), digest_size=SEAL).digest()


def _content(path: str | os.PathLike[str]) -> bytes:
    """Hash of a file's bytes, read again only if the file looks touched."""
    stat = os.stat(path)
    look = (os.path.abspath(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    # a file written just now may change again without a new time stamp
    settled = time.time() - stat.st_mtime > SETTLED
    return _read(*look) if settled else _read.__wrapped__(*look)


@functools.lru_cache(maxsize=1 << 16)
def _read(path: str, size: int, mtime_ns: int, inode: int) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).digest()


# --- housekeeping -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CacheEntry:
    """Entries of one specification in a cache.

    Parameters
    ----------
    spec_hash : str
        The hash of the specification.
    current : bool
        Whether this version of the package would use them.
    n_entries : int
        How many clips.
    n_bytes : int
        Their size on disk.
    """

    spec_hash: str
    current: bool
    n_entries: int
    n_bytes: int


def contents(location: Any) -> list[CacheEntry]:
    """Say what a cache holds.

    Parameters
    ----------
    location : path or joblib.Memory
        What was given as ``memory=``.

    Returns
    -------
    list of CacheEntry
        One for each specification.

    Raises
    ------
    GtzanfeatError
        If there is no cache.
    """
    shelves = []
    for folder in sorted(path for path in _existing(location).iterdir() if path.is_dir()):
        spec_hash, _, code = folder.name.partition("-")
        sizes = [stat.st_size for _, stat in _files(folder)]
        shelves.append(CacheEntry(spec_hash, code == code_hash(), len(sizes), sum(sizes)))
    return shelves


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
    store = _existing(location)
    for part in store.rglob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > ABANDONED:
                part.unlink()
    files = sorted(_files(store), key=lambda file: file[1].st_mtime_ns)
    excess = sum(stat.st_size for _, stat in files) - max_bytes
    n_removed = 0
    for path, stat in files:
        if excess <= 0:
            break
        path.unlink(missing_ok=True)
        excess -= stat.st_size
        n_removed += 1
    for folder in sorted((path for path in store.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()
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
    store = _existing(location)
    n_entries = sum(1 for _ in _files(store))
    shutil.rmtree(store)
    return n_entries


def _store(location: Any) -> Path:
    return Path(location) / FOLDER


def _existing(location: Any) -> Path:
    location = getattr(location, "location", location)
    if location is None or not _store(location).is_dir():
        raise GtzanfeatError(f"{location}: it holds no cache; give the folder that was given as memory")
    return _store(location)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Entries under a folder; some may go while one looks."""
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.suffix != ".part":
                yield path, path.stat()
