"""Audits: every kind of thing that can be on both sides is planted, and found; nothing else is."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.model_selection import StratifiedGroupKFold

from gtzanfeat import ClipTable, Experiment, audit, evaluate, importance, load_dataset, segment_table
from gtzanfeat.cli import main
from gtzanfeat.datasets.synthetic import write_corpus
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import duplicates, plan, precomputation

RATE = 22050


def table(**columns):
    """A table of files that are not there."""
    n = len(next(iter(columns.values())))
    names = [f"{i}.wav" for i in range(n)]
    return ClipTable(pd.DataFrame({"path": names, "label": "jazz", "recording": names} | columns), "planted")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A corpus with copies in it: of a file, at another level, in MP3, and ten seconds of a clip."""
    folder = tmp_path_factory.mktemp("planted")
    clips = write_corpus(folder, 1, seconds=12.0)
    sources = dict(zip(clips.labels, clips.paths, strict=True))
    rows = clips.frame[["path", "label", "recording", "artist"]]
    more = {}
    (label, same), (louder, loud), (third, packed), (fourth, cut), *_ = sources.items()
    shutil.copy(same, folder / "same.wav")
    more["same.wav"] = label
    sound = soundfile.read(loud, dtype="float32")[0]
    soundfile.write(folder / "gain.wav", 0.4 * sound, RATE)
    more["gain.wav"] = louder
    sound = soundfile.read(cut, dtype="float32")[0]
    soundfile.write(folder / "crop.wav", sound[12345 : 12345 + 10 * RATE], RATE)
    more["crop.wav"] = fourth
    if "MP3" in soundfile.available_formats():
        soundfile.write(folder / "packed.mp3", soundfile.read(packed, dtype="float32")[0], RATE, format="MP3")
        more["packed.mp3"] = third
    copies = pd.DataFrame({"path": [str(folder / name) for name in more], "recording": list(more)})
    copies["label"] = list(more.values())
    return ClipTable(pd.concat([rows, copies], ignore_index=True), "planted")


def test_all_planted_copies_are_found_and_nothing_else(planted, tmp_path):
    n = 10  # the originals train, the copies test
    found = audit(planted, [(np.arange(n), np.arange(n, len(planted)))], memory=tmp_path)
    assert found
    by_kind = {finding.test.rpartition("/")[2]: finding for finding in found.findings}
    assert len(found.findings) == len(planted) - n
    assert by_kind["same.wav"].kind == "identical"
    assert {by_kind[name].kind for name in by_kind if name != "same.wav"} == {"near-duplicate"}
    assert by_kind["crop.wav"].offset == pytest.approx(12345 / RATE, abs=0.02)
    assert by_kind["gain.wav"].similarity > 0.99
    assert all(finding.n_tests == 1 for finding in found.findings)
    sources = dict(zip(planted.recordings[:n], planted.paths[:n], strict=True))
    for finding in found.findings:
        style = planted.labels[planted.paths == finding.test][0]
        assert finding.train in sources.values()
        assert planted.labels[planted.paths == finding.train][0] == style
    assert found.exposed == {
        "recording": 0,
        "artist": 0,
        "identical": 1,
        "near-duplicate": len(planted) - n - 1,
    }


def test_copies_on_one_side_are_no_finding_but_a_note(planted, tmp_path):
    groups = planted.labels.astype(str)
    folds = list(StratifiedGroupKFold(2).split(planted.paths, np.zeros(len(planted)), groups))
    found = audit(planted, folds, memory=tmp_path)
    assert not found
    found.refuse()
    n_pairs = len(planted) - 11
    assert f"{n_pairs} pairs of near-duplicates are on one side of every fold" in found.notes
    assert "near-duplicate audio  none" in found.lines()


def test_names_on_both_sides_are_counted():
    clips = table(
        artist=["Ella", "Ella", "Bud", "Bud", None, None],
        album=["A", "B", "C", "C", "D", "D"],
        recording=list("uvwxyz"),
    )
    found = audit(clips, [([0, 2, 4], [1, 3, 5]), ([0, 1, 2, 3], [4, 5])], near_duplicates=False)
    assert [(f.kind, f.what, f.n_tests) for f in found.findings] == [
        ("artist", "Ella", 1),
        ("artist", "Bud", 1),
        ("album", "C", 1),
        ("album", "D", 1),
    ]
    assert (found.findings[0].train, found.findings[0].test) == ("0.wav", "1.wav")
    assert found.exposed == {"recording": 0, "artist": 2, "album": 2}
    assert found.n_tests == 5
    assert found.sentences["artist"] == (
        "the same artist is in training and in test: 2 artists, 2 of 5 tests (40.0%); "
        "the score may be too high"
    )
    assert "the artist of 2 of 6 clips is unknown" in found.notes
    assert "6 of 6 files cannot be read, so their sound was not compared" in found.notes
    with pytest.raises(
        ProtocolError, match=r"the same artist is in .*the same album is in .*0\.wav and 1\.wav"
    ):
        found.refuse()


