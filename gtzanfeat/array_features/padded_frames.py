"""Frames of a batch of clips: rows of samples, padded to one length, cut as `Framing` says.

Axis 0 is the clip, axis 1 time. What lies behind the end of a clip is computed with the rest, and left out
when its frames are summarised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gtzanfeat.array_backend import ArrayBackend
from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients.envelopes import PREEMPHASIS


def padded(clips: Sequence[np.ndarray]) -> np.ndarray:
    """Return the samples of clips as rows that are padded with zeros.

    Parameters
    ----------
    clips : sequence of ndarray of shape (n_samples,)
        Of any lengths.

    Returns
    -------
    ndarray of shape (n_clips, n_samples), float32
        As long as the longest.

    Examples
    --------
    >>> padded([np.ones(1), np.ones(2)])
    array([[1., 0.],
           [1., 1.]], dtype=float32)
    """
    rows = np.zeros((len(clips), max(map(len, clips))), dtype=np.float32)
    for row, samples in zip(rows, clips, strict=True):
        row[: len(samples)] = samples
    return rows


def preemphasis(xp: Any, samples: Any, n_samples: Any) -> Any:
    """Samples x -> x[n] - 0.97 x[n-1], as the stream of that name; zeros behind the end of a clip."""
    before = xp.concat([samples[:, :1], samples[:, :-1]], axis=1)
    inside = xp.arange(samples.shape[1])[None, :] < n_samples
    return xp.where(inside, samples - PREEMPHASIS * before, xp.zeros_like(samples))


ARRAY_STREAMS: dict[str, Callable[..., Any]] = {
    "samples": lambda xp, samples, n_samples: samples,
    "preemphasis": preemphasis,
}


class PaddedFrames:
    """The frames of one batch and one framing, given out some at a time.

    Parameters
    ----------
    backend : ArrayBackend
        Where the arrays are.
    framing : Framing
        How they are cut.
    samples : array of shape (n_clips, n_samples)
        Of the stream, zeros behind the end of each clip.
    n_samples : ndarray of shape (n_clips,)
        Length of each clip.
    """

    def __init__(self, backend: ArrayBackend, framing: Framing, samples: Any, n_samples: np.ndarray) -> None:
        self._backend = backend
        self._framing = framing
        self._ends = backend.to_device(n_samples[:, None, None])
        self.n_frames = np.array([framing.n_frames(int(n)) for n in n_samples])
        total = (int(self.n_frames.max()) - 1) * framing.hop + framing.length
        self._samples = _with_edges(backend.xp, samples, self._ends[:, :, 0], framing, total)

    def block(self, start: int, stop: int) -> Any:
        """Return some frames of all clips.

        Parameters
        ----------
        start, stop : int
            Which: `stop` is not one of them.

        Returns
        -------
        array of shape (n_clips, stop - start, length), float32
            Behind the end of a clip, of no meaning.
        """
        xp, length, hop = self._backend.xp, self._framing.length, self._framing.hop
        part = self._samples[:, start * hop : (stop - 1) * hop + length]
        shape = (part.shape[0], stop - start, length)
        if hop == length:
            frames = xp.reshape(part, shape)
        else:
            places = np.arange(stop - start)[:, None] * hop + np.arange(length)
            frames = xp.reshape(xp.take(part, self._backend.to_device(places.ravel()), axis=1), shape)
        return self._without_mean(frames, start) if self._framing.remove_mean else frames

    def _without_mean(self, frames: Any, start: int) -> Any:
        """Frames less the mean of their own samples; the padding behind the end of a clip stays 0."""
        xp, length = self._backend.xp, self._framing.length
        starts = (start + xp.arange(frames.shape[1])[None, :, None]) * self._framing.hop
        own = xp.clip(self._ends - starts, 1, length)
        total = xp.sum(frames, axis=-1, keepdims=True, dtype=xp.float64)
        means = xp.astype(total / xp.astype(own, xp.float64), xp.float32)
        inside = xp.arange(length)[None, None, :] < own
        return xp.where(inside, frames - means, xp.zeros_like(frames))


def _with_edges(xp: Any, samples: Any, ends: Any, framing: Framing, total: int) -> Any:
    """Samples with what the framing has beyond the ends, `total` of them per clip."""
    n_clips = samples.shape[0]
    within = samples[:, : min(total - framing.margin, samples.shape[1])]
    after = total - framing.margin - within.shape[1]
    parts = [xp.zeros((n_clips, n), dtype=xp.float32) for n in (framing.margin, after)]
    rows = xp.concat([parts[0], within, parts[1]], axis=1)
    if framing.edges != "copy":
        return rows
    place = xp.arange(total)[None, :] - framing.margin
    last = xp.take_along_axis(samples, ends - 1, axis=1)
    return xp.where(place < 0, samples[:, :1], xp.where(place < ends, rows, last))
