"""Folds: the training and test parts that a protocol makes of the clips of one table.

A plan also says how many clips train and test, and warns where the score may not measure what it should. The
protocols are rows in `protocols`; what is on both sides of the folds is found in `leakage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable, one_artist_classes
from gtzanfeat.datasets.clip_table import refuse_other_than_table
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.evaluation.protocols import PROTOCOLS, Protocol
from gtzanfeat.evaluation.tasks import Target, find_target

DEFAULT_CV = 10
DEFAULT_REPEATS = 10
LEAVING_OUT = "--drop-lone, or --classes A,B; in Python drop_lone_classes, or clips.select_classes"


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and one test part of a table.

    Parameters
    ----------
    repeat, fold : int
        Number of the repeat, and of the fold in it, from 1.
    train, test : ndarray of int
        Row numbers of the table, ascending.
    """

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class Plan:
    """The folds that a protocol makes of the clips of one table.

    Parameters
    ----------
    protocol : str
        The name of the protocol.
    description : str
        The protocol in words, with the numbers of folds, repeats, and clips that train and test.
    folds : tuple of Fold
        In the order in which they are run.
    left_out : dict of str to int
        Number of clips that take no part, by reason.
    warnings : tuple of str
        What a reader must know before the score.
    """

    protocol: str
    description: str
    folds: tuple[Fold, ...]
    left_out: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def is_drawn(self) -> bool:
        """Whether the folds are drawn; else the parts are fixed."""
        return PROTOCOLS[self.protocol].unit is not None


def plan(
    clips: ClipTable,
    protocol: str = "random",
    *,
    cv: int | None = None,
    repeats: int | None = None,
    random_state: int = 0,
    classes: Iterable[str] | None = None,
    target: str = "label",
    task: str | None = None,
) -> Plan:
    """Return the folds that a protocol makes of the clips of a table.

    Parameters
    ----------
    clips : ClipTable
        The table.
    protocol : str, default="random"
        A key of `PROTOCOLS`.
    cv : int, optional
        Folds per repeat; by default 10, or as many as the smallest class (else the table) has recordings
        (artists). Only for protocols that draw their folds.
    repeats : int, optional
        How often all folds are drawn anew, by default 10. Only for protocols that draw their folds.
    random_state : int, default=0
        Seed of the drawing; a number, so that the same line gives the same folds.
    classes : iterable of str, optional
        The classes there should be, by default those of `clips`. If one has no clip (all of them failed,
        say), fixed parts are refused, and a protocol that draws its folds warns.
    target : str, default="label"
        The column that is to be predicted, as of `evaluate`. Folds are stratified by classes; tags and
        numbers are divided as they come.
    task : str, optional
        A key of `TASKS`, as a check.

    Returns
    -------
    Plan
        The folds, with a description and warnings.

    Raises
    ------
    UnknownNameError
        If there is no such protocol, column or task.
    ProtocolError
        If the table lacks what the protocol needs, if the windows of a recording would be divided, or if a
        class would be missing from a training or test part.

    Examples
    --------
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(4)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> laid_out = plan(ClipTable(frame, "example"), repeats=2)
    >>> laid_out.description
    'stratified 4-fold over recordings (jazz has no more), drawn 2 times; 6 clips train and 2 clips test'
    >>> len(laid_out.folds)
    8
    """
    if protocol not in PROTOCOLS:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    refuse_other_than_table(clips)
    row = PROTOCOLS[protocol]
    goal = find_target(clips, target, task)
    recordings, row_recording = one_row_per_recording(clips, row, goal)
    reasons = row.left_out(recordings)
    reasons[recordings["stratum"].isna()] = goal.unknown
    used = recordings[reasons == ""]
    stratified = goal.task.name == "single-label"
    if stratified and used["stratum"].nunique() < 2:
        raise ProtocolError(
            f"{protocol} needs clips of two classes or more, but finds only "
            f"{', '.join(used['stratum'].unique()) or 'none'} (in a table of {len(clips)})"
        )
    if row.unit is not None:
        n_folds, n_repeats, description = _fold_counts(used, goal, row, cv, repeats)
    elif cv is None and repeats is None:
        n_folds, n_repeats, description = 0, 1, row.sentence.removesuffix(".")
    else:
        raise ProtocolError(f"{protocol} has fixed parts; leave cv and repeats out")
    expected = clips.classes if classes is None or not stratified else classes
    lost = sorted(set(expected) - set(clips.classes))

    rng = np.random.RandomState(random_state)
    laid_out = []
    for repeat in range(1, n_repeats + 1):
        tested_in = np.full(len(recordings), -1)  # -1: takes no part
        tested_in[used.index] = row.assign(used, n_folds, rng)
        laid_out += list(_folds_of_repeat(tested_in[row_recording], repeat))
    _refuse_missing_parts(laid_out, goal, len(clips), row, lost)
    takes_part = np.isin(row_recording, used.index)
    left_out = dict(Counter(reasons[row_recording][~takes_part]).most_common())
    description += f"; {_part_sizes(laid_out, row, clips.artists)}"
    warnings = []
    if lost:
        warnings.append(f"no clip is left of {', '.join(lost)}: the score is that of the other classes")
    warnings += _size_warnings(laid_out, row, takes_part.sum())
    warnings += _artist_warnings(clips.select(takes_part), laid_out, clips.artists, stratified)
    warnings += _rare_tag_warnings(laid_out, goal)
    return Plan(protocol, description, tuple(laid_out), left_out, tuple(warnings))


