"""Analysis: from blocks of samples to the tracks and histograms of features, each ingredient computed once.

Files, arrays and live streams all pass here. Samples may arrive in pieces of any size; they are cut anew at
fixed absolute positions, so that the numbers are the same bits. Only tracks (a few numbers per frame) grow
with the recording, and go to a file once they are long: no spectrum of a whole clip ever exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gtzanfeat.declarations import Accumulator, ClipFeature, Framing, Params, Request, TrackFeature
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.extraction.collectors import FoundCollector, TotalCollector, TrackCollector
from gtzanfeat.extraction.long_tracks import TrackFile
from gtzanfeat.feature_sets.feature_parameters import checked_params, feature_parameters, full_params
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients import hpss
from gtzanfeat.ingredients.registry import INGREDIENTS, STREAMS

BLOCK = 1 << 17  # samples analysed at a time: 256 frames of hop 512, whose spectra stay in cache


class Analysis:
    """Compute features of one clip after another, each pushed through in pieces of any size.

    Parameters
    ----------
    requests : iterable of Request
        What to compute. Requests that agree in feature, framing and parameters are computed once.
    rate : int, default=22050
        Sample rate of what will be pushed, in Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from gtzanfeat.declarations import Framing, Request
    >>> zcr = Request("zcr", Framing(512, 512))
    >>> analysis = Analysis([zcr])
    >>> for block in np.split(np.zeros(2048, dtype=np.float32), 4):
    ...     analysis.push(block)
    >>> analysis.finish()[zcr.key].shape
    (4, 1)
    """

    def __init__(self, requests: Iterable[Request], rate: int = 22050) -> None:
        self.rate = rate
        self._requests = list({request.key: request for request in requests}.values())
        self._framed: dict[Framing, _Framed] = {}
        for request in self._requests:
            if request.feature not in FEATURES:
                raise UnknownNameError("feature", request.feature, FEATURES)
            if request.framing not in self._framed:
                self._framed[request.framing] = _Framed(request.framing, rate)
            _check_params(request, rate)
        names = {framing.stream for framing in self._framed} - {"samples"}
        for name in sorted(names - STREAMS.keys() - set(hpss.PARTS)):
            raise UnknownNameError("stream", name, ["samples", *STREAMS, *hpss.PARTS])
        self._separation = hpss.Separation() if names & set(hpss.PARTS) else None
        if self._separation is not None:  # it shares its spectra with the features of that framing
            if hpss.FRAMING not in self._framed:
                self._framed[hpss.FRAMING] = _Framed(hpss.FRAMING, rate)
            self._framed[hpss.FRAMING].pass_on(self._separation.push, hpss.NEEDS)
        for request in self._requests:  # after it, so that powers come from the spectra that it needs
            self._framed[request.framing].add(request)
        self._filters = sorted(names - set(hpss.PARTS))
        self._block = np.empty(BLOCK, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Start a new clip."""
        self.n_samples = 0
        self._filled = 0
        self._silent = True
        self._results: dict[tuple[Any, ...], np.ndarray] = {}
        self._streams = {name: STREAMS[name].build(self.rate) for name in self._filters}
        if self._separation is not None:
            self._separation.reset()
        file = TrackFile()
        for framed in self._framed.values():
            framed.reset(file)

    def push(self, samples: np.ndarray) -> None:
        """Analyse the next samples of the clip.

        Parameters
        ----------
        samples : ndarray of shape (n_samples,)
            Mono samples as `audio.blocks` gives them: float32, finite; any number of them.

        Raises
        ------
        GtzanfeatError
            If the clip has been ended by `finish`, or a temporary file cannot be written.
        """
        if self._results:
            raise GtzanfeatError("this clip has ended; call reset() before the next is pushed")
        start = 0
        while start < len(samples):
            n = min(BLOCK - self._filled, len(samples) - start)
            self._block[self._filled : self._filled + n] = samples[start : start + n]
            self._filled += n
            start += n
            if self._filled == BLOCK:
                self._process()

    def finish(self) -> dict[tuple[Any, ...], np.ndarray]:
        """Return the results of all requests, at the end of the clip.

        Returns
        -------
        dict
            By the `key` of each request: the track of a frame feature, float32 (n_frames, n_columns), or the
            values of a clip feature, float64 (n_columns,). A track of more than some 260,000 numbers is a
            `LongTrack`, which is read from a temporary file as it is indexed.

        Raises
        ------
        GtzanfeatError
            If nothing was pushed, or a temporary file cannot be written.
        """
        if self._results:
            return dict(self._results)
        if self._filled:
            self._process()
        if self.n_samples == 0:
            raise GtzanfeatError("there is nothing to analyse; push at least one sample")
        for framed in self._by_stream("samples", *self._streams):
            framed.end()
        if self._separation is not None:
            self._pass_on(*self._separation.flush(self.n_samples))
            for framed in self._by_stream(*hpss.PARTS):
                framed.end()
        results = {request.key: self._framed[request.framing].result(request) for request in self._requests}
        self._results = results
        return dict(results)

    def flags(self) -> tuple[str, ...]:
        """Return what a user should know of the clip just finished.

        Returns
        -------
        tuple of str
            "silent"; "padded_65536", if the clip is shorter than a frame of that length; the `flag` of each
            clip feature whose columns are all 0.
        """
        return clip_flags(self._requests, self._results, self.n_samples, self._silent)

    def _process(self) -> None:
        samples = self._block[: self._filled]
        self.n_samples += self._filled
        self._filled = 0
        self._silent = self._silent and not samples.any()
        for framed in self._by_stream("samples"):
            framed.push(samples)
        for name, stream in self._streams.items():
            filtered = stream(samples)
            for framed in self._by_stream(name):
                framed.push(filtered)
        if self._separation is not None:
            self._pass_on(*self._separation.take())

    def _pass_on(self, *parts: np.ndarray) -> None:
        """Push the parts of the sound that have been separated, which lag behind it."""
        for name, part in zip(hpss.PARTS, parts, strict=True):
            for framed in self._by_stream(name):
                framed.push(part)

    def _by_stream(self, *names: str) -> list[_Framed]:
        return [framed for framing, framed in self._framed.items() if framing.stream in names]


