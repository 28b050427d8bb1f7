"""What it costs to get from a file to mono samples at 22050 Hz, as ratios measured in one run.

Run ``python benchmarks/bench_files.py`` (about two minutes; ``--quick`` for half a minute). It writes 30
seconds of synthetic music in the formats that users have. For each it compares `gtzanfeat.load_audio` with
the least that anybody must do, and that checks nothing: `soundfile.read` of the whole file, the mean of the
channels, and `soxr.resample` in the quality HQ. The samples are decoded as float32, or as int16 where that
is quicker; the quicker counts. One thread; contestants take turns, and the best of many rounds counts: on a
shared machine read the ratios, not the milliseconds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import stopwatch

stopwatch.one_thread()

import numpy as np
import soundfile
import soxr
from stopwatch import Record, best_of

from gtzanfeat import load_audio

RATE = 22050  # Hz, that of the samples wanted
SECONDS = 30
FILES = (  # rate in Hz, channels, suffix
    *((44100, 2, suffix) for suffix in ("mp3", "ogg", "flac", "wav")),
    *((48000, 2, suffix) for suffix in ("mp3", "ogg", "flac", "wav")),
    *((RATE, 1, suffix) for suffix in ("mp3", "flac", "wav")),
)


def write_music(path: Path, rate: int, n_channels: int) -> None:
    """Chords that are struck twice a second, and a beat of noise, each channel a little different."""
    rng = np.random.default_rng(0)
    t = np.arange(SECONDS * rate) / rate
    beat = t % 0.5
    notes = 220 * 2 ** (np.array([(0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)]) / 12)
    notes = notes[(t / 2).astype(int) % 4].T
    channels = []
    for place in range(n_channels):
        struck = sum(np.sin(2 * np.pi * h * note * t + place) / h for note in notes for h in range(1, 9))
        noise = rng.standard_normal(len(t))
        channels.append(0.08 * struck * np.exp(-3 * beat) + 0.2 * noise * np.exp(-40 * beat))
    soundfile.write(path, np.clip(np.stack(channels, axis=1), -1, 1), rate)


def least(path: Path, dtype: str) -> np.ndarray:
    """The mono samples, decoded as float32 or int16, by the quickest mean that numpy has."""
    samples, rate = soundfile.read(path, dtype=dtype)
    scale = np.float32(1.0 if dtype == "float32" else 2.0**-15)
    samples = samples.astype(np.float32, copy=False)
    if samples.ndim > 1:
        samples = samples @ np.full(samples.shape[1], scale / samples.shape[1], dtype=np.float32)
    elif scale != 1.0:
        samples *= scale
    return samples if rate == RATE else soxr.resample(samples, rate, RATE, quality="HQ")


def main() -> None:
    arguments = stopwatch.arguments_of(__doc__).parse_args()
    rounds = 10 if arguments.quick else 40
    record = Record()
    print(stopwatch.processor())
    record.title(
        f"From a file of {SECONDS} s to mono samples at {RATE} Hz, processor time, best of {rounds} rounds"
    )
    with tempfile.TemporaryDirectory() as folder:
        for rate, n_channels, suffix in FILES:
            path = Path(folder) / f"{rate}-{n_channels}.{suffix}"
            write_music(path, rate, n_channels)
            best = best_of(
                {
                    "load_audio": lambda path=path: load_audio(path, RATE),
                    "float32": lambda path=path: least(path, "float32"),
                    "int16": lambda path=path: least(path, "int16"),
                },
                rounds,
                time.thread_time,
            )
            name = f"{rate} Hz {('', 'mono', 'stereo')[n_channels]} {suffix}"
            fastest = min(best["float32"], best["int16"])
            record.ratio(
                name, best["load_audio"] / fastest, f"decode + mean + soxr, {fastest:.1f} ms", "at most 1.1"
            )
    if arguments.json:
        record.write(arguments.json)


if __name__ == "__main__":
    main()
