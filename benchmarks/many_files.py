"""Extraction of very many files and of a very long one: seconds, peak memory, time to the first progress.

Run ``python benchmarks/many_files.py`` (about ten minutes; ``--files 2000 --hours 0.5`` for one). It makes
its own recordings in a temporary folder. On a busy machine read the seconds of the processor. Memory is the
largest resident set of the process; beside it stands that of a run over a tenth of the files, so that what
grows with their number can be read off.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

RATE = 22050
CLASSES = ("noise", "wind", "rain", "surf")


def make_files(folder: Path, n_files: int, seconds: float) -> None:
    """Write short recordings of different noise, in four classes."""
    draw = np.random.default_rng(0)
    for i in range(n_files):
        path = folder / CLASSES[i % len(CLASSES)] / f"{i:06d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, draw.integers(-9000, 9000, int(RATE * seconds), dtype=np.int16), RATE)


def make_long_file(path: Path, hours: float) -> None:
    """Write a recording of hours in stereo, a minute at a time."""
    path.parent.mkdir(parents=True)
    draw = np.random.default_rng(1)
    minute = draw.integers(-9000, 9000, (60 * 44100, 2), dtype=np.int16)
    with soundfile.SoundFile(path, "w", 44100, 2) as file:
        for _ in range(round(hours * 60)):
            file.write(np.roll(minute, int(draw.integers(len(minute))), axis=0))


def measured(folder: Path, source: str, *words: str) -> tuple[float, ...]:
    """Return seconds, those of the processor, peak memory in MB, and both seconds to the first recording."""
    program = (
        "import time, sys\nstart = time.monotonic()\n"
        "from gtzanfeat.cli import main\nfrom gtzanfeat.export.dataset import dataset_extraction as d\n"
        "told = d._told\n"
        "def first(outcomes, advance, on_error):\n"
        "    for number, outcome in enumerate(told(outcomes, advance, on_error)):\n"
        "        if not number:\n"
        "            print('first', time.monotonic() - start, time.process_time(), file=sys.stderr)\n"
        "        yield outcome\n"
        "d._told = first\nmain()\n"
    )
    out = folder / "out"
    command = [sys.executable, "-c", program, "extract", source, "-o", "out", "-q", *words]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        start = time.monotonic()
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    first = [tuple(map(float, line.split()[1:])) for line in said.splitlines() if line.startswith("first ")]
    if process.returncode or not first:
        raise SystemExit(said)
    shutil.rmtree(out)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, *first[0]


def main() -> None:
    """Print a row for each collection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a short file")
    parser.add_argument("--hours", type=float, default=3.0, help="length of the long file")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--set", default="timbre19")
    given = parser.parse_args()
    words = ("--set", given.set, "--jobs", given.jobs)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{given.set}, --jobs {given.jobs}\n")
        print("recordings | seconds (CPU) | peak memory, MB | seconds to the first done (CPU)", flush=True)
        make_files(folder / "few", given.files // 10, given.seconds)
        make_files(folder / "many", given.files, given.seconds)
        make_long_file(folder / "long" / "class" / "long.wav", given.hours)
        for what, source in (
            (f"{given.files // 10} of {given.seconds:g} s", "few"),
            (f"{given.files} of {given.seconds:g} s", "many"),
            (f"one of {given.hours:g} h, stereo, 44100 Hz", "long"),
        ):
            seconds, cpu, memory, first, first_cpu = measured(folder, source, *words)
            print(
                f"{what} | {seconds:.1f} ({cpu:.1f}) | {memory:.0f} | {first:.1f} ({first_cpu:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
