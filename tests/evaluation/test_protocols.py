import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import GTZAN100, needs_gtzan100
from sklearn.model_selection import RepeatedStratifiedKFold
from small_tables import table

from gtzanfeat.datasets import ClipTable, load_dataset
from gtzanfeat.datasets.gtzan import catalogue
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import PROTOCOLS, audit, plan
from gtzanfeat.evaluation.folds import fold_groups


@pytest.fixture(scope="module")
def gtzan():
    """All 1000 clips of GTZAN, as far as a table is concerned."""
    facts = catalogue()
    return ClipTable(facts.assign(path=facts["recording"], split=facts["fault_filtered"]), "gtzan")


@pytest.mark.parametrize("row", PROTOCOLS.values(), ids=PROTOCOLS)
def test_protocol_contract(gtzan, row):
    assert row.sentence.endswith(".")
    assert row.source
    numbers = {} if row.unit is None else {"repeats": 2}
    laid_out = plan(gtzan, row.name, **numbers)
    n_used = len(gtzan) - sum(laid_out.left_out.values())
    for fold in laid_out.folds:
        assert not set(gtzan.recordings[fold.train]) & set(gtzan.recordings[fold.test])
        assert set(gtzan.labels[fold.train]) == set(gtzan.labels[fold.test]) == set(gtzan.classes)
        assert len(fold.train) + len(fold.test) == n_used
    tested = pd.Series(np.concatenate([fold.test for fold in laid_out.folds])).value_counts()
    assert set(tested) == {max(fold.repeat for fold in laid_out.folds)}  # once in each repeat
    for fold, again in zip(laid_out.folds, plan(gtzan, row.name, **numbers).folds, strict=True):
        np.testing.assert_array_equal(fold.test, again.test)


def test_random_is_repeated_stratified_k_fold(gtzan):
    ours = plan(gtzan, "random", cv=5, repeats=2, random_state=3).folds
    theirs = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=3).split(
        gtzan.labels, gtzan.labels
    )
    for fold, (train, test) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)
    assert [(fold.repeat, fold.fold) for fold in ours[3:7]] == [(1, 4), (1, 5), (2, 1), (2, 2)]


@pytest.mark.parametrize(("protocol", "numbers"), [("artist", {"repeats": 2}), ("artist-3fold", {})])
def test_no_artist_is_trained_and_tested(gtzan, protocol, numbers):
    laid_out = plan(gtzan, protocol, **numbers)
    for fold in laid_out.folds:
        assert not set(gtzan.artists[fold.train]) & set(gtzan.artists[fold.test])
    assert sum(laid_out.left_out.values()) == 52
    assert laid_out.warnings == ()


def test_fault_filtered_counts_and_its_one_shared_artist(gtzan):
    laid_out = plan(gtzan, "fault-filtered")
    (fold,) = laid_out.folds
    assert (len(fold.train), len(fold.test)) == (443, 290)
    assert laid_out.left_out == {
        "in the validation part, which is for tuning": 197,
        "left out by the split": 70,
    }
    assert laid_out.description == (
        "The published split of GTZAN without its faults; "
        "443 clips by 152 known artists train and 290 clips by 164 known artists test"
    )
    assert laid_out.warnings == (
        "artists are unknown (39 of 733 clips), so one may be in training and in test: "
        "the score may be too high",
        "clips tested after training on the same artist: 1 of 290 (0.3%); the score may be too high",
    )


def test_artist_folds_are_as_many_as_the_scarcest_class_has_artists(gtzan):
    assert plan(gtzan, "artist", repeats=2).description == (
        "stratified 9-fold over artists (blues has no more), drawn 2 times; "
        "832-848 clips by 359-370 artists train and 100-116 clips by 42-53 artists test"
    )
    assert plan(gtzan, "random", repeats=1).description.startswith(
        "stratified 10-fold over recordings, drawn once; 900 clips by "
    )


# --- what is said of the parts --------------------------------------------------------------------------


def test_a_partial_copy_does_not_pass_for_the_published_split(gtzan):
    part = gtzan.select(np.arange(1000) % 3 > 0)
    said = plan(part, "fault-filtered")
    (fold,) = said.folds
    n_train, n_test = len(fold.train), len(fold.test)
    assert f" {n_train} of 443 clips by " in said.description
    assert f" and {n_test} of 290 clips by " in said.description
    assert said.warnings[0] == (
        f"the parts are not those published ({n_train + n_test} clips instead of 733): "
        "the score does not compare with published ones"
    )


