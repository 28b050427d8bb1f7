"""Frame matrices: frame features of many clips, (n_frames, n_columns) each, computed or loaded one by one.

Which frame features are wanted becomes a `FrameSpec`, whose hash the cache knows them by. What is computed
from the frames (deltas, summaries, codebooks) is for the rooms above.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gtzanfeat.audio import RESAMPLER, as_clip
from gtzanfeat.declarations import FrameFeature, Framing, Request
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.extraction.batches import BatchAnalyser, analyse, clip_analyser
from gtzanfeat.extraction.frame_sequence import Frames
from gtzanfeat.extraction.parallel import ClipAnalyser, Failure
from gtzanfeat.feature_sets import FEATURE_SETS, RATE, FeatureItem, FeatureSet, column_name
from gtzanfeat.features import FEATURES

_FRAMING = Framing(512, 512)
_AT_THE_ENDS = {"none": "", "pad_end": " padded", "zero": " centred", "copy": " centred"}
# of features that are in no set, but whose bands are too narrow, or periods too long, for frames of 512
_LONGER = {
    "mel128": Framing(2048, 512, window="hann"),
    "librosa_mfcc": Framing(2048, 512, window="hann"),
    "note_f0": Framing(2048, 512, window="hann", remove_mean=True),
    "harmonics": Framing(2048, 512, window="hann", remove_mean=True),
}
_BAND_FRAMING = Framing(1024, 256)


@dataclass(frozen=True)
class FrameSpec:
    """Frame features, which side by side are the columns of a matrix.

    Parameters
    ----------
    items : tuple of FeatureItem
        The features, in the order of the columns; their summaries do not count.
    rate : int
        Sample rate in Hz at which clips are analysed.
    silence : float, optional
        Frames whose RMS is more than this many dB below that of the clip's loudest frame are left out.
    """

    items: tuple[FeatureItem, ...]
    rate: int = RATE
    silence: float | None = None

    @property
    def requests(self) -> list[Request]:
        """What an `Analysis` needs to be given."""
        wanted = [item.request for item in self.items]
        return wanted if self.silence is None else [*wanted, self._loudness]

    @property
    def _loudness(self) -> Request:
        """The RMS of the same frames of the unfiltered sound."""
        return Request("rms", replace(self.items[0].framing, stream="samples", remove_mean=False))

    @property
    def columns(self) -> list[str]:
        """Names of the columns: ``<feature>_<column>``, or the `names` of an item."""
        return [name for item in self.items for name in _names(item)]

    def times(self, n_frames: int) -> np.ndarray:
        """Return the middle of each row of a matrix in seconds, (n_frames,); not defined with `silence`."""
        times: np.ndarray = self.items[0].framing.times(self._lead + n_frames, self.rate)[self._lead :]
        return times

    @property
    def _lead(self) -> int:
        """Frames at the start for which one of the features has no value."""
        return max(getattr(FEATURES[item.feature], "lead", 0) for item in self.items)

    @property
    def name(self) -> str:
        """The features in words."""
        return f"frames of {', '.join(dict.fromkeys(item.feature for item in self.items))}"

    @cached_property
    def spec_hash(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of `spec_json`."""
        return hashlib.sha256(self.spec_json.encode()).hexdigest()[:16]

    @cached_property
    def spec_json(self) -> str:
        """Canonical JSON of everything that decides the numbers."""
        audio = {"rate": self.rate, "channels": "mean", "resampler": RESAMPLER}
        spec: dict[str, Any] = {"frames": [item.spec() for item in self.items], "audio": audio}
        if self.silence is not None:
            spec["silence"] = float(self.silence)
        return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def feature_table(self) -> list[dict[str, str]]:
        """Return unit, meaning and formula of each column, as `FeatureSet.feature_table` does."""
        return [row for item in self.items for row in item.rows(self.rate, frames=True)[0]]

    def matrix(self, results: Mapping[tuple[Any, ...], np.ndarray]) -> np.ndarray:
        """Return the results of an analysis as one matrix, float32 (n_frames, n_columns).

        Without the frames at the start for which one of the features has no value, and without those below
        `silence`.
        """
        lead = self._lead
        tracks = [results[item.request.key][:, [place for place, _ in item.chosen]] for item in self.items]
        matrix: np.ndarray = np.concatenate(tracks, axis=1)[lead:]
        if self.silence is None:
            return matrix
        rms = results[self._loudness.key][lead:, 0]
        floor = rms.max(initial=0.0) * 10 ** (-self.silence / 20)
        audible: np.ndarray = matrix[(rms > 0) & (rms >= floor)]
        return audible


