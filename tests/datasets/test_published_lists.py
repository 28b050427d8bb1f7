"""Published collections: each is read as its distribution unpacks, and what is missing or damaged is said."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from dataset_copies import (
    COPIES,
    DEAM,
    LISTS,
    all_audio,
    record,
    tiny_ballroom,
    tiny_deam,
    tiny_emomusic,
    tiny_fma,
    tiny_ismir2004,
    tiny_jamendo,
    tiny_magnatagatune,
    tiny_nsynth,
    write_rows,
)

from gtzanfeat.cli import main
from gtzanfeat.datasets import LAYOUTS, check, load_dataset
from gtzanfeat.errors import DatasetError
from gtzanfeat.extraction import extract

# --- what all of them promise -------------------------------------------------------------------------


def test_every_published_collection_is_here():
    assert set(COPIES) == {name for name in LAYOUTS if LAYOUTS[name].catalogue} - {"gtzan"}
    assert set(COPIES) == set(LISTS)


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_recognised_loaded_checked_and_analysed(name, tmp_path):
    path = COPIES[name](tmp_path / "copy")
    clips = load_dataset(path)
    assert clips.name == name
    assert len(clips) == len(set(clips.recordings)) == 3
    assert {Path(file) for file in clips.paths} == set(all_audio(path))
    assert load_dataset(path, layout=name).frame.equals(clips.frame)
    found = check(path)
    assert found.ok
    assert (found.n_clips, found.n_missing) == (3, 0)
    assert found.seconds == pytest.approx(1.5, rel=0.3)  # MP3 adds what fills its last frame
    assert found.n_unlabelled == 0
    assert np.isfinite(extract(clips.clips[:1], "timbre19").values).all()


@pytest.mark.parametrize("name", COPIES)
def test_missing_audio_is_counted_and_left_out(name, tmp_path):
    path = COPIES[name](tmp_path)
    gone, *_, last = all_audio(path)
    gone.unlink()
    clips = load_dataset(path)
    assert len(clips) == 2
    assert clips.notes[-1] == f"missing: 1 of 3 recordings, such as {gone}"
    found = check(path)
    assert (found.n_clips, found.n_found, found.n_missing) == (2, 2, 1)
    last.write_bytes(b"not music")
    assert len(check(path).unreadable) == 1
    for file in all_audio(path):
        file.unlink()
    with pytest.raises(DatasetError, match=f"none of the 3 recordings that {name} lists is there; expected"):
        load_dataset(path, layout=name)


@pytest.mark.parametrize("name", COPIES)
def test_missing_and_damaged_lists_are_one_sentence(name, tmp_path):
    path = COPIES[name](tmp_path)
    file = path / LISTS[name]
    whole = file.read_bytes()
    said = []
    for damaged in (
        b"",
        b"\xff\x00\xfe nothing,at\nall\n",
        whole[: len(whole) // 4],
        whole.replace(b"\t", b" "),
    ):
        file.write_bytes(damaged)
        if damaged != whole:
            with pytest.raises(DatasetError) as error:
                load_dataset(path, layout=name)
            said.append(str(error.value))
            assert str(file) in said[-1]
    shutil.rmtree(path)
    path.mkdir()
    with pytest.raises(DatasetError, match="unpack|clone|expected") as error:
        load_dataset(path, layout=name)
    said.append(str(error.value))
    assert all("\n" not in sentence for sentence in said)


@pytest.mark.parametrize("name", COPIES)
def test_the_command_checks_them(name, tmp_path):
    path = COPIES[name](tmp_path / "copy")
    done = CliRunner().invoke(main, ["datasets", "check", str(path), "--quiet"])
    assert done.exit_code == 0, done.output
    assert f"layout {name}, 3 clips" in done.stdout
    assert "every clip that is there can be read" in done.stdout


# --- each one -----------------------------------------------------------------------------------------


def test_fma_has_top_genres_all_genres_and_the_split_of_its_authors(tmp_path):
    path = tiny_fma(tmp_path)
    clips = load_dataset(path)
    assert clips.recordings.tolist() == ["000002", "000140", "010250"]
    assert clips.labels.tolist() == ["Hip-Hop", "Folk", "Folk"]
    assert clips.column("labels").tolist() == ["Hip-Hop", "Alt|Folk", "Folk"]
    assert clips.artists.tolist() == ["AWOL (1)", *["Alec K. Redfearn (54)"] * 2]
    assert clips.splits.tolist() == ["train", "valid", "test"]
    assert clips.albums[0].endswith("(7)")
    assert load_dataset(path / "fma_small").frame.equals(clips.frame)


def test_fma_medium_holds_fma_small(tmp_path):
    path = tiny_fma(tmp_path, "fma_medium")
    assert len(load_dataset(path)) == 3
    file = path / "fma_metadata" / "tracks.csv"
    file.write_text(file.read_text().replace(",test,small,", ",test,medium,"))
    assert len(load_dataset(path)) == 3
    (path / "fma_medium").rename(path / "fma_small")
    assert load_dataset(path).recordings.tolist() == ["000002", "000140"]


def test_fma_sets_hold_the_smaller_ones(tmp_path):
    path = tiny_fma(tmp_path)
    tiny_fma(tmp_path, "fma_large")
    clips = load_dataset(path)  # the largest there is
    assert "fma_large" in clips.paths[0]
    assert clips.notes == (f"missing: 1 of 4 recordings, such as {tmp_path}/fma_large/020/020000.mp3",)
    assert len(load_dataset(path / "fma_small")) == 3
    record(tmp_path / "fma_large" / "020" / "020000.mp3")
    assert load_dataset(path).labels.tolist()[-1] is None
    assert load_dataset(path).column("labels").tolist()[-1] == "Alt"


def test_fma_needs_its_genres_and_its_audio(tmp_path):
    path = tiny_fma(tmp_path)
    shutil.rmtree(path / "fma_small")
    with pytest.raises(
        DatasetError, match="no folder of audio beside the metadata; unpack fma_small, fma_medium"
    ):
        load_dataset(path)
    tiny_fma(path)
    (path / "fma_metadata" / "genres.csv").unlink()
    with pytest.raises(DatasetError, match=r"genres\.csv: there is no such file; unpack it there"):
        load_dataset(path)


@pytest.mark.parametrize("audio", ["", "mp3", "audio"])
def test_magnatagatune_has_its_top_tags_and_the_split_by_folder(tmp_path, audio):
    path = tiny_magnatagatune(tmp_path, audio)
    clips = load_dataset(path)
    assert clips.recordings.tolist() == ["0/a-song-0-29", "c/b-song-0-29", "f/b-song-30-59"]
    assert clips.tags == ("guitar", "slow")
    assert clips.tag_matrix.tolist() == [[True, True], [False, True], [False, False]]
    assert clips.tagged.all()
    assert clips.songs.tolist() == ["0/a-song", "c/b-song", "f/b-song"]
    assert clips.splits.tolist() == ["train", "valid", "test"]
    assert clips.artists.tolist() == ["Artist a", "Artist b", "Artist b"]
    assert clips.labels.tolist() == [None] * 3


def test_magnatagatune_keeps_the_fifty_most_frequent_tags_of_all_clips(tmp_path):
    names = [f"tag{i:02d}" for i in range(60)]
    rows = [["clip_id", *names, "mp3_path"]]
    # a clip has the first 5 * clip tags, so later ones are rarer
    rows += [[str(c), *(str(int(i < 5 * c)) for i in range(60)), f"0/{c:02d}.mp3"] for c in range(12)]
    write_rows(tmp_path / "annotations_final.csv", rows, "\t")
    record(tmp_path / "0" / "01.mp3")
    clips = load_dataset(tmp_path)
    assert clips.tags == tuple(names[:50])
    assert clips.tag_matrix.tolist() == [[True] * 5 + [False] * 45]
    assert clips.notes[0] == "clip_info_final.csv is not there, so artists and albums are unknown"


def test_nsynth_families_are_classes_and_instruments_are_groups(tmp_path):
    path = tiny_nsynth(tmp_path)
    clips = load_dataset(path)
    assert clips.labels.tolist() == ["bass", "bass", "reed"]
    assert clips.groups.tolist() == ["bass_synthetic_033", "bass_synthetic_033", "reed_acoustic_1"]
    assert clips.splits.tolist() == ["train", "train", "test"]
    assert clips.column("labels").tolist() == ["dark|percussive", "percussive", "dark|percussive"]
    assert clips.numeric("pitch").tolist() == [22, 30, 60]
    assert clips.notes == ("nsynth-valid not there",)
    assert load_dataset(path / "nsynth-test").notes == ()


def test_ballroom_has_dances_tempi_and_albums(tmp_path):
    path = tiny_ballroom(tmp_path)
    clips = load_dataset(path)
    assert clips.labels.tolist() == ["Rumba", "Waltz", "Waltz"]
    assert clips.numeric().tolist() == [92, 90, 91]
    assert clips.groups.tolist() == ["Media-103402", "Latin_Jam", "Latin_Jam"]
    assert load_dataset(path / "BallroomData").numeric().tolist() == [92, 90, 91]
    (path / "BallroomAnnotations" / "ballroomGroundTruth" / "Media-103402.bpm").write_text("fast\n")
    with pytest.raises(DatasetError, match="expected a tempo in beats per minute, found 'fast'"):
        load_dataset(path)
    shutil.rmtree(path / "BallroomAnnotations")
    assert load_dataset(path).notes[0].startswith("no tempi")


def test_ismir2004_tests_on_development_unless_evaluation_is_there(tmp_path):
    path = tiny_ismir2004(tmp_path)
    clips = load_dataset(path)
    assert clips.recordings.tolist() == [
        "training/classical/x/one",
        "training/metal/two",
        "development/classical/track_1",
    ]
    assert clips.labels.tolist() == ["classical", "metal_punk", "classical"]
    assert clips.splits.tolist() == ["train", "train", "test"]
    assert clips.artists.tolist() == ["Artist, The", "Artist, The", None]
    # beside the audio, with a header and one column more, as older copies and the evaluation part have it
    rows = [["class", "artist", "album", "track", "track number", "file path", "id"]]
    rows.append(["world", "A", "B", "C", "1", "tracks/9.mp3", "77"])
    write_rows(path / "evaluation" / "tracklist.csv", rows)
    record(path / "evaluation" / "tracks" / "9.mp3")
    assert load_dataset(path).splits.tolist() == ["train", "train", "valid", "test"]


ISMIR2004_ARTISTS = (
    ("classical", "zefiro"),
    ("classical", "altri_stromenti"),
    ("world", "jag"),
    ("world", "cheb"),
)


def numbered_ismir2004(root, training=ISMIR2004_ARTISTS):
    """Two tracks by each artist in either part; the list of development only numbers artists and albums."""
    rows = [
        [label, name, f"{name}_live", "t", n, f"{label}/{name}/{n}.mp3"]
        for label, name in training
        for n in (1, 2)
    ]
    write_rows(root / "metadata" / "training" / "tracklist.csv", rows, quoting=csv.QUOTE_ALL)
    numbered = [
        [label, f"artist_{i}", "album_1", "t", n, f"artist_{i}_album_1_track_{n}.mp3"]
        for i, (label, _) in enumerate(ISMIR2004_ARTISTS, start=1)
        for n in (1, 2)
    ]
    header = ["class", "artist", "album", "track", "track number", "file path"]
    write_rows(
        root / "metadata" / "development" / "tracklist.csv", [header, *numbered], quoting=csv.QUOTE_ALL
    )
    for part, listed in (("training", rows), ("development", numbered)):
        for i, row in enumerate(listed):
            record(root / "audio" / part / row[-1], i)
    return root


def test_ismir2004_knows_the_artists_that_one_part_only_numbers(tmp_path):
    clips = load_dataset(numbered_ismir2004(tmp_path))
    assert len(clips) == 16
    of_part = {part: clips.select(clips.splits == part) for part in ("train", "test")}
    for recording, artist in zip(of_part["test"].recordings, of_part["test"].artists, strict=True):
        number = int(recording.split("_")[1])
        assert artist == ISMIR2004_ARTISTS[number - 1][1]  # by the order of the lists, not of the alphabet
    assert set(of_part["test"].groups) == set(of_part["train"].groups)
    assert of_part["test"].albums is None  # numbered within an artist, and not as training names them
    assert clips.notes == (
        "artists of the development part, which its list only numbers, are taken for those of the training "
        "part, in their order there; its albums are unknown",
    )


@pytest.mark.parametrize(
    "training",
    [
        ISMIR2004_ARTISTS[:-1],  # fewer artists
        (*ISMIR2004_ARTISTS[:2], ("classical", "jag"), ISMIR2004_ARTISTS[3]),  # of another class
    ],
)
def test_ismir2004_does_not_guess_artists(tmp_path, training):
    clips = load_dataset(numbered_ismir2004(tmp_path, training))
    development = clips.select(clips.splits == "test")
    assert development.artists is None
    assert development.albums is None
    assert clips.notes[0].startswith("artists and albums of the development part are unknown, since its list")


def test_ismir2004_development_alone_keeps_its_numbers(tmp_path):
    path = numbered_ismir2004(tmp_path)
    shutil.rmtree(path / "metadata" / "training")
    assert set(load_dataset(path).artists) == {f"artist_{i}" for i in (1, 2, 3, 4)}


def test_emomusic_has_arousal_valence_and_its_split(tmp_path):
    clips = load_dataset(tiny_emomusic(tmp_path))
    assert clips.recordings.tolist() == ["2", "3", "10"]
    assert clips.numeric().tolist() == clips.numeric("arousal").tolist() == [3.1, 5.0, 6.5]
    assert clips.numeric("valence").tolist() == [3.0, 2.0, 7.25]
    assert clips.splits.tolist() == ["train", "train", "test"]
    assert set(clips.artists) == {"The Band"}


def test_deam_is_read_in_its_two_parts(tmp_path):
    path = tiny_deam(tmp_path)
    clips = load_dataset(path)
    assert clips.name == "emotion"
    assert clips.recordings.tolist() == ["2", "1001", "2001"]
    assert clips.numeric("arousal").tolist() == [3.0, 6.0, 5.0]
    assert clips.numeric("valence").tolist() == [3.1, 5.0, 4.0]
    assert clips.artists.tolist() == ["The Band", "Another", None]
    shutil.rmtree(path / "metadata")
    assert load_dataset(path).notes == ("no list of songs is there, so artists are unknown",)
    file = path / f"{DEAM}_1_2000.csv"
    file.write_text(file.read_text().replace("3.1", "low"))
    with pytest.raises(DatasetError, match="the column 'valence_mean' must hold numbers"):
        load_dataset(path)


def test_jamendo_has_all_tags_and_the_first_split(tmp_path):
    path = tiny_jamendo(tmp_path)
    clips = load_dataset(path)
    assert clips.recordings.tolist() == ["track_0000214", "track_0000241", "track_0000382"]
    assert clips.tags == ("genre---classical", "genre---punkrock", "genre---rock", "instrument---voice")
    assert clips.tag_matrix.sum(axis=1).tolist() == [1, 1, 2]
    assert clips.splits.tolist() == ["train", None, "valid"]
    assert clips.groups.tolist() == ["artist_000014", "artist_000014", "artist_000020"]


def test_jamendo_lists_can_be_given_and_low_audio_is_found(tmp_path):
    path = tiny_jamendo(tmp_path, "autotagging_moodtheme")
    (path / "audio").rename(path / "audio-low")
    for file in all_audio(path):
        file.rename(file.with_suffix(".low.mp3"))
    clips = load_dataset(path / "data" / "autotagging_moodtheme.tsv")
    assert clips.name == "mtg-jamendo"
    assert len(clips) == 3
    assert clips.splits.tolist() == ["train", None, "valid"]


LINKED = "raw_30s_cleantags_50artists.tsv"


@pytest.mark.parametrize("as_text", [True, False])
def test_jamendo_follows_the_link_that_its_list_is(tmp_path, as_text):
    """A checkout without symbolic links leaves the name of the target as the content."""
    path = tiny_jamendo(tmp_path)
    expected = load_dataset(path).frame
    listed = path / "data" / "autotagging.tsv"
    listed.rename(path / "data" / LINKED)
    if as_text:
        listed.write_text(LINKED)
    else:
        listed.symlink_to(LINKED)
    assert load_dataset(path).frame.equals(expected)
    assert load_dataset(listed).frame.equals(expected)
    if as_text:
        (path / "data" / LINKED).unlink()
        with pytest.raises(
            DatasetError, match=rf"autotagging\.tsv: it is a link to {LINKED}, which is not there"
        ):
            load_dataset(path)


@pytest.mark.parametrize("place", ["clone", "clone/data", "."], ids=["in", "in data", "beside"])
@pytest.mark.parametrize(
    "folder",
    [
        "",
        "audio",
        "audios",
        "raw_30s/audio",
        "autotagging_moodtheme/audio",
        "autotagging-moodtheme/audio-low",
    ],
)
def test_jamendo_finds_its_audio_under_the_official_names(tmp_path, monkeypatch, place, folder):
    path = tiny_jamendo(tmp_path / "clone")
    there = tmp_path / place / folder
    for numbered in list((path / "audio").iterdir()):
        there.mkdir(parents=True, exist_ok=True)
        numbered.rename(there / numbered.name)
    monkeypatch.chdir(path)
    for given in (
        path,
        path / "data",
        path / "data" / "autotagging.tsv",
        Path("."),
        Path("data/autotagging.tsv"),
    ):
        clips = load_dataset(given, layout="mtg-jamendo")
        assert len(clips) == 3
        assert all(Path(file).is_file() for file in clips.paths)


def test_a_part_of_the_recordings_keeps_all_tags(tmp_path):
    path = tiny_jamendo(tmp_path)
    (path / "audio" / "82" / "382.mp3").unlink()
    assert len(load_dataset(path).tags) == 4
    done = CliRunner().invoke(main, ["datasets", "check", str(path), "--quiet"])
    assert "genre---rock" in done.stdout
    assert "genre---classical" not in done.stdout  # rather than lines of zeros
    assert "tags that no clip here has: 2\n" in done.stdout
