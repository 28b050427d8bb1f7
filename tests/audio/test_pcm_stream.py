"""Samples that come through a pipe are those of the file."""

import io

import numpy as np
import pytest
import soundfile

from gtzanfeat.audio import load_audio
from gtzanfeat.audio.live_sound import LiveSound
from gtzanfeat.audio.pcm_stream import FORMATS, PcmFormat, pcm_blocks, read_wav_header
from gtzanfeat.errors import ClipError

NOISE = np.random.default_rng(0).uniform(-0.9, 0.9, (30_000, 2))


class Trickle(io.BytesIO):
    """A pipe that gives 1001 bytes at most."""

    def read1(self, n=-1):
        return self.read(min(n, 1001))


def wav(subtype, kind="WAV"):
    file = io.BytesIO()
    soundfile.write(file, NOISE, 44100, format=kind, subtype=subtype)
    return file.getvalue()


def heard(data):
    pipe = Trickle(data)
    form = read_wav_header(pipe)
    return np.concatenate(list(LiveSound(pcm_blocks(pipe, form), form.rate, 22050)))


@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_a_wav(subtype, kind):
    data = wav(subtype, kind)
    assert heard(data).tobytes() == load_audio(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_that_does_not_know_its_length(length):
    data = wav("PCM_16")
    at = data.index(b"data") + 4
    piped = data[:at] + length.to_bytes(4, "little") + data[at + 4 :]
    assert read_wav_header(io.BytesIO(piped)).n_bytes is None
    assert heard(piped + b"\0").tobytes() == heard(data).tobytes()  # half a sample is no sample


def test_what_follows_the_samples_is_no_sound():
    data = wav("PCM_16")
    assert heard(data + b"LIST\4\0\0\0abcd").tobytes() == heard(data).tobytes()


@pytest.mark.parametrize("name", FORMATS)
def test_raw_samples(name):
    subtype = dict(zip(FORMATS, ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"), strict=True))
    data = wav(subtype[name])
    at = data.index(b"data") + 8
    blocks = pcm_blocks(Trickle(data[at:]), PcmFormat(44100, 2, name))
    assert np.concatenate(list(LiveSound(blocks, 44100, 22050))).tobytes() == heard(data).tobytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"RIFF", "ends within the header"),
        (b"FORM....AIFF....", "no WAV"),
        (b"RIFF....WAVEdata\0\0\0\0", "does not say the format"),
        (wav("ULAW"), "coding 7 with 8 bits"),
    ],
)
def test_what_is_refused(data, words):
    with pytest.raises(ClipError, match=words):
        read_wav_header(io.BytesIO(data))
