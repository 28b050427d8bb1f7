"""The same sound in another file: told whatever the format, level and channels, and from no other sound."""

import numpy as np
import pytest
import soundfile
from dataset_copies import RATE, music, write_noise

from gtzanfeat.audio import blocks
from gtzanfeat.datasets import same_sound as comparison
from gtzanfeat.datasets.same_sound import same_sound


@pytest.fixture
def original(tmp_path):
    soundfile.write(tmp_path / "original.wav", music(0), RATE)
    return tmp_path / "original.wav"


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("bytes.wav", {}),
        ("lossless.flac", {}),
        ("quiet.wav", {"change": lambda samples: -0.1 * samples}),
        ("stereo.aiff", {"change": lambda samples: np.stack([samples, samples], axis=1)}),
        ("late.wav", {"change": lambda samples: np.r_[np.zeros(2205), samples]}),
        ("other_rate.wav", {"change": lambda samples: samples[::2], "rate": RATE // 2}),
        ("worst.mp3", {"compression_level": 0.99}),
        ("worst.ogg", {"compression_level": 0.99}),
    ],
)
def test_copies_are_told(original, name, how):
    how = dict(how)
    samples = how.pop("change", lambda same: same)(music(0))
    soundfile.write(original.parent / name, samples, how.pop("rate", RATE), **how)
    assert same_sound(original, original.parent / name)


def drum(hertz):
    seconds = np.arange(RATE // 2) / RATE
    return np.sin(2 * np.pi * (hertz * seconds - 10 * np.exp(-20 * seconds))) * np.exp(-8 * seconds)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (music(0), music(1)),
        (music(0), music(0)[: len(music(0)) // 2]),
        (music(0), np.zeros_like(music(0))),
        (drum(50), drum(60)),
    ],
    ids=["other music", "a part", "silence", "another drum"],
)
def test_other_sounds_are_told(tmp_path, one, other):
    soundfile.write(tmp_path / "one.wav", one, RATE)
    soundfile.write(tmp_path / "other.flac", other, RATE)
    assert not same_sound(tmp_path / "one.wav", tmp_path / "other.flac")


def test_silence_is_a_copy_of_silence(tmp_path):
    for name in ("one.wav", "other.flac"):
        soundfile.write(tmp_path / name, np.zeros(4410), RATE)
    assert same_sound(tmp_path / "one.wav", tmp_path / "other.flac")


def test_what_cannot_be_decoded_is_no_copy(tmp_path):
    good = write_noise(tmp_path / "good.wav")
    (tmp_path / "bad.mp3").write_bytes(b"not music")
    assert not same_sound(good, tmp_path / "bad.mp3")
    assert not same_sound(tmp_path / "bad.mp3", good)
    assert not same_sound(good, tmp_path / "gone.wav")


def test_files_of_other_lengths_are_told_by_their_headers(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "one.wav", music(0), RATE)
    soundfile.write(tmp_path / "other.flac", np.r_[music(0), np.zeros(RATE)], RATE)
    monkeypatch.setattr(comparison, "blocks", lambda *args: pytest.fail("it was decoded"))
    assert not same_sound(tmp_path / "one.wav", tmp_path / "other.flac")


def test_of_long_files_the_beginning_is_decoded(tmp_path, monkeypatch):
    decoded = []

    def counted(clip, rate):
        for block in blocks(clip, rate):
            decoded.append(block.size)
            yield block

    monkeypatch.setattr(comparison, "blocks", counted)
    monkeypatch.setattr(comparison, "LONGEST", 1)
    sound = np.tile(music(0), 3)
    for name in ("one.wav", "other.flac"):
        soundfile.write(tmp_path / name, sound, RATE)
    assert same_sound(tmp_path / "one.wav", tmp_path / "other.flac")
    assert sum(decoded) == 2 * comparison.RATE
