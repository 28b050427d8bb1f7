"""What the loaders of published collections share: their lists are read, and what of them is there is kept.

Each loader turns the files of its official distribution into a catalogue, with one row for every recording
there should be; here it becomes the table of those that are there. What any one collection looks like on
disk is said in its own file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.table_columns import SEPARATOR
from gtzanfeat.errors import DatasetError

LONGEST_NAME = 255  # bytes of a file name


def cells(file: Path, separator: str = ",") -> Iterator[list[str]]:
    """Yield the rows of a CSV file, each a list of trimmed texts; blank rows are passed over.

    Parameters
    ----------
    file : Path
        In UTF-8; or, as some lists of songs are, in Latin-1.
    separator : str, default=","
        What stands between the cells.

    Yields
    ------
    list of str

    Raises
    ------
    DatasetError
        If there is no such file, or it cannot be read.
    """
    try:
        text = followed(file).read_bytes()
        encoding = "utf-8-sig" if is_utf8(text) else "latin-1"
        lines = text.decode(encoding).splitlines(keepends=True)
        for row in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            if any(row):
                yield [cell.strip() for cell in row]
    except FileNotFoundError as error:
        raise DatasetError(f"{file}: there is no such file; unpack it there") from error
    except (OSError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatasetError(f"{file}: cannot be read ({reason}); unpack it again") from error


def followed(file: Path) -> Path:
    """Follow a link that was checked out as text: a file that holds the name of another, and nothing else.

    Parameters
    ----------
    file : Path
        A list.

    Returns
    -------
    Path
        The other file, or `file` itself if it is no such link.

    Raises
    ------
    DatasetError
        If the other file is not there.
    OSError
        If `file` cannot be read.
    """
    if file.stat().st_size > LONGEST_NAME:
        return file
    name = file.read_bytes().decode("latin-1").strip()
    if not name.endswith(file.suffix) or not name.isprintable() or "," in name:
        return file
    if not (file.parent / name).is_file():
        raise DatasetError(f"{file}: it is a link to {name}, which is not there; clone the whole repository")
    return file.parent / name


def is_utf8(text: bytes) -> bool:
    """Return whether bytes are text in UTF-8."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_columns(
    file: Path, columns: Sequence[str], *, separator: str = ",", ragged: bool = False
) -> pd.DataFrame:
    """Read some columns of a CSV file with a header.

    Parameters
    ----------
    file : Path
        As for `cells`.
    columns : sequence of str
        Their names, in any case; they are given back as asked for.
    separator : str, default=","
        What stands between the cells.
    ragged : bool, default=False
        Whether rows may go on beyond the header; the rest is kept, as a list, in the column ``rest``.

    Returns
    -------
    DataFrame
        Text throughout, empty where a cell is.

    Raises
    ------
    DatasetError
        If the file cannot be read, lacks a column, or has a row that does not fit its header.
    """
    rows = cells(file, separator)
    header = [name.lower() for name in next(rows, [])]
    absent = [name for name in columns if name.lower() not in header]
    if absent:
        raise DatasetError(
            f"{file}: no column {' or '.join(map(repr, absent))}; columns found: "
            f"{', '.join(header[:12]) or 'none'}; it is damaged, or not the file of this collection"
        )
    places = [header.index(name.lower()) for name in columns]
    kept = []
    for number, row in enumerate(rows, start=1):
        if len(row) < len(header) or (len(row) > len(header) and not ragged):
            raise DatasetError(
                f"{file}: row {number} has {len(row)} cells and its header {len(header)}; unpack it again"
            )
        kept.append([*(row[place] for place in places), row[len(header) :]])
    if not kept:
        raise DatasetError(f"{file}: it lists nothing; unpack it again")
    frame = pd.DataFrame(kept, columns=[*columns, "rest"], dtype=object)
    return frame if ragged else frame.drop(columns="rest")


def tags(text: list[str] | set[str]) -> str:
    """Write the tags of a clip as `ClipTable` has them."""
    return SEPARATOR.join(sorted(text)) or SEPARATOR


def table_of_present(
    catalogue: pd.DataFrame, name: str, path: Path, notes: Sequence[str] = (), vocabulary: Sequence[str] = ()
) -> ClipTable:
    """Keep the recordings of a catalogue whose file is there.

    Parameters
    ----------
    catalogue : DataFrame
        One row for each recording there should be, under the column names of a `ClipTable`.
    name : str
        The layout.
    path : Path
        What the user gave.
    notes : sequence of str, default=()
        What else there is to say.
    vocabulary : sequence of str, default=()
        The tags there can be, by default those that occur in the catalogue.

    Returns
    -------
    ClipTable
        With a note that says how many are missing, if any are.

    Raises
    ------
    DatasetError
        If none is there.
    """
    whole = ClipTable(catalogue, name, tuple(notes), tuple(vocabulary))
    there = [Path(file).is_file() for file in whole.paths]
    missing = whole.paths[[not found for found in there]]
    if len(missing) == len(whole):
        raise DatasetError(
            f"{path}: none of the {len(whole)} recordings that {name} lists is there; "
            f"expected files such as {missing[0]}"
        )
    if not len(missing):
        return whole
    note = f"missing: {len(missing)} of {len(whole)} recordings, such as {missing[0]}"
    return replace(whole.select(there), notes=(*whole.notes, note))