def test_a_flat_table_split_by_row_is_found_out(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", 2, seconds=2.0)
    flat, _ = segment_table(corpus, "timbre19", 1.0)
    rows = np.arange(len(flat))
    found = audit(flat, [(rows[::2], rows[1::2]), (rows[1::2], rows[::2])], near_duplicates=False)
    assert found.exposed["recording"] == found.n_tests == len(flat)
    honest = audit(flat, plan(flat, "random", repeats=2), near_duplicates=False)
    assert honest.exposed["recording"] == 0
    assert not audit(flat, plan(flat, "artist"), near_duplicates=False)


def test_each_test_counts():
    found = audit(table(artist=list("aaab")), [([0], [1, 2, 3]), ([0, 1], [2])], near_duplicates=False)
    assert [finding.n_tests for finding in found.findings] == [3]
    assert found.exposed["artist"] == 3


def test_every_kind_of_folds():
    clips = table(artist=["a", "a", "b", "b"], label=["x", "y", "x", "y"])
    train = np.array([True, False, True, False])
    for folds in ([(train, ~train)], [([0, 2], [1, 3])], ((np.array([0, 2]), np.array([1, 3])) for _ in "1")):
        assert audit(clips, folds, near_duplicates=False).exposed["artist"] == 2
    laid_out = plan(clips, "random", repeats=1)
    assert audit(clips, laid_out).n_tests == 4
    assert audit(clips, laid_out.folds).n_folds == 2


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "there are no folds to look at"),
        ([([0, 1], [])], "some to train and some to test"),
        ([([0, 1], [9])], "does not divide this table of 4 clips"),
        ([([0.5], [1])], "give row numbers of it"),
        ([([-1], [1])], "give row numbers of it"),
    ],
)
def test_folds_that_make_no_sense(folds, message):
    with pytest.raises(ProtocolError, match=message):
        audit(table(artist=list("aabb")), folds, near_duplicates=False)


def test_it_goes_out_as_text_and_json_and_table(planted):
    found = audit(planted, [(np.arange(10), np.arange(10, len(planted)))], near_duplicates=False)
    said = json.loads(json.dumps(found.to_dict()))
    assert said["findings"][0]["kind"] == "identical"
    assert found.to_frame()["n_tests"].tolist() == [1]
    assert "near-duplicate audio  not looked for" in str(found)
    assert "1 file with copies, 1 of" in str(found)
    assert repr(found) == "Audit('planted': 1 findings in 1 folds)"
    assert audit(table(artist=list("ab")), [([0], [1])], near_duplicates=False).to_frame().empty


def test_evaluate_tells_or_refuses(planted, tmp_path):
    two = planted.select(np.isin(planted.labels, planted.labels[10:]))
    values = np.arange(len(two))[:, None]
    result = evaluate("knn1", two, values=values, repeats=1)
    assert any("byte-identical audio is in training and in test: 1 file" in line for line in result.warnings)
    with pytest.raises(ProtocolError, match="byte-identical audio .*; choose a protocol that"):
        evaluate("knn1", two, values=values, repeats=1, strict=True)
    unlike = without_identical(planted)
    asked = {"values": values[: len(unlike)], "repeats": 1, "memory": tmp_path}
    silent = evaluate("knn1", unlike, **asked)
    assert not any("near-duplicate" in line for line in silent.warnings)
    told = evaluate("knn1", unlike, **asked, near_duplicates=True)
    assert any("near-duplicate audio is in training and in test" in line for line in told.warnings)


def without_identical(planted):
    """The clips that have a copy in other bytes, and these copies."""
    copied = np.isin(planted.labels, planted.labels[10:]) & (planted.labels != planted.labels[0])
    return planted.select(copied & ~np.isin(planted.recordings, ["same.wav"]))


