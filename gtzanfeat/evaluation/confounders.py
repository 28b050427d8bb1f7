"""Confounds: properties of files, not of music, that tell the classes of a dataset apart.

If all rock was cut at 16 kHz by an encoder and all jazz was not, a classifier may learn the encoder. Each
property is asked alone how often it tells the class of an artist or recording that it was not fitted to. What
the properties are, and how they are measured, is in `extraction.file_properties`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.audio import Clip, as_clip
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError
from gtzanfeat.extraction.file_properties import PROPERTIES, measure_properties

FOLDS = 5
PERMUTATIONS = 999
SIGNIFICANT = 0.05
VALUES = 8  # a property of numbers that has no more is taken value by value, and otherwise cut into bins:
BINS = 2  # for each class, if there are
ROWS = 5  # artists or recordings in each
AT_ONCE = 1 << 20  # counts held at a time
SHOWN = 3  # values of a property that are named


@dataclass(frozen=True)
class Confound:
    """How far one property of files tells the class.

    Parameters
    ----------
    name : str
        A key of `gtzanfeat.extraction.file_properties.PROPERTIES`.
    values : str
        What it is in these files, in words.
    accuracy : float or None
        Share of artists or recordings whose class it tells alone; None if it is the same for all.
    p_value : float or None
        Of the permutation test, corrected for the number of properties that vary.
    """

    name: str
    values: str
    accuracy: float | None
    p_value: float | None


@dataclass(frozen=True, eq=False, repr=False)
class Confounds:
    """What properties of files tell of the class; true if one of them does.

    Printing it gives the table.

    Parameters
    ----------
    n_clips : int
        Clips that were compared.
    n_groups : int
        The artists or recordings that they are reduced to.
    majority : float
        Share of the commonest class among these.
    properties : tuple of Confound
        One for each property.
    notes : tuple of str, default=()
        What could not be compared.
    """

    n_clips: int
    n_groups: int
    majority: float
    properties: tuple[Confound, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.found)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"Confounds({', '.join(each.name for each in self.found) or 'none'})"

    @property
    def found(self) -> tuple[Confound, ...]:
        """The properties that tell the class better than its commonest, with p below 0.05; the best first."""
        telling = [
            each
            for each in self.properties
            if each.accuracy is not None
            and each.accuracy > self.majority
            and (each.p_value or 0) < SIGNIFICANT
        ]
        return tuple(sorted(telling, key=lambda each: -(each.accuracy or 0)))

    @property
    def sentence(self) -> str:
        """What was found in one sentence; empty if nothing was."""
        if not self.found:
            return ""
        each = ", ".join(f"{one.name} {one.accuracy:.1%}" for one in self.found)
        return (
            f"properties of the files tell the class: {each} alone (commonest class {self.majority:.1%}); "
            "the score may measure where clips come from"
        )

    def lines(self) -> list[str]:
        """Return the table as lines of plain text.

        Returns
        -------
        list of str
            One line per property, with its values, the share it tells alone, and p.
        """
        heads = ("property", "values", "right", "p")
        cells = [heads, *map(_cells, self.properties)]
        widths = [max(len(row[column]) for row in cells) for column in range(4)]
        said = f"what files tell of the class, each property alone: {self.n_groups} artists or recordings, "
        lines = [f"{said}commonest class {self.majority:.1%}"] if self.properties else []
        for name, values, right, p in cells if self.properties else ():
            row = f"{name:<{widths[0]}}  {values:<{widths[1]}}  {right:>{widths[2]}}  {p:>{widths[3]}}"
            mark = "  tells the class" if name in {one.name for one in self.found} else ""
            lines.append(f"  {row}{mark}")
        return lines + [f"note: {note}" for note in self.notes]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
            All fields, the properties as dicts.
        """
        return asdict(self) | {
            "properties": [asdict(each) for each in self.properties],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, stated: dict[str, Any]) -> Confounds:
        """Return what `to_dict` gave.

        Parameters
        ----------
        stated : dict
            Of plain values.

        Returns
        -------
        Confounds
            The same.
        """
        properties = tuple(Confound(**each) for each in stated["properties"])
        return cls(**stated | {"properties": properties, "notes": tuple(stated["notes"])})

    def to_frame(self) -> pd.DataFrame:
        """Return one row per property, with the fields of `Confound` as columns.

        Returns
        -------
        DataFrame
            In the order of `properties`.
        """
        columns = list(Confound.__dataclass_fields__)
        return pd.DataFrame([asdict(each) for each in self.properties], columns=columns)


