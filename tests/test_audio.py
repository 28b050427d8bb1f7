"""Decoding: every format, rate and width gives the same sound, and bad files one clear sentence."""

import pickle
import struct

import numpy as np
import pytest
import soundfile

from gtzanfeat.audio import READ_FRAMES, Clip, as_clip, blocks, load_audio, probe
from gtzanfeat.errors import ClipError, DatasetError, GtzanfeatError, MissingClipError, UnknownNameError

RATE = 22050


@pytest.fixture
def sound(rng):
    """A second of a soft tone with noise, so that coders have something to keep."""
    t = np.arange(RATE) / RATE
    return 0.4 * np.sin(2 * np.pi * 440 * t) + 0.01 * rng.standard_normal(RATE)


# container, coding, rate, tolerance: half a step of the quantiser, or what the coder loses
LOSSLESS = [
    ("wav", "PCM_U8", 1 / 128),
    ("wav", "PCM_16", 1 / 32768),
    ("wav", "PCM_24", 2.0**-22),
    ("wav", "PCM_32", 2.0**-22),
    ("wav", "FLOAT", 2.0**-22),
    ("wav", "DOUBLE", 2.0**-22),
    ("au", "PCM_16", 1 / 32768),
    ("au", "PCM_S8", 1 / 128),
    ("aiff", "PCM_16", 1 / 32768),
    ("flac", "PCM_16", 1 / 32768),
    ("flac", "PCM_24", 2.0**-22),
]


@pytest.mark.parametrize(("suffix", "subtype", "tolerance"), LOSSLESS)
def test_lossless_formats_give_the_samples(tmp_path, sound, suffix, subtype, tolerance):
    path = tmp_path / f"sound.{suffix}"
    soundfile.write(path, sound, RATE, subtype=subtype)
    samples = load_audio(path)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound, atol=tolerance)


@pytest.mark.parametrize(
    ("suffix", "container", "subtype"),
    [("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS"), ("mp3", "MP3", "MPEG_LAYER_III")],
)
def test_lossy_formats_give_the_sound(tmp_path, suffix, container, subtype):
    rate = 48000
    t = np.arange(rate) / rate
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * t), rate, format=container, subtype=subtype)
    samples = load_audio(path)
    assert len(samples) == pytest.approx(RATE, abs=0.1 * RATE)  # MP3 pads
    spectrum = np.abs(np.fft.rfft(samples[2048 : 2048 + 16384] * np.hanning(16384)))
    assert spectrum.argmax() * RATE / 16384 == pytest.approx(440, abs=2)  # one bin is 1.3 Hz
    # away from the beginning, where coders overshoot
    assert np.abs(samples[4096:-4096]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 32000, 44100, 48000, 96000])
def test_any_rate_becomes_the_rate_asked_for(tmp_path, rate):
    t = np.arange(2 * rate) / rate
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 1000 * t), rate, subtype="FLOAT")
    samples = load_audio(path, RATE)
    assert len(samples) == 2 * RATE
    # away from both ends, where the resampler sees silence, it is the same tone
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE)
    np.testing.assert_allclose(samples[4000:-4000], expected[4000:-4000], atol=2e-4)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_channels_are_averaged(tmp_path, rng, n_channels, subtype):
    channels = rng.uniform(-0.5, 0.5, (1000, n_channels))
    path = tmp_path / "channels.wav"
    soundfile.write(path, channels, RATE, subtype=subtype)
    np.testing.assert_allclose(load_audio(path), channels.mean(axis=1), atol=1 / 32768)


def test_offset_and_duration_choose_a_window(tmp_path, sound):
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    whole = load_audio(path)
    np.testing.assert_array_equal(load_audio(path, offset=0.25, duration=0.5), whole[5512 : 5512 + 11025])
    np.testing.assert_array_equal(
        load_audio(Clip(path, offset=0.25, duration=0.5)), whole[5512 : 5512 + 11025]
    )
    np.testing.assert_array_equal(load_audio(whole, offset=0.25, duration=0.5), whole[5512 : 5512 + 11025])
    assert len(load_audio(path, offset=0.9, duration=10)) == RATE - round(0.9 * RATE)


