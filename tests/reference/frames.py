"""Frames and texture windows."""

import numpy as np


def frames(samples, length=512, hop=512, pad_end=False):
    """Return (n_frames, length): row i is [i·hop, i·hop + length), a short clip padded with zeros to one.

    With ``pad_end`` there is one more where samples are left, padded with zeros.
    """
    samples = np.asarray(samples, dtype=np.float64)
    if len(samples) < length:
        samples = np.concatenate([samples, np.zeros(length - len(samples))])
    if pad_end and (len(samples) - length) % hop:
        samples = np.concatenate([samples, np.zeros(hop - (len(samples) - length) % hop)])
    count = 1 + (len(samples) - length) // hop
    return np.stack([samples[i * hop : i * hop + length] for i in range(count)])


def texture_windows(track, length=43, start="valid"):
    """Return one (length or fewer, ...) slice of a frame track per texture window.

    ``valid`` keeps the windows that are whole (or the one there is, where the track is shorter than a
    window), ``grow`` begins with windows of 1, 2, .. frames, ``prefill`` with copies of the first frame.
    """
    track = np.asarray(track, dtype=np.float64)
    if start == "grow":
        return [track[max(0, t + 1 - length) : t + 1] for t in range(len(track))]
    if start == "prefill":
        track = np.concatenate([np.repeat(track[:1], length - 1, axis=0), track])
    elif start != "valid":
        raise ValueError(f"start is {start!r}, not valid, grow or prefill")
    return [track[t : t + length] for t in range(max(1, len(track) - length + 1))]


def texture(track, length=43, start="valid"):
    """Return (means, variances) of every texture window, the variance over n, not n - 1."""
    windows = texture_windows(track, length, start)
    return np.stack([w.mean(axis=0) for w in windows]), np.stack([w.var(axis=0) for w in windows])
