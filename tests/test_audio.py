"""Decoding: every format, rate and width gives the same sound, and bad files one clear sentence."""

import ctypes
import io
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from gtzanfeat import extract
from gtzanfeat.audio import READ_FRAMES, Clip, as_clip, blocks, c_messages, load_audio, mpeg, probe
from gtzanfeat.audio.c_messages import held_back
from gtzanfeat.audio.file_bytes import FileBytes
from gtzanfeat.errors import ClipError, DatasetError, GtzanfeatError, MissingClipError, UnknownNameError
from gtzanfeat.segments.windows import measure_segments, segment_spec

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
    found = probe(path)
    assert (found.seconds, found.truncated, found.format) == (5000 / RATE, True, "WAV PCM_16")
    assert probe(path, decode=False).seconds == 5000 / RATE
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
    "header.wav": (b"RIFF\x24\x00\x00\x00WAVE", "its header is damaged (No 'data' chunk marker); fetch the"),
    "header.flac": (b"fLaC\x00\x00\x00\x22" + bytes(8), "its header is damaged; fetch the file again"),
    "noise.raw": (bytes(range(256)), "libsndfile cannot read it (Format not recognised); convert it"),
    # which libsndfile would take for speech without a header, because of their names
    "text.au": (
        b"this is no sound at all\n" * 40,
        "libsndfile cannot read it (Format not recognised); convert",
    ),
    "noise.snd": (bytes(range(256)), "libsndfile cannot read it (Format not recognised); convert it"),
    "few.wav": (b"RIFF\xff", "its header is damaged; fetch the file again"),
    "noise.aiff": (b"FORM" + bytes(range(256)), "its header is damaged; fetch the file again"),
    "film.wav": (
        b"\0\0\0\x20ftypM4A " + bytes(200),
        "libsndfile cannot read it (it is MP4, AAC or ALAC); conv",
    ),
    "film.mp3": (
        b"\0\0\0\x20ftypM4A " + bytes(200),
        "there is no MPEG audio in it (it is MP4, AAC or ALAC); ",
    ),
    "page.wav": (
        b"<!DOCTYPE html>" * 20,
        "libsndfile cannot read it (it is a web page); fetch the file again",
    ),
    "page.mp3": (b"<!doctype HTML>" * 20, "there is no MPEG audio in it (it is a web page); fetch the file"),
    "lfs.flac": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 661794\n" + bytes(60),
        "libsndfile cannot read it (it is a pointer of Git LFS); fetch the sound with `git lfs pull`",
    ),
    "unfinished.ogg": (bytes(5000), "libsndfile cannot read it (it begins with zeros); fetch the file again"),
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
    (tmp_path / "link.wav").symlink_to("elsewhere.wav")
    with pytest.raises(
        MissingClipError, match="it is a link to elsewhere.wav, which is not there; restore that"
    ):
        load_audio(tmp_path / "link.wav")
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


# --- blocks and windows --------------------------------------------------------------------------

FORMATS = [
    *[(f"a.{suffix}", suffix.upper(), subtype, {}) for suffix, subtype, _ in LOSSLESS],
    ("a.ogg", "OGG", "VORBIS", {}),
    ("a.opus", "OGG", "OPUS", {}),
    ("a.mp3", "MP3", "MPEG_LAYER_III", {"bitrate_mode": "VARIABLE"}),
    ("a.mp3", "MP3", "MPEG_LAYER_III", {"bitrate_mode": "CONSTANT", "compression_level": 0.99}),
]


