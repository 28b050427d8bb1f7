"""What the benchmarks share: contestants that take turns, results as ratios of one run, two runs compared.

The benchmarks that use it print their ratios and, with ``--json FILE``, write them with the processor and the
versions of the libraries; ``python benchmarks/stopwatch.py OLD NEW`` prints two such files side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RATE = 22050


def one_thread() -> None:
    """Let BLAS and OpenMP start one thread; asked before NumPy is imported by those who measure."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def processor() -> str:
    """The name of the processor, and the widest vector instructions that it has."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    told = {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())
    }
    flags = told.get("flags", "").split()
    wide = next((name for name in ("avx512f", "avx2", "sse2") if name in flags), "")
    return f"{told.get('model name', platform.machine())}, {os.cpu_count()} cores, {wide}".rstrip(", ")


def best_of(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    in_a_row: int = 1,
) -> dict[str, float]:
    """Milliseconds: everyone so often `in_a_row` per round, the best of all runs of each.

    `clock` may be that of the thread. In a row, a run finds in cache what the one before has left there, as
    it does in a collection.
    """
    for run in contestants.values():
        run()
    best = dict.fromkeys(contestants, np.inf)
    for _ in range(rounds):
        for name, run in contestants.items():
            for _ in range(in_a_row):
                start = clock()
                run()
                best[name] = min(best[name], 1e3 * (clock() - start))
    return best


@dataclass
class Record:
    """The ratios of one run, printed as they are found.

    Parameters
    ----------
    rows : list of dict
        What was found: `what`, `value`, `unit` ("x" of a ratio), `reference`, `asked`.
    """

    rows: list[dict[str, object]] = field(default_factory=list)

    def title(self, text: str) -> None:
        """Print what the next rows are about."""
        print(f"\n{text}")

    def milliseconds(self, best: Mapping[str, float]) -> None:
        """Print how long each contestant took."""
        for name, ms in best.items():
            self.row(name, ms, "ms")

    def row(self, what: str, value: float, unit: str, reference: str = "", asked: str = "") -> None:
        """Print one number, and keep it."""
        print(f"  {what:<56} {value:9.2f} {unit:<2}  {reference:<38} {asked}".rstrip(), flush=True)
        self.rows.append(
            {"what": what, "value": round(value, 4), "unit": unit, "reference": reference, "asked": asked}
        )

    def ratio(self, what: str, value: float, reference: str, asked: str = "") -> None:
        """Print how many times `reference` something is."""
        self.row(what, value, "x", reference, asked)

    def write(self, path: Path) -> None:
        """Write what was found, with the processor and the versions."""
        from gtzanfeat.version import versions

        known = versions("numpy", "scipy", "numba", "librosa", "soundfile", "soxr")
        document = {"processor": processor(), "versions": known, "rows": self.rows}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def arguments_of(doc: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here, too")
    return parser


def compare(old: Path, new: Path) -> None:
    """Print two runs side by side."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in (old, new)]
    for path, run in zip((old, new), runs, strict=True):
        print(f"{path}: {run['processor']}; {run['versions']}")
    if runs[0]["processor"] != runs[1]["processor"]:
        print("different processors: only ratios (x) say something")
    before, after = ({(row["what"], row["reference"]): row for row in run["rows"]} for run in runs)
    for key in dict.fromkeys([*before, *after]):
        values = [run[key]["value"] if key in run else float("nan") for run in (before, after)]
        unit = (after.get(key) or before[key])["unit"]
        print(f"  {key[0]:<56} {values[0]:9.2f} {values[1]:9.2f} {unit:<2}  {key[1]}".rstrip())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    compare(Path(sys.argv[1]), Path(sys.argv[2]))
