"""Instruments: the synthesis of notes by wavetables and of drums, and the table of both.

A tone is a wavetable oscillator: one period summed from harmonics, stepped through by an integer phase,
shaped by decaying envelopes. Tables and envelopes are made once and kept, so a note costs a few array
operations of its own length. What is played, and when, belongs to `composer`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

TABLE_BITS = 12  # 4096 samples a period
MAX_HARMONICS = 60
LONGEST_SECONDS = 6.0  # of one note
RELEASE_SECONDS = 0.03


@dataclass(frozen=True)
class Instrument:
    """A pitched sound: the spectrum of its harmonics, how it begins and how it fades.

    Parameters
    ----------
    name : str
        Lower case, unique.
    slope : float
        Fall of the harmonics' level in dB per octave (6 is a sawtooth).
    even : float
        Gain of the even harmonics; 0 is a clarinet or a square wave.
    attack, decay : float
        Seconds to rise, and seconds to fall by 8.7 dB; an infinite decay is a sustained sound.
    damping : float
        How many times faster than the fundamental the high harmonics fade.
    formant : float
        Frequency in Hz around which the spectrum is raised by 12 dB; 0 for none.
    """

    name: str
    slope: float
    even: float = 1.0
    attack: float = 0.005
    decay: float = float("inf")
    damping: float = 1.0
    formant: float = 0.0


@dataclass(frozen=True)
class Drum:
    """An unpitched sound: a falling sine and a burst of noise.

    Parameters
    ----------
    name : str
        Lower case, unique.
    pitch : tuple of float
        Frequency of the sine in Hz at the stroke and when it has rung out.
    tone, noise : float
        Level of the two parts.
    ring, burst : float
        Seconds in which each falls by 8.7 dB.
    floor : float
        Lowest frequency of the noise in Hz.
    """

    name: str
    pitch: tuple[float, float]
    tone: float
    ring: float
    noise: float
    burst: float
    floor: float


@lru_cache(maxsize=1024)
def _period(instrument: Instrument, pitch: int, rate: int) -> tuple[Samples, Samples]:
    """Sum one period of a note: the part that fades slowly and the part that fades fast.

    Harmonic ``h`` gives ``1/h`` of itself to the slow part, so the fundamental rings longest.
    """
    frequency = _frequency(pitch)
    count = int(max(1, min(MAX_HARMONICS, 0.45 * rate // frequency)))
    harmonic = np.arange(1, count + 1)
    level = harmonic ** (-instrument.slope / 6.02)
    level[1::2] *= instrument.even
    if instrument.formant:
        octaves = np.log2(harmonic * frequency / instrument.formant)
        level *= 1 + 3 * np.exp(-0.5 * (octaves / 0.4) ** 2)
    level /= np.sqrt(np.sum(level**2))
    phase = np.random.default_rng(zlib.crc32(instrument.name.encode())).uniform(0, 2 * np.pi, MAX_HARMONICS)
    spectrum = np.zeros((2, (1 << TABLE_BITS) // 2 + 1), dtype=complex)
    spectrum[0, 1 : count + 1] = level / harmonic * np.exp(1j * phase[:count])
    spectrum[1, 1 : count + 1] = level * (1 - 1 / harmonic) * np.exp(1j * phase[:count])
    slow, fast = (np.fft.irfft(spectrum) * (1 << TABLE_BITS)).astype(np.float32)
    return slow, fast


@lru_cache(maxsize=64)
def _envelopes(instrument: Instrument, rate: int) -> tuple[Samples, Samples]:
    """Level over time of the slow and of the fast part, as long as the longest note."""
    seconds = np.arange(int(LONGEST_SECONDS * rate)) / rate
    rise = np.minimum(1, seconds / instrument.attack)
    slow = rise * np.exp(-seconds / instrument.decay)
    fast = rise * np.exp(-seconds * instrument.damping / instrument.decay)
    return slow.astype(np.float32), fast.astype(np.float32)


def _frequency(pitch: float) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def play(instrument: Instrument, pitch: int, seconds: float, rate: int, cents: float = 0.0) -> Samples:
    """Sound one note.

    Parameters
    ----------
    instrument : Instrument
        Who plays it.
    pitch : int
        MIDI number; 69 is 440 Hz.
    seconds : float
        Length, without the release.
    rate : int
        Sample rate in Hz.
    cents : float
        Mistuning in hundredths of a semitone.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        The note; its level is about that of any other note of any instrument.
    """
    slow, fast = _period(instrument, pitch, rate)
    slow_level, fast_level = _envelopes(instrument, rate)
    release = int(RELEASE_SECONDS * rate)
    length = min(int(seconds * rate) + release, slow_level.size)
    step = round(_frequency(pitch + cents / 100) / rate * 2**32)
    # the phase wraps in 32 bits, as in a hardware synthesizer; its top bits are the place in the table
    place = (np.arange(length, dtype=np.uint32) * np.uint32(step)) >> np.uint32(32 - TABLE_BITS)
    note: NDArray[np.float32] = slow[place] * slow_level[:length] + fast[place] * fast_level[:length]
    release = min(release, length)
    note[length - release :] *= np.linspace(1, 0, release, dtype=np.float32)
    return note


@lru_cache(maxsize=64)
def strike(drum: Drum, rate: int) -> Samples:
    """Sound one drum.

    Parameters
    ----------
    drum : Drum
        What is struck.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        The stroke, the same object each time: not to be written to.
    """
    seconds = np.arange(int(6 * max(drum.ring, drum.burst) * rate)) / rate
    first, last = drum.pitch
    frequency = last + (first - last) * np.exp(-seconds / 0.02)
    sound = drum.tone * np.sin(2 * np.pi * np.cumsum(frequency) / rate) * np.exp(-seconds / drum.ring)
    hiss = np.random.default_rng(zlib.crc32(drum.name.encode())).standard_normal(seconds.size)
    spectrum = np.fft.rfft(hiss)
    spectrum[np.fft.rfftfreq(seconds.size, 1 / rate) < drum.floor] = 0
    sound += drum.noise * np.fft.irfft(spectrum, seconds.size) * np.exp(-seconds / drum.burst)
    stroke: Samples = sound.astype(np.float32)
    stroke.setflags(write=False)
    return stroke


INSTRUMENTS = {
    row.name: row
    for row in (
        Instrument("guitar", slope=8, decay=0.7, damping=4),
        Instrument("piano", slope=9, decay=1.1, damping=3, attack=0.003),
        Instrument("double_bass", slope=10, decay=0.5, damping=3, attack=0.01),
        Instrument("clarinet", slope=7, even=0.1, attack=0.04),
        Instrument("fiddle", slope=6, attack=0.06, formant=1500),
        Instrument("fuzz_guitar", slope=4, decay=3.0, damping=1.5),
        Instrument("organ", slope=6, even=0.6, attack=0.01),
        Instrument("bass_guitar", slope=7, decay=0.9, damping=3),
        Instrument("strings", slope=7, attack=0.12, formant=900),
        Instrument("choir", slope=9, attack=0.15, formant=700),
        Instrument("flute", slope=14, attack=0.05),
        Instrument("cello", slope=7, attack=0.07, formant=400),
    )
}

DRUMS = {
    row.name: row
    for row in (
        Drum("kick", (160, 50), tone=1.0, ring=0.09, noise=0.05, burst=0.01, floor=1000),
        Drum("soft_kick", (110, 55), tone=0.8, ring=0.07, noise=0.02, burst=0.01, floor=500),
        Drum("snare", (260, 180), tone=0.4, ring=0.05, noise=0.5, burst=0.07, floor=800),
        Drum("brush", (200, 190), tone=0.05, ring=0.03, noise=0.25, burst=0.06, floor=1500),
        Drum("hat", (8000, 8000), tone=0.0, ring=0.01, noise=0.25, burst=0.025, floor=6000),
        Drum("shaker", (6000, 6000), tone=0.0, ring=0.01, noise=0.15, burst=0.035, floor=4000),
    )
}
