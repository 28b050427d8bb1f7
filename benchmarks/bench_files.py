"""What it costs to get from a file to mono samples at 22050 Hz, as ratios measured in one run.

Run ``python benchmarks/bench_files.py`` (about two minutes; ``--rounds 10`` for half a minute). It writes 30
seconds of synthetic music in the formats that users have. For each it compares `gtzanfeat.load_audio` with
the least that anybody must do, and that checks nothing: `soundfile.read` of the whole file, the mean of the
channels, and `soxr.resample` in the quality HQ. The samples are decoded as float32, or as int16 where that
is quicker; the quicker counts. One thread; contestants take turns, and the best of many rounds counts: on a
shared machine read the ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import soundfile
import soxr

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


def best_of(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Milliseconds of processor time: everyone once per round, the best round of each."""
    best = dict.fromkeys(contestants, np.inf)
    for _ in range(rounds + 1):  # the first of which warms up
        for name, run in contestants.items():
            start = time.thread_time()
            run()
            best[name] = min(best[name], 1e3 * (time.thread_time() - start))
    return best


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "a processor without a name")


def main() -> None:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    print(f"{processor()}; best of {rounds} rounds; milliseconds for {SECONDS} s of sound")
    print(f"{'file':<22} {'load_audio':>10} {'float32':>9} {'int16':>9} {'ratio':>7}")
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
            )
            ratio = best["load_audio"] / min(best["float32"], best["int16"])
            name = f"{rate} Hz {('', 'mono', 'stereo')[n_channels]} {suffix}"
            ours, *peers = best.values()
            print(f"{name:<22} {ours:10.2f} {peers[0]:9.2f} {peers[1]:9.2f} {ratio:5.2f} x", flush=True)


if __name__ == "__main__":
    main()