def _cells(each: Confound) -> tuple[str, str, str, str]:
    right = "-" if each.accuracy is None else f"{each.accuracy:.1%}"
    return each.name, each.values, right, "-" if each.p_value is None else f"{each.p_value:.3f}"


def confounds(
    clips: ClipTable,
    properties: pd.DataFrame | None = None,
    *,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory: Any = None,
) -> Confounds:
    """Ask how often sample rate, channels, format, duration, level or cut-off alone tell the class.

    Clips are reduced to one row for each artist (or else album, or song) and class, with the medians of
    numbers and the commonest text, since the clips of an artist are often made in the same way. Each property
    is cut into bins, and the answer is the commonest class of the bin, in five-fold cross-validation. The
    share of right answers is compared with those for 999 permutations of the classes, and the p-values are
    corrected for the number of properties that vary (Holm 1979).

    Parameters
    ----------
    clips : ClipTable
        A dataset with classes. Clips without one are left out.
    properties : DataFrame of shape (n_clips, n_properties), optional
        Numbers or text, one row per clip in their order; by default they are measured, for which the middle
        ten seconds of each clip are decoded (see `gtzanfeat.extraction.file_properties`).
    random_state : int, default=0
        Seeds the folds and the permutations.
    n_jobs : int, optional
        Workers that measure, as in joblib.
    memory : path or joblib.Memory, optional
        Where what is measured of a file is kept.

    Returns
    -------
    Confounds
        What each property tells; true if one tells the class.

    Raises
    ------
    ProtocolError
        If there are less than two classes.
    ValueError
        If `properties` has not one row per clip.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
    6(2), 1979.

    Examples
    --------
    >>> frame = pd.DataFrame({"path": [f"{i}.wav" for i in range(20)], "label": ["rock", "jazz"] * 10})
    >>> made = pd.DataFrame({"sample rate": [44100.0, 48000.0] * 10, "channels": 2.0})
    >>> found = confounds(ClipTable(frame.assign(recording=frame["path"]), "example"), made)
    >>> print(found)
    what files tell of the class, each property alone: 20 artists or recordings, commonest class 50.0%
      property     values                right      p
      sample rate  44100 to 48000 Hz    100.0%  0.001  tells the class
      channels     2                         -      -
    >>> found.sentence
    'properties of the files tell the class: sample rate 100.0% alone (commonest class 50.0%); the score ...'
    """
    if len(clips.classes) < 2:
        raise ProtocolError(f"{clips.name} has less than two classes to be told apart; give labels")
    if properties is None:
        properties = _measured(clips, n_jobs, memory)
    if len(properties) != len(clips):
        raise ValueError(f"properties must have one row for each of the {len(clips)} clips")
    labelled = ~pd.isna(clips.labels)
    readable = properties.notna().any(axis=1).to_numpy()
    notes = []
    if n_unread := int((labelled & ~readable).sum()):
        notes.append(f"{n_unread} of {int(labelled.sum())} clips cannot be read, so they are not compared")
    chosen = labelled & readable
    if not chosen.any():
        return Confounds(0, 0, 0.0, (), tuple(notes))
    values = _by_group(properties[chosen], clips.groups[chosen], clips.labels[chosen])
    code, names = pd.factorize(values.pop("label"))
    if len(names) < 2 or np.bincount(code).max() < 2:
        notes.append("there are too few artists or recordings to ask what files tell of the class")
        return Confounds(int(chosen.sum()), len(code), 0.0, (), tuple(notes))
    rng = np.random.default_rng(random_state)
    fold = rng.permutation(np.arange(len(code)) % FOLDS)
    orders = np.vstack([code, rng.permuted(np.tile(code, (PERMUTATIONS, 1)), axis=1)])
    tested: dict[str, tuple[float, float]] = {}
    for name in values.columns[values.nunique(dropna=False) > 1]:
        right = _n_right(_bins(values[name], len(names)), fold, orders)
        tested[str(name)] = right[0] / len(code), float((right >= right[0]).mean())
    corrected = _holm({name: p for name, (_, p) in tested.items()})
    found = tuple(
        Confound(
            str(name),
            _in_words(properties[name][chosen], PROPERTIES.get(str(name)) or ""),
            tested[name][0] if name in tested else None,
            corrected.get(name),
        )
        for name in properties
    )
    majority = float(np.bincount(code).max() / len(code))
    return Confounds(int(chosen.sum()), len(code), majority, found, tuple(notes))


