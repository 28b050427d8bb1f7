"""The feature set full with librosa: the same columns, or the nearest, as far as librosa has them.

Spectrograms are shared by all that can be computed from one. Librosa has no beat and pitch histograms,
statistical spectrum descriptors and rhythm histograms, wavelet histograms, loudness, line spectral
frequencies (LPC stands for them), octave contrast with valleys, and flatness per band; nothing else stands
for these here.
"""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import soundfile

RATE = 22050


def of_shape(samples: np.ndarray) -> list[np.ndarray]:
    """Frames of 512 side by side: the shape of the spectrum, its change, energy, MFCC."""
    spectrum = np.abs(librosa.stft(samples, n_fft=512, hop_length=512, window="hamming", center=False))
    power = spectrum**2
    mel = librosa.feature.melspectrogram(S=power, sr=RATE, n_fft=512, n_mels=40)
    tracks = [
        librosa.feature.spectral_centroid(S=spectrum, sr=RATE),
        librosa.feature.spectral_bandwidth(S=spectrum, sr=RATE),
        librosa.feature.spectral_rolloff(S=spectrum, sr=RATE, roll_percent=0.85),
        librosa.feature.spectral_flatness(S=power, power=1.0),
        np.diff(librosa.util.normalize(spectrum, norm=2, axis=0), axis=1) ** 2,
        librosa.feature.zero_crossing_rate(samples, frame_length=512, hop_length=512, center=False),
        librosa.feature.rms(y=samples, frame_length=512, hop_length=512, center=False),
        librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=13),
    ]
    tracks[4] = tracks[4].sum(axis=0, keepdims=True)
    return tracks + [librosa.feature.delta(track, width=5, mode="nearest") for track in tracks]


def of_speech(samples: np.ndarray) -> list[np.ndarray]:
    """Pre-emphasised frames of 25 ms every 10 ms: MFCC of HTK, linear prediction."""
    emphasised = librosa.effects.preemphasis(samples, coef=0.97)
    mel = librosa.feature.melspectrogram(
        y=emphasised, sr=RATE, n_fft=550, hop_length=220, window="hamming", center=False, n_mels=26, htk=True
    )
    frames = librosa.util.frame(emphasised, frame_length=550, hop_length=220) * np.hamming(550)[:, None]
    return [
        librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=13),
        librosa.lpc(frames + 1e-9, order=16, axis=0)[1:],
    ]


def of_bands(samples: np.ndarray) -> list[np.ndarray]:
    """Frames of 1024 every 256: mel bands, how they rise and fall, onsets, tempo, tempogram."""
    mel = librosa.feature.melspectrogram(
        y=samples, sr=RATE, n_fft=1024, hop_length=256, window="hamming", center=False, n_mels=40
    )
    decibels = librosa.power_to_db(mel, top_db=None)
    change = np.diff(decibels, axis=1)
    onsets = librosa.onset.onset_strength(S=decibels, sr=RATE, hop_length=256)
    tempogram = librosa.feature.tempogram(onset_envelope=onsets, sr=RATE, hop_length=256)
    tempo = librosa.feature.tempo(tg=tempogram, sr=RATE, hop_length=256)
    rises, falls = np.maximum(change, 0), np.maximum(-change, 0)
    return [decibels, rises, falls, onsets[None], tempogram, tempo[None]]


def of_tones(samples: np.ndarray) -> list[np.ndarray]:
    """Contrast, chroma by Fourier and by constant-Q transform, tonnetz, the strongest pitches."""
    spectrum = np.abs(librosa.stft(samples, n_fft=2048, hop_length=512, center=False))
    long = np.abs(librosa.stft(samples, n_fft=4096, hop_length=1024, center=False)) ** 2
    chroma = librosa.feature.chroma_stft(S=long, sr=RATE, n_fft=4096, hop_length=1024, tuning=0.0)
    # thirds of semitones, and the tuning of the clip, which are librosa's defaults and what full has
    thirds = {"n_bins": 252, "bins_per_octave": 36, "tuning": None}
    constant_q = np.abs(librosa.cqt(samples, sr=RATE, hop_length=1024, **thirds))
    pitches, magnitudes = librosa.piptrack(S=spectrum, sr=RATE)
    peaks = pitches > 0
    notes = librosa.hz_to_midi(pitches[peaks])
    histogram, _ = np.histogram(notes, np.arange(129) - 0.5, weights=magnitudes[peaks])
    return [
        librosa.feature.spectral_contrast(S=spectrum, sr=RATE),
        chroma,
        librosa.feature.tonnetz(chroma=chroma, sr=RATE),
        librosa.feature.chroma_cqt(C=constant_q, sr=RATE, hop_length=1024, bins_per_octave=36),
        librosa.feature.chroma_cens(C=constant_q, sr=RATE, hop_length=1024, bins_per_octave=36),
        librosa.yin(samples, fmin=65, fmax=1000, sr=RATE, frame_length=2048, hop_length=512)[None],
        histogram[None],
    ]


def of_parts(samples: np.ndarray) -> list[np.ndarray]:
    """The harmonic and the percussive part: energy, zero crossings, centroid, flatness."""
    tracks = []
    for part in librosa.effects.hpss(samples):
        spectrum = np.abs(librosa.stft(part, n_fft=512, hop_length=512, window="hamming", center=False))
        tracks += [
            librosa.feature.rms(y=part, frame_length=512, hop_length=512, center=False),
            librosa.feature.zero_crossing_rate(part, frame_length=512, hop_length=512, center=False),
            librosa.feature.spectral_centroid(S=spectrum, sr=RATE),
            librosa.feature.spectral_flatness(S=spectrum**2, power=1.0),
        ]
    return tracks


def librosa_full(path: Path) -> np.ndarray:
    """Decode, compute all of the above, and take mean and deviation over time."""
    samples = soundfile.read(path, dtype="float32")[0]
    families = (of_shape, of_speech, of_bands, of_tones, of_parts)
    tracks = [track for family in families for track in family(samples)]
    return np.concatenate([f(track, axis=1) for track in tracks for f in (np.mean, np.std)])
