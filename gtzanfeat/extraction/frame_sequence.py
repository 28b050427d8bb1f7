"""Sequences of frame matrices, (n_frames, n_columns) each, that are loaded or computed one by one.

How they are computed is in `frame_matrices`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from gtzanfeat.errors import ClipError


class Frames(Sequence[np.ndarray]):
    """Frame matrices of many clips, (n_frames, n_columns) each, loaded when they are indexed.

    None is held in memory. An index gives a matrix; a slice, a list of indices or a mask gives `Frames` of
    these clips.

    Parameters
    ----------
    load : callable
        ``load(i)`` gives the matrix of clip i. If other processes can load it as well, its method
        ``part(indices)`` gives what loads these clips alone, numbered anew, and can be sent to them.
    indices : sequence of int
        Which clips.
    columns : sequence of str, optional
        Names of the columns, for the steps that follow.
    names : sequence of str, optional
        Names of all clips that `load` can give: paths, or "clip 3".
    row_labels : sequence, optional
        What a data frame with one row per clip is indexed by: one label for each clip that `load` can give.
    times : callable, optional
        ``times(n_frames)`` gives the middle of each frame in seconds after the start of its clip.

    See Also
    --------
    gtzanfeat.frame_table : The frames of all clips as one data frame, with times.

    Examples
    --------
    >>> clips = [np.zeros((3, 2)), np.ones((4, 2))]
    >>> frames = Frames(clips.__getitem__, range(2))
    >>> len(frames), frames[1].shape, frames[::-1][0].shape
    (2, (4, 2), (4, 2))
    """

    def __init__(
        self,
        load: Callable[[int], np.ndarray],
        indices: Sequence[int] | np.ndarray,
        columns: Sequence[str] | np.ndarray | None = None,
        *,
        names: Sequence[str] | None = None,
        row_labels: Sequence[Any] | None = None,
        times: Callable[[int], np.ndarray] | None = None,
    ) -> None:
        self._load = load
        self._indices = np.asarray(indices, dtype=np.intp)
        self._names = names
        self._row_labels = row_labels
        self.columns = None if columns is None else tuple(columns)
        self.times = times

    @property
    def names(self) -> list[str] | None:
        """Names of these clips; None where they have none."""
        return None if self._names is None else [self._names[i] for i in self._indices]

    @property
    def row_labels(self) -> list[Any] | None:
        """What a data frame of these clips is indexed by; None where they are counted."""
        return None if self._row_labels is None else [self._row_labels[i] for i in self._indices]

    def labelled(self, row_labels: Sequence[Any] | None) -> Frames:
        """Return the same frames with other labels of rows.

        Parameters
        ----------
        row_labels : sequence or None
            One for each clip that can be loaded.

        Returns
        -------
        Frames
            Of the same clips.
        """
        return Frames(
            self._load,
            self._indices,
            self.columns,
            names=self._names,
            row_labels=row_labels,
            times=self.times,
        )

    @property
    def shape(self) -> tuple[int]:
        """(n_clips,), as of an array of objects: scikit-learn counts and selects by it."""
        return (len(self),)

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, which: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, which: Any) -> Any: ...
    def __getitem__(self, which: Any) -> Any:
        chosen = self._indices[which]
        if not chosen.ndim:
            return self._load(int(chosen))
        return Frames(
            self._load, chosen, self.columns, names=self._names, row_labels=self._row_labels, times=self.times
        )

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self._load, self._indices.tolist())

    def part(self, which: Any) -> Frames | None:
        """Return some of these clips as what another process can be sent to load them.

        Parameters
        ----------
        which : slice, sequence of int or mask
            Which of the clips.

        Returns
        -------
        Frames or None
            It holds nothing of the other clips, and neither names nor labels; None if the matrices are held
            in memory.
        """
        chosen = self._indices[which]
        load = part_of(self._load, chosen.tolist())
        return None if load is None else Frames(load, range(len(chosen)), self.columns)

    def __repr__(self) -> str:
        return f"<frames of {len(self)} clips>"

    def map(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        columns: Sequence[str] | np.ndarray | None = None,
        *,
        same_times: bool = False,
    ) -> Frames:
        """Return frames to each matrix of which a function is applied when it is loaded.

        Parameters
        ----------
        function : callable
            From a matrix to a matrix.
        columns : sequence of str, optional
            Names of the columns of the result.
        same_times : bool, default=False
            Whether the function leaves the frames where they are.

        Returns
        -------
        Frames
            Of the same clips.
        """
        load = _Mapped(self._load, function)
        times = self.times if same_times else None
        return Frames(
            load, self._indices, columns, names=self._names, row_labels=self._row_labels, times=times
        )


@dataclass(frozen=True)
class _Mapped:
    """Loads a matrix and applies a function to it."""

    load: Callable[[int], np.ndarray]
    function: Callable[[np.ndarray], np.ndarray]

    def __call__(self, index: int) -> np.ndarray:
        return self.function(self.load(index))

    def part(self, indices: Sequence[int]) -> _Mapped | None:
        load = part_of(self.load, indices)
        return None if load is None else _Mapped(load, self.function)


def part_of(load: Any, indices: Sequence[int]) -> Callable[[int], np.ndarray] | None:
    """Return what loads these clips alone, numbered anew, in any process; None if they are held in memory.

    Parameters
    ----------
    load : callable
        As of `Frames`.
    indices : sequence of int
        Which clips.

    Returns
    -------
    callable or None
    """
    return load.part(indices) if hasattr(load, "part") else None


def is_sequence_of_frames(X: Any) -> bool:
    """Return whether X is a sequence of frame matrices, and not itself a matrix with one clip per row.

    What is neither list nor array but has a length and indices loads its clips when it is indexed, and counts
    as one without being indexed.
    """
    if not hasattr(X, "__len__") or not hasattr(X, "__getitem__") or isinstance(X, str | bytes | Mapping):
        return False
    if len(getattr(X, "shape", ())) == 2:
        return False
    if not isinstance(X, list | tuple | np.ndarray) and not hasattr(X, "to_numpy"):
        return True
    if not len(X):
        return not hasattr(X, "shape")
    # judged by the first clip that has frames: one without may be an empty list
    return np.ndim(next((clip for clip in X if np.size(clip)), next(iter(X)))) == 2


def load_frames(clips: Any, index: int) -> np.ndarray:
    """Return the frame matrix of a clip in float32 or float64, (n_frames, n_columns).

    What holds no numbers gives a matrix without rows, even where it does not say how many columns there
    would be.

    Raises
    ------
    ClipError
        If it is no matrix of finite real numbers.
    """
    frames = np.asarray(clips[index])
    if frames.size == 0:
        return np.empty((0, frames.shape[1] if frames.ndim == 2 else 0), dtype=np.float32)
    if frames.ndim != 2:
        shape = f"it has the shape {frames.shape}, not (n_frames, n_columns)"
        raise ClipError(f"clip {index}", shape, "give one row per frame")
    if frames.dtype not in (np.float32, np.float64):
        try:
            frames = frames.astype(np.float64, casting="unsafe" if frames.dtype == object else "same_kind")
        except (TypeError, ValueError) as error:
            raise ClipError(f"clip {index}", "its frames are not real numbers", "give floats") from error
    if not np.isfinite(frames).all():
        raise ClipError(f"clip {index}", "its frames hold NaN or infinity", "repair or drop those frames")
    return frames
