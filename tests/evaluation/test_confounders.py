"""Confounds: what gives classes away is found, what does not is not, and by how many it is told."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from scipy.signal import firwin, lfilter

from gtzanfeat import ClipTable, Experiment, audit, confounds, load_dataset, read_evaluation, write_evaluation
from gtzanfeat.cli import main
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import Confounds
from gtzanfeat.evaluation.confounders import _holm
from gtzanfeat.extraction.file_properties import PROPERTIES, cut_off, measure_properties
from gtzanfeat.report.page import render

RATE = 44100


def table(labels, **columns):
    """A table of files that are not there."""
    names = [f"{i}.wav" for i in range(len(labels))]
    return ClipTable(pd.DataFrame({"path": names, "recording": names, "label": labels} | columns), "made up")


def random_properties(n, rng):
    """Properties that have nothing to do with any label."""
    return pd.DataFrame(
        {
            "sample rate": rng.choice([22050.0, 44100.0, 48000.0], n),
            "channels": rng.choice([1.0, 2.0], n),
            "format": rng.choice(["WAV PCM_16", "MP3 MPEG_LAYER_III"], n),
            "duration": rng.normal(30, 2, n),
            "level": rng.normal(-20, 5, n),
            "cut-off": rng.normal(16000, 2000, n),
        }
    )


def low_pass(samples, hz):
    """Sound without what lies above a frequency: 120 dB less of it, from 200 Hz above."""
    return lfilter(firwin(1023, hz, window=("kaiser", 12), fs=RATE), 1, samples)


def low_passed(rng, hz):
    """A second of noise that falls with frequency, at a level of its own, as an encoder leaves it."""
    noise = lfilter([1], [1, -0.7], 0.05 * rng.uniform(0.5, 2) * rng.standard_normal(RATE))
    return noise if hz is None else low_pass(noise, hz)


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    """Twelve clips each: rock was cut at 16 kHz by an encoder, jazz was not."""
    folder = tmp_path_factory.mktemp("encoded")
    rng = np.random.default_rng(0)
    for label, hz in (("rock", 16000), ("jazz", None)):
        (folder / label).mkdir()
        for i in range(12):
            soundfile.write(folder / label / f"{label}{i}.wav", low_passed(rng, hz), RATE)
    return load_dataset(folder)


# --- what is found -----------------------------------------------------------------------------------


def test_the_low_pass_of_an_encoder_is_found(encoded):
    found = confounds(encoded)
    (cut,) = found.found
    assert (cut.name, cut.accuracy, found.majority) == ("cut-off", 1.0, 0.5)
    assert cut.p_value < 0.01
    assert "cut-off 100.0% alone (commonest class 50.0%)" in found.sentence
    told = {each.name: each for each in found.properties}
    assert list(told) == list(PROPERTIES)
    assert told["sample rate"].values == "44100 Hz"
    assert told["format"].values == "WAV PCM_16 (24)"
    assert told["sample rate"].accuracy is told["sample rate"].p_value is None


def test_the_same_low_pass_in_all_classes_is_none(tmp_path):
    rng = np.random.default_rng(1)
    for i in range(24):
        path = tmp_path / ("rock" if i % 2 else "jazz") / f"{i}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, low_passed(rng, 16000), RATE)
    assert not confounds(load_dataset(tmp_path))


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_can_give_the_class_away(name, rng):
    labels = np.array(["rock", "jazz", "jazz"])[np.arange(45) % 3]
    made = random_properties(45, rng)
    values = np.unique(made[name])
    made[name] = np.where(labels == "rock", values[0], values[-1])
    found = confounds(table(labels), made)
    assert [each.name for each in found.found] == [name]
    assert found.majority == pytest.approx(2 / 3)


@pytest.mark.parametrize(("n_clips", "n_classes"), [(24, 2), (60, 6)])
def test_false_alarms_are_as_rare_as_they_say(n_clips, n_classes):
    labels = [f"class {i % n_classes}" for i in range(n_clips)]
    alarms = sum(
        bool(confounds(table(labels), random_properties(n_clips, np.random.default_rng(seed))))
        for seed in range(25)
    )
    assert alarms <= 4  # of 25 at 5 %, more have a probability of 0.7 %


def test_clips_of_an_artist_count_once():
    # four artists, whose clips are all made alike: what looks certain of 80 clips is nothing of four artists
    artist = np.repeat(np.arange(4), 20)
    made = pd.DataFrame({"level": [-10.0, -10.0, -20.0, -20.0]}).loc[artist].reset_index(drop=True)
    labels = np.where(artist < 2, "rock", "jazz")
    assert confounds(table(labels), made)
    by_artist = confounds(table(labels, artist=[f"artist {i}" for i in artist]), made)
    assert (by_artist.n_clips, by_artist.n_groups, bool(by_artist)) == (80, 4, False)


def test_windows_of_a_file_are_measured_together(encoded):
    windows = encoded.frame.loc[np.repeat(np.arange(24), 2)].reset_index(drop=True)
    windows = windows.assign(offset=[0.0, 0.5] * 24, duration=0.5)
    found = confounds(ClipTable(windows, "windows"))
    assert (found.n_clips, found.n_groups) == (48, 24)
    assert found.to_frame().set_index("name")["values"]["duration"] == "1 s"
    assert [each.name for each in found.found] == ["cut-off"]


def test_p_values_are_corrected():
    assert _holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


def test_what_cannot_be_asked_is_said():
    with pytest.raises(ProtocolError, match="less than two classes"):
        confounds(table(["jazz", "jazz"]))
    with pytest.raises(ValueError, match="one row for each of the 2 clips"):
        confounds(table(["jazz", "rock"]), pd.DataFrame({"level": [1.0]}))
    gone = confounds(table(["jazz", "rock"] * 5))
    assert (gone.properties, gone.notes[0]) == ((), "10 of 10 clips cannot be read, so they are not compared")
    few = confounds(table(["jazz", "rock"]), pd.DataFrame({"level": [1.0, 2.0]}))
    assert "too few artists or recordings" in few.notes[0]


# --- how it is measured ------------------------------------------------------------------------------


def test_properties_are_measured(tmp_path, rng):
    noise = rng.uniform(-0.5, 0.5, (3 * RATE, 2))
    soundfile.write(tmp_path / "a.flac", noise, RATE)
    soundfile.write(tmp_path / "b.wav", np.zeros(8000), 8000)
    (tmp_path / "c.wav").write_text("nothing")
    files = [tmp_path / name for name in ("a.flac", "b.wav", "c.wav")]
    found = pd.DataFrame(measure_properties(files))[list(PROPERTIES)]
    level = 10 * np.log10(0.5**2 / 3 / 2)  # uniform noise; its mean over two channels has half of the power
    assert found.iloc[0].tolist() == [RATE, 2, "FLAC PCM_16", 3.0, pytest.approx(level, abs=0.1), RATE / 2]
    assert found.iloc[1].tolist() == [8000, 1, "WAV PCM_16", 1.0, -120.0, 0.0]
    assert found.iloc[2].isna().all()


@pytest.mark.parametrize("hz", [5000, 11000, 16000])
@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_the_cut_off_is_where_the_low_pass_is(rng, hz, gain):
    low = gain * low_pass(rng.uniform(-0.5, 0.5, RATE), hz)
    rounded = np.round(low * 32768) / 32768  # which puts noise above it
    for samples in (low, rounded):
        assert cut_off(samples, RATE) == pytest.approx(hz, abs=400)


# --- where it is said --------------------------------------------------------------------------------


def test_with_memory_a_file_is_measured_once(encoded, tmp_path, monkeypatch):
    files = list(encoded.paths[:4])
    first = pd.DataFrame(measure_properties(files, memory=tmp_path))
    monkeypatch.setattr("gtzanfeat.extraction.file_properties.blocks", None)
    pd.testing.assert_frame_equal(pd.DataFrame(measure_properties(files, memory=tmp_path)), first)


def test_evaluations_say_it_before_the_score(encoded, tmp_path):
    values = np.arange(24.0)[:, None]
    found = Experiment("knn1", encoded, values=values, repeats=1, cv=2).evaluate()
    lines = str(found).splitlines()
    (warned,) = (line for line in lines if line.startswith("warning: properties of the files tell the class"))
    (row,) = (line for line in lines if line.startswith("  cut-off "))
    score = next(line for line in lines if line.startswith("accuracy "))
    assert lines.index(warned) < lines.index(row) < lines.index(score)
    page = render(found)
    assert page.index("Before you believe it") < page.index(">Cut-off</th>") < page.index("What was asked")
    write_evaluation(found, tmp_path / "saved")
    again = read_evaluation(tmp_path / "saved")
    assert str(again) == str(found)
    assert isinstance(again.audit.confounds, Confounds)


def test_where_nothing_is_told_nothing_is_said(encoded):
    clips = encoded.select(encoded.labels == "jazz")
    mixed = ClipTable(clips.frame.assign(label=["rock", "jazz"] * 6), "mixed")
    found = Experiment("knn1", mixed, values=np.arange(12.0)[:, None], repeats=1, cv=2).evaluate()
    assert "properties of the files" not in str(found) + render(found)
    assert found.audit.confounds.to_dict()["properties"][0]["name"] == "sample rate"


def test_audits_say_it(encoded):
    found = audit(encoded, [(np.arange(0, 24, 2), np.arange(1, 24, 2))], near_duplicates=False)
    assert not found  # nothing is on both sides
    assert "cut-off" in next(line for line in str(found).splitlines() if line.endswith("  tells the class"))
    assert json.loads(json.dumps(found.to_dict()))["confounds"]["majority"] == 0.5


def test_the_command_says_it(encoded, tmp_path):
    folder = str(encoded.paths[0]).rpartition("/")[0].rpartition("/")[0]
    done = CliRunner().invoke(main, ["audit", folder, "--no-near-duplicates", "--cv", "2", "-q"])
    assert done.exit_code == 0, done.output
    assert re.search(r"  cut-off .* 100\.0%  0\.00\d  tells the class\n", done.stdout)
