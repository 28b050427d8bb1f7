"""Protocols: which recordings train and which test, said before anything is measured.

A protocol is one row at the foot of this file. It gives every recording, in every repeat, the number of
the fold in which it is tested (0: it only ever trains), so no protocol can separate the windows of one
recording. Fitting and scoring do not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from gtzanfeat.datasets import ClipTable, one_artist_classes
from gtzanfeat.errors import ProtocolError, UnknownNameError

DEFAULT_FOLDS = 10
DEFAULT_REPEATS = 10


@dataclass(frozen=True)
class Protocol:
    """One row of `PROTOCOLS`.

    Parameters
    ----------
    name : str
        What the user types.
    column : str or None
        The column that a `ClipTable` must have for it, besides label and recording.
    unit : str or None
        What folds are drawn from, "recordings" or "artists"; None where the parts are fixed, so that
        there is nothing to draw, to seed or to repeat.
    left_out : callable
        ``left_out(recordings)`` returns for each row why it takes no part, or "".
    assign : callable
        ``assign(recordings, folds, rng)`` returns the fold in which each recording is tested, counted
        from 1; 0 for one that only trains.
    sentence : str
        What it does, in plain words.
    source : str
        Where it comes from.
    """

    name: str
    column: str | None
    unit: str | None
    left_out: Callable[[pd.DataFrame], np.ndarray]
    assign: Callable[[pd.DataFrame, int, np.random.RandomState], np.ndarray]
    sentence: str
    source: str


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and one test part: row numbers of the table, ascending."""

    repeat: int  # from 1
    fold: int  # from 1
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class Plan:
    """A protocol laid out on the clips of one table.

    Parameters
    ----------
    protocol : str
        Its name.
    description : str
        What is done, with the numbers of folds and repeats.
    folds : tuple of Fold
        In the order in which they are run.
    left_out : dict of str to int
        Why clips take no part, and how many.
    warnings : tuple of str
        What a reader must know before the score.
    """

    protocol: str
    description: str
    folds: tuple[Fold, ...]
    left_out: dict[str, int]
    warnings: tuple[str, ...]


def plan(
    clips: ClipTable,
    protocol: str = "random",
    *,
    folds: int | None = None,
    repeats: int | None = None,
    random_state: int = 0,
) -> Plan:
    """Lay a protocol out on the clips of a table, or say why it would mean nothing there.

    Parameters
    ----------
    clips : ClipTable
        What to divide.
    protocol : str, default="random"
        A key of `PROTOCOLS`.
    folds : int, optional
        Folds per repeat; by default 10, or as many as the smallest class has recordings (artists). Only
        for protocols that draw their folds.
    repeats : int, optional
        How often all folds are drawn anew, by default 10. Only for protocols that draw their folds.
    random_state : int, default=0
        Seeds the drawing.

    Returns
    -------
    Plan

    Raises
    ------
    UnknownNameError
        If there is no such protocol.
    ProtocolError
        If the table lacks what the protocol needs, or a class would be missing from a training or test
        part.

    Examples
    --------
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(4)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> laid_out = plan(ClipTable(frame, "example"), repeats=2)
    >>> laid_out.description
    'stratified 4-fold over recordings (jazz has no more), drawn 2 times'
    >>> len(laid_out.folds)
    8
    """
    if protocol not in PROTOCOLS:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    row = PROTOCOLS[protocol]
    recordings, row_recording = _recordings(clips, row)
    reasons = row.left_out(recordings)
    reasons[recordings["label"].isna()] = "without a label"
    used = recordings[reasons == ""]
    if used["label"].nunique() < 2:
        raise ProtocolError(
            f"{protocol} needs clips of two classes or more, but finds only "
            f"{', '.join(used['label'].unique()) or 'none'} (in a table of {len(clips)})"
        )
    if row.unit is not None:
        n_folds, n_repeats, description = _numbers(used, clips.classes, row, folds, repeats)
    elif folds is None and repeats is None:
        n_folds, n_repeats, description = 0, 1, row.sentence
    else:
        raise ProtocolError(f"{protocol} has fixed parts; leave folds and repeats out")

    rng = np.random.RandomState(random_state)
    laid_out = []
    for repeat in range(1, n_repeats + 1):
        tested_in = np.full(len(recordings), -1)  # -1: takes no part
        tested_in[used.index] = row.assign(used, n_folds, rng)
        laid_out += list(_cut(tested_in[row_recording], repeat))
    _refuse_missing_classes(laid_out, clips, row)
    takes_part = np.isin(row_recording, used.index)
    left_out = dict(Counter(reasons[row_recording][~takes_part]).most_common())
    warnings = _warnings(clips.select(takes_part), laid_out, clips.artists)
    return Plan(protocol, description, tuple(laid_out), left_out, warnings)