def _names(item: FeatureItem) -> Sequence[str]:
    return item.names or [column_name(item.feature, column.name) for _, column in item.chosen]


def frame_spec(features: Any, framing: Framing | None = None, silence: float | None = None) -> FrameSpec:
    """Return the specification of frame features that are named in one of several ways.

    Parameters
    ----------
    features : str, FeatureItem, FeatureSet, or sequence of str and FeatureItem
        A name is that of a frame feature, framed and with the parameters that the first feature set has it
        with. An `FeatureItem` says all of that itself. Of a `FeatureSet`, all frame features are taken.
    framing : Framing, optional
        Takes the place of every framing.
    silence : float, optional
        As of `FrameSpec`.

    Returns
    -------
    FrameSpec
        Its items are the frame features.

    Raises
    ------
    UnknownNameError
        If there is no frame feature of that name.
    ValueError
        If there is no frame feature at all, if the framings do not agree in length and hop and in whether
        frames reach beyond the clip, if an item does not name each of its columns, if a column would be
        there twice, or if `silence` is no number of dB.
    """
    if silence is not None and not 0 <= silence < np.inf:
        raise ValueError(f"silence is {silence!r}; give dB below the loudest frame, such as 60, or None")
    source = features if isinstance(features, FeatureSet) else None
    if source is not None:
        wanted: Sequence[Any] = [item for item in source.items if _is_frame_feature(item.feature)]
    else:
        wanted = [features] if isinstance(features, str | FeatureItem) else list(features)
    items: dict[Any, FeatureItem] = {}
    for item in map(_item, wanted):
        item = replace(item, summary="", summary_params={})
        item = item if framing is None else item.at(framing, RATE)
        if item.names and len(item.names) != len(item.chosen):
            raise ValueError(
                f"{item.feature} has {len(item.chosen)} columns to name, not {len(item.names)}; name them all"
            )
        items.setdefault((item.request.key, item.columns), item)  # a set may summarise one twice
    cuts = {
        (item.framing.length, item.framing.hop, _AT_THE_ENDS[item.framing.edges]) for item in items.values()
    }
    if not cuts:
        raise ValueError(f"{features!r} has no frame features; name one, e.g. 'mfcc'")
    if len(cuts) > 1:
        cut = ", ".join(f"{length}/{hop}{ends}" for length, hop, ends in sorted(cuts))
        raise ValueError(f"frames of {cut} (length/hop) do not go into one matrix; give one framing for all")
    spec = FrameSpec(tuple(items.values()), RATE if source is None else source.rate, silence)
    twice = [name for name, count in Counter(spec.columns).items() if count > 1]
    if twice:
        raise ValueError(
            f"the frames would have the column {twice[0]!r} twice; leave one item out, or give it names"
        )
    return spec


def _is_frame_feature(name: str) -> bool:
    return isinstance(FEATURES.get(name), FrameFeature)


def _item(wanted: Any) -> FeatureItem:
    name = wanted.feature if isinstance(wanted, FeatureItem) else wanted
    if not (isinstance(name, str) and _is_frame_feature(name)):
        known = [row.name for row in FEATURES.values() if isinstance(row, FrameFeature)]
        raise UnknownNameError("frame feature", name, known)
    return wanted if isinstance(wanted, FeatureItem) else usual_item(name)


