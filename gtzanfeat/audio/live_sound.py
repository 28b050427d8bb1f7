"""Sound that arrives: blocks of any size and kind become blocks of mono float32 samples at one rate.

The samples are those that a file of the same sound would give, see `sound`; nothing that has been passed on
is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

import numpy as np

from gtzanfeat.audio.clip import RATES, check_finite
from gtzanfeat.audio.levels import Levels
from gtzanfeat.audio.sound import PCM, READ_FRAMES, resampled, sound_remarks
from gtzanfeat.errors import ClipError

STREAM = "the stream"


class LiveSound(Iterator[np.ndarray]):
    """Mono float32 blocks at one rate, of blocks that come from somewhere.

    Parameters
    ----------
    source : iterable of array-like
        Blocks of samples of shape (n,) or (n, n_channels), floating point in [-1, 1] or integer PCM (int8,
        int16, int32, uint8); of any sizes, also empty.
    own_rate : int
        Their sample rate in Hz.
    rate : int
        Sample rate wanted, in Hz.

    Attributes
    ----------
    n_received : int
        Sample frames received so far, at their own rate.

    Raises
    ------
    ClipError
        If a rate makes no sense; when a block is asked for, if one holds NaN or infinity (with the time), has
        another number of channels than those before it, is no block of samples, or none holds any.

    Examples
    --------
    >>> live = LiveSound([np.zeros((n, 2), dtype=np.int16) for n in (100, 50)], 22050, 22050)
    >>> [len(block) for block in live], live.seconds_received == 150 / 22050
    ([100, 50], True)
    """

    def __init__(self, source: Iterable[Any], own_rate: int, rate: int) -> None:
        self.own_rate, self.rate, self.n_received = own_rate, rate, 0
        self._levels = Levels()
        self._n_channels: int | None = None
        if not (isinstance(own_rate, int | Integral) and RATES[0] <= own_rate <= RATES[1]):
            remedy = "give {} to {} Hz".format(*RATES)
            raise ClipError(STREAM, f"a sample rate of {own_rate!r} makes no sense", remedy)
        if isinstance(source, np.ndarray | str | bytes) or not isinstance(source, Iterable):
            reason = f"{type(source).__name__} is not blocks of samples"
            raise ClipError(STREAM, reason, "give an iterable of arrays, even of one: [samples]")
        mono = self._mono(source)
        self._blocks = mono if own_rate == rate else resampled(mono, own_rate, rate)

    @property
    def seconds_received(self) -> float:
        """How many seconds of sound have arrived."""
        return self.n_received / self.own_rate

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be known of the sound so far, as of `Reading`."""
        return sound_remarks(self.own_rate, self.rate, self._levels)

    def __next__(self) -> np.ndarray:
        """Wait for the next block that is not empty."""
        while True:
            block: np.ndarray = next(self._blocks)
            if len(block):
                return block

    def _mono(self, source: Iterable[Any]) -> Iterator[np.ndarray]:
        for given in source:
            block = self._checked(np.asarray(given))
            for first in range(0, len(block), READ_FRAMES):
                part = block[first : first + READ_FRAMES]
                scale, shift = PCM.get(part.dtype.name, (1.0, 0))
                self.n_received += len(part)
                if shift:
                    part = part.astype(np.int16) + shift
                mono = self._levels.mix(part, scale)
                try:
                    energy = check_finite(STREAM, mono)  # type: ignore[arg-type]
                except ClipError as error:
                    where = f"{STREAM} near {(self.n_received - len(part)) / self.own_rate:.3f} s"
                    raise ClipError(where, error.reason, error.remedy) from error
                if block.dtype.kind == "f":
                    self._levels.add_samples(energy, len(mono))
                yield mono
        if not self.n_received:
            raise ClipError(STREAM, "it holds no samples", "send some")

    def _checked(self, block: np.ndarray) -> np.ndarray:
        """Return a block as (n, n_channels)."""
        remedy = "give blocks of shape (n,) or (n, n_channels), float in [-1, 1] or int8, uint8, int16, int32"
        if block.dtype.kind != "f" and block.dtype.name not in PCM:
            raise ClipError(STREAM, f"samples of type {block.dtype} have no known full scale", remedy)
        if block.ndim not in (1, 2) or (block.ndim == 2 and not block.shape[1]):
            raise ClipError(STREAM, f"a block of shape {block.shape} is no sound", remedy)
        table = block[:, None] if block.ndim == 1 else block
        if self._n_channels not in (None, table.shape[1]):
            reason = f"a block of {table.shape[1]} channels follows one of {self._n_channels}"
            raise ClipError(STREAM, reason, remedy)
        self._n_channels = table.shape[1]
        return table
