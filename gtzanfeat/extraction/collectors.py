"""Collectors: the tracks, totals and found rows of one clip, block by block.

One kind for each kind of row: frame features, accumulators, collections. Each is given the ingredients of
one block after another by `analysis`, which computes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gtzanfeat.declarations import FrameFeature
from gtzanfeat.extraction.long_tracks import RowCollector, TrackFile


class TrackCollector:
    """The rows of a frame feature so far, and the ingredient rows before the next block."""

    def __init__(
        self, row: FrameFeature, needs: list[int], constants: tuple[Any, ...], n_columns: int
    ) -> None:
        self.row = row
        self.n_columns = n_columns
        self.needs = needs
        self.constants = constants

    def reset(self, file: TrackFile) -> None:
        """Start a new clip, whose rows go to this file if it is long."""
        self._rows = RowCollector(file)
        self._n_leading = self.row.lead  # rows still to come that have no value
        self.previous: np.ndarray | None = None

    @property
    def past(self) -> int:
        """How many rows of its ingredient before the first of a block the kernel needs."""
        return 0 if self.row.before is None else self.row.past

    def add(self, ingredients: list[np.ndarray], n_frames: int) -> None:
        """Compute the next block and add its rows."""
        inputs = [ingredients[i] for i in self.needs]
        past = self.past
        out = np.empty((n_frames, self.n_columns), dtype=np.float32)
        if past:
            if self.previous is None:
                self.previous = np.full((past, inputs[0].shape[1]), self.row.before, dtype=np.float32)
            self.row.kernel(*inputs, self.previous, *self.constants, out)
            self.previous = np.concatenate([self.previous, inputs[0][-past:]])[-past:]
        else:
            self.row.kernel(*inputs, *self.constants, out)
        self.take(out)

    def take(self, rows: np.ndarray) -> None:
        """Add the rows of the next block."""
        rows[: self._n_leading] = 0.0
        self._n_leading = max(self._n_leading - len(rows), 0)
        self._rows.add(rows)

    def track(self) -> Any:
        """Return the rows of all frames, float32 (n_frames, n_columns): an array or a `LongTrack`."""
        return self._rows.rows()


@dataclass
class TotalCollector:
    """The total of an accumulator so far."""

    kernel: Callable[..., None]
    needs: list[int]
    constants: tuple[Any, ...]
    total: np.ndarray

    def reset(self, file: TrackFile) -> None:
        """Start a new clip, of which nothing goes to the file."""
        self.total[...] = 0.0

    def add(self, ingredients: list[np.ndarray]) -> None:
        """Add the next block."""
        self.kernel(*[ingredients[i] for i in self.needs], *self.constants, self.total)

    def result(self) -> np.ndarray:
        """Return the total, float64."""
        return self.total.copy()


class FoundCollector:
    """What a collection has found so far."""

    def __init__(self, kernel: Callable[..., Any], needs: list[int], constants: tuple[Any, ...]) -> None:
        self.kernel = kernel
        self.needs = needs
        self.constants = constants

    def reset(self, file: TrackFile) -> None:
        """Start a new clip; what is found in it goes to this file if it is much."""
        self._rows = RowCollector(file)

    def add(self, ingredients: list[np.ndarray]) -> None:
        """Add the next block."""
        self._rows.add(self.kernel(*[ingredients[i] for i in self.needs], *self.constants))

    def result(self) -> Any:
        """Return what was found in all frames, float32 (n_found, n_values): an array or a `LongTrack`."""
        return self._rows.rows()
