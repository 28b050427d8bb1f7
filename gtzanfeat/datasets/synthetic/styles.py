"""The ten styles, as tables: who plays, in what groove, over what harmony. A new style is one new row.

A style is a band, a groove and a harmony, and each of the three is shared by several styles, so what
timbre, rhythm or pitch tells apart alone is only part of the truth. How the tables become notes belongs
to `composer`, how notes sound to `instruments`.

A pattern is one bar of equal steps: ``X`` loud, ``x`` plain, ``o`` soft, ``.`` nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Range = tuple[float, float]

TONE_PARTS = ("chords", "bass", "lead")
DRUM_PARTS = ("kick", "snare", "hat")
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

#: Semitones above the tonic of each mode.
MODES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "octatonic": (0, 1, 3, 4, 6, 7, 9, 10),
}


@dataclass(frozen=True)
class Band:
    """Who plays: timbre.

    Parameters
    ----------
    name : str
        Lower case, unique.
    players : mapping of str to tuple of str
        For each part, the instruments or drums of `instruments` that may play it.
    levels : mapping of str to float
        Level of ``"chords"``, ``"bass"``, ``"lead"`` and ``"drums"`` in dB.
    tilt : tuple of float
        Range of the slope laid over the whole spectrum, in dB per octave.
    drive : tuple of float
        Range of the gain before a soft clip of chords, bass and lead; 0 leaves them clean.
    """

    name: str
    players: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, float]
    tilt: Range
    drive: Range = (0.0, 0.0)


@dataclass(frozen=True)
class Groove:
    """How it moves: rhythm.

    Parameters
    ----------
    name : str
        Lower case, unique.
    metre : int
        Beats in a bar.
    tempo : tuple of float
        Range in beats per minute.
    swing : tuple of float
        Range of the place of the second eighth note in its beat; 0.5 is straight, 0.667 a triplet.
    patterns : mapping of str to tuple of str
        For each part, the patterns it may play.
    fills : float
        Chance of a drum fill in the last beat of every fourth bar.
    """

    name: str
    metre: int
    tempo: Range
    swing: Range
    patterns: Mapping[str, tuple[str, ...]]
    fills: float = 0.5


@dataclass(frozen=True)
class Harmony:
    """What it is made of: pitch.

    Parameters
    ----------
    name : str
        Lower case, unique.
    modes : tuple of str
        Modes of `MODES` it may be in.
    progressions : tuple of tuple of int
        Roots, one a bar, as steps of the mode above the tonic.
    chord : tuple of int
        Chord notes as steps of the mode above the root, stacked in this order: (0, 2, 4) is a close
        triad, (0, 4, 9) an open one.
    bass_on : tuple of int
        Notes of the bass, as steps above the root: the first on the bar, any of them later.
    bass_register, chord_register : tuple of int
        Range of MIDI numbers in which the octave begins that holds the roots.
    lead_register : tuple of int
        Lowest and highest MIDI number of the lead.
    tonics : tuple of str
        Tonics it may have; players favour the keys that lie well on their instruments.
    """

    name: str
    modes: tuple[str, ...]
    progressions: tuple[tuple[int, ...], ...]
    chord: tuple[int, ...]
    bass_on: tuple[int, ...]
    bass_register: tuple[int, int]
    chord_register: tuple[int, int]
    lead_register: tuple[int, int]
    tonics: tuple[str, ...] = PITCH_CLASSES


@dataclass(frozen=True)
class Style:
    """One class of the corpus.

    Parameters
    ----------
    name : str
        The label of its clips: lower case, unique.
    band, groove, harmony : Band, Groove, Harmony
        Its timbre, rhythm and pitch.
    brightness : float
        Slope in dB per octave added to that of the band.
    """

    name: str
    band: Band
    groove: Groove
    harmony: Harmony
    brightness: float = 0.0


# --- timbre --------------------------------------------------------------------------------------
ACOUSTIC = Band(
    "acoustic",
    players={
        "chords": ("guitar", "piano"),
        "bass": ("double_bass", "bass_guitar"),
        "lead": ("clarinet", "guitar", "flute"),
        "kick": ("soft_kick",),
        "snare": ("brush", "snare"),
        "hat": ("shaker", "hat"),
    },
    levels={"chords": 0, "bass": -5, "lead": -3, "drums": 1},
    tilt=(-3.5, 2.5),
)
ELECTRIC = Band(
    "electric",
    players={
        "chords": ("fuzz_guitar", "organ", "guitar"),
        "bass": ("bass_guitar",),
        "lead": ("fuzz_guitar", "organ", "clarinet"),
        "kick": ("kick", "soft_kick"),
        "snare": ("snare",),
        "hat": ("hat",),
    },
    levels={"chords": 0, "bass": -5, "lead": -4, "drums": 2},
    tilt=(-3.5, 2.5),
    drive=(0.5, 2.0),
)
CHAMBER = Band(
    "chamber",
    players={
        "chords": ("strings", "choir"),
        "bass": ("cello", "double_bass"),
        "lead": ("flute", "fiddle", "choir"),
        "kick": ("soft_kick",),
        "snare": ("brush", "snare"),
        "hat": ("shaker", "hat"),
    },
    levels={"chords": 0, "bass": -5, "lead": -3, "drums": 1},
    tilt=(-3.5, 2.5),
)

# --- rhythm --------------------------------------------------------------------------------------
BACKBEAT = Groove(
    "backbeat",
    metre=4,
    tempo=(80, 106),
    swing=(0.5, 0.54),
    patterns={
        "kick": ("X.......X.......", "X.....o.X.......", "X...o...X...o..."),
        "snare": ("....X.......X...", "....X.......X..o"),
        "hat": ("X...X...X...X...", "X.o.X.o.X.o.X.o."),
        "chords": ("x...x...x...x...", "X...o...X...o..."),
        "bass": ("X...X...X...X...", "X...x...X...x.o."),
        "lead": ("x...x...x...x...", "x.....x.x...x...", "x...x...x......."),
    },
)
SWAY = Groove(
    "sway",
    metre=4,
    tempo=(60, 76),
    swing=(0.5, 0.56),
    patterns={
        "kick": ("X.......X.......", "X.......X...x..."),
        "snare": ("....x.......x...", "............X..."),
        "hat": ("x...x...x...x...", "x.o.x.o.x.o.x.o."),
        "chords": ("x...x...x...x...", "X...o.x.x...o.x."),
        "bass": ("X...x...X...x...", "X.......x...x..."),
        "lead": ("x...x.x.x...x...", "x...x...x...x.x.", "x.....x.x...x..."),
    },
)
FLOOR = Groove(
    "floor",
    metre=4,
    tempo=(106, 130),
    swing=(0.5, 0.52),
    patterns={
        "kick": ("X...X...X...X...", "X...X...X...X.o."),
        "snare": ("....o.......o...", "X...X...X...X..."),
        "hat": ("..x...x...x...x.", "o.x.o.x.o.x.o.x."),
        "chords": ("x...x...x...x...", "..x...x...x...x.", "x.......x......."),
        "bass": ("X...X...X...X...", "..X...X...X...X."),
        "lead": ("x.x.x.x.x.x.x.x.", "x...x...x.x.x..."),
    },
)
WALTZ = Groove(
    "waltz",
    metre=3,
    tempo=(156, 192),
    swing=(0.5, 0.56),
    patterns={
        "kick": ("X.....", "X....o"),
        "snare": ("..o.o.", "....x.", "..x..."),
        "hat": ("..o.o.", "....o."),
        "chords": ("..x.x.", "x.....", "X.o.o."),
        "bass": ("X.....", "X...o."),
        "lead": ("x...x.", "x.o.o.", "x....."),
    },
)
SHUFFLE = Groove(
    "shuffle",
    metre=4,
    tempo=(138, 166),
    swing=(0.6, 0.68),
    patterns={
        "kick": ("X...X...", "X.o.X.o."),
        "snare": ("..X...X.", "..X..oX."),
        "hat": ("X.X.X.X.", "X.XoX.Xo", "X.X.X.Xo"),
        "chords": ("x.x.x.x.", "x.xox.x.", "x...x..."),
        "bass": ("X.X.X.X.", "X.X.X.Xo"),
        "lead": ("x.xox.x.", "x.xox...", "x.x.x.xo"),
    },
)

# --- pitch ---------------------------------------------------------------------------------------
SONG = Harmony(
    "song",
    modes=("major",),
    progressions=((0, 3, 0, 4), (0, 5, 3, 4), (0, 0, 3, 4), (0, 3, 4, 0)),
    chord=(0, 4, 9),
    bass_on=(0, 4),
    bass_register=(40, 45),
    chord_register=(50, 55),
    lead_register=(60, 74),
)
DRONE = Harmony(
    "drone",
    modes=("dorian", "mixolydian"),
    tonics=("E", "A", "D", "G"),
    progressions=((0, 0, 0, 0), (0, 0, 6, 0), (0, 3, 0, 0)),
    chord=(0, 4, 7),
    bass_on=(0,),
    bass_register=(28, 33),
    chord_register=(40, 47),
    lead_register=(52, 67),
)
NIGHT = Harmony(
    "night",
    modes=("octatonic",),
    progressions=((0, 1, 3, 2), (0, 5, 2, 7), (0, 3, 1, 6)),
    chord=(0, 2, 4, 7),
    bass_on=(0, 2, 5),
    bass_register=(33, 38),
    chord_register=(50, 60),
    lead_register=(60, 79),
)
HIGH = Harmony(
    "high",
    modes=("minor",),
    tonics=("F", "A#", "D#", "G#"),
    progressions=((0, 0, 2, 0), (0, 2, 0, 2), (0, 0, 5, 5)),
    chord=(0, 2),
    bass_on=(0, 2),
    bass_register=(55, 60),
    chord_register=(62, 67),
    lead_register=(69, 84),
)

# --- styles --------------------------------------------------------------------------------------
# Some pairs differ in one thing only: ballad and lounge, in harmony; ballad and waltz, anthem and boogie,
# trance and reverie, in rhythm; waltz and hymn, in timbre; anthem and dub, in brightness. None bears the
# name of a genre of GTZAN, or a corpus on disk would be taken for a copy of that.
STYLES: tuple[Style, ...] = (
    Style("ballad", ACOUSTIC, SWAY, SONG),
    Style("waltz", ACOUSTIC, WALTZ, SONG),
    Style("lounge", ACOUSTIC, SWAY, NIGHT),
    Style("anthem", ELECTRIC, BACKBEAT, DRONE),
    Style("dub", ELECTRIC, BACKBEAT, DRONE, brightness=-2.5),
    Style("stomp", ELECTRIC, FLOOR, NIGHT),
    Style("boogie", ELECTRIC, SHUFFLE, DRONE),
    Style("hymn", CHAMBER, WALTZ, SONG),
    Style("trance", CHAMBER, FLOOR, HIGH),
    Style("reverie", CHAMBER, SHUFFLE, HIGH),
)
