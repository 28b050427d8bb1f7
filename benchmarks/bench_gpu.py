"""Clips per second of the batched analysis, against the CPU path and the STFTs of torchaudio and nnAudio.

Run ``python benchmarks/bench_gpu.py`` on a machine with a GPU and ``gtzanfeat[gpu]``; ``--backend numpy``
runs the same code without one. Clips are arrays, so that nothing is decoded. The columns:

path      the CPU path with one worker, ``extract(clips, set)``
batched   ``extract(clips, set, array_backend=...)``, transfer and all
device    the analysis of a batch that is on the device, without the way there and back
there     the way of the samples of all clips to the device; none on numpy
STFT      power spectra of the same frames by torchaudio or nnAudio, where they are installed, on the device
          that torch finds
limit     the share of the memory-bandwidth limit that `device` reaches: the time in which the samples, the
          frames and their spectra would be read and written once at the speed of a copy, over its time

Contestants take turns, and the best of the rounds counts.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

from gtzanfeat import extract, feature_set
from gtzanfeat.array_backend import ArrayBackend, array_backend
from gtzanfeat.array_features import padded
from gtzanfeat.extraction.array_analysis import ArrayAnalysis, is_summarised

MOST_ON_PATH = 64  # clips by which the speed of the CPU path is measured: more would not be faster
COPY_BYTES = 1 << 28  # copied to measure the bandwidth


def best(function: Callable[[], object], backend: ArrayBackend, rounds: int) -> float:
    """Seconds of the fastest of some rounds, the device having finished."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        backend.synchronise()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def bandwidth(backend: ArrayBackend) -> float:
    """Bytes per second that a copy on the device reads and writes."""
    xp = backend.xp
    array = xp.ones(COPY_BYTES // 4, dtype=xp.float32)
    return 2 * COPY_BYTES / best(lambda: xp.asarray(array, copy=True), backend, 5)


def least_bytes(n_samples: int, length: int, hop: int) -> int:
    """Bytes of the samples, frames, windowed frames, spectra and powers of a clip, written and read once."""
    n_frames = n_samples // hop
    per_frame = 4 * (2 * length + 3 * (length // 2 + 1))
    return 4 * n_samples + 2 * n_frames * per_frame


def torch_stfts(length: int, hop: int) -> dict[str, Callable[[np.ndarray], Callable[[], object]]]:
    """The STFTs of torchaudio and nnAudio that are installed, each made ready for some samples."""
    found: dict[str, Callable[[np.ndarray], Callable[[], object]]] = {}
    try:
        import torch
    except ImportError:
        return found
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def ready(transform: Callable[[object], object]) -> Callable[[np.ndarray], Callable[[], object]]:
        def of(samples: np.ndarray) -> Callable[[], object]:
            there = torch.asarray(samples, device=device)

            def run() -> None:
                transform(there)
                if device == "cuda":
                    torch.cuda.synchronize()

            return run

        return of

    try:
        from torchaudio.transforms import Spectrogram

        found["torchaudio"] = ready(Spectrogram(length, hop_length=hop, center=False).to(device))
    except ImportError:
        pass
    try:
        from nnAudio.features import STFT

        nn = STFT(length, hop_length=hop, center=False, output_format="Magnitude", verbose=False)
        found["nnAudio"] = ready(nn.to(device))
    except ImportError:
        pass
    return found


def on_device(analysis: ArrayAnalysis, clips: list[np.ndarray]) -> Callable[[], object]:
    """The analysis of clips whose samples have been taken to the device before."""
    there = analysis.backend.to_device(padded(clips))
    ends = np.array([len(clip) for clip in clips], dtype=np.int64)
    return lambda: analysis.compute(there, ends)


def measure(options: argparse.Namespace, backend: ArrayBackend) -> None:
    chosen = feature_set(options.set)
    items = [item for item in chosen.items if is_summarised(item, chosen.rate)]
    framing = items[0].framing
    n_samples = round(options.seconds * chosen.rate)
    noise = np.random.default_rng(0).standard_normal((32, n_samples)).astype(np.float32) * np.float32(0.1)
    analysis = ArrayAnalysis([], chosen.rate, backend, items)
    stfts = torch_stfts(framing.length, framing.hop)
    speed = bandwidth(backend)
    print(f"{backend.version}; {chosen.name}, clips of {options.seconds:g} s; a copy: {speed / 1e9:.0f} GB/s")
    missing = {"torchaudio", "nnAudio"} - stfts.keys()
    if missing:
        print(f"not installed: {', '.join(sorted(missing))}")
    heads = ["clips", "path /s", "batched /s", "ratio", "device /s", "there ms", "limit", *stfts]
    print("  ".join(f"{head:>10}" for head in heads))
    for n in options.clips:
        clips = [noise[i % len(noise)] for i in range(n)]
        batch = clips[: options.at_a_time]
        share = len(batch)
        few = clips[:MOST_ON_PATH]
        path = best(lambda few=few: extract(few, chosen), backend, options.rounds) * n / len(few)
        batched = best(
            lambda clips=clips: extract(clips, chosen, array_backend=backend), backend, options.rounds
        )
        device = best(on_device(analysis, batch), backend, options.rounds) / share
        rows = padded(batch)
        there = best(lambda rows=rows: backend.to_device(rows), backend, options.rounds) / share
        least = least_bytes(n_samples, framing.length, framing.hop) / speed
        cells = [f"{n}", f"{n / path:.0f}", f"{n / batched:.0f}", f"{path / batched:.2f}"]
        cells += [f"{1 / device:.0f}", f"{1e3 * n * there:.2f}", f"{least / device:.0%}"]
        for stft in stfts.values():
            cells.append(f"{share / best(stft(rows), backend, options.rounds):.0f} /s")
        print("  ".join(f"{cell:>10}" for cell in cells), flush=True)


def main() -> None:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--backend", default="cupy", choices=["cupy", "numpy"])
    parser.add_argument("--set", default="timbre19", help="the feature set")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-a-time", type=int, default=256, help="clips in the batch that `device` takes")
    parser.add_argument(
        "--clips",
        type=lambda words: [int(word) for word in words.split(",")],
        default=[4**i for i in range(7)],
        help="numbers of clips, 1 to 4096 by default",
    )
    options = parser.parse_args()
    measure(options, array_backend(options.backend))


if __name__ == "__main__":
    main()
