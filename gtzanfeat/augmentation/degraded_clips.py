"""Clips that are degraded as they are decoded, so that they can be analysed and cached like any other.

The file stays as it is. What the seed of a clip is depends on what it is called and on `random_state`, never
on its place among other clips.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from gtzanfeat.audio import as_clip
from gtzanfeat.augmentation.degradations import Strength, check_strength, degrade_samples, find
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import list_of_clips


@dataclass(frozen=True)
class Change:
    """What is done to the samples of a `Clip` once they are decoded: its `change`.

    Parameters
    ----------
    degradation : str
        A key of `DEGRADATIONS`.
    strength : float or str
        As for `degrade_samples`.
    seed : int, default=0
        Of what is random.

    Examples
    --------
    >>> from gtzanfeat.audio import Clip
    >>> Clip("a.wav", change=Change("gain", -6.0))
    Clip(a.wav, changed by gain -6)
    """

    degradation: str
    strength: float | str
    seed: int = 0

    def __call__(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Degrade samples (n_samples,) at `rate` Hz."""
        return degrade_samples(samples, rate, self.degradation, self.strength, random_state=self.seed)

    def __str__(self) -> str:
        strength = f"{self.strength:g}" if isinstance(self.strength, float) else self.strength
        return f"{self.degradation} {strength}"

    @property
    def key(self) -> str:
        """What a cache must know of it: all that decides the samples."""
        strength = repr(self.strength)
        if isinstance(self.strength, str):
            strength = hashlib.blake2b(Path(self.strength).read_bytes(), digest_size=20).hexdigest()
        return f"{self.degradation} {strength} {self.seed} {_versions()}"


@functools.cache
def _versions() -> str:
    names = ("audiomentations", "python-stretch", "fast-mp3-augment", "numpy-audio-limiter")
    return " ".join(_version(name) for name in names)


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "none"


def degrade_clips(
    clips: ClipTable | Sequence[Any] | np.ndarray,
    name: str,
    strength: Strength,
    *,
    random_state: int = 0,
) -> np.ndarray:
    """Make of clips the same clips, degraded.

    Parameters
    ----------
    clips : ClipTable or sequence
        Recordings of a table, or what `extract` takes: paths, `Clip` objects or arrays.
    name : str
        A key of `DEGRADATIONS`.
    strength : float
        As for `degrade_samples`.
    random_state : int, default=0
        With the name of the recording (or of the file and its folder, or the samples) it seeds what is
        random. The seed does not depend on the strength: louder noise is the same noise.

    Returns
    -------
    ndarray of shape (n_clips,), object
        `Clip` objects, for `extract`, `ClipFeatures` or `load_audio`.

    Raises
    ------
    UnknownNameError, GtzanfeatError
        As `degrade_samples`.
    ClipError
        If a clip is degraded already.

    Examples
    --------
    >>> degrade_clips(["a.wav"], "white_noise", 20)
    array([Clip(a.wav, changed by white_noise 20)], dtype=object)
    """
    row = find(name)
    strength = check_strength(row, strength)
    if isinstance(clips, ClipTable):
        names = [f"{recording}" for recording in clips.recordings]
        sources = list(clips.clips)
    else:
        sources = list_of_clips(clips)
        names = [_called(source) for source in sources]
    changed = np.empty(len(sources), dtype=object)
    for i, (source, called) in enumerate(zip(sources, names, strict=True)):
        clip = as_clip(source)
        if clip.change is not None:
            raise ClipError(clip, f"it is changed already, by {clip.change}", "give the clip as recorded")
        words = f"{random_state} {name} {called} {clip.offset}"
        seed = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=4).digest())
        changed[i] = replace(clip, change=Change(name, strength, seed))
    return changed


def _called(source: Any) -> str:
    """Name a clip by its file; or, if it has none, by its samples."""
    source = as_clip(source).source
    if isinstance(source, str | os.PathLike):
        return "/".join(Path(source).parts[-2:])  # wherever a collection lies
    return hashlib.blake2b(np.ascontiguousarray(source).data, digest_size=8).hexdigest()