def test_an_absent_fold_is_told(gtzan):
    assert not plan(gtzan, "artist-3fold").warnings
    assert "; fold 2: 632 clips by " in plan(gtzan, "artist-3fold").description
    said = plan(gtzan.select(gtzan.frame["artist_fold"] != 3), "artist-3fold")
    assert "fold 1: 316 of 633 clips by " in said.description
    assert "fold 3" not in said.description
    assert "(631 clips instead of 948, no fold 3)" in said.warnings[0]


def test_a_fold_that_is_not_one_of_three_is_told():
    said = plan(table(list("ab") * 4, artist_fold=[1, 1, 2, 2, 3, 3, 4, None]), "artist-3fold")
    assert said.left_out == {"in another fold than 1, 2 and 3": 1, "not in the catalogue": 1}


def test_partly_unknown_artists_are_told():
    said = plan(table(list("ab") * 20, artist=["x", "y"] + [None] * 38), repeats=1)
    assert "artists are unknown (38 of 40 clips)" in said.warnings[0]
    assert "36 clips by 1-2 known artists train and 4 clips by 0-1 known artists test" in said.description


def test_a_class_that_is_lost_is_refused_or_told():
    columns = {"fault_filtered": ["train", "train", "test", "test"] * 2}
    rest = table(list("abababab"), **columns)
    assert plan(rest, "fault-filtered", classes="ab").folds
    with pytest.raises(ProtocolError, match="nothing to train on of c and nothing to test of c"):
        plan(rest, "fault-filtered", classes="abc")
    assert plan(rest, classes="abc").warnings[0] == (
        "no clip is left of c: the score is that of the other classes"
    )


def test_seed_decides_the_folds(gtzan):
    first, second = (plan(gtzan, "artist", repeats=1, random_state=seed).folds for seed in (0, 1))
    assert any(not np.array_equal(a.test, b.test) for a, b in zip(first, second, strict=True))


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_windows_of_a_recording_and_recordings_of_an_artist_stay_together(data):
    n_artists = data.draw(st.integers(4, 12))
    takes = data.draw(
        st.lists(st.tuples(st.integers(0, n_artists - 1), st.integers(1, 4)), min_size=8, max_size=40)
    )
    takes += [(artist, 1) for artist in range(n_artists)]  # every artist and both classes occur
    rows = [
        {
            "path": f"{i}",
            "recording": f"{i}",
            "label": "ab"[artist % 2],
            "artist": f"{artist}",
            "offset": float(k),
        }
        for i, (artist, windows) in enumerate(takes)
        for k in range(windows)
    ]
    order = data.draw(st.permutations(range(len(rows))))
    clips = ClipTable(pd.DataFrame([rows[i] for i in order]), "windows")
    for protocol, together in (("random", clips.recordings), ("artist", clips.artists)):
        laid_out = plan(clips, protocol, cv=2, repeats=2)
        for fold in laid_out.folds:
            assert not set(together[fold.train]) & set(together[fold.test])
        for repeat in (1, 2):
            tests = np.concatenate([fold.test for fold in laid_out.folds if fold.repeat == repeat])
            np.testing.assert_array_equal(np.sort(tests), np.arange(len(clips)))


ONE_ARTIST = {"artist": ["x"] * 4 + ["y", "z", "y", "z"]}
SPLIT = ["train", "test", "train", "test", "train", "test", "valid", None]
REFUSED = [
    (
        "artist",
        ONE_ARTIST,
        {},
        r"artist means nothing for classes with fewer than two artists \(a\): .*add clips",
    ),
    ("artist", {"artist": [None] * 4 + list("yzyz"), "label": list("aabbcccc")}, {}, r"finds only c"),
    ("artist", {"artist": [None] * 2 + list("wxyzyz"), "label": list("aabbcccc")}, {}, r"artists \(a\)"),
    ("artist", {}, {}, "artist needs the column 'artist', which is absent or empty here"),
    (
        "artist",
        {"artist": list("pqpqyzyz")},
        {"cv": 3},
        "artist can have 2 to 2 folds here, not 3: a has 2 artists",
    ),
    ("random", {}, {"cv": 5}, "random can have 2 to 4 folds here, not 5: a has 4 recordings"),
    ("random", {}, {"cv": 1}, "random can have 2 to 4 folds here, not 1"),
    ("random", {}, {"repeats": 0}, "repeats must be 1 or more, not 0"),
    ("random", {"label": ["a"] * 8}, {}, "random needs clips of two classes or more, but finds only a"),
    ("random", {"label": [None] * 8}, {}, "example: the column 'label' is absent or empty here"),
    ("random", {"label": list("abbbbbbb")}, {}, r"fewer than two recordings \(a\)"),
    ("fault-filtered", {}, {}, "fault-filtered needs the column 'fault_filtered'"),
    (
        "fault-filtered",
        {"fault_filtered": SPLIT},
        {"cv": 5},
        "fault-filtered has fixed parts; leave cv and repeats out",
    ),
    (
        "fault-filtered",
        {"fault_filtered": ["train"] * 5 + ["test"] * 3},
        {},
        "there is nothing to test of a;",
    ),
    ("fault-filtered", {"fault_filtered": ["test"] * 5 + ["train"] * 3}, {}, "nothing to train on of a;"),
    ("fault-filtered", {"fault_filtered": ["train"] * 8}, {}, "nothing to test of any class"),
    (
        "artist-3fold",
        {"artist_fold": [1, 2, 3, 1, 1, 2, 2, None]},
        {},
        "in some fold there is nothing to test of b",
    ),
    (
        "artist-3fold",
        {"artist_fold": [1, 1, 1, 1, 1, 2, 3, 2]},
        {},
        "nothing to train on of a and nothing to test of a",
    ),
]


