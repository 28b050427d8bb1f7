"""Frames of many recordings on disk, one row each: in one Parquet file, or as the rows of a dataset.

A file is written while the recordings are analysed, so that none but a few of them are in memory. The data
frame of frames that are in memory anyway is made in `frame_rows`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset import ClipRows
from gtzanfeat.export.dataset.declaration import features_schema, identity_table
from gtzanfeat.export.formats import PREFIX, put_in_place
from gtzanfeat.export.tables import check_destination, table_metadata
from gtzanfeat.extraction import Failure
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.frame_matrices import FrameSpec, frame_spec
from gtzanfeat.extraction.parallel import ClipAnalyser, analyse_clips
from gtzanfeat.progress import report_progress

GROUP_BYTES = 16 << 20  # of frames, after which they are written
OUT_OF_ORDER = 64  # recordings that are put in order at a time, where a cache gives them in any


@dataclass(frozen=True)
class FrameRows(ClipRows):
    """Rows of a dataset that are frames: ``recording``, ``time`` and the columns of frame features.

    Parameters
    ----------
    feature_set : FrameSpec
        The frame features, from `frame_spec`.

    Examples
    --------
    >>> FrameRows(frame_spec(("zcr", "rms"))).columns
    ('time', 'zcr', 'rms')
    """

    feature_set: FrameSpec  # type: ignore[assignment]  # it has of a feature set what rows need

    level: ClassVar[str] = "frames"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns after those that say which recording it is."""
        return ("time", *self.feature_set.columns)

    def analyser(self, memory: Any = None) -> ClipAnalyser:
        """Return what analyses a recording.

        Parameters
        ----------
        memory : path or joblib.Memory, optional
            Where results are kept.

        Returns
        -------
        ClipAnalyser
            Its array is (n_frames, n_columns).
        """
        spec = self.feature_set
        return ClipAnalyser(spec.requests, spec.rate, spec.matrix, Cache.open(memory, spec.spec_hash))

    def n_rows(self, result: tuple[np.ndarray, ...]) -> int:
        """Return how many frames a recording has.

        Parameters
        ----------
        result : tuple of ndarray
            What the analyser gave.

        Returns
        -------
        int
            0 or more.
        """
        return len(result[0])

    def table(self, identity: pa.Table, results: Sequence[tuple[np.ndarray, ...]]) -> pa.Table:
        """Return the frames of some recordings.

        Parameters
        ----------
        identity : Table
            Rows of the recordings in the table of clips.
        results : sequence of tuple of ndarray
            What the analyser gave of each.

        Returns
        -------
        Table
            ``recording``, ``offset`` if the clips are windows, ``time`` in seconds after the start of the
            clip, and one float32 column per frame feature.
        """
        spec = self.feature_set
        no_frames = np.zeros((0, len(spec.columns)), dtype=np.float32)
        values = np.concatenate([no_frames, *(result[0] for result in results)])
        counts = [len(result[0]) for result in results]
        times = np.concatenate([np.zeros(0), *map(spec.times, counts)])
        names = [name for name in ("recording", "offset") if name in identity.column_names]
        clips = identity.select(names).take(np.repeat(np.arange(len(counts)), counts))
        features = [pa.array(np.ascontiguousarray(column)) for column in values.T]
        return pa.table([*clips.columns, pa.array(times), *features], [*names, "time", *spec.columns])


