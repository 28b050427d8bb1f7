"""The synthetic corpus: one composed clip, many of them, or a folder of them with a manifest.

A clip depends on its style, its random state, its length and its rate, never on which others are composed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from joblib import delayed

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.synthetic.composer import write_score
from gtzanfeat.datasets.synthetic.instruments import Samples
from gtzanfeat.datasets.synthetic.random_draws import seeded
from gtzanfeat.datasets.synthetic.studio import ARTISTS_PER_STYLE, artist_of, record
from gtzanfeat.datasets.synthetic.styles import STYLES, Style
from gtzanfeat.errors import DatasetError, UnknownNameError
from gtzanfeat.progress import ordered_results

SECONDS = 10.0
RATE = 22050
LOWEST_RATE = 8000
MANIFEST = "manifest.csv"


@dataclass(frozen=True, eq=False)
class SyntheticClip:
    """A composed clip with its style, artist, tempo, metre and key.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        Mono sound in [-1, 1].
    rate : int
        Sample rate in Hz.
    recording : str
        Identity in a corpus: ``waltz.00003``.
    style : str
        Name of its row in `STYLES`.
    artist : str
        Who recorded it.
    tempo : float
        Beats per minute.
    metre : int
        Beats in a bar.
    tonic : str
        ``"C"``, ``"C#"`` ... ``"B"``.
    mode : str
        ``"major"``, ``"minor"``, ``"dorian"``, ``"mixolydian"`` or ``"octatonic"``.
    """

    samples: Samples = field(repr=False)
    rate: int
    recording: str
    style: str
    artist: str
    tempo: float
    metre: int
    tonic: str
    mode: str

    @property
    def key(self) -> str:
        """Tonic and mode in one: ``"F# minor"``."""
        return f"{self.tonic} {self.mode}"


def compose(
    style: str | Style,
    random_state: int | Sequence[int],
    *,
    seconds: float = SECONDS,
    rate: int = RATE,
) -> SyntheticClip:
    """Compose one clip, the same bits for the same arguments.

    Parameters
    ----------
    style : str or Style
        Name of a row of `STYLES`, or a style of your own.
    random_state : int or sequence of int
        Not negative. The last number is the clip's number in its style; it also chooses the artist, in
        turn. ``compose("waltz", (7, 3))`` is clip 3 of the waltzes of ``synthesize(random_state=7)``.
    seconds : float, default=10
        Length. Another length is another piece, not more of the same.
    rate : int, default=22050
        Sample rate in Hz, at least 8000.

    Returns
    -------
    SyntheticClip
        Its samples and what is known of it.

    Raises
    ------
    UnknownNameError
        If there is no such style.
    DatasetError
        If the length or the rate is too small, or a number of `random_state` is negative.

    Examples
    --------
    >>> clip = compose("waltz", 3, seconds=2.0)
    >>> clip
    SyntheticClip(rate=22050, recording='waltz.00003', style='waltz', artist='waltz artist 3', ...)
    >>> clip.samples.shape
    (44100,)
    """
    style = _named(style)
    seeds = tuple(int(number) for number in np.atleast_1d(random_state))
    _check(seconds, rate, seeds)
    rng = seeded("clip", style.name, *seeds)
    artist = artist_of(style, seeds[-1] % ARTISTS_PER_STYLE)
    score = write_score(style, rng, seconds, artist.pace, artist.transposition)
    return SyntheticClip(
        samples=record(style, artist, score, rng, seconds, rate),
        rate=rate,
        recording=f"{style.name}.{seeds[-1]:05d}",
        style=style.name,
        artist=artist.name,
        tempo=score.tempo,
        metre=style.groove.metre,
        tonic=score.tonic,
        mode=score.mode,
    )


def synthesize(
    n_per_style: int = 20,
    *,
    seconds: float = SECONDS,
    random_state: int = 0,
    rate: int = RATE,
    n_jobs: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[SyntheticClip]:
    """Compose a corpus in memory.

    Parameters
    ----------
    n_per_style : int, default=20
        Clips of each style. Clip ``i`` of a style does not depend on it.
    seconds : float, default=10
        Length of a clip.
    random_state : int, default=0
        Which corpus; not negative.
    rate : int, default=22050
        Sample rate in Hz.
    n_jobs : int, optional
        Clips composed at a time, as joblib counts them.
    progress : callable, optional
        Called with the number of clips done since the last call.

    Returns
    -------
    list of SyntheticClip
        Style after style in the order of `STYLES`, each by number. `table_of` makes a table of it.

    Raises
    ------
    DatasetError
        If there is nothing to compose.

    Examples
    --------
    >>> clips = synthesize(2, seconds=1.0)
    >>> [clip.recording for clip in clips[:3]]
    ['ballad.00000', 'ballad.00001', 'waltz.00000']
    """
    numbered = _numbered(n_per_style)
    tasks = (
        delayed(compose)(style, (random_state, number), seconds=seconds, rate=rate)
        for style, number in numbered
    )
    return list(_done(tasks, n_jobs, progress))


def write_corpus(
    target_path: str | os.PathLike[str],
    n_per_style: int = 20,
    *,
    seconds: float = SECONDS,
    random_state: int = 0,
    rate: int = RATE,
    n_jobs: int | None = None,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> ClipTable:
    """Compose a corpus on disk: 16-bit WAV in one folder per style, and a ``manifest.csv``.

    Parameters
    ----------
    target_path : str or path
        The folder of the corpus, made if it is not there; `gtzanfeat.load_dataset` reads it.
    n_per_style, seconds, random_state, rate, n_jobs, progress
        As for `synthesize`, which gives exactly the same sound.
    overwrite : bool, default=False
        Write into a folder that is not empty: clips and manifest of an earlier corpus are removed, all
        else is left alone.

    Returns
    -------
    ClipTable
        Path, label, recording and artist of each clip, and its tempo, metre, tonic, mode and key.

    Raises
    ------
    DatasetError
        If `target_path` is a file, or not empty and not to be overwritten, or nothing is to be composed.
    """
    where = Path(target_path).expanduser()
    numbered = _numbered(n_per_style)
    _check(seconds, rate, (random_state,))
    _clear(where, overwrite)
    for style in STYLES:
        (where / style.name).mkdir(parents=True, exist_ok=True)
    tasks = (
        delayed(_write)(where, style, (random_state, number), seconds, rate) for style, number in numbered
    )
    # the manifest comes last: a corpus that was interrupted has none
    rows = pd.DataFrame(list(_done(tasks, n_jobs, progress)))
    rows.to_csv(where / MANIFEST, index=False)
    return ClipTable(rows.assign(path=[str(where / path) for path in rows["path"]]), "synthetic")


def table_of(clips: Iterable[SyntheticClip]) -> ClipTable:
    """Return the table of clips in memory: labels, artists, tempo, metre and key of each.

    Parameters
    ----------
    clips : iterable of SyntheticClip
        Such as `synthesize` gives.

    Returns
    -------
    ClipTable
        As `write_corpus` gives, with paths relative to a folder that was not written.

    Examples
    --------
    >>> table = table_of([compose("waltz", 3, seconds=1.0)])
    >>> table.labels, table.artists
    (array(['waltz'], dtype=object), array(['waltz artist 3'], dtype=object))
    """
    return ClipTable(pd.DataFrame([_row(clip) for clip in clips]), "synthetic")


def _named(style: str | Style) -> Style:
    if isinstance(style, Style):
        return style
    known = {row.name: row for row in STYLES}
    if style not in known:
        raise UnknownNameError("style", style, known)
    return known[style]


def _check(seconds: float, rate: int, seeds: tuple[int, ...]) -> None:
    if rate < LOWEST_RATE or not seconds * rate >= 1:
        raise DatasetError(
            f"cannot compose {seconds:g} s at {rate} Hz; give more than 0 s and at least {LOWEST_RATE} Hz"
        )
    if min(seeds) < 0:
        raise DatasetError(f"the seed {min(seeds)} is negative; give 0 or more")


def _numbered(n_per_style: int) -> list[tuple[Style, int]]:
    if n_per_style < 1:
        raise DatasetError(f"a corpus of {n_per_style} clips a style is no corpus; ask for 1 or more")
    return [(style, number) for style in STYLES for number in range(n_per_style)]


def _done(
    tasks: Iterable[Any], n_jobs: int | None, progress: Callable[[int], object] | None
) -> Iterator[Any]:
    """Run tasks in parallel, and yield their results in the order of the tasks."""
    for done in ordered_results(tasks, n_jobs):
        if progress is not None:
            progress(1)
        yield done


def _clear(folder: Path, overwrite: bool) -> None:
    """Make the folder, and remove an earlier corpus from it, where that is allowed."""
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder}: is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    if not overwrite and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise DatasetError(f"{folder}: is not empty; give another folder, or overwrite it")
    (folder / MANIFEST).unlink(missing_ok=True)
    for style in STYLES:
        for clip in (folder / style.name).glob(f"{style.name}.[0-9][0-9][0-9][0-9][0-9].wav"):
            clip.unlink()


def _write(
    folder: Path, style: Style, random_state: tuple[int, int], seconds: float, rate: int
) -> dict[str, object]:
    clip = compose(style, random_state, seconds=seconds, rate=rate)
    row = _row(clip)
    # the samples lie on the 16-bit grid already, so this loses nothing
    soundfile.write(folder / str(row["path"]), np.rint(clip.samples * 32768).astype(np.int16), rate, "PCM_16")
    return row


def _row(clip: SyntheticClip) -> dict[str, object]:
    return {
        "path": f"{clip.style}/{clip.recording}.wav",
        "label": clip.style,
        "recording": clip.recording,
        "artist": clip.artist,
        "tempo": clip.tempo,
        "metre": clip.metre,
        "tonic": clip.tonic,
        "mode": clip.mode,
        "key": clip.key,
        "seconds": clip.samples.size / clip.rate,
    }
