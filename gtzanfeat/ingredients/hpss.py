"""Harmonic and percussive parts of a sound, by medians of its spectra over time and over frequency.

What sounds on is smooth along time, what is struck is smooth along frequency. The running median, and the
stream that passes the two parts on as they become known. What is measured of them is a feature.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients.spectra import window
from gtzanfeat.jit import kernel

PARTS = ("harmonic", "percussive")
FRAMING = Framing(2048, 512, window="hann", edges="zero")  # the spectra that are separated
NEEDS = ("frames", "spectrum", "power")
REACH = 15  # frames or bins to either side of the middle of a median

# --- the running median -----------------------------------------------------------------------------
#
# Medians of 31 rows, for all lanes (numbers beside each other in a row) at once: nothing but smaller and
# larger of two numbers, which the compiler turns into vector instructions. 16 neighbouring medians have 16
# rows in common. Sorted once, those are shared; adding the 8 rows before or the 8 after them gives what 8 of
# the medians have in common, and so on down to one. A number of which too many others are known to be
# smaller, or larger, cannot be the median and is dropped, so that of 16, 24, 28, 30 rows only the middle 16,
# 8, 4, 2 are kept. That makes 34 comparisons for a median of 31 numbers (after Batcher 1968, Sorting networks
# and their applications, and Adams 2021, Fast median filters using separable sorting networks).

TILE = 16
LANES = 64  # a tile and its surroundings stay in the innermost cache


@kernel
def low(a: Any, b: Any) -> Any:
    """The smaller."""
    return a if a < b else b


@kernel
def high(a: Any, b: Any) -> Any:
    """The larger."""
    return a if a > b else b


@kernel
def merged_2(a: Any, b: Any) -> Any:
    """Two sorted pairs, sorted together (Batcher's odd-even merge)."""
    x, y = high(a[0], b[0]), low(a[1], b[1])
    return low(a[0], b[0]), low(x, y), high(x, y), high(a[1], b[1])


@kernel
def merged_4(a: Any, b: Any) -> Any:
    """Two sorted fours, sorted together."""
    e = merged_2((a[0], a[2]), (b[0], b[2]))
    o = merged_2((a[1], a[3]), (b[1], b[3]))
    return (
        e[0],
        low(o[0], e[1]),
        high(o[0], e[1]),
        low(o[1], e[2]),
        high(o[1], e[2]),
        low(o[2], e[3]),
        high(o[2], e[3]),
        o[3],
    )


@kernel
def merged_8(a: Any, b: Any) -> Any:
    """Two sorted eights, sorted together."""
    e = merged_4((a[0], a[2], a[4], a[6]), (b[0], b[2], b[4], b[6]))
    o = merged_4((a[1], a[3], a[5], a[7]), (b[1], b[3], b[5], b[7]))
    return (
        e[0],
        low(o[0], e[1]),
        high(o[0], e[1]),
        low(o[1], e[2]),
        high(o[1], e[2]),
        low(o[2], e[3]),
        high(o[2], e[3]),
        low(o[3], e[4]),
        high(o[3], e[4]),
        low(o[4], e[5]),
        high(o[4], e[5]),
        low(o[5], e[6]),
        high(o[5], e[6]),
        low(o[6], e[7]),
        high(o[6], e[7]),
        o[7],
    )


@kernel
def sorted_2(s: np.ndarray, i: int) -> Any:
    """Two rows from place i, sorted."""
    return low(s[i], s[i + LANES]), high(s[i], s[i + LANES])


@kernel
def sorted_4(s: np.ndarray, i: int) -> Any:
    """Four rows from place i, sorted."""
    return merged_2(sorted_2(s, i), sorted_2(s, i + 2 * LANES))


@kernel
def sorted_8(s: np.ndarray, i: int) -> Any:
    """Eight rows from place i, sorted."""
    return merged_4(sorted_4(s, i), sorted_4(s, i + 4 * LANES))


@kernel
def bitonic_4(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four numbers that rise and then fall, or fall and then rise, sorted."""
    p, q, r, s = low(a, c), low(b, d), high(a, c), high(b, d)
    return low(p, q), high(p, q), low(r, s), high(r, s)


@kernel
def bitonic_8(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """The same for eight."""
    x = bitonic_4(low(a, e), low(b, f), low(c, g), low(d, h))
    y = bitonic_4(high(a, e), high(b, f), high(c, g), high(d, h))
    return x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]


@kernel
def middle_8(c: Any, x: Any) -> Any:
    """The middle 8, sorted, of a sorted 16 and a sorted 8: without the 8 smallest and the 8 largest."""
    u = bitonic_8(
        high(c[0], x[7]),
        high(c[1], x[6]),
        high(c[2], x[5]),
        high(c[3], x[4]),
        high(c[4], x[3]),
        high(c[5], x[2]),
        high(c[6], x[1]),
        high(c[7], x[0]),
    )
    return bitonic_8(
        low(u[0], c[15]),
        low(u[1], c[14]),
        low(u[2], c[13]),
        low(u[3], c[12]),
        low(u[4], c[11]),
        low(u[5], c[10]),
        low(u[6], c[9]),
        low(u[7], c[8]),
    )


@kernel
def middle_4(c: Any, x: Any) -> Any:
    """The middle 4, sorted, of a sorted 8 and a sorted 4."""
    u = bitonic_4(high(c[0], x[3]), high(c[1], x[2]), high(c[2], x[1]), high(c[3], x[0]))
    return bitonic_4(low(u[0], c[7]), low(u[1], c[6]), low(u[2], c[5]), low(u[3], c[4]))


@kernel
def middle_2(c: Any, x: Any) -> Any:
    """The middle 2, sorted, of a sorted 4 and a sorted 2."""
    p, q = high(c[0], x[1]), high(c[1], x[0])
    p, q = low(low(p, q), c[3]), low(high(p, q), c[2])
    return low(p, q), high(p, q)


@kernel
def middle_1(c: Any, x: Any) -> Any:
    """The middle of a sorted pair and one more."""
    return high(c[0], low(c[1], x))


@kernel
def four_medians(c: Any, s: np.ndarray, a: int) -> Any:
    """Medians around rows a..a+3; `c` is the middle 4 of the rows a-12..a+15 that they have in common."""
    p = middle_2(c, sorted_2(s, a - 14 * LANES))
    q = middle_2(c, sorted_2(s, a + 16 * LANES))
    return (
        middle_1(p, s[a - 15 * LANES]),
        middle_1(p, s[a + 16 * LANES]),
        middle_1(q, s[a - 13 * LANES]),
        middle_1(q, s[a + 18 * LANES]),
    )


@kernel
def median_tile(s: np.ndarray, start: int, out: np.ndarray) -> None:
    """Medians around rows start..start+15 of every lane; `out` has these 16 rows alone.

    Written out, because the compiler makes vectors only of what it can unfold into one loop.
    """
    n = LANES
    for lane in range(n):
        a = start + lane
        core = merged_8(sorted_8(s, a), sorted_8(s, a + 8 * n))
        half = middle_8(core, sorted_8(s, a - 8 * n))
        m = four_medians(middle_4(half, sorted_4(s, a - 12 * n)), s, a)
        out[lane], out[lane + n], out[lane + 2 * n], out[lane + 3 * n] = m
        m = four_medians(middle_4(half, sorted_4(s, a + 16 * n)), s, a + 4 * n)
        out[lane + 4 * n], out[lane + 5 * n], out[lane + 6 * n], out[lane + 7 * n] = m
        half = middle_8(core, sorted_8(s, a + 16 * n))
        m = four_medians(middle_4(half, sorted_4(s, a - 4 * n)), s, a + 8 * n)
        out[lane + 8 * n], out[lane + 9 * n], out[lane + 10 * n], out[lane + 11 * n] = m
        m = four_medians(middle_4(half, sorted_4(s, a + 24 * n)), s, a + 12 * n)
        out[lane + 12 * n], out[lane + 13 * n], out[lane + 14 * n], out[lane + 15 * n] = m


@kernel
def running_median(x: np.ndarray, first: int, out: np.ndarray) -> None:
    """out[i] = median of x[first + i - 15 .. first + i + 15], lane by lane, int32.

    Rows beyond the ends of `x` are its own, mirrored (d c b a | a b c d | d c b a). Floats that are not
    negative are in the order of their bits: view them as int32, of which the compiler makes better code.
    """
    n_rows, n_lanes = x.shape
    n = out.shape[0]
    n_tiles = (n + TILE - 1) // TILE
    s = np.zeros((n_tiles + 2) * TILE * LANES, dtype=np.int32)
    medians = np.empty(TILE * LANES, dtype=np.int32)
    for left in range(0, n_lanes, LANES):
        width = min(LANES, n_lanes - left)
        for r in range(n + 2 * REACH):
            i = (first + r - REACH) % (2 * n_rows)
            if i >= n_rows:
                i = 2 * n_rows - 1 - i
            place = (r + TILE - REACH) * LANES
            for lane in range(width):
                s[place + lane] = x[i, left + lane]
        for tile in range(n_tiles):
            median_tile(s, (tile + 1) * TILE * LANES, medians)
            for r in range(min(TILE, n - tile * TILE)):
                for lane in range(width):
                    out[tile * TILE + r, left + lane] = medians[r * LANES + lane]


# --- the separation -----------------------------------------------------------------------------------


@kernel
def take_harmonic(spectrum: np.ndarray, steady: np.ndarray, struck: np.ndarray, out: np.ndarray) -> None:
    """X_h = X · H / (H + P), H and P the medians of |X|² over time and frequency; half where both are 0."""
    for t in range(spectrum.shape[0]):
        for k in range(spectrum.shape[1]):
            total = steady[t, k] + struck[t, k]
            share = steady[t, k] / total if total > 0 else np.float32(0.5)
            out[t, k] = spectrum[t, k] * share


@kernel
def overlap_add(waves: np.ndarray, taper: np.ndarray, hop: int, tail: np.ndarray, out: np.ndarray) -> None:
    """y[n] = Σ_t w[n - t·hop] x_t[n - t·hop] / Σ_t w²[n - t·hop], `hop` samples for each frame.

    `tail`, (2, length), carries the two sums of what is not complete.
    """
    length = taper.size
    for t in range(waves.shape[0]):
        for i in range(length):
            tail[0, i] += taper[i] * waves[t, i]
            tail[1, i] += taper[i] * taper[i]
        for i in range(hop):
            weight = tail[1, i]
            out[t * hop + i] = tail[0, i] / weight if weight > 0 else np.float32(0.0)
        for i in range(length - hop):
            tail[0, i] = tail[0, i + hop]
            tail[1, i] = tail[1, i + hop]
        for i in range(length - hop, length):
            tail[0, i] = tail[1, i] = np.float32(0.0)


class Separation:
    """Split a sound into what sounds on and what is struck, as its spectra come in.

    Spectra of `FRAMING` are shared between the two parts by soft masks: H / (H + P), where H is the squared
    median of the magnitude over 31 frames and P that over 31 bins. The parts are what `librosa.effects.hpss`
    gives with its defaults, to 1e-6 of the largest sample; together they are the sound itself. They come
    some 19 frames (0.4 s) late, and the rest at the end.

    References
    ----------
    FitzGerald, D. (2010). Harmonic/percussive separation using median filtering. DAFx.

    Examples
    --------
    Any frame feature can be taken from either part, by its framing:

    >>> from gtzanfeat.extraction.analysis import Analysis
    >>> from gtzanfeat.declarations import Request
    >>> tone = 0.5 * np.sin(0.1 * np.arange(40_000))
    >>> level = {part: Request("rms", Framing(512, 512, stream=part)) for part in PARTS}
    >>> analysis = Analysis(level.values())
    >>> analysis.push(tone.astype(np.float32))
    >>> results = analysis.finish()
    >>> {part: f"{results[level[part].key][40, 0]:.2f}" for part in PARTS}
    {'harmonic': '0.35', 'percussive': '0.00'}
    """

    def __init__(self) -> None:
        self._taper = window(FRAMING.window, FRAMING.length)
        self.reset()

    def reset(self) -> None:
        """Forget what was pushed, and start a new clip."""
        bins = FRAMING.length // 2 + 1
        self._power = np.empty((0, bins), dtype=np.float32)  # of frames not separated, and of 15 before
        self._pending: list[tuple[np.ndarray, np.ndarray]] = []  # spectra not separated, medians over bins
        self._n_pending = 0
        self._sound = np.empty(0, dtype=np.float32)  # of which the harmonic part is not known
        self._tail = np.zeros((2, FRAMING.length), dtype=np.float32)
        self._skip = FRAMING.margin  # zeros before the clip
        self._ready: list[np.ndarray] = []
        self.n_given = 0

    def push(self, frames: np.ndarray, spectrum: np.ndarray, power: np.ndarray) -> None:
        """Take the frames, spectra and power spectra that come next."""
        struck = np.empty_like(power)
        running_median(power.view(np.int32).T, 0, struck.view(np.int32).T)
        self._power = np.concatenate([self._power, power])
        self._pending.append((spectrum, struck))
        self._n_pending += len(spectrum)
        self._sound = np.concatenate([self._sound, frames[:, : FRAMING.hop].ravel()])
        self._rest = frames[-1, FRAMING.hop :].copy()
        self._separate(self._n_pending - REACH)

    def _separate(self, n: int) -> None:
        """Separate the next n frames."""
        if n <= 0:
            return
        first = len(self._power) - self._n_pending
        steady = np.empty((n, self._power.shape[1]), dtype=np.float32)
        running_median(self._power.view(np.int32), first, steady.view(np.int32))
        self._power = self._power[max(first + n - REACH, 0) :]
        self._n_pending -= n
        harmonic = np.empty(steady.shape, dtype=np.complex64)
        done = 0
        while done < n:
            spectra, struck = self._pending.pop(0)
            m = min(len(spectra), n - done)
            take_harmonic(spectra[:m], steady[done : done + m], struck[:m], harmonic[done : done + m])
            done += m
            if m < len(spectra):
                self._pending.insert(0, (spectra[m:], struck[m:]))
        waves = scipy.fft.irfft(harmonic, n=FRAMING.length, axis=-1, overwrite_x=True)
        part = np.empty(n * FRAMING.hop, dtype=np.float32)
        overlap_add(waves, self._taper, FRAMING.hop, self._tail, part)
        self._ready.append(part)

    def take(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the samples that have become known, of both parts."""
        harmonic = np.concatenate([*self._ready, np.empty(0, dtype=np.float32)])
        sound, self._sound = self._sound[: len(harmonic)], self._sound[len(harmonic) :]
        self._ready = []
        skipped = min(self._skip, len(harmonic))
        self._skip -= skipped
        self.n_given += len(harmonic) - skipped
        return harmonic[skipped:], (sound - harmonic)[skipped:]

    def flush(self, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
        """End a clip of `n_samples`, and give what is left of both parts."""
        self._separate(self._n_pending)
        sums, weights = self._tail[:, : FRAMING.length - FRAMING.hop]
        self._ready.append(np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0))
        self._sound = np.concatenate([self._sound, self._rest])
        wanted = n_samples - self.n_given
        harmonic, percussive = self.take()
        return harmonic[:wanted], percussive[:wanted]