def _recordings(clips: ClipTable, row: Protocol) -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row per recording, and for each clip the number of its recording's row."""
    columns = ["label"]
    if row.column is not None:
        if row.column not in clips.frame or clips.frame[row.column].isna().all():
            raise ProtocolError(
                f"{row.name} needs the column {row.column!r}, which is absent or empty here; "
                "GTZAN has it, and a manifest can have it"
            )
        columns.append(row.column)
    said = clips.frame[columns].astype(object).fillna("").groupby(clips.recordings).nunique()
    for column in columns:
        if (said[column] > 1).any():
            raise ProtocolError(
                f"{row.name} trains or tests a recording as a whole, but the clips of "
                f"{said[column].idxmax()!r} disagree about their {column}; give all of them the same"
            )
    number, _ = pd.factorize(clips.recordings)
    return clips.frame.drop_duplicates("recording").reset_index(drop=True), number


def _numbers(
    used: pd.DataFrame, classes: tuple[str, ...], row: Protocol, folds: int | None, repeats: int | None
) -> tuple[int, int, str]:
    """Return how many folds and repeats there are to be, in numbers and in words.

    No more folds than the smallest class has members: each fold can train and test every class.
    """
    column = "artist" if row.unit == "artists" else "recording"
    members = used.groupby("label")[column].nunique().reindex(classes, fill_value=0)
    fewest, scarcest = int(members.min()), members.idxmin()
    if fewest < 2:
        raise ProtocolError(
            f"{row.name} means nothing for classes with fewer than two {row.unit} "
            f"({', '.join(members.index[members < 2])}): they would be missing from the training or the "
            "test part; add clips, or select the other classes"
        )
    if folds is not None and not 2 <= folds <= fewest:
        raise ProtocolError(
            f"{row.name} can have 2 to {fewest} folds here, not {folds}: {scarcest} has {fewest} {row.unit}"
        )
    if repeats is not None and repeats < 1:
        raise ProtocolError(f"repeats must be 1 or more, not {repeats}")
    n_folds = min(DEFAULT_FOLDS, fewest) if folds is None else folds
    n_repeats = DEFAULT_REPEATS if repeats is None else repeats
    reason = f" ({scarcest} has no more)" if folds is None and n_folds < DEFAULT_FOLDS else ""
    times = "once" if n_repeats == 1 else f"{n_repeats} times"
    return n_folds, n_repeats, f"stratified {n_folds}-fold over {row.unit}{reason}, drawn {times}"


def _cut(tested_in: np.ndarray, repeat: int) -> Iterator[Fold]:
    for fold in np.unique(tested_in[tested_in > 0]):
        train = np.flatnonzero((tested_in >= 0) & (tested_in != fold))
        yield Fold(repeat, int(fold), train, np.flatnonzero(tested_in == fold))


def _refuse_missing_classes(folds: list[Fold], clips: ClipTable, row: Protocol) -> None:
    """Raise ProtocolError if some fold does not train a class or, where the parts are fixed, not test it."""
    labels, classes = clips.labels, set(clips.classes)
    untrained = {label for fold in folds for label in classes - set(labels[fold.train])}
    untested = {label for fold in folds for label in classes - set(labels[fold.test])}
    gaps = []
    if untrained or not folds:
        gaps.append(f"nothing to train on of {', '.join(sorted(untrained)) or 'any class'}")
    if row.unit is None and (untested or not folds):
        gaps.append(f"nothing to test of {', '.join(sorted(untested)) or 'any class'}")
    if gaps:
        where = "there" if len(folds) == 1 else "in some fold there"
        raise ProtocolError(
            f"{row.name} means nothing on these {len(clips)} clips: {where} is {' and '.join(gaps)}; "
            "add the missing clips, select other classes or choose another protocol"
        )


