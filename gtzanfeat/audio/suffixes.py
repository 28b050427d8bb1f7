"""Names of sound files by their suffix: what is decoded here, and what sound else there is.

A suffix is no promise: what a file holds is found out when it is opened.
"""

from __future__ import annotations

from pathlib import PurePath

DECODED_SUFFIXES = (  # the first of several formats is the best
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf"),
    *(".8svx", ".avr", ".iff", ".ircam", ".nist", ".paf", ".pvf", ".sds", ".sf", ".sph", ".svx", ".voc"),
    *(".ogg", ".oga", ".opus", ".mp3", ".mp2", ".mp1", ".mpga"),
)
OTHER_SUFFIXES = (  # sound that libsndfile does not read
    *(".3gp", ".aac", ".ac3", ".adts", ".alac", ".amr", ".ape", ".asf", ".at3", ".dff", ".dsf", ".dts"),
    *(".eac3", ".m4a", ".m4b", ".m4p", ".mka", ".mp4", ".mpc", ".oma", ".pcm", ".qcp", ".ra", ".raw"),
    *(".rm", ".sd2", ".shn", ".spx", ".tak", ".tta", ".vqf", ".weba", ".webm", ".wma", ".wv"),
)


def is_decoded(file: PurePath) -> bool:
    """Return whether a file is named as sound that is decoded here, in any case.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_decoded(Path("song.WAV")), is_decoded(Path("song.m4a"))
    (True, False)
    """
    return file.suffix.lower() in DECODED_SUFFIXES


def is_other_sound(file: PurePath) -> bool:
    """Return whether a file is named as sound that is not decoded here, in any case.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_other_sound(Path("song.M4A")), is_other_sound(Path("cover.png"))
    (True, False)
    """
    return file.suffix.lower() in OTHER_SUFFIXES
