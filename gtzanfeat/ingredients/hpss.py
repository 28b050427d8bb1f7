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
CACHED_FRAMES = 64  # frames separated at a time, of which all but the spectra stays in the second cache


@kernel
def apply_harmonic_mask(
    spectrum: Float32Array, steady: Float32Array, struck: Float32Array, out: Float32Array
) -> None:
    """Harmonic part X · H / (H + P), H and P the medians of |X|² over time and frequency; ½ X if both are 0.

    spectrum (n_frames, 2 n_bins), real and imaginary parts in turn, steady (n_frames, n_bins),
    struck (n_frames, n_bins) -> out (n_frames, 2 n_bins)
    """
    for t in range(spectrum.shape[0]):
        mixed, h, p, part = spectrum[t], steady[t], struck[t], out[t]
        for k in range(h.size):
            total = h[k] + p[k]
            share = h[k] / total if total > 0 else np.float32(0.5)
            part[2 * k] = mixed[2 * k] * share
            part[2 * k + 1] = mixed[2 * k + 1] * share


@kernel
def overlap_add(
    waves: Float32Array,
    taper: Float32Array,
    weights: Float32Array,
    n_before: int,
    tail: Float32Array,
    out: Float32Array,
) -> None:
    """Weighted overlap-add y[n] = Σ_t w[n - t·hop] x_t[n - t·hop] / Σ_t w²[n - t·hop].

    waves (n_frames, length), taper w (length,), `overlap_weights`, of the frames before the first their
    number and the incomplete sums in tail (length,) -> out (n_frames · hop,)
    """
    last, hop = weights.shape[0] - 1, weights.shape[1]
    length = taper.size
    for t in range(waves.shape[0]):
        wave = waves[t]
        weight = weights[min(n_before + t, last)]
        complete = out[t * hop : (t + 1) * hop]
        for i in range(hop):
            total = tail[i] + taper[i] * wave[i]
            complete[i] = total / weight[i] if weight[i] > 0 else np.float32(0.0)
        later, late_taper, late_wave = tail[hop:], taper[hop:], wave[hop:]
        for i in range(length - hop):
            tail[i] = later[i] + late_taper[i] * late_wave[i]
        tail[length - hop :] = np.float32(0.0)


def overlap_weights(taper: Float32Array, hop: int) -> Float32Array:
    """Sums of w² over the frames that overlap, for each sample of a hop: (length / hop, hop).

    Row j is of the hop that j frames before reach into, and the last of all hops after.
    """
    weights: Float32Array = np.cumsum(taper.reshape(-1, hop) ** 2, axis=0, dtype=np.float32)
    return weights


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
        n_bins = FRAMING.length // 2 + 1
        self._taper = window(FRAMING.window, FRAMING.length)
        self._weights = overlap_weights(self._taper, FRAMING.hop)
        self._steady = np.empty((CACHED_FRAMES, n_bins), dtype=np.float32)
        self._struck = np.empty((CACHED_FRAMES, n_bins), dtype=np.float32)
        self._harmonic = np.empty((CACHED_FRAMES, n_bins), dtype=np.complex64)
        self.reset()

    def reset(self) -> None:
        """Forget what was pushed, and start a new clip."""
        bins = FRAMING.length // 2 + 1
        self._power = np.empty((0, bins), dtype=np.float32)  # of frames not separated, and of 15 before
        self._pending: list[ComplexArray] = []  # spectra not separated
        self._n_pending = 0
        self._n_separated = 0
        self._sound = np.empty(0, dtype=np.float32)  # of which the harmonic part is not known
        self._tail = np.zeros(FRAMING.length, dtype=np.float32)
        self._skip = FRAMING.margin  # zeros before the clip
        self._ready: list[Float32Array] = []
        self.n_given = 0

    def push(self, frames: Float32Array, spectrum: ComplexArray, power: Float32Array) -> None:
        """Take the frames (n, 2048), spectra (n, 1025) and power spectra (n, 1025) that come next."""
        self._power = np.concatenate([self._power, power])
        self._pending.append(spectrum.copy())  # the memory of a block is used again for the next
        self._n_pending += len(spectrum)
        self._sound = np.concatenate([self._sound, frames[:, : FRAMING.hop].ravel()])
        self._rest = frames[-1, FRAMING.hop :].copy()
        self._separate(self._n_pending - REACH)

    def _separate(self, n: int) -> None:
        """Separate the next n frames."""
        if n <= 0:
            return
        first = len(self._power) - self._n_pending
        last = first + n
        while first < last:
            m = min(CACHED_FRAMES, last - first, len(self._pending[0]))
            self._ready.append(self._separated(self._pending[0][:m], first))
            self._pending[0] = self._pending[0][m:]
            if len(self._pending[0]) == 0:
                del self._pending[0]
            first += m
        self._n_pending -= n
        self._power = self._power[max(last - REACH, 0) :]

    def _separated(self, spectra: ComplexArray, first: int) -> Float32Array:
        """Samples of the harmonic part that these frames complete; the first is row `first` of the powers."""
        import scipy.fft  # here, because importing it takes longer than analysing a clip

        n = len(spectra)
        steady, struck, harmonic = self._steady[:n], self._struck[:n], self._harmonic[:n]
        running_median(self._power.view(np.int32), 0, first, steady.view(np.int32))
        running_median(self._power[first : first + n].view(np.int32), 1, 0, struck.view(np.int32))
        apply_harmonic_mask(spectra.view(np.float32), steady, struck, harmonic.view(np.float32))
        waves = scipy.fft.irfft(harmonic, n=FRAMING.length, axis=-1, overwrite_x=True)
        part = np.empty(n * FRAMING.hop, dtype=np.float32)
        overlap_add(waves, self._taper, self._weights, self._n_separated, self._tail, part)
        self._n_separated += n
        return part

    def _last_hops(self) -> Float32Array:
        """Samples of the harmonic part that only the last frames reach."""
        overlap = FRAMING.length - FRAMING.hop
        weights = np.zeros(overlap, dtype=np.float32)
        for i in range(min(self._n_separated, overlap // FRAMING.hop)):
            later = self._taper[(i + 1) * FRAMING.hop :]
            weights[: len(later)] += later**2
        sums = self._tail[:overlap]
        return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)

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
        self._ready.append(self._last_hops())
        self._sound = np.concatenate([self._sound, self._rest])
        wanted = n_samples - self.n_given
        harmonic, percussive = self.take()
        return harmonic[:wanted], percussive[:wanted]
