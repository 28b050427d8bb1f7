"""The wavelet envelope of the beat histogram (Tzanetakis & Cook 2002, section II-B).

`LANES` parts of a sound, or the ends of as many frames, lie side by side and go through all levels of the
wavelet transform and back, a few samples of each at a time. No lane knows of another, and what is computed
for a sample depends on those around it alone: samples that frames share are analysed once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.ingredients.fourier import aligned
from gtzanfeat.ingredients.row_kernels import samples_of
from gtzanfeat.jit import SWITCHED_OFF, Float32Array, kernel, recursive_kernel
from gtzanfeat.jit.lanes import LANES, load_reals, multiply_add, store_reals, transpose_tile

Block = Callable[..., Float32Array]

WAVELET_LEVELS = 6
ENVELOPE_POLE = 0.99
ENVELOPE_DECIMATION = 16

# Daubechies' wavelet with 4 taps: DAUB4 in the paper and in Marsyas, "db2" in PyWavelets
_ROOT3 = np.sqrt(3.0)
DAUB4_LOW = (np.array([1 - _ROOT3, 3 - _ROOT3, 3 + _ROOT3, 1 + _ROOT3]) / np.sqrt(32)).astype(np.float32)
DAUB4_HIGH = (DAUB4_LOW[::-1] * np.array([-1, 1, -1, 1])).astype(np.float32)

STEP = 128  # samples of each lane at a time: all that is made of them fits into a first cache of 48 kB


def _layout() -> tuple[Any, ...]:
    """Where things are in the working memory, in rows of `LANES` numbers, and how many rows it has.

    The samples and the approximations of each level, with three from before; the details, with as many from
    before as are new; what is brought from there to half the rate; a place on the way there; 8 smoothed
    values; the last sum of bands; the samples as they are read.
    """
    new = [STEP >> level for level in range(WAVELET_LEVELS + 1)]
    sizes = [n + 3 for n in new] + [2 * n for n in new] + [new[1] + 2] * (WAVELET_LEVELS + 1)
    sizes += [STEP // ENVELOPE_DECIMATION, 1, STEP + LANES]
    places = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    bands = 2 * len(new)
    return tuple(places[: len(new)]), tuple(places[len(new) : bands]), new[1] + 2, places[bands], *places[-5:]


_A, _D, _BAND, _BANDS, _ON_THE_WAY, _SMOOTHED, _LAST, _READ, _ROWS = _layout()
_ONES, _ZEROS = np.ones(LANES, dtype=np.float32), np.zeros(LANES, dtype=np.float32)

_powers = ENVELOPE_POLE ** np.arange(ENVELOPE_DECIMATION)
WEIGHTS = (_powers - ENVELOPE_POLE * _powers).astype(np.float32)  # (1-α) α^i, of what is i samples back

BEFORE, AFTER = 15, 16  # smoothed values at the end and at the beginning of a frame that depend on both


@recursive_kernel
def analyse_lanes(
    work: Float32Array, x: int, n: int, low: Float32Array, high: Float32Array, a: int, d: int
) -> None:
    """Analysis by DAUB4 in each lane, k < n: a[k] = Σ_j low[j] x[2k+3-j], d[k] likewise with `high`.

    work, in which row x is x[0], low (4,), high (4,) -> n rows from a on, n rows from d on
    """
    l0, l1, l2, l3 = low[0], low[1], low[2], low[3]
    h0, h1, h2, h3 = high[0], high[1], high[2], high[3]
    for k in range(n):
        p = LANES * (x + 2 * k)
        x3, x2 = load_reals(work, p), load_reals(work, p + LANES)
        x1, x0 = load_reals(work, p + 2 * LANES), load_reals(work, p + 3 * LANES)
        smooth = multiply_add(x1, l1, multiply_add(x2, l2, x3 * l3))
        rough = multiply_add(x1, h1, multiply_add(x2, h2, x3 * h3))
        store_reals(work, LANES * (a + k), multiply_add(x0, l0, smooth))
        store_reals(work, LANES * (d + k), multiply_add(x0, h0, rough))


@recursive_kernel
def rebuild_lanes(work: Float32Array, c: int, n: int, taps: Float32Array, x: int) -> None:
    """Synthesis in each lane: x[2m] = t1 c[m] + t3 c[m+1], x[2m+1] = t0 c[m] + t2 c[m+1].

    work, in which rows from c on are n + 1 coefficients, taps (4,) -> 2n rows from x on
    """
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    left = load_reals(work, LANES * c)
    for m in range(n):
        right = load_reals(work, LANES * (c + m + 1))
        store_reals(work, LANES * (x + 2 * m), multiply_add(left, t1, right * t3))
        store_reals(work, LANES * (x + 2 * m + 1), multiply_add(left, t0, right * t2))
        left = right


@recursive_kernel
def smooth_lanes(work: Float32Array, low: Float32Array, high: Float32Array, weights: Float32Array) -> None:
    """The last step of all bands, Σ_j |b_j|, and every 16th value smoothed: Σ_i w[i] Σ_j |b_j[n-i]|.

    work, low (4,), high (4,), weights (16,) -> 8 rows of smoothed values, and the last sum

    The bands that share the taps t share a factor: |t1 c + t3 c'| = t3 |(t1/t3) c + c'|.
    """
    l0, l1, l2, l3 = low[0], low[1], low[2], low[3]
    h0, h1, h2, h3 = high[0], high[1], high[2], high[3]
    odd_share, even_share = l1 / l3, l0 / l2
    for value in range(STEP // ENVELOPE_DECIMATION):
        smoothed = load_reals(_ZEROS, 0)
        for pair in range(ENVELOPE_DECIMATION // 2):
            m = value * (ENVELOPE_DECIMATION // 2) + pair + 1
            p = LANES * (_BANDS + m)
            left, right = load_reals(work, p), load_reals(work, p + LANES)
            odd, even = abs(multiply_add(left, odd_share, right)), abs(multiply_add(left, even_share, right))
            for _ in range(WAVELET_LEVELS - 1):
                p += LANES * _BAND
                left, right = load_reals(work, p), load_reals(work, p + LANES)
                odd = odd + abs(multiply_add(left, odd_share, right))
                even = even + abs(multiply_add(left, even_share, right))
            p = LANES * (_D[1] + m)
            left, right = load_reals(work, p), load_reals(work, p + LANES)
            odd = multiply_add(odd, l3, abs(multiply_add(left, h1, right * h3)))
            even = multiply_add(even, l2, abs(multiply_add(left, h0, right * h2)))
            i = ENVELOPE_DECIMATION - 2 - 2 * pair
            smoothed = multiply_add(odd, weights[i + 1], multiply_add(even, weights[i], smoothed))
            store_reals(work, LANES * _LAST, even)
        store_reals(work, LANES * (_SMOOTHED + value), smoothed)


@recursive_kernel
def read_lanes(
    samples: Float32Array, step: int, ring: int, part: int, first: int, work: Float32Array
) -> None:
    """The next samples of each lane side by side, and what is needed of those before moved to the front.

    samples (n_samples,) -> work

    A lane goes around in a ring of samples, lane i from sample first + i · part on, in a ring that begins
    at sample i · step, or as far back as `samples` hold a ring.
    """
    for level in range(WAVELET_LEVELS + 1):
        n, d = STEP >> level, LANES * _D[level]
        for p in range(LANES * _A[level], LANES * (_A[level] + 3), LANES):
            store_reals(work, p, load_reals(work, p + LANES * n))
        for p in range(d, d + LANES * n if level else d, LANES):
            store_reals(work, p, load_reals(work, p + LANES * n))
    for lane in range(LANES):
        start = min(lane * step, samples.size - ring)
        p = (first + lane * part) % ring
        for i in range(0, STEP, LANES):
            store_reals(work, LANES * _READ + lane * (STEP + LANES) + i, load_reals(samples, start + p))
            p += LANES
            if p == ring:
                p = 0
    for i in range(0, STEP, LANES):
        read, laid = LANES * _READ + i, LANES * (_A[0] + 3 + i)
        transpose_tile(work, read, STEP + LANES, _ONES, 0, work, laid, LANES)


@recursive_kernel
def smoothed_moduli(
    samples: Float32Array,
    step: int,
    ring: int,
    part: int,
    low: Float32Array,
    high: Float32Array,
    weights: Float32Array,
    work: Float32Array,
    out: Float32Array,
    starts: Float32Array,
) -> None:
    """Rectified wavelet bands of rings of samples, summed, every 16th value smoothed: Σ_i w[i] a[16m - i].

    samples, step, ring and part as in `read_lanes`, low (4,), high (4,), weights (16,), room in work
    -> out (LANES, n) for m = -15 to n - 16 of each lane, starts (LANES,), the sum a[0] of each
    """
    per_step = STEP // ENVELOPE_DECIMATION
    for turn in range(-2, out.shape[1] // per_step):
        read_lanes(samples, step, ring, part, turn * STEP - STEP, work)
        for level in range(1, WAVELET_LEVELS + 1):
            n = STEP >> level
            analyse_lanes(work, _A[level - 1], n, low, high, _A[level] + 2, _D[level] + n)
        if turn < 0:
            continue
        for band in range(WAVELET_LEVELS):  # those of levels 2 to 6, and the last approximation
            level = min(band + 2, WAVELET_LEVELS)
            last = band == WAVELET_LEVELS - 1
            c, taps = (_A[level], low) if last else (_D[level], high)
            here, there = _BANDS + band * _BAND, _ON_THE_WAY
            if level % 2:
                here, there = there, here
            while level > 1:
                rebuild_lanes(work, c, (STEP >> level) + 1, taps, here)
                c, taps = here, low
                here, there = there, here
                level -= 1
        smooth_lanes(work, low, high, weights)
        transpose_tile(work, LANES * _SMOOTHED, LANES, _ONES, 0, out, turn * per_step, out.shape[1])
        if turn == 1:
            for lane in range(LANES):
                starts[lane] = work[LANES * _LAST + lane]


@kernel
def decay(pole: float, out: Float32Array) -> None:
    """What is left of the values before is added: y[m] = u[m] + α^16 y[m-1].

    pole α -> out (n_frames, n), which is u
    """
    left = pole**ENVELOPE_DECIMATION
    for t in range(out.shape[0]):
        y = np.float64(out[t, 0])
        for m in range(1, out.shape[1]):
            y = left * y + out[t, m]
            out[t, m] = y


def beat_envelope(framing: Framing, rate: int, params: Params) -> Block:
    """Build frames (n, length) -> envelope (n, length / 16), float32, its mean still in it.

    Smoothing is linear, so it is done once on the sum of the rectified bands. `length` must be divisible
    by 2⁶.
    """
    if framing.length % 2**WAVELET_LEVELS:
        raise GtzanfeatError(
            f"a beat window of {framing.length} samples cannot be halved {WAVELET_LEVELS} times; "
            f"take a multiple of {2**WAVELET_LEVELS}"
        )
    if SWITCHED_OFF:
        return interpreted_envelope
    work = aligned(LANES * _ROWS)
    length, n_values = framing.length, framing.length // ENVELOPE_DECIMATION

    def moduli(samples: Float32Array, step: int, ring: int, part: int, n: int) -> tuple[Float32Array, ...]:
        out, starts = np.empty((LANES, n), dtype=np.float32), np.empty(LANES, dtype=np.float32)
        smoothed_moduli(samples, step, ring, part, DAUB4_LOW, DAUB4_HIGH, WEIGHTS, work, out, starts)
        return out[:, BEFORE:], out[:, :BEFORE], starts

    def envelope(frames: Float32Array) -> Float32Array:
        out = np.empty((len(frames), n_values), dtype=np.float32)
        for first in range(0, len(frames), LANES):
            some, filled = frames[first : first + LANES], out[first : first + LANES]
            samples, step = _in_a_row(some)
            part = STEP * -(-samples.size // (LANES * STEP))
            # samples that frames share are analysed once, and the ends of each frame by themselves
            middle = moduli(samples, 0, samples.size, part, (part + 2 * STEP) // ENVELOPE_DECIMATION)[0]
            middle = middle[:, : part // ENVELOPE_DECIMATION].ravel()
            begins, ends, starts = moduli(samples, step, length, 0, 2 * AFTER)
            for t, values in enumerate(filled):
                values[:] = middle[t * step // ENVELOPE_DECIMATION :][:n_values]
                values[-BEFORE:] = ends[t, max(BEFORE - n_values, 0) :]
                values[:AFTER] = begins[t, :n_values][:AFTER]
                values[0] = WEIGHTS[0] * starts[t]
        decay(ENVELOPE_POLE, out)
        return out

    return envelope


def _in_a_row(frames: Float32Array) -> tuple[Float32Array, int]:
    """All `samples_of` frames, and the step from frame to frame, of whole wavelets."""
    (stride, _), whole = frames.strides, frames.itemsize * 2**WAVELET_LEVELS
    overlap = stride <= frames.shape[1] * frames.itemsize and stride % whole == 0
    samples, step = samples_of(frames if overlap else frames.copy())
    return samples, step


# --- the same where kernels are not compiled --------------------------------------------------------


def wavelet_step(x: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """One periodic analysis step of DAUB4, (..., n) -> (..., n/2) twice.

    a[k] = Σ_j low[j] x[2k+2-j], d[k] likewise with `high`.
    """
    even, odd = x[..., ::2], x[..., 1::2]
    taken = np.roll(even, -1, axis=-1), odd, even, np.roll(odd, 1, axis=-1)
    return sum(map(np.multiply, low, taken)), sum(map(np.multiply, high, taken))


def inverse_wavelet_step(c: Any, taps: Any) -> Any:
    """One periodic synthesis step, the other half of the coefficients zero: (..., n) -> (..., 2n).

    x[2m] = t0 c[m-1] + t2 c[m], x[2m+1] = t1 c[m] + t3 c[m+1].
    """
    even = taps[0] * np.roll(c, 1, axis=-1) + taps[2] * c
    odd = taps[1] * c + taps[3] * np.roll(c, -1, axis=-1)
    return np.stack([even, odd], axis=-1).reshape(*c.shape[:-1], -1)


def rectified_bands(x: Any, low: Any, high: Any, levels: int) -> Any:
    """Sum of rectified wavelet bands Σ_j |b_j|, b_j the frame rebuilt from the coefficients of band j alone.

    The bands are the details of levels 1 to `levels`, and the last approximation.
    """
    total = np.zeros_like(x)
    for level in range(1, levels + 1):
        x, detail = wavelet_step(x, low, high)
        for band in [inverse_wavelet_step(detail, high)] + [inverse_wavelet_step(x, low)] * (level == levels):
            for _ in range(level - 1):
                band = inverse_wavelet_step(band, low)
            total += np.abs(band)
    return total


def interpreted_envelope(frames: Float32Array) -> Float32Array:
    """Envelope of frames (n, length): y[16m] of y[n] = (1-α) Σ_j |b_j[n]| + α y[n-1], y[-1] = 0."""
    from scipy.signal import lfilter  # here, because it takes half a second or more to import

    total = rectified_bands(frames, DAUB4_LOW, DAUB4_HIGH, WAVELET_LEVELS)
    smooth: Any = lfilter([1 - ENVELOPE_POLE], [1, -ENVELOPE_POLE], total)[:, ::ENVELOPE_DECIMATION]
    return np.asarray(smooth, dtype=np.float32)
