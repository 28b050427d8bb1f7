"""From a style to a score: the tempo, the key, and every note and drum stroke of one clip.

Nothing sounds here: how a score is played belongs to `studio`, what is allowed in a style to `styles`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gtzanfeat.datasets.synthetic.random_draws import between, one_of
from gtzanfeat.datasets.synthetic.styles import DRUM_PARTS, MODES, PITCH_CLASSES, Harmony, Style

ACCENTS = {"X": 1.0, "x": 0.75, "o": 0.45}
LOOSENESS_SECONDS = 0.008  # standard deviation of human timing
PACE_FREEDOM = 0.6  # share of the tempo range that one artist uses
LEAD_RESTS = 0.15
INVERSIONS = 0.4


class Note(NamedTuple):
    """One note: its part, start and length in seconds, MIDI number, loudness in (0, 1]."""

    part: str
    start: float
    seconds: float
    pitch: int
    loudness: float


class Stroke(NamedTuple):
    """One drum stroke: its part, start in seconds, loudness in (0, 1]."""

    part: str
    start: float
    loudness: float


@dataclass(frozen=True)
class Score:
    """What is to be played, from before time 0 on: a clip starts anywhere in a bar.

    Parameters
    ----------
    tempo : float
        Beats per minute.
    tonic : str
        One of `styles.PITCH_CLASSES`.
    mode : str
        Name in `styles.MODES`.
    notes : tuple of Note
        Chords, bass and lead.
    strokes : tuple of Stroke
        Kick, snare and hat.
    """

    tempo: float
    tonic: str
    mode: str
    notes: tuple[Note, ...]
    strokes: tuple[Stroke, ...]


def write_score(
    style: Style, rng: np.random.Generator, seconds: float, pace: float = 0.5, transposition: int = 0
) -> Score:
    """Compose one clip.

    Parameters
    ----------
    style : Style
        What to compose.
    rng : numpy.random.Generator
        Where chance comes from.
    seconds : float
        Length.
    pace : float
        Preferred place in the tempo range of the groove, 0 to 1.
    transposition : int
        Semitones added to the registers of chords and lead; the key is not moved.

    Returns
    -------
    Score
        Covers at least 0 to `seconds`.
    """
    groove, harmony = style.groove, style.harmony
    tempo = round(between(rng, groove.tempo, pace, PACE_FREEDOM), 2)
    swing = between(rng, groove.swing)
    tonic, mode = one_of(rng, harmony.tonics), one_of(rng, harmony.modes)
    roots = one_of(rng, harmony.progressions)
    patterns = {part: one_of(rng, choices) for part, choices in groove.patterns.items()}
    voices = _Voices(rng, harmony, tonic, mode, transposition)

    beat = 60 / tempo
    bar_seconds = beat * groove.metre
    first_bar = -float(rng.uniform(0, bar_seconds))
    notes: list[Note] = []
    strokes: list[Stroke] = []
    for bar in range(math.ceil((seconds - first_bar) / bar_seconds)):
        voices.turn(roots[bar % len(roots)])
        fills = bar % 4 == 3 and rng.uniform() < groove.fills
        for part, pattern in patterns.items():
            if fills and part == "snare":
                pattern = _filled(pattern, groove.metre)
            for onset, length, loudness in _events(pattern, groove.metre, swing):
                late = LOOSENESS_SECONDS * rng.standard_normal()
                start = first_bar + bar * bar_seconds + onset * beat + late
                loudness *= rng.uniform(0.8, 1.0)
                if part in DRUM_PARTS:
                    strokes.append(Stroke(part, start, loudness))
                else:
                    pitches = voices.pitches(part, downbeat=onset == 0)
                    notes += [Note(part, start, length * beat, pitch, loudness) for pitch in pitches]
    return Score(tempo, tonic, mode, tuple(notes), tuple(strokes))


def _filled(pattern: str, metre: int) -> str:
    """Replace the last beat of a pattern by a roll."""
    steps = len(pattern) // metre
    return pattern[:-steps] + "xo" * (steps // 2)


def _events(pattern: str, metre: int, swing: float) -> Iterator[tuple[float, float, float]]:
    """Read a bar: start and length in beats (up to the next event or the bar line), and loudness."""
    count = len(pattern)
    played = [step for step, mark in enumerate(pattern) if mark != "."]
    for step, after in zip(played, [*played[1:], count], strict=True):
        onset, end = (_swung(place * metre / count, swing) for place in (step, after))
        yield onset, end - onset, ACCENTS[pattern[step]]


def _swung(place: float, swing: float) -> float:
    """Move a place in beats so that the middle of each beat falls on `swing`."""
    beat, inside = divmod(place, 1)
    late = max(0.0, inside - 0.5)
    return beat + 2 * (inside - late) * swing + 2 * late * (1 - swing)


class _Voices:
    """What the pitched parts play over one root after another; the lead remembers where it is."""

    def __init__(
        self, rng: np.random.Generator, harmony: Harmony, tonic: str, mode: str, transposition: int
    ) -> None:
        self.rng, self.harmony = rng, harmony
        self.scale = [(PITCH_CLASSES.index(tonic) + semitones) % 12 for semitones in MODES[mode]]
        low, high = harmony.lead_register
        reach = range(low + transposition, high + transposition + 1)
        self.ladder = [pitch for pitch in reach if pitch % 12 in self.scale]
        self.rung = len(self.ladder) // 2
        self.chord_floor = int(rng.integers(*harmony.chord_register, endpoint=True)) + transposition
        self.bass_floor = int(rng.integers(*harmony.bass_register, endpoint=True))

    def _above(self, floor: int, step: int) -> int:
        """Find a step of the mode in the octave that begins at `floor`."""
        return floor + (self.scale[step % len(self.scale)] - floor) % 12

    def turn(self, root: int) -> None:
        """Take a new root and voice its chord: stacked from the root up, inverted by chance."""
        self.root = root
        self.chord = [self._above(self.chord_floor, root)]
        for step in self.harmony.chord[1:]:
            self.chord.append(self._above(self.chord[-1] + 1, root + step))
        if self.rng.uniform() < INVERSIONS:
            self.chord[0] += 12

    def pitches(self, part: str, downbeat: bool) -> list[int]:
        """Give the MIDI numbers that a part plays at its next event."""
        if part == "chords":
            return self.chord
        if part == "bass":
            steps = self.harmony.bass_on
            step = steps[0] if downbeat else one_of(self.rng, steps)
            return [self._above(self.bass_floor, self.root + step)]
        if self.rng.uniform() < LEAD_RESTS:
            return []
        top = len(self.ladder) - 1
        self.rung = abs(self.rung + int(self.rng.integers(-2, 3)))  # a walk that turns back at both ends
        self.rung = min(self.rung, 2 * top - self.rung)
        pitch = self.ladder[self.rung]
        if downbeat:
            classes = {note % 12 for note in self.chord}
            pitch = min((p for p in self.ladder if p % 12 in classes), key=lambda p: abs(p - pitch))
        return [pitch]