@pytest.mark.parametrize(("protocol", "columns", "numbers", "message"), REFUSED)
def test_meaningless_protocols_are_refused(protocol, columns, numbers, message):
    clips = table(list("aaaabbbb")) if "label" not in columns else table(columns["label"])
    clips = ClipTable(clips.frame.assign(**columns), "example")
    with pytest.raises(ProtocolError, match=message):
        plan(clips, protocol, **numbers)


def test_recordings_whose_windows_disagree_are_refused():
    frame = table(list("aaaabbbb")).frame.assign(recording=list("00112233"), offset=[0.0, 1.0] * 4)
    frame["label"] = list("abaabbbb")
    with pytest.raises(ProtocolError, match="the clips of '0' disagree about their label"):
        plan(ClipTable(frame, "windows"), cv=2)


def test_unlabelled_clips_are_left_out():
    assert plan(table([*"aabb", None])).left_out == {"without a label": 1}


def test_confounded_artists_are_warned_of():
    (confounded, heard) = plan(table(list("aaaabbbb"), **ONE_ARTIST), cv=4, repeats=1).warnings
    assert confounded == (
        "these 8 clips confound artist and genre (one artist in: a): the score may measure the artist"
    )
    assert heard.startswith("clips tested after training on the same artist: ")
    (unknown,) = plan(table(list("aaaabbbb"))).warnings
    assert unknown.startswith("artists are unknown")
    assert plan(table(list("aaaabbbb"), artist=list("01234567"))).warnings == ()


@needs_gtzan100
def test_real_clips_under_every_protocol():
    clips = load_dataset(GTZAN100)
    assert plan(clips).warnings[0] == (
        "these 100 clips confound artist and genre (one artist in: blues, classical, reggae, rock): "
        "the score may measure the artist"
    )
    for protocol in ("artist", "fault-filtered", "artist-3fold"):
        with pytest.raises(ProtocolError, match=rf"{protocol} means nothing .*blues"):
            plan(clips, protocol)


@pytest.mark.parametrize("protocol", ["random", "artist", "split"])
def test_a_song_cut_into_several_files_is_never_divided(protocol):
    """As in MagnaTagATune, whose clips of 29 seconds have their own files and their own tags."""
    names = [f"song{i // 5}-{29 * (i % 5)}" for i in range(100)]
    frame = pd.DataFrame({"path": names, "recording": names, "label": ["a", "b"] * 50})
    song = pd.Series([f"song{i // 5}" for i in range(100)])
    frame = frame.assign(song=song, artist=song, label=np.where(np.arange(100) < 50, "a", "b"))
    frame = frame.assign(split=np.where(np.arange(100) % 50 < 10, "test", "train"))
    frame = frame.assign(labels=np.where(np.arange(100) % 3, "slow", "|"))
    for clips, target in ((ClipTable(frame, "parts"), "label"), (ClipTable(frame, "parts"), "labels")):
        laid_out = plan(clips, protocol, target=target)
        for fold in laid_out.folds:
            assert not set(song[fold.train]) & set(song[fold.test])
        assert fold_groups(clips, laid_out).tolist() == song.tolist()
        assert not audit(clips, laid_out, near_duplicates=False)
    by_row = audit(clips, [(np.arange(0, 100, 2), np.arange(1, 100, 2))], near_duplicates=False)
    assert by_row.exposed["recording"] == 50
    assert "song1" in {finding.what for finding in by_row.findings}
    strangers = ClipTable(frame.assign(artist=None), "parts")
    assert strangers.groups.tolist() == song.tolist()
    assert ClipTable(frame.drop(columns="song"), "parts").songs.tolist() == names
    with pytest.raises(ProtocolError, match="'song0' disagree about their split"):
        plan(ClipTable(frame.assign(split=["train", "test"] * 50), "parts"), "split")
