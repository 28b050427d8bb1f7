"""Framing: how samples are cut into frames."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Framing:
    """How a stream of samples is cut: frame i covers samples [i·hop, i·hop + length).

    Parameters
    ----------
    length : int
        Samples in a frame.
    hop : int
        Samples from one frame to the next, at most `length`.
    window : str or tuple
        "hamming" (symmetric, as in Marsyas and `numpy.hamming`), "hann" (periodic, as in librosa), "none", or
        what `scipy.signal.get_window` knows by name, periodic: "blackman", ("kaiser", 8.6) ...
    stream : str
        What is cut: "samples", the name of a filtered stream of `gtzanfeat.ingredients.registry`, or
        "harmonic" or "percussive", the parts that `gtzanfeat.ingredients.hpss.Separation` gives.
    remove_mean : bool
        Whether each frame is freed of its mean first (of its own samples, not of padding).
    edges : str
        What lies beyond the ends of the clip: "none", where frames lie within it; "pad_end" (zeros after the
        last sample, as in Marsyas), where the last frame may be partial, and no sample is left out; "zero"
        (zeros) or "copy" (copies of the first and of the last sample), where frames are centred as in
        librosa, that is, half a frame earlier: frame i covers samples
        [i·hop - length // 2, i·hop - length // 2 + length).
    """

    length: int
    hop: int
    window: str | tuple[Any, ...] = "hamming"
    stream: str = "samples"
    remove_mean: bool = False
    edges: str = "none"

    def __post_init__(self) -> None:
        if not 0 < self.hop <= self.length:
            raise ValueError(f"hop {self.hop} must lie in 1..{self.length}")
        if self.edges not in ("none", "pad_end", "zero", "copy"):
            raise ValueError(f"unknown edges {self.edges!r}. Known: none, pad_end, zero, copy")
        if self.remove_mean and self.edges in ("zero", "copy"):
            raise ValueError(
                "frames that reach beyond the clip keep their mean; leave out edges or remove_mean"
            )

    def __reduce__(self) -> tuple[object, ...]:
        """Be stored as what makes it anew, so that it is checked anew."""
        return type(self), tuple(getattr(self, item.name) for item in fields(self))

    @classmethod
    def of_seconds(cls, length: float, hop: float, rate: int = 22050, **rest: Any) -> Framing:
        """Return a framing whose length and hop are given in seconds.

        Parameters
        ----------
        length, hop : float
            In seconds; rounded to whole samples.
        rate : int, default=22050
            Sample rate in Hz at which clips are analysed.
        **rest
            The other parameters: `window`, `stream` ...

        Returns
        -------
        Framing
            In samples.

        Examples
        --------
        >>> framing = Framing.of_seconds(0.025, 0.010, 16000)
        >>> framing.length, framing.hop
        (400, 160)
        """
        return cls(max(round(length * rate), 1), max(round(hop * rate), 1), **rest)

    def at(self, ratio: float) -> Framing:
        """Return the framing of the same seconds at another sample rate.

        Parameters
        ----------
        ratio : float
            The new rate over the old.

        Returns
        -------
        Framing
            Rounded to samples.
        """
        length = max(round(self.length * ratio), 1)
        return replace(self, length=length, hop=min(max(round(self.hop * ratio), 1), length))

    def times(self, n_frames: int, rate: int) -> NDArray[np.float64]:
        """Return the times of frames.

        Parameters
        ----------
        n_frames : int
            How many.
        rate : int
            Sample rate in Hz.

        Returns
        -------
        ndarray of shape (n_frames,)
            The middle of each frame, in seconds.
        """
        starts = np.arange(n_frames, dtype=np.float64) * self.hop - self.margin
        middles: NDArray[np.float64] = (starts + self.length / 2) / rate
        return middles

    @property
    def margin(self) -> int:
        """Samples that are added before the first and after the last."""
        return self.length // 2 if self.edges in ("zero", "copy") else 0

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of a signal.

        Parameters
        ----------
        n_samples : int
            Its length; a signal shorter than a frame is zero-padded to exactly one.

        Returns
        -------
        int
            At least 1.
        """
        beyond_first = max(0, n_samples + 2 * self.margin - self.length)
        partial = self.edges == "pad_end" and beyond_first % self.hop > 0
        return 1 + beyond_first // self.hop + partial
