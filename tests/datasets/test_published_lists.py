"""Published collections: each is read as its distribution unpacks, and what is missing or damaged is said."""

import csv
import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from gtzanfeat.cli import main
from gtzanfeat.datasets import LAYOUTS, check, load_dataset
from gtzanfeat.datasets.synthetic import STYLES, compose
from gtzanfeat.errors import DatasetError
from gtzanfeat.extraction import extract


@cache
def music(number):
    """Half a second of a synthetic style."""
    return compose(list(STYLES)[number % len(STYLES)], seed=number, seconds=0.5).samples


def record(path, number=0):
    """Write a recording in the format that the name of the file says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, music(number), 22050)
    return path


def write_rows(path, rows, separator=",", quoting=csv.QUOTE_MINIMAL):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator, quoting=quoting).writerows(rows)


# --- tiny copies, three recordings and two classes each -----------------------------------------------

FMA_COLUMNS = [
    ("album", "id", "7"),
    ("album", "title", "Album, with\na line break"),
    ("artist", "id", None),
    ("artist", "name", None),
    ("set", "split", None),
    ("set", "subset", None),
    ("track", "duration", "30"),
    ("track", "genre_top", None),
    ("track", "genres_all", None),
    ("track", "title", "A title"),
]
FMA_TRACKS = {
    "2": ("1", "AWOL", "training", "small", "Hip-Hop", "[21]"),
    "140": ("54", "Alec K. Redfearn", "validation", "small", "Folk", "[17, 100]"),
    "10250": ("54", "Alec K. Redfearn", "test", "small", "Folk", "[17]"),
    "20000": ("9", "Somebody", "training", "large", "", "[100]"),
}


def tiny_fma(root, audio="fma_small"):
    rows = [["", *(top for top, _, _ in FMA_COLUMNS)], ["", *(name for _, name, _ in FMA_COLUMNS)]]
    rows.append(["track_id", *("" for _ in FMA_COLUMNS)])
    for track, values in FMA_TRACKS.items():
        own = iter(values)
        rows.append([track, *(next(own) if value is None else value for _, _, value in FMA_COLUMNS)])
    write_rows(root / "fma_metadata" / "tracks.csv", rows)
    genres = [
        ["21", "8693", "0", "Hip-Hop", "21"],
        ["17", "1", "0", "Folk", "17"],
        ["100", "1", "17", "Alt", "17"],
    ]
    write_rows(
        root / "fma_metadata" / "genres.csv",
        [["genre_id", "#tracks", "parent", "title", "top_level"], *genres],
    )
    for i, name in enumerate(("000/000002", "000/000140", "010/010250")):
        record(root / audio / f"{name}.mp3", i)
    return root


MTT_CLIPS = {
    "2": ("guitar", "slow", "0/a-song-0-29.mp3"),
    "3": ("slow", "slow", "c/b-song-0-29.mp3"),
    "4": (None, None, "f/b-song-30-59.mp3"),
}


def tiny_magnatagatune(root, audio="mp3"):
    rows = [["clip_id", "guitar", "slow", "mp3_path"]]
    rows += [
        [c, *(str(int(t in tags)) for t in ("guitar", "slow")), path]
        for c, (*tags, path) in MTT_CLIPS.items()
    ]
    rows.append(["5", "1", "0", ""])  # as in the distribution, some clips have no file
    write_rows(root / "annotations_final.csv", rows, "\t", csv.QUOTE_ALL)
    info = [["clip_id", "track_number", "title", "artist", "album", "mp3_path"]]
    info += [[c, "1", "Title", f"Artist {path[2]}", "Album", path] for c, (*_, path) in MTT_CLIPS.items()]
    write_rows(root / "clip_info_final.csv", info, "\t")
    for i, (*_, path) in enumerate(MTT_CLIPS.values()):
        record(root / audio / path, i)
    return root


def tiny_nsynth(root):
    notes = {
        "train": ["bass_synthetic_033-022-050", "bass_synthetic_033-030-050"],
        "test": ["reed_acoustic_1-60-75"],
    }
    for part, names in notes.items():
        folder = root / f"nsynth-{part}"
        listed = {}
        for i, name in enumerate(names):
            instrument, pitch, velocity = name.rsplit("-", 2)
            listed[name] = {
                "note_str": name,
                "instrument_str": instrument,
                "instrument_family_str": name.partition("_")[0],
                "pitch": int(pitch),
                "velocity": int(velocity),
                "qualities_str": ["dark", "percussive"][i:],
            }
            record(folder / "audio" / f"{name}.wav", i)
        (folder / "examples.json").write_text(json.dumps(listed), encoding="utf-8")
    (root / "nsynth-test" / "examples.json").touch()
    return root


def tiny_ballroom(root):
    files = [
        "Waltz/Albums-Latin_Jam-06.wav",
        "Waltz/Albums-Latin_Jam-15.wav",
        "Rumba-American/Media-103402.wav",
    ]
    for i, name in enumerate(files):
        record(root / "BallroomData" / name, i)
        tempo = root / "BallroomAnnotations" / "ballroomGroundTruth" / f"{Path(name).stem}.bpm"
        tempo.parent.mkdir(parents=True, exist_ok=True)
        tempo.write_text(f"{90 + i}\n")
    (root / "BallroomData" / "allBallroomFiles").write_text("".join(f"./{name}\n" for name in files))
    return root


def tiny_ismir2004(root):
    training = [("classical", "./classical/x/one.mp3"), ("metal_punk", "./metal/two.mp3")]
    write_rows(
        root / "metadata" / "training" / "tracklist.csv",
        [[label, "Artist, The", "Album", "Track", "1", name] for label, name in training],
        quoting=csv.QUOTE_ALL,
    )
    write_rows(
        root / "metadata" / "development" / "tracklist.csv",
        [["classical", "", "", "", "", "./classical/track_1.mp3"]],
        quoting=csv.QUOTE_ALL,
    )
    for i, (_, name) in enumerate(training):
        record(root / "audio" / "training" / name, i)
    record(root / "audio" / "development" / "classical" / "track_1.mp3", 2)
    return root


def tiny_emomusic(root):
    songs = [("2", "3.1", "0.9", "3.0", "0.6"), ("10", "6.5", "1", "7.25", "1"), ("3", "5", "1", "2", "1")]
    write_rows(
        root / "annotations" / "static_annotations.csv",
        [["song_id", "mean_arousal", "std_arousal", "mean_valence", "std_valence"], *songs],
    )
    header = ["song_id", "file_name", "Artist", "Song title", "Genre", "Mediaeval 2013 set"]
    rows = [[s[0], f"{s[0]}.mp3", "\tThe Band\t", "Title", "Rock", "development"] for s in songs]
    rows[1][-1] = "evaluation"
    write_rows(root / "annotations" / "songs_info.csv", [header, *rows])
    for i, song in enumerate(songs):
        record(root / "clips_45seconds" / f"{song[0]}.mp3", i)
    return root


DEAM = "annotations/annotations averaged per song/song_level/static_annotations_averaged_songs"


def tiny_deam(root):
    header = ["song_id", " valence_mean", " valence_std", " arousal_mean", " arousal_std"]
    write_rows(
        root / f"{DEAM}_1_2000.csv", [header, ["2", "3.1", "0.9", "3.0", "0.6"], ["1001", "5", "1", "6", "1"]]
    )
    write_rows(root / f"{DEAM}_2000_2058.csv", [[*header, " valence_max"], ["2001", "4", "1", "5", "1", "9"]])
    names = ["song_id", "file_name", "Artist", "Song title"]
    write_rows(root / "metadata" / "metadata_2013.csv", [names, ["2", "2.mp3", "The Band", "Title"]])
    # as distributed: the labels of last.fm run on beyond the header
    rows = [["Id", "Artist", "Album"], ["1001", "Another", "Album", "pop", "folk"]]
    write_rows(root / "metadata" / "metadata_2014.csv", rows)
    for i, song in enumerate(("2", "1001", "2001")):
        record(root / "MEMD_audio" / f"{song}.mp3", i)
    return root


JAMENDO = {
    "track_0000214": ("artist_000014", "album_000031", "14/214.mp3", ["genre---punkrock"]),
    "track_0000382": (
        "artist_000020",
        "album_000046",
        "82/382.mp3",
        ["genre---classical", "instrument---voice"],
    ),
    "track_0000241": ("artist_000014", "album_000033", "41/241.mp3", ["genre---rock"]),
}


def tiny_jamendo(root, stem="autotagging"):
    header = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
    rows = [[track, *where, "124.6", *tags] for track, (*where, tags) in JAMENDO.items()]
    write_rows(root / "data" / f"{stem}.tsv", [header, *rows], "\t")
    for row, part in zip(rows, ("train", "validation"), strict=False):
        write_rows(root / "data" / "splits" / "split-0" / f"{stem}-{part}.tsv", [header, row], "\t")
    for i, (_, _, name, _) in enumerate(JAMENDO.values()):
        record(root / "audio" / name, i)
    return root


COPIES = {
    "fma": tiny_fma,
    "magnatagatune": tiny_magnatagatune,
    "nsynth": tiny_nsynth,
    "ballroom": tiny_ballroom,
    "ismir2004": tiny_ismir2004,
    "emotion": tiny_emomusic,
    "mtg-jamendo": tiny_jamendo,
}
# a file without which nothing can be read
LISTS = {
    "fma": "fma_metadata/tracks.csv",
    "magnatagatune": "annotations_final.csv",
    "nsynth": "nsynth-train/examples.json",
    "ballroom": "BallroomData/allBallroomFiles",
    "ismir2004": "metadata/training/tracklist.csv",
    "emotion": "annotations/static_annotations.csv",
    "mtg-jamendo": "data/autotagging.tsv",
}


def all_audio(root):
    return sorted(path for path in root.rglob("*") if path.suffix in (".mp3", ".wav"))


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


def test_a_part_of_the_recordings_keeps_all_tags(tmp_path):
    path = tiny_jamendo(tmp_path)
    (path / "audio" / "82" / "382.mp3").unlink()
    assert len(load_dataset(path).tags) == 4
