"""Audio files below a folder: what is found, what is left out as a copy, and what is said of both."""

import os
import shutil
from pathlib import PurePosixPath

import numpy as np
import pytest
import soundfile
from dataset_copies import RATE, music, write_all, write_noise

from gtzanfeat.datasets import audio_files, check, load_dataset
from gtzanfeat.datasets.audio_files import sound_files
from gtzanfeat.errors import DatasetError


def names(clips):
    return [PurePosixPath(path).name for path in clips.paths]


def test_files_are_found_by_their_suffix_in_any_case(tmp_path):
    write_all(tmp_path, "x/a.wav", "x/b.WAV", "x/c.Flac", "x/d.wav")
    (tmp_path / "x" / "d.wav").rename(tmp_path / "x" / "d.AIFC")  # what it holds is found out later
    shutil.copy(tmp_path / "x" / "a.wav", tmp_path / "x" / "e.wave")
    assert names(load_dataset(tmp_path)) == ["a.wav", "b.WAV", "c.Flac", "d.AIFC", "e.wave"]


def test_sound_that_is_not_decoded_is_counted_in_one_line(tmp_path):
    write_all(tmp_path, "x/a.wav", "y/b.wav")
    for name in ("x/c.M4A", "x/d.m4a", "y/e.webm", "y/cover.png", "y/.hidden.mp4"):
        (tmp_path / name).touch()
    said = (
        "not taken, since these formats are not decoded: 2 .m4a, 1 .webm (such as x/c.M4A); convert them, "
        "e.g. with `ffmpeg -i IN OUT.wav`"
    )
    assert load_dataset(tmp_path).notes == (said,)
    write_all(tmp_path / "gtzan", "pop/pop.00000.wav")
    (tmp_path / "gtzan" / "pop" / "pop.00001.wma").touch()
    assert (
        load_dataset(tmp_path / "gtzan")
        .notes[0]
        .startswith("not taken, since these formats are not decoded: 1")
    )
    for file in (
        tmp_path / "x" / "a.wav",
        tmp_path / "y" / "b.wav",
        tmp_path / "gtzan" / "pop" / "pop.00000.wav",
    ):
        file.unlink()
    with pytest.raises(DatasetError, match=r"no recordings in this folder.*; not taken, since .* 2 \.m4a"):
        load_dataset(tmp_path)


def test_gtzan_counts_it_too(tmp_path):
    write_all(tmp_path, "pop/pop.00000.wav")
    (tmp_path / "pop" / "pop.00001.wma").touch()
    (note,) = load_dataset(tmp_path).notes
    assert note.startswith("not taken, since these formats are not decoded: 1 .wma")


def test_links_are_followed_but_not_in_circles(tmp_path):
    outside = write_all(tmp_path / "outside", "a.wav")
    root = write_all(tmp_path / "root", "x/b.wav")
    os.symlink(outside, root / "y")
    os.symlink(root, root / "x" / "again")
    assert sound_files(root) == ([PurePosixPath("x/b.wav"), PurePosixPath("y/a.wav")], [])


@pytest.mark.parametrize("good", ["x/a.wav", "pop/pop.00001.wav"])
def test_a_name_that_is_not_utf_8_is_left_out_with_a_note(tmp_path, good):
    write_all(tmp_path, good)
    folder = os.fsencode((tmp_path / good).parent)
    shutil.copy(tmp_path / good, os.path.join(folder, b"\xe9" + os.fsencode(PurePosixPath(good).name)))
    clips = load_dataset(tmp_path)
    assert clips.paths.tolist() == [str(tmp_path / good)]
    assert f"{PurePosixPath(good).parent}/\\xe9{PurePosixPath(good).name}" in clips.notes[0]
    assert check(tmp_path).ok
    (tmp_path / good).unlink()
    with pytest.raises(
        DatasetError, match=r"no recordings.*; left out, because a name is not UTF-8: .*\\xe9"
    ):
        load_dataset(tmp_path)


# --- one name, several files -------------------------------------------------------------------------


def test_copies_are_left_out_and_counted(tmp_path):
    clips = load_dataset(write_all(tmp_path, "x/a.mp3", "x/a.wav", "x/a.flac", "y/a.wav"))
    assert clips.recordings.tolist() == ["x/a", "y/a"]
    assert names(clips) == ["a.wav", "a.wav"]
    assert clips.notes == ("left out, because x/a.wav is the same recording: x/a.flac and 1 more",)
    assert clips.copies == (str(tmp_path / "x" / "a.flac"), str(tmp_path / "x" / "a.mp3"))
    assert clips.select([0]).copies == clips.copies


def test_other_sounds_of_one_name_are_recordings_of_their_own(tmp_path):
    (tmp_path / "x").mkdir()
    for name, number in (("kick.wav", 0), ("kick.flac", 1), ("kick.mp3", 1), ("snare.wav", 2)):
        soundfile.write(tmp_path / "x" / name, music(number), RATE)
    clips = load_dataset(tmp_path)
    assert clips.recordings.tolist() == ["x/kick.flac", "x/kick.wav", "x/snare"]
    assert clips.copies == (str(tmp_path / "x" / "kick.mp3"),)
    assert clips.notes[:2] == (
        "left out, because x/kick.flac is the same recording: x/kick.mp3",
        "recordings of their own, for they share a name but no sound: x/kick.flac and 1 more",
    )


def test_a_damaged_file_does_not_stand_for_a_good_one(tmp_path):
    write_noise(tmp_path / "x" / "a.flac")
    (tmp_path / "x" / "a.wav").write_bytes(b"not music")
    assert names(load_dataset(tmp_path)) == ["a.flac", "a.wav"]


def test_only_files_of_one_name_are_decoded(tmp_path, monkeypatch):
    compared = []
    monkeypatch.setattr(audio_files, "same_sound", lambda *files: compared.append(files) or True)
    load_dataset(write_all(tmp_path, "x/a.wav", "x/b.wav", "y/a.wav", "y/b.wav", "y/b.au"))
    assert compared == [(tmp_path / "y" / "b.wav", tmp_path / "y" / "b.au")]


def test_gtzan_takes_one_sound_of_a_clip(tmp_path):
    write_all(tmp_path, "pop/pop.00000.au", "pop/pop.00000.wav", "pop/pop.00001.wav")
    soundfile.write(tmp_path / "pop" / "pop.00001.flac", np.zeros(4410), RATE)
    clips = load_dataset(tmp_path)
    assert clips.name == "gtzan"
    assert names(clips) == ["pop.00000.wav", "pop.00001.wav"]
    assert clips.copies == (str(tmp_path / "pop" / "pop.00000.au"),)
    assert clips.notes == (
        "left out, because pop/pop.00000.wav is the same recording: pop/pop.00000.au",
        "left out, for another file of that name holds another sound: pop/pop.00001.flac",
    )
