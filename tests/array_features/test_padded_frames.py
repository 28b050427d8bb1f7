"""Frames of padded batches: those of `Framing`, clip by clip, whatever is behind a clip's end."""

import numpy as np
import pytest

from gtzanfeat.array_backend import array_backend
from gtzanfeat.array_features import ARRAY_STREAMS, PaddedFrames, padded
from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients.envelopes import preemphasis

LENGTHS = (1, 5, 8, 9, 23, 40)


def frames_of(samples, framing):
    """The frames of one clip from the definition of `Framing`."""
    first, last = (samples[0], samples[-1]) if framing.edges == "copy" else (0.0, 0.0)
    margin = framing.margin
    whole = np.concatenate([np.full(margin, first), samples, np.full(margin, last), np.zeros(framing.length)])
    frames = []
    for i in range(framing.n_frames(len(samples))):
        start = i * framing.hop
        frame = whole[start : start + framing.length].astype(np.float32)
        if framing.remove_mean:
            own = min(len(samples) - start, framing.length)
            frame[:own] -= np.float32(frame[:own].mean(dtype=np.float64))
        frames.append(frame)
    return np.array(frames)


@pytest.mark.parametrize("edges", ["none", "pad_end", "zero", "copy"])
@pytest.mark.parametrize(("length", "hop"), [(8, 8), (8, 3), (7, 2)])
@pytest.mark.parametrize("remove_mean", [False, True])
def test_every_frame_is_that_of_its_own_clip(rng, edges, length, hop, remove_mean):
    if remove_mean and edges in ("zero", "copy"):
        pytest.skip("a framing cannot have both")
    framing = Framing(length, hop, edges=edges, remove_mean=remove_mean)
    clips = [rng.standard_normal(n).astype(np.float32) for n in LENGTHS]
    backend = array_backend("numpy")
    frames = PaddedFrames(backend, framing, padded(clips), np.array(LENGTHS))
    last = int(frames.n_frames.max())
    whole = frames.block(0, last)
    assert (whole == np.concatenate([frames.block(i, i + 1) for i in range(last)], axis=1)).all()
    for clip, own, n in zip(clips, whole, frames.n_frames, strict=True):
        expected = frames_of(clip, framing)
        assert expected.shape == (n, length)
        np.testing.assert_allclose(own[:n], expected, rtol=0, atol=1e-7)


def test_preemphasis_is_that_of_the_stream_and_ends_with_the_clip(rng):
    clips = [rng.standard_normal(n).astype(np.float32) for n in LENGTHS]
    rows = ARRAY_STREAMS["preemphasis"](array_backend("numpy").xp, padded(clips), np.array(LENGTHS)[:, None])
    for clip, row in zip(clips, rows, strict=True):
        assert (row[: len(clip)] == preemphasis(22050)(clip)).all()
        assert not row[len(clip) :].any()
