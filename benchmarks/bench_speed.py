"""What extraction costs, as ratios measured in one run.

Run ``python benchmarks/bench_speed.py`` (about four minutes; ``--quick`` for two). It makes its own clip of
30 seconds at 22050 Hz; with ``--clip FILE`` it takes another, and ``--json FILE`` writes what it prints. One
thread except where it says two, everything warm except where it says empty, decoding included. Contestants
take turns, and the best of many rounds counts: on a shared machine read the ratios, not the milliseconds.
Peers are taken where they are installed (``pip install '.[bench]'``). Files of other kinds are in
``bench_files``, memory is in ``bench_memory``, transforms alone are in ``bench_fft``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import stopwatch

stopwatch.one_thread()

import joblib
import numpy as np
import scipy.fft
import soundfile
from clips_to_measure import make_clip
from librosa_full import librosa_full
from peers import decode, installed_peers, librosa_parts, librosa_table, librosa_timbre
from stopwatch import Record, best_of

SECTIONS = ("classic", "sets", "peers", "workers", "start")


# --- floors: what nobody can do without -----------------------------------------------------------------


def decode_int16(path: Path) -> np.ndarray:
    """The samples by way of 16-bit integers, which is five times cheaper for files of that width."""
    return soundfile.read(path, dtype="int16")[0] * np.float32(1 / 32768)


def strided(samples: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Frames as a view."""
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]


def in_blocks(frames: np.ndarray, size: int, n_frames: int = 64) -> None:
    """Transform frames in blocks that stay in cache."""
    for start in range(0, len(frames), n_frames):
        scipy.fft.rfft(frames[start : start + n_frames], size, axis=-1)


def timbre_floor(path: Path) -> None:
    """Decode, frame, and transform the frames that timbre19 transforms."""
    in_blocks(strided(decode_int16(path), 512, 512), 512)


def all_floor(path: Path, pitch_length: int) -> None:
    """Decode, and every transform that all 30 columns need: timbre, two channels there and back, beats."""
    samples = decode_int16(path)
    in_blocks(strided(samples, 512, 512), 512)
    frames = strided(samples, pitch_length, 512)
    for _ in range(2):
        in_blocks(frames, 2 * pitch_length)
    spectra = np.ones((64, pitch_length + 1), dtype=np.complex64)
    for start in range(0, len(frames), 64):
        scipy.fft.irfft(spectra[: len(frames) - start], 2 * pitch_length, axis=-1)
    envelope, spectrum = np.ones((1, 4096), dtype=np.float32), np.ones((1, 4097), dtype=np.complex64)
    for _ in strided(samples, 65536, 32768):
        scipy.fft.rfft(envelope, 8192, axis=-1)
        scipy.fft.irfft(spectrum, 8192, axis=-1)


# --- sections ---------------------------------------------------------------------------------------------


def classic(record: Record, clip: Path, rounds: int) -> None:
    """The vector of 2002 and its parts, against floors and librosa."""
    from gtzanfeat.extraction import extract

    names = ("timbre19", "rhythm6", "pitch5", "tzanetakis2002", "classic30", "marsyas64")
    best = best_of(
        {
            "decode as float32": lambda: decode(clip),
            "decode by way of int16": lambda: decode_int16(clip),
            "floor of timbre19": lambda: timbre_floor(clip),
            "floor of tzanetakis2002": lambda: all_floor(clip, 512),
            "floor of classic30": lambda: all_floor(clip, 1024),
            **{name: lambda name=name: extract([clip], name) for name in names},
            "librosa, the features of timbre19": lambda: librosa_timbre(clip),
        },
        rounds,
        in_a_row=3,
    )
    record.title(f"The vector of 2002, one 30-s clip, one thread, warm, decoding included (best of {rounds})")
    record.milliseconds(best)
    record.ratio(
        "timbre19", best["timbre19"] / best["floor of timbre19"], "decode (int16) + rfft", "at most 1.3"
    )
    for name, asked in (("tzanetakis2002", 1.3), ("classic30", 1.2)):
        record.ratio(
            name, best[name] / best[f"floor of {name}"], "decode (int16) + all transforms", f"at most {asked}"
        )
    librosa = best["librosa, the features of timbre19"]
    record.ratio("librosa, one shared spectrogram", librosa / best["timbre19"], "timbre19", "at least 5")


