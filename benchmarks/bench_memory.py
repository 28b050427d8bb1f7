"""Peak memory of a clip by its length: 30 seconds, 10 minutes and an hour of every feature set.

Run ``python benchmarks/bench_memory.py`` (about twenty minutes; ``compact full`` for two sets). It makes its
own recordings, 22050 Hz and mono, in a temporary folder. Each number is the largest resident set of a process
of its own, in MB: of 30 seconds as it is, of the longer ones what they add to that.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench_speed import RUN, child, make_clip

from gtzanfeat.feature_sets import FEATURE_SETS

SECONDS = (30, 600, 3600)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", help="feature sets; all where none is given")
    parser.add_argument("--minutes", type=int, default=60, help="length of the longest recording")
    arguments = parser.parse_args()
    lengths = sorted({seconds for seconds in SECONDS if seconds < 60 * arguments.minutes})
    lengths.append(60 * arguments.minutes)
    with tempfile.TemporaryDirectory() as folder:
        clips = [Path(folder) / f"{seconds}.wav" for seconds in lengths]
        for clip, seconds in zip(clips, lengths, strict=True):
            make_clip(clip, seconds)
        print("feature set      " + "".join(f"{seconds:>8} s" for seconds in lengths) + "   (MB)")
        for name in arguments.sets or FEATURE_SETS:
            peaks = [float(child(RUN.format(path=clip, name=name)).split()[1]) for clip in clips]
            grown = "".join(f"{peak - peaks[0]:+10.0f}" for peak in peaks[1:])
            print(f"{name:<17}{peaks[0]:>10.0f}{grown}", flush=True)


if __name__ == "__main__":
    main()
