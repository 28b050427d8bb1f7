"""Harmonic partials of a note that sounds alone: how its tone is made up (Peeters 2004; MPEG-7).

Partials are the largest peaks of the power spectrum near the multiples of the `fundamental`. The spectrum
as a whole, whatever is in it, is in `spectral_shape`; pitch is in `note_pitch`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Arrays, ClipFeature, Column, FrameFeature, Framing, Params
from gtzanfeat.jit import Float32Array, Float64Array, kernel

N_PARTIALS = 20
SEARCH = 0.25  # of f0, to either side of its multiple; at least one bin and at most three
WIDEST_BINS = 3.0
MAIN_LOBE = 2  # bins to either side of a multiple, which hold a partial under a Hann window
QUIETEST_DB = -80.0  # re all partials together
MOST_DB = 60.0  # of odd against even
PEETERS = "Peeters 2004, A large set of audio features for sound description, sections 6.5 and 7"


@kernel
def find_partials(
    power: Float32Array, f0: float, width: float, amplitudes: Float64Array, hertz: Float64Array
) -> int:
    """Amplitude and frequency of the partials of one frame: parabolas through the log of the largest bins.

    power (n_bins,), f0 in Hz, width of a bin in Hz -> amplitudes (n,), hertz (n,), and how many there are
    """
    n_bins = power.size
    count = 0
    reach = min(max(SEARCH * f0 / width, 1.0), WIDEST_BINS)
    for h in range(1, amplitudes.size + 1):
        place = h * f0 / width
        first, last = max(int(np.ceil(place - reach)), 1), min(int(np.floor(place + reach)), n_bins - 2)
        if place > n_bins - 2 or first > last:
            break
        best = first
        for k in range(first, last + 1):
            if power[k] > power[best]:
                best = k
        amplitudes[h - 1], hertz[h - 1] = np.sqrt(np.float64(power[best])), best * width
        if min(power[best - 1], power[best + 1]) > 0 and power[best] > 0:
            before, here = np.log(np.float64(power[best - 1])), np.log(np.float64(power[best]))
            after = np.log(np.float64(power[best + 1]))
            bend = before - 2.0 * here + after
            shift = min(max(0.5 * (before - after) / bend, -0.5), 0.5) if bend < 0 else 0.0
            amplitudes[h - 1] = np.exp(0.5 * (here - 0.25 * (before - after) * shift))
            hertz[h - 1] = (best + shift) * width
        count = h
    return count


@kernel
def power_near_multiples(power: Float32Array, f0: float, width: float) -> float:
    """Sum of the power within two bins of a multiple of f0, the first bin apart.

    power (n_bins,), f0 in Hz, width of a bin in Hz -> a number
    """
    near = 0.0
    for k in range(1, power.size):
        multiple = max(np.round(k * width / f0), 1.0)
        if abs(k - np.round(multiple * f0 / width)) <= MAIN_LOBE:
            near += np.float64(power[k])
    return near


@kernel
def harmonics(
    fundamental: Float32Array, power: Float32Array, width: float, most_db: float, out: Float32Array
) -> None:
    """Tristimulus, odd-even ratio, centroid, spread, deviation, inharmonicity, noisiness; level of the frame.

    fundamental (n_frames, 2), power (n_frames, n_bins) -> out (n_frames, 10)

    Zeros where there is no f0, but for the level.

    Of partials with amplitude a[h] at f[h] Hz: tristimulus a[1], a[2] + a[3] + a[4] and the rest over Σ a;
    odd-even ratio 10 log10 (Σ_odd a² / Σ_even a²); centroid c = Σ f a / Σ a; spread
    √(Σ (f-c)² a² / Σ a²) / c; deviation, the mean distance of 20 log10 a from its mean over a partial and its
    neighbours; inharmonicity 2 / f0 · Σ |f[h] - h f0| a² / Σ a²; noisiness, the share of power away from
    multiples; level √Σ P.
    """
    a, f, db = np.zeros(N_PARTIALS), np.zeros(N_PARTIALS), np.zeros(N_PARTIALS)
    for t in range(power.shape[0]):
        for i in range(out.shape[1]):
            out[t, i] = 0.0
        whole = 0.0
        for k in range(1, power.shape[1]):
            whole += np.float64(power[t, k])
        out[t, 9] = np.sqrt(whole)
        f0 = np.float64(fundamental[t, 0])
        n = find_partials(power[t], f0, width, a, f) if f0 > 0 else 0
        total, odd, even = 0.0, 0.0, 0.0
        for h in range(n):
            total += a[h]
            if h % 2 == 0:
                odd += a[h] * a[h]
            else:
                even += a[h] * a[h]
        square = odd + even
        if not square > 0:
            continue
        centre, away, second = 0.0, 0.0, 0.0
        for h in range(n):
            centre += f[h] * a[h] / total
            away += abs(f[h] - (h + 1) * f0) * a[h] * a[h] / square
            db[h] = max(20.0 * np.log10(max(a[h] / np.sqrt(square), 1e-30)), QUIETEST_DB)
            if 1 <= h <= 3:
                second += a[h] / total
        apart, deviation = 0.0, 0.0
        for h in range(n):
            apart += (f[h] - centre) ** 2 * a[h] * a[h] / square
            first, last = max(h - 1, 0), min(h + 1, n - 1)
            around = 0.0
            for j in range(first, last + 1):
                around += db[j] / (last - first + 1)
            deviation += abs(db[h] - around) / n
        out[t, 0] = a[0] / total
        out[t, 1] = second
        out[t, 2] = max(1.0 - a[0] / total - second, 0.0)
        out[t, 3] = most_db if odd > 0 else -most_db
        if odd > 0 and even > 0:
            out[t, 3] = min(max(10.0 * np.log10(odd / even), -most_db), most_db)
        out[t, 4] = centre
        out[t, 5] = np.sqrt(apart) / centre
        out[t, 6] = deviation
        out[t, 7] = 2.0 * away / f0
        out[t, 8] = max(1.0 - power_near_multiples(power[t], f0, width) / whole, 0.0)


def bin_width(framing: Framing, rate: int, params: Params) -> Arrays:
    """Width of a bin in Hz, and the largest odd-even ratio in dB."""
    return rate / framing.length, MOST_DB


def note_harmonics(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Mean and standard deviation over a note of the columns of `harmonics`, weighted by level.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 10)
        The feature `harmonics`.
    n_frames : int
        Not used.
    params : mapping
        Not used.

    Returns
    -------
    ndarray of shape (18,)
        Mean and standard deviation of each; zeros where no frame has an f0.
    """
    *columns, level = track.astype(np.float64).T
    weights = np.where(columns[0] > 0, level, 0.0)
    if not weights.any():
        return np.zeros(2 * len(columns))
    weights /= weights.max()
    weights /= weights.sum()
    means = np.array(columns) @ weights
    spreads = np.sqrt((np.array(columns) - means[:, None]) ** 2 @ weights)
    return np.column_stack([means, spreads]).ravel()


