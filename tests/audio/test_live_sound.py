"""Sound that arrives is the sound that a file of it gives, whatever the blocks."""

import numpy as np
import pytest
import soundfile

from gtzanfeat.audio import load_audio
from gtzanfeat.audio.live_sound import LiveSound
from gtzanfeat.errors import ClipError

NOISE = np.random.default_rng(0).uniform(-0.9, 0.9, (20_000, 2))


def heard(blocks, own_rate, rate=22050):
    return np.concatenate(list(LiveSound(blocks, own_rate, rate)))


def cut(samples, size):
    return [samples[start : start + size] for start in range(0, len(samples), size)]


@pytest.mark.parametrize("own_rate", [8000, 22050, 44100, 48000])
@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "uint8"])
def test_the_samples_of_a_file(tmp_path, own_rate, dtype):
    subtype = {"int16": "PCM_16", "int32": "PCM_32", "float32": "FLOAT", "uint8": "PCM_U8"}[dtype]
    soundfile.write(tmp_path / "a.wav", NOISE, own_rate, subtype=subtype)
    if dtype == "uint8":
        samples = (soundfile.read(tmp_path / "a.wav", dtype="int16")[0] // 256 + 128).astype(np.uint8)
    else:
        samples = soundfile.read(tmp_path / "a.wav", dtype=dtype)[0]
    offline = load_audio(tmp_path / "a.wav")
    for size in (7, 441, 100_000):
        assert heard(cut(samples, size), own_rate).tobytes() == offline.tobytes()


def test_one_sample_at_a_time():
    samples = NOISE[:3000, 0].astype(np.float32)
    for own_rate in (22050, 44100):
        offline = load_audio((samples, own_rate))
        assert heard(cut(samples, 1), own_rate).tobytes() == offline.tobytes()


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([], "it holds no samples"),
        ([np.zeros(0)], "it holds no samples"),
        ([np.zeros(22050), np.array([np.nan])], "near 1.000 s: it holds NaN"),
        ([np.array([np.inf])], "infinite samples"),
        ([np.zeros((4, 2)), np.zeros(4)], "1 channels follows one of 2"),
        ([np.zeros(4, dtype=np.int64)], "no known full scale"),
        ([np.zeros((2, 2, 2))], "no sound"),
    ],
)
def test_what_is_no_sound(blocks, words):
    with pytest.raises(ClipError, match=words):
        heard(blocks, 22050)


def test_what_is_no_stream():
    with pytest.raises(ClipError, match=r"give an iterable of arrays, even of one"):
        LiveSound(np.zeros(10), 22050, 22050)
    with pytest.raises(ClipError, match=r"sample rate of 0 makes no sense"):
        LiveSound([np.zeros(10)], 0, 22050)
