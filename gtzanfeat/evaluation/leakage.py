"""Audits: what stands on both sides of a split, and so makes a score better than it is.

Only what the table says and what the files sound like is looked at; no classifier is fitted. How folds are
made is said in `planning`, how recordings are compared by ear in `gtzanfeat.extraction.fingerprints`.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation.folds import Fold, Plan
from gtzanfeat.extraction.fingerprints import Match, fingerprints, near_duplicate_pairs

SHOWN = 10  # findings of a kind that are printed
PIECE = 4096  # bytes in the middle of a file
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
    """One thing that is on both sides.

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
    """The result of `audit`; printing it gives the whole report, and it is true if there are findings.

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
    """

    dataset: str
    n_clips: int
    n_folds: int
    n_tests: int
    findings: tuple[Finding, ...]
    exposed: dict[str, int]
    notes: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"Audit({self.dataset!r}: {len(self.findings)} findings in {self.n_folds} folds)"

    @cached_property
    def sentences(self) -> dict[str, str]:
        """For each kind of which something was found, one line that says what it means for the score."""
        said = {}
        for kind, (words, *_) in KINDS.items():
            if any(finding.kind == kind for finding in self.findings):
                said[kind] = (
                    f"{words} is in training and in test: {self._numbers(kind)}; the score may be too high"
                )
        return said

    def _numbers(self, kind: str) -> str:
        """How many of a kind were found, and in how many tests."""
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
        """Return the report as lines of plain text."""
        lines = [
            f"audit of {self.dataset}: {self.n_clips} clips, {self.n_folds} folds, {self.n_tests} tests",
            "",
        ]
        for kind, (words, *_) in KINDS.items():
            found = [finding for finding in self.findings if finding.kind == kind]
            outcome = "none" if kind in self.exposed else "not looked for"
            lines.append(f"{words:<22}{self._numbers(kind) if found else outcome}")
            lines += [f"  {_in_words(finding)}" for finding in found[:SHOWN]]
            lines += [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        return [*lines, *([""] if self.notes else []), *(f"note: {note}" for note in self.notes)]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain dicts, lists, strings and numbers, for JSON."""
        return {
            "dataset": self.dataset,
            "n_clips": self.n_clips,
            "n_folds": self.n_folds,
            "n_tests": self.n_tests,
            "exposed": dict(self.exposed),
            "findings": [asdict(finding) for finding in self.findings],
            "notes": list(self.notes),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding."""
        columns = list(Finding.__dataclass_fields__)
        return pd.DataFrame([asdict(finding) for finding in self.findings], columns=columns)


def _in_words(finding: Finding) -> str:
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
    """Look for what is on both sides of a split.

    Looked for are the same recording (or song, where it was cut into several), artist and album, as the table
    has them; files of the same bytes; and near-duplicate audio: copies in another format, at another level,
    or cropped, five seconds or more of them. That last part decodes every file once; all else takes no longer
    than reading those files that are equally long.

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
    laid_out = _folds(folds, len(clips))
    n_tests = sum(len(fold.test) for fold in laid_out)
    findings: list[Finding] = []
    exposed: dict[str, int] = {}
    notes: list[str] = []

    def look(kind: str, found: tuple[list[Finding], int]) -> None:
        findings.extend(sorted(found[0], key=lambda finding: -finding.n_tests))
        exposed[kind] = found[1]

    look("recording", _shared("recording", clips.songs, clips.paths, laid_out))
    for kind in ("artist", "album"):
        names = clips.column(kind) if kind in clips.frame else np.full(len(clips), None)
        n_unknown = int(pd.isna(names).sum())
        if n_unknown:
            notes.append(f"the {kind} of {n_unknown} of {len(clips)} clips is unknown")
        if n_unknown < len(clips):
            look(kind, _shared(kind, names, clips.paths, laid_out))

    file, paths = pd.factorize(np.array([os.path.abspath(path) for path in clips.paths], dtype=object))
    content, n_unread = _contents(list(paths), clips.recordings[np.unique(file, return_index=True)[1]])
    if n_unread < len(paths):
        look("identical", _shared("identical", content[file], clips.paths, laid_out))
    if near_duplicates:
        there = np.flatnonzero([os.path.isfile(path) for path in paths])
        prints, failures = fingerprints(
            list(paths[there]), n_jobs=n_jobs, on_error="skip", memory=memory, progress=progress
        )
        n_unread = len(paths) - len(there) + len(failures)
        alike = [
            replace(match, a=int(there[match.a]), b=int(there[match.b]))
            for match in near_duplicate_pairs(prints)
        ]
        matches = [m for m in alike if content[m.a] is None or content[m.a] != content[m.b]]
        found, n_exposed, n_together = _paired(matches, file, clips, laid_out)
        look("near-duplicate", (found, n_exposed))
        if n_together:
            notes.append(f"{n_together} pairs of near-duplicates are on one side of every fold")
    if n_unread:
        notes.append(f"{n_unread} of {len(paths)} files cannot be read, so their sound was not compared")
    return Audit(clips.name, len(clips), len(laid_out), n_tests, tuple(findings), exposed, tuple(notes))


def _folds(folds: Plan | Iterable[Any], n_clips: int) -> list[Fold]:
    """Folds of any kind, as `Fold`."""
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


def _shared(
    kind: str, names: np.ndarray, paths: np.ndarray, folds: Sequence[Fold]
) -> tuple[list[Finding], int]:
    """Find the names that are in training and in test; also in how many tests. None is no name."""
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
                heard = fold.train[code[fold.train] == code[row]][0]
                first[int(code[row])] = fold, int(heard), int(row)
    found = []
    for number, (fold, heard, row) in first.items():
        what = "the same bytes" if kind == "identical" else str(named[number])
        where = (paths[heard], paths[row], fold.repeat, fold.fold)
        found.append(Finding(kind, what, *where, int(n_tests[number])))
    return found, int(n_tests.sum())


def _contents(paths: Sequence[str], recordings: np.ndarray) -> tuple[np.ndarray, int]:
    """Hash the bytes of files that may be those of another recording; None for all others.

    First files of one length are found, then those of them that agree in the middle (recordings of one
    collection are often equally long), and only these are read as a whole. Returned with the hashes is how
    many files cannot be read.
    """
    content = np.full(len(paths), None, dtype=object)
    unread: set[int] = set()
    alike = [list(range(len(paths)))]
    for look in (os.path.getsize, _middle, _digest):
        narrower = []
        for numbers in alike:
            found: dict[Any, list[int]] = defaultdict(list)
            for number in numbers:
                try:
                    content[number] = look(paths[number])
                    found[content[number]].append(number)
                except OSError:
                    unread.add(number)
            narrower += [part for part in found.values() if len(set(recordings[part])) > 1]
        alike = narrower
    same = np.isin(np.arange(len(paths)), [number for numbers in alike for number in numbers])
    content[~same] = None
    return content, len(unread)


def _middle(path: str) -> bytes:
    with open(path, "rb") as file:
        file.seek(os.path.getsize(path) // 2)
        return file.read(PIECE)


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _paired(
    matches: Sequence[Match],
    file: np.ndarray,
    clips: ClipTable,
    folds: Sequence[Fold],
) -> tuple[list[Finding], int, int]:
    """Find the pairs of files that are divided; also in how many tests, and how many pairs never are."""
    found = []
    exposed = [np.zeros(len(fold.test), dtype=bool) for fold in folds]
    n_together = 0
    recordings, paths = clips.recordings, clips.paths
    for match in matches:
        a, b = match.a, match.b
        if recordings[file == a][0] == recordings[file == b][0]:
            continue  # the table knows it
        first: tuple[Fold, int, int] | None = None
        n_tests = 0
        for fold, mark in zip(folds, exposed, strict=True):
            for heard, tested in ((a, b), (b, a)):
                train, hits = fold.train[file[fold.train] == heard], file[fold.test] == tested
                if len(train) and hits.any():
                    n_tests += int(hits.sum())
                    mark |= hits
                    first = first or (fold, int(train[0]), int(fold.test[hits][0]))
        if first is None:
            n_together += 1
            continue
        fold, heard, row = first
        begins = match.offset if file[heard] == a else -match.offset
        what = f"{match.seconds:.1f} s in common, {match.similarity:.0%} alike, {begins:+.1f} s"
        where = (paths[heard], paths[row], fold.repeat, fold.fold)
        found.append(Finding("near-duplicate", what, *where, n_tests, begins, match.similarity))
    return found, sum(int(mark.sum()) for mark in exposed), n_together
