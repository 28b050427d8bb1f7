"""What a dataset is: its feature set, its list of inputs and what computes it, in `dataset.json`.

It is written once, at the beginning, and a run that goes on must agree with it.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset.clip_rows import ClipRows, probe_values
from gtzanfeat.export.dataset.parts import FEATURES, LEDGER, put_durably
from gtzanfeat.export.dataset_folder import DECLARATION
from gtzanfeat.export.formats import PLAIN, STRUCTURED, parquet_schema
from gtzanfeat.export.tables import table_metadata
from gtzanfeat.extraction.cache import code_hash

FORMAT_VERSION = 1
INPUTS = "inputs.parquet"
OURS = {DECLARATION, INPUTS, FEATURES, LEDGER}  # what a dataset consists of, beside hidden files
AFRESH = "choose another folder, or begin afresh with overwrite (--overwrite)"


@dataclass(frozen=True)
class Declaration:
    """What `dataset.json` says.

    Parameters
    ----------
    words : dict
        ``level``, ``options`` and the metadata of `gtzanfeat.read_metadata`: what the rows are;
        ``n_inputs`` and ``list_hash``: of which list; ``n_shards``: over how many machines it is divided;
        ``code_hash`` and ``probe``: what computes it, and its numbers of a known sound.
    """

    words: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Declaration:
        """Read that of a dataset.

        Parameters
        ----------
        folder : Path
            The dataset.

        Raises
        ------
        ExportError
            If the folder is no dataset, or one of another version of the format.
        """
        try:
            words = json.loads((folder / DECLARATION).read_text(encoding="utf-8"))
            version = words["format_version"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ExportError(
                f"{folder}: it is not a dataset ({DECLARATION} is missing or damaged); check the path"
            ) from error
        if version != FORMAT_VERSION:
            raise ExportError(
                f"{folder}: it is a dataset of format {version}, and this version of gtzanfeat reads "
                f"{FORMAT_VERSION}; use the version that wrote it "
                f"({words.get('versions', {}).get('gtzanfeat')})"
            )
        return cls(words)

    @property
    def n_inputs(self) -> int:
        """Length of the list of inputs."""
        return int(self.words["n_inputs"])

    @property
    def n_shards(self) -> int:
        """Over how many machines it is divided."""
        return int(self.words["n_shards"])

    @property
    def metadata(self) -> dict[str, Any]:
        """Of its tables, as of `gtzanfeat.read_metadata`, without failures."""
        return {key: self.words[key] for key in (*PLAIN, *STRUCTURED, "columns")}

    def write(self, folder: Path) -> None:
        """Write it into a dataset."""
        text = json.dumps(self.words, indent=1, ensure_ascii=False) + "\n"
        put_durably(folder, Path(DECLARATION), text.encode())


def declared(rows: ClipRows, clips: ClipTable, n_shards: int) -> Declaration:
    """Return the declaration of a new dataset; a known sound is analysed for it.

    Parameters
    ----------
    rows : ClipRows
        What its rows are.
    clips : ClipTable
        Its inputs.
    n_shards : int
        Over how many machines it is divided.
    """
    names = empty_table(rows, clips).schema.names
    metadata = table_metadata(rows.feature_set, clips.name, names, clips.copies)
    words = {
        "format": "gtzanfeat dataset",
        "format_version": FORMAT_VERSION,
        "level": rows.level,
        "options": rows.options,
        "n_inputs": len(clips),
        "list_hash": list_hash(clips.frame),
        "n_shards": n_shards,
        "code_hash": code_hash(),
        **metadata,
        "probe": probe_values(rows),
    }
    return Declaration(words)


def identity_table(clips: ClipTable) -> pa.Table:
    """Return a table of clips as an Arrow table, with what pandas says of the types.

    Parameters
    ----------
    clips : ClipTable
        The inputs.

    Raises
    ------
    ExportError
        If a column of the user's own has mixed types.
    """
    try:
        return pa.Table.from_pandas(clips.frame, preserve_index=False)
    except pa.ArrowException as error:
        raise ExportError(f"{clips.name}: it cannot be written ({' '.join(map(str, error.args))})") from error


def empty_table(rows: ClipRows, clips: ClipTable) -> pa.Table:
    """Return a table of features without a row, whose types are those of all parts."""
    return rows.table(identity_table(clips).slice(0, 0), [])


def features_schema(rows: ClipRows, clips: ClipTable, words: dict[str, Any]) -> pa.Schema:
    """Return the schema of all parts, with the metadata of a feature table.

    Parameters
    ----------
    rows : ClipRows
        What the rows are.
    clips : ClipTable
        The inputs.
    words : dict
        Of the declaration.
    """
    return parquet_schema(empty_table(rows, clips).schema, words)


def list_hash(frame: pd.DataFrame) -> str:
    """Return 16 hexadecimal digits that change with any value of a list of inputs.

    Parameters
    ----------
    frame : DataFrame
        Of a `ClipTable`.

    Examples
    --------
    >>> list_hash(pd.DataFrame({"path": ["a.wav"]}))
    '5fd0a96bb0996703'
    """
    digest = hashlib.sha256()
    for start in range(0, max(1, len(frame)), 10_000):
        text = frame.iloc[start : start + 10_000].to_csv(index=False, lineterminator="\n")
        digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def write_inputs(folder: Path, clips: ClipTable) -> None:
    """Write the list of inputs, with their places.

    Parameters
    ----------
    folder : Path
        The dataset.
    clips : ClipTable
        The inputs.
    """
    table = identity_table(clips)
    names = [name for name in table.column_names if name.lower() != "index"]
    numbered = pa.table(
        [pa.array(range(len(clips)), pa.int64()), *table.select(names).columns], ["index", *names]
    )
    stream = io.BytesIO()
    pq.write_table(numbered.replace_schema_metadata(table.schema.metadata), stream)
    put_durably(folder, Path(INPUTS), stream.getvalue())


def read_inputs(folder: Path) -> pd.DataFrame:
    """Return the list of inputs, without their places.

    Parameters
    ----------
    folder : Path
        The dataset.

    Raises
    ------
    ExportError
        If it cannot be read.
    """
    try:
        return pd.read_parquet(folder / INPUTS).drop(columns="index")
    except (OSError, LookupError, ValueError) as error:
        raise ExportError(f"{folder}: its {INPUTS} cannot be read ({error}); {AFRESH}") from error


def inputs_of(folder: Path, declaration: Declaration) -> ClipTable:
    """Return the recordings of a dataset as a table of clips.

    Parameters
    ----------
    folder : Path
        The dataset.
    declaration : Declaration
        That of the dataset.

    Raises
    ------
    ExportError
        If they are not those that it speaks of.
    """
    words = declaration.words
    clips = ClipTable(read_inputs(folder), words["dataset"], copies=tuple(words["copies"]))
    if list_hash(clips.frame) != words["list_hash"]:
        raise ExportError(f"{folder}: its {INPUTS} is not the list that {DECLARATION} speaks of; {AFRESH}")
    return clips


# --- a run that goes on -----------------------------------------------------------------------------


def check_agreement(old: Declaration, rows: ClipRows, n_shards: int, folder: Path) -> None:
    """Raise ExportError if a dataset is of other rows, or its numbers would be others today.

    Parameters
    ----------
    old : Declaration
        That of the dataset.
    rows : ClipRows
        What is to be computed.
    n_shards : int
        Over how many machines; 1 also goes on with one that was divided.
    folder : Path
        The dataset, for the words of errors.
    """
    chosen = rows.feature_set
    before = f"{old.words['feature_set']} (spec {old.words['spec_hash']})"
    if (old.words["spec_hash"], old.words["level"]) != (chosen.spec_hash, rows.level):
        raise ExportError(
            f"{folder}: it holds {old.words['level']} of {before}, not {rows.level} of {chosen.name} "
            f"(spec {chosen.spec_hash}); {AFRESH}"
        )
    if old.words["options"] != rows.options:
        raise ExportError(
            f"{folder}: its {old.words['level']} were made with {old.words['options']}, not "
            f"{rows.options}; {AFRESH}"
        )
    if n_shards not in (1, old.n_shards):
        raise ExportError(
            f"{folder}: it was begun as {old.n_shards} shard{'s' * (old.n_shards > 1)}, not {n_shards}; give "
            "the same number, or no --shard to go on with all of it in one run"
        )
    if old.words["code_hash"] != code_hash():
        now = probe_values(rows)
        moved = [name for name, a, b in zip(chosen.columns, old.words["probe"], now, strict=True) if a != b]
        if moved:
            raise ExportError(
                f"{folder}: with what is installed now, {len(moved)} of {len(now)} columns have other "
                f"numbers ({', '.join(moved[:3])}); go on with the versions that it was begun with "
                f"({_named(old.words['versions'])}), or {AFRESH}"
            )


def _named(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def known_inputs(folder: Path, old: Declaration, clips: ClipTable) -> tuple[ClipTable, str]:
    """Return the inputs with which a dataset was begun, and a note on those that are gone.

    Parameters
    ----------
    folder : Path
        The dataset.
    old : Declaration
        That of the dataset.
    clips : ClipTable
        The inputs as they are found now.

    Returns
    -------
    inputs : ClipTable
        All with which it was begun.
    note : str
        A sentence if some are gone, or nothing.

    Raises
    ------
    ExportError
        If there are others now, or what is said of them has changed.
    """
    if list_hash(clips.frame) == old.words["list_hash"]:
        return clips, ""
    begun = inputs_of(folder, old)
    names = [name for name in ("path", "offset") if name in begun.frame and name in clips.frame]
    before, now = (pd.MultiIndex.from_frame(table.frame[names].astype("string")) for table in (begun, clips))
    new = ~now.isin(before)
    if new.any():
        raise ExportError(
            f"{folder}: it is of the {len(begun)} recordings with which it was begun, and {int(new.sum())} "
            f"of {len(clips)} are not among them ({clips.paths[new][0]}); extract those into a folder of "
            f"their own, or {AFRESH}"
        )
    stayed = begun.select(before.isin(now))
    if list_hash(stayed.frame) != list_hash(clips.frame):
        raise ExportError(
            f"{folder}: it is of the same files, but their order, labels or other columns have changed; "
            f"{AFRESH}"
        )
    gone = len(begun) - len(clips)
    return begun, f"{gone} of the {len(begun)} recordings with which it was begun are not found any more"


def clear(folder: Path) -> None:
    """Remove a dataset, and nothing else that the folder holds.

    Parameters
    ----------
    folder : Path
        The dataset.
    """
    (folder / DECLARATION).unlink(missing_ok=True)  # first: what is left is no dataset any more
    (folder / INPUTS).unlink(missing_ok=True)
    for kind in (LEDGER, FEATURES):
        shutil.rmtree(folder / kind, ignore_errors=True)
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """Raise ExportError if a folder holds anything but a dataset.

    Parameters
    ----------
    folder : Path
        Where a dataset is to be written.
    """
    if folder.is_dir():
        strange = sorted(
            path.name for path in folder.iterdir() if path.name not in OURS and path.name[0] != "."
        )
        if strange:
            raise ExportError(
                f"{folder}: it holds other things ({strange[0]}); give a folder for the dataset alone"
            )
    elif folder.exists():
        raise ExportError(f"{folder}: it is a file; give the name of a folder")
