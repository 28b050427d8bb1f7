"""Fingerprints: the formula, and that copies are found and nothing else is."""

import io

import numpy as np
import pytest
import soundfile
from reference.fingerprints import fingerprint as slow_fingerprint

from gtzanfeat.audio import Clip
from gtzanfeat.datasets.synthetic import compose, synthesize
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.fingerprints import RATE, fingerprint, fingerprints, near_duplicate_pairs

SOUND_RATE = 22050


@pytest.fixture(scope="module")
def piece():
    """Fifteen seconds of music."""
    return compose("waltz", (5, 3), seconds=15.0).samples


def clip(samples):
    return Clip(np.asarray(samples, dtype=np.float32), SOUND_RATE)


def mp3(samples):
    if "MP3" not in soundfile.available_formats():
        pytest.skip("this libsndfile writes no MP3")
    file = io.BytesIO()
    soundfile.write(file, samples, SOUND_RATE, format="MP3")
    return soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")[0]


def test_it_is_what_the_paper_says(rng):
    samples = rng.uniform(-1, 1, 2048 + 64 * 40).astype(np.float32)
    words, margins = slow_fingerprint(samples)
    found = fingerprint(samples)
    assert found.dtype == np.uint32
    assert len(found) == len(words) == 40
    bits = (found[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    expected = (np.array(words, dtype=np.uint32)[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    sure = np.array(margins) > 1e-4  # float32 may decide otherwise about what is nearly equal
    assert sure.mean() > 0.98
    np.testing.assert_array_equal(bits[sure], expected[sure])


def test_a_tone_that_comes_in_sets_its_band():
    """Energy that appears in band b raises slope b and lowers slope b - 1."""
    t = np.arange(RATE) / RATE
    b = 16
    low, high = 300.0 * (2000 / 300) ** (np.array([b, b + 1]) / 33)
    swelling = t * np.sin(2 * np.pi * np.sqrt(low * high) * t)
    words = fingerprint(swelling)[:-1]
    assert ((words >> b) & 1).all()
    assert not ((words >> (b - 1)) & 1).any()


def test_level_changes_nothing(piece):
    np.testing.assert_array_equal(fingerprint(clip(piece)), fingerprint(clip(piece * np.float32(0.125))))


@pytest.mark.parametrize(
    ("copy", "offset"),
    [
        (lambda x: x, 0.0),
        (lambda x: 0.3 * x, 0.0),
        (lambda x: mp3(x), 0.0),
        (lambda x: x[54321 : 54321 + 10 * SOUND_RATE], 54321 / SOUND_RATE),
        (lambda x: mp3(0.5 * x[30000 : 30000 + 10 * SOUND_RATE]), 30000 / SOUND_RATE),
        (lambda x: np.concatenate([np.zeros(SOUND_RATE), x]), -1.0),
        (lambda x: x[-6 * SOUND_RATE :], 9.0),
        (lambda x: np.rint(x * 127) / 127, 0.0),
    ],
    ids=["same", "gain", "mp3", "crop", "mp3 of a quieter crop", "late", "the last 6 s", "8 bits"],
)
def test_copies_are_found_and_where(piece, copy, offset):
    other = compose("waltz", (5, 4), seconds=15.0).samples
    prints, failures = fingerprints([clip(other), clip(piece), clip(copy(piece))])
    assert not failures
    (match,) = near_duplicate_pairs(prints)
    assert (match.a, match.b) == (1, 2)
    assert match.similarity > 0.85
    assert match.offset == pytest.approx(offset, abs=0.06)  # an MP3 begins a frame or two late
    assert match.seconds > 5


def test_no_false_alarm_among_200_pieces():
    """Of ten styles, whose pieces share tempo, band and harmony."""
    rate = 8000  # more than the fingerprint hears
    music = synthesize(20, seconds=7.0, rate=rate)
    prints, _ = fingerprints([Clip(piece.samples, rate) for piece in music])
    assert len(prints) == 200
    assert near_duplicate_pairs(prints) == []
    planted = [*prints, fingerprint(Clip(music[7].samples[3000:], rate))]
    assert [(match.a, match.b) for match in near_duplicate_pairs(planted)] == [(7, 200)]


def test_any_number_of_workers_and_memory_give_the_same(piece, tmp_path):
    clips = [clip(piece), clip(piece[::-1])]
    one, _ = fingerprints(clips, memory=tmp_path)
    for again in (fingerprints(clips, n_jobs=2)[0], fingerprints(clips, memory=tmp_path)[0]):
        for a, b in zip(one, again, strict=True):
            np.testing.assert_array_equal(a, b)


def test_silence_short_clips_and_broken_ones(tmp_path, piece):
    silence = np.zeros(SOUND_RATE * 5)
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    clips = [clip(silence), clip(silence), clip(piece[:1]), clip(piece[:5000]), tmp_path / "broken.wav"]
    prints, failures = fingerprints([*clips, "gone.wav"], on_error="skip")
    assert [failure.index for failure in failures] == [4, 5]
    assert not prints[0].any()
    assert [len(words) for words in prints[2:]] == [0, 0, 0, 0]
    assert near_duplicate_pairs(prints) == []
    assert near_duplicate_pairs([]) == []
    with pytest.raises(ClipError, match="it holds NaN"):
        fingerprint(np.full(9000, np.nan))
    with pytest.raises(ClipError, match="libsndfile cannot read it"):
        fingerprints([tmp_path / "broken.wav"])


def test_what_is_nearly_silent_has_no_bits(piece, rng):
    hiss = 1e-5 * rng.standard_normal(4 * SOUND_RATE)
    words = fingerprint(clip(np.concatenate([piece[: 6 * SOUND_RATE], hiss])))
    n_hiss = int(3.5 * RATE / 64)
    assert not words[-n_hiss:].any()
    assert words[: int(5 * RATE / 64)].all()


def test_silence_in_common_is_no_likeness(rng):
    """Nine tenths of both are silent, the rest has nothing but a few words in common."""
    one, other = rng.integers(1, 2**32, (2, 5000), dtype=np.uint32)
    one[500:] = other[500:] = 0
    other[[10, 200, 300, 400]] = one[[10, 200, 300, 400]]
    assert near_duplicate_pairs([one, other]) == []
    (match,) = near_duplicate_pairs([one, other], similar=0.0)
    assert match.similarity == pytest.approx(0.5 + 0.5 * 4 / 500, abs=0.02)


def test_a_short_quotation_is_no_copy(piece):
    other = compose("anthem", (5, 1), seconds=10.0).samples.copy()
    other[: 2 * SOUND_RATE] = piece[: 2 * SOUND_RATE]
    prints, _ = fingerprints([clip(piece), clip(other), clip(piece[-4 * SOUND_RATE :])])
    assert near_duplicate_pairs(prints) == []
