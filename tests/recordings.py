"""Real recordings, which are never committed: tests that listen to them are skipped where they are not.

They stand beside the repository, in ``shared/data``; `GTZAN100` is ten clips of each genre of GTZAN, with a
manifest, and with tapped tempi and annotated keys; `INSTRUMENTS` is single notes of 15
instruments, whose names tell the pitch.
"""

from pathlib import Path

import pytest

GTZAN100 = Path(__file__).parents[2] / "shared" / "data" / "gtzan100"

INSTRUMENTS = Path(__file__).parents[2] / "shared" / "data" / "instruments"

needs_gtzan100 = pytest.mark.skipif(
    not GTZAN100.is_dir(), reason="the recordings of shared/data/gtzan100 are not beside the repository"
)
needs_instruments = pytest.mark.skipif(
    not INSTRUMENTS.is_dir(), reason="the recordings of shared/data/instruments are not beside the repository"
)
