"""What other libraries take for the same or the nearest features: each of them if it is installed.

``pip install '.[bench]'`` brings them. Every contestant is called as its own documentation calls it, on the
path of a mono 22050-Hz clip, and made once: models and filters are not counted.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile

RATE = 22050

Contestant = Callable[[Path], object]


def decode(path: Path) -> np.ndarray:
    """The samples of a mono file as float32."""
    return soundfile.read(path, dtype="float32")[0]


# --- librosa ------------------------------------------------------------------------------------------


def librosa_timbre(path: Path) -> np.ndarray:
    """The features of timbre19 with librosa, one spectrogram shared by all; without texture windows."""
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
    """The harmonic and the percussive part."""
    return librosa.effects.hpss(decode(path))


def librosa_mfcc(path: Path) -> np.ndarray:
    """Thirteen MFCC of each frame of 2048."""
    return librosa.feature.mfcc(y=decode(path), sr=RATE, n_mfcc=13)


# --- the others, if they are there -----------------------------------------------------------------------


def opensmile_peers() -> dict[str, tuple[Contestant, str]]:
    """OpenSMILE's two sets that papers on music use."""
    import opensmile

    peers = {}
    for name, near in (("emobase", "compact"), ("ComParE_2016", "full")):
        smile = opensmile.Smile(getattr(opensmile.FeatureSet, name), opensmile.FeatureLevel.Functionals)
        peers[f"openSMILE {name}, {len(smile.feature_names)} columns"] = (
            lambda path, smile=smile: smile.process_signal(decode(path), RATE),
            near,
        )
    return peers


def essentia_peers() -> dict[str, tuple[Contestant, str]]:
    """Essentia's extractor of everything, its tempo and its key; AGPL, called for comparison only."""
    import essentia
    from essentia import standard

    essentia.log.infoActive = essentia.log.warningActive = False
    everything = standard.MusicExtractor(
        lowlevelStats=["mean", "stdev"], rhythmStats=["mean", "stdev"], tonalStats=["mean", "stdev"]
    )
    rhythm = standard.RhythmExtractor2013(method="multifeature")
    key = standard.KeyExtractor(profileType="bgate")
    return {
        "essentia MusicExtractor": (lambda path: everything(str(path)), "full"),
        "essentia RhythmExtractor2013": (
            lambda path: rhythm(standard.MonoLoader(filename=str(path))()),
            "tempo",
        ),
        "essentia KeyExtractor": (lambda path: key(standard.MonoLoader(filename=str(path))()), "tonal"),
    }


def audioflux_peers() -> dict[str, tuple[Contestant, str]]:
    """Audioflux' MFCC, with frames as long as those of the set mfcc."""
    import audioflux

    transform = audioflux.BFT(
        num=40,
        radix2_exp=9,
        samplate=RATE,
        slide_length=512,
        scale_type=audioflux.type.SpectralFilterBankScaleType.MEL,
    )
    cepstrum = audioflux.XXCC(num=40)

    def mfcc(path: Path) -> np.ndarray:
        power = np.abs(transform.bft(decode(path))) ** 2
        cepstrum.set_time_length(power.shape[-1])
        return cepstrum.xxcc(power, 13)

    return {"audioflux MFCC": (mfcc, "mfcc")}


def tsfresh_peers() -> dict[str, tuple[Contestant, str]]:
    """Tsfresh's efficient statistics of librosa's MFCC, as time series that it knows nothing of."""
    import pandas as pd
    from tsfresh import extract_features
    from tsfresh.feature_extraction import EfficientFCParameters

    def of_mfcc(path: Path) -> pd.DataFrame:
        tracks = pd.DataFrame(librosa_mfcc(path).T).assign(id=0)
        return extract_features(
            tracks,
            column_id="id",
            default_fc_parameters=EfficientFCParameters(),
            disable_progressbar=True,
            n_jobs=0,
        )

    return {"tsfresh on 13 MFCC": (of_mfcc, "compact")}


def torchaudio_peers() -> dict[str, tuple[Contestant, str]]:
    """Torchaudio's MFCC, on the CPU and one thread."""
    import torch
    import torchaudio

    torch.set_num_threads(1)
    transform = torchaudio.transforms.MFCC(
        RATE, n_mfcc=13, melkwargs={"n_fft": 512, "hop_length": 512, "n_mels": 40}
    )
    return {"torchaudio MFCC": (lambda path: transform(torch.from_numpy(decode(path))), "mfcc")}


PEERS = {
    "opensmile": opensmile_peers,
    "essentia": essentia_peers,
    "audioflux": audioflux_peers,
    "tsfresh": tsfresh_peers,
    "torchaudio": torchaudio_peers,
}


def installed_peers() -> dict[str, tuple[Contestant, str]]:
    """The contestants whose library is here, each with the nearest set of ours; says which are not."""
    logging.disable(logging.WARNING)
    peers: dict[str, tuple[Contestant, str]] = {"librosa MFCC": (librosa_mfcc, "mfcc")}
    for name, make in PEERS.items():
        try:
            with contextlib.redirect_stderr(None):
                peers |= make()
        except ImportError as error:
            print(f"  {name} is left out: {error}")
    return peers