@pytest.mark.parametrize(("name", "container", "subtype", "options"), FORMATS)
def test_every_block_and_every_window_is_cut_from_the_whole(
    tmp_path, rng, monkeypatch, name, container, subtype, options
):
    rate = 48000
    t = np.arange(3 * rate) / rate
    sound = 0.4 * np.sin(2 * np.pi * 440 * t) + 0.05 * rng.standard_normal(3 * rate)
    path = tmp_path / name
    soundfile.write(path, sound, rate, format=container, subtype=subtype, **options)
    whole = soundfile.read(path, dtype="float32")[0]
    # a decoder that was sought may round the last bit otherwise
    for step in (1000, 4096, 131072):
        monkeypatch.setattr("gtzanfeat.audio.sound.READ_FRAMES", step)
        np.testing.assert_allclose(load_audio(path, rate), whole, atol=2e-7)
    for start in (1, 1000, 24017, 2 * rate + 11, len(whole) - 500):
        window = load_audio(Clip(path, offset=start / rate, duration=0.7), rate)
        np.testing.assert_allclose(window, whole[start : start + int(0.7 * rate)], atol=2e-7)


def read(path, rate=44100, **window):
    """The samples of a file at its own rate, and whether its end is missing."""
    reading = blocks(Clip(path, **window), rate)
    return np.concatenate(list(reading)), reading.truncated


def coded(path, sound, rate=44100, **options):
    soundfile.write(path, sound, rate, **options)
    return path.read_bytes()


def noise(rng, seconds, rate=44100, n_channels=1):
    loudness = np.repeat(rng.uniform(0.001, 0.3, 100), int(seconds * rate) // 100)[:, None]
    return loudness * rng.uniform(-1, 1, (loudness.size, n_channels))


def frames_of(mp3):
    """Where the frames begin of an MP3 of soundfile: those of 44.1 kHz, MPEG-1."""
    kbits = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    starts, place = [], 0
    while place + 4 <= len(mp3):
        starts.append(place)
        place += 144000 * kbits[mp3[place + 2] >> 4] // 44100 + (mp3[place + 2] >> 1 & 1)
    return starts


# --- files whose end is missing ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "share"),
    [
        *[(f"a.{suffix}", 1 / 3) for suffix in ("wav", "aiff", "au", "w64", "caf", "rf64")],
        *[(f"a.{suffix}", 1 / 2) for suffix in ("mp3", "flac", "ogg", "opus")],
    ],
)
def test_a_truncated_file_is_read_as_far_as_it_goes_and_says_so(tmp_path, rng, capfd, name, share):
    path = tmp_path / name
    options = {"format": "OGG", "subtype": "OPUS"} if name == "a.opus" else {}
    data = coded(path, noise(rng, 10, 48000), 48000, **options)
    whole, truncated = read(path, 48000)
    assert not truncated
    path.write_bytes(data[: int(share * len(data))])
    cut, truncated = read(path, 48000)
    assert truncated
    # bytes are not spread evenly over time; what is left of the last page of Ogg, of up to 1 s, is lost
    assert len(cut) == pytest.approx(share * len(whole), abs=48000 * 1.2)
    np.testing.assert_allclose(cut[:-3000], whole[: len(cut) - 3000], atol=2e-7)
    extraction = extract([path, Clip(path, duration=1.0)], "timbre19")
    assert ["truncated" in flags.split() for flags in extraction.flags] == [True, False]
    assert capfd.readouterr().err == ""