def test_a_file_read_in_blocks_is_the_file_read_whole(tmp_path, rng):
    noise = rng.uniform(-0.5, 0.5, (2 * READ_FRAMES + 12345, 2))
    for name, container, subtype, rate in [
        ("a.wav", "WAV", "PCM_16", RATE),
        ("a.mp3", "MP3", "MPEG_LAYER_III", 44100),
        ("a.ogg", "OGG", "VORBIS", 44100),
    ]:
        path = tmp_path / name
        soundfile.write(path, noise, rate, format=container, subtype=subtype)
        whole = soundfile.read(path, dtype="float32")[0]
        parts = list(blocks(Clip(path), rate))
        assert len(parts) == 3
        # the mean of two int16 channels is exact; that of two floats is rounded once
        np.testing.assert_allclose(np.concatenate(parts), whole.mean(axis=1), atol=1e-7)


def test_samples_are_counted_and_the_header_is_not_believed(tmp_path, sound):
    path = tmp_path / "truncated.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_16")
    data = path.read_bytes()
    path.write_bytes(data[: 44 + 2 * 5000])  # the header still promises 22050 samples
    assert len(load_audio(path)) == 5000
    assert probe(path) == 5000 / RATE
    liar = tmp_path / "liar.wav"
    liar.write_bytes(data[:40] + struct.pack("<I", 0xFFFFFFFF) + data[44:])  # as endless streams are written
    assert len(load_audio(liar)) == RATE


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 16384, -32768], dtype=np.int16), [0, 0.5, -1]),
        (np.array([0, 2**30, -(2**31)], dtype=np.int32), [0, 0.5, -1]),
        (np.array([128, 192, 0], dtype=np.uint8), [0, 0.5, -1]),
        (np.array([0, 64, -128], dtype=np.int8), [0, 0.5, -1]),
        (np.array([0, 0.5, -1]), [0, 0.5, -1]),
        ([0.0, 0.5, -1.0], [0, 0.5, -1]),
    ],
)
def test_arrays_are_taken_as_they_are_and_integers_as_pcm(samples, expected):
    np.testing.assert_array_equal(load_audio(samples), np.array(expected, dtype=np.float32))


def test_the_array_given_is_not_changed(rng):
    samples = rng.uniform(-1, 1, 1000).astype(np.float32)
    samples.flags.writeable = False
    assert load_audio(samples).dtype == np.float32


def test_an_array_clip_is_resampled_from_its_own_rate():
    assert len(load_audio(Clip(np.zeros(44100), rate=44100))) == RATE
    assert len(load_audio(Clip(np.zeros(44100)))) == 44100


BAD = {
    "empty.wav": (b"", "the file is empty; fetch the file again or leave it out"),
    "text.wav": (b"this is no sound at all\n" * 40, "libsndfile cannot read it"),
    "text.mp3": (b"this is no sound at all\n" * 40, "there is no MPEG audio in it; fetch the file again"),
    "header.wav": (b"RIFF\x24\x00\x00\x00WAVE", "libsndfile cannot read it"),
    "noise.raw": (bytes(range(256)), "libsndfile cannot read it"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_sentence_with_name_reason_and_remedy(tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ClipError) as caught:
        load_audio(path)
    assert str(caught.value).startswith(f"{path}: {reason}")
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)


def test_a_file_without_samples_is_an_error(tmp_path):
    path = tmp_path / "nothing.wav"
    soundfile.write(path, np.zeros(0), RATE)
    with pytest.raises(ClipError, match=r"nothing\.wav: it holds no samples"):
        load_audio(path)


def test_nan_in_a_file_is_an_error(tmp_path, sound):
    path = tmp_path / "nan.wav"
    sound[100] = np.nan
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    with pytest.raises(ClipError, match=r"nan\.wav: it holds NaN samples"):
        load_audio(path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, np.inf]), "infinite"),
        (np.array([0.0, 1e300]), "infinite"),  # in float32
        (np.array([0.0, 1e20]), "reach 1e\\+20; scale them"),
        (np.zeros(0), "holds no samples"),
        (np.zeros((2, 100)), "not one mono clip; mix the channels"),
        (np.tile([1e25, -1e25], 500), "reach 1e\\+25; scale them"),  # whose sum is 0
        (np.arange(9), "samples of type int64 have no known full scale; give int16 or int32 PCM"),
        (np.array([True]), "samples of type bool have no known full scale"),
        (np.array(["a"]), "is not a clip"),
        (np.float64(1), "is not a clip"),
        ([[0.0], [0.0, 1.0]], "is not a clip"),
        (b"a.wav", "is not a clip"),
        (Clip(None), "is not a clip"),
        ("a" * 300 + ".wav", "it cannot be opened .File name too long.; check the path and its permissions"),
        ("a\0.wav", "it cannot be opened .*null"),
        (object(), "is not a clip"),
        (None, "is not a clip"),
        (Clip(np.zeros(10), rate=0), "a sample rate of 0 makes no sense; give 100 to 10000000 Hz"),
        (Clip(np.zeros(10), rate=float("nan")), "a sample rate of nan makes no sense"),
        (Clip(np.zeros(10), rate=float("inf")), "a sample rate of inf makes no sense"),
        (Clip(np.zeros(10), rate="44100"), "a sample rate of '44100' makes no sense"),
        (Clip(np.zeros(10), offset="a"), "an offset of 'a' makes no sense"),
        (Clip(np.zeros(10), offset=np.inf), "an offset of inf makes no sense"),
        (Clip(np.zeros(10), offset=-1), "makes no sense"),
        (Clip(np.zeros(10), offset=np.nan), "makes no sense"),
        (Clip(np.zeros(10), duration=0), "makes no sense"),
        (Clip(np.zeros(10), offset=5), "nothing is left after 5 s"),
    ],
)
def test_what_is_no_clip_is_said_to_be_none(source, message):
    with pytest.raises(ClipError, match=message):
        load_audio(source)


