"""Tiny datasets: folders of noise, and copies of published collections as they unpack."""

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from gtzanfeat.datasets.synthetic import STYLES, compose

RATE = 22050


def write_noise(path, seconds=0.2):
    """Write noise, the same for the same name in any format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(list(path.stem.encode())).uniform(-0.1, 0.1, round(seconds * RATE))
    soundfile.write(path, noise, RATE)
    return path


def write_all(root, *names):
    for name in names:
        write_noise(root / name)
    return root


def tiny_folder(root):
    return write_all(root, "jazz/b.wav", "jazz/live/a.wav", "Pop music/Ä song.flac")


@cache
def music(number):
    """Half a second of a synthetic style."""
    return compose(list(STYLES)[number % len(STYLES)], random_state=number, seconds=0.5).samples


def record(path, number=0):
    """Write a recording in the format that the name of the file says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, music(number), RATE)
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
