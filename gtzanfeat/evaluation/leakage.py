"""Leakage: recordings, artists, albums and copies that are in training and in test, and so raise a score.

An audit looks at the table and at the files; no classifier is fitted. How folds are made is in `folds`, which
files are the same bytes or the same sound in `duplicates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation.confounders import Confounds, confounds
from gtzanfeat.evaluation.duplicates import DuplicateFiles, SoundMatch, absolute_paths, find_duplicates
from gtzanfeat.evaluation.folds import Fold, Plan

SHOWN = 10  # findings of a kind that are printed
# what is looked for, and what one and several of it are called
KINDS = {
    "recording": ("the same recording", "recording", "recordings"),
    "artist": ("the same artist", "artist", "artists"),
    "album": ("the same album", "album", "albums"),
    "identical": ("byte-identical audio", "file with copies", "files with copies"),
    "near-duplicate": ("near-duplicate audio", "pair of recordings", "pairs of recordings"),
}


@dataclass(frozen=True)
class Finding:
    """One recording, artist, album or file that is both trained and tested in some fold.

    Parameters
    ----------
    kind : str
        A key of `KINDS`: "recording", "artist", "album", "identical" or "near-duplicate".
    what : str
        The recording, artist or album; for audio, what the two have in common, in words.
    train, test : str
        Paths of a clip in the training part and of one in the test part of the first fold where it happens.
    repeat, fold : int
        Which fold that is, from 1.
    n_tests : int
        Tests, of a clip in a fold, that come after training on it.
    offset : float or None
        Of near-duplicates: where `test` begins in `train`, in seconds.
    similarity : float or None
        Of near-duplicates: share of equal bits of their fingerprints, 1 for the same sound.
    """

    kind: str
    what: str
    train: str
    test: str
    repeat: int
    fold: int
    n_tests: int
    offset: float | None = None
    similarity: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What is both trained and tested in some fold, as found by `audit`; true if there are findings.

    Printing it gives the whole report.

    Parameters
    ----------
    dataset : str
        The name of the table.
    n_clips : int
        Clips in it.
    n_folds : int
        Folds looked at.
    n_tests : int
        Tests in all folds, each of one clip.
    findings : tuple of Finding
        What is on both sides, by kind in the order of `KINDS`, that with most tests first.
    exposed : dict of str to int
        By kind, how many tests come after training on such a thing; a kind that was not looked for is absent.
    notes : tuple of str
        What could not be looked at, or only in part, and what was found but is always on one side.
    confounds : Confounds, optional
        What properties of the files tell of the classes.
    """

    dataset: str
    n_clips: int
    n_folds: int
    n_tests: int
    findings: tuple[Finding, ...]
    exposed: dict[str, int]
    notes: tuple[str, ...]
    confounds: Confounds | None = None

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"Audit({self.dataset!r}: {len(self.findings)} findings in {self.n_folds} folds)"

    @cached_property
    def sentences(self) -> dict[str, str]:
        """One sentence for each kind of leak that was found: how many tests it touches."""
        said = {}
        for kind, (words, *_) in KINDS.items():
            if any(finding.kind == kind for finding in self.findings):
                said[kind] = (
                    f"{words} is in training and in test: {self._numbers(kind)}; the score may be too high"
                )
        return said

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be known before a score, but for artists, of which the plan of the folds warns."""
        leaks = [sentence for kind, sentence in self.sentences.items() if kind != "artist"]
        return (*leaks, *([self.confounds.sentence] if self.confounds else []))

    def _numbers(self, kind: str) -> str:
        """Number of findings of a kind, and of the tests they touch."""
        n_found, n_exposed = sum(finding.kind == kind for finding in self.findings), self.exposed[kind]
        share = f"{n_exposed} of {self.n_tests} tests ({n_exposed / self.n_tests:.1%})"
        return f"{n_found} {KINDS[kind][1 if n_found == 1 else 2]}, {share}"

    def refuse(self) -> None:
        """Raise ProtocolError if anything was found.

        Raises
        ------
        ProtocolError
            It names the kinds, and the first finding.
        """
        if not self.findings:
            return
        first = self.findings[0]
        said = "; ".join(sentence.partition(";")[0] for sentence in self.sentences.values())
        raise ProtocolError(
            f"{said} (first {first.train} and {first.test}); choose a protocol that keeps them together, or "
            "leave clips out"
        )

    def lines(self) -> list[str]:
        """Return the report as lines of plain text.

        Returns
        -------
        list of str
            The number of findings of each kind, and the first of them; what files tell of the classes.
        """
        lines = [
            f"audit of {self.dataset}: {self.n_clips} clips, {self.n_folds} folds, {self.n_tests} tests",
            "",
        ]
        for kind, (words, *_) in KINDS.items():
            found = [finding for finding in self.findings if finding.kind == kind]
            outcome = "none" if kind in self.exposed else "not looked for"
            lines.append(f"{words:<22}{self._numbers(kind) if found else outcome}")
            lines += [f"  {_finding_line(finding)}" for finding in found[:SHOWN]]
            lines += [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        if self.confounds is not None and self.confounds.properties:
            lines += ["", *self.confounds.lines()]
        return [*lines, *([""] if self.notes else []), *(f"note: {note}" for note in self.notes)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
            All fields, the findings as dicts.
        """
        return {
            "dataset": self.dataset,
            "n_clips": self.n_clips,
            "n_folds": self.n_folds,
            "n_tests": self.n_tests,
            "exposed": dict(self.exposed),
            "findings": [asdict(finding) for finding in self.findings],
            "notes": list(self.notes),
            "confounds": None if self.confounds is None else self.confounds.to_dict(),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding, with the fields of `Finding` as columns.

        Returns
        -------
        DataFrame
            Also without findings it has its columns.
        """
        columns = list(Finding.__dataclass_fields__)
        return pd.DataFrame([asdict(finding) for finding in self.findings], columns=columns)


def _finding_line(finding: Finding) -> str:
    return f"{finding.what}: {finding.test} after {finding.train} ({finding.n_tests} tests)"


def audit(
    clips: ClipTable,
    folds: Plan | Iterable[Any],
    *,
    near_duplicates: bool = True,
    n_jobs: int | None = None,
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
) -> Audit:
    """Find the recordings, artists, albums and copies of audio that are both trained and tested in some fold.

    Recordings (or songs, where they were cut into several), artists and albums are those of the table. Copies
    are files of the same bytes, and near-duplicates: the same sound in another format, at another level, or
    cropped, if five seconds or more are in common. Near-duplicates are found by fingerprints, for which every
    file is decoded once; all else takes no longer than reading those files that are equally long. Where there
    are classes, it is asked what properties of the files tell of them (see `confounds`).

    Parameters
    ----------
    clips : ClipTable
        What was divided.
    folds : Plan, or iterable of Fold or of (train, test)
        From `plan`, or from any splitter of scikit-learn: row numbers of `clips`.
    near_duplicates : bool, default=True
        Whether to compare recordings by their fingerprints, too.
    n_jobs : int, optional
        Workers for that, as in joblib.
    memory : path or joblib.Memory, optional
        Where fingerprints are kept for another time.
    progress : callable, optional
        Called with the number of files fingerprinted since the last call.

    Returns
    -------
    Audit
        The findings, and what could not be compared.

    Raises
    ------
    ProtocolError
        If there are no folds, or they are of another table.

    Examples
    --------
    >>> frame = pd.DataFrame({"path": ["a.wav", "b.wav", "c.wav"], "recording": ["a", "b", "c"]})
    >>> frame = frame.assign(label="jazz", artist=["Ella", "Ella", "Bud"])
    >>> found = audit(ClipTable(frame, "example"), [([0, 2], [1])], near_duplicates=False)
    >>> found.sentences["artist"]
    'the same artist is in training and in test: 1 artist, 1 of 1 tests (100.0%); the score may be too high'
    """
    refuse_other_than_table(clips)
    laid_out = as_folds(folds, len(clips))
    files = find_duplicates(
        clips, near_duplicates=near_duplicates, n_jobs=n_jobs, memory=memory, progress=progress
    )
    told = confounds(clips, n_jobs=n_jobs, memory=memory) if len(clips.classes) > 1 else None
    return audit_folds(clips, laid_out, files, told)


def audit_folds(
    clips: ClipTable, folds: Sequence[Fold], files: DuplicateFiles, told: Confounds | None = None
) -> Audit:
    """Return the audit of folds of a table whose duplicate files are known already.

    Parameters
    ----------
    clips : ClipTable
        What was divided.
    folds : sequence of Fold
        Row numbers of `clips`.
    files : DuplicateFiles
        From `find_duplicates`, of these clips or of more.
    told : Confounds, optional
        What properties of the files tell of the classes.

    Returns
    -------
    Audit
    """
    findings: list[Finding] = []
    exposed: dict[str, int] = {}
    notes: list[str] = []

    def keep(kind: str, found: tuple[list[Finding], int]) -> None:
        findings.extend(sorted(found[0], key=lambda finding: -finding.n_tests))
        exposed[kind] = found[1]

    keep("recording", _on_both_sides("recording", clips.songs, clips.paths, folds))
    for kind in ("artist", "album"):
        names = clips.column(kind) if kind in clips.frame else np.full(len(clips), None)
        n_unknown = int(pd.isna(names).sum())
        if n_unknown:
            notes.append(f"the {kind} of {n_unknown} of {len(clips)} clips is unknown")
        if n_unknown < len(clips):
            keep(kind, _on_both_sides(kind, names, clips.paths, folds))

    paths = absolute_paths(clips)
    distinct = set(paths)
    if not distinct <= files.unread:
        digests = np.array([files.digests.get(path) for path in paths], dtype=object)
        keep("identical", _on_both_sides("identical", digests, clips.paths, folds))
    if files.matches is not None:
        found, n_exposed, n_together = _matches_on_both_sides(files.matches, paths, clips, folds)
        keep("near-duplicate", (found, n_exposed))
        if n_together:
            notes.append(f"{n_together} pairs of near-duplicates are on one side of every fold")
    if n_undecoded := len(distinct & files.undecoded):
        notes.append(
            f"{n_undecoded} of {len(distinct)} files cannot be read, so their sound was not compared"
        )
    n_tests = sum(len(fold.test) for fold in folds)
    return Audit(clips.name, len(clips), len(folds), n_tests, tuple(findings), exposed, tuple(notes), told)


def as_folds(folds: Plan | Iterable[Any], n_clips: int) -> list[Fold]:
    """Return folds of any kind as `Fold`; raise ProtocolError if they do not divide the table."""
    given = folds.folds if isinstance(folds, Plan) else list(folds)
    laid_out = []
    for number, fold in enumerate(given, start=1):
        if not isinstance(fold, Fold):
            train, test = (np.asarray(rows) for rows in fold)
            fold = Fold(1, number, *(np.flatnonzero(r) if r.dtype == bool else r for r in (train, test)))
        for rows in (fold.train, fold.test):
            if not len(rows) or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n_clips:
                raise ProtocolError(
                    f"fold {fold.fold} does not divide this table of {n_clips} clips; give row numbers of "
                    "it, some to train and some to test"
                )
        laid_out.append(fold)
    if not laid_out:
        raise ProtocolError("there are no folds to look at; give one or more")
    return laid_out


def _on_both_sides(
    kind: str, names: np.ndarray, paths: np.ndarray, folds: Sequence[Fold]
) -> tuple[list[Finding], int]:
    """Find the names that are both trained and tested, and in how many tests; None is no name."""
    code, named = pd.factorize(names)  # -1 for None
    n_tests = np.zeros(len(named), dtype=int)
    first: dict[int, tuple[Fold, int, int]] = {}
    for fold in folds:
        trained = np.zeros(len(named) + 1, dtype=bool)
        trained[code[fold.train]] = True
        trained[-1] = False
        hits = fold.test[trained[code[fold.test]]]
        n_tests += np.bincount(code[hits], minlength=len(named))
        for row in hits:
            if code[row] not in first:
                trained_row = fold.train[code[fold.train] == code[row]][0]
                first[int(code[row])] = fold, int(trained_row), int(row)
    found = []
    for number, (fold, train_row, test_row) in first.items():
        what = "the same bytes" if kind == "identical" else str(named[number])
        where = (paths[train_row], paths[test_row], fold.repeat, fold.fold)
        found.append(Finding(kind, what, *where, int(n_tests[number])))
    return found, int(n_tests.sum())


def _matches_on_both_sides(
    matches: Sequence[SoundMatch], files: np.ndarray, clips: ClipTable, folds: Sequence[Fold]
) -> tuple[list[Finding], int, int]:
    """Find the pairs of files that are divided, in how many tests, and how many pairs never are."""
    found = []
    exposed = [np.zeros(len(fold.test), dtype=bool) for fold in folds]
    n_together = 0
    recordings = dict(zip(files[::-1], clips.recordings[::-1], strict=True))  # the first of each file
    for match in matches:
        recording = recordings.get(match.a)
        if not {match.a, match.b} <= recordings.keys() or recording == recordings[match.b]:
            continue  # it is not in this table, or the table knows it
        first: tuple[Fold, int, int] | None = None
        n_tests = 0
        for fold, mark in zip(folds, exposed, strict=True):
            for trained, tested in ((match.a, match.b), (match.b, match.a)):
                train, hits = fold.train[files[fold.train] == trained], files[fold.test] == tested
                if len(train) and hits.any():
                    n_tests += int(hits.sum())
                    mark |= hits
                    first = first or (fold, int(train[0]), int(fold.test[hits][0]))
        if first is None:
            n_together += 1
            continue
        fold, train_row, test_row = first
        begins = match.offset if files[train_row] == match.a else -match.offset
        what = f"{match.seconds:.1f} s in common, {match.similarity:.0%} alike, {begins:+.1f} s"
        where = (clips.paths[train_row], clips.paths[test_row], fold.repeat, fold.fold)
        found.append(Finding("near-duplicate", what, *where, n_tests, begins, match.similarity))
    return found, sum(int(mark.sum()) for mark in exposed), n_together
