"""Analysis: sound in, blocks of frames through, each ingredient once, tracks and histograms out.

The one way through. Samples may arrive in pieces of any size; they are cut anew at fixed absolute
positions, so that files, arrays and live streams give the same bits. Only tracks (a few numbers per frame)
grow with the recording: no spectrum of a whole clip ever exists. What the numbers mean is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gtzanfeat import chroma, envelopes, periodicity, psychoacoustics, spectra
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.features.spec import ClipFeature, FrameFeature, Framing, Params, Request

BLOCK = 1 << 17  # samples analysed at a time: 256 frames of hop 512, whose spectra stay in cache


@dataclass(frozen=True)
class Ingredient:
    """An intermediate that several features share, made from a block of frames.

    ``build(framing, rate, params)`` gives the function from the needed ingredients to this one; `uses` names
    the parameters that it depends on. The ingredient "frames" is given.
    """

    name: str
    needs: tuple[str, ...]
    build: Callable[[Framing, int, Params], Callable[..., np.ndarray]]
    uses: tuple[str, ...] = ()


INGREDIENTS: dict[str, Ingredient] = {
    row.name: row
    for row in (
        Ingredient("spectrum", ("frames",), spectra.spectrum),
        Ingredient("power", ("spectrum",), spectra.power),
        Ingredient("magnitude", ("power",), spectra.magnitude),
        Ingredient("log_power", ("power",), spectra.log_power),
        Ingredient("slaney_bands", ("power",), spectra.slaney_bands),
        Ingredient("slaney_log_bands", ("slaney_bands",), spectra.log_bands),
        Ingredient("marsyas_log_bands", ("slaney_bands",), spectra.marsyas_log_bands),
        Ingredient("mel_bands", ("power",), spectra.mel_bands, spectra.MEL_PARAMS),
        Ingredient("mel_log_bands", ("mel_bands",), spectra.mel_log_bands, (*spectra.MEL_PARAMS, "floor")),
        Ingredient("frame_autocorrelation", ("frames",), spectra.frame_autocorrelation),
        Ingredient("beat_envelope", ("frames",), envelopes.beat_envelope),
        Ingredient("beat_autocorrelation", ("beat_envelope",), spectra.beat_autocorrelation),
        Ingredient("beat_peaks", ("beat_autocorrelation",), periodicity.peaks, periodicity.PEAK_PARAMS),
        Ingredient("summary_autocorrelation", ("frames",), spectra.summary_autocorrelation),
        Ingredient("pitch_peaks", ("summary_autocorrelation",), periodicity.peaks, periodicity.PEAK_PARAMS),
        Ingredient("sonogram", ("frames",), psychoacoustics.sonogram),
        Ingredient("modulation", ("sonogram",), psychoacoustics.modulation),
        Ingredient("chroma_energies", ("power",), chroma.chroma_energies),
    )
}


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
    >>> from gtzanfeat.features.spec import Framing, Request
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
            try:
                self._framed[request.framing].add(request)
            except KeyError as error:
                given = ", ".join(request.params) or "none"
                message = f"{request.feature} needs the parameter {error}; it was given {given}"
                raise GtzanfeatError(message) from error
        self._block = np.empty(BLOCK, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget what was pushed, and start a new clip."""
        self.n_samples = 0
        self._filled = 0
        self._silent = True
        names = {framing.stream for framing in self._framed} - {"samples"}
        self._streams = {name: envelopes.STREAMS[name](self.rate) for name in sorted(names)}
        for framed in self._framed.values():
            framed.reset()

    def push(self, samples: np.ndarray) -> None:
        """Analyse what comes next.

        Parameters
        ----------
        samples : ndarray of shape (n_samples,)
            Mono samples as `audio.blocks` gives them: float32, finite; any number of them.
        """
        start = 0
        while start < len(samples):
            n = min(BLOCK - self._filled, len(samples) - start)
            self._block[self._filled : self._filled + n] = samples[start : start + n]
            self._filled += n
            start += n
            if self._filled == BLOCK:
                self._process()

    def finish(self) -> dict[tuple[Any, ...], np.ndarray]:
        """End the clip.

        Returns
        -------
        dict
            By the `key` of each request: the track of a frame feature, float32 (n_frames, n_columns), or the
            values of a clip feature, float64 (n_columns,).

        Raises
        ------
        GtzanfeatError
            If nothing was pushed.
        """
        if self._filled:
            self._process()
        if self.n_samples == 0:
            raise GtzanfeatError("there is nothing to analyse; push at least one sample")
        results = {}
        for framed in self._framed.values():
            framed.pad()
        for request in self._requests:
            results[request.key] = self._framed[request.framing].result(request)
        return results

    def flags(self) -> tuple[str, ...]:
        """What the user should know of the clip just finished: "silent", "padded_65536" ..."""
        flags = ["silent"] if self._silent else []
        flags += [
            f"padded_{length}" for length in sorted({f.length for f in self._framed if self._padded(f)})
        ]
        for request in self._requests:
            row = FEATURES[request.feature]
            if (
                isinstance(row, ClipFeature)
                and row.flag
                and not self._framed[request.framing].result(request).any()
            ):
                flags.append(row.flag)
        return tuple(flags)

    def _padded(self, framing: Framing) -> bool:
        return self.n_samples < framing.length

    def _process(self) -> None:
        samples = self._block[: self._filled]
        self.n_samples += self._filled
        self._filled = 0
        self._silent = self._silent and not samples.any()
        filtered = {name: stream(samples) for name, stream in self._streams.items()}
        for framing, framed in self._framed.items():
            framed.push(samples if framing.stream == "samples" else filtered[framing.stream])


