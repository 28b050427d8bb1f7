"""Datasets on disk: the facts about GTZAN, what every layout promises, and the check of what is there."""

import json
import os
from pathlib import Path

import pytest
from dataset_copies import COPIES, tiny_folder, write_all, write_noise
from recordings import GTZAN100, needs_gtzan100

from gtzanfeat.datasets import LAYOUTS, check, gtzan, load_dataset
from gtzanfeat.datasets.completeness import in_ranges
from gtzanfeat.errors import DatasetError, UnknownNameError

# --- the facts ---------------------------------------------------------------------------------------


def test_facts_hold_every_clip_once():
    facts = gtzan.facts()
    expected = [f"{genre}.{number:05d}" for genre in gtzan.GENRES for number in range(100)]
    assert facts["clip"].tolist() == expected
    assert (facts["clip"] == facts["genre"] + "." + facts["number"].astype(str).str.zfill(5)).all()


def test_fault_filtered_split_has_the_published_sizes():
    facts = gtzan.facts()
    assert facts["fault_filtered"].value_counts().to_dict() == {"train": 443, "test": 290, "valid": 197}
    assert facts["fault_filtered"].isna().sum() == 70
    test = facts[facts["fault_filtered"] == "test"]["genre"].value_counts()
    assert test.reindex(gtzan.GENRES).tolist() == [31, 31, 30, 29, 27, 27, 27, 30, 26, 32]
    # parts cannot overlap: a clip has one cell
    assert facts["clip"].is_unique


def test_fault_filtered_split_leaves_out_what_was_published():
    facts = gtzan.facts()
    left_out = facts[facts["fault_filtered"].isna()]
    numbers = left_out.groupby("genre")["number"].apply(list)
    assert numbers["classical"] == [42]
    assert numbers["country"] == [8, 52]
    assert numbers["disco"] == [38, 50, 51, 55, 60, 71, 98]
    assert numbers["jazz"] == [*range(33, 41), *range(42, 47)]
    assert not {"blues", "rock"} & set(numbers.index)


def test_fault_filtered_split_separates_artists_but_for_one_known_group():
    facts = gtzan.facts().dropna(subset=["artist_group", "fault_filtered"])
    parts = facts.groupby("artist_group")["fault_filtered"].nunique()
    assert parts[parts > 1].index.tolist() == ["disco-40"]
    group = facts[facts["artist_group"] == "disco-40"].set_index("clip")["fault_filtered"]
    assert group.to_dict() == {"disco.00049": "train", "disco.00069": "test", "disco.00073": "train"}


def test_artist_groups_have_the_catalogued_sizes():
    facts = gtzan.facts().dropna(subset=["artist_group"])
    assert len(facts) == 948
    assert facts["artist_group"].nunique() == 412
    assert (facts.groupby("artist_group")["genre"].nunique() == 1).all()


def test_artist_folds_are_whole_groups_and_cover_the_catalogue():
    facts = gtzan.facts()
    assert (facts["artist_fold"].isna() == facts["artist_group"].isna()).all()
    assert facts["artist_fold"].value_counts().to_dict() == {1: 315, 2: 316, 3: 317}
    assert (facts.groupby("artist_group")["artist_fold"].nunique() == 1).all()
    assert facts.groupby(["genre", "artist_fold"]).size().between(29, 34).all()


def test_the_known_bad_clip_is_in_the_training_part():
    facts = gtzan.facts().set_index("clip")
    assert list(gtzan.KNOWN_BAD) == ["jazz.00054"]
    assert facts["fault_filtered"]["jazz.00054"] == "train"


# --- every layout ------------------------------------------------------------------------------------


def tiny_gtzan(root):
    return write_all(root, "rock/rock.00099.wav", "blues/blues.00007.wav", "blues/blues.00001.wav")


def tiny_manifest(root):
    write_all(root, "wav/b.wav", "wav/a.wav", "c.wav")
    (root / "clips.csv").write_text("path,label\nwav/b.wav,x\nc.wav,y\nwav/a.wav,x\n")
    return root / "clips.csv"


