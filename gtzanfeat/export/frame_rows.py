"""Frame matrices as one table: a row per frame, with its clip and its time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction import Frames


def frame_table(frames: Frames) -> pd.DataFrame:
    """Return the frames of all clips as one data frame.

    Parameters
    ----------
    frames : Frames
        What `FrameFeatures.transform` returns, or `Deltas` after it.

    Returns
    -------
    DataFrame
        One row per frame, indexed by ``clip`` (its path, with offset and duration if it is a window; or
        "clip 3") and ``time`` (the middle of the frame, in seconds after the start of the clip); one column
        per feature, float32. All frames are in memory.

    Raises
    ------
    GtzanfeatError
        If the frames do not know their times: those of other steps, or with quiet frames left out.

    Examples
    --------
    >>> from gtzanfeat import FrameFeatures
    >>> frames = FrameFeatures(("zcr", "rms")).fit_transform([np.ones(22050)])
    >>> frame_table(frames).reset_index().iloc[:2].round(4)
         clip    time  zcr  rms
    0  clip 0  0.0116  0.0  1.0
    1  clip 0  0.0348  0.0  1.0
    """
    if not isinstance(frames, Frames) or frames.times is None:
        raise GtzanfeatError(
            "these frames do not know their times; give what FrameFeatures returns, with silence=None"
        )
    names = frames.names or [f"clip {i}" for i in range(len(frames))]
    matrices = list(frames)
    lengths = [len(matrix) for matrix in matrices]
    times = np.concatenate([frames.times(n) for n in lengths]) if matrices else np.zeros(0)
    index = pd.MultiIndex.from_arrays([np.repeat(names, lengths), times], names=["clip", "time"])
    columns = list(frames.columns or ())
    return pd.DataFrame(np.concatenate(matrices), index=index, columns=columns)
