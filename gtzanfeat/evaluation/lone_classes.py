"""Lone classes: those with too few recordings or artists to be both trained and tested under a protocol.

A protocol refuses them (see `folds`); here they are left out of a table, which says so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.evaluation.folds import one_row_per_recording
from gtzanfeat.evaluation.protocols import PROTOCOLS, Protocol
from gtzanfeat.evaluation.tasks import find_target


def drop_lone_classes(clips: ClipTable, protocol: str = "random", *, target: str = "label") -> ClipTable:
    """Return a table without the classes that a protocol cannot both train and test.

    Parameters
    ----------
    clips : ClipTable
        The table.
    protocol : str, default="random"
        A key of `PROTOCOLS`. Where it draws its folds, a class needs two artists or recordings; where the
        parts are fixed, clips in the training and in the test part of every fold.
    target : str, default="label"
        The column that is to be predicted, as of `evaluate`; only classes can be alone.

    Returns
    -------
    ClipTable
        The clips of the other classes; how many are left out, and why, is in ``left_out``, and in the result
        of `evaluate`.

    Raises
    ------
    UnknownNameError
        If there is no such protocol.
    ProtocolError
        If the table lacks what the protocol needs, or `target` is not of classes.

    See Also
    --------
    ClipTable.select_classes : Choose classes by name.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"path": list("abcdef"), "recording": list("abcdef")})
    >>> frame["label"] = ["blues", "blues", "jazz", "jazz", "pop", "pop"]
    >>> frame["artist"] = ["Hooker", "Hooker", "Baker", "Davis", "Abba", "Cher"]
    >>> kept = drop_lone_classes(ClipTable(frame, "example"), "artist")
    >>> kept.classes, kept.left_out
    (('jazz', 'pop'), {'of classes with fewer than two artists (blues)': 2})
    """
    if protocol not in PROTOCOLS:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    row, goal = PROTOCOLS[protocol], find_target(clips, target)
    if goal.task.name != "single-label":
        raise ProtocolError(f"only classes can be alone, but {target} is not of classes; drop none of them")
    recordings, _ = one_row_per_recording(clips, row, goal)
    reasons = row.left_out(recordings)
    used = recordings[(reasons == "") & recordings["stratum"].notna()]
    lone = _lone(used, goal.names, row)
    if not lone:
        return clips
    few = f"with fewer than two {row.unit}" if row.unit else "that are not in every part"
    others = [name for name in goal.names if name not in lone]
    return clips.select_classes(others, reason=f"of classes {few} ({', '.join(lone)})")


def _lone(used: pd.DataFrame, names: tuple[str, ...], row: Protocol) -> list[str]:
    """Return the classes that some fold does not train, or that are not tested."""
    if row.unit is not None:
        column = "artist" if row.unit == "artists" else "recording"
        members = used.groupby("stratum")[column].nunique()
        return [name for name in names if members.get(name, 0) < 2]
    tested_in = row.assign(used, 0, np.random.RandomState(0))  # fixed parts draw nothing
    parts = [
        set(used["stratum"][part])
        for fold in np.unique(tested_in[tested_in > 0])
        for part in (tested_in == fold, tested_in != fold)
    ]
    return [name for name in names if not all(name in part for part in parts)]