def write_frames(
    clips: ClipTable,
    path: str | os.PathLike[str],
    features: Any = "mfcc",
    *,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
    overwrite: bool = False,
) -> tuple[int, tuple[Failure, ...]]:
    """Compute frame features of many recordings and write them as they come, one row per frame.

    Parameters
    ----------
    clips : ClipTable
        The recordings, or windows of them.
    path : str or path
        A file, ``NAME.parquet``: ``recording`` (and ``offset``, where the clips are windows), ``time`` (the
        middle of the frame, in seconds after the start of the clip), and one float32 column per feature, with
        unit and meaning of each. Recordings are in the order of `clips`.
    features : str, FeatureItem, FeatureSet, FrameRows, or sequence of str and FeatureItem, default="mfcc"
        As of `FrameFeatures`.
    n_jobs, on_error, memory, progress : optional
        As in `gtzanfeat.extract`.
    overwrite : bool, default=False
        Whether an existing file is replaced.

    Returns
    -------
    n_frames : int
        How many rows were written.
    failures : tuple of Failure
        Recordings that could not be analysed; they are in the metadata too.

    Raises
    ------
    ExportError
        If the file cannot be written, or is to be no Parquet file. No half-written file is left.
    ClipError, UnknownNameError, ValueError
        As `FrameFeatures`.

    See Also
    --------
    gtzanfeat.frame_table : A data frame of frames that are in memory.

    Examples
    --------
    >>> from gtzanfeat import load_dataset
    >>> write_frames(load_dataset("genres"), "frames.parquet", ("mfcc", "rms"))  # doctest: +SKIP
    (129200, ())
    """
    refuse_other_than_table(clips)
    rows = features if isinstance(features, FrameRows) else FrameRows(frame_spec(features))
    where = check_destination(path, overwrite=overwrite)
    if where.suffix.lower() != ".parquet":
        raise ExportError(f"{where}: frames are written as Parquet; give a name that ends in .parquet")
    failures: list[Failure] = []
    try:
        with put_in_place(where) as part:
            found = _outcomes(rows, clips, failures, n_jobs, on_error, memory, progress)
            n_frames = _write(part, rows, clips, found, failures)
    except OSError as error:
        raise ExportError(f"{where}: cannot be written ({error.strerror or error})") from error
    return n_frames, tuple(failures)


def _outcomes(
    rows: FrameRows,
    clips: ClipTable,
    failures: list[Failure],
    n_jobs: int | None,
    on_error: str,
    memory: Any,
    progress: Callable[[int], None] | None,
) -> Iterator[tuple[int, tuple[np.ndarray, ...]]]:
    """Yield the frames of each recording in order, and collect those that fail."""
    analyser = rows.analyser(memory)
    numbered = list(enumerate(clips.clips))
    step = len(numbered) if analyser.cache is None else OUT_OF_ORDER
    with report_progress("analysing", len(numbered)) as advance:
        for start in range(0, len(numbered), max(1, step)):
            some = numbered[start : start + step]
            found: Any = analyse_clips(analyser, some, n_jobs=n_jobs, on_error=on_error)
            if analyser.cache is not None:
                found = sorted(found, key=lambda pair: pair[0])
            for index, result in found:
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    yield index, result
                advance(1)
                if progress is not None:
                    progress(1)


def _write(
    part: Path,
    rows: FrameRows,
    clips: ClipTable,
    found: Iterator[tuple[int, tuple[np.ndarray, ...]]],
    failures: Sequence[Failure],
) -> int:
    """Write row groups as they are full, and the failures in the end; return how many frames there are."""
    identity = identity_table(clips)
    names = rows.table(identity.slice(0, 0), []).schema.names
    spec: Any = rows.feature_set  # it has of a feature set what metadata need
    words = table_metadata(spec, clips.name, names, clips.copies)
    schema = features_schema(rows, clips, words)
    known = {key: text for key, text in schema.metadata.items() if key != f"{PREFIX}failures".encode()}
    schema = schema.with_metadata(known)
    n_frames = n_bytes = 0
    held: list[tuple[int, tuple[np.ndarray, ...]]] = []

    def flush(writer: pq.ParquetWriter) -> None:
        table = rows.table(identity.take([i for i, _ in held]), [result for _, result in held])
        writer.write_table(table.cast(schema))
        held.clear()

    with pq.ParquetWriter(part, schema) as writer:
        for index, result in found:
            held.append((index, result))
            n_frames += len(result[0])
            n_bytes += result[0].nbytes
            if n_bytes >= GROUP_BYTES:
                flush(writer)
                n_bytes = 0
        if held:
            flush(writer)
        lost = [{"row": f.index, "path": clips.paths[f.index], "reason": f.reason} for f in failures]
        writer.add_key_value_metadata({f"{PREFIX}failures": json.dumps(lost, ensure_ascii=False)})
    return n_frames
