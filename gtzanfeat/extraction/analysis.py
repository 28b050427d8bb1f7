"""Analysis: from blocks of samples to the tracks and histograms of features, each ingredient computed once.

Files, arrays and live streams all pass here. Samples may arrive in pieces of any size; they are cut anew at
fixed absolute positions, so that the numbers are the same bits. Only tracks (a few numbers per frame) grow
with the recording, and go to a file once they are long: no spectrum of a whole clip ever exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gtzanfeat.declarations import ClipFeature, Framing, Request
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.extraction.framed_analysis import BLOCK, FramedAnalysis
from gtzanfeat.extraction.long_tracks import TrackFile
from gtzanfeat.feature_sets.feature_parameters import checked_params
from gtzanfeat.features import FEATURES
from gtzanfeat.ingredients import hpss
from gtzanfeat.ingredients.registry import STREAMS


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
        self._framed: dict[Framing, FramedAnalysis] = {}
        for request in self._requests:
            if request.feature not in FEATURES:
                raise UnknownNameError("feature", request.feature, FEATURES)
            if request.framing not in self._framed:
                self._framed[request.framing] = FramedAnalysis(request.framing, rate)
            _check_params(request, rate)
        names = {framing.stream for framing in self._framed} - {"samples"}
        for name in sorted(names - STREAMS.keys() - set(hpss.PARTS)):
            raise UnknownNameError("stream", name, ["samples", *STREAMS, *hpss.PARTS])
        self._separation = hpss.Separation() if names & set(hpss.PARTS) else None
        if self._separation is not None:  # it shares its spectra with the features of that framing
            if hpss.FRAMING not in self._framed:
                self._framed[hpss.FRAMING] = FramedAnalysis(hpss.FRAMING, rate)
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
            block = samples[start : start + n]
            start += n
            # of other arrays, kernels would be compiled for one more type
            usual = block.dtype == np.float32 and block.flags.c_contiguous and block.flags.writeable
            if n < BLOCK or not usual:
                self._block[self._filled : self._filled + n] = block
                self._filled += n
                block = self._block
            if n == BLOCK or self._filled == BLOCK:
                self._process(block)

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
            self._process(self._block[: self._filled])
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

    def _process(self, samples: np.ndarray) -> None:
        self.n_samples += len(samples)
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

    def _by_stream(self, *names: str) -> list[FramedAnalysis]:
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
