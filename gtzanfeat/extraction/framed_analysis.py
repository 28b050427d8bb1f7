"""One framing of an analysis: samples become frames, ingredients of a block of frames, and rows of features.

Which framings there are, and how a clip passes through them, is the business of `analysis`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import Accumulator, ClipFeature, Framing, Params, Request, TrackFeature
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.extraction.collectors import FoundCollector, TotalCollector, TrackCollector
from gtzanfeat.extraction.long_tracks import TrackFile
from gtzanfeat.feature_sets.feature_parameters import feature_parameters, full_params
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients.registry import INGREDIENTS
from gtzanfeat.ingredients.row_kernels import RowKernel, samples_of
from gtzanfeat.jit import Float32Array
from gtzanfeat.jit.chain import Chain, Rows

BLOCK = 1 << 17  # samples analysed at a time: 256 frames of hop 512, whose spectra stay in cache

Step = tuple[
    Callable[..., NDArray[Any]], list[int]
]  # an ingredient's function, and the places of what it needs


def request_of(name: str, request: Request, rate: int) -> Request:
    """Return a request for a feature or what it is computed from, with all parameters that this takes.

    Parameters
    ----------
    name : str
        The feature itself, or another feature or an accumulator that it is computed from.
    request : Request
        What was asked for.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    Request
        Of the same framing.
    """
    own = full_params(request.feature, request.framing, rate, request.params)
    return Request(name, request.framing, {each: own[each] for each in feature_parameters(name, own)})


class _ChainedRows:
    """The rows that kernels alone compute from the frames of a block, all in one call.

    What anything else computes (a Python function, a transform that numba does not compile) is left out, and
    with it all that needs it.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, N)
        Where the frames of a block will be, as many as there can be.
    steps : sequence of Step
        The ingredients.
    features : iterable of TrackCollector
        The frame features.

    Attributes
    ----------
    ingredients : dict of int to ndarray
        By place, the rows of ingredients, of which as many count as there were frames.
    """

    def __init__(
        self, frames: Float32Array, steps: Sequence[Step], features: Iterable[TrackCollector]
    ) -> None:
        collectors, self._most = list(features), len(frames)
        self.ingredients: dict[int, NDArray[Any]] = {}
        self._whole: dict[int, NDArray[Any]] = {}  # with the rows before those of the block
        self._before: list[tuple[NDArray[Any], float]] = []  # such rows, and what they are before a clip
        self._rows: dict[TrackCollector, Float32Array] = {}
        calls = []
        for place, (step, needs) in enumerate(steps, 1):
            if isinstance(step, RowKernel) and self._has(needs):
                past = max((each.past for each in collectors if each.needs[0] == place), default=0)
                self._whole[place], read = step.rows(past + self._most)
                if step.of_samples:
                    given: tuple[Any, ...] = samples_of(frames)
                else:
                    given = self._given(frames, needs)
                self.ingredients[place] = read[past:]
                calls.append((step.kernel, (*given, *step.constants, Rows(self._whole[place][past:]))))
        for each in collectors:
            if self._has(each.needs) and _is_simple(each) and (not each.past or each.needs[0]):
                given = self._given(frames, each.needs)
                if each.past:
                    whole = self._whole[each.needs[0]]
                    start = len(whole) - self._most
                    before = whole[start - each.past : start]
                    self._before.append((before, each.row.before or 0.0))
                    given = *given, before
                self._rows[each] = np.empty((self._most, each.n_columns), dtype=np.float32)
                calls.append((each.row.kernel, (*given, *each.constants, Rows(self._rows[each]))))
        self.chain = Chain(calls)

    def _has(self, needs: list[int]) -> bool:
        return all(need == 0 or need in self.ingredients for need in needs)

    def _given(self, frames: Float32Array, needs: list[int]) -> tuple[Rows, ...]:
        return tuple(Rows(self.ingredients[need] if need else frames) for need in needs)

    def reset(self) -> None:
        """Start a new clip."""
        for rows, value in self._before:
            rows[...] = value

    def compute(self, n: int) -> None:
        """Compute the rows of the first `n` frames."""
        self.chain(n)
        for whole in self._whole.values():
            past = len(whole) - self._most
            if past:
                whole[:past] = whole[n : n + past]

    def rows(self, feature: TrackCollector, n: int) -> Float32Array | None:
        """Return the first `n` rows of a feature, if it is computed here."""
        rows = self._rows.get(feature)
        return None if rows is None else rows[:n].copy()


def _is_simple(feature: TrackCollector) -> bool:
    """Whether its kernel is compiled, and takes nothing but arrays and numbers."""
    simple = all(isinstance(constant, int | float | np.ndarray) for constant in feature.constants)
    return simple and hasattr(feature.row.kernel, "py_func")


class FramedAnalysis:
    """The samples, ingredients and collectors of one framing.

    Parameters
    ----------
    framing : Framing
        How samples are cut.
    rate : int
        Sample rate in Hz.
    """

    def __init__(self, framing: Framing, rate: int) -> None:
        self.framing = framing
        self.rate = rate
        self._places: dict[tuple[Any, ...], int] = {("frames",): 0}
        self._steps: list[tuple[Callable[..., np.ndarray], list[int]]] = []
        self._frame_features: dict[tuple[Any, ...], TrackCollector] = {}
        self._accumulators: dict[tuple[Any, ...], TotalCollector | FoundCollector] = {}
        self._receivers: list[tuple[Callable[..., None], list[int]]] = []
        self._full_requests: dict[tuple[Any, ...], Request] = {}  # which take longer than a short clip
        self._buffer = np.empty(0, dtype=np.float32)
        self._chained: _ChainedRows | None = None  # made when the first frames are there

    # -- what is computed --

    def add(self, request: Request) -> None:
        """Compute this too."""
        row = FEATURES[request.feature]
        if isinstance(row, ClipFeature | TrackFeature):
            for name in (row.of,) if isinstance(row, ClipFeature) else row.needs:
                source = self._full(request, name)
                if name in ACCUMULATORS:
                    self._add_accumulator(source)
                else:
                    self.add(source)
            return
        asked = self._full(request, request.feature)
        if asked.key not in self._frame_features:
            params = asked.params
            needs = [self._place(need.format(**params), params) for need in row.needs]
            n_columns = len(row.columns if row.columns_for is None else row.columns_for(params))
            constants = row.constants(self.framing, self.rate, params)
            self._frame_features[asked.key] = TrackCollector(row, needs, constants, n_columns)

    def _full(self, request: Request, name: str) -> Request:
        """Return what `request_of` does, which is found out once and not for every clip."""
        key = name, *request.key
        if key not in self._full_requests:
            self._full_requests[key] = request_of(name, request, self.rate)
        return self._full_requests[key]

    def _params(self, request: Request) -> Params:
        """Return the parameters of a request with the defaults of its feature."""
        return self._full(request, request.feature).params

    def _add_accumulator(self, asked: Request) -> None:
        name, params, key = asked.feature, asked.params, asked.key
        if key not in self._accumulators:
            row = ACCUMULATORS[name]
            needs = [self._place(need, params) for need in row.needs]
            constants = row.constants(self.framing, self.rate, params)
            self._accumulators[key] = (
                TotalCollector(row.kernel, needs, constants, np.zeros(row.shape))
                if isinstance(row, Accumulator)
                else FoundCollector(row.kernel, needs, constants)
            )

    def pass_on(self, receiver: Callable[..., None], needs: tuple[str, ...]) -> None:
        """Give these ingredients of every block to a `receiver` too."""
        self._receivers.append((receiver, [self._place(need, {}) for need in needs]))

    def _place(self, name: str, params: Params) -> int:
        """Return the place of an ingredient among those of a block; a new one is added to the steps."""
        if name == "frames":
            return 0
        if name not in INGREDIENTS:
            raise UnknownNameError("ingredient", name, INGREDIENTS)
        row = INGREDIENTS[name]
        build, names = row.build, row.needs
        if row.from_frames is not None and not {place[0] for place in self._places} & {*names}:
            build, names = row.from_frames, ("frames",)
        needs = [self._place(need, params) for need in names]
        key = (name, *needs, *(repr(params[parameter.name]) for parameter in row.parameters))
        if key not in self._places:
            self._steps.append((build(self.framing, self.rate, params), needs))
            self._places[key] = len(self._steps)
        return self._places[key]

    # -- computing it --

    def reset(self, file: TrackFile) -> None:
        """Start a new clip, whose rows go to this file if it is long."""
        self.n_frames = 0
        self._length = 0
        self._started = False
        for feature in self._frame_features.values():
            feature.reset(file)
        for accumulator in self._accumulators.values():
            accumulator.reset(file)
        if self._chained is not None:
            self._chained.reset()

    def push(self, samples: np.ndarray) -> None:
        """Take the next samples, (n,) or (n_channels, n), and analyse the frames that are complete."""
        n = samples.shape[-1]
        if self._buffer.shape[:-1] != samples.shape[:-1] or self._buffer.size == 0:
            capacity = 2 * self.framing.length + BLOCK
            self._buffer = np.zeros((*samples.shape[:-1], capacity), dtype=np.float32)
            self._chained = None
        if n and self.framing.margin and not self._started:
            self._length = self.framing.margin
            self._buffer[..., : self._length] = samples[..., :1] if self.framing.edges == "copy" else 0.0
        self._started = self._started or n > 0
        self._buffer[..., self._length : self._length + n] = samples
        self._length += n
        n_frames = (self._length - self.framing.length) // self.framing.hop + 1
        if n_frames > 0:
            self._analyse(n_frames, self.framing.length)
            used = n_frames * self.framing.hop
            rest = self._length - used
            self._buffer[..., :rest] = self._buffer[..., used : self._length].copy()
            self._length = rest

    def end(self) -> None:
        """Analyse what reaches beyond the end; zero-pad a partial frame, and a clip shorter than a frame."""
        if self.framing.margin and self._started:
            shape = (*self._buffer.shape[:-1], self.framing.margin)
            last = self._buffer[..., self._length - 1 : self._length] if self.framing.edges == "copy" else 0.0
            self.push(np.broadcast_to(last, shape).astype(np.float32))
        overlap = self.framing.length - self.framing.hop  # what the last whole frame has left in the buffer
        left_out = self.framing.edges == "pad_end" and self._length > overlap
        if left_out or (self.n_frames == 0 and self._length):
            self._buffer[..., self._length : self.framing.length] = 0.0
            self._analyse(1, self._length)

    def _analyse(self, n_frames: int, length: int) -> None:
        """Compute all of the frames that begin the buffer; their first `length` samples are sound."""
        chained = self._chained = self._chained or self._prepare()
        frames = self._frames[..., :n_frames, :]
        if self.framing.remove_mean:
            means = frames[..., :length].mean(axis=-1, keepdims=True, dtype=np.float64)
            centred = self._centred[..., :n_frames, :]
            frames = np.subtract(frames, means.astype(np.float32), out=centred)
            frames[..., length:] = 0.0
        chained.compute(n_frames)
        ingredients = [frames]
        for place, (function, needs) in enumerate(self._steps, 1):
            rows = chained.ingredients.get(place)
            ingredients.append(
                function(*[ingredients[i] for i in needs]) if rows is None else rows[:n_frames]
            )
        for feature in self._frame_features.values():
            rows = chained.rows(feature, n_frames)
            if rows is None:
                feature.add(ingredients, n_frames)
            else:
                feature.take(rows)
        for accumulator in self._accumulators.values():
            accumulator.add(ingredients)
        for receiver, needs in self._receivers:
            receiver(*[ingredients[i] for i in needs])
        self.n_frames += n_frames

    def _prepare(self) -> _ChainedRows:
        """Say where the frames of a block are, and what kernels alone compute from them."""
        channels, (*steps, step) = self._buffer.shape[:-1], self._buffer.strides
        n = (self._buffer.shape[-1] - self.framing.length) // self.framing.hop + 1
        frames = np.ndarray(
            (*channels, n, self.framing.length),
            dtype=np.float32,
            buffer=self._buffer,
            strides=(*steps, step * self.framing.hop, step),
        )
        self._frames = frames
        if self.framing.remove_mean:
            self._centred = frames = np.empty(frames.shape, dtype=np.float32)
        simple = [] if channels else self._steps
        chained = _ChainedRows(frames, simple, [] if channels else self._frame_features.values())
        chained.reset()
        return chained

    def result(self, request: Request) -> Any:
        """Return what was asked for: a track, or values."""
        row = FEATURES[request.feature]
        if isinstance(row, ClipFeature):
            return row.compute(self._source(row.of, request), self.n_frames, self._params(request))
        if isinstance(row, TrackFeature):
            sources = [self._source(name, request) for name in row.needs]
            constants = row.constants(self.framing, self.rate, self._params(request))
            track: np.ndarray = row.kernel(*sources, *constants)
            return track
        return self._frame_features[self._full(request, request.feature).key].track()

    def _source(self, name: str, request: Request) -> Any:
        """Return the result of a feature or accumulator for the parameters of a request."""
        asked = self._full(request, name)
        return self._accumulators[asked.key].result() if name in ACCUMULATORS else self.result(asked)
