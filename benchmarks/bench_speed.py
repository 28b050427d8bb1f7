"""What extraction costs, as ratios measured in one run.

Run ``python benchmarks/bench_speed.py`` (about two minutes; ``--quick`` for half a minute). It makes its own
30-second 22050-Hz clip; with ``--clip FILE`` it takes another. One thread except where it says two,
everything warm except where it says cold, decoding included. Contestants take turns, and the best of many
rounds counts: on a shared machine read the ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import joblib
import numpy as np
import scipy.fft
import soundfile

RATE = 22050


def make_clip(path: Path, seconds: float) -> None:
    """Struck chords, a bass and a noise beat: enough like music to keep every kernel busy."""
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


# --- the contestants ----------------------------------------------------------------------------------


def decode(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


def strided(samples: np.ndarray, length: int, hop: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]


def in_blocks(frames: np.ndarray, size: int, n_frames: int = 64) -> None:
    for start in range(0, len(frames), n_frames):
        scipy.fft.rfft(frames[start : start + n_frames], size, axis=-1)


def timbre_floor(path: Path) -> None:
    """Decode, frame, and transform the frames that timbre19 transforms."""
    in_blocks(strided(decode(path), 512, 512), 512)


def all_floor(path: Path, pitch_length: int) -> None:
    """Decode, and every transform that all 30 columns need: timbre, two channels there and back, beats."""
    samples = decode(path)
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


def librosa_timbre(path: Path) -> np.ndarray:
    """The same features with librosa, one spectrogram shared by all; without texture windows."""
    import librosa

    samples = decode(path)
    spectrum = np.abs(librosa.stft(samples, n_fft=512, hop_length=512, window="hamming", center=False))
    power = spectrum**2
    mel = librosa.feature.melspectrogram(
        S=power, sr=RATE, n_fft=512, n_mels=40, fmin=133.3333, fmax=6853.84, norm="slaney"
    )
    normed = librosa.util.normalize(spectrum, norm=2, axis=0)
    tracks = [
        librosa.feature.spectral_centroid(S=spectrum, sr=RATE),
        librosa.feature.spectral_rolloff(S=spectrum, sr=RATE, roll_percent=0.85),
        (np.diff(normed, axis=1) ** 2).sum(axis=0),
        librosa.feature.zero_crossing_rate(samples, frame_length=512, hop_length=512, center=False),
        librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=6),
        librosa.feature.rms(y=samples, frame_length=512, hop_length=512, center=False),
    ]
    return np.concatenate([[track.mean(), track.var()] for track in tracks])


def librosa_table(path: Path) -> list[float]:
    """The 57 columns of features_30_sec.csv, as tutorials write them: every feature from the samples."""
    import librosa

    samples = decode(path)
    harmonic, percussive = librosa.effects.hpss(samples)
    tempo, _ = librosa.beat.beat_track(y=samples, sr=RATE)
    tracks = [
        librosa.feature.chroma_stft(y=samples, sr=RATE),
        librosa.feature.rms(y=samples),
        librosa.feature.spectral_centroid(y=samples, sr=RATE),
        librosa.feature.spectral_bandwidth(y=samples, sr=RATE),
        librosa.feature.spectral_rolloff(y=samples, sr=RATE),
        librosa.feature.zero_crossing_rate(samples),
        harmonic,
        percussive,
        *librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=20),
    ]
    return [float(np.squeeze(tempo)), *(moment for track in tracks for moment in (track.mean(), track.var()))]


def librosa_parts(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import librosa

    return librosa.effects.hpss(decode(path))


# --- the stopwatch ------------------------------------------------------------------------------------


def best_of(contestants: dict, rounds: int) -> dict[str, float]:
    """Milliseconds: everyone once per round, the best round of each."""
    for run in contestants.values():
        run()
    best = dict.fromkeys(contestants, np.inf)
    for _ in range(rounds):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


def child(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout.strip()


def seconds_of(code: str, rounds: int, **environment: str) -> float:
    """Seconds that a fresh interpreter takes for `code`, less what it takes for nothing."""
    times = {"pass": np.inf, code: np.inf}
    for _ in range(rounds):
        for line in times:
            start = time.perf_counter()
            child(line, **environment)
            times[line] = min(times[line], time.perf_counter() - start)
    return times[code] - times["pass"]


RUN = """
import re, time
from pathlib import Path
import numpy as np
from gtzanfeat.extraction import extract
extract([np.zeros(70000)], "{name}")
start = time.perf_counter()
extract(["{path}"], "{name}")
taken = time.perf_counter() - start
# not getrusage, whose peak is inherited from the process that started this one
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(taken, int(peak[1]) / 1024 if peak else float("nan"))
"""

CLIP = "from gtzanfeat.extraction import extract; extract(['{path}'], 'classic30')"


def show(what: str, value: float, reference: str, target: str = "") -> None:
    print(f"{what:<58} {value:8.2f} x  {reference:<34} {target}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path, help="a 30-second clip to use instead of the synthetic one")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no 60-minute recording")
    arguments = parser.parse_args()
    rounds = 15 if arguments.quick else 60

    from librosa_full import librosa_full

    from gtzanfeat.codebooks.vector_quantisation import assign
    from gtzanfeat.declarations import Framing
    from gtzanfeat.extraction import extract
    from gtzanfeat.feature_sets import FeatureItem, FeatureSet, feature_set

    with tempfile.TemporaryDirectory() as folder:
        clip = arguments.clip or Path(folder) / "clip.wav"
        if arguments.clip is None:
            make_clip(clip, 30)

        best = best_of(
            {
                "decode": lambda: decode(clip),
                "decode int16": lambda: soundfile.read(clip, dtype="int16"),
                "floor timbre": lambda: timbre_floor(clip),
                "floor paper": lambda: all_floor(clip, 512),
                "floor robust": lambda: all_floor(clip, 1024),
                "timbre19": lambda: extract([clip], "timbre19"),
                "rhythm6": lambda: extract([clip], "rhythm6"),
                "pitch5": lambda: extract([clip], "pitch5"),
                "tzanetakis2002": lambda: extract([clip], "tzanetakis2002"),
                "classic30": lambda: extract([clip], "classic30"),
                "marsyas64": lambda: extract([clip], "marsyas64"),
                "librosa timbre": lambda: librosa_timbre(clip),
            },
            rounds,
        )
        print("milliseconds per 30-s clip, one thread, warm, decoding included (best of", rounds, "rounds)")
        for name, ms in best.items():
            print(f"  {name:<16} {ms:8.2f}")
        print()
        show("timbre19", best["timbre19"] / best["floor timbre"], "decode + frames + rfft", "at most 2.5")
        show("librosa, same features", best["librosa timbre"] / best["timbre19"], "timbre19", "at least 3")
        show(
            "tzanetakis2002",
            best["tzanetakis2002"] / best["floor paper"],
            "decode + all transforms",
            "at most 3",
        )
        show("classic30", best["classic30"] / best["floor robust"], "decode + all transforms", "at most 3")

        patterns = FeatureSet(
            "patterns", "", tuple(item for name in ("ssd", "rp", "rh") for item in feature_set(name).items)
        )
        words = np.random.default_rng(0).standard_normal((512, 13)).astype(np.float32)
        cepstra = np.random.default_rng(1).standard_normal((1291, 13)).astype(np.float32)
        frames = strided(decode(clip), 512, 512)
        later = best_of(
            {
                "SSD + RP + RH": lambda: extract([clip], patterns),
                "tempo": lambda: extract([clip], "tempo"),
                "tonal": lambda: extract([clip], "tonal"),
                "mfcc": lambda: extract([clip], "mfcc"),
                "512 words": lambda: assign(cepstra, words, "hard", 0),
                "STFT 512": lambda: in_blocks(frames, 512),
            },
            rounds,
        )
        whole = best_of(
            {
                "compact": lambda: extract([clip], "compact"),
                "full": lambda: extract([clip], "full"),
                "broad": lambda: extract([clip], "broad"),
                "block-level": lambda: extract([clip], "block-level"),
                "librosa full": lambda: librosa_full(clip),
            },
            max(3, rounds // 10),
        )
        later |= whole
        print()
        for name, ms in later.items():
            print(f"  {name:<16} {ms:8.2f}")
        print()
        show("SSD + RP + RH", later["SSD + RP + RH"] / best["decode"], "decode as float32", "at most 60")
        show("  the same", later["SSD + RP + RH"] / best["decode int16"], "decode as int16")
        show(
            "librosa, of the set full what it has",
            whole["librosa full"] / whole["full"],
            "full",
            "at least 5",
        )
        show("broad", whole["broad"] / whole["full"], "full", "at most 2")
        show("512 words on 13 MFCC", later["512 words"] / later["STFT 512"], "rfft of the frames", "below 1")

        part = Framing(512, 512, stream="harmonic")
        parts = FeatureSet("parts", "", (FeatureItem("rms", part, summary="mean"),))
        table = best_of(
            {
                "librosa57": lambda: extract([clip], "librosa57"),
                "harmonic": lambda: extract([clip], parts),
                "librosa table": lambda: librosa_table(clip),
                "librosa hpss": lambda: librosa_parts(clip),
            },
            max(5, rounds // 4),
        )
        print()
        for name, ms in table.items():
            print(f"  {name:<16} {ms:8.2f}")
        print()
        show(
            "librosa, as tutorials write the table",
            table["librosa table"] / table["librosa57"],
            "librosa57",
            "at least 15",
        )
        show("librosa.effects.hpss", table["librosa hpss"] / table["harmonic"], "RMS of the harmonic part")

        clips = [clip] * 48
        two = {}
        for name in ("timbre19", "classic30"):
            one = best_of({"one": lambda name=name: extract(clips, name, n_jobs=1)}, 4)["one"]
            two[name, "threads"] = (
                one / best_of({"": lambda name=name: extract(clips, name, n_jobs=2)}, 6)[""]
            )
            with joblib.parallel_config(backend="loky", n_jobs=2):
                two[name, "processes"] = one / best_of({"": lambda name=name: extract(clips, name)}, 6)[""]
        for (name, kind), ratio in two.items():
            show(f"{name}: two workers ({kind})", ratio, "one worker", "at least 1.8")

        imports = 10 if arguments.quick else 30
        numpy_seconds = seconds_of("import numpy", imports)
        show(
            "import gtzanfeat",
            seconds_of("import gtzanfeat", imports) / numpy_seconds,
            "import numpy",
            "below 2",
        )
        code = CLIP.format(path=clip)
        show("process start to first vector, cached", seconds_of(code, 5) / numpy_seconds, "import numpy")
        cold = Path(folder) / "cache"
        start = time.perf_counter()
        child(code, NUMBA_CACHE_DIR=str(cold))
        print(f"{'process start to first vector, empty cache':<58} {time.perf_counter() - start:8.2f} s")

        if not arguments.quick:
            hour = Path(folder) / "hour.wav"
            make_clip(hour, 3600)
            seconds, megabytes = {}, {}
            for path in (clip, hour):
                text = child(RUN.format(path=path, name="classic30"))
                seconds[path], megabytes[path] = map(float, text.split())
            grown = megabytes[hour] - megabytes[clip]
            what = "60 minutes: peak memory above that of 30 s"
            print(f"{what:<58} {grown:8.1f} MB  (30 s: {megabytes[clip]:.0f} MB)  at most 150 MB")
            per_second = seconds[hour] / 3600 / (seconds[clip] / 30)
            show("60 minutes: cost per second", per_second, "that of 30 s", "about 1")


if __name__ == "__main__":
    main()
