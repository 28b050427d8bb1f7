"""Recordings for the benchmarks, composed by a formula: chords that are struck, and a beat of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 22050


def make_clip(path: Path, seconds: float) -> None:
    """Enough like music to keep every kernel busy, in 16 bits, of any length."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        done = 0
        while done < seconds * RATE:
            t = (done + np.arange(min(10 * RATE, round(seconds * RATE) - done))) / RATE
            beat = t % 0.5
            chord = np.array([(0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)])[(t / 2).astype(int) % 4]
            notes = 220 * 2 ** (chord / 12)
            struck = sum(np.sin(2 * np.pi * h * notes[:, i] * t) / h for i in range(3) for h in range(1, 9))
            samples = 0.08 * struck * np.exp(-3 * beat) + 0.2 * rng.standard_normal(len(t)) * np.exp(
                -40 * beat
            )
            file.write(np.clip(samples, -1, 1))
            done += len(t)
