"""Manifests: every format gives one table, and every mistake in one gives one clear line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from gtzanfeat.datasets import check, load_dataset
from gtzanfeat.errors import DatasetError

ROWS = pd.DataFrame(
    {
        "Path": ["b.wav", "deep/a.wav"],
        "genre": ["x", "y"],
        "artist_group": ["007", None],
        "split": ["train", "test"],
        "Album": ["One", "Two"],
        "seconds": [1.5, 2.5],
    }
)
WRITERS = {
    "clips.csv": lambda frame, path: frame.to_csv(path, index=False),
    "CLIPS.CSV": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
    "clips.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "clips.parquet": lambda frame, path: frame.to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_manifest_in_any_format_gives_one_table(tmp_path, name):
    WRITERS[name](ROWS, tmp_path / name)
    clips = load_dataset(tmp_path / name)
    assert clips.paths.tolist() == [str(tmp_path / "b.wav"), str(tmp_path / "deep" / "a.wav")]
    assert clips.recordings.tolist() == ["b", "deep/a"]
    assert clips.labels.tolist() == ["x", "y"]
    assert clips.artists.tolist() == ["007", None]
    assert clips.splits.tolist() == ["train", "test"]
    assert clips.albums.tolist() == ["One", "Two"]
    assert clips.column("seconds").tolist() == [1.5, 2.5]


def test_manifest_text_for_nothing_is_missing(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,label,artist,recording\na.wav,x,NA,\nb.wav,,,two\n")
    clips = load_dataset(path)
    assert clips.artists is None
    assert clips.groups.tolist() == ["a", "two"]
    assert clips.labels.tolist() == ["x", None]


def test_manifest_prefers_a_column_to_its_alias(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,label,genre\na.wav,happy,rock\n")
    clips = load_dataset(path)
    assert clips.labels.tolist() == ["happy"]
    assert clips.column("genre").tolist() == ["rock"]


def test_manifest_keeps_absolute_paths(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,label\n/music/a.wav,x\n")
    assert load_dataset(path).paths.tolist() == [str(Path("/music/a.wav"))]


def test_manifest_in_a_folder_describes_the_folder(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(4410, 0.1), 22050)
    (tmp_path / "manifest.csv").write_text("path,label\na.wav,x\n")
    assert load_dataset(tmp_path).name == "manifest"
    assert load_dataset(tmp_path, layout="folder").name == "folder"


def test_manifest_with_windows(tmp_path):
    path = tmp_path / "clips.csv"
    soundfile.write(tmp_path / "a.wav", np.full(4410, 0.1), 22050)
    path.write_text("path,label,offset,duration\na.wav,x,0,0.1\na.wav,y,0.1,0.1\na.wav,y,3,0.1\n")
    clips = load_dataset(path)
    assert [clip.offset for clip in clips.clips] == [0, 0.1, 3]
    assert set(clips.groups) == {"a"}
    found = check(path)
    assert [bad.reason for bad in found.unreadable] == ["nothing is left after 3 s, it is 0.2 s long"]
    assert found.seconds == pytest.approx(0.2)


def test_manifest_with_tags_and_a_target(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,Labels,TARGET,album\na.wav,slow|rock,1.5,1999\nb.wav,|,,\nc.wav,,-2,\n")
    clips = load_dataset(path)
    assert clips.tags == ("rock", "slow")
    assert clips.tagged.tolist() == [True, True, False]  # a blank cell is not known
    np.testing.assert_array_equal(clips.numeric(), [1.5, np.nan, -2.0])
    assert clips.albums.tolist() == ["1999", None, None]
    assert clips.classes == ()


def test_manifest_knows_one_file_by_several_spellings(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text(f"path,label\nb0.wav,x\n../{tmp_path.name}/b0.wav,y\n")
    with pytest.raises(DatasetError, match="is there more than once"):
        load_dataset(path)
    path.write_text("path,label,offset\nb0.wav,x,0\n./b0.wav,x,5\n")
    assert load_dataset(path).recordings.tolist() == ["b0", "b0"]


def test_manifest_that_names_two_files_of_one_stem_gets_both(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,label\nkick.wav,x\n./kick.flac,y\nsnare.wav,x\n")
    clips = load_dataset(path)
    assert clips.recordings.tolist() == ["kick.wav", "kick.flac", "snare"]
    path.write_text("path,label,offset\nkick.wav,x,0\nkick.flac,y,0\nkick.flac,y,5\n")
    assert load_dataset(path).recordings.tolist() == ["kick.wav", "kick.flac", "kick.flac"]


def test_manifest_says_that_a_backslash_parts_no_folders(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,label\nx\\a.wav,x\n")
    (note,) = load_dataset(path).notes
    assert "some paths hold a backslash" in note


@pytest.mark.parametrize("name", ["clips.csv", "clips.tsv"])
def test_a_blank_before_a_quote_is_no_part_of_the_cell(tmp_path, name):
    path = tmp_path / name
    text = 'path, label, "artist"\n"a.wav", "rock, loud", "007"\n"b ""c"".wav",pop, "x"\n'
    path.write_text(text if name == "clips.csv" else text.replace("rock, ", "rock; ").replace(",", "\t"))
    clips = load_dataset(path)
    assert clips.labels.tolist() == ["rock, loud" if name == "clips.csv" else "rock; loud", "pop"]
    assert clips.artists.tolist() == ["007", "x"]
    assert clips.paths.tolist() == [str(tmp_path / "a.wav"), str(tmp_path / 'b "c".wav')]


def test_a_path_may_begin_with_a_blank(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("label,path\nx, a.wav\n")
    assert load_dataset(path).paths.tolist() == [str(tmp_path / " a.wav")]


# --- without labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns"),
    [("path\na.wav\ndeep/b.wav\n", "path"), ("PATH,class\na.wav,x\ndeep/b.wav,y\n", "path, class")],
)
def test_manifest_needs_no_label(tmp_path, text, columns):
    path = tmp_path / "clips.csv"
    path.write_text(text)
    clips = load_dataset(path)
    assert clips.recordings.tolist() == ["a", "deep/b"]
    assert clips.labels.tolist() == [None, None]
    assert clips.notes == (
        f"{path}: no column label, labels or target, so there is nothing to learn; columns found: {columns}",
    )


PLAYLIST = "#EXTM3U\n#EXTINF:12,A - B\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", "a.wav\n\n# 1 hit.wav\n"),
        ("LIST.TXT", "\ufeffa.wav\r\n# 1 hit.wav\r\n"),
        ("list.m3u", f"{PLAYLIST}a.wav\n#EXTINF:3,C\n./# 1 hit.wav"),
        ("list.m3u8", f"{PLAYLIST}a.wav\n./# 1 hit.wav\n"),
    ],
)
def test_a_list_of_paths_can_be_loaded(tmp_path, name, text):
    for sound in ("a.wav", "# 1 hit.wav"):
        soundfile.write(tmp_path / sound, np.full(4410, 0.1), 22050)
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    clips = load_dataset(tmp_path / name)
    assert clips.name == "manifest"
    assert clips.recordings.tolist() == ["a", "# 1 hit"]
    assert clips.labels.tolist() == [None, None]
    assert clips.notes == ()
    assert check(tmp_path / name).ok


def test_a_playlist_may_be_in_latin_1(tmp_path):
    soundfile.write(tmp_path / "é.wav", np.full(4410, 0.1), 22050)
    (tmp_path / "list.m3u").write_bytes("é.wav\n".encode("latin-1"))
    assert load_dataset(tmp_path / "list.m3u").recordings.tolist() == ["é"]
    (tmp_path / "list.txt").write_bytes("é.wav\n".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"list\.txt: .*it is not UTF-8\); save it as UTF-8"):
        load_dataset(tmp_path / "list.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n", r"list\.txt: it lists nothing; give one path a line"),
        ("Read me\nif you can\n", r"list\.txt: no line of 2 is the path of a file, such as 'Read me'; "),
    ],
)
def test_text_that_is_no_list_is_refused(tmp_path, text, message):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(DatasetError, match=message):
        load_dataset(tmp_path / "list.txt")


def test_a_text_file_in_a_folder_does_not_describe_it(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(4410, 0.1), 22050)
    (tmp_path / "manifest.txt").write_text("4f3c  a.wav\n")
    assert load_dataset(tmp_path).name == "folder"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as a manifest"),
        ("file,genre\na.wav,x\n", "no column 'path'; columns found: file, label"),
        ("path;label\na.wav;x\n", "its cells are parted by ';'; save it with ',' between them"),
        ("path,label,path\na.wav,x,b.wav\n", "two of its columns have the same name"),
        ("file\na.wav\n", "no column 'path'; columns found: file"),
        ("path,label\n", "lists no clips"),
        ("path,label\na.wav,x\n,x\n", "row 2 has no path"),
        ("path,label\na.wav,x\na.wav,y\n", r"the path '.*a\.wav' is there more than once"),
        ("path,label,recording\na.wav,x,a\na.mp3,y,a\n", "the recording 'a' is there more than once"),
        ("path,label\na.wav,x,\nb.wav,x,\n", "rows have more cells than its header"),
        ("path,label\na.wav,x\nb.wav,x,y,z\n", "cannot be read as a manifest"),
        ("path,Label,label\na.wav,x,y\n", "two columns can be read as 'label'"),
    ],
)
def test_manifest_errors_are_one_clear_line(tmp_path, text, message):
    path = tmp_path / "clips.csv"
    path.write_text(text)
    with pytest.raises(DatasetError, match=message) as error:
        load_dataset(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_text_of_another_encoding_is_told(tmp_path):
    (tmp_path / "clips.csv").write_bytes("path,label\ncafé.wav,x\n".encode("latin-1"))
    with pytest.raises(
        DatasetError, match=r"cannot be read as a manifest \(it is not UTF-8\); save it as UTF-8"
    ):
        load_dataset(tmp_path / "clips.csv")


@pytest.mark.parametrize("name", ["clips.csv", "clips.parquet"])
def test_bytes_that_are_no_manifest_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bytes(range(128, 256)) * 4)
    with pytest.raises(DatasetError, match="cannot be read as a manifest"):
        load_dataset(path)
