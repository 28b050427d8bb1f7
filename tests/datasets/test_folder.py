"""Folders of recordings: which folders are classes, which are parts of a split, and which are neither."""

import pytest
from dataset_copies import tiny_folder, write_all

from gtzanfeat.datasets import check, load_dataset
from gtzanfeat.errors import DatasetError


def columns(clips):
    """Recording, split and label of each clip."""
    return list(zip(clips.recordings, clips.splits, clips.labels, strict=True))


def test_folder_labels_are_the_first_folder_names(tmp_path):
    clips = load_dataset(tiny_folder(tmp_path))
    assert clips.labels.tolist() == ["Pop music", "jazz", "jazz"]
    assert clips.recordings.tolist() == ["Pop music/Ä song", "jazz/b", "jazz/live/a"]
    assert clips.artists is None


def test_flat_folder_is_unlabelled(tmp_path):
    clips = load_dataset(write_all(tmp_path, "b.wav", "a.wav"))
    assert clips.recordings.tolist() == ["a", "b"]
    assert clips.labels.tolist() == [None, None]
    assert clips.classes == ()
    assert clips.notes == ()
    assert check(tmp_path).n_unlabelled == 2


# --- parts of a split --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [("train", "valid", "test"), ("Training", "val", "Evaluation"), ("train_set", "dev", "test-data")],
)
def test_folders_named_as_parts_are_the_split(tmp_path, names):
    train, valid, test = names
    files = [f"{part}/{label}/{part[0]}{label}.wav" for part in (train, test) for label in ("jazz", "rock")]
    clips = load_dataset(write_all(tmp_path, *files, f"{valid}/jazz/deep/v.wav"))  # a part may lack a class
    assert clips.classes == ("jazz", "rock")
    assert {split: clips.select(clips.splits == split).labels.tolist() for split in set(clips.splits)} == {
        "train": ["jazz", "rock"],
        "valid": ["jazz"],
        "test": ["jazz", "rock"],
    }
    (note,) = clips.notes
    assert note == (
        f"the folders {', '.join(sorted(names))} are taken for parts of a split, the folders in them for "
        "classes"
    )


def test_a_part_may_hold_recordings_without_a_class(tmp_path):
    clips = load_dataset(write_all(tmp_path, "test/1.wav", "train/rock/1.wav"))
    assert columns(clips) == [("test/1", "test", None), ("train/rock/1", "train", "rock")]
    clips = load_dataset(write_all(tmp_path / "flat", "test/1.wav", "train/2.wav"))
    assert columns(clips) == [("test/1", "test", None), ("train/2", "train", None)]
    assert clips.notes == ("the folders test, train are taken for parts of a split, and classes are unknown",)


def test_each_class_may_hold_the_parts(tmp_path):
    files = ("jazz/train/1.wav", "jazz/test/2.wav", "rock/train/3.wav", "rock/test/cd1/4.wav")
    clips = load_dataset(write_all(tmp_path, *files))
    assert columns(clips) == [
        ("jazz/test/2", "test", "jazz"),
        ("jazz/train/1", "train", "jazz"),
        ("rock/test/cd1/4", "test", "rock"),
        ("rock/train/3", "train", "rock"),
    ]
    assert clips.notes == ("the folders test, train in each class are taken for parts of a split",)


@pytest.mark.parametrize("names", [("fold1", "fold2"), ("Actor_01", "Actor_02"), ("summer", "winter")])
def test_the_same_folders_in_each_are_the_classes(tmp_path, names):
    files = [f"{part}/{label}/1.wav" for part in names for label in ("calm", "angry")]
    clips = load_dataset(write_all(tmp_path, *files))
    assert columns(clips) == [(f"{p}/{c}/1", p, c) for p in names for c in ("angry", "calm")]
    assert clips.notes == (
        f"the folders {', '.join(names)} are taken for parts of a split, the folders in them for classes",
    )


def test_other_folders_in_each_class_are_no_classes(tmp_path):
    clips = load_dataset(
        write_all(tmp_path, "jazz/live/1.wav", "rock/live/1.wav", "rock/studio/1.wav", "rock/2.wav")
    )
    assert clips.classes == ("jazz", "rock")
    clips = load_dataset(
        write_all(tmp_path / "discs", *(f"{c}/cd{n}/1.wav" for c in ("jazz", "rock") for n in (1, 2)))
    )
    assert clips.classes == ("jazz", "rock")


# --- folders that are no classes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (["000/000002.wav", "001/001010.wav", "154/154308.wav"], "000, 001, 154"),
        ([f"fold{n}/a{n}.wav" for n in range(1, 9)], "fold1, fold2, fold3 and 5 more"),
        (["Actor_01/03-01-01.wav", "actor_02/03-01-01.wav"], "Actor_01, actor_02"),
        (["0/a-0-29.wav", "9/b-0-29.wav", "c/c-0-29.wav"], "0, 9, c"),
        (["train/000/1.wav", "train/001/2.wav", "test/000/3.wav"], "000, 001"),
    ],
)
def test_numbered_folders_are_refused(tmp_path, files, named):
    with pytest.raises(DatasetError) as error:
        load_dataset(write_all(tmp_path, *files))
    assert str(error.value) == (
        f"{tmp_path}: the folders {named} are only numbered, and so no classes; name them after their "
        "classes, or list the recordings: in a manifest with the columns path and label or, without classes, "
        "in a text file with one path a line; a published collection needs its own lists"
    )


@pytest.mark.parametrize(
    "names", [("60s", "70s"), ("A", "B", "c"), ("A1", "B2"), ("bpm 90", "slow"), ("cd1", "tape1")]
)
def test_classes_may_hold_digits(tmp_path, names):
    clips = load_dataset(write_all(tmp_path, *(f"{name}/1.wav" for name in names)))
    assert set(clips.classes) == set(names)


@pytest.mark.parametrize(
    ("files", "holds"),
    [
        (
            ["audio/Ballroom/Jive/1.wav", "audio/Ballroom/Tango/2.wav"],
            "audio/Ballroom holds the folders Jive, Tango",
        ),
        (["000/1.wav", "000/2.wav"], "it holds only the folder 000"),
        (["jazz/live/1.wav"], "it holds only the folder jazz/live"),
        (
            ["m/a/1.wav", "m/b/2.wav", "m/c/3.wav", "m/d/4.wav", "m/e/5.wav"],
            "m holds the folders a, b, c and 2 more",
        ),
    ],
)
def test_one_class_is_said(tmp_path, files, holds):
    clips = load_dataset(write_all(tmp_path, *files))
    assert clips.notes == (f"1 class, {clips.classes[0]}: is this the right folder? {holds}",)


def test_folders_that_hold_only_folders_are_said(tmp_path):
    files = ("European/Waltz/1.wav", "European/Tango/2.wav", "Latin/Jive/3.wav", "jazz/4.wav")
    clips = load_dataset(write_all(tmp_path, *files))
    assert clips.classes == ("European", "Latin", "jazz")
    assert clips.notes == (
        "3 classes, by the outer folders: is this the right folder? European, Latin hold no recordings but "
        "folders (European/Tango, European/Waltz, Latin/Jive)",
    )
