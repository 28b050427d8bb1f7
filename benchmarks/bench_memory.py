"""Peak memory of a clip by its length: 30 seconds, 10 minutes and an hour of every feature set.

Run ``python benchmarks/bench_memory.py`` (about twenty minutes; ``compact full`` for two sets, ``--quick``
without the middle length). It makes its own recordings, 22050 Hz and mono, in a temporary folder. Each number
is the largest resident set of a process of its own, in MB: of 30 seconds as it is, of the longer ones what
they add to that.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import stopwatch

stopwatch.one_thread()

from clips_to_measure import make_clip
from stopwatch import Record

from gtzanfeat.feature_sets import FEATURE_SETS

SECONDS = (30, 600, 3600)

# not getrusage, whose peak is inherited from the process that started this one
RUN = """
from pathlib import Path
from gtzanfeat.extraction import extract
extract([{path!r}], {name!r})
print(Path("/proc/self/status").read_text())
"""


def peak(path: Path, name: str) -> float:
    """Largest resident set, in MB, of a process that extracts one feature set from one recording."""
    code = RUN.format(path=str(path), name=name)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    found = re.search(r"VmHWM:\s+(\d+)", done.stdout)
    return int(found[1]) / 1024 if found else float("nan")


def main() -> None:
    parser = stopwatch.arguments_of(__doc__)
    parser.add_argument("sets", nargs="*", help="feature sets; all where none is given")
    parser.add_argument("--minutes", type=int, default=60, help="length of the longest recording")
    arguments = parser.parse_args()
    lengths = sorted({seconds for seconds in SECONDS if seconds < 60 * arguments.minutes})
    lengths = [30, 60 * arguments.minutes] if arguments.quick else [*lengths, 60 * arguments.minutes]
    record = Record()
    print(stopwatch.processor())
    record.title("Peak memory by the length of a clip: of 30 s, and what longer ones add to it")
    with tempfile.TemporaryDirectory() as folder:
        clips = [Path(folder) / f"{seconds}.wav" for seconds in lengths]
        for clip, seconds in zip(clips, lengths, strict=True):
            make_clip(clip, seconds)
        for name in arguments.sets or FEATURE_SETS:
            first, *others = (peak(clip, name) for clip in clips)
            record.row(f"{name}: {lengths[0]} s", first, "MB")
            for seconds, other in zip(lengths[1:], others, strict=True):
                record.row(f"{name}: {seconds} s", other - first, "MB", "more than 30 s", "at most 150 MB")
    if arguments.json:
        record.write(arguments.json)


if __name__ == "__main__":
    main()
