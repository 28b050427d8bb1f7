"""Analysis of many clips at once, as padded arrays on a device: tracks of features and their summaries.

What can be computed so is found by following the rows of features and ingredients; all else is left to
`analysis`, which takes one clip after another on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gtzanfeat.array_backend import ArrayBackend
from gtzanfeat.array_features import (
    ARRAY_INGREDIENTS,
    ARRAY_KERNELS,
    ARRAY_STREAMS,
    TRACK_KERNELS,
    PaddedFrames,
    find_array_summary,
    padded,
)
from gtzanfeat.declarations import ClipFeature, FrameFeature, Framing, Params, Request, TrackFeature
from gtzanfeat.extraction.framed_analysis import request_of
from gtzanfeat.feature_sets import FeatureItem
from gtzanfeat.feature_sets.feature_parameters import full_params
from gtzanfeat.features import FEATURES
from gtzanfeat.ingredients.registry import INGREDIENTS
from gtzanfeat.statistics.summaries import find_summary

FRAME_BYTES = 40  # per sample of a frame, for the frame, its spectra and what is computed from them


def on_arrays(request: Request, rate: int) -> bool:
    """Return whether a feature is computed from arrays of many clips.

    Parameters
    ----------
    request : Request
        The feature, with its framing and parameters.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    bool
        False for what is computed clip by clip on the CPU; True also for a clip feature whose track is
        computed from arrays.

    Examples
    --------
    >>> on_arrays(Request("mfcc", Framing(512, 512)), 22050)
    True
    >>> on_arrays(Request("beat", Framing(65536, 32768)), 22050)
    False
    """
    row = FEATURES[request.feature]
    if request.framing.stream not in ARRAY_STREAMS:
        return False
    if isinstance(row, ClipFeature):
        return row.of in FEATURES and on_arrays(request_of(row.of, request, rate), rate)
    if isinstance(row, TrackFeature):
        return row.kernel in TRACK_KERNELS and all(
            name in FEATURES and on_arrays(request_of(name, request, rate), rate) for name in row.needs
        )
    params = full_params(request.feature, request.framing, rate, request.params)
    needs = (need.format(**params) for need in row.needs)
    return row.kernel in ARRAY_KERNELS and all(map(_ingredient_on_arrays, needs))


def _ingredient_on_arrays(name: str) -> bool:
    if name == "frames":
        return True
    return name in ARRAY_INGREDIENTS and all(map(_ingredient_on_arrays, INGREDIENTS[name].needs))


def is_summarised(item: FeatureItem, rate: int) -> bool:
    """Return whether the summary of a frame feature is computed from arrays, with the feature itself.

    Parameters
    ----------
    item : FeatureItem
        The feature, and how it is summarised.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    bool
        False for a clip feature, and for one that is not `on_arrays`.
    """
    if not isinstance(FEATURES[item.feature], FrameFeature) or not item.summary:
        return False
    return on_arrays(item.request, rate) and find_array_summary(item.summary) is not None


class ArrayAnalysis:
    """Compute features of batches of clips.

    Parameters
    ----------
    requests : iterable of Request
        What to compute; all `on_arrays`.
    rate : int
        Sample rate in Hz of the samples.
    backend : ArrayBackend
        What computes it.
    items : sequence of FeatureItem
        Frame features that are to be summarised there, as `is_summarised` says of each.

    Examples
    --------
    >>> from gtzanfeat.array_backend import array_backend
    >>> zcr = Request("zcr", Framing(512, 512))
    >>> analysis = ArrayAnalysis([zcr], 22050, array_backend("numpy"))
    >>> [results[zcr.key].shape for results in analysis.analyse([np.zeros(2048), np.ones(1024)])]
    [(4, 1), (2, 1)]
    """

    def __init__(
        self,
        requests: Iterable[Request],
        rate: int,
        backend: ArrayBackend,
        items: Sequence[FeatureItem] = (),
    ) -> None:
        self.rate = rate
        self.backend = backend
        self._items = items
        self._requests = list({request.key: request for request in requests}.values())
        self._framed: dict[Framing, _FramedArrays] = {}
        for request in (*self._requests, *(item.request for item in self._items)):
            if request.framing not in self._framed:
                self._framed[request.framing] = _FramedArrays(request.framing, rate, backend)
            self._framed[request.framing].add(request)

    def analyse(self, clips: Sequence[np.ndarray]) -> list[dict[Any, np.ndarray]]:
        """Return the results of each clip.

        Parameters
        ----------
        clips : sequence of ndarray of shape (n_samples,)
            Their samples, float32.

        Returns
        -------
        list of dict
            Of each clip, as of `Analysis.finish`, by the `key` of a request; and by each item that was
            summarised, its numbers, float32 (n_numbers, n_columns).

        Raises
        ------
        MemoryError
            If they are too many for the memory of the device.
        """
        xp, to_host = self.backend.xp, self.backend.to_host
        n_samples = np.array([len(clip) for clip in clips], dtype=np.int64)
        computed, blocks = self.compute(self.backend.to_device(padded(clips)), n_samples)
        results: list[dict[Any, np.ndarray]] = [{} for _ in clips]
        if blocks:  # one array comes back for all of them
            flat = [xp.reshape(block, (len(clips), -1)) for block in blocks]
            rows = to_host(xp.astype(xp.concat(flat, axis=1), xp.float32))
            splits = np.cumsum([part.shape[1] for part in flat])[:-1]
            for clip, row in zip(results, rows, strict=True):
                for item, block, part in zip(self._items, blocks, np.split(row, splits), strict=True):
                    clip[item] = part.reshape(block.shape[1:])
        for request in self._requests:
            for clip, result in zip(results, self._on_host(request, computed), strict=True):
                clip[request.key] = result
        return results

    def compute(self, samples: Any, n_samples: np.ndarray) -> tuple[dict[Framing, Tracks], list[Any]]:
        """Compute all tracks, and the summaries of all items, and leave them on the device.

        Parameters
        ----------
        samples : array of shape (n_clips, n_samples)
            On the device, zeros behind the end of each clip.
        n_samples : ndarray of shape (n_clips,), int64
            Length of each clip.

        Returns
        -------
        tracks : dict of Framing to Tracks
            Of the frame features of each framing.
        numbers : list of array of shape (n_clips, n_numbers, n_columns)
            Of each item.
        """
        ends = self.backend.to_device(n_samples[:, None])
        names = {framing.stream for framing in self._framed}
        streams = {name: ARRAY_STREAMS[name](self.backend.xp, samples, ends) for name in names}
        tracks = {
            framing: framed.compute(streams[framing.stream], n_samples)
            for framing, framed in self._framed.items()
        }
        return tracks, [self._summarised(item, tracks[item.framing]) for item in self._items]

    def _summarised(self, item: FeatureItem, computed: Tracks) -> Any:
        xp, lead = self.backend.xp, FEATURES[item.feature].lead  # type: ignore[union-attr]
        track = self._framed[item.framing].track(item.request, computed)
        track = track[:, min(lead, track.shape[1]) :, ...]
        places = np.array([place for place, _ in item.chosen])
        if not np.array_equal(places, np.arange(track.shape[2])):
            track = xp.take(track, self.backend.to_device(places), axis=2)
        summary = find_array_summary(item.summary)
        assert summary is not None  # or it would not be among the items
        counts = self.backend.to_device(np.maximum(computed.n_frames - lead, 0))
        return summary(xp, track, counts, find_summary(item.summary).full_params(item.summary_params))

    def _on_host(self, request: Request, computed: dict[Framing, Tracks]) -> list[np.ndarray]:
        """Return the track of a request of each clip, or the numbers of a clip feature."""
        row = FEATURES[request.feature]
        if isinstance(row, ClipFeature):
            tracks = self._on_host(request_of(row.of, request, self.rate), computed)
            params = full_params(request.feature, request.framing, self.rate, request.params)
            return [row.compute(track, len(track), params) for track in tracks]
        of_framing = computed[request.framing]
        track = self._framed[request.framing].track(request, of_framing)
        held = self.backend.to_host(track)
        tracks = [part[:n].copy() for part, n in zip(held, of_framing.n_frames.tolist(), strict=True)]
        for own in tracks:
            own[: row.lead] = 0.0
        return tracks


@dataclass(frozen=True)
class Tracks:
    """The tracks of one framing of a batch of clips.

    Parameters
    ----------
    tracks : dict
        By the key of each feature, float32 (n_clips, n_frames, n_columns), on the device.
    n_frames : ndarray of shape (n_clips,)
        Frames of each clip.
    """

    tracks: dict[tuple[Any, ...], Any]
    n_frames: np.ndarray


@dataclass(frozen=True)
class _ArrayFeature:
    """A frame feature, ready to compute: its row, its function, places of its ingredients, constants."""

    row: FrameFeature
    function: Callable[..., Any]
    needs: list[int]
    constants: list[Any]


class _FramedArrays:
    """The ingredients and frame features of one framing."""

    def __init__(self, framing: Framing, rate: int, backend: ArrayBackend) -> None:
        self._framing = framing
        self._rate = rate
        self._backend = backend
        self._places: dict[tuple[Any, ...], int] = {("frames",): 0}
        self._steps: list[tuple[Callable[..., Any], list[int]]] = []
        self._features: dict[tuple[Any, ...], _ArrayFeature] = {}

    def add(self, request: Request) -> None:
        """Have a feature computed, or what it is computed from."""
        row = FEATURES[request.feature]
        if isinstance(row, ClipFeature | TrackFeature):
            for name in (row.of,) if isinstance(row, ClipFeature) else row.needs:
                self.add(request_of(name, request, self._rate))
            return
        asked = request_of(request.feature, request, self._rate)
        if asked.key not in self._features:
            needs = [self._place(need.format(**asked.params), asked.params) for need in row.needs]
            constants = row.constants(self._framing, self._rate, asked.params)
            self._features[asked.key] = _ArrayFeature(
                row, ARRAY_KERNELS[row.kernel], needs, [self._constant(value) for value in constants]
            )

    def _constant(self, value: Any) -> Any:
        """Weights go to the device; numbers of bins are sliced by, and stay."""
        weights = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return self._backend.to_device(value) if weights else value

    def _place(self, name: str, params: Params) -> int:
        """Return the place of an ingredient among those of a block; a new one is added to the steps."""
        if name == "frames":
            return 0
        row = INGREDIENTS[name]
        needs = [self._place(need, params) for need in row.needs]
        key = (name, *needs, *(repr(params[parameter.name]) for parameter in row.parameters))
        if key not in self._places:
            build = ARRAY_INGREDIENTS[name]
            self._steps.append((build(self._backend, self._framing, self._rate, params), needs))
            self._places[key] = len(self._steps)
        return self._places[key]

    def compute(self, samples: Any, n_samples: np.ndarray) -> Tracks:
        """Compute the tracks of all features, some frames of all clips at a time."""
        xp = self._backend.xp
        frames = PaddedFrames(self._backend, self._framing, samples, n_samples)
        last = int(frames.n_frames.max())
        n_rows = self._backend.block_bytes() // (FRAME_BYTES * self._framing.length)
        step = max(1, n_rows // len(n_samples))
        parts: dict[tuple[Any, ...], list[Any]] = {key: [] for key in self._features}
        previous: dict[tuple[Any, ...], Any] = {}
        for start in range(0, last, step):
            ingredients = [frames.block(start, min(start + step, last))]
            for function, needs in self._steps:
                ingredients.append(function(*[ingredients[i] for i in needs]))
            for key, feature in self._features.items():
                inputs = [ingredients[i] for i in feature.needs]
                if feature.row.before is not None:
                    first = inputs[0]
                    shape = (first.shape[0], feature.row.past, first.shape[2])
                    if key not in previous:
                        previous[key] = xp.full(shape, feature.row.before, dtype=first.dtype)
                    before = previous[key]
                    previous[key] = xp.concat([before, first], axis=1)[:, -feature.row.past :, ...]
                    inputs.append(before)
                out = feature.function(xp, *inputs, *feature.constants)
                parts[key].append(xp.astype(out, xp.float32, copy=False))
        tracks = {key: xp.concat(blocks, axis=1) for key, blocks in parts.items()}
        return Tracks(tracks, frames.n_frames)

    def track(self, request: Request, computed: Tracks) -> Any:
        """Return the track of a frame feature."""
        row = FEATURES[request.feature]
        if not isinstance(row, TrackFeature):
            return computed.tracks[request_of(request.feature, request, self._rate).key]
        sources = [self.track(request_of(name, request, self._rate), computed) for name in row.needs]
        n_frames = self._backend.to_device(computed.n_frames)[:, None, None]
        inside = self._backend.xp.arange(sources[0].shape[1])[None, :, None] < n_frames
        return TRACK_KERNELS[row.kernel](self._backend, inside, *sources)
