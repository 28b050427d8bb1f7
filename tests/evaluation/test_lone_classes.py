"""Classes that a protocol cannot both train and test are left out on request, and the result says so."""

import numpy as np
import pytest
from small_tables import table

from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.evaluation import drop_lone_classes, evaluate, plan

ARTISTS = ["Hooker"] * 4 + ["Baker", "Baker", "Davis", "Davis", "Abba", "Abba", "Cher", "Cher"]


@pytest.fixture
def clips():
    """Three classes of four clips, of which blues has one artist."""
    return table(["blues"] * 4 + ["jazz"] * 4 + ["pop"] * 4, artist=ARTISTS)


def test_the_refusal_names_the_way_out_and_the_result_says_who_is_left_out(clips):
    with pytest.raises(ProtocolError, match=r"\(blues\).*--drop-lone, or --classes A,B; in Python drop_lone"):
        plan(clips, "artist")
    kept = drop_lone_classes(clips, "artist")
    assert kept.classes == ("jazz", "pop")
    values = np.arange(8.0)[:, None]
    result = evaluate("knn1", kept, values=values, protocol="artist", repeats=1)
    assert result.left_out == {"of classes with fewer than two artists (blues)": 4}
    assert (result.n_used, result.n_clips, result.labels) == (8, 12, ("jazz", "pop"))
    assert "clips         8 of 12 (example), 2 classes" in str(result)
    assert "0 failed, 4 of classes with fewer than two artists (blues)" in str(result)


def test_unknown_artists_do_not_count_and_songs_do():
    clips = table(list("aaabbbcc"), artist=["x", None, None, "y", "z", "y", "v", "w"])
    assert drop_lone_classes(clips, "artist").classes == ("b", "c")
    clips = table(list("aabbbcc"), song=["s", "s", *"tuvwx"])
    assert drop_lone_classes(clips).classes == ("b", "c")


def test_fixed_parts_need_every_class_in_each():
    clips = table(list("aabbcc"), split=["train", "test", "train", "test", "train", "train"])
    kept = drop_lone_classes(clips, "split")
    assert kept.left_out == {"of classes that are not in every part (c)": 2}
    assert len(plan(kept, "split").folds) == 1
    clips = table(list("aaabbbcc"), artist_fold=[1, 2, 3, 1, 2, 3, 1, 2])
    assert drop_lone_classes(clips, "artist-3fold").classes == ("a", "b")


def test_where_no_class_is_alone_nothing_is_left_out(clips):
    assert drop_lone_classes(clips) is clips


def test_what_is_no_class_cannot_be_alone(clips):
    with pytest.raises(UnknownNameError, match="unknown protocol 'artists'"):
        drop_lone_classes(clips, "artists")
    with pytest.raises(ProtocolError, match="target is not of classes"):
        drop_lone_classes(table(list("ab"), target=[1.0, 2.0]), target="target")