def sets(record: Record, clip: Path, rounds: int) -> None:
    """The large sets, against librosa where it has the columns."""
    from gtzanfeat.declarations import Framing
    from gtzanfeat.extraction import extract
    from gtzanfeat.feature_sets import FeatureItem, FeatureSet, feature_set

    patterns = FeatureSet(
        "patterns", "", tuple(item for name in ("ssd", "rp", "rh") for item in feature_set(name).items)
    )
    harmonic = Framing(512, 512, stream="harmonic")
    parts = FeatureSet("parts", "", (FeatureItem("rms", harmonic, summary="mean"),))
    names = ("librosa57", "tempo", "tonal", "mfcc", "compact", "full", "broad", "block-level")
    best = best_of(
        {
            **{name: lambda name=name: extract([clip], name) for name in names},
            "ssd + rp + rh": lambda: extract([clip], patterns),
            "RMS of the harmonic part": lambda: extract([clip], parts),
        },
        max(3, rounds // 6),
        in_a_row=3,
    )
    best |= best_of(
        {
            "librosa table": lambda: librosa_table(clip),
            "librosa full": lambda: librosa_full(clip),
            "librosa hpss": lambda: librosa_parts(clip),
        },
        max(3, rounds // 10),
    )
    record.title("Larger sets, one 30-s clip")
    record.milliseconds(best)
    for what, who, whose, asked in (
        ("librosa, as tutorials write the table", "librosa table", "librosa57", "at least 30"),
        ("librosa, of the set full what it has", "librosa full", "full", "at least 12"),
        ("librosa.effects.hpss", "librosa hpss", "RMS of the harmonic part", ""),
        ("broad", "broad", "full", "at most 2"),
    ):
        record.ratio(what, best[who] / best[whose], whose, asked)


def peers(record: Record, clip: Path, rounds: int) -> None:
    """Other libraries, each against the set that is nearest to what it computes."""
    from gtzanfeat.extraction import extract

    record.title("Other libraries, one 30-s clip")
    others = installed_peers()
    near = dict.fromkeys(name for _, name in others.values())
    best = best_of(
        {
            **{name: lambda name=name: extract([clip], name) for name in near},
            **{name: lambda run=run: run(clip) for name, (run, _) in others.items()},
        },
        max(3, rounds // 10),
    )
    record.milliseconds(best)
    for name, (_, ours) in others.items():
        record.ratio(name, best[name] / best[ours], ours)


def workers(record: Record, clip: Path, rounds: int) -> None:
    """What a second worker gives."""
    from gtzanfeat.extraction import extract

    record.title("Two workers on 48 clips; nothing else may run beside it")
    clips = [clip] * 48
    for name in ("timbre19", "classic30"):

        def run(name: str = name, n_jobs: int = 1, backend: str = "threading") -> None:
            with joblib.parallel_config(backend=backend):
                extract(clips, name, n_jobs=n_jobs)

        best = best_of(
            {
                "one": run,
                "threads": lambda: run(n_jobs=2),
                "processes": lambda: run(n_jobs=2, backend="loky"),
            },
            max(4, rounds // 10),
        )
        for kind in ("threads", "processes"):
            record.ratio(
                f"{name}: two {kind}", best["one"] / best[kind], "the speed of one worker", "at least 1.9"
            )


def child(code: str, **environment: str) -> None:
    """Run `code` in a process of its own, which then leaves at once: what ends it is not counted."""
    code += "; import os; os._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **environment})


def seconds_of(code: str, rounds: int) -> float:
    """Seconds that a fresh interpreter takes for `code`, less what it takes for nothing."""
    times = best_of({"nothing": lambda: child("pass"), "code": lambda: child(code)}, rounds)
    return (times["code"] - times["nothing"]) / 1000


def start(record: Record, clip: Path, rounds: int) -> None:
    """From the start of a process to the first vector, with kernels compiled before and not."""
    imports = max(10, rounds // 2)
    record.title("Start of a process, less that of an empty one")
    numpy_seconds = seconds_of("import numpy", imports)
    record.row("import numpy", numpy_seconds, "s")
    record.ratio(
        "import gtzanfeat", seconds_of("import gtzanfeat", imports) / numpy_seconds, "import numpy", "below 2"
    )
    for name in ("timbre19", "classic30", "compact"):
        code = f"from gtzanfeat.extraction import extract; extract([{str(clip)!r}], {name!r})"
        seconds = seconds_of(code, 5)
        record.row(f"first vector of {name}, kernels compiled before", seconds, "s", "", "at most 0.5")
        with tempfile.TemporaryDirectory() as empty:
            began = time.perf_counter()
            child(code, NUMBA_CACHE_DIR=empty)
            taken = time.perf_counter() - began
        record.row(f"first vector of {name}, from an empty cache", taken, "s", "", "at most 6")


def main() -> None:
    parser = stopwatch.arguments_of(__doc__)
    parser.add_argument("--clip", type=Path, help="a 30-second clip to use instead of the composed one")
    parser.add_argument(
        "--only", default=",".join(SECTIONS), metavar="A,B", help=f"of {','.join(SECTIONS)}; default all"
    )
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}; known: {', '.join(SECTIONS)}")
    record = Record()
    print(stopwatch.processor())
    with tempfile.TemporaryDirectory() as folder:
        clip = arguments.clip or Path(folder) / "clip.wav"
        if arguments.clip is None:
            make_clip(clip, 30)
        for name in chosen:
            globals()[name](record, clip, 15 if arguments.quick else 60)
    if arguments.json:
        record.write(arguments.json)


if __name__ == "__main__":
    main()