def _warnings(used: ClipTable, folds: list[Fold], artists: np.ndarray | None) -> tuple[str, ...]:
    """Say what could make the score measure something other than the class."""
    if used.artists is None or artists is None:
        return ("artists are unknown, so one may be in training and in test: the score may be too high",)
    found = []
    if single := one_artist_classes(used):
        found.append(
            f"these {len(used)} clips confound artist and genre (one artist in: {', '.join(single)}): "
            "the score may measure the artist"
        )
    tested = heard = 0
    for fold in folds:
        test = artists[fold.test]
        tested += len(test)
        heard += int(np.isin(test, list(set(artists[fold.train]) - {None})).sum())
    if heard:
        found.append(
            f"clips tested after training on the same artist: {heard} of {tested} ({heard / tested:.1%}); "
            "the score may be too high"
        )
    return tuple(found)


# --- left_out and assign of each protocol -----------------------------------------------------------


def _all_take_part(recordings: pd.DataFrame) -> np.ndarray:
    return np.full(len(recordings), "", dtype=object)


def _draw_recordings(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    label, _ = pd.factorize(recordings["label"])
    return _test_folds(StratifiedKFold(folds, shuffle=True, random_state=rng).split(label, label))


def _artist_known(recordings: pd.DataFrame) -> np.ndarray:
    return np.where(recordings["artist"].isna(), "of unknown artists", "").astype(object)


def _draw_artists(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    label, _ = pd.factorize(recordings["label"])
    artist, names = pd.factorize(recordings["artist"])
    # shuffled here, because the splitter of scikit-learn 1.6 spoils the stratification when it shuffles
    artist = rng.permutation(len(names))[artist]
    return _test_folds(StratifiedGroupKFold(folds).split(label, label, artist))


def _test_folds(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return for each row the number, from 1, of the part that tests it."""
    tests = [test for _, test in parts]
    tested_in = np.empty(sum(map(len, tests)), dtype=int)
    for fold, test in enumerate(tests, start=1):
        tested_in[test] = fold
    return tested_in


def _fault_filtered_parts(recordings: pd.DataFrame) -> np.ndarray:
    part = recordings["fault_filtered"]
    cases = [part.isin(["train", "test"]), part.isin(["valid"])]
    choices = ["", "in the validation part, which is for tuning"]
    return np.select(cases, choices, "left out by the split").astype(object)


def _fault_filtered_test(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    return recordings["fault_filtered"].isin(["test"]).to_numpy(dtype=int)


def _fold_numbers(recordings: pd.DataFrame) -> pd.Series:
    return pd.to_numeric(recordings["artist_fold"], errors="coerce").astype(float)


def _in_catalogue(recordings: pd.DataFrame) -> np.ndarray:
    return np.where(_fold_numbers(recordings).isin([1, 2, 3]), "", "not in the catalogue").astype(object)


def _published_fold(recordings: pd.DataFrame, folds: int, rng: np.random.RandomState) -> np.ndarray:
    return _fold_numbers(recordings).to_numpy(dtype=int)


_ROWS = (
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
        name="fault-filtered",
        column="fault_filtered",
        unit=None,
        left_out=_fault_filtered_parts,
        assign=_fault_filtered_test,
        sentence="The published split of GTZAN without its faults: 443 clips train and 290 test.",
        source="Kereliuk, Sturm & Larsen 2015",
    ),
    Protocol(
        name="artist-3fold",
        column="artist_fold",
        unit=None,
        left_out=_in_catalogue,
        assign=_published_fold,
        sentence="Three fixed folds of GTZAN, made of whole artists.",
        source="Sturm 2013",
    ),
)
PROTOCOLS: dict[str, Protocol] = {row.name: row for row in _ROWS}
