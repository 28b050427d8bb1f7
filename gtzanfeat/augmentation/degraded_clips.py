"""Clips that are degraded when they are decoded, and can be analysed and cached like any other.

Files are not changed. The seed of a clip depends on its name and on `random_state`, not on its position among
other clips. What is done to the samples is in `degradations`.
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
from numpy.typing import NDArray

from gtzanfeat.audio import as_clip
from gtzanfeat.augmentation.degradations import Strength, check_strength, degrade_samples, find_degradation
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import list_of_clips


@dataclass(frozen=True)
class Change:
    """Degradation of the decoded samples of a `Clip`, for its attribute `change`.

    Parameters
    ----------
    degradation : str
        A key of `DEGRADATIONS`.
    strength : float or str
        As in `degrade_samples`.
    seed : int, default=0
        Seed of what is random; part of `key`, and therefore fixed.

    Examples
    --------
    >>> from gtzanfeat.audio import Clip
    >>> Clip("a.wav", change=Change("gain", -6.0))
    Clip(a.wav, changed by gain -6)
    """

    degradation: str
    strength: float | str
    seed: int = 0

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return samples (n_samples,) at `rate` Hz degraded."""
        return degrade_samples(samples, rate, self.degradation, self.strength, random_state=self.seed)

    def __str__(self) -> str:
        strength = f"{self.strength:g}" if isinstance(self.strength, float) else self.strength
        return f"{self.degradation} {strength}"

    @property
    def key(self) -> str:
        """Everything that determines the degraded samples, for the key of a cache."""
        strength = repr(self.strength)
        if isinstance(self.strength, str):
            strength = hashlib.blake2b(Path(self.strength).read_bytes(), digest_size=20).hexdigest()
        return f"{self.degradation} {strength} {self.seed} {_library_versions()}"


@functools.cache
def _library_versions() -> str:
    names = ("audiomentations", "python-stretch", "fast-mp3-augment", "numpy-audio-limiter")
    return " ".join(_version(name) for name in names)


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "none"


def degrade_clips(
    clips: ClipTable | Sequence[Any] | NDArray[Any],
    degradation: str,
    strength: Strength,
    *,
    random_state: int = 0,
) -> NDArray[np.object_]:
    """Return clips that are degraded when they are decoded.

    Parameters
    ----------
    clips : ClipTable or sequence
        Clips of a table; or paths, `Clip` objects or arrays, as in `extract`.
    degradation : str
        A key of `DEGRADATIONS`.
    strength : float
        As in `degrade_samples`.
    random_state : int, default=0
        Seed of what is random, together with the name of the recording (or of the file and its folder, or the
        samples). It is fixed, because the seed is part of the key under which analyses are cached. It does
        not depend on the strength: louder noise is the same noise.

    Returns
    -------
    ndarray of shape (n_clips,), object
        `Clip` objects, as `extract`, `ClipFeatures` and `load_audio` take them.

    Raises
    ------
    UnknownNameError, GtzanfeatError
        As `degrade_samples`.
    ClipError
        If a clip is already degraded.

    Examples
    --------
    >>> degrade_clips(["a.wav"], "white_noise", 20)
    array([Clip(a.wav, changed by white_noise 20)], dtype=object)
    """
    strength = check_strength(find_degradation(degradation), strength)
    if isinstance(clips, ClipTable):
        names = [f"{recording}" for recording in clips.recordings]
        sources = list(clips.clips)
    else:
        sources = list_of_clips(clips)
        names = [_clip_name(source) for source in sources]
    changed = np.empty(len(sources), dtype=object)
    for i, (source, name) in enumerate(zip(sources, names, strict=True)):
        clip = as_clip(source)
        if clip.change is not None:
            raise ClipError(clip, f"it is changed already, by {clip.change}", "give the clip as recorded")
        words = f"{random_state} {degradation} {name} {clip.offset}"
        seed = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=4).digest())
        changed[i] = replace(clip, change=Change(degradation, strength, seed))
    return changed


def _clip_name(source: Any) -> str:
    """Return folder and name of the file of a clip; of samples and open files, a digest of the content."""
    source = as_clip(source).source
    if isinstance(source, str | os.PathLike):
        return "/".join(Path(source).parts[-2:])  # the same on every machine
    try:
        if hasattr(source, "read"):
            source.seek(0)
            content = source.read()
        else:
            content = np.ascontiguousarray(source).data
        return hashlib.blake2b(content, digest_size=8).hexdigest()
    except (OSError, TypeError, ValueError):  # what is no clip is told so when it is read
        return ""
