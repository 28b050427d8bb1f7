"""f0 by YIN and its contour: closed forms, librosa, vibrato, bad framings, real clips."""

import librosa
import numpy as np
import pytest
import signals
from recordings import GTZAN100, needs_gtzan100

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features import FEATURES
from gtzanfeat.features.f0 import pitch_contour, vibrato

RATE = signals.RATE
REQUESTS = {item.feature: item.request for item in FEATURE_SETS["melody"].items}
FRAME_RATE = RATE / REQUESTS["f0"].framing.hop
COLUMNS = [column.name for column in FEATURES["pitch_contour"].columns]


def analyse(feature, samples):
    analysis = Analysis([REQUESTS[feature]])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[REQUESTS[feature].key]


def contour(samples):
    return dict(zip(COLUMNS, analyse("pitch_contour", samples), strict=True))


def contour_of(hertz):
    """Contour of a made-up f0 track."""
    track = np.column_stack([hertz, np.ones(len(hertz))]).astype(np.float32)
    values = pitch_contour(track, len(track), REQUESTS["f0"].params)
    return dict(zip(COLUMNS, values, strict=True))


def wavering(rate, cents, seconds=4.0, note=57, partials=6):
    """A harmonic tone whose pitch swings sinusoidally by so many cents to either side."""
    t = signals.times(seconds)
    hertz = signals.midi_to_hertz(note + cents / 100 * np.sin(2 * np.pi * rate * t))
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return sum(np.sin(h * phase) / h for h in range(1, partials + 1)) * 0.1


# --- the track -------------------------------------------------------------------------------------


@pytest.mark.parametrize("partials", [1, 6])
@pytest.mark.parametrize("hertz", [66.0, 110.0, 233.1, 440.0, 622.3, 987.8])
def test_a_tone_has_its_frequency(hertz, partials):
    f0, voicing = analyse("f0", signals.harmonic_tone(hertz, partials=partials)).T
    # a parabola through three lags of a period of 22 samples is a cent or so off
    np.testing.assert_allclose(f0, hertz, rtol=1e-3)
    assert (voicing > 0.98).all()


def test_the_rounding_of_a_constant_is_no_tone(rng):
    request = Request("f0", Framing(1024, 512, window="none"), REQUESTS["f0"].params)
    # noise that float32 products of the constant cannot hold
    for noise in (0.0, 1e-6, 1e-5, 1e-4):
        analysis = Analysis([request])
        samples = signals.dc(level=0.5) + noise * rng.standard_normal(2 * RATE)
        analysis.push(samples.astype(np.float32))
        assert not analysis.finish()[request.key].any()


def test_a_missing_fundamental_is_heard():
    t = signals.times(1.0)
    f0 = analyse("f0", sum(np.sin(2 * np.pi * 150 * h * t) for h in (2, 3, 4, 5)) * 0.1)[:, 0]
    np.testing.assert_allclose(f0, 150.0, rtol=1e-3)


@pytest.mark.parametrize("samples", [signals.silence(), signals.dc(), signals.white_noise()])
def test_what_has_no_pitch_is_unvoiced(samples):
    track = analyse("f0", samples)
    assert not track[:, 0].any()
    assert (track[:, 1] < 0.3).all()


def test_tones_out_of_range_are_not_their_octaves():
    below = analyse("f0", signals.tone(40.0))
    assert (below[:, 0] < 66.0).all()
    # a multiple of the period is a period too: YIN takes the shortest within its range
    np.testing.assert_allclose(analyse("f0", signals.tone(1500.0))[:, 0], 750.0, rtol=2e-3)


def test_the_threshold_is_how_much_noise_a_note_may_have(rng):
    noisy = signals.tone(220.0, amplitude=0.5) + 0.12 * rng.standard_normal(2 * RATE)
    request = REQUESTS["f0"]
    shares = []
    for threshold in (0.05, 0.1, 0.3):
        asked = Request("f0", request.framing, {**request.params, "threshold": threshold})
        analysis = Analysis([asked])
        analysis.push(noisy.astype(np.float32))
        shares.append((analysis.finish()[asked.key][:, 0] > 0).mean())
    assert shares[0] < shares[1] < shares[2] == 1.0


@pytest.mark.parametrize("hertz", [233.1, 440.0, 622.3])
def test_librosa_finds_the_same_f0(hertz):
    samples = signals.harmonic_tone(hertz, partials=4).astype(np.float32)
    theirs = librosa.yin(
        samples, fmin=65, fmax=1000, sr=RATE, frame_length=1024, hop_length=512, center=False
    )
    # librosa's sum runs over what is left of the frame, padded with zeros, which pulls its minima
    np.testing.assert_allclose(analyse("f0", samples)[:, 0], theirs, rtol=3e-3)


def test_a_glide_is_followed_as_librosa_follows_it():
    samples = librosa.chirp(fmin=200, fmax=800, duration=4.0, sr=RATE).astype(np.float32)
    theirs = librosa.yin(
        samples, fmin=65, fmax=1000, sr=RATE, frame_length=2048, hop_length=512, center=False
    )
    f0 = analyse("f0", samples)[:, 0]
    n = len(theirs)
    ours = f0[1 : n + 1]  # the frame of half the length whose middle is nearest
    assert (f0 > 0).all()
    np.testing.assert_allclose(ours, theirs, rtol=0.02)