TINY = {"gtzan": tiny_gtzan, "manifest": tiny_manifest, "folder": tiny_folder}


def test_every_layout_has_a_tiny_dataset_here_or_is_published():
    published = [name for name in LAYOUTS if name not in TINY]
    assert list(LAYOUTS) == [*published, *TINY]  # the most particular first
    assert published == list(COPIES)
    assert all(name == layout.name and layout.meaning for name, layout in LAYOUTS.items())


@pytest.mark.parametrize("name", TINY)
def test_layout_contract(name, tmp_path, monkeypatch):
    path = TINY[name](tmp_path / "data")
    clips = load_dataset(path)
    assert clips.name == name
    assert len(clips) == 3
    assert len(clips.classes) == 2
    assert clips.notes == ()
    assert all(Path(file).is_file() for file in clips.paths)
    assert len(set(clips.recordings)) == 3
    assert load_dataset(str(path), layout=name).frame.equals(clips.frame)
    monkeypatch.chdir(tmp_path)
    relative = load_dataset(path.relative_to(tmp_path))
    assert relative.recordings.tolist() == clips.recordings.tolist()
    found = check(path)
    assert found.layout == name
    assert found.ok
    assert found.seconds == pytest.approx(0.6)  # three files of 0.2 s, counted sample by sample
    json.dumps(found.to_dict())


@pytest.mark.parametrize("name", TINY)
def test_layout_refuses_an_empty_folder(name, tmp_path):
    with pytest.raises(DatasetError, match=r"no (recordings|clips of GTZAN|manifest)"):
        load_dataset(tmp_path, layout=name)


def test_unrecognisable_paths_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="no recordings in this folder; expected one folder per class"):
        load_dataset(tmp_path)
    with pytest.raises(DatasetError, match="there is no such file or folder"):
        load_dataset(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"a\.wav: not a dataset; give a folder"):
        load_dataset(write_noise(tmp_path / "a.wav"))
    with pytest.raises(DatasetError, match="the path of the dataset is empty"):
        load_dataset("")
    with pytest.raises(DatasetError, match=r"caf\\xe9: the name is not UTF-8"):
        load_dataset(os.fsdecode(b"caf\xe9"))
    with pytest.raises(UnknownNameError, match=r"unknown dataset layout 'gtzn'.*Did you mean 'gtzan'"):
        load_dataset(tmp_path, layout="gtzn")


# --- GTZAN on disk -----------------------------------------------------------------------------------


def test_gtzan_table_carries_the_facts(tmp_path):
    clips = load_dataset(tiny_gtzan(tmp_path))
    assert clips.recordings.tolist() == ["blues.00001", "blues.00007", "rock.00099"]
    assert clips.labels.tolist() == ["blues", "blues", "rock"]
    assert clips.artists.tolist() == ["blues-00", "blues-00", "rock-19"]
    assert clips.column("fault_filtered").tolist() == ["valid", "valid", "train"]
    assert clips.column("artist_fold").tolist() == [2, 2, 3]
    assert clips.column("number").tolist() == [1, 7, 99]


@pytest.mark.parametrize("above", ["", "genres_original/"])
def test_gtzan_in_folders_of_a_split_keeps_it(tmp_path, above):
    files = ("train/blues/blues.00001.wav", "train/rock.00007.wav", "test/rock/rock.00099.wav")
    clips = load_dataset(write_all(tmp_path, *(above + file for file in files)))
    assert clips.name == "gtzan"
    assert clips.labels.tolist() == ["blues", "rock", "rock"]
    assert clips.column("split").tolist() == ["train", "train", "test"]
    assert clips.notes == ("the folders test, train are taken for parts of a split",)


def test_gtzan_clips_outside_the_catalogue_are_groups_of_their_own(tmp_path):
    clips = load_dataset(write_all(tmp_path, "jazz/jazz.00051.wav", "jazz/jazz.00053.wav"))
    assert clips.artists is None
    assert clips.groups.tolist() == ["jazz.00051", "jazz.00053"]


