"""A corpus that composes itself: ten styles by rule, with tempo, key, style and artist of every clip known.

For the demo, tests and notebooks: no recording has to be downloaded, and the truth is known exactly. No
single family of features tells the styles apart (see `styles`), so scores on it behave like scores on
music. It says nothing about real music, though.
"""

from __future__ import annotations

from dataclasses import dataclass

from gtzanfeat.datasets.synthetic.composer import seeded, write_score
from gtzanfeat.datasets.synthetic.instruments import Samples
from gtzanfeat.datasets.synthetic.studio import ARTISTS_PER_STYLE, artist_of, record
from gtzanfeat.datasets.synthetic.styles import STYLES, Style
from gtzanfeat.errors import UnknownNameError


@dataclass(frozen=True)
class SyntheticClip:
    samples: Samples
    rate: int
    style: str
    tempo: float
    tonic: str
    mode: str
    artist: str


def _known(style: str | Style) -> Style:
    if isinstance(style, Style):
        return style
    for row in STYLES:
        if row.name == style:
            return row
    raise UnknownNameError("style", style, (row.name for row in STYLES))


def compose(
    style: str | Style, seed: int | tuple[int, ...], seconds: float = 10.0, rate: int = 22050
) -> SyntheticClip:
    style = _known(style)
    seeds = (seed,) if isinstance(seed, int) else seed
    rng = seeded("clip", style.name, *seeds)
    artist = artist_of(style, seeds[-1] % ARTISTS_PER_STYLE)
    score = write_score(style, rng, seconds, artist.pace, artist.transposition)
    samples = record(style, artist, score, rng, seconds, rate)
    return SyntheticClip(samples, rate, style.name, score.tempo, score.tonic, score.mode, artist.name)