class _Framed:
    """One framing: its buffer, the plan of ingredients and features, and what they have given so far."""

    def __init__(self, framing: Framing, rate: int) -> None:
        self.framing = framing
        self.rate = rate
        self._places: dict[tuple[Any, ...], int] = {("frames",): 0}
        self._steps: list[tuple[Callable[..., np.ndarray], list[int]]] = []
        self._frame_features: dict[tuple[Any, ...], _FrameRun] = {}
        self._accumulators: dict[tuple[Any, ...], _AccumulatorRun] = {}
        self._buffer = np.empty(0, dtype=np.float32)

    # -- the plan --

    def add(self, request: Request) -> None:
        row = FEATURES[request.feature]
        if isinstance(row, ClipFeature):
            if row.of in ACCUMULATORS:
                self._add_accumulator(row.of, request.params)
            else:
                self.add(Request(row.of, request.framing, request.params))
        elif request.key not in self._frame_features:
            needs = [self._place(need.format(**request.params), request.params) for need in row.needs]
            constants = row.constants(self.framing, self.rate, request.params)
            self._frame_features[request.key] = _FrameRun(row, needs, constants)

    def _add_accumulator(self, name: str, params: Params) -> None:
        key = Request(name, self.framing, params).key
        if key not in self._accumulators:
            row = ACCUMULATORS[name]
            needs = [self._place(need, params) for need in row.needs]
            constants = row.constants(self.framing, self.rate, params)
            self._accumulators[key] = _AccumulatorRun(row.kernel, needs, constants, np.zeros(row.shape))

    def _place(self, name: str, params: Params) -> int:
        """Where the ingredient stands in a block's list of ingredients; plans it if it is new."""
        if name == "frames":
            return 0
        row = INGREDIENTS[name]
        key = (name, *(repr(params[used]) for used in row.uses))
        if key not in self._places:
            needs = [self._place(need, params) for need in row.needs]
            self._steps.append((row.build(self.framing, self.rate, params), needs))
            self._places[key] = len(self._steps)
        return self._places[key]

    # -- the work --

    def reset(self) -> None:
        self.n_frames = 0
        self._length = 0
        for feature in self._frame_features.values():
            feature.reset()
        for accumulator in self._accumulators.values():
            accumulator.total[...] = 0.0

    def push(self, samples: np.ndarray) -> None:
        """Take the next samples, (n,) or (n_channels, n), and analyse the frames that are complete."""
        n = samples.shape[-1]
        if self._buffer.shape[:-1] != samples.shape[:-1] or self._buffer.size == 0:
            capacity = self.framing.length + BLOCK
            self._buffer = np.zeros((*samples.shape[:-1], capacity), dtype=np.float32)
        self._buffer[..., self._length : self._length + n] = samples
        self._length += n
        n_frames = (self._length - self.framing.length) // self.framing.hop + 1
        if n_frames > 0:
            self._analyse(n_frames, self.framing.length)
            used = n_frames * self.framing.hop
            rest = self._length - used
            self._buffer[..., :rest] = self._buffer[..., used : self._length].copy()
            self._length = rest

    def pad(self) -> None:
        """Zero-pad a clip that is shorter than one frame."""
        if self.n_frames == 0 and self._length:
            self._buffer[..., self._length : self.framing.length] = 0.0
            self._analyse(1, self._length)

    def _analyse(self, n_frames: int, length: int) -> None:
        """Run the plan over the frames that begin the buffer; their first `length` samples are sound."""
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
            feature.run(ingredients, n_frames)
        for accumulator in self._accumulators.values():
            accumulator.run(ingredients)
        self.n_frames += n_frames

    def result(self, request: Request) -> np.ndarray:
        row = FEATURES[request.feature]
        if isinstance(row, FrameFeature):
            return self._frame_features[request.key].track()
        key = Request(row.of, request.framing, request.params).key
        source = (
            self._accumulators[key].total.copy()
            if row.of in ACCUMULATORS
            else self._frame_features[key].track()
        )
        return row.compute(source, self.n_frames, request.params)


class _FrameRun:
    """A frame feature at work: its rows so far and the spectrum before the next block."""

    def __init__(self, row: FrameFeature, needs: list[int], constants: tuple[Any, ...]) -> None:
        self.row = row
        self.needs = needs
        self.constants = constants

    def reset(self) -> None:
        self.blocks: list[np.ndarray] = []
        self.previous: np.ndarray | None = None

    def run(self, ingredients: list[np.ndarray], n_frames: int) -> None:
        inputs = [ingredients[i] for i in self.needs]
        out = np.empty((n_frames, len(self.row.columns)), dtype=np.float32)
        if self.row.before is not None:
            if self.previous is None:
                self.previous = np.full((1, inputs[0].shape[1]), self.row.before, dtype=np.float32)
            self.row.kernel(*inputs, self.previous, *self.constants, out)
            self.previous = inputs[0][-1:].copy()
        else:
            self.row.kernel(*inputs, *self.constants, out)
        self.blocks.append(out)

    def track(self) -> np.ndarray:
        if len(self.blocks) > 1:
            self.blocks = [np.concatenate(self.blocks)]
        self.blocks[0][: self.row.lead] = 0.0
        return self.blocks[0]


@dataclass
class _AccumulatorRun:
    """An accumulator at work: its total so far."""

    kernel: Callable[..., None]
    needs: list[int]
    constants: tuple[Any, ...]
    total: np.ndarray

    def run(self, ingredients: list[np.ndarray]) -> None:
        self.kernel(*[ingredients[i] for i in self.needs], *self.constants, self.total)
