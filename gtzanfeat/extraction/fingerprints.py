"""Acoustic fingerprints: copies of a recording are found whatever their format, level or cut.

A fingerprint says in one bit per band and 12 ms how the energy in 33 bands rises and falls (Haitsma & Kalker
2002). Copies at another speed or pitch are not found. What a copy means for a score is said in
`gtzanfeat.evaluation`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gtzanfeat.audio import Clip, as_clip, load_audio
from gtzanfeat.declarations import Framing
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.parallel import ClipAnalyser, Failure, analyse_clips, list_of_clips
from gtzanfeat.ingredients.spectra import power_of_frames

RATE = 5512  # Hz; the bands end at 2 kHz
FRAMING = Framing(2048, 64, "hann")  # 0.37 s every 11.6 ms: a copy is never more than 5.8 ms beside the grid
N_BANDS = 33
LOWEST, HIGHEST = 300.0, 2000.0  # Hz
QUIET = 1e-6  # of the loudest frame's energy, below which bits are only noise
LENGTH = 431  # frames, 5 s: pieces in one rhythm and key can agree for less
# Share of equal bits from which it is the same recording. The reference has 0.65, with which two pieces in
# one rhythm and key can pass (0.76 was seen); an MP3 of 24 kbit/s has 0.81, one of 128 kbit/s 0.9.
SIMILAR = 0.8
COMMON = 40  # frames of one fingerprint word; a word with more of them tells nothing
AGREEING = 3  # equal words at the same offset, for which the overlap is looked at
CANDIDATES = 4  # offsets looked at for two recordings
SLACK = 4  # frames around an offset
STEP = 512  # frames computed at a time
_SPEC = f"Haitsma & Kalker {RATE} {FRAMING} {N_BANDS} {LOWEST} {HIGHEST} {QUIET}"


@dataclass(frozen=True)
class Match:
    """Two recordings that have some seconds of sound in common.

    Parameters
    ----------
    a, b : int
        Their places in the list, a < b.
    offset : float
        Where b begins in a, in seconds; negative if it begins before a does.
    seconds : float
        For how long both are there.
    similarity : float
        Share of equal bits in that time: 1 for the same sound, about 0.5 for different ones.
    """

    a: int
    b: int
    offset: float
    seconds: float
    similarity: float


def fingerprint(source: Any) -> np.ndarray:
    """Compute the fingerprint of a clip.

    With E_t,b the energy of frame t in band b, bit b of word t is
    [E_t,b - E_t,b+1 - (E_t-1,b - E_t-1,b+1) > 0]. The bands lie between 300 and 2000 Hz, evenly in log f.

    Parameters
    ----------
    source : path, Clip or ndarray of shape (n_samples,)
        As of `gtzanfeat.load_audio`; an array is taken to be at 5512 Hz unless a `Clip` says its rate.

    Returns
    -------
    ndarray of shape (n_words,), uint32
        One word every 64 samples of 5512 Hz, the first at the second frame; 0 where the sound is more than
        60 dB below its loudest frame. Empty for less than two frames, 0.38 s.

    Raises
    ------
    ClipError
        If the clip cannot be decoded.

    References
    ----------
    J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002, section 4.2 and
    equation 1.

    Examples
    --------
    >>> noise = np.random.default_rng(0).uniform(-1, 1, 5512)
    >>> bool((fingerprint(noise) == fingerprint(0.25 * noise)).all())
    True
    """
    samples = load_audio(source, RATE)
    n_frames = (len(samples) - FRAMING.length) // FRAMING.hop + 1
    if n_frames < 2:
        return np.zeros(0, dtype=np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAMING.length)[:: FRAMING.hop]
    power = power_of_frames(FRAMING, RATE, {})
    edges = _edges()
    energies = np.concatenate(
        [
            np.add.reduceat(power(frames[start : start + STEP]), edges, axis=1, dtype=np.float64)
            for start in range(0, n_frames, STEP)
        ]
    )[:, :N_BANDS]
    slopes = energies[:, :-1] - energies[:, 1:]
    bits = slopes[1:] > slopes[:-1]
    loudness = energies.sum(axis=1)
    bits[loudness[1:] <= QUIET * loudness.max()] = False
    return np.packbits(bits, axis=1, bitorder="little").view("<u4").astype(np.uint32).ravel()


def _edges() -> np.ndarray:
    """First bin of each band, and the first beyond the last."""
    hertz = np.geomspace(LOWEST, HIGHEST, N_BANDS + 1)
    return np.rint(hertz * FRAMING.length / RATE).astype(np.intp)


def fingerprints(
    clips: Sequence[Any] | np.ndarray,
    *,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[list[np.ndarray], tuple[Failure, ...]]:
    """Compute the fingerprints of many clips.

    Parameters
    ----------
    clips, n_jobs, on_error, memory, progress
        As of `gtzanfeat.extract`.

    Returns
    -------
    prints : list of ndarray of uint32
        One per clip; an empty one for a clip that failed.
    failures : tuple of Failure
        The clips that could not be decoded.
    """
    cache = Cache.open(memory, hashlib.sha256(_SPEC.encode()).hexdigest()[:16])
    numbered = list(enumerate(list_of_clips(clips)))
    prints = [np.zeros(0, dtype=np.uint32)] * len(numbered)
    failures = []
    analyser = _Fingerprinter(cache=cache)
    running = analyse_clips(analyser, numbered, n_jobs=n_jobs, on_error=on_error, progress=progress)
    for index, result in running:
        if isinstance(result, Failure):
            failures.append(result)
        else:
            prints[index] = result[0]
    return prints, tuple(sorted(failures, key=lambda failure: failure.index))


@dataclass(frozen=True, eq=False)
class _Fingerprinter(ClipAnalyser):
    """Computes the fingerprint of one clip after another, or takes it from a cache."""

    requests: list[Any] = None  # type: ignore[assignment]
    rate: int = RATE
    arrange: Any = None

    def _computed(self, clip: Clip) -> tuple[np.ndarray, ...]:
        return (fingerprint(as_clip(clip)),)


def near_duplicate_pairs(prints: Sequence[np.ndarray], similar: float = SIMILAR) -> list[Match]:
    """Find all pairs of recordings that share 5 seconds of sound or more.

    Words that occur in two recordings vote for where one begins in the other; the offsets with most votes are
    then judged by all bits of the overlap. Cost grows with the words that occur more than once, so a thousand
    recordings take seconds.

    Parameters
    ----------
    prints : sequence of ndarray of uint32
        From `fingerprint`.
    similar : float, default=0.8
        Share of equal bits from which it is the same recording. Different recordings have about 0.5, and up
        to 0.76 where they share tempo, rhythm and key; MP3s of 24 kbit/s have 0.81 or more. (The reference
        has 0.65.)

    Returns
    -------
    list of Match
        By a, then b; for each pair the overlap with most equal bits.

    References
    ----------
    J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002, sections 4.3 and 5.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one, other = rng.uniform(-1, 1, (2, 5512 * 8))
    >>> near_duplicate_pairs([fingerprint(one), fingerprint(other), fingerprint(one[11024:])])
    [Match(a=0, b=2, offset=1.99..., seconds=5.61..., similarity=0.98...)]
    """
    found: dict[tuple[int, int], Match] = {}
    for a, b, offset in _candidates(prints):
        match = _best_overlap(prints, a, b, offset)
        if match is not None and match.similarity >= similar:
            known = found.get((a, b))
            if known is None or match.similarity > known.similarity:
                found[a, b] = match
    return [found[pair] for pair in sorted(found)]


def _candidates(prints: Sequence[np.ndarray]) -> list[tuple[int, int, int]]:
    """Pairs of recordings a < b, and where b may begin in a, in frames: the offsets with most votes."""
    lengths = [len(words) for words in prints]
    words = np.concatenate([*prints, np.zeros(0, dtype=np.uint32)])
    owner = np.repeat(np.arange(len(prints)), lengths)
    place = np.concatenate([*(np.arange(length) for length in lengths), np.zeros(0, dtype=np.intp)])
    # a word that lasts is one event, and silence none
    new = np.ones(len(words), dtype=bool)
    new[1:] = (words[1:] != words[:-1]) | (owner[1:] != owner[:-1])
    new &= words != 0
    words, owner, place = words[new], owner[new], place[new]
    order = np.argsort(words, kind="stable")
    words, owner, place = words[order], owner[order], place[order]
    _, group, counts = np.unique(words, return_inverse=True, return_counts=True)
    rare = counts[group] <= COMMON
    group, owner, place = group[rare], owner[rare], place[rare]
    n_offsets = 2 * max(lengths, default=0) + 1
    ballots = []
    for shift in range(1, COMMON):
        pair = np.flatnonzero((group[shift:] == group[:-shift]) & (owner[shift:] != owner[:-shift]))
        if len(pair):  # within a word owners ascend, so the first of a pair is a
            offset = place[pair] - place[pair + shift] + n_offsets // 2
            ballots.append((owner[pair] * len(prints) + owner[pair + shift]) * n_offsets + offset)
    if not ballots:
        return []
    keys, n_votes = np.unique(np.concatenate(ballots), return_counts=True)
    pairs, offsets = keys // n_offsets, keys % n_offsets - n_offsets // 2
    # neighbouring offsets vote together, since a copy may lie between two
    together = n_votes.copy()
    for shift in (1, 2):
        near = (pairs[shift:] == pairs[:-shift]) & (offsets[shift:] - offsets[:-shift] <= SLACK)
        together[shift:][near] += n_votes[:-shift][near]
        together[:-shift][near] += n_votes[shift:][near]
    enough = together >= AGREEING
    pairs, offsets, together = pairs[enough], offsets[enough], together[enough]
    best = np.lexsort((-together, pairs))
    pairs, offsets = pairs[best], offsets[best]
    first = np.r_[True, pairs[1:] != pairs[:-1]]
    rank = np.arange(len(pairs)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    top = rank < CANDIDATES
    owners = np.divmod(pairs[top], len(prints))
    return list(zip(*(column.tolist() for column in (*owners, offsets[top])), strict=True))


def _best_overlap(prints: Sequence[np.ndarray], a: int, b: int, offset: int) -> Match | None:
    """Compare all bits of two recordings around an offset; None if too little of both is there."""
    best: Match | None = None
    for frames in range(offset - SLACK, offset + SLACK + 1):
        start, end = max(0, frames), min(len(prints[a]), frames + len(prints[b]))
        if end - start < LENGTH:
            continue
        one, other = prints[a][start:end], prints[b][start - frames : end - frames]
        audible = (one != 0) & (other != 0)
        n_audible = int(audible.sum())
        if n_audible < LENGTH:
            continue
        different = int(np.bitwise_count((one ^ other)[audible]).sum())
        similarity = 1.0 - different / (32 * n_audible)
        if best is None or similarity > best.similarity:
            second = FRAMING.hop / RATE
            best = Match(a, b, frames * second, (end - start) * second, similarity)
    return best