def test_strict_refuses_near_duplicates_in_the_same_words_from_python_and_the_command_line(
    planted, tmp_path, capsys, monkeypatch
):
    clips = without_identical(planted)
    monkeypatch.setattr(precomputation, "extract", lambda *args, **kwargs: pytest.fail("features extracted"))
    with pytest.raises(ProtocolError, match="near-duplicate audio is in training and in test") as refused:
        evaluate("knn1", clips, strict=True, repeats=1)
    with pytest.raises(ProtocolError) as again:
        Experiment("knn1", clips, strict=True, repeats=1)
    assert str(again.value) == str(refused.value)
    manifest = tmp_path / "manifest.csv"
    clips.frame.drop(columns="split").to_csv(manifest, index=False)
    assert run("evaluate", manifest, "-c", "knn1", "--strict", "--repeats", 1, "-q") == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"gtzanfeat: error: {refused.value}\n")


def test_files_are_fingerprinted_once_for_all_questions(tmp_path, monkeypatch):
    clips = write_corpus(tmp_path / "corpus", 4, seconds=1.0)
    calls = []
    original = duplicates.fingerprints
    monkeypatch.setattr(
        duplicates, "fingerprints", lambda *args, **how: calls.append(args) or original(*args, **how)
    )
    broken = clips.select(np.isin(clips.labels, ["waltz", "ballad"]))
    values = pd.DataFrame(np.arange(len(broken) * 2.0).reshape(-1, 2))
    values.iloc[0] = np.nan  # the folds are drawn anew without this clip, and audited again
    experiment = Experiment("knn1", broken, values=values, cv=2, strict=True, on_error="skip")
    experiment.evaluate()
    importance(experiment, by="column", permutations=1)
    assert len(calls) == 1


def run(*words):
    with pytest.raises(SystemExit) as end:
        main([*map(str, words)])
    return end.value.code


def test_the_command(planted, tmp_path, capsys):
    manifest = tmp_path / "manifest.csv"
    planted.frame.drop(columns="split").to_csv(manifest, index=False)
    assert len(load_dataset(manifest)) == len(planted)
    code = run("audit", manifest, "--json", "-q")
    out = capsys.readouterr().out
    # a style without a copy has one clip, so that no protocol can draw folds
    assert code == 2
    assert out == ""
    two = planted.select(np.isin(planted.labels, planted.labels[10:]))
    two.frame.drop(columns="split").to_csv(manifest, index=False)
    assert run("audit", manifest, "--repeats", 1, "-q") == 1
    out = capsys.readouterr().out
    assert out.startswith("protocol random: stratified 2-fold over recordings")
    assert "byte-identical audio  1 file with copies, 2 of" in out
    assert run("audit", manifest, "--json", "--repeats", 1) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["protocol"], said["random_state"]) == ("random", 0)
    assert said["description"].startswith("stratified 2-fold over recordings")
    assert said["exposed"]["identical"] == 2
    clean = write_corpus(tmp_path / "clean", 2, seconds=1.0)
    assert len(clean) == 20
    assert run("audit", tmp_path / "clean", "--no-near-duplicates", "--repeats", 1, "-q") == 0
    assert "the same recording    none" in capsys.readouterr().out


def test_files_that_only_agree_in_length_are_not_read_as_a_whole(tmp_path, monkeypatch):
    """A collection of equally long recordings is not read from end to end by every evaluation."""
    rng = np.random.default_rng(0)
    contents = [rng.bytes(100_000) for _ in range(6)]
    contents[4] = contents[1]
    contents[5] = contents[2][:-1] + bytes([contents[2][-1] ^ 1])  # differs in its last byte alone
    paths = []
    for i, content in enumerate(contents):
        paths.append(str(tmp_path / f"{i}.wav"))
        (tmp_path / f"{i}.wav").write_bytes(content)
    read = []
    digest = duplicates._sha256
    monkeypatch.setattr(duplicates, "_sha256", lambda path: read.append(path) or digest(path))
    clips = ClipTable(pd.DataFrame({"path": paths, "recording": list("abcdef"), "label": "x"}), "equal")
    found = audit(clips, [([0, 1, 2, 3], [4, 5])], near_duplicates=False)
    assert [(finding.kind, finding.train, finding.test) for finding in found.findings] == [
        ("identical", paths[1], paths[4])
    ]
    assert sorted(read) == [paths[i] for i in (1, 2, 4, 5)]
