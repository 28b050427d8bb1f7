"""The table that every dataset becomes: its columns, its groups, its selections and what it refuses."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gtzanfeat.audio import Clip
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import DatasetError, UnknownNameError


def table(**columns):
    frame = pd.DataFrame({"path": ["a.wav", "b.wav", "c.wav"], "label": ["x", "x", "y"]})
    return ClipTable(frame.assign(recording=["a", "b", "c"]).assign(**columns), "example")


def test_table_gives_plain_object_arrays():
    clips = table(artist=["Abba", None, " "], split=["train", "", "test"])
    for array in (clips.paths, clips.labels, clips.recordings, clips.artists, clips.splits, clips.groups):
        assert type(array) is np.ndarray
        assert array.dtype == object
        assert all(value is None or type(value) is str for value in array)
    assert clips.artists.tolist() == ["Abba", None, None]
    assert clips.splits.tolist() == ["train", None, "test"]
    assert clips.classes == ("x", "y")


def test_table_always_has_artist_and_split():
    clips = table()
    assert clips.frame.columns.tolist() == ["path", "label", "recording", "artist", "split"]
    assert clips.artists is None
    assert clips.splits.tolist() == [None] * 3


def test_unknown_artists_are_groups_of_their_own():
    assert table().groups.tolist() == ["a", "b", "c"]
    assert table(artist=["Abba", None, "Abba"]).groups.tolist() == ["Abba", "b", "Abba"]


def test_numbers_for_artists_become_text():
    assert table(artist=[1, 2, 2]).artists.tolist() == ["1", "2", "2"]


def test_table_keeps_other_columns_and_does_not_share_its_frame():
    frame = pd.DataFrame({"bpm": [120.0], "recording": ["a"], "label": ["x"], "path": [Path("a.wav")]}, [7])
    clips = ClipTable(frame, "example")
    assert clips.frame["bpm"].tolist() == [120.0]
    assert clips.frame.index.tolist() == [0]
    frame.loc[7, "label"] = "changed"
    assert clips.labels.tolist() == ["x"]
    assert clips.paths.tolist() == ["a.wav"]


def test_table_takes_a_frame_with_any_index():
    frame = table().frame
    doubled = pd.concat([frame.iloc[:1], frame.iloc[1:2].reset_index(drop=True)])
    clips = ClipTable(doubled.assign(artist=[Path("x"), None], offset=[1, 2]), "example")
    assert clips.groups.tolist() == ["x", "b"]
    assert clips.frame["offset"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "rows",
    [
        [2, 0],
        np.array([2, 0]),
        pd.Series([2, 0], index=[5, 6]),
    ],
)
def test_select_by_row_numbers_keeps_their_order(rows):
    assert table().select(rows).recordings.tolist() == ["c", "a"]


@pytest.mark.parametrize(
    "mask",
    [
        [True, False, True],
        np.array([True, False, True]),
        pd.array([True, None, True], dtype="boolean"),
        np.array([True, None, True], dtype=object),
    ],
)
def test_select_by_mask_takes_missing_for_false(mask):
    chosen = table(bpm=[1, 2, 3]).select(mask)
    assert chosen.recordings.tolist() == ["a", "c"]
    assert chosen.frame["bpm"].tolist() == [1, 3]
    assert chosen.name == "example"


def test_select_of_nothing_and_of_a_wrong_mask():
    assert len(table().select([])) == 0
    assert len(table().select([False] * 3)) == 0
    assert table().select([]).labels.tolist() == []
    with pytest.raises(ValueError, match="a mask of 2 values does not fit a table of 3 clips"):
        table().select([True, False])


def test_column_gives_none_for_missing_and_refuses_unknown_names():
    clips = table(fold=pd.array([1, None, 3], dtype="Int64"))
    assert clips.column("fold").tolist() == [1, None, 3]
    with pytest.raises(UnknownNameError, match=r"unknown column 'flod'.*Did you mean 'fold'"):
        clips.column("flod")


def test_table_survives_pickling():
    clips = pickle.loads(pickle.dumps(table(artist=["Abba", None, "Abba"])))
    assert clips.groups.tolist() == ["Abba", "b", "Abba"]
    assert repr(clips) == "ClipTable('example': 3 clips, 2 classes)"


def test_windows_of_a_recording_are_clips():
    clips = table(recording=["a", "a", "c"], path=["a.wav", "a.wav", "c.wav"], offset=[None, 5, 0])
    assert [(clip.source, clip.offset, clip.duration) for clip in clips.clips] == [
        ("a.wav", 0.0, None),
        ("a.wav", 5.0, None),
        ("c.wav", 0.0, None),
    ]
    assert clips.groups.tolist() == ["a", "a", "c"]
    assert all(isinstance(clip, Clip) for clip in table(duration=[1.0, 2.0, 3.0]).clips)
    assert table().clips.tolist() == ["a.wav", "b.wav", "c.wav"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"recording": ["a", "b", "a"]}, r"recording 'a' is there more than once \(a.wav, c.wav\)"),
        ({"path": ["a.wav", "b.wav", "a.wav"]}, "path 'a.wav' is there more than once"),
        ({"recording": ["a", None, "c"]}, "row 2 has no recording"),
        ({"path": ["", "b.wav", "c.wav"]}, "row 1 has no path"),
        ({"offset": ["0", "soon", "1"]}, "'offset' must hold seconds"),
        ({"duration": [1, -2, 1]}, "'duration' must hold seconds, but one is -2"),
        (
            {"path": ["a.wav", str(Path("a.wav").absolute()), "c.wav"]},
            r"a.wav' is there more than once \(a.wav, ",
        ),
        ({"duration": [1, 0, 1]}, "'duration' must hold seconds, but one is 0"),
        ({"duration": [1, np.inf, 1]}, "'duration' must hold seconds, but one is inf"),
        ({"offset": [1, np.inf, 1]}, "'offset' must hold seconds, but one is inf"),
        (
            {"path": ["a.wav", "b.wav", "x/../a.wav"]},
            r"path 'x/../a.wav' is there more than once \(a.wav, x/../a.wav\)",
        ),
        (
            {"path": ["a.wav", "./a.wav", "c.wav"], "offset": [0, 1, 0]},
            "the file 'a.wav' is taken for 2 recordings \\('a', 'b'\\); its windows are told apart",
        ),
        (
            {"path": pd.Series(["a.wav", "caf\udce9.wav", "c.wav"], dtype=object)},
            r"the path 'caf\\xe9.wav' is not UTF-8; rename it",
        ),
        (
            {"recording": ["a", "a", "c"], "offset": [0, 1, 0], "artist": ["Abba", None, "Cher"]},
            "rows of recording 'a' disagree about its artist",
        ),
    ],
)
def test_table_refuses_what_it_cannot_mean(columns, message):
    with pytest.raises(DatasetError, match=message):
        table(**columns)


def test_table_names_missing_and_double_columns():
    frame = pd.DataFrame({"path": ["a.wav"], "genre": ["x"]})
    with pytest.raises(DatasetError, match="no column 'label' or 'recording'; columns found: path, genre"):
        ClipTable(frame, "example")
    frame = pd.DataFrame([["a", "a", "x", "y"]], columns=["path", "recording", "label", "label"])
    with pytest.raises(DatasetError, match="column 'label' is there more than once"):
        ClipTable(frame, "example")


# --- tags, targets, albums ---------------------------------------------------------------------------


def test_tags_are_sorted_each_once_and_none_is_not_unknown():
    clips = table(labels=["slow | guitar|slow", "", None])
    assert clips.tags == ("guitar", "slow")
    assert clips.tag_matrix.dtype == bool
    assert clips.tag_matrix.tolist() == [[True, True], [False, False], [False, False]]
    assert clips.tagged.tolist() == [True, True, False]
    assert clips.column("labels").tolist() == ["guitar|slow", "|", None]
    assert ClipTable(clips.frame, "again").frame.equals(clips.frame)
    assert repr(clips) == "ClipTable('example': 3 clips, 2 classes, 2 tags)"


def test_without_a_column_of_tags_nothing_is_tagged():
    clips = table()
    assert clips.tags == ()
    assert clips.tag_matrix.shape == (3, 0)
    assert clips.tagged.tolist() == [False] * 3


def test_a_part_has_the_columns_of_the_whole():
    clips = table(labels=["b", "a|c", "|"])
    part = clips.select([2])
    assert part.tags == ("a", "b", "c")
    assert part.tag_matrix.tolist() == [[False] * 3]
    assert clips.select([]).tag_matrix.shape == (0, 3)
    assert pickle.loads(pickle.dumps(part)).tags == part.tags
    wider = ClipTable(clips.frame, "example", tags=("d", "c", "b", "a"))
    assert wider.tags == ("a", "b", "c", "d")
    with pytest.raises(DatasetError, match="the tag 'b' is not among the 2 tags there can be"):
        ClipTable(clips.frame, "example", tags=("a", "c"))


@pytest.mark.parametrize("column", ["labels", "target"])
def test_the_class_may_be_left_out_where_there_is_something_else_to_learn(column):
    frame = table().frame.drop(columns="label").assign(**{column: ["1", None, "2"]})
    clips = ClipTable(frame, "example")
    assert clips.labels.tolist() == [None] * 3
    assert clips.classes == ()
    with pytest.raises(DatasetError, match="no column 'label'; columns found"):
        ClipTable(frame.drop(columns=column), "example")


def test_targets_are_numbers_or_missing():
    clips = table(target=["1.5", None, 2], valence=[1, 2, 3], mood=["good", "bad", "good"])
    np.testing.assert_array_equal(clips.numeric(), [1.5, np.nan, 2.0])
    assert clips.numeric("valence").dtype == np.float64
    with pytest.raises(DatasetError, match="example: the column 'mood' must hold numbers"):
        clips.numeric("mood")
    with pytest.raises(UnknownNameError, match="unknown column 'arousal'"):
        clips.numeric("arousal")


@pytest.mark.parametrize(
    ("value", "message"), [("high", "must hold numbers"), (np.inf, "must hold finite numbers")]
)
def test_a_target_that_is_no_number_is_refused(value, message):
    with pytest.raises(DatasetError, match=f"the column 'target' {message}"):
        table(target=[1, value, 2])


def test_albums_are_kept_together_where_artists_are_unknown():
    clips = table(artist=["Abba", None, None], album=["Arrival", "Live", "Live"])
    assert clips.albums.tolist() == ["Arrival", "Live", "Live"]
    assert clips.groups.tolist() == ["Abba", "Live", "Live"]
    assert table().albums is None
    assert table(album=[None, " ", ""]).albums is None
    with pytest.raises(DatasetError, match="rows of recording 'a' disagree about its album"):
        table(
            recording=["a", "a", "c"],
            path=["a.wav", "a.wav", "c.wav"],
            offset=[0, 1, 0],
            album=["x", "y", "z"],
        )


def test_chosen_classes_keep_count_of_the_others():
    frame = pd.DataFrame(
        {"path": list("abcde"), "recording": list("abcde"), "label": ["x", "y", "z", "x", None]}
    )
    whole = ClipTable(frame, "example")
    chosen = whole.select_classes(["z", "x"])
    assert chosen.paths.tolist() == ["a", "c", "d"]
    assert chosen.left_out == {"of classes not chosen": 1, "without a label": 1}
    fewer = chosen.select_classes(["x"]).select([0])
    assert fewer.left_out == {"of classes not chosen": 2, "without a label": 1}
    assert whole.left_out == {}
    with pytest.raises(UnknownNameError, match="unknown class 'w'"):
        whole.select_classes(["w"])
    with pytest.raises(ValueError, match="classes must be a list, not 'x'"):
        whole.select_classes("x")
