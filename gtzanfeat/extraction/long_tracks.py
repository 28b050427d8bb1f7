"""Tracks of clips of any length: in memory while they are short, in a temporary file once they are long.

Rows come in block by block. The file lies in the folder that `tempfile` chooses, which ``TMPDIR`` names, and
has no name there: it is gone with the process, however that ends.
"""

from __future__ import annotations

import tempfile
import weakref
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.errors import GtzanfeatError

HELD_CELLS = 1 << 18  # of a track in memory, 1 MB: 30 s of any track of a feature set, and not much more


class TrackFileError(GtzanfeatError, OSError):
    """A temporary file cannot be written.

    Parameters
    ----------
    reason : str
        Why not.
    remedy : str
        What the user can do.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process."""
        return type(self), (self.reason, self.remedy)

    __str__ = Exception.__str__  # OSError would print its arguments as errno and name


class TrackFile:
    """A temporary file of arrays, which is made when the first of them is written."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = 0

    def write(self, array: NDArray[Any]) -> int:
        """Append an array, and return the place of its first byte.

        Parameters
        ----------
        array : ndarray
            In C order, and not empty.

        Returns
        -------
        int
            What `read` takes.

        Raises
        ------
        TrackFileError
            If there is no room for it.
        """
        place = self._end
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="gtzanfeat-", buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            rest = array.data.cast("B")
            self._file.seek(place)
            while rest:  # a disk that is all but full takes a part of it
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            reason = f"its tracks cannot be written to a temporary file ({error.strerror or error})"
            raise TrackFileError(reason, "set TMPDIR to a folder with room for them") from error
        self._end += array.nbytes
        return place

    def read(self, place: int, out: NDArray[Any]) -> None:
        """Fill an array with what was written at this place.

        Parameters
        ----------
        place : int
            From `write`, or further on.
        out : ndarray
            In C order, and not empty.

        Raises
        ------
        ValueError
            If so much has not been written.
        """
        if self._file is None:
            raise ValueError("nothing has been written")
        rest = out.data.cast("B")
        self._file.seek(place)
        while rest:
            n = self._file.readinto(rest)  # type: ignore[attr-defined]
            if not n:
                raise ValueError(f"the file ends before {place + out.nbytes} bytes")
            rest = rest[n:]


class LongTrack:
    """A track, float32 (n_rows, n_columns), whose rows lie in a file, and which is indexed like an array.

    ``track[start:stop]`` and ``track[start:stop, columns]`` read these rows, of all or of some columns (a
    number, a slice or a list), into a new array; ``numpy.asarray(track)`` reads all.

    Parameters
    ----------
    n_columns : int
        Numbers in a row.
    file : TrackFile
        Where rows are kept; several tracks can share it.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, n_columns: int, file: TrackFile) -> None:
        self._n_columns = n_columns
        self._file = file
        self._starts = [0]  # first row of each part, and of the next
        self._places: list[int] = []  # of each part in the file, where its columns lie one after another

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and of columns."""
        return self._starts[-1], self._n_columns

    def __len__(self) -> int:
        return self._starts[-1]

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows at the end.

        Parameters
        ----------
        rows : ndarray of shape (n, n_columns)
            At least one.
        """
        self._places.append(self._file.write(np.ascontiguousarray(rows.T)))
        self._starts.append(self._starts[-1] + len(rows))

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise IndexError(f"rows {rows} of a long track have a step; take start:stop of them")
        wanted = np.arange(self._n_columns)[columns]
        out = np.empty((max(stop - start, 0), *wanted.shape), dtype=self.dtype)
        if not out.size:
            return out
        first = int(wanted.min())
        n_read = int(wanted.max()) + 1 - first
        for place, begin, end in zip(self._places, self._starts[:-1], self._starts[1:], strict=True):
            low, high = max(start, begin), min(stop, end)
            if low < high:
                part = np.empty((n_read, end - begin), dtype=self.dtype)
                self._file.read(place + first * (end - begin) * self.dtype.itemsize, part)
                out[low - start : high - start] = part[wanted - first, low - begin : high - begin].T
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a long track lies in a file: there is no array of it without a copy")
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)


class RowCollector:
    """Rows of one clip as they come: an array of them at the end, or a `LongTrack` if they are many.

    Parameters
    ----------
    file : TrackFile
        Where rows go once there are many.
    """

    def __init__(self, file: TrackFile) -> None:
        self._file = file
        self._held: list[NDArray[np.float32]] = []
        self._n_held = 0
        self._long: LongTrack | None = None

    def add(self, rows: NDArray[np.float32]) -> None:
        """Add rows, float32 (n, n_columns), at the end."""
        self._held.append(rows)
        self._n_held += rows.size
        if self._n_held > HELD_CELLS:
            self._write()

    def _write(self) -> None:
        """Move what is held into the file."""
        rows = np.concatenate(self._held)
        if self._long is None:
            self._long = LongTrack(rows.shape[1], self._file)
        self._long.append(rows)
        self._held, self._n_held = [], 0

    def rows(self) -> Any:
        """Return all rows, float32 (n_rows, n_columns): an array, or a `LongTrack`."""
        if self._long is not None:
            if self._n_held:
                self._write()
            return self._long
        if len(self._held) > 1:  # held once: several features may ask
            self._held = [np.concatenate(self._held)]
        return self._held[0]