def fold_groups(clips: ClipTable, layout: Plan) -> np.ndarray:
    """Return the groups that the folds keep apart: artists, if none is both trained and tested; else songs.

    Parameters
    ----------
    clips : ClipTable
        The clips that were divided.
    layout : Plan
        Their folds.

    Returns
    -------
    ndarray of shape (n_clips,), object
        The artist of each clip, or else its song or recording. Inner folds keep these groups whole too, and
        they are drawn for intervals.
    """
    artists = clips.artists
    if artists is None:
        return clips.songs
    apart = all(
        None not in set(artists[fold.train]) | set(artists[fold.test])
        and not set(artists[fold.train]) & set(artists[fold.test])
        for fold in layout.folds
    )
    return artists if apart else clips.songs


def one_row_per_recording(clips: ClipTable, row: Protocol, target: Target) -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row per song (else recording), and for each clip the number of its row."""
    songs = clips.songs
    frame = clips.frame.assign(stratum=target.strata)
    said_of = {
        "stratum": "label" if target.task.name == "single-label" else f"having a known {target.column}"
    }
    if target.task.name == "multi-label":
        said_of["labels"] = "tags"
    if row.column is not None:
        if row.column not in frame or frame[row.column].isna().all():
            raise ProtocolError(
                f"{row.name} needs the column {row.column!r}, which is absent or empty here; "
                "GTZAN has it, and a manifest can have it"
            )
        said_of[row.column] = row.column
    values = frame[list(said_of)].astype(object)
    values = values.where(values.notna(), "?")
    for column, words in said_of.items():
        # parts of a song were tagged one by one
        said = values[column].groupby(clips.recordings if column == "labels" else songs).nunique()
        if (said > 1).any():
            raise ProtocolError(
                f"{row.name} trains or tests a recording as a whole, but the clips of "
                f"{said.idxmax()!r} disagree about their {words}; give all of them the same"
            )
    number, _ = pd.factorize(songs)
    first = np.unique(number, return_index=True)[1]
    return frame.iloc[first].reset_index(drop=True), number


def _fold_counts(
    used: pd.DataFrame, target: Target, row: Protocol, cv: int | None, repeats: int | None
) -> tuple[int, int, str]:
    """Return the numbers of folds and repeats, and both in words.

    No more folds than the smallest class has members: each fold can train and test every class. Where there
    are no classes, no more than there are members.
    """
    column = "artist" if row.unit == "artists" else "recording"
    members = used.groupby("stratum")[column].nunique()
    if target.task.name == "single-label":
        members = members.reindex(target.names, fill_value=0)
    fewest, scarcest = (int(members.min()), str(members.idxmin())) if len(members) else (0, "")
    if fewest < 2:
        if target.task.name != "single-label":
            raise ProtocolError(
                f"{row.name} needs two {row.unit} or more whose {target.column} is known, but finds {fewest}"
            )
        raise ProtocolError(
            f"{row.name} means nothing for classes with fewer than two {row.unit} "
            f"({', '.join(members.index[members < 2])}): they would be missing from the training or the "
            f"test part; add clips, or leave these classes out ({LEAVING_OUT})"
        )
    whose = scarcest or "the table"
    if cv is not None and not 2 <= cv <= fewest:
        raise ProtocolError(
            f"{row.name} can have 2 to {fewest} folds here, not {cv}: {whose} has {fewest} {row.unit}"
        )
    if repeats is not None and repeats < 1:
        raise ProtocolError(f"repeats must be 1 or more, not {repeats}")
    n_folds = min(DEFAULT_CV, fewest) if cv is None else cv
    n_repeats = DEFAULT_REPEATS if repeats is None else repeats
    reason = f" ({whose} has no more)" if cv is None and n_folds < DEFAULT_CV else ""
    times = "once" if n_repeats == 1 else f"{n_repeats} times"
    how = "stratified " if target.task.name == "single-label" else ""
    return n_folds, n_repeats, f"{how}{n_folds}-fold over {row.unit}{reason}, drawn {times}"


def _folds_of_repeat(tested_in: np.ndarray, repeat: int) -> Iterator[Fold]:
    for fold in np.unique(tested_in[tested_in > 0]):
        train = np.flatnonzero((tested_in >= 0) & (tested_in != fold))
        yield Fold(repeat, int(fold), train, np.flatnonzero(tested_in == fold))


def _part_sizes(folds: list[Fold], row: Protocol, artists: np.ndarray | None) -> str:
    """Return how many clips train and test, by how many artists: of each fixed fold, or of all drawn ones."""
    groups = [[fold] for fold in folds] if row.published else [folds]
    words = []
    for group in groups:
        wholes = row.published.get(group[0].fold, (None, None))
        train, test = (
            _part([getattr(fold, part) for fold in group], whole, artists)
            for part, whole in zip(("train", "test"), wholes, strict=True)
        )
        words.append(f"{train} train and {test} test")
    if len(row.published) > 1:
        words = [f"fold {fold.fold}: {said}" for fold, said in zip(folds, words, strict=True)]
    return "; ".join(words)


def _part(rows: list[np.ndarray], whole: int | None, artists: np.ndarray | None) -> str:
    numbers = _span([len(part) for part in rows])
    words = f"{numbers} clips" if whole is None or numbers == str(whole) else f"{numbers} of {whole} clips"
    if artists is not None:
        names = [set(artists[part]) for part in rows]
        known = " known" if any(None in part for part in names) else ""
        words += f" by {_span([len(part - {None}) for part in names])}{known} artists"
    return words


def _span(numbers: list[int]) -> str:
    fewest, most = min(numbers), max(numbers)
    return str(fewest) if fewest == most else f"{fewest}-{most}"


def _size_warnings(folds: list[Fold], row: Protocol, n_used: int) -> list[str]:
    """Return a warning if fixed parts are not of the published sizes."""
    sizes = {fold.fold: (len(fold.train), len(fold.test)) for fold in folds}
    if sizes == row.published or not row.published:
        return []
    n_published = sum(next(iter(row.published.values())))  # every fold divides the same clips
    absent = "".join(f", no fold {fold}" for fold in row.published if fold not in sizes)
    return [
        f"the parts are not those published ({n_used} clips instead of {n_published}{absent}): the score "
        "does not compare with published ones"
    ]


def _refuse_missing_parts(
    folds: list[Fold], target: Target, n_clips: int, row: Protocol, lost: list[str]
) -> None:
    """Raise ProtocolError if some fold does not train a class or, where the parts are fixed, not test it.

    Tags and numbers only need something to train on and something to test.
    """
    gaps = []
    if target.task.name == "single-label":
        labels, classes = target.truth, set(target.names)
        if row.unit is None:
            classes |= set(lost)
        untrained = {label for fold in folds for label in classes - set(labels[fold.train])}
        untested = {label for fold in folds for label in classes - set(labels[fold.test])}
        if untrained or not folds:
            gaps.append(f"nothing to train on of {', '.join(sorted(untrained)) or 'any class'}")
        if row.unit is None and (untested or not folds):
            gaps.append(f"nothing to test of {', '.join(sorted(untested)) or 'any class'}")
    else:
        if not folds:
            gaps.append("nothing to test")
        if any(not len(fold.train) for fold in folds):
            gaps.append("nothing to train on")
    if gaps:
        where = "there" if len(folds) == 1 else "in some fold there"
        raise ProtocolError(
            f"{row.name} means nothing on these {n_clips} clips: {where} is {' and '.join(gaps)}; "
            f"add the missing clips, choose another protocol, or leave classes out ({LEAVING_OUT})"
        )


def _rare_tag_warnings(folds: list[Fold], target: Target) -> list[str]:
    """Return warnings of tags that some fold cannot learn, or cannot test."""
    if target.task.name != "multi-label":
        return []
    found = []
    for part, words in (
        ("train", "cannot be learnt in some fold, which trains on no clip that has them"),
        ("test", "are not tested in some fold, which has no clip of them; its means leave them out"),
    ):
        fewest = np.min([target.truth[getattr(fold, part)].sum(axis=0) for fold in folds], axis=0)
        rare = [name for name, n_clips in zip(target.names, fewest, strict=True) if not n_clips]
        if rare:
            shown = ", ".join(rare[:10]) + (" ..." if len(rare) > 10 else "")
            found.append(f"{len(rare)} of {len(target.names)} tags {words}: {shown}")
    return found


def _artist_warnings(
    used: ClipTable, folds: list[Fold], artists: np.ndarray | None, classes: bool
) -> list[str]:
    """Return warnings where the score may measure the artist, or may be too high because of artists."""
    found = []
    if n_unknown := int(used.frame["artist"].isna().sum()):
        found.append(
            f"artists are unknown ({n_unknown} of {len(used)} clips), so one may be in training and in test: "
            "the score may be too high"
        )
    if used.artists is None or artists is None:
        return found
    if classes and (single := one_artist_classes(used)):
        found.append(
            f"these {len(used)} clips confound artist and genre (one artist in: {', '.join(single)}): "
            "the score may measure the artist"
        )
    n_tests = n_exposed = 0
    for fold in folds:
        test = artists[fold.test]
        n_tests += len(test)
        n_exposed += int(np.isin(test, list(set(artists[fold.train]) - {None})).sum())
    if n_exposed:
        found.append(
            f"clips tested after training on the same artist: {n_exposed} of {n_tests} "
            f"({n_exposed / n_tests:.1%}); the score may be too high"
        )
    return found
