"""Marsyas' chroma, and the vectors of bextract: closed forms, slow twins, what the program prints."""

import re

import numpy as np
import pandas as pd
import pytest
import signals
from golden import make_golden
from recordings import GTZAN100
from reference import marsyas as twin
from reference.frames import frames, texture

from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.marsyas import FROM_A, marsyas_chroma, marsyas_chroma_filterbank

RATE = 22050


def chroma(power):
    out = np.empty((len(power), 14), dtype=np.float32)
    filters = marsyas_chroma_filterbank(2 * (power.shape[1] - 1), RATE)
    marsyas_chroma(power.astype(np.float32), filters, 1.0, out)
    return out


# --- chroma ----------------------------------------------------------------------------------------


def test_the_filters_equal_their_slow_twin():
    np.testing.assert_allclose(marsyas_chroma_filterbank(512, RATE), twin.chroma_map(), atol=1e-6)


def test_every_bin_has_weights_of_unit_length():
    np.testing.assert_allclose((marsyas_chroma_filterbank(512, RATE) ** 2).sum(axis=0), 1.0, rtol=1e-6)


@pytest.mark.parametrize("note", range(57, 100, 7))
def test_a_bin_on_a_note_counts_for_that_note(note):
    power = np.zeros((1, 4097))
    power[0, round(signals.midi_to_hertz(note) * 8192 / RATE)] = 1.0
    assert FROM_A[chroma(power)[0, :12].argmax()] == FROM_A[(note - 69) % 12]


def test_chroma_has_the_scale_of_marsyas():
    # a sine in the middle of a bin has the power (a · Σ window / 2)² there, 1/(2N)² of it in Marsyas
    samples = signals.tone(20 * RATE / 512, 2.0, amplitude=0.5)
    column = FEATURE_SETS["marsyas62"].columns.index("marsyas_chroma_a_tmean_mean")
    values = extract([samples], "marsyas62").values[0, column : column + 12]
    power = (0.5 * np.hamming(512).sum() / 2 / 1024) ** 2
    # its neighbours have (0.46 / 1.08)² of that each
    filters = twin.chroma_map()
    expected = power * (filters[:, 20] + (0.46 / 1.08) ** 2 * (filters[:, 19] + filters[:, 21]))
    np.testing.assert_allclose(values, expected, rtol=0.02, atol=0.002 * power)


def test_the_least_class_has_a_floor():
    """The highest tone that there is leaks so little into far classes that the ratio is one of rounding."""
    column = FEATURE_SETS["marsyas62"].columns.index("marsyas_chroma_peak_min_tmean_mean")
    highest = 0.5 * (-1.0) ** np.arange(80 * 512)
    assert extract([highest], "marsyas62").values[0, column] == pytest.approx(1e7)
    # a floor that no recording and no tone of an instrument reaches
    partials = sum(signals.tone(h * 987.77, 1.0, amplitude=0.3 / h**2) for h in range(1, 8))
    framed = frames(partials, pad_end=True)
    ratios = twin.chroma(twin.power(framed))[:, 13]
    assert ratios.max() < 1e6
    assert extract([partials], "marsyas62").values[0, column] == pytest.approx(
        texture(ratios, 20, "prefill")[0].mean(), rel=1e-4
    )


def test_the_ratios_of_a_peak_are_to_the_mean_and_to_the_least():
    power = np.random.default_rng(0).random((3, 257))
    rows = chroma(power).astype(float)
    notes = rows[:, :12]
    np.testing.assert_allclose(rows[:, 12], notes.max(axis=1) / notes.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(rows[:, 13], notes.max(axis=1) / notes.min(axis=1), rtol=1e-6)
    assert not chroma(np.zeros((1, 257))).any()


# --- the sets --------------------------------------------------------------------------------------


def test_the_31_are_in_the_order_of_bextract():
    columns = FEATURE_SETS["marsyas124"].columns
    assert len(columns) == 124
    assert FEATURE_SETS["marsyas62"].columns == columns[:62]
    ends = [re.search(r"(tmean|tstd)_(mean|std)$", name)[0] for name in columns]
    blocks = ("tmean_mean", "tstd_mean", "tmean_std", "tstd_std")
    assert ends == [end for end in blocks for _ in range(31)]
    first = ["zcr", "centroid", "rolloff", "flux", *(f"mfcc_{q:02d}" for q in range(13))]
    first += [f"chroma_{name}" for name in (*FROM_A, "peak_avg", "peak_min")]
    assert [name.removesuffix("_tmean_mean") for name in columns[:31]] == [f"marsyas_{n}" for n in first]


@pytest.mark.parametrize("seconds", [0.01, 0.5, 4.0])
def test_the_sets_equal_their_slow_twins(seconds):
    samples = signals.white_noise(seconds)
    samples[: len(samples) // 3] *= 0.05
    slow = twin.marsyas124(samples)
    values = extract([samples], "marsyas124").values[0]
    np.testing.assert_allclose(values, slow, rtol=2e-4, atol=2e-5)
    np.testing.assert_array_equal(extract([samples], "marsyas62").values[0], values[:62])
    chroma_columns = [i for i, name in enumerate(FEATURE_SETS["marsyas124"].columns) if "chroma" in name]
    np.testing.assert_allclose(values[chroma_columns], slow[chroma_columns], rtol=2e-4, atol=1e-9)


# --- what bextract prints --------------------------------------------------------------------------

PRINTED = 5e-7  # half a unit of the last of its six decimals, which is more than some columns vary by
BEXTRACT = GTZAN100.parent / "marsyas" / "bextract.csv"


def integer_signals():
    """Six seconds each of noise, of a saw in noise, and of bursts over a saw after a second of silence."""
    n = np.arange(6 * RATE)
    noise = np.empty_like(n)
    state = 12345
    for i in n:
        state = (1103515245 * state + 12345) % 2**31
        noise[i] = (state >> 18) - 4096
    phase = 440 * n % RATE
    since = n % (RATE // 2)
    bursts = np.where(since < 200, (20_000 - 100 * since) * (-1) ** n, 0)
    bursts += 8192 * phase // RATE - 4096
    bursts[:RATE] = 0
    saw = 16_384 * phase // RATE - 8192 + noise // 16
    return {"noise": noise, "saw440_noise": saw, "clicks_saw": bursts}


def assert_as_printed(values, printed, deviations):
    """Every column within a thousandth of its deviation over clips and signals, and what printing takes."""
    columns = np.array(FEATURE_SETS["marsyas124"].columns)
    away = np.abs(values - printed)
    bound = 1e-3 * deviations + PRINTED
    wrong = (away > bound).any(axis=0)
    assert not wrong.any(), dict(zip(columns[wrong], (away / bound).max(axis=0)[wrong], strict=True))


def test_marsyas124_of_integer_signals_is_what_bextract_prints():
    table = pd.read_csv(make_golden.BEXTRACT, index_col="column")
    made = integer_signals()
    assert list(table.index) == list(FEATURE_SETS["marsyas124"].columns)
    values = extract([samples / 32768 for samples in made.values()], "marsyas124").values
    assert_as_printed(values, table[list(made)].to_numpy().T, table["deviation"].to_numpy())


@pytest.mark.skipif(not BEXTRACT.is_file(), reason="shared/data/marsyas is not beside the repository")
def test_marsyas124_of_recordings_is_what_bextract_prints():
    table = pd.read_csv(BEXTRACT, index_col="path")
    values = extract([BEXTRACT.parents[1] / path for path in table.index], "marsyas124").values
    assert_as_printed(values, table.to_numpy(), table.to_numpy().std(axis=0))
