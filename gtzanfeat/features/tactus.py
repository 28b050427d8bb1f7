"""Tactus: the level of the metre that people tap, and its tempo.

Beats, bars and sub-beats all repeat themselves, so a period alone does not say which of them is tapped. Bass
drum and snare, or bass note and chord, take turns at the beat: low and middle bands are therefore compared.
A simpler tempo, of one band and a preferred tempo, is in `tempo`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import FRAME_RATE, Arrays, ClipFeature, Column, FrameFeature, Framing, Params
from gtzanfeat.features.tempo import LOCAL_SECONDS, subtract_local_mean
from gtzanfeat.ingredients.filterbanks import mel_filterbank
from gtzanfeat.jit import Float32Array, Float64Array, kernel

LOW_HZ, MIDDLE_HZ = 500.0, 3000.0  # upper ends of bass and bass drum, and of chords and snare
LOUDNESS_EXPONENT = 0.3  # of intensity (Stevens 1957): no floor is needed, and a gain changes nothing
WINDOW_SECONDS, WINDOWS_PER_LENGTH = 12.0, 4  # each window begins a quarter of its length after the last
STEPS_PER_OCTAVE = 48
FOURIER_BPM = (40.0, 480.0)  # where the largest magnitude is looked for, to which others are compared
TEMPI = 40.0 * 2.0 ** (np.arange(125) / STEPS_PER_OCTAVE)  # bpm, up to 240
LIKELY_BPM = 115.0
# Learnt by logistic regression over the tempi of a clip, cross-validated: see the specification.
WEIGHTS = {
    "half_repeats": 4.0,
    "fourier": 4.7,
    "double_fourier": 4.5,
    "turns": 9.9,
    "half_turns": -7.4,
    "octaves": -1.2,
    "octaves_squared": -2.2,
}
SAME_TEMPO = 0.08  # tempi no further apart than this share count as one


@kernel
def band_onset_strengths(
    bands: Float32Array, previous: Float32Array, n_low: int, n_middle: int, out: Float32Array
) -> None:
    """Mean of max(0, E_t^0.3 - E_{t-1}^0.3) over all bands, the n_low lowest, and the n_middle next.

    bands (n_frames, n_bands), previous (1, n_bands) -> out (n_frames, 3)
    """
    n_bands = bands.shape[1]
    exponent = np.float32(LOUDNESS_EXPONENT)
    before = np.empty(n_bands, dtype=np.float32)
    for b in range(n_bands):
        before[b] = previous[0, b] ** exponent
    for t in range(bands.shape[0]):
        low = np.float32(0.0)
        middle = np.float32(0.0)
        high = np.float32(0.0)
        for b in range(n_bands):
            loudness = bands[t, b] ** exponent
            rise = max(loudness - before[b], np.float32(0.0))
            before[b] = loudness
            if b < n_low:
                low += rise
            elif b < n_low + n_middle:
                middle += rise
            else:
                high += rise
        out[t, 0] = (low + middle + high) / np.float32(n_bands)
        out[t, 1] = low / np.float32(max(n_low, 1))
        out[t, 2] = middle / np.float32(max(n_middle, 1))


def low_and_middle_bands(framing: Framing, rate: int, params: Params) -> Arrays:
    """Numbers of bands whose peaks lie below `LOW_HZ`, and from there to `MIDDLE_HZ`."""
    filters = mel_filterbank(
        framing.length, rate, params["bands"], params["low_hz"], params["high_hz"], params["mel"]
    )
    peaks_hz = filters.argmax(axis=1) * rate / framing.length
    n_low = int((peaks_hz < LOW_HZ).sum())
    return n_low, int((peaks_hz < MIDDLE_HZ).sum()) - n_low


def windowed_spectra(strength: Float64Array, length: int) -> tuple[Float64Array, Float64Array]:
    """Power spectrum of all bands' onset strength, and cross-spectrum of the low and the middle ones'.

    Parameters
    ----------
    strength : ndarray of shape (n_frames, 3)
        Onset strength of all, low and middle bands, above its local mean.
    length : int
        Frames in a window, no more than there are.

    Returns
    -------
    power : ndarray of shape (n_fft // 2 + 1,)
        Σ |A|² over windows, A the transform of a Hann window of the first column, over the energy of these
        windows: its inverse transform is the autocorrelation r[l] / r[0].
    cross : ndarray of shape (n_fft // 2 + 1,)
        Re Σ L M* over the root of the energies of both: its inverse transform is the mean of the correlations
        with the middle bands l frames after and l frames before the low ones. Zeros without onsets.
    """
    n_fft = 1 << (4 * length - 1).bit_length()
    taper = np.hanning(length + 2)[1:-1, None]
    power, cross, energy = np.zeros(n_fft // 2 + 1), np.zeros(n_fft // 2 + 1), np.zeros(3)
    # one window at a time, so that a long recording takes no more memory than a short one
    for start in range(0, len(strength) - length + 1, max(length // WINDOWS_PER_LENGTH, 1)):
        window = strength[start : start + length] * taper
        every, low, middle = (np.fft.rfft(column, n_fft) for column in window.T)
        power += np.abs(every) ** 2
        cross += (low * middle.conj()).real
        energy += np.einsum("tb,tb->b", window, window)
    shared = np.sqrt(energy[1] * energy[2])
    return (
        power / energy[0] if energy[0] > 0 else power,
        cross / shared if shared > 0 else np.zeros_like(cross),
    )


def tempo_evidence(strength: Float64Array, frame_rate: float) -> Float64Array:
    """What speaks for each tempo of `TEMPI`: (n_tempi, 7), columns as `WEIGHTS`.

    Empty, (0, 7), where there are no onsets, or fewer frames than two beats of the fastest tempo.

    Parameters
    ----------
    strength : ndarray of shape (n_frames, 3)
        Onset strength of all, low and middle bands, above its local mean.
    frame_rate : float
        Frames per second.

    Returns
    -------
    ndarray of shape (n_tempi, 7)
        Autocorrelation at half a beat; Fourier magnitude at the tempo and at its double; how low and middle
        bands take turns at a beat, and at half a beat; octaves above `LIKELY_BPM`, and their square.
    """
    beats = 60.0 * frame_rate / TEMPI
    if len(strength) < 2 * beats[-1] or not strength[:, 0].any():
        return np.empty((0, len(WEIGHTS)))
    n_lags = min(round(WINDOW_SECONDS * frame_rate), len(strength))
    lags = np.arange(n_lags)
    power, cross = windowed_spectra(strength, n_lags)
    repeats, turns = np.fft.irfft(power)[:n_lags], np.fft.irfft(cross)[:n_lags]
    magnitude = np.sqrt(power)
    bpm = np.arange(power.size) * 30.0 * frame_rate / (power.size - 1)
    magnitude /= magnitude[(bpm >= FOURIER_BPM[0]) & (bpm <= FOURIER_BPM[1])].max()
    octaves = np.log2(TEMPI / LIKELY_BPM)
    return np.column_stack(
        [
            np.interp(beats / 2, lags, repeats, right=0.0),
            np.interp(TEMPI, bpm, magnitude),
            np.interp(2 * TEMPI, bpm, magnitude),
            np.interp(beats, lags, turns, right=0.0),
            np.interp(beats / 2, lags, turns, right=0.0),
            octaves,
            octaves**2,
        ]
    )


def band_strengths_above_mean(track: Float32Array, frame_rate: float) -> Float64Array:
    """Each column of a track above its local mean, blurred by one frame: float64 (n_frames - 2, n_columns).

    An onset that falls between two frames must still meet its repeat. The first frame has nothing before it.
    """
    width = 2 * round(frame_rate * LOCAL_SECONDS / 2) + 1
    strength = np.column_stack([subtract_local_mean(column, width) for column in track[1:].T])
    blurred: Float64Array = strength[1:] + strength[:-1]
    return blurred


def tactus(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Tempo of the tactus in bpm, and how sure it is, of a track of onset strengths.

    A tempo's score is the weighted sum of its `tempo_evidence`; the best one is moved to the top of the
    parabola through its neighbours.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 3)
        Onset strength of all, low and middle bands.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (2,)
        Tempo, and the share of exp(score) within 8 % of it; zeros without onsets, and below half a second.
    """
    rate = params["frame_rate"]
    strength = band_strengths_above_mean(track, rate)
    evidence = tempo_evidence(strength, rate)
    if not len(evidence):
        return np.zeros(2)
    score = np.einsum("bk,k->b", evidence, np.array([*WEIGHTS.values()]))
    best = int(score.argmax())
    bpm = TEMPI[best]
    if 0 < best < TEMPI.size - 1:
        left, top, right = score[best - 1 : best + 2]
        bend = left - 2 * top + right
        if bend < 0:
            bpm *= 2.0 ** (0.5 * (left - right) / bend / STEPS_PER_OCTAVE)
    share = np.exp(score - score.max())
    return np.array([bpm, share[np.abs(TEMPI / bpm - 1) < SAME_TEMPO].sum() / share.sum()])


FEATURES = (
    FrameFeature(
        name="band_onset_strength",
        family="rhythm",
        subfamily="tempo",
        kernel=band_onset_strengths,
        needs=("mel_bands",),
        constants=low_and_middle_bands,
        columns=tuple(
            Column(
                name,
                "loudness",
                f"mean over {bands} of max(0, E[t]^{LOUDNESS_EXPONENT:g} - E[t-1]^{LOUDNESS_EXPONENT:g})",
                f"how strongly new sounds begin in this frame{where}",
            )
            for name, bands, where in (
                ("all", "all mel bands", ""),
                ("low", f"bands below {LOW_HZ:g} Hz", ", in the bass"),
                ("middle", f"bands from {LOW_HZ:g} to {MIDDLE_HZ:g} Hz", ", between bass and treble"),
            )
        ),
        source="after Klapuri 1999; Ellis 2007, section 3.1; loudness after Stevens 1957",
        gain_invariant=False,
        parameters=(FRAME_RATE,),
        before=0.0,
        lead=1,
        fixed={"edges_hz": (LOW_HZ, MIDDLE_HZ), "exponent": LOUDNESS_EXPONENT},
    ),
    ClipFeature(
        name="tactus",
        family="rhythm",
        subfamily="tempo",
        compute=tactus,
        of="band_onset_strength",
        columns=(
            Column(
                "",
                "bpm",
                "argmax of a weighted sum of autocorrelation, Fourier magnitudes, correlation of low with "
                "middle bands, and nearness to a likely tempo",
                "the pulse that most listeners would tap, and not its half or double",
            ),
            Column(
                "share",
                "share",
                f"Σ exp(score) within {SAME_TEMPO:.0%} of the tempo / Σ exp(score)",
                "how sure this tempo is against all others, those an octave away among them",
            ),
        ),
        source="after Peeters 2007; Grosche & Müller 2011; Percival & Tzanetakis 2014",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        flag="no_tempo",
        fixed={
            "tempi": TEMPI,
            "steps_per_octave": STEPS_PER_OCTAVE,
            "fourier_bpm": FOURIER_BPM,
            "likely_bpm": LIKELY_BPM,
            "weights": tuple(WEIGHTS.items()),
            "same_tempo": SAME_TEMPO,
            "window_seconds": WINDOW_SECONDS,
            "windows_per_length": WINDOWS_PER_LENGTH,
            "local_seconds": LOCAL_SECONDS,
        },
    ),
)
