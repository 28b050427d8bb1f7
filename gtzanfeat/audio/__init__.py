"""Sound in: files and arrays become blocks of mono float32 samples at one rate.

This room decodes, mixes to mono, resamples and refuses what cannot be analysed; it knows nothing of frames,
spectra or features. `clip` says what can be given, `sound` hands out the samples, `decoder` reads files
block by block through libsndfile, `levels` compares channels with their mean and finds peaks, `containers`
and `mpeg` look through a file before that, `file_bytes` holds its bytes, `remote_files` opens what is named
by a URL, `refusals` says what is wrong with a file, `c_messages` holds back what libmpg123 prints, and
`suffixes` says which files are sound by their names. The number of samples is what was decoded, never what a
header says.
"""

from gtzanfeat.audio.clip import Clip, as_clip, is_clip
from gtzanfeat.audio.sound import (
    READ_FRAMES,
    RESAMPLER,
    FileProperties,
    Reading,
    SoundProperties,
    blocks,
    load_audio,
    probe,
)

__all__ = [
    "READ_FRAMES",
    "RESAMPLER",
    "Clip",
    "FileProperties",
    "Reading",
    "SoundProperties",
    "as_clip",
    "blocks",
    "is_clip",
    "load_audio",
    "probe",
]
