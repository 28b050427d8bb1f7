"""Seeded test signals whose features are known beforehand.

Every function gives float64 samples at 22 050 Hz, shape ``(n_samples,)``, and everything random takes
``random_state``. What a feature makes of a signal does not belong here.
"""

import numpy as np

RATE = 22050


def n_samples(seconds):
    """Return the number of samples in a time."""
    return round(seconds * RATE)


def times(seconds):
    """Return the time of every sample, in seconds."""
    return np.arange(n_samples(seconds)) / RATE


# --- nothing, and next to nothing ------------------------------------------------------------------


def silence(seconds=2.0):
    """Return zeros."""
    return np.zeros(n_samples(seconds))


def dc(seconds=2.0, level=0.1):
    """Return a constant."""
    return np.full(n_samples(seconds), float(level))


def impulse(seconds=2.0, at=0.0, amplitude=1.0):
    """Return one sample that is not zero, ``at`` seconds from the start."""
    samples = silence(seconds)
    samples[n_samples(at)] = amplitude
    return samples


# --- tones -----------------------------------------------------------------------------------------


def midi_to_hertz(note):
    """Return the frequency of a MIDI note: 440·2^((n - 69)/12)."""
    return 440.0 * 2.0 ** ((np.asarray(note, dtype=float) - 69.0) / 12.0)


def tone(frequency=440.0, seconds=2.0, amplitude=0.5, phase=0.0):
    """Return a sine."""
    return amplitude * np.sin(2.0 * np.pi * frequency * times(seconds) + phase)


def square_wave(frequency=441.0, seconds=2.0, amplitude=0.5):
    """Return +amplitude for the first half of every period and -amplitude for the second."""
    return np.where((frequency * times(seconds)) % 1.0 < 0.5, amplitude, -amplitude)


def harmonic_tone(frequency=220.0, seconds=2.0, partials=8, amplitude=0.1, random_state=0):
    """Return partials of amplitude 1/h and random phase, as far as they lie below half the rate."""
    phases = np.random.default_rng(random_state).uniform(0.0, 2.0 * np.pi, partials)
    samples = silence(seconds)
    for h in range(1, partials + 1):
        if h * frequency < RATE / 2:
            samples += amplitude / h * np.sin(2.0 * np.pi * h * frequency * times(seconds) + phases[h - 1])
    return samples


def chord(notes, seconds=2.0, partials=8, amplitude=0.1, random_state=0):
    """Return the sum of one harmonic tone per MIDI note."""
    rng = np.random.default_rng(random_state)
    return sum(harmonic_tone(midi_to_hertz(note), seconds, partials, amplitude, rng) for note in notes)


def progression(tonic=60, seconds=1.0, random_state=0):
    """Return I-IV-V-I in major, a root-position triad over its bass an octave below, ``seconds`` each."""
    rng = np.random.default_rng(random_state)
    roots = [tonic, tonic + 5, tonic + 7, tonic]
    chords = [(root - 12, root, root + 4, root + 7) for root in roots]
    return np.concatenate([chord(notes, seconds, random_state=rng) for notes in chords])


# --- noise -----------------------------------------------------------------------------------------


def white_noise(seconds=2.0, amplitude=0.1, random_state=0):
    """Return Gaussian noise of standard deviation ``amplitude``."""
    return amplitude * np.random.default_rng(random_state).standard_normal(n_samples(seconds))


def am_noise(modulation=2.0, seconds=30.0, depth=1.0, amplitude=0.1, random_state=0):
    """Return white noise whose level follows 1 + depth·sin(2π·modulation·t)."""
    return am(white_noise(seconds, amplitude, random_state), modulation, depth)


def am(samples, modulation=2.0, depth=1.0):
    """Return the samples times 1 + depth·sin(2π·modulation·t)."""
    return samples * (1.0 + depth * np.sin(2.0 * np.pi * modulation * np.arange(len(samples)) / RATE))


# --- rhythm ----------------------------------------------------------------------------------------


def place(sounds, onsets, seconds):
    """Return silence with a sound added at each onset (seconds); what overhangs the end is cut."""
    samples = silence(seconds)
    for sound, onset in zip(sounds, onsets, strict=True):
        start = n_samples(onset)
        room = samples[start : start + len(sound)]
        room += sound[: len(room)]
    return samples


def burst(decay=0.005, seconds=0.03, amplitude=0.8, random_state=0):
    """Return white noise that dies away with the given time constant."""
    return white_noise(seconds, amplitude, random_state) * np.exp(-times(seconds) / decay)


def clicks(bpm=120.0, seconds=30.0, offset=0.0, accents=(1.0,), sound=None):
    """Return the same short noise burst on every beat, with a repeating pattern of accents."""
    sound = burst() if sound is None else sound
    onsets = np.arange(offset, seconds, 60.0 / bpm)
    return place([accents[i % len(accents)] * sound for i in range(len(onsets))], onsets, seconds)


def drum_loop(bpm=100.0, seconds=30.0):
    """Return kick on beats 1 and 3, snare on 2 and 4, hi-hat on every eighth."""
    beat = 60.0 / bpm
    kick = tone(55.0, 0.15, 0.8) * np.exp(-times(0.15) / 0.04)
    snare = burst(0.03, 0.12, 0.3, 1) + tone(190.0, 0.12, 0.2) * np.exp(-times(0.12) / 0.03)
    hat = np.diff(burst(0.01, 0.04, 0.16, 2), prepend=0.0)
    beats = np.arange(0.0, seconds, beat)
    drums = place([kick if i % 2 == 0 else snare for i in range(len(beats))], beats, seconds)
    eighths = np.arange(0.0, seconds, beat / 2)
    return drums + place([hat] * len(eighths), eighths, seconds)
