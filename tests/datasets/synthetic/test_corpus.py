"""The synthetic corpus: the same every time, true to its own labels, and hard for any one family."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

from gtzanfeat.datasets import load_dataset
from gtzanfeat.datasets.gtzan import recognises as looks_like_gtzan
from gtzanfeat.datasets.synthetic import STYLES, Style, compose, synthesize, table_of, write_corpus
from gtzanfeat.datasets.synthetic.composer import ACCENTS, Score, write_score
from gtzanfeat.datasets.synthetic.instruments import DRUMS, INSTRUMENTS, play, strike
from gtzanfeat.datasets.synthetic.random_draws import between, one_of, seeded
from gtzanfeat.datasets.synthetic.studio import ARTISTS_PER_STYLE, artist_of
from gtzanfeat.datasets.synthetic.styles import DRUM_PARTS, MODES, PITCH_CLASSES, TONE_PARTS
from gtzanfeat.errors import DatasetError, UnknownNameError
from gtzanfeat.transformers import ClipFeatures

NAMES = [style.name for style in STYLES]
every_style = pytest.mark.parametrize("style", STYLES, ids=NAMES)


def score_of(style: Style, seed: int, seconds: float = 12.0) -> Score:
    return write_score(style, seeded("test", style.name, seed), seconds)


# --- the tables ----------------------------------------------------------------------------------
def test_ten_styles_with_names_of_their_own():
    assert len(STYLES) == 10
    assert len(set(NAMES)) == 10


@every_style
def test_rows_name_what_exists(style):
    players = style.band.players
    assert set(players) == set(style.groove.patterns) == {*TONE_PARTS, *DRUM_PARTS}
    assert {name for part in TONE_PARTS for name in players[part]} <= set(INSTRUMENTS)
    assert {name for part in DRUM_PARTS for name in players[part]} <= set(DRUMS)
    assert set(style.band.levels) == {*TONE_PARTS, "drums"}
    assert set(style.harmony.modes) <= set(MODES)
    assert set(style.harmony.tonics) <= set(PITCH_CLASSES)


@every_style
def test_patterns_fill_a_bar(style):
    for patterns in style.groove.patterns.values():
        for pattern in patterns:
            assert set(pattern) <= {*ACCENTS, "."}
            assert len(pattern) % (2 * style.groove.metre) == 0  # whole eighth notes


def test_no_ingredient_belongs_to_one_family_alone():
    # a band, groove or harmony with one style only would give that style away
    for ingredient in ("band", "groove", "harmony"):
        users = pd.Series([getattr(style, ingredient).name for style in STYLES]).value_counts()
        assert users.min() >= 2
    recipes = {(s.band.name, s.groove.name, s.harmony.name, s.brightness) for s in STYLES}
    assert len(recipes) == len(STYLES)


# --- the score -----------------------------------------------------------------------------------
@every_style
@pytest.mark.parametrize("seed", range(5))
def test_every_note_is_in_the_key(style, seed):
    score = score_of(style, seed)
    scale = {(PITCH_CLASSES.index(score.tonic) + semitones) % 12 for semitones in MODES[score.mode]}
    assert {note.pitch % 12 for note in score.notes} <= scale
    assert score.mode in style.harmony.modes
    assert score.tonic in style.harmony.tonics


@every_style
@pytest.mark.parametrize("seed", range(5))
def test_kicks_come_at_the_stated_tempo(style, seed):
    score = score_of(style, seed)
    beat = 60 / score.tempo
    loud = np.array([s.start for s in score.strokes if s.part == "kick" and s.loudness >= 0.8])
    since_first = loud - loud[0]  # loud kicks are on beats only
    late = since_first - beat * np.rint(since_first / beat)
    assert np.abs(late).max() < 0.06  # 5 standard deviations of human timing
    low, high = style.groove.tempo
    assert low <= score.tempo <= high


@every_style
def test_a_score_covers_the_clip(style):
    score = score_of(style, 0)
    starts = [event.start for event in (*score.notes, *score.strokes)]
    bar = 60 / score.tempo * style.groove.metre
    assert min(starts) < bar
    assert max(starts) > 12 - bar
    assert all(0 < event.loudness <= 1 for event in (*score.notes, *score.strokes))
    assert all(0 < note.seconds <= bar + 1e-9 for note in score.notes)


@every_style
def test_what_a_style_leaves_open_varies(style):
    scores = [score_of(style, seed, seconds=4.0) for seed in range(120)]
    low, high = style.groove.tempo
    tempi = [score.tempo for score in scores]
    assert max(tempi) - min(tempi) > 0.5 * 0.6 * (high - low)  # one artist uses 0.6 of the range
    assert {score.tonic for score in scores} == set(style.harmony.tonics)
    assert {score.mode for score in scores} == set(style.harmony.modes)
    assert len({round(score.strokes[0].start, 3) for score in scores}) > 100  # starts anywhere in a bar


@every_style
def test_instruments_keep_their_register(style):
    low, high = style.harmony.lead_register
    leads = [n.pitch for seed in range(5) for n in score_of(style, seed).notes if n.part == "lead"]
    assert low <= min(leads)
    assert max(leads) <= high
    assert max(leads) - min(leads) >= (high - low) // 2


def test_swing_delays_the_second_eighth():
    boogie = next(style for style in STYLES if style.name == "boogie")
    groove = dataclasses.replace(
        boogie.groove,
        swing=(2 / 3, 2 / 3),
        patterns=dict.fromkeys(boogie.groove.patterns, ("XX" * 4,)),
        fills=0.0,
    )
    score = score_of(dataclasses.replace(boogie, groove=groove), 0, seconds=30.0)
    hats = np.array([stroke.start for stroke in score.strokes if stroke.part == "hat"]) * score.tempo / 60
    assert np.mean(np.diff(hats)[::2]) == pytest.approx(2 / 3, abs=0.02)
    assert np.mean(np.diff(hats)[1::2]) == pytest.approx(1 / 3, abs=0.02)


# --- the sound -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("pitch", [45, 69])
def test_an_instrument_sounds_the_pitch_it_is_asked_for(name, pitch):
    note = play(INSTRUMENTS[name], pitch, 1.0, 22050)
    period = 22050 / (440 * 2 ** ((pitch - 69) / 12))
    spectrum = np.abs(np.fft.rfft(note, 1 << 17)) ** 2
    echo = np.fft.irfft(spectrum)[: int(1.5 * period)]
    best = int(0.6 * period) + np.argmax(echo[int(0.6 * period) :])
    assert best == pytest.approx(period, abs=1)


@pytest.mark.parametrize("name", DRUMS)
def test_a_drum_dies_away(name):
    stroke = strike(DRUMS[name], 22050)
    assert np.isfinite(stroke).all()
    half = stroke.size // 2
    assert np.sum(stroke[half:] ** 2) < 0.01 * np.sum(stroke**2)
    with pytest.raises(ValueError, match="read-only"):
        stroke[0] = 1


@every_style
def test_samples_are_sound(style):
    for seed in range(3):
        clip = compose(style, seed, seconds=3.0)
        assert clip.samples.dtype == np.float32
        assert clip.samples.shape == (66150,)
        assert np.isfinite(clip.samples).all()
        assert 0.35 < np.abs(clip.samples).max() <= 0.95
        assert np.std(clip.samples) > 0.01
        assert (clip.samples * 32768 == np.rint(clip.samples * 32768)).all()


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_any_rate(rate):
    clip = compose("trance", 0, seconds=1.5, rate=rate)
    assert clip.samples.size == 1.5 * rate
    assert np.isfinite(clip.samples).all()


def test_shortest_clip_is_one_sample():
    assert compose("dub", 0, seconds=1 / 22050).samples.shape == (1,)


def test_tempo_can_be_heard():
    # independent of the composer: the autocorrelation of the onset strength of a clip of drums and all,
    # read at the lag of the stated beat, stands out against lags that are no simple fraction of it
    for number in range(4):
        clip = compose("stomp", number, seconds=12.0)
        hop = 256
        frames = clip.samples[: clip.samples.size // hop * hop].reshape(-1, hop)
        level = np.log(np.abs(np.fft.rfft(frames * np.hanning(hop))) + 1e-3)
        onsets = np.maximum(np.diff(level, axis=0), 0).sum(axis=1)
        onsets -= onsets.mean()
        echo = np.fft.irfft(np.abs(np.fft.rfft(onsets, 4096)) ** 2)
        lags = np.arange(int(0.38 * 22050 / hop), int(0.75 * 22050 / hop))  # 80 to 158 bpm
        heard = 60 * 22050 / hop / lags[np.argmax(echo[lags])]
        assert heard == pytest.approx(clip.tempo, rel=0.03)


# --- seeds ---------------------------------------------------------------------------------------
@every_style
def test_a_seed_says_it_all(style):
    first = compose(style, (5, 2), seconds=2.0)
    compose(STYLES[0], 0, seconds=1.0)
    again = compose(style.name, (5, 2), seconds=2.0)
    other = compose(style, (5, 7), seconds=2.0)  # the same artist
    assert first.samples.tobytes() == again.samples.tobytes()
    assert (first.tempo, first.key, first.artist) == (again.tempo, again.key, again.artist)
    assert other.artist == first.artist
    assert other.samples.tobytes() != first.samples.tobytes()


def test_clips_do_not_depend_on_their_number_or_on_workers():
    few = synthesize(1, seconds=1.0, random_state=3)
    many = synthesize(2, seconds=1.0, random_state=3, n_jobs=2)
    assert [clip.recording for clip in few] == [clip.recording for clip in many[::2]]
    for one, same in zip(few, many[::2], strict=True):
        assert one.samples.tobytes() == same.samples.tobytes()
    alone = compose(NAMES[1], (3, 1), seconds=1.0)
    assert alone.samples.tobytes() == many[3].samples.tobytes()
    assert synthesize(1, seconds=1.0, random_state=4)[0].samples.tobytes() != few[0].samples.tobytes()


def test_artists_take_turns_and_have_habits():
    for style in STYLES:
        artists = [artist_of(style, number) for number in range(ARTISTS_PER_STYLE)]
        assert artists == [artist_of(style, number) for number in range(ARTISTS_PER_STYLE)]
        assert len({artist.name for artist in artists}) == ARTISTS_PER_STYLE
        assert len({artist.resonance for artist in artists}) == ARTISTS_PER_STYLE
    clips = [compose("hymn", number, seconds=0.5) for number in range(ARTISTS_PER_STYLE + 1)]
    assert len({clip.artist for clip in clips}) == ARTISTS_PER_STYLE
    assert clips[-1].artist == clips[0].artist


def test_a_style_of_your_own():
    ballad, trance = STYLES[0], STYLES[8]
    mine = Style("mine", ballad.band, trance.groove, ballad.harmony)
    clip = compose(mine, 0, seconds=1.0)
    assert (clip.style, clip.metre, clip.recording) == ("mine", 4, "mine.00000")


def test_chance_stays_in_its_limits():
    rng = seeded("chance", 1)
    drawn = [between(rng, (10, 20), lean=1.0, freedom=0.25) for _ in range(200)]
    assert 17.5 <= min(drawn) < max(drawn) <= 20
    assert {one_of(rng, "abc") for _ in range(100)} == set("abc")


# --- on disk -------------------------------------------------------------------------------------
def test_files_hold_what_memory_holds(tmp_path):
    steps = []
    table = write_corpus(tmp_path / "new", 2, seconds=1.0, random_state=1, progress=steps.append)
    clips = synthesize(2, seconds=1.0, random_state=1)
    assert sum(steps) == len(table) == 20
    for path, clip in zip(table.paths, clips, strict=True):
        samples, rate = soundfile.read(path, dtype="float32")
        assert soundfile.info(path).subtype == "PCM_16"
        assert rate == clip.rate
        np.testing.assert_array_equal(samples, clip.samples)
    memory = table_of(clips)
    for column in ("label", "recording", "artist", "tempo", "metre", "tonic", "mode", "key", "seconds"):
        assert list(table.column(column)) == list(memory.column(column))


def test_manifest_is_read_back(tmp_path):
    table = write_corpus(tmp_path, 2, seconds=0.5, n_jobs=2)
    again = load_dataset(tmp_path)
    pd.testing.assert_frame_equal(again.frame, table.frame, check_dtype=False)
    assert table.name == "synthetic"
    assert not looks_like_gtzan(tmp_path)
    assert table.frame["split"].isna().all()
    assert len(set(table.artists)) == 20


def test_folder_that_is_not_empty(tmp_path):
    (tmp_path / ".gitkeep").touch()
    write_corpus(tmp_path, 2, seconds=0.1)  # a hidden file is no content
    (tmp_path / "waltz" / "my own.wav").touch()
    with pytest.raises(DatasetError, match="is not empty; give another folder, or overwrite"):
        write_corpus(tmp_path, 1, seconds=0.1)
    table = write_corpus(tmp_path, 1, seconds=0.1, overwrite=True)
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.wav")}
    assert kept == {*(f"{name}/{name}.00000.wav" for name in NAMES), "waltz/my own.wav"}
    assert len(load_dataset(tmp_path)) == len(table) == 10


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="is a file; give a folder"):
        write_corpus(tmp_path / "file", 1, seconds=0.1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_per_style": 0}, "0 clips a style"),
        ({"seconds": 0.0}, "cannot compose 0 s"),
        ({"seconds": float("nan")}, "cannot compose nan s"),
        ({"rate": 100}, "at least 8000 Hz"),
        ({"random_state": -1}, "the seed -1 is negative"),
    ],
)
def test_wrong_wishes_leave_the_folder_alone(tmp_path, wrong, message):
    write_corpus(tmp_path, 1, seconds=0.1)
    wishes = {"n_per_style": 1, "seconds": 0.1} | wrong
    with pytest.raises(DatasetError, match=message):
        synthesize(**wishes)
    with pytest.raises(DatasetError, match=message):
        write_corpus(tmp_path, overwrite=True, **wishes)
    assert len(load_dataset(tmp_path)) == 10


def test_unknown_style():
    with pytest.raises(UnknownNameError, match="unknown style 'walz'.*Did you mean 'waltz'"):
        compose("walz", 0)


# --- what it is for ------------------------------------------------------------------------------
def test_no_family_solves_it_and_all_together_do_best():
    clips = synthesize(15, seconds=10.0, random_state=0)
    features = ClipFeatures("classic30").fit([clips[0].samples])
    columns = features.transform([clip.samples for clip in clips])
    labels = np.array([clip.style for clip in clips])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    forest = RandomForestClassifier(100, random_state=0)

    def accuracy(chosen: slice) -> float:
        return float(cross_val_score(forest, columns[:, chosen], labels, cv=folds).mean())

    timbre, rhythm, pitch = (accuracy(part) for part in (slice(19), slice(19, 25), slice(25, 30)))
    together = accuracy(slice(30))
    # measured with 30 clips a style: about 0.65, 0.5, 0.5 and 0.85; bounds leave 0.1 for fewer clips
    for alone in (timbre, rhythm, pitch):
        assert 0.25 < alone < 0.8
        assert alone + 0.05 < together
    assert 0.7 < together < 0.98