def usual_item(name: str) -> FeatureItem:
    """Return a feature with the frames and parameters that the first feature set has it with.

    Parameters
    ----------
    name : str
        Of a feature; one that is in no set has the defaults of its parameters, and frames of 512 samples or,
        where its bands are narrow or its periods long, more.

    Returns
    -------
    FeatureItem
        Without a summary, with all columns.
    """
    found = [item for row in FEATURE_SETS.values() for item in row.items if item.feature == name]
    # centred frames, and a padded one at the end, go into one matrix with few others: the former come last,
    # and the latter is left to the sets that have it
    for item in sorted(found, key=lambda item: item.framing.margin > 0):
        edges = "none" if item.framing.edges == "pad_end" else item.framing.edges
        return FeatureItem(name, replace(item.framing, edges=edges), item.params)
    return FeatureItem(name, _BAND_FRAMING if name.startswith("band_flux") else _LONGER.get(name, _FRAMING))


def extract_frames(
    clips: Sequence[Any] | np.ndarray,
    spec: FrameSpec,
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    array_backend: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Frames, tuple[Failure, ...]]:
    """Compute the frame features of many clips.

    Parameters
    ----------
    clips, rate, n_jobs, on_error, array_backend
        As of `gtzanfeat.extract`.
    spec : FrameSpec
        From `frame_spec`.
    memory : path or joblib.Memory, optional
        All clips are analysed now; with `memory` their frames are kept there and loaded clip by clip when
        they are asked for, without it they are all held.
    progress : callable, optional
        Called with the number of clips done since the last call.

    Returns
    -------
    frames : Frames
        One matrix per clip, float32 (n_frames, n_columns); that of a failed clip has no frames.
    failures : tuple of Failure
        The clips that could not be analysed.
    """
    numbered = list(enumerate(clips))
    analyser = clip_analyser(spec, spec.matrix, memory=memory, array_backend=array_backend)
    cache = analyser.cache
    no_frames = np.zeros((0, len(spec.columns)), dtype=np.float32)
    failures = []
    held = []
    running = analyser
    if cache is not None and not isinstance(analyser, BatchAnalyser):
        running = _FrameKeeper(spec.requests, spec.rate, spec.matrix, cache)
    for _, result in analyse(
        running, numbered, rate=rate, n_jobs=n_jobs, on_error=on_error, progress=progress
    ):
        failed = isinstance(result, Failure)
        if failed:
            failures.append(result)
        if cache is None:
            held.append(no_frames if failed else result[0])
    failures.sort(key=lambda failure: failure.index)
    load: Callable[[int], np.ndarray] = held.__getitem__
    if cache is not None:
        failed_clips = frozenset(failure.index for failure in failures)
        load = _CachedFrames(analyser, [clip for _, clip in numbered], rate, failed_clips, no_frames)
    names = [_name(i, clip) for i, clip in numbered]
    times = None if spec.silence is not None else spec.times
    return Frames(load, range(len(numbered)), spec.columns, names=names, times=times), tuple(failures)


def _name(index: int, source: Any) -> str:
    """Path of a clip with the window of it, or its number."""
    if isinstance(getattr(source, "source", source), str | os.PathLike):
        return repr(as_clip(source))[len("Clip(") : -1]
    return f"clip {index}"


@dataclass(frozen=True, eq=False)
class _FrameKeeper(ClipAnalyser):
    """Leaves the frames of clips in the cache, so that none has to be sent from worker to caller."""

    def analyse(self, source: Any, index: int, rate: int | None = None) -> tuple[np.ndarray, ...]:
        super().analyse(source, index, rate)
        return ()


@dataclass(frozen=True)
class _CachedFrames:
    """Loads the frames of a clip from the cache, or computes them anew if they have been removed from it."""

    analyser: ClipAnalyser
    clips: Sequence[Any]
    rate: int | None
    failed_clips: frozenset[int]
    no_frames: np.ndarray

    def __call__(self, index: int) -> np.ndarray:
        if index in self.failed_clips:
            return self.no_frames
        return self.analyser.analyse(self.clips[index], index, self.rate)[0]

    def part(self, indices: Sequence[int]) -> _CachedFrames:
        """Return what loads these clips alone, numbered anew."""
        failed = frozenset(new for new, old in enumerate(indices) if old in self.failed_clips)
        return replace(self, clips=[self.clips[i] for i in indices], failed_clips=failed)
