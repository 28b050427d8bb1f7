"""Extraction into a folder, killed over and over: is the dataset in the end that of an undisturbed run?

Run ``python benchmarks/crash_test.py`` (about ten minutes; ``--kills 5`` for two). It makes its own
recordings, two of them broken, and prints a table: what was done to the runs, how often, how many runs it
took, and whether the rows of features and of the ledger are the same, each once, with nothing left over.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

RATE = 22050
SET = "timbre19"
CLASSES = ("noise", "wind", "rain", "surf")
# small parts, so that there are many moments to be killed in; the command line otherwise as it is
PROGRAM = (
    "from gtzanfeat.cli import main\n"
    "from gtzanfeat.export.dataset import dataset_extraction, parts\n"
    "if __name__ == '__main__':\n"
    "    parts.PART_ROWS, parts.PART_SECONDS, dataset_extraction.CLIPS_PER_TASK = 7, 0.2, 2\n"
    "    main()\n"
)
FINISHED = 1  # the exit code of a run with recordings that failed
ERROR = 2


def make_music(folder: Path, n_recordings: int) -> None:
    """Write recordings of a second to four of noise that rises and falls; a copy, a text and half a file."""
    draw = np.random.default_rng(0)
    for i in range(n_recordings):
        path = folder / CLASSES[i % 4] / f"{i:04d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        n = int(RATE * draw.uniform(1, 4))
        soundfile.write(path, draw.uniform(-0.5, 0.5, n) * np.linspace(0, 1, n), RATE)
    (folder / "noise" / "text.wav").write_text("no sound")
    whole = (folder / "wind" / "0001.wav").read_bytes()
    (folder / "rain" / "copy.wav").write_bytes(whole)
    (folder / "surf" / "half.wav").write_bytes(whole[: len(whole) // 2])


class Place:
    """A folder with recordings, the program, and the dataset of an undisturbed run."""

    def __init__(self, folder: Path, n_recordings: int) -> None:
        self.folder = folder
        make_music(folder / "music", n_recordings)
        (folder / "program.py").write_text(PROGRAM)
        start = time.monotonic()
        self.start("whole").wait()
        self.seconds = time.monotonic() - start

    def start(self, output: str, *words: str) -> subprocess.Popen[bytes]:
        """Start a run."""
        command = [sys.executable, "program.py", "extract", "music", "--set", SET, "-o", output, "-q", *words]
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE)

    def difference(self, output: str) -> str:
        """Return "identical", or what is not."""
        for kind, leave_out in (("features", []), ("ledger", ["seconds_spent", "mtime_ns"])):
            one, other = (pd.read_parquet(self.folder / name / kind) for name in (output, "whole"))
            if not one.drop(columns=leave_out).equals(other.drop(columns=leave_out)):
                return f"{kind}: {len(one)} rows, not the {len(other)} of the undisturbed run"
        left = {path.name for path in (self.folder / output).iterdir()}
        left -= {"dataset.json", "inputs.parquet", "features", "ledger"}
        return f"left over: {', '.join(sorted(left))}" if left else "identical"


def begun(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Wait until a run has begun to work, or has ended; return whether it works."""
    while process.poll() is None:
        with contextlib.suppress(OSError):
            if any(path.read_text().startswith(f"{process.pid} ") for path in folder.glob(".shard-*.lock")):
                return True
        time.sleep(0.005)
    return False


def disturbed(place: Place, name: str, number: int, n_times: int, *all_words: tuple[str, ...]) -> list[str]:
    """Send a signal at random moments to runs side by side, until it was sent so often; compare datasets."""
    n_sent = n_runs = n_datasets = 0
    said = set()
    while n_sent < n_times:
        output = f"out{n_datasets}"
        outputs = [words[0] if words[0] != "." else output for words in all_words]
        open_ones = dict(enumerate(all_words))
        while open_ones:
            running = {i: place.start(outputs[i], *words[1:]) for i, words in open_ones.items()}
            n_runs += len(running)
            for i, process in running.items():
                if begun(process, place.folder / outputs[i]) and n_sent < n_times:
                    time.sleep(random.uniform(0, place.seconds / 6))
                    if process.poll() is None:
                        process.send_signal(number)
                        n_sent += 1
                words = process.communicate()[1].decode()
                if process.returncode == ERROR:
                    raise SystemExit(words)
                if process.returncode == FINISHED:
                    del open_ones[i]
        n_datasets += 1
        said |= {place.difference(folder) for folder in {*outputs}}
        for folder in {*outputs}:
            shutil.rmtree(place.folder / folder)
    return [name, str(n_sent), str(n_runs), str(n_datasets), "; ".join(sorted(said))]


