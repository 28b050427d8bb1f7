"""The power of a clip's channels and of their mean, and their largest samples, added up block by block.

What it tells: whether the channels cancel each other in the mean, whether the sound is beyond full scale, its
peak, and how much of it is clipped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Mean power of the mean of the channels, as a share of that of the channels, below which the mean is another
# sound. The share is 1 for equal channels, 1/2 for two that have nothing in common, and (1 + r) / 2 for two
# of equal power and correlation r, so that 0.1 is r = -0.8. Stereo recordings do not come near; where one
# channel has its sign turned, the sides remain, which have a tenth of the power or less.
CANCELLED = 0.1

# Mean power above which samples were not scaled: no sound in [-1, 1] has more, and a master that passes full
# scale by a few dB at its peaks has less. Integers that were not divided have 100 times that, and often 10^6.
FULL_SCALE = 1.0

# From this on a sample is at full scale: the largest of 16 bits, which is near enough for more bits and for
# floating point; and the largest of 8 bits.
LARGEST = 32767 / 32768
LARGEST_OF_8_BITS = 127 / 128


@dataclass
class Levels:
    """Sums of squares of what was read of a clip.

    Parameters
    ----------
    channels, mixed : float
        Of the channels, taken as one channel on average, and of their mean.
    samples : float
        Of the mono samples of floating-point formats.
    n_samples : int
        How many these are.
    peak : float
        The largest magnitude of a sample of any channel.
    n_values, n_clipped : int
        How many samples there are in all channels, and how many of them are at full scale.
    largest : float
        From which magnitude on a sample is at full scale.

    Examples
    --------
    >>> levels = Levels()
    >>> left = np.linspace(-1, 1, 100, dtype=np.float32)
    >>> levels.add_mix(float(left @ left), 0.0)
    >>> levels.cancelled
    True
    """

    channels: float = 0.0
    mixed: float = 0.0
    samples: float = 0.0
    n_samples: int = 0
    peak: float = 0.0
    n_values: int = 0
    n_clipped: int = 0
    largest: float = LARGEST

    def add_extremes(self, block: np.ndarray, scale: float = 1.0) -> None:
        """Add a block of samples of all channels, which times `scale` are in [-1, 1]."""
        if not block.size:
            return
        # not `abs`, which the smallest integer does not have, and which copies the block
        flat = block.ravel()  # ten times as fast for one channel
        peak = max(float(flat.max()), -float(flat.min())) * scale
        self.peak = max(self.peak, peak)
        self.n_values += block.size
        if peak >= self.largest:
            limit = self.largest / scale
            self.n_clipped += int(np.count_nonzero((block >= limit) | (block <= -limit)))

    def mix(self, block: np.ndarray, scale: float = 1.0) -> np.ndarray:
        """Return the mean of the channels of a block, (n, n_channels), times `scale`, as float32 (n,)."""
        from gtzanfeat.audio import mixing  # here, because it loads numba

        n_channels = block.shape[1]
        factor = np.float32(scale / n_channels)
        if mixing.SWITCHED_OFF or block.dtype not in (np.int16, np.float32) or not block.flags.c_contiguous:
            return self._mix_by_numpy(block, scale, factor)
        out, found = np.empty(len(block), dtype=np.float32), np.zeros(2, dtype=np.int64)
        squares, flat = np.zeros(2), block.reshape(-1)
        if block.dtype == np.int16:
            pairs = flat[: flat.size // 2 * 2].view(np.int32)
            limit = math.ceil(self.largest / scale)
            mixing.mix_integers(flat, pairs, n_channels, factor, limit, out, found, squares)
            peak = float(found[0]) * scale
        else:
            mixing.mix_floats(flat, n_channels, factor, np.float32(self.largest / scale), out, found, squares)
            peak = float(np.int32(found[0]).view(np.float32)) * scale
        self.peak = max(self.peak, peak)
        self.n_values += block.size
        self.n_clipped += int(found[1])
        if n_channels > 1:
            self.add_mix(n_channels * float(squares[0]) * float(factor) ** 2, float(squares[1]))
        return out

    def _mix_by_numpy(self, block: np.ndarray, scale: float, factor: np.float32) -> np.ndarray:
        """The same, in several passes over the block."""
        from gtzanfeat.audio import mixing

        n_channels = block.shape[1]
        self.add_extremes(block, scale)
        with np.errstate(all="ignore"):  # NaN and infinity are looked for afterwards
            # all channels at once: of samples that lie side by side, several are one vector
            shares: np.ndarray = np.multiply(block, factor, dtype=np.float32)
            if n_channels == 1:
                return shares[:, 0]
            out: np.ndarray = shares[:, 0] + shares[:, 1]
            for channel in range(2, n_channels):
                out += shares[:, channel]
            some, mixed = shares[: mixing.COMPARED].ravel(), out[: mixing.COMPARED]
            # each channel has been divided by their number
            self.add_mix(n_channels * float(np.dot(some, some)), float(np.dot(mixed, mixed)))
        return out

    def add_mix(self, channels: float, mixed: float) -> None:
        """Add the sums of squares of a block: of its channels, on average, and of their mean."""
        self.channels += channels
        self.mixed += mixed

    def add_samples(self, sum_of_squares: float, n_samples: int) -> None:
        """Add a block of mono samples by their sum of squares."""
        self.samples += sum_of_squares
        self.n_samples += n_samples

    @property
    def clipped(self) -> float:
        """The share of samples at full scale, 0 to 1."""
        return self.n_clipped / self.n_values if self.n_values else 0.0

    @property
    def cancelled(self) -> bool:
        """Whether the channels cancel each other in their mean."""
        return self.mixed < CANCELLED * self.channels

    @property
    def over_full_scale(self) -> bool:
        """Whether the root of the mean square is above full scale."""
        return self.samples > FULL_SCALE * self.n_samples
