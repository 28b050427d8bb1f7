"""What the rows of a dataset are: clips, each with the vector of a feature set.

Other rooms have other rows (`gtzanfeat.segments`: windows) of the same methods.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from gtzanfeat.export.tables import identity_columns
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.parallel import ClipAnalyser
from gtzanfeat.feature_sets import FeatureSet

PROBE_RATE = 22050
_WINDOW = ("offset", "duration", "start", "end")


@dataclass(frozen=True)
class ClipRows:
    """Rows of a dataset that are clips.

    Parameters
    ----------
    feature_set : FeatureSet
        What is computed of each.
    """

    feature_set: FeatureSet

    level: ClassVar[str] = "clips"

    @property
    def options(self) -> dict[str, Any]:
        """What decides the rows beside the feature set, in plain values."""
        return {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns after those of the table of clips."""
        return ("seconds", "flags", *self.feature_set.columns)

    def analyser(self, memory: Any = None) -> ClipAnalyser:
        """Return what analyses a recording.

        Parameters
        ----------
        memory : path or joblib.Memory, optional
            Where results are kept.
        """
        chosen = self.feature_set
        cache = Cache.open(memory, chosen.spec_hash)
        return ClipAnalyser(chosen.requests, chosen.rate, chosen.vector, cache)

    def n_rows(self, result: tuple[np.ndarray, ...]) -> int:
        """Return how many rows a recording has.

        Parameters
        ----------
        result : tuple of ndarray
            What the analyser gave.
        """
        return 1

    def table(self, identity: pa.Table, results: Sequence[tuple[np.ndarray, ...]]) -> pa.Table:
        """Return the rows of some recordings.

        Parameters
        ----------
        identity : Table
            Their rows in the table of clips.
        results : sequence of tuple of ndarray
            What the analyser gave of each.

        Returns
        -------
        Table
            Columns of `identity` whose names are not taken, then `columns`.
        """
        columns = self.feature_set.columns
        values = np.array([result[0] for result in results], dtype=np.float32).reshape(-1, len(columns))
        seconds = [float(result[1]) for result in results]
        return with_measured(identity, self.columns, seconds, [str(result[2]) for result in results], values)


def window_rows(identity: pa.Table, counts: Sequence[int], times: np.ndarray) -> pa.Table:
    """Return a row per window of clips.

    Parameters
    ----------
    identity : Table
        One row per clip.
    counts : sequence of int
        How many windows each has.
    times : ndarray of shape (n_windows, 2)
        Start and end of each window in seconds of its clip.

    Returns
    -------
    Table
        With ``offset``, ``duration``, ``start`` and ``end`` in seconds of the recording.
    """
    windows = identity.take(pa.array(np.repeat(np.arange(len(counts)), counts), pa.int64()))
    if "offset" in identity.column_names:
        offsets = windows.column("offset").to_pandas().fillna(0.0).to_numpy(dtype=np.float64)
        times = times + offsets[:, None]
    start, end = times.T
    words = json.loads(identity.schema.metadata[b"pandas"])
    for name, values in (("offset", start), ("duration", end - start), ("start", start), ("end", end)):
        column = pa.array(values, pa.float64())
        if name in windows.column_names:
            windows = windows.set_column(windows.column_names.index(name), name, column)
        else:
            windows = windows.append_column(name, column)
    plain = pa.Table.from_pandas(pd.DataFrame({name: np.zeros(0) for name in _WINDOW}), preserve_index=False)
    others = [column for column in words["columns"] if column["name"] not in _WINDOW]
    columns = [*others, *json.loads(plain.schema.metadata[b"pandas"])["columns"]]
    return windows.replace_schema_metadata({b"pandas": json.dumps(words | {"columns": columns}).encode()})


def with_measured(
    identity: pa.Table,
    columns: Sequence[str],
    seconds: Sequence[float] | np.ndarray,
    flags: Sequence[str],
    values: np.ndarray,
) -> pa.Table:
    """Return a table of clips with what was measured of them.

    Parameters
    ----------
    identity : Table
        One row per clip.
    columns : sequence of str
        ``seconds``, ``flags``, and the columns of `values`.
    seconds, flags : sequence
        Length in seconds and flags of each.
    values : ndarray of shape (n_clips, n_columns), float32
        Its features.

    Returns
    -------
    Table
        With what pandas says of the types.
    """
    measured = pd.DataFrame({"seconds": np.asarray(seconds, dtype=np.float64), "flags": list(flags)})
    measured["flags"] = measured["flags"].astype("string")
    features = pd.DataFrame(values, columns=list(columns[2:]), dtype="float32")
    right = pa.Table.from_pandas(pd.concat([measured, features], axis=1), preserve_index=False)
    left = identity.select(identity_columns(identity.column_names, columns))
    whole = pa.table([*left.columns, *right.columns], names=[*left.column_names, *right.column_names])
    return whole.replace_schema_metadata(_pandas_words(whole.schema.names, left.schema, right.schema))


def _pandas_words(names: Sequence[str], *schemas: pa.Schema) -> dict[bytes, bytes]:
    """Return what pandas says of the columns of several tables that stand side by side."""
    stated = [json.loads(schema.metadata[b"pandas"]) for schema in schemas]
    columns = {column["name"]: column for words in stated for column in words["columns"]}
    together = stated[0] | {"columns": [columns[name] for name in names if name in columns]}
    return {b"pandas": json.dumps(together).encode()}


def probe_values(rows: ClipRows) -> list[float]:
    """Return what the feature set makes of a known sound, by which a change of its numbers is noticed.

    Parameters
    ----------
    rows : ClipRows
        Rows of any kind.

    Returns
    -------
    list of float
        One per column of the feature set.
    """
    values = rows.analyser().analyse((probe_sound(), PROBE_RATE), 0)[0]
    return [float(value) for value in np.atleast_2d(values)[0]]


def probe_sound() -> np.ndarray:
    """Return a second and a half of rising tones, clicks and noise at `PROBE_RATE`.

    Returns
    -------
    ndarray of shape (n_samples,), int16
        The same on every machine: rounded, and without a random generator, which another version of numpy
        might draw otherwise.
    """
    n = np.arange(3 * PROBE_RATE // 2)
    time = n / PROBE_RATE
    tones = 0.4 * np.sin(2 * np.pi * (110 + 400 * time) * time) + 0.1 * np.sin(2 * np.pi * 3000 * time)
    clicks = 0.4 * (n % (PROBE_RATE // 4) < 40)
    noise = 0.1 * ((n * (n + 7919) * 31) % 1009 / 504.5 - 1)
    return np.rint(32000 * (tones + clicks + noise)).astype(np.int16)
