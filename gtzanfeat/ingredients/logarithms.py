"""Logarithms of powers and band energies by one kernel, whatever their floor, base and offset.

The ingredients that take them are in `spectra`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.jit import Float32Array, bits_to_float, float_to_bits, kernel


@kernel
def logarithms(
    values: Float32Array,
    added: np.float32,
    floor: np.float32,
    scale: np.float32,
    offset: np.float32,
    of_zero: np.float32,
    out: Float32Array,
) -> None:
    """Logarithms L = scale · ln y + offset, y = max(x + added, floor), and `of_zero` where y = 0, to 3 ulp.

    values x >= 0 (n, m) -> out (n, m)

    ln y = e ln 2 + ln m with m in [√½, √2), by Cephes' polynomial of m - 1, which vectorises.
    """
    for t in range(values.shape[0]):
        for b in range(values.shape[1]):
            y = max(values[t, b] + added, floor)
            subnormal = y < np.float32(1.17549435e-38)  # has no exponent of its own
            bits = float_to_bits(y * np.float32(8388608.0) if subnormal else y)
            e = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))  # 0x3F3504F3 is √½
            m = bits_to_float(np.int32(bits - np.int32(e << np.int32(23)))) - np.float32(1.0)
            exponent = np.float32(e) - (np.float32(23.0) if subnormal else np.float32(0.0))
            series = m * np.float32(7.0376836292e-2) - np.float32(1.1514610310e-1)
            series = series * m + np.float32(1.1676998740e-1)
            series = series * m - np.float32(1.2420140846e-1)
            series = series * m + np.float32(1.4249322787e-1)
            series = series * m - np.float32(1.6668057665e-1)
            series = series * m + np.float32(2.0000714765e-1)
            series = series * m - np.float32(2.4999993993e-1)
            series = series * m + np.float32(3.3333331174e-1)
            # ln 2 in two parts, the larger of which times an exponent is exact
            rest = m * m * m * series + exponent * np.float32(-2.12194440e-4) - np.float32(0.5) * m * m
            logarithm = m + rest + exponent * np.float32(0.693359375)
            logarithm = (logarithm if y < np.float32(np.inf) else y) * scale + offset
            out[t, b] = logarithm if y > 0 else of_zero
