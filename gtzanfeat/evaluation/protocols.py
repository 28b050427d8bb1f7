"""Protocols: which recordings train and which test.

A protocol is one row at the foot of this file. It gives every recording, in every repeat, the number of
the fold in which it is tested (0: it only ever trains), so no protocol can separate the windows of one
recording. The folds of a table are made in `folds`; fitting and scoring do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


@dataclass(frozen=True)
class Protocol:
    """One row of `PROTOCOLS`.

    Parameters
    ----------
    name : str
        Its name.
    column : str or None
        The column that a `ClipTable` must have for it, besides label and recording.
    unit : str or None
        What folds are drawn from, "recordings" or "artists"; None where the parts are fixed, so that
        there is nothing to draw, to seed or to repeat.
    left_out : callable
        ``left_out(recordings)`` returns for each row why it takes no part, or "".
    assign : callable
        ``assign(recordings, folds, rng)`` returns the fold in which each recording is tested, counted
        from 1; 0 for one that only trains. The column ``stratum`` of `recordings` holds the class, by which
        folds are stratified, or a constant where there are no classes.
    sentence : str
        The protocol in plain words.
    source : str
        Its publication.
    published : mapping of int to (int, int)
        By the number of each fixed fold, how many clips train and test in the publication.
    """

    name: str
    column: str | None
    unit: str | None
    left_out: Callable[[pd.DataFrame], np.ndarray]
    assign: Callable[[pd.DataFrame, int, np.random.RandomState], np.ndarray]
    sentence: str
    source: str
    published: Mapping[int, tuple[int, int]] = field(default_factory=dict)


# --- left_out and assign of each protocol -----------------------------------------------------------


def _all_take_part(recordings: pd.DataFrame) -> np.ndarray:
    return np.full(len(recordings), "", dtype=object)


def _draw_recordings(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    stratum, _ = pd.factorize(recordings["stratum"])
    return _test_folds(StratifiedKFold(folds, shuffle=True, random_state=rng).split(stratum, stratum))


def _artist_known(recordings: pd.DataFrame) -> np.ndarray:
    return np.where(recordings["artist"].isna(), "of unknown artists", "").astype(object)


def _draw_artists(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    stratum, _ = pd.factorize(recordings["stratum"])
    artist, names = pd.factorize(recordings["artist"])
    # shuffled here, because the splitter of scikit-learn 1.6 spoils the stratification when it shuffles
    artist = rng.permutation(len(names))[artist]
    return _test_folds(StratifiedGroupKFold(folds).split(stratum, stratum, artist))


def _test_folds(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return for each row the number, from 1, of the part that tests it."""
    tests = [test for _, test in parts]
    tested_in = np.empty(sum(map(len, tests)), dtype=int)
    for fold, test in enumerate(tests, start=1):
        tested_in[test] = fold
    return tested_in


def _parts(column: str) -> Callable[[pd.DataFrame], np.ndarray]:
    """left_out where a column says "train", "valid" or "test"."""

    def left_out(recordings: pd.DataFrame) -> np.ndarray:
        part = recordings[column]
        cases = [part.isin(["train", "test"]), part.isin(["valid"])]
        choices = ["", "in the validation part, which is for tuning"]
        return np.select(cases, choices, "left out by the split").astype(object)

    return left_out


def _test_part(column: str) -> Callable[[pd.DataFrame, int, np.random.RandomState], np.ndarray]:
    """Assign where a column says "test"."""
    return lambda recordings, folds, rng: recordings[column].isin(["test"]).to_numpy(dtype=int)


def _fold_numbers(recordings: pd.DataFrame) -> pd.Series:
    return pd.to_numeric(recordings["artist_fold"], errors="coerce").astype(float)


def _in_catalogue(recordings: pd.DataFrame) -> np.ndarray:
    fold = recordings["artist_fold"]
    cases = [_fold_numbers(recordings).isin([1, 2, 3]), fold.isna()]
    return np.select(cases, ["", "not in the catalogue"], "in another fold than 1, 2 and 3").astype(object)


def _published_fold(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    return _fold_numbers(recordings).to_numpy(dtype=int)


_ROWS: tuple[Protocol, ...] = (
    Protocol(
        name="random",
        column=None,
        unit="recordings",
        left_out=_all_take_part,
        assign=_draw_recordings,
        sentence="Folds are drawn from all recordings, class by class; says nothing of unheard artists.",
        source="Tzanetakis & Cook 2002, section IV",
    ),
    Protocol(
        name="artist",
        column="artist",
        unit="artists",
        left_out=_artist_known,
        assign=_draw_artists,
        sentence="Folds are drawn from the artists, so that none is both trained and tested.",
        source="Pampalk, Flexer & Widmer 2005",
    ),
    Protocol(
        name="split",
        column="split",
        unit=None,
        left_out=_parts("split"),
        assign=_test_part("split"),
        sentence="The split that the dataset comes with: its parts train and test, once.",
        source="The publishers of the dataset, such as FMA, MagnaTagATune and MTG-Jamendo",
    ),
    Protocol(
        name="fault-filtered",
        column="fault_filtered",
        unit=None,
        left_out=_parts("fault_filtered"),
        assign=_test_part("fault_filtered"),
        sentence="The published split of GTZAN without its faults.",
        source="Kereliuk, Sturm & Larsen 2015",
        published={1: (443, 290)},
    ),
    Protocol(
        name="artist-3fold",
        column="artist_fold",
        unit=None,
        left_out=_in_catalogue,
        assign=_published_fold,
        sentence="Three fixed folds of GTZAN, made of whole artists.",
        source="Sturm 2013",
        published={1: (633, 315), 2: (632, 316), 3: (631, 317)},
    ),
)
PROTOCOLS: dict[str, Protocol] = {row.name: row for row in _ROWS}
