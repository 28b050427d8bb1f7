"""A few short recordings and the datasets made of them, for tests of `gtzanfeat.export.dataset`."""

import os
import signal
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from signals import RATE, tone, white_noise

from gtzanfeat import load_dataset

SET = "timbre19"


def write_music(folder):
    """Write eight recordings of two classes, two of them broken and one a copy; return their table."""
    for label in ("hiss", "hum"):
        Path(folder, label).mkdir(parents=True)
    for i in range(3):
        soundfile.write(Path(folder, "hiss", f"{i}.wav"), white_noise(0.2, random_state=i), RATE)
    loud = np.rint(32767 * tone(440, 0.2, amplitude=1.0)).astype(np.int16)
    soundfile.write(Path(folder, "hum", "0.wav"), loud, RATE)
    soundfile.write(Path(folder, "hum", "1.wav"), np.zeros((5000, 2)), 44100)
    Path(folder, "hum", "2.wav").write_text("no sound")
    Path(folder, "hum", "3.wav").write_bytes(Path(folder, "hiss", "1.wav").read_bytes())
    Path(folder, "hum", "4.wav").write_bytes(Path(folder, "hiss", "2.wav").read_bytes()[:6000])
    return load_dataset(folder)


def features_of(folder):
    """Return the rows of features of a dataset."""
    return pd.read_parquet(Path(folder, "features"))


def ledger_of(folder):
    """Return the ledger of a dataset, without what depends on time."""
    return pd.read_parquet(Path(folder, "ledger")).drop(columns=["seconds_spent", "mtime_ns"])


def is_the_same(folder, other):
    """Whether two datasets have the same rows, in features and ledger, and nothing is left over."""
    pd.testing.assert_frame_equal(features_of(folder), features_of(other))
    pd.testing.assert_frame_equal(ledger_of(folder), ledger_of(other))
    assert sorted(os.listdir(folder)) == ["dataset.json", "features", "inputs.parquet", "ledger"]
    assert set(os.listdir(Path(folder, "features"))) == set(os.listdir(Path(folder, "ledger")))


def in_a_process_of_its_own(act):
    """Call a function in a copy of this process; return how that ended, negative for a signal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python 3.12, about copies of processes with threads
        child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(1)  # not by way of pytest
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(owner, name, count, *, after):
    """Replace a function by one that kills this process at its call of that number."""
    function, calls = getattr(owner, name), []

    def deadly(*args, **how):
        calls.append(args)
        if len(calls) == count and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **how)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
