"""Linear prediction: the all-pole envelope of a frame, as coefficients and line spectral frequencies.

Makhoul 1975, "Linear prediction: a tutorial review"; Kabal & Ramachandran 1986. Kernels take the
autocorrelation of the windowed frame, the ingredient `frame_autocorrelation`; sums run in float64, because
the equations of a tone are nearly singular. Envelopes by filterbanks are in `cepstrum`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.jit import Float32Array, Float64Array, kernel

WHITE_NOISE = 1.0001  # r[0] is raised by this: noise 40 dB below the frame, against singular equations
ORDERS = (8, 16)
GRID = 129  # frequencies at which a series is looked at for its sign


@kernel
def levinson(r: Float64Array, a: Float64Array, mirror: Float64Array) -> None:
    """Prediction coefficients a of A(z) = 1 + Σ a[i] z^-i by Levinson and Durbin; [1, 0, ..] for silence.

    r (n_lags,), room for the mirrored coefficients mirror (order + 1,) -> a (order + 1,)
    """
    order = a.size - 1
    a[:] = 0.0
    a[0] = 1.0
    error = r[0] * WHITE_NOISE
    if not error > 0:
        return
    for i in range(1, order + 1):
        total = r[i]
        for j in range(1, i):
            total += a[j] * r[i - j]
        reflection = -total / error
        for j in range(1, i):
            mirror[j] = a[i - j]
        for j in range(1, i):
            a[j] += reflection * mirror[j]
        a[i] = reflection
        error *= 1.0 - reflection * reflection


@kernel
def evaluate_polynomial(p: Float64Array, degree: int, x: float) -> float:
    """Value of a polynomial by Horner's rule: Σ_{i<=degree} p[i] x^i.

    p (degree + 1,) -> a number
    """
    value: float = p[degree]
    for i in range(degree - 1, -1, -1):
        value = value * x + p[i]
    return value


@kernel
def bracketed_root(p: Float64Array, degree: int, low: float, high: float) -> float:
    """Root x of Σ p[i] x^i = 0 in [low, high] by false position (Illinois).

    p (degree + 1,) -> a number

    Signs at both ends are equal only where rounding has made two roots one; the end with the smaller value
    stands for it.
    """
    at_low, at_high = evaluate_polynomial(p, degree, low), evaluate_polynomial(p, degree, high)
    if at_low * at_high >= 0:
        return low if abs(at_low) < abs(at_high) else high
    side = 0
    x = low
    for _ in range(60):
        before = x
        x = (low * at_high - high * at_low) / (at_high - at_low)
        value = evaluate_polynomial(p, degree, x)
        if abs(x - before) < 1e-12 or value == 0:
            break
        if value * at_high > 0:
            high, at_high = x, value
            if side == 1:
                at_low *= 0.5
            side = 1
        else:
            low, at_low = x, value
            if side == -1:
                at_high *= 0.5
            side = -1
    return x


@kernel
def cosine_series_to_polynomial(c: Float64Array, powers: Float64Array) -> None:
    """Coefficients p of Σ c[k] cos kω = Σ p[i] x^i, x = cos ω, by Clenshaw's recurrence.

    c (m + 1,) -> row m of powers (max(m, 2) + 1, m + 1), whose other rows are scratch

    b_k = c_k + 2x b_{k+1} - b_{k+2}, on polynomials.
    """
    m = c.size - 1
    powers[:] = 0.0
    for k in range(m, 0, -1):  # rows 0 and 1 are b_{k+1} and b_{k+2}, row 2 the new one
        for i in range(m + 1):
            powers[2, i] = (2.0 * powers[0, i - 1] if i > 0 else 0.0) - powers[1, i]
        powers[2, 0] += c[k]
        for i in range(m + 1):
            powers[1, i] = powers[0, i]
            powers[0, i] = powers[2, i]
    for i in range(m + 1):
        powers[m, i] = (powers[0, i - 1] if i > 0 else 0.0) - powers[1, i]
    powers[m, 0] += c[0]


@kernel
def roots_by_derivatives(powers: Float64Array, m: int, roots: Float64Array) -> None:
    """All m roots, in falling order, of a polynomial whose roots are all real and within [-1, 1].

    row m of powers (max(m, 2) + 1, m + 1), whose other rows are overwritten -> roots (m,)

    Between two neighbouring roots of the derivative lies one root, so the roots of all derivatives are found
    in turn, the straight line's first: no two roots are so close that one is missed.
    """
    for d in range(m - 1, 0, -1):  # row d becomes the derivative of degree d, up to a factor
        for i in range(d + 1):
            powers[d, i] = powers[d + 1, i + 1] * (i + 1) / (d + 1)
    for d in range(1, m + 1):
        right = 1.0
        for i in range(d):
            left = roots[i] if i < d - 1 else -1.0
            roots[i] = bracketed_root(powers[d], d, left, right)
            right = left


@kernel
def cosine_roots(
    c: Float64Array, cosines: Float64Array, values: Float64Array, powers: Float64Array, roots: Float64Array
) -> None:
    """Roots of Σ c[k] cos kω, all m of them real, as cos ω in falling order.

    c (m + 1,), cosines (m + 1, n) of kω on a grid, room in values (n,), powers (max(m, 2) + 1, m + 1)
    -> roots (m,)

    Sign changes on the grid show nearly always where they are; where two of them fall between two points of
    the grid, the derivatives tell.
    """
    m = c.size - 1
    values[:] = c[0]
    for k in range(1, m + 1):
        for g in range(values.size):
            values[g] += c[k] * cosines[k, g]
    cosine_series_to_polynomial(c, powers)
    count = 0
    for g in range(values.size - 1):
        if values[g] * values[g + 1] < 0 and count < m:
            roots[count] = bracketed_root(powers[m], m, cosines[1, g + 1], cosines[1, g])
            count += 1
    if count < m:
        roots_by_derivatives(powers, m, roots)


@kernel
def predictor_coefficients(autocorrelation: Float64Array, out: Float32Array) -> None:
    """Coefficients a[1..p] of the A(z) = 1 + Σ a[i] z^-i with the least prediction error; 0 for silence.

    autocorrelation (n_frames, n_lags) -> out (n_frames, p)
    """
    order = out.shape[1]
    a, mirror = np.empty(order + 1), np.empty(order + 1)
    for t in range(autocorrelation.shape[0]):
        levinson(autocorrelation[t], a, mirror)
        for i in range(order):
            out[t, i] = a[i + 1]


@kernel
def line_spectral_frequencies(
    autocorrelation: Float64Array, rate: int, cosines: Float64Array, out: Float32Array
) -> None:
    """Angles in Hz of the roots of P, Q = A(z) ± z^-(p+1) A(1/z); evenly spaced for silence.

    autocorrelation (n_frames, n_lags), cosines (n_multiples, n_grid) -> out (n_frames, p)

    On the unit circle P without its root at -1 is a cosine series in ω, and so is Q without its root at 1.
    Their roots alternate, P's first (Kabal & Ramachandran 1986).
    """
    order = out.shape[1]
    m = order // 2
    a, mirror = np.empty(order + 1), np.empty(order + 1)
    p, q = np.empty(m + 1), np.empty(m + 1)
    values, powers, roots = np.empty(cosines.shape[1]), np.empty((max(m, 2) + 1, m + 1)), np.empty(m)
    for t in range(autocorrelation.shape[0]):
        levinson(autocorrelation[t], a, mirror)
        # divided by 1 ± z^-1 they are symmetric: a middle, and twice each of the others
        half_p, half_q = 1.0, 1.0
        p[m] = 2.0
        q[m] = 2.0
        for i in range(1, m + 1):
            half_p = a[i] + a[order + 1 - i] - half_p
            half_q = a[i] - a[order + 1 - i] + half_q
            p[m - i] = 2.0 * half_p
            q[m - i] = 2.0 * half_q
        p[0] = half_p
        q[0] = half_q
        cosine_roots(p, cosines, values, powers, roots)
        for i in range(m):
            out[t, 2 * i] = np.arccos(roots[i]) * rate / (2 * np.pi)
        cosine_roots(q, cosines, values, powers, roots)
        for i in range(m):
            out[t, 2 * i + 1] = np.arccos(roots[i]) * rate / (2 * np.pi)


def rate_and_cosines(framing: Framing, rate: int, params: Params) -> Arrays:
    """Sample rate in Hz, and cos kω on a grid of ω from 0 to π, (9, GRID): enough for order 16."""
    omega = np.linspace(0.0, np.pi, GRID)
    return rate, np.cos(np.outer(np.arange(max(ORDERS) // 2 + 1), omega))


FEATURES = tuple(
    FrameFeature(
        name=f"lpc{order}",
        family="timbre",
        subfamily="linear prediction",
        kernel=predictor_coefficients,
        needs=("frame_autocorrelation",),
        columns=tuple(
            Column(
                f"{i:02d}",
                "1",
                f"a_{i} of x[n] ≈ -Σ a_i x[n-i], Levinson-Durbin",
                f"the spectral envelope, as {order // 2} resonances, on all of which each number depends",
            )
            for i in range(1, order + 1)
        ),
        source="Makhoul 1975, Linear prediction: a tutorial review",
        gain_invariant=True,
        fixed={"white_noise": WHITE_NOISE},
    )
    for order in ORDERS
) + tuple(
    FrameFeature(
        name=f"lsf{order}",
        family="timbre",
        subfamily="linear prediction",
        kernel=line_spectral_frequencies,
        needs=("frame_autocorrelation",),
        columns=tuple(
            Column(
                f"{i:02d}",
                "Hz",
                f"angle of root {i} of A(z) ± z^-{order + 1} A(1/z)",
                f"the spectral envelope: line {i} of {order}, close to its neighbour at a resonance",
            )
            for i in range(1, order + 1)
        ),
        source="Itakura 1975; Kabal & Ramachandran 1986, line spectral frequencies",
        gain_invariant=True,
        constants=rate_and_cosines,
        fixed={"white_noise": WHITE_NOISE, "grid": GRID},
    )
    for order in ORDERS
)
