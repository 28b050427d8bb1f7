"""Suffixes: each that is said to be decoded is, in any case, and no other is called sound."""

import numpy as np
import pytest
import soundfile

from gtzanfeat.audio import load_audio
from gtzanfeat.audio.suffixes import DECODED_SUFFIXES, OTHER_SUFFIXES

FORMATS = {  # of soundfile, where the suffix is not the format's name
    **dict.fromkeys((".wave", ".bwf"), "WAV"),
    **dict.fromkeys((".aif", ".aifc"), "AIFF"),
    **dict.fromkeys((".iff", ".8svx"), "SVX"),
    **dict.fromkeys((".oga", ".opus"), "OGG"),
    **dict.fromkeys((".mp2", ".mp1", ".mpga"), "MP3"),  # the layer is in the file
    ".snd": "AU",
    ".sph": "NIST",
    ".sf": "IRCAM",
}


@pytest.mark.parametrize("suffix", DECODED_SUFFIXES)
def test_every_suffix_is_decoded_in_any_case(tmp_path, suffix):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
    path = tmp_path / f"tone{suffix.upper()}"
    subtype = "OPUS" if suffix == ".opus" else None
    soundfile.write(path, tone, 8000, format=FORMATS.get(suffix, suffix[1:].upper()), subtype=subtype)
    samples = load_audio(path, 8000)
    assert len(samples) == 4000
    np.testing.assert_allclose(samples, tone, atol=0.1)  # of the lossy formats


def test_suffixes_are_lower_case_and_stand_once():
    every = (*DECODED_SUFFIXES, *OTHER_SUFFIXES)
    assert len(set(every)) == len(every)
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in every)
    assert DECODED_SUFFIXES[0] == ".wav"