@pytest.mark.parametrize("rate", [48000, 96000, 192000])
def test_one_sample_of_any_rate_is_a_clip(tmp_path, rate):
    assert load_audio(Clip(np.ones(1), rate=rate)).tolist() == [1.0]
    soundfile.write(tmp_path / "one.wav", np.full(1, 0.5), rate)
    assert load_audio(tmp_path / "one.wav").size == 1


def test_an_endless_duration_is_the_whole_clip():
    assert load_audio(np.zeros(100), duration=float("inf")).size == 100


def test_files_that_are_not_regular_or_not_ours(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(ClipError, match="it is not a regular file; save the sound to a file first"):
        load_audio(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    with pytest.raises(ClipError, match="it cannot be opened"):
        load_audio(tmp_path / "loop.wav")
    soundfile.write(tmp_path / "a.wav", np.zeros(10), RATE)
    with pytest.raises(MissingClipError):
        load_audio(tmp_path / "a.wav" / "b.wav")


def test_a_rate_that_is_a_mistake_is_refused(tmp_path):
    soundfile.write(tmp_path / "slow.wav", np.zeros(10), 8)
    with pytest.raises(ClipError, match=r"slow\.wav: a sample rate of 8 Hz makes no sense; convert it"):
        load_audio(tmp_path / "slow.wav")


def test_missing_files_folders_and_rates_of_files(tmp_path):
    with pytest.raises(MissingClipError, match="there is no such file; check the path"):
        load_audio(tmp_path / "no.wav")
    with pytest.raises(FileNotFoundError):
        load_audio(tmp_path / "no.wav")
    with pytest.raises(ClipError, match="it is a folder"):
        load_audio(tmp_path)
    with pytest.raises(ClipError, match="a file knows its own rate"):
        load_audio(Clip(tmp_path / "no.wav", rate=22050))


def test_an_offset_behind_the_end_of_a_file(tmp_path, sound):
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound, RATE)
    with pytest.raises(ClipError, match=r"sound\.wav: nothing is left after 3 s"):
        load_audio(path, offset=3)


def test_errors_survive_the_way_from_another_process():
    for error in (
        MissingClipError("a.wav", "gone", "look elsewhere"),
        UnknownNameError("tune", "a", ["b", "c"]),
        DatasetError("no dataset"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
        assert isinstance(again, GtzanfeatError)


def test_a_clip_says_what_it_is():
    assert repr(Clip("a.wav", offset=1.5, duration=2)) == "Clip(a.wav, from 1.5 s, 2 s long)"
    clip = Clip("a.wav")
    assert as_clip(clip) is clip