def killed_workers(place: Place, n_times: int) -> list[str]:
    """Kill worker processes of a run with ``--timeout``: it goes on by itself."""
    import psutil

    process = place.start("out", "--timeout", "60", "--jobs", "2")
    n_sent = 0
    while process.poll() is None:
        if len(list((place.folder / "out").glob("ledger/*"))) > n_sent and n_sent < n_times:
            with contextlib.suppress(psutil.Error, IndexError):
                workers = psutil.Process(process.pid).children()
                random.choice(
                    [worker for worker in workers if "spawn_main" in " ".join(worker.cmdline())]
                ).kill()
                n_sent += 1
        time.sleep(0.05)
    words = process.communicate()[1].decode()
    if process.returncode != FINISHED:
        raise SystemExit(words)
    said = place.difference("out")
    shutil.rmtree(place.folder / "out")
    return ["SIGKILL to workers of --timeout", str(n_sent), "1", "1", said]


@contextlib.contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[bool]:
    """Mount a disk of that size, where that is allowed; else yield False."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def full_disk(place: Place) -> list[str]:
    """Fill the disk, make room, and go on."""
    disk = place.folder / "disk"
    with small_disk(disk, 4096) as mounted:
        if not mounted:
            return ["full disk", "0", "0", "0", "not tried: no disk could be mounted"]
        free = os.statvfs(disk)
        (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize - (300 << 10)))
        command = [sys.executable, "program.py", "extract", "music", "--set", SET, "-o", "disk/out", "-q"]
        done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True)
        lines = done.stderr.strip().splitlines()
        n_rows = len(pd.read_parquet(disk / "out" / "features"))
        (disk / "ballast").unlink()
        subprocess.run(command, cwd=place.folder, capture_output=True)
        words = f"exit code {done.returncode}, {len(lines)} line ({lines[-1]}), {n_rows} rows read; then "
        return ["full disk", "1", "2", "1", words + place.difference("disk/out")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often the first run is killed")
    parser.add_argument("--recordings", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random.seed(given.seed)
    few = max(2, given.kills // 5)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells have what runs behind them ignore
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), given.recordings)
        print(
            f"{given.recordings + 3} recordings, {place.seconds:.1f} s undisturbed, "
            "parts of 7 recordings or 0.2 s\n"
        )
        print("what | times | runs | datasets | compared with the undisturbed run", flush=True)
        shards = (".", "--shard", "1/2"), (".", "--shard", "2/2")
        cached = ("one", "--memory", "heard"), ("two", "--memory", "heard")
        for row in (
            lambda: disturbed(place, "SIGKILL", signal.SIGKILL, given.kills, (".",)),
            lambda: disturbed(place, "SIGKILL, --jobs 2", signal.SIGKILL, few, (".", "--jobs", "2")),
            lambda: disturbed(place, "SIGKILL, two shards in one folder", signal.SIGKILL, 2 * few, *shards),
            lambda: disturbed(place, "SIGINT", signal.SIGINT, few, (".",)),
            lambda: disturbed(place, "SIGTERM", signal.SIGTERM, few, (".",)),
            lambda: disturbed(place, "SIGKILL, two runs on one cache", signal.SIGKILL, few, *cached),
            lambda: killed_workers(place, few),
            lambda: full_disk(place),
        ):
            print(" | ".join(row()), flush=True)


if __name__ == "__main__":
    main()