_COLUMNS = (
    Column(
        "tristimulus_1", "share", "a[1] / Σ a, a[h] the amplitude of partial h", "the first partial: dull"
    ),
    Column("tristimulus_2", "share", "(a[2] + a[3] + a[4]) / Σ a", "partials 2 to 4: full"),
    Column("tristimulus_3", "share", f"(a[5] + ... + a[{N_PARTIALS}]) / Σ a", "the higher partials: bright"),
    Column(
        "odd_even_ratio",
        "dB",
        f"10 log10 (Σ_odd a² / Σ_even a²), within ±{MOST_DB:g}",
        "hollow, as a clarinet's low notes, where odd partials rule",
    ),
    Column("centroid", "Hz", "c = Σ f a / Σ a, f[h] the frequency of partial h", "how bright the tone is"),
    Column("spread", "1", "√(Σ (f - c)² a² / Σ a²) / c", "how far the partials reach around the centroid"),
    Column(
        "deviation",
        "dB",
        "mean over h of |L[h] - mean(L[h-1], L[h], L[h+1])|, L = 20 log10 a, "
        f"at least {QUIETEST_DB:g} dB re √Σ a²",
        "how jagged the row of partials is: gaps, or a smooth slope",
    ),
    Column(
        "inharmonicity",
        "1",
        "2 / f0 · Σ |f[h] - h f0| a² / Σ a²",
        "how far partials lie from multiples: stiff strings, bells",
    ),
    Column(
        "noisiness",
        "share of the power",
        f"1 - Σ P within {MAIN_LOBE} bins of h f0 / Σ P",
        "breath and bow beside the tone",
    ),
)

FEATURES = (
    FrameFeature(
        name="harmonics",
        family="timbre",
        subfamily="harmonics",
        kernel=harmonics,
        needs=("fundamental", "power"),
        columns=(*_COLUMNS, Column("level", "1", "√Σ P", "how loud the frame is")),
        source=PEETERS,
        gain_invariant=False,
        constants=bin_width,
        fixed={
            "partials": N_PARTIALS,
            "search": (SEARCH, WIDEST_BINS),
            "main_lobe": MAIN_LOBE,
            "quietest_db": QUIETEST_DB,
            "most_db": MOST_DB,
        },
    ),
    ClipFeature(
        name="note_harmonics",
        family="timbre",
        subfamily="harmonics",
        compute=note_harmonics,
        of="harmonics",
        columns=tuple(
            Column(
                f"{column.name}_{short}",
                column.unit,
                f"{long} over frames, weighted by level, of {column.formula}",
                column.hears if short == "mean" else f"how far this moves: {column.hears}",
            )
            for column in _COLUMNS
            for short, long in (("mean", "mean"), ("std", "standard deviation"))
        ),
        source=PEETERS,
        gain_invariant=True,
        flag="no_f0",
    ),
)