def clip_flags(
    requests: Iterable[Request], results: Mapping[Any, np.ndarray], n_samples: int, silent: bool
) -> tuple[str, ...]:
    """Return what a user should know of a clip, as `Analysis.flags` does, from the results of an analysis.

    Parameters
    ----------
    requests : iterable of Request
        What was computed.
    results : mapping
        Of the clip features among them, the values by the `key` of the request.
    n_samples : int
        Length of the clip.
    silent : bool
        Whether all of its samples are 0.

    Returns
    -------
    tuple of str
        The flags.
    """
    flags = ["silent"] if silent else []
    framings = {request.framing for request in requests}
    if any(framing.stream in hpss.PARTS for framing in framings):
        framings.add(hpss.FRAMING)
    flags += [f"padded_{n}" for n in sorted({f.length for f in framings if n_samples < f.length})]
    for request in requests:
        row = FEATURES[request.feature]
        if isinstance(row, ClipFeature) and row.flag and not results[request.key].any():
            flags.append(row.flag)
    return tuple(flags)


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


def _check_params(request: Request, rate: int) -> None:
    """Refuse unknown parameters, and a frame rate by which all times and tempi would be wrong."""
    checked_params(request.feature, request.framing, rate, request.params)
    if "frame_rate" not in request.params:
        return
    given, hop = request.params["frame_rate"], request.framing.hop
    if abs(given * hop - rate) > 1e-6 * rate:
        raise GtzanfeatError(
            f"{request.feature} was told of {given:g} frames per second, but frames every {hop} samples at "
            f"{rate} Hz are {rate / hop:g}; give frame_rate={rate}/{hop}"
        )


class _Framed:
    """The samples, ingredients and collectors of one framing."""

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

    # -- what is computed --

    def add(self, request: Request) -> None:
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
        self.n_frames = 0
        self._length = 0
        self._started = False
        for feature in self._frame_features.values():
            feature.reset(file)
        for accumulator in self._accumulators.values():
            accumulator.reset(file)

    def push(self, samples: np.ndarray) -> None:
        """Take the next samples, (n,) or (n_channels, n), and analyse the frames that are complete."""
        n = samples.shape[-1]
        if self._buffer.shape[:-1] != samples.shape[:-1] or self._buffer.size == 0:
            capacity = 2 * self.framing.length + BLOCK
            self._buffer = np.zeros((*samples.shape[:-1], capacity), dtype=np.float32)
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
        *channels, step = self._buffer.strides
        frames = np.ndarray(
            (*self._buffer.shape[:-1], n_frames, self.framing.length),
            dtype=np.float32,
            buffer=self._buffer,
            strides=(*channels, step * self.framing.hop, step),
        )
        if self.framing.remove_mean:
            means = frames[..., :length].mean(axis=-1, keepdims=True, dtype=np.float64)
            frames = frames - means.astype(np.float32)
            frames[..., length:] = 0.0
        ingredients = [frames]
        for function, needs in self._steps:
            ingredients.append(function(*[ingredients[i] for i in needs]))
        for feature in self._frame_features.values():
            feature.add(ingredients, n_frames)
        for accumulator in self._accumulators.values():
            accumulator.add(ingredients)
        for receiver, needs in self._receivers:
            receiver(*[ingredients[i] for i in needs])
        self.n_frames += n_frames

    def result(self, request: Request) -> Any:
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
