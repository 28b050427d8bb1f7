"""Slow twin of the Rhythm Patterns family (Lidy & Rauber 2005), spectrum by spectrum."""

import numpy as np
from scipy import stats

from .twin import Twin

SEGMENT = 2**17
N_FFT, HOP, N_WINDOWS = 512, 256, 511
UPPER_HZ = [
    100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720,
    2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400, 7700, 9500, 12000, 15500,
]  # fmt: skip
N_BANDS, N_MODULATIONS = 24, 60

PHON = [3, 20, 40, 60, 80, 100]
CONTOUR_HZ = [
    31.62, 50, 70.7, 100, 141.4, 200, 316.2, 500, 707.1, 1000, 1414,
    1682, 2000, 2515, 3162, 3976, 5000, 7071, 10000, 11890, 14140, 15500,
]  # fmt: skip
CONTOUR_DB = [
    [55, 40, 32, 24, 19, 14, 10, 6, 4, 3, 2, 2, 0, -2, -5, -4, 0, 5, 10, 14, 25, 35],
    [66, 52, 43, 37, 32, 27, 23, 21, 20, 20, 20, 20, 19, 16, 13, 13, 18, 22, 25, 30, 40, 50],
    [76, 64, 57, 51, 47, 43, 41, 41, 40, 40, 40, 39.5, 38, 35, 33, 33, 35, 41, 46, 50, 60, 70],
    [89, 79, 74, 70, 66, 63, 61, 60, 60, 60, 60, 59, 56, 53, 52, 53, 56, 61, 65, 70, 80, 90],
    [103, 96, 92, 88, 85, 83, 81, 80, 80, 80, 80, 79, 76, 72, 70, 70, 75, 79, 83, 87, 95, 105],
    [118, 110, 107, 105, 103, 102, 101, 100, 100, 100, 100, 99, 97, 94, 90, 90, 95, 100, 103, 105, 108, 115],
]


# --- one value at a time -----------------------------------------------------------------------------


def phon(decibel, band):
    """Loudness level: linear between the contours, the lowest below them, the last slope above them."""
    marks = [np.interp(UPPER_HZ[band], CONTOUR_HZ, row) for row in CONTOUR_DB]
    if decibel <= marks[0]:
        return float(PHON[0])
    level = max(i for i in range(5) if decibel > marks[i])
    share = (decibel - marks[level]) / (marks[level + 1] - marks[level])
    return PHON[level] + share * (PHON[level + 1] - PHON[level])


def sone(phons):
    """Loudness: doubled by every 10 phon from 40 on, a power law below."""
    return 2.0 ** ((phons - 40.0) / 10.0) if phons >= 40.0 else (phons / 40.0) ** 2.642


def spread(i, j):
    """Share of the power of band j that is felt in band i."""
    d = i - j + 0.474
    return 10.0 ** ((15.81 + 7.5 * d - 17.5 * np.sqrt(1.0 + d * d)) / 10.0)


# --- a segment ---------------------------------------------------------------------------------------


def sonogram(segment, rate=22050):
    """Return the sones of 24 bands in 511 windows, (24, 511), of 2^17 samples."""
    taper = np.hanning(N_FFT)
    hertz = np.arange(N_FFT // 2 + 1) * rate / N_FFT
    edges = [0, *UPPER_HZ]
    spreading = np.array([[spread(i, j) for j in range(N_BANDS)] for i in range(N_BANDS)])
    out = np.empty((N_BANDS, N_WINDOWS))
    for t in range(N_WINDOWS):
        x = np.asarray(segment[t * HOP : t * HOP + N_FFT], dtype=np.float64) * 0.0875 * 2**15
        periodogram = np.abs(np.fft.rfft(x * taper)) ** 2 / (taper @ taper) / (2.0 * np.pi)
        periodogram[1:] *= 2.0
        inside = [(hertz >= edges[b]) & (hertz < edges[b + 1]) for b in range(N_BANDS)]
        bands = spreading @ np.array([periodogram[which].sum() for which in inside])
        decibels = 10.0 * np.log10(np.maximum(bands, 1.0))
        out[:, t] = [sone(phon(decibels[b], b)) for b in range(N_BANDS)]
    return out


def modulation(sones):
    """Return |DFT over time| / 256 at bins 1 to 60, (24, 60)."""
    padded = np.concatenate([sones, np.zeros((N_BANDS, 1))], axis=1)
    return np.abs(np.fft.fft(padded, axis=1))[:, 1 : N_MODULATIONS + 1] / 256.0


def seven(rows):
    """Return mean, variance, skewness, kurtosis, median, minimum and maximum of every row, (n_rows, 7)."""
    out = []
    for row in np.asarray(rows, dtype=np.float64):
        steady = row.std() <= 1e-5 * abs(row.mean())
        shape = (0.0, 0.0, 0.0) if steady else (row.var(), stats.skew(row), stats.kurtosis(row, fisher=False))
        out.append([row.mean(), *shape, np.median(row), row.min(), row.max()])
    return np.array(out)


def segment_ssd(sones):
    """Return the 168 statistics of a segment: all means, all variances, .."""
    return seven(sones).T.ravel()


def segment_rh(sones):
    """Return the 60 modulations of a segment, summed over bands."""
    return modulation(sones).sum(axis=0)


def segment_rp(sones, rate=22050):
    """Return the 1440 weighted modulations of a segment: all bands at the first modulation, .."""
    hertz = np.arange(1, N_MODULATIONS + 1) * rate / SEGMENT
    return (modulation(sones) / (hertz / 4.0 + 4.0 / hertz)).T.ravel()


def segment_mvd(sones):
    """Return the 420 statistics over bands of a segment's modulations: all means, all variances, .."""
    return seven(modulation(sones).T).T.ravel()


# --- a clip ------------------------------------------------------------------------------------------


def sonograms(samples):
    """Return one sonogram per whole segment; a shorter clip is padded with zeros to one."""
    samples = np.asarray(samples, dtype=np.float64)
    if len(samples) < SEGMENT:
        samples = np.concatenate([samples, np.zeros(SEGMENT - len(samples))])
    return [sonogram(samples[i : i + SEGMENT]) for i in range(0, len(samples) - SEGMENT + 1, SEGMENT)]


def clip_vectors(samples):
    """Return the six vectors of a clip by name."""
    segments = sonograms(samples)
    ssd = np.array([segment_ssd(s) for s in segments])
    rh = np.array([segment_rh(s) for s in segments])
    return {
        "ssd": ssd.mean(axis=0),
        "rh": np.median(rh, axis=0),
        "rp": np.median([segment_rp(s) for s in segments], axis=0),
        "tssd": seven(ssd.T).T.ravel(),
        "trh": seven(rh.T).T.ravel(),
        "mvd": np.mean([segment_mvd(s) for s in segments], axis=0),
    }


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {
    "ssd": Twin(lambda f: np.array([segment_ssd(sonogram(segment)) for segment in f])),
    "rh": Twin(lambda f: np.array([segment_rh(sonogram(segment)) for segment in f])),
    "rp": Twin(lambda f: np.array([segment_rp(sonogram(segment)) for segment in f])),
    "mvd": Twin(lambda f: np.array([segment_mvd(sonogram(segment)) for segment in f])),
}