def test_a_truncated_flac_loses_only_the_frame_that_is_cut(tmp_path, rng):
    data = coded(tmp_path / "a.flac", rng.uniform(-0.5, 0.5, 30 * 4096))  # noise: all frames are as long
    (tmp_path / "a.flac").write_bytes(data[: len(data) * 205 // 300])
    assert len(read(tmp_path / "a.flac")[0]) == 20 * 4096


def test_a_header_of_two_gigabytes_is_noticed_and_one_of_unknown_length_is_right(tmp_path, sound):
    data = coded(tmp_path / "a.wav", sound, RATE, subtype="PCM_16")
    for length, expected in ((0x7FFFFFFE, True), (0xFFFFFFFF, False), (0, False)):
        (tmp_path / "b.wav").write_bytes(data[:40] + struct.pack("<I", length) + data[44:])
        samples, truncated = read(tmp_path / "b.wav", RATE)
        assert len(samples) == RATE
        assert truncated == expected


@pytest.mark.parametrize(
    ("name", "place", "width"), [("AU", 8, 4), ("WAV", 40, 4), ("AIFF", 50, 4), ("CAF", 0, 8)]
)
def test_a_length_that_was_never_written_is_that_of_what_is_there(tmp_path, sound, name, place, width):
    data = coded(tmp_path / "a", sound, RATE, format=name, subtype="PCM_16")
    place = place or data.index(b"data") + 4
    (tmp_path / "a").write_bytes(data[:place] + bytes(width) + data[place + width :])
    samples, truncated = read(tmp_path / "a", RATE)
    assert (len(samples), truncated) == (RATE, False)


def test_an_mp3_that_lacks_half_of_its_frames_is_noticed(tmp_path, rng, capfd):
    data = coded(tmp_path / "a.mp3", noise(rng, 10), bitrate_mode="VARIABLE", compression_level=0.5)
    whole = read(tmp_path / "a.mp3")[0]
    starts = frames_of(data)
    (tmp_path / "a.mp3").write_bytes(data[: starts[len(starts) // 2]])
    cut, truncated = read(tmp_path / "a.mp3")
    assert truncated
    # the first 1105 samples, which the encoder put in, are not given out
    assert len(cut) == (len(starts) // 2 - 1) * 1152 - 1105
    np.testing.assert_array_equal(cut, whole[: len(cut)])
    assert capfd.readouterr().err == ""  # libmpg123 would write of a wrong length


# --- files that are longer than libsndfile takes them for ----------------------------------------


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
def test_an_mp3_without_a_table_is_decoded_to_its_end(tmp_path, rng, mode):
    path = tmp_path / "a.mp3"
    data = coded(path, noise(rng, 15), bitrate_mode=mode, compression_level=0.5)
    starts = frames_of(data)
    whole = read(path)[0]
    path.write_bytes(data[starts[1] :])  # the first frame is the table
    samples, truncated = read(path)
    assert not truncated
    assert len(samples) == (len(starts) - 1) * 1152
    # with a table, the delay of coder and decoder is cut off
    np.testing.assert_allclose(samples[1105 : 1105 + len(whole)], whole, atol=2e-7)
    window = read(path, offset=10.0, duration=2.0)[0]
    np.testing.assert_allclose(window, samples[441000:529200], atol=2e-7)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mp3", {}), ("a.ogg", {}), ("a.opus", {"format": "OGG", "subtype": "OPUS"}), ("a.flac", {})],
)
@pytest.mark.parametrize("seconds", [3, 2 * READ_FRAMES / 48000])  # the second ends where a block does
def test_files_joined_end_to_end_are_read_to_the_end(tmp_path, rng, capfd, name, options, seconds):
    path, rate = tmp_path / name, 48000
    sounds = rng.uniform(-0.3, 0.3, (2, round(seconds * rate)))
    first = coded(path, sounds[0], rate, **options)
    samples = [read(path, rate)[0]]
    second = coded(path, sounds[1], rate, **options)
    samples.append(read(path, rate)[0])
    whole = np.concatenate(samples)
    path.write_bytes(first + second)
    joined, truncated = read(path, rate)
    assert not truncated
    np.testing.assert_allclose(joined, whole, atol=2e-7)
    for start in (len(samples[0]) - 1000, len(samples[0]), len(samples[0]) + 24000):
        window = read(path, rate, offset=start / rate, duration=0.5)[0]
        np.testing.assert_allclose(window, whole[start : start + 24000], atol=2e-7)
    assert capfd.readouterr().err == ""


def test_parts_of_different_rates_are_refused(tmp_path, sound):
    data = coded(tmp_path / "a.ogg", sound, 44100) + coded(tmp_path / "a.ogg", sound, 48000)
    (tmp_path / "a.ogg").write_bytes(data)
    with pytest.raises(ClipError, match="different sample rates, 44100 and 48000 Hz; convert it"):
        load_audio(tmp_path / "a.ogg")


@pytest.mark.parametrize("times", [1, 2])
def test_a_flac_that_was_written_to_a_pipe_is_read(tmp_path, rng, times):
    sound = rng.integers(-9999, 9999, 200_000).astype(np.int16)
    data = bytearray(coded(tmp_path / "a.flac", sound))
    data[21] &= 0xF0  # 36 bits that count the samples: 0 where they were not known
    data[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(bytes(data) * times)
    samples, truncated = read(tmp_path / "a.flac")
    assert not truncated
    np.testing.assert_array_equal(samples, np.tile(sound, times) / np.float32(32768))
    window = read(tmp_path / "a.flac", offset=1.0, duration=1.0)[0]
    np.testing.assert_array_equal(window, samples[44100:88200])


def test_tags_around_the_sound_change_nothing(tmp_path, rng, capfd):
    for name in ("a.mp3", "a.flac"):
        data = coded(tmp_path / name, noise(rng, 3))
        whole = read(tmp_path / name)[0]
        id3 = b"ID3\4\0\0\0\0\7\0" + bytes(7 * 128)
        for changed in (data + b"TAG" + bytes(125), id3 + data, data + b"APETAGEX" + bytes(500)):
            (tmp_path / name).write_bytes(changed)
            samples, truncated = read(tmp_path / name)
            np.testing.assert_array_equal(samples, whole)
            assert not truncated
    assert capfd.readouterr().err == ""


def test_junk_between_frames_is_left_out(tmp_path, rng, capfd):
    data = coded(tmp_path / "a.mp3", noise(rng, 3))
    middle = frames_of(data)[60]
    whole = read(tmp_path / "a.mp3")[0]
    (tmp_path / "a.mp3").write_bytes(data[:middle] + b"\xff\xff" + bytes(1000) + data[middle:])
    np.testing.assert_array_equal(read(tmp_path / "a.mp3")[0], whole)
    assert capfd.readouterr().err == ""


# --- names and sources ---------------------------------------------------------------------------


def test_formats_are_known_by_their_content_whatever_the_name(tmp_path, sound):
    for name in sorted(soundfile.available_formats()):
        # RAW has no header; SD2 keeps its own in another file; XI, SDS and HTK are of instruments and speech
        if name in ("RAW", "SD2", "XI", "SDS", "HTK"):
            continue
        rate = 8000 if name == "WVE" else 22050
        for suffix in (name, name.lower(), "RAW" if name == "WAV" else name.title()):
            path = tmp_path / f"a.{suffix}"
            soundfile.write(path, sound, rate, format=name)
            assert len(load_audio(path, rate)) == pytest.approx(RATE, abs=2500), name


@pytest.mark.parametrize(
    "content", [b"<html>" * 200, b"ID3\4\0\0\0\0\1\0" + bytes(500), b"\xff", b"\xff\xfb\x90\x44"]
)
@pytest.mark.parametrize("name", ["a.mp3", "a.MP3", "a.mp2"])
def test_an_mp3_without_an_mpeg_frame_says_so(tmp_path, capfd, name, content):
    (tmp_path / name).write_bytes(content)
    what = r" \(it is a web page\)" if content.startswith(b"<html>") else ""
    with pytest.raises(ClipError, match=f"{name}: there is no MPEG audio in it{what}; fetch the file again"):
        load_audio(tmp_path / name)
    assert capfd.readouterr().err == ""


def test_an_mp3_of_one_frame_is_read(tmp_path, rng, capfd):
    data = coded(tmp_path / "a.mp3", noise(rng, 1))
    starts = frames_of(data)
    (tmp_path / "a.mp3").write_bytes(data[starts[1] : starts[2]])
    assert len(read(tmp_path / "a.mp3")[0]) == 1152
    assert capfd.readouterr().err == ""


def damages(data, rng):
    """Yield a file damaged in many ways."""
    yield from (data[:n] for n in (1, 3, 10, 12, 20, 30, 43, 44, 45, 60, 100, 400))
    yield from (data[:n] + rng.bytes(len(data) - n) for n in (0, 4, 12, 44))
    yield from (data[:n] + bytes(len(data) - n) for n in (0, 4, 12, 44))
    for _ in range(6):
        flipped = bytearray(data)
        for place in rng.integers(0, min(200, len(data)), 3):
            flipped[place] = rng.integers(256)
        yield bytes(flipped)


@pytest.mark.parametrize(
    "name", sorted({*soundfile.available_formats()} - {"RAW", "SD2", "XI", "SDS", "HTK"})
)
def test_a_damaged_file_is_read_as_far_as_it_goes_or_refused_in_one_sentence(tmp_path, rng, name):
    path = tmp_path / f"a.{name.lower()}"
    soundfile.write(path, noise(rng, 0.2, 8000), 8000, format=name)
    refused = []
    for content in damages(path.read_bytes(), rng):
        path.write_bytes(content)
        try:
            assert np.isfinite(load_audio(path)).all()
        except ClipError as error:
            refused.append(error)
    assert refused
    for error in refused:  # of what is wrong with the file, and nothing of libsndfile's inside
        assert not isinstance(error, MissingClipError)
        assert str(error) == f"{path}: {error.reason}; {error.remedy}"
        nothing = ("exist", "nternal", "SF_", "Error", "malformed", "()", "\n")
        assert not [words for words in nothing if words in error.reason], error.reason


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac"])
def test_open_files_are_clips(tmp_path, rng, name):
    data = coded(tmp_path / name, noise(rng, 3), RATE)
    whole = load_audio(tmp_path / name)
    in_memory = io.BytesIO(data)
    in_memory.seek(100)  # wherever it stands
    for _ in range(2):
        np.testing.assert_array_equal(load_audio(in_memory), whole)
    with open(tmp_path / name, "rb") as file:
        np.testing.assert_array_equal(load_audio(file, offset=1.0, duration=1.0), whole[RATE : 2 * RATE])
        extraction = extract([file, io.BytesIO(data), tmp_path / name], "timbre19", rate=None)
    np.testing.assert_array_equal(extraction.values, extraction.values[[0, 0, 0]])


def test_what_is_given_with_its_rate_is_a_clip(rng):
    samples = rng.uniform(-0.5, 0.5, 16000)
    expected = load_audio(Clip(samples, rate=16000))
    np.testing.assert_array_equal(load_audio((samples, 16000)), expected)
    np.testing.assert_array_equal(load_audio({"array": samples, "sampling_rate": 16000}), expected)
    assert len(load_audio((0.5, 0.25))) == 2  # which are samples


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"a.wav", r"bytes is not a clip; give os.fsdecode\(path\)"),
        (io.StringIO("a"), 'it is open as text; open it in mode "rb"'),
        (io.BytesIO(b""), "the file is empty"),
        ({"path": "a.wav"}, 'a mapping with the keys path; give {"array": samples'),
        (Clip(io.BytesIO(b"abc"), rate=8000), "a file knows its own rate"),
        (io.BytesIO(b"no sound" * 100), "the open file: libsndfile cannot read it"),
    ],
)
def test_what_comes_near_a_clip_is_told_how_to_be_one(source, message):
    with pytest.raises(ClipError, match=message):
        load_audio(source)
    with pytest.raises(ClipError):
        extract([source], "timbre19")


# --- what is remarked --------------------------------------------------------------------------------


def remarks(clip, rate=RATE):
    """What is to be known of a clip, and its samples."""
    reading = blocks(as_clip(clip), rate)
    samples = np.concatenate(list(reading))
    return reading.flags, samples


@pytest.mark.parametrize(("rate", "flags"), [(8000, ("band_limited_8000",)), (RATE, ()), (44100, ())])
def test_a_rate_below_that_of_the_analysis_is_remarked(tmp_path, rng, rate, flags):
    noise = rng.uniform(-0.5, 0.5, rate)
    soundfile.write(tmp_path / "a.wav", noise, rate)
    assert remarks(tmp_path / "a.wav")[0] == flags
    assert remarks((noise, rate))[0] == flags
    assert extract([tmp_path / "a.wav"], "timbre19").flags == (" ".join(flags),)


def stereo(rng, correlation):
    """Two channels of equal power and a given correlation, as long as two blocks."""
    middle, side = rng.standard_normal((2, READ_FRAMES + 50_000)) / 20
    middle, side = middle * np.sqrt(1 + correlation), side * np.sqrt(1 - correlation)
    return np.stack([middle + side, middle - side], axis=1)


@pytest.mark.parametrize(("correlation", "cancelled"), [(1, 0), (0, 0), (-0.7, 0), (-0.9, 1), (-1, 1)])
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
def test_channels_that_cancel_in_their_mean_are_remarked(tmp_path, rng, name, correlation, cancelled):
    # the power of the mean is (1 + r) / 2 of that of the channels, and the threshold a tenth, r = -0.8
    soundfile.write(tmp_path / name, stereo(rng, correlation), 44100)
    assert ("cancelled" in remarks(tmp_path / name)[0]) == cancelled


def test_silent_channels_are_no_opposites(tmp_path, rng):
    six = np.zeros((RATE, 6))
    soundfile.write(tmp_path / "silence.wav", six, RATE)
    six[:, 0] = rng.uniform(-0.5, 0.5, RATE)  # the mean has a sixth of the power
    soundfile.write(tmp_path / "one.wav", six, RATE)
    assert remarks(tmp_path / "silence.wav")[0] == remarks(tmp_path / "one.wav")[0] == ()


@pytest.mark.parametrize(("scale", "flags"), [(1, ()), (4, ()), (32768, ("over_full_scale",))])
def test_samples_that_were_not_scaled_are_remarked(tmp_path, rng, scale, flags):
    t = np.arange(READ_FRAMES + 1000) / RATE
    sound = scale * (0.2 * np.sin(2 * np.pi * 440 * t) + 0.01 * rng.standard_normal(len(t)))
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    found, samples = remarks(tmp_path / "a.wav")
    assert found == flags
    np.testing.assert_array_equal(samples, sound.astype(np.float32))  # they are analysed as they are
    assert remarks((sound, RATE))[0] == flags


def test_remarks_are_of_every_window_and_truncation_of_the_last(tmp_path, rng):
    path = tmp_path / "a.wav"
    soundfile.write(path, stereo(rng, -1), 8000)
    path.write_bytes(path.read_bytes()[:-4000])
    segments = measure_segments([path], segment_spec("timbre19", 5.0))
    first, *_, last = segments.flags[0]
    assert first == "band_limited_8000 cancelled"
    assert last == first + " truncated"


# --- what reaches the terminal -----------------------------------------------------------------------


def damaged_mp3(path, rng):
    """Write two seconds of MP3, of which the side information of a frame in ten is overwritten."""
    soundfile.write(path, rng.uniform(-0.5, 0.5, 2 * RATE), RATE, bitrate_mode="CONSTANT")
    data = bytearray(path.read_bytes())
    found, _ = mpeg.streams(FileBytes(io.BytesIO(bytes(data))), 0)
    starts, frame = [], (0, 0, b"", None)
    while frame := mpeg._next_frame(FileBytes(io.BytesIO(bytes(data))), frame[0] + frame[1], frame[3]):
        starts.append(frame[0])
    assert found[0].n_frames + bool(found[0].table) == len(starts) > 50
    for start in starts[10::10]:
        data[start + 4 : start + 13] = b"\xff" * 9
    path.write_bytes(data)
    return path


@pytest.mark.skipif(c_messages._stream() is None, reason="the C library is not that of GNU")
def test_memory_of_one_clip_is_kept_for_the_next(tmp_path, rng):
    path = tmp_path / "a.wav"
    soundfile.write(path, rng.uniform(-0.5, 0.5, 30 * RATE), RATE)
    code = (
        "import resource\n"
        "from gtzanfeat.audio import load_audio\n"
        "def faults():\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        f"    load_audio({str(path)!r})\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before\n"
        "print([faults() for _ in range(10)][-1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200  # pages of 4 KB; it was 1300, for 5 MB


def test_frames_are_the_same_by_whatever_windows_the_file_is_looked_at(tmp_path, rng, monkeypatch):
    sounds = []
    for i, (rate, bitrate_mode) in enumerate([(44100, "VARIABLE"), (22050, "CONSTANT"), (22050, "VARIABLE")]):
        path = tmp_path / f"{i}.mp3"
        soundfile.write(path, rng.uniform(-0.5, 0.5, (rate, 2)), rate, bitrate_mode=bitrate_mode)
        sounds.append(path.read_bytes())
    one, other, third = sounds
    # a second recording after half a first, a hole, another whose end is missing
    file = io.BytesIO(one[:10_000] + other + one[:5000] + bytes(2000) + one[5000:] + third[:-50])
    whole = mpeg.streams(FileBytes(file), 0)
    assert len(whole[0]) == 4
    assert sum(len(stream.pieces) for stream in whole[0]) == 5
    monkeypatch.setattr(mpeg, "_WINDOW", mpeg._LONGEST + 100)
    assert mpeg.streams(FileBytes(file), 0) == whole


def test_nothing_is_printed_of_damaged_frames(tmp_path, rng, capfd):
    path = damaged_mp3(tmp_path / "a.mp3", rng)
    loud = soundfile.read(path, dtype="float32")[0]
    if sys.platform == "linux":
        assert "libmpg123" in capfd.readouterr().err  # as it is without us
    samples = load_audio(path)
    assert len(samples) == pytest.approx(len(loud), abs=2000)
    extract([path] * 6, "timbre19", n_jobs=3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(c_messages._stream() is None, reason="the C library is not that of GNU")
def test_what_others_print_is_passed_on(capfd):
    library = ctypes.CDLL(None)
    stream = ctypes.c_void_p.in_dll(library, "stderr")
    library.fputs.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    own = stream.value
    with held_back():
        with held_back():  # another thread decodes, too
            library.fputs(b"[src/libmpg123/layer3.c:do():1] error: part2_3_length\n", stream)
        library.fputs(b"another library\n", stream)
        os.write(2, b"python\n")
    assert capfd.readouterr().err == "python\nanother library\n"
    assert stream.value == own
    library.fputs(b"afterwards\n", stream)
    assert capfd.readouterr().err == "afterwards\n"


def test_samples_that_are_no_numbers_are_refused_without_a_warning(tmp_path, capfd):
    # warnings are errors here
    for bad in (np.nan, np.inf, 3e38):
        sound = np.full((1000, 2), 0.1)
        sound[500] = bad
        soundfile.write(tmp_path / "a.wav", sound, 44100, subtype="FLOAT")
        with pytest.raises(ClipError, match="it holds|its samples reach"):
            load_audio(tmp_path / "a.wav")
    assert capfd.readouterr() == ("", "")


# --- what the sound was ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subtype", "largest"),
    [("PCM_16", 32767 / 32768), ("PCM_24", 1 - 2.0**-23), ("PCM_U8", 127 / 128), ("FLOAT", 1.0)],
)
def test_peak_and_share_of_samples_at_full_scale(tmp_path, subtype, largest):
    channels = np.full((30_000, 2), 0.25)
    channels[:1500, 1] = largest
    soundfile.write(tmp_path / "a.wav", channels, 44100, subtype)
    reading = blocks(Clip(tmp_path / "a.wav"), 22050)
    assert np.isnan(reading.sound).all()  # not known before it is read
    list(reading)
    assert reading.sound == (44100, 2, pytest.approx(largest, abs=1e-6), 1500 / 60_000)
    soundfile.write(tmp_path / "b.wav", channels / 2, 44100, subtype)
    quiet = blocks(Clip(tmp_path / "b.wav"), 22050)
    list(quiet)
    assert quiet.sound.clipped == 0
    assert quiet.sound.peak == pytest.approx(largest / 2, abs=1 / 128)


def test_negative_full_scale_is_full_scale():
    samples = np.array([-32768, 0, 100], dtype=np.int16)
    reading = blocks(Clip(samples), 22050)
    list(reading)
    assert reading.sound == (22050, 1, 1.0, 1 / 3)
