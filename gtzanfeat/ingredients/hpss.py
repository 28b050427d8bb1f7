"""Harmonic and percussive parts of a sound, by medians of its spectra over time and over frequency.

What sounds on is smooth along time, what is struck is smooth along frequency (FitzGerald 2010). The medians
are in `running_median`; here is the stream that passes the two parts on as they become known. Features of the
parts are frame features whose framing names the stream.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients.running_median import REACH, running_median
from gtzanfeat.ingredients.spectra import window
from gtzanfeat.jit import ComplexArray, Float32Array, kernel

PARTS = ("harmonic", "percussive")
FRAMING = Framing(2048, 512, window="hann", edges="zero")  # the spectra that are separated
NEEDS = ("frames", "spectrum", "power")


@kernel
def apply_harmonic_mask(
    spectrum: ComplexArray, steady: Float32Array, struck: Float32Array, out: ComplexArray
) -> None:
    """Harmonic part X · H / (H + P), H and P the medians of |X|² over time and frequency; ½ X if both are 0.

    spectrum (n_frames, n_bins), steady (n_frames, n_bins), struck (n_frames, n_bins)
    -> out (n_frames, n_bins)
    """
    for t in range(spectrum.shape[0]):
        for k in range(spectrum.shape[1]):
            total = steady[t, k] + struck[t, k]
            share = steady[t, k] / total if total > 0 else np.float32(0.5)
            out[t, k] = spectrum[t, k] * share


@kernel
def overlap_add(
    waves: Float32Array, taper: Float32Array, hop: int, tail: Float32Array, out: Float32Array
) -> None:
    """Weighted overlap-add y[n] = Σ_t w[n - t·hop] x_t[n - t·hop] / Σ_t w²[n - t·hop].

    waves (n_frames, length), taper (length,), the two incomplete sums in tail (2, length)
    -> out (n_frames · hop,)
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
    """Separation of a sound into its harmonic and its percussive part, as its spectra come in.

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
        self._pending: list[
            tuple[ComplexArray, Float32Array]
        ] = []  # spectra not separated, medians over bins
        self._n_pending = 0
        self._sound = np.empty(0, dtype=np.float32)  # of which the harmonic part is not known
        self._tail = np.zeros((2, FRAMING.length), dtype=np.float32)
        self._skip = FRAMING.margin  # zeros before the clip
        self._ready: list[Float32Array] = []
        self.n_given = 0

    def push(self, frames: Float32Array, spectrum: ComplexArray, power: Float32Array) -> None:
        """Take the frames (n, 2048), spectra (n, 1025) and power spectra (n, 1025) that come next."""
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
        import scipy.fft  # here, because importing it takes longer than analysing a clip

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
            apply_harmonic_mask(spectra[:m], steady[done : done + m], struck[:m], harmonic[done : done + m])
            done += m
            if m < len(spectra):
                self._pending.insert(0, (spectra[m:], struck[m:]))
        waves = scipy.fft.irfft(harmonic, n=FRAMING.length, axis=-1, overwrite_x=True)
        part = np.empty(n * FRAMING.hop, dtype=np.float32)
        overlap_add(waves, self._taper, FRAMING.hop, self._tail, part)
        self._ready.append(part)

    def take(self) -> tuple[Float32Array, Float32Array]:
        """Give the samples of both parts that have become known, each (n_samples,)."""
        harmonic = np.concatenate([*self._ready, np.empty(0, dtype=np.float32)])
        sound, self._sound = self._sound[: len(harmonic)], self._sound[len(harmonic) :]
        self._ready = []
        skipped = min(self._skip, len(harmonic))
        self._skip -= skipped
        self.n_given += len(harmonic) - skipped
        return harmonic[skipped:], (sound - harmonic)[skipped:]

    def flush(self, n_samples: int) -> tuple[Float32Array, Float32Array]:
        """End a clip of `n_samples`, and give what is left of both parts."""
        self._separate(self._n_pending)
        sums, weights = self._tail[:, : FRAMING.length - FRAMING.hop]
        self._ready.append(np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0))
        self._sound = np.concatenate([self._sound, self._rest])
        wanted = n_samples - self.n_given
        harmonic, percussive = self.take()
        return harmonic[:wanted], percussive[:wanted]