def test_a_frame_too_short_for_the_lowest_note_is_refused():
    request = Request("f0", Framing(512, 256, window="none"))
    with pytest.raises(
        GtzanfeatError, match=r"512 samples is too short for an f0 of 65.0 Hz; take at least 680"
    ):
        Analysis([request])


# --- the contour -----------------------------------------------------------------------------------


def test_a_plain_tone_neither_moves_nor_wavers():
    found = contour(signals.harmonic_tone(220.0, seconds=4.0))
    assert found["voiced"] == 1.0
    assert found["mean"] == pytest.approx(57.0, abs=0.01)
    assert found["median"] == pytest.approx(57.0, abs=0.01)
    for name in ("std", "range", "slope", "jumps", "vibrato_rate", "vibrato_extent"):
        assert found[name] == pytest.approx(0.0, abs=0.02)
    assert found["vibrato_extent"] == 0.0
    assert found["run"] == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize(("rate", "cents"), [(5.5, 40.0), (4.5, 80.0), (6.5, 20.0)])
def test_vibrato_has_its_rate_and_extent(rate, cents):
    found = contour(wavering(rate, cents))
    assert found["vibrato_rate"] == pytest.approx(rate, abs=0.05)
    # a frame hears 46 ms at a time, over which a swing of 5.5 Hz is smoothed by 5 %
    assert found["vibrato_extent"] == pytest.approx(cents, rel=0.1)
    assert found["std"] == pytest.approx(cents / 100 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("rate", [1.5, 2.9, 9.1, 12.0])
def test_slower_and_faster_swings_are_no_vibrato(rate):
    assert contour(wavering(rate, 40.0))["vibrato_extent"] == 0.0


def test_what_is_too_small_to_be_heard_is_no_vibrato():
    assert contour(wavering(5.5, 7.0))["vibrato_extent"] == pytest.approx(7.0, rel=0.1)
    assert contour(wavering(5.5, 4.0))["vibrato_extent"] == 0.0


def test_vibrato_survives_a_glide_but_not_noise(rng):
    t = np.arange(100) / FRAME_RATE
    rate, extent = vibrato(60 + 2 * t + 0.4 * np.sin(2 * np.pi * 5.5 * t), FRAME_RATE)
    assert rate == pytest.approx(5.5, abs=0.1)
    assert extent == pytest.approx(40, rel=0.05)
    for _ in range(20):
        assert vibrato(60 + 0.3 * rng.standard_normal(100), FRAME_RATE) == (0.0, 0.0)


def test_notes_between_rests_are_counted():
    on, off = np.full(43, 440.0), np.zeros(43)
    found = contour_of(np.concatenate([on, off, on, on * 2, off]))
    assert found["voiced"] == pytest.approx(3 / 5)
    assert found["run"] == pytest.approx(3 * 43 / 2 / FRAME_RATE)
    assert found["jumps"] == pytest.approx(FRAME_RATE / (5 * 43))
    assert found["mean"] == pytest.approx(69 + 12 / 3)
    assert found["range"] == pytest.approx(12.0)
    assert found["slope"] == 0.0


def test_the_slope_of_a_glide():
    seconds = np.arange(200) / FRAME_RATE
    assert contour_of(440 * 2 ** (3 * seconds / 12))["slope"] == pytest.approx(3.0, rel=1e-3)


def test_one_frame_and_none():
    assert contour_of([220.0])["mean"] == pytest.approx(57.0)
    assert not any(contour_of([0.0, 0.0]).values())


def test_a_scale_is_read_note_by_note():
    notes = [60, 62, 64, 65, 67, 69, 71, 72]
    tones = [signals.harmonic_tone(signals.midi_to_hertz(note), 0.5) for note in notes]
    found = contour(np.concatenate(tones))
    assert found["voiced"] > 0.9
    assert found["range"] == pytest.approx(12.0, abs=0.1)
    assert found["median"] == pytest.approx(66.0, abs=1.1)


# --- real clips ------------------------------------------------------------------------------------


@needs_gtzan100
def test_lines_are_heard_in_real_clips():
    paths = [path for genre in ("classical", "metal") for path in sorted((GTZAN100 / genre).glob("*.wav"))]
    found = extract(paths, "melody")
    voiced = found.values[:, found.columns.index("pitch_contour_voiced")]
    genre = np.array([path.parent.name for path in paths])
    assert voiced[genre == "classical"].mean() > 2 * voiced[genre == "metal"].mean()


@pytest.mark.parametrize("frame_rate", [1.0, 2.7, 5.9, 6.0, 8.0])
def test_frames_too_rare_for_vibrato_show_none(frame_rate):
    note = 60 + 0.3 * np.sin(np.arange(40))
    assert np.isfinite(vibrato(note, frame_rate)).all()
    if frame_rate < 6:
        assert vibrato(note, frame_rate) == (0.0, 0.0)