def _measured(clips: ClipTable, n_jobs: int | None, memory: Any) -> pd.DataFrame:
    """The properties of the file of each clip; of a file with several windows, of all of them together."""
    spans: dict[str, tuple[float, float]] = {}
    for clip in map(as_clip, clips.clips):
        start, end = spans.get(str(clip), (math.inf, 0.0))
        own = math.inf if clip.duration is None else clip.offset + clip.duration
        spans[str(clip)] = min(start, clip.offset), max(end, own)
    files = [
        Clip(path, None, start, None if end == math.inf else end - start)
        for path, (start, end) in spans.items()
    ]
    found = measure_properties(files, n_jobs=n_jobs, memory=memory)
    measured = pd.DataFrame({name: found[name] for name in PROPERTIES}, index=list(spans))
    return measured.loc[list(clips.paths)].reset_index(drop=True)


def _by_group(properties: pd.DataFrame, groups: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """One row per group and class, with the column "label": medians of numbers, the commonest text."""
    row, pairs = pd.MultiIndex.from_arrays([groups, labels]).factorize()
    reduced: dict[Any, Any] = {"label": np.array([label for _, label in pairs], dtype=object)}
    for name in properties:
        values = properties[name].reset_index(drop=True)
        if pd.api.types.is_numeric_dtype(values):
            reduced[name] = values.groupby(row).median().to_numpy()
        else:
            code, texts = pd.factorize(values.to_numpy(dtype=object), use_na_sentinel=False)
            counts = np.zeros((len(pairs), len(texts)), dtype=int)
            np.add.at(counts, (row, code), 1)
            reduced[name] = texts[counts.argmax(axis=1)]
    return pd.DataFrame(reduced)


def _bins(values: pd.Series, n_classes: int) -> np.ndarray:
    """Number of the bin of each row: one for each value, or, of numbers with many, equally full ones."""
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= VALUES:
        return pd.factorize(values, use_na_sentinel=False)[0]
    known = values.to_numpy(dtype=float)
    n_bins = max(2, min(BINS * n_classes, len(known) // ROWS))
    edges = np.unique(np.nanquantile(known, np.arange(1, n_bins) / n_bins))
    return np.searchsorted(edges, known)  # NaN is beyond all


def _n_right(bins: np.ndarray, fold: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """How many rows are answered rightly by the commonest class of their bin in the other folds, (n_orders,).

    The rows have the classes that each of `orders` (n_orders, n_rows) gives them.
    """
    n_bins, n_classes = bins.max() + 1, orders.max() + 1
    shape = FOLDS, n_bins, n_classes
    place = (fold * n_bins + bins) * n_classes
    size = math.prod(shape)
    right = []
    for some in np.array_split(orders, math.ceil(len(orders) * max(size, len(bins)) / AT_ONCE)):
        ahead = np.arange(len(some))[:, None] * size
        counts = np.bincount((ahead + place + some).ravel(), minlength=len(some) * size)
        counts = counts.reshape(len(some), *shape)
        others = counts.sum(axis=1, keepdims=True) - counts
        # where a bin is empty, or two classes are equally common in it, the commonest of all bins decides
        everywhere = others.sum(axis=2, keepdims=True)
        answers = (others * (len(bins) + 1) + everywhere).argmax(axis=3)
        right.append(np.take_along_axis(counts, answers[..., None], axis=3).sum(axis=(1, 2, 3)))
    return np.concatenate(right)


def _holm(p_values: dict[Any, float]) -> dict[Any, float]:
    """Correct p-values for their number: the smallest times n, the next times n - 1 ..."""
    corrected, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = largest
    return corrected


def _in_words(values: pd.Series, unit: str) -> str:
    """The range of numbers, or the commonest texts with how many there are of each."""
    if pd.api.types.is_numeric_dtype(values):
        low, high = (
            f"{end:.0f}" if abs(end) >= 100 else f"{end:.3g}" for end in (values.min(), values.max())
        )
        return f"{low if low == high else f'{low} to {high}'} {unit}".strip()
    counts = values.value_counts()
    shown = [f"{value} ({count})" for value, count in counts.iloc[:SHOWN].items()]
    more = [f"{len(counts) - SHOWN} more"] if len(counts) > SHOWN else []
    return ", ".join(shown + more)