@pytest.mark.parametrize("above", ["", "genres", "genres_original", "Data/genres_original"])
@pytest.mark.parametrize("genre", ["hiphop", "HipHop"])
def test_gtzan_is_found_in_any_copy(tmp_path, above, genre):
    names = ("hiphop.00000.au", "HIPHOP.00003.WAV", "hiphop.00004.mp3")
    write_all(tmp_path / above, *(f"{genre}/{name}" for name in names))
    clips = load_dataset(tmp_path)
    assert clips.name == "gtzan"
    assert clips.recordings.tolist() == ["hiphop.00000", "hiphop.00003", "hiphop.00004"]
    assert clips.classes == ("hiphop",)
    assert check(tmp_path).ok


def test_gtzan_order_does_not_depend_on_case_or_format(tmp_path):
    lower = write_all(tmp_path / "lower", "blues/blues.00000.wav", "pop/pop.00000.wav", "pop/pop.00001.wav")
    mixed = write_all(tmp_path / "mixed", "blues/blues.00000.au", "Pop/Pop.00000.wav", "pop/pop.00001.flac")
    assert load_dataset(lower).recordings.tolist() == load_dataset(mixed).recordings.tolist()


def test_gtzan_clip_in_two_formats_is_taken_once(tmp_path):
    write_all(tmp_path, "pop/pop.00000.au", "pop/pop.00000.wav", "pop/pop.00001.mp3", "pop/pop.00001.au")
    clips = load_dataset(tmp_path)
    assert [Path(path).name for path in clips.paths] == ["pop.00000.wav", "pop.00001.au"]
    assert clips.notes == (
        "left out, because pop/pop.00000.wav is the same recording: pop/pop.00000.au and 1 more",
    )


def test_gtzan_passes_over_hidden_files_and_notes_strangers(tmp_path):
    tiny_gtzan(tmp_path)
    write_all(tmp_path, "blues/.blues.00002.wav", ".cache/blues/blues.00003.wav")
    (tmp_path / "blues" / "._blues.00001.wav").write_bytes(b"macOS")
    (tmp_path / "blues" / "blues.00004.png").write_bytes(b"a picture")
    assert len(load_dataset(tmp_path)) == 3
    assert load_dataset(tmp_path).notes == ()
    write_all(tmp_path, "rock/blues.00050.wav", "blues/blues.00100.wav", "blues/demo.wav")
    clips = load_dataset(tmp_path)
    assert len(clips) == 3
    assert clips.notes[0].startswith(
        "left out, as no clips of GTZAN by name and folder: blues/blues.00100.wav and 2 more"
    )


def test_gtzan_in_a_larger_collection_is_not_taken_for_it(tmp_path):
    write_all(tiny_gtzan(tmp_path), "kpop/1.wav", "kpop/2.wav", "kpop/3.wav", "kpop/4.wav")
    assert load_dataset(tmp_path).name == "folder"
    assert load_dataset(tmp_path).classes == ("blues", "kpop", "rock")
    assert len(load_dataset(tmp_path, layout="gtzan")) == 3


# --- what is there and what is not -------------------------------------------------------------------


def counts(found):
    return {(part.protocol, part.part): (part.found, part.known) for part in found.protocols}


def test_check_counts_what_every_protocol_finds(tmp_path):
    found = check(tiny_gtzan(tmp_path))
    assert counts(found) == {
        ("random", "all"): (3, 1000),
        ("artist", "all"): (3, 948),
        ("fault-filtered", "train"): (1, 443),
        ("fault-filtered", "valid"): (2, 197),
        ("fault-filtered", "test"): (0, 290),
        ("artist-3fold", "fold 1"): (0, 315),
        ("artist-3fold", "fold 2"): (2, 316),
        ("artist-3fold", "fold 3"): (1, 317),
    }
    assert found.classes == {"blues": 2, "rock": 1}
    assert found.n_missing == 997
    assert found.missing[0] == "blues 0 2-6 8-99"
    assert found.missing[-1] == "rock 0-98"
    assert found.one_artist_classes == ("blues",)


