"""From a score to sound: the artists of a style, and how they play, mix and record it.

An artist is a set of habits that all their clips share (instruments, pace, mix, room), so that clips of
one artist resemble each other more than the style asks for, as on real records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.datasets.synthetic.composer import Score
from gtzanfeat.datasets.synthetic.instruments import DRUMS, INSTRUMENTS, Samples, play, strike
from gtzanfeat.datasets.synthetic.random_draws import between, one_of, seeded
from gtzanfeat.datasets.synthetic.styles import TONE_PARTS, Style

ARTISTS_PER_STYLE = 5
BUSES = (*TONE_PARTS, "drums")

# how far one clip strays from the habits of its artist
GUESTS = 0.35  # chance that a part has another player
MISTUNING = 12.0  # cents
MIX_JITTER = 2.0  # standard deviation of a level, in dB
TILT_FREEDOM = 0.7  # share of the brightness range that one artist uses

ROOM_SECONDS = 0.4
NOISE_FLOOR = (-55.0, -25.0)  # dB re the music
PEAKS = (0.4, 0.95)


@dataclass(frozen=True)
class Artist:
    """An artist: the habits that all clips of one share.

    Parameters
    ----------
    name : str
        Unique in the corpus.
    players : mapping of str to str
        Instrument or drum of each part.
    pace : float
        Preferred place in the tempo range, 0 to 1.
    transposition : int
        Semitones added to the registers.
    tilt : float
        Preferred place in the brightness range, 0 to 1.
    resonance : tuple of float
        Centre in Hz and height in dB of a bump in the mix.
    room : float
        Level of the reverberation; 0 is dry.
    levels : mapping of str to float
        Level of each bus in dB.
    """

    name: str
    players: Mapping[str, str]
    pace: float
    transposition: int
    tilt: float
    resonance: tuple[float, float]
    room: float
    levels: Mapping[str, float]


def artist_of(style: Style, number: int) -> Artist:
    """Return the artist of a style with a number, always the same.

    Parameters
    ----------
    style : Style
        What the artist plays.
    number : int
        From 0 to ``ARTISTS_PER_STYLE - 1``.

    Returns
    -------
    Artist
        Named after the style.
    """
    rng = seeded("artist", style.name, number)
    band = style.band
    return Artist(
        name=f"{style.name} artist {number}",
        players={part: one_of(rng, choices) for part, choices in band.players.items()},
        pace=rng.uniform(),
        transposition=int(rng.integers(-2, 3)),
        tilt=rng.uniform(),
        resonance=(float(np.exp(rng.uniform(np.log(250), np.log(4000)))), rng.uniform(-5, 5)),
        room=rng.uniform(0, 0.4),
        levels={bus: band.levels[bus] + rng.uniform(-2, 2) for bus in BUSES},
    )


def record(
    style: Style, artist: Artist, score: Score, rng: np.random.Generator, seconds: float, rate: int
) -> Samples:
    """Play, mix and record a score.

    Parameters
    ----------
    style : Style
        Whose band plays.
    artist : Artist
        Whose habits shape it.
    score : Score
        What is played.
    rng : numpy.random.Generator
        Where chance comes from.
    seconds : float
        Length.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    ndarray of float32, shape (round(seconds * rate),)
        In [-1, 1] and not clipped, on the grid of 16-bit integers: a WAV file holds exactly the same.
    """
    drive = between(rng, style.band.drive)
    mix = np.zeros(round(seconds * rate), dtype=np.float32)
    for bus, sound in _played(style, artist, score, rng, mix.size, rate).items():
        sound = _levelled(sound)
        if drive and bus != "drums":
            sound = _levelled(np.tanh(drive * sound))
        mix += sound * _gain(artist.levels[bus] + rng.normal(0, MIX_JITTER))
    tilt = between(rng, style.band.tilt, artist.tilt, TILT_FREEDOM) + style.brightness
    mix = _levelled(_mastered(mix, artist, tilt, rate))
    mix += rng.standard_normal(mix.size, dtype=np.float32) * _gain(rng.uniform(*NOISE_FLOOR))
    peak = rng.uniform(*PEAKS) * 32767 / float(np.abs(mix).max())
    recorded: NDArray[np.float32] = np.rint(mix * np.float32(peak)) / np.float32(32768)
    return recorded


def _played(
    style: Style, artist: Artist, score: Score, rng: np.random.Generator, length: int, rate: int
) -> dict[str, Samples]:
    """Play every part of a score, the drums into one bus; now and then a guest sits in."""
    players = {
        part: one_of(rng, style.band.players[part]) if rng.uniform() < GUESTS else player
        for part, player in artist.players.items()
    }
    cents = {part: rng.uniform(-MISTUNING, MISTUNING) for part in TONE_PARTS}
    buses = {bus: np.zeros(length, dtype=np.float32) for bus in BUSES}
    for part, start, seconds, pitch, loudness in score.notes:
        sound = play(INSTRUMENTS[players[part]], pitch, seconds, rate, cents[part])
        _add(buses[part], sound, start * rate, loudness)
    for part, start, loudness in score.strokes:
        _add(buses["drums"], strike(DRUMS[players[part]], rate), start * rate, loudness)
    return buses


def _add(bus: Samples, sound: Samples, start: float, loudness: float) -> None:
    """Mix a sound into a bus; what falls outside the clip is cut off."""
    first = round(start)
    begin, end = max(first, 0), min(first + sound.size, bus.size)
    if begin < end:
        bus[begin:end] += sound[begin - first : end - first] * np.float32(loudness)


def _gain(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 20))


def _levelled(sound: Samples) -> Samples:
    """Bring a sound to an RMS of 1; silence stays silence."""
    rms = np.sqrt(np.mean(np.square(sound), dtype=np.float64))
    return sound * np.float32(1 / rms) if rms > 0 else sound


def _mastered(mix: Samples, artist: Artist, tilt: float, rate: int) -> Samples:
    """Filter a mix by the artist's resonance, the slope of its brightness and the artist's room."""
    length = 1 << (mix.size + int(ROOM_SECONDS * rate)).bit_length()
    octaves = _octaves(length, rate)
    centre, height = artist.resonance
    bump = height * np.exp(-0.5 * ((octaves - np.log2(centre / 1000)) / 0.5) ** 2)
    response = 10 ** ((tilt * octaves + bump) / 20) * _room(length, rate, artist.name, artist.room)
    return np.fft.irfft(np.fft.rfft(mix, length) * response, length)[: mix.size].astype(np.float32)


@lru_cache(maxsize=4)
def _octaves(length: int, rate: int) -> NDArray[np.float64]:
    """Give each bin of a spectrum in octaves above 1 kHz, none below 40 Hz."""
    octaves: NDArray[np.float64] = np.log2(np.maximum(np.fft.rfftfreq(length, 1 / rate), 40) / 1000)
    return octaves


@lru_cache(maxsize=8)
def _room(length: int, rate: int, name: str, level: float) -> NDArray[np.complex128]:
    """Transform the echoes of an artist's room: decaying noise after the direct sound."""
    count = int(ROOM_SECONDS * rate)
    echoes = seeded("room", name).standard_normal(count) * np.exp(-np.arange(count) / (0.25 * count))
    echoes *= level / np.sqrt(np.sum(echoes**2))
    echoes[0] = 1.0
    return np.fft.rfft(echoes, length)
