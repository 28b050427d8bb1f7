"""Golden values: the numbers of every feature set on a few synthetic signals, and the sets' hashes.

Run ``python tests/golden/make_golden.py`` to see what has changed, and with ``--write`` to accept it. A
change of numbers under an old name breaks every table that was made with it: give the set a new name.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS

VALUES = Path(__file__).parent / "values.parquet"
HASHES = Path(__file__).parent / "hashes.json"
# what Marsyas' own program prints for signals that the tests of marsyas124 make, and how far each of its
# columns varies over these and twelve clips of music: not ours to write
BEXTRACT = Path(__file__).parent / "bextract.csv"
RATE = 22050


def beats():
    """Five seconds of decaying noise bursts, 120 to the minute."""
    t = np.arange(5 * RATE) / RATE
    return 0.3 * np.random.default_rng(1).standard_normal(len(t)) * np.exp(-30 * (t % 0.5))


def tune():
    """Four seconds of I-IV-V-I in plain harmonic tones."""
    t = np.arange(RATE) / RATE
    chords = [(48, 60, 64, 67), (53, 65, 69, 72), (55, 67, 71, 74), (48, 60, 64, 67)]
    hz = [[440 * 2 ** ((note - 69) / 12) for note in chord] for chord in chords]
    return np.concatenate(
        [sum(0.05 / h * np.sin(2 * np.pi * h * f * t) for f in c for h in range(1, 8)) for c in hz]
    )


def noise():
    """Three seconds of white noise with a quiet middle."""
    samples = 0.1 * np.random.default_rng(2).standard_normal(3 * RATE)
    samples[RATE : 2 * RATE] *= 0.05
    return samples


SIGNALS = {"beats": beats, "tune": tune, "noise": noise}


def golden_values():
    """Some hundred numbers of every set on every signal: a table of signal, set, column, value."""
    rows = []
    for signal, make in SIGNALS.items():
        samples = make()
        for name, chosen in FEATURE_SETS.items():
            values = extract([samples], chosen).values[0]
            step = 1 + len(chosen.columns) // 200
            rows += [(signal, name, chosen.columns[i], values[i]) for i in range(0, len(values), step)]
    return pd.DataFrame(rows, columns=["signal", "set", "column", "value"])


def main():
    write = "--write" in sys.argv[1:]
    keys = ["signal", "set", "column"]
    now = golden_values()
    before = pd.read_parquet(VALUES) if VALUES.exists() else now.iloc[:0]
    both = before.merge(now, on=keys, how="outer", suffixes=("_before", "_now"))
    same = np.isclose(both["value_before"], both["value_now"], rtol=1e-3, atol=1e-4)
    print(both[~same].to_string() if not same.all() else "no value has changed")
    hashes = {name: chosen.spec_hash for name, chosen in FEATURE_SETS.items()}
    old = json.loads(HASHES.read_text()) if HASHES.exists() else {}
    for name in sorted(set(hashes) | set(old)):
        if old.get(name) != hashes.get(name):
            print(f"hash of {name}: {old.get(name)} -> {hashes.get(name)}")
    if write:
        now.to_parquet(VALUES, index=False)
        HASHES.write_text(json.dumps(hashes, indent=1) + "\n")


if __name__ == "__main__":
    main()