def test_check_reports_unreadable_files_and_the_known_bad_one(tmp_path):
    write_all(tmp_path, "jazz/jazz.00055.wav", "jazz/jazz.00057.wav")
    (tmp_path / "jazz" / "jazz.00054.wav").write_bytes(b"this is not a recording")
    (tmp_path / "jazz" / "jazz.00056.wav").write_bytes(b"")
    found = check(tmp_path, n_jobs=2)
    assert not found.ok
    assert [bad.recording for bad in found.unreadable] == ["jazz.00054", "jazz.00056"]
    assert "cannot read it" in found.unreadable[0].reason
    assert found.unreadable[1].reason == "the file is empty"
    assert found.notes == (gtzan.KNOWN_BAD["jazz.00054"],)
    assert found.protocols[0].found == 4
    assert found.protocols[0].unreadable == 2
    assert found.to_dict()["unreadable"][1]["path"].endswith("jazz.00056.wav")


def test_check_counts_a_listed_but_absent_file_as_missing(tmp_path):
    write_noise(tmp_path / "a.wav")
    path = tmp_path / "clips.csv"
    path.write_text("path,label,artist,fault_filtered\na.wav,x,Abba,train\ngone.007.wav,x,Abba,excluded\n")
    found = check(path)
    assert found.ok
    assert found.n_missing == 1
    assert found.missing == ("gone.007",)
    assert found.one_artist_classes == ("x",)
    assert counts(found)["random", "all"] == (1, 2)
    assert counts(found)["fault-filtered", "train"] == (1, 1)
    assert counts(found)["fault-filtered", "valid"] == (0, 0)
    assert ("artist-3fold", "fold 1") not in counts(found)


def test_check_tells_its_progress(tmp_path):
    steps = []
    check(tiny_gtzan(tmp_path), progress=steps.append)
    assert sum(steps) == 3


def test_check_makes_no_claim_about_unknown_artists(tmp_path):
    found = check(tiny_folder(tmp_path))
    assert found.one_artist_classes == ()
    assert counts(found) == {("random", "all"): (3, 3), ("artist", "all"): (0, 0)}


def test_ranges_are_short_and_lossless():
    assert in_ranges([]) == []
    assert in_ranges(f"pop.{n:05d}" for n in (9, 3, 4, 5)) == ["pop 3-5 9"]


# --- the real thing ----------------------------------------------------------------------------------


@needs_gtzan100
def test_real_clips_are_recognised_and_complete():
    clips = load_dataset(GTZAN100)
    assert clips.name == "gtzan"
    assert len(clips) == 100
    assert clips.classes == gtzan.GENRES
    assert clips.notes == ()
    assert len(set(clips.groups)) == 48


@needs_gtzan100
def test_real_manifest_agrees_with_the_facts():
    listed = load_dataset(GTZAN100 / "manifest.csv")
    known = load_dataset(GTZAN100)
    assert listed.name == "manifest"
    assert listed.paths.tolist() == known.paths.tolist()
    assert listed.labels.tolist() == known.labels.tolist()
    parts = [part or "excluded" for part in known.column("fault_filtered")]
    assert listed.column("fault_filtered").tolist() == parts
    # other names for the same groups
    pairs = set(zip(listed.groups, known.groups, strict=True))
    assert len(pairs) == len(set(listed.groups)) == len(set(known.groups))


@needs_gtzan100
def test_real_clips_are_all_readable_and_confound_artist_and_genre():
    found = check(GTZAN100)
    assert found.ok
    assert counts(found)["fault-filtered", "train"] == (38, 443)
    assert found.missing == tuple(f"{genre} 10-99" for genre in gtzan.GENRES)
    assert found.one_artist_classes == ("blues", "classical", "reggae", "rock")
    assert 1500 < found.seconds < 2000  # a hundred clips of 15 to 20 s
