"""Extraction into a folder: killed at any moment, gone on with, and in the end as if nothing had happened."""

import contextlib
import errno
import json
import os
import shutil
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile
from signals import RATE, tone, white_noise
from small_datasets import (
    SET,
    features_of,
    in_a_process_of_its_own,
    is_the_same,
    killed_at,
    ledger_of,
    write_music,
)

from gtzanfeat import extract, extract_dataset, feature_set, load_dataset, write_table
from gtzanfeat.errors import ClipError, ExportError, UnknownNameError
from gtzanfeat.export.dataset import ClipRows, dataset_extraction, parts
from gtzanfeat.extraction.parallel import ClipAnalyser


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Eight recordings, and the dataset of a run that was not disturbed."""
    folder = tmp_path_factory.mktemp("music")
    clips = write_music(folder / "music")
    extract_dataset(clips, folder / "whole", SET)
    return folder


@pytest.fixture
def clips(music):
    return load_dataset(music / "music")


@pytest.fixture
def copied(music, tmp_path):
    """The same recordings in a folder of their own, which may be changed."""
    shutil.copytree(music / "music", tmp_path / "music")
    return tmp_path / "music"


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART_ROWS", 3)


# --- what is written ---------------------------------------------------------------------------------


def test_rows_and_metadata_are_those_of_a_table(music, clips, tmp_path):
    table = write_table(extract(clips.clips, SET, on_error="skip"), clips, tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(features_of(music / "whole"), pd.read_parquet(table))
    (part,) = (music / "whole" / "features").iterdir()
    assert part.name == "part-000000000-000000007.parquet"
    one, other = pq.read_schema(part), pq.read_schema(table)
    assert one.equals(other)
    assert all(a.metadata == b.metadata for a, b in zip(one, other, strict=True))
    assert one.metadata == other.metadata | {b"gtzanfeat.failures": b"[]"}  # they are in the ledger


def test_the_ledger_says_what_became_of_each_recording(music):
    ledger = ledger_of(music / "whole").set_index("index")
    names = ["/".join(Path(path).parts[-2:]) for path in ledger["path"]]
    statuses = dict(zip(names, ledger["status"], strict=True))
    assert statuses == {
        "hiss/0.wav": "ok",
        "hiss/1.wav": "ok",
        "hiss/2.wav": "ok",
        "hum/0.wav": "ok",
        "hum/1.wav": "silent",
        "hum/2.wav": "undecodable",
        "hum/3.wav": "duplicate",
        "hum/4.wav": "truncated",
    }
    assert ledger["message"][5].startswith("libsndfile cannot read it (Format not recognised); convert it")
    assert ledger["message"][6] == f"the same bytes as {ledger['path'][1]}"
    assert ledger["content_hash"][6] == ledger["content_hash"][1]
    assert ledger["rows"].tolist() == [1, 1, 1, 1, 1, 0, 1, 1]
    assert ledger["channels"].tolist()[:5] == [1, 1, 1, 1, 2]
    assert ledger["rate"].tolist()[:5] == [22050] * 4 + [44100]
    assert ledger["seconds"][0] == pytest.approx(0.2)
    samples = np.rint(tone(440, 0.2, amplitude=1.0) * 32767)
    assert ledger["peak"][3] == pytest.approx(32767 / 32768)
    assert ledger["clipped"][3] == pytest.approx((np.abs(samples) >= 32767).mean())
    assert ledger["clipped"][0] == 0
    assert ledger["size"][5] == len("no sound")
    assert np.isnan(ledger["peak"][5])


def test_a_dataset_says_what_it_is(music, clips):
    words = json.loads((music / "whole" / "dataset.json").read_text())
    chosen = feature_set(SET)
    assert (words["level"], words["spec_hash"], words["spec_json"]) == (
        "clips",
        chosen.spec_hash,
        chosen.spec_json,
    )
    assert (words["n_inputs"], words["n_shards"], len(words["probe"])) == (8, 1, 19)
    assert words["columns"]["seconds"]["unit"] == "s"
    inputs = pd.read_parquet(music / "whole" / "inputs.parquet")
    pd.testing.assert_frame_equal(inputs.drop(columns="index"), clips.frame)
    assert inputs["index"].tolist() == list(range(8))


def test_other_programs_read_it(music):
    query = f"SELECT label, count(*) FROM '{music}/whole/features/*.parquet' GROUP BY label ORDER BY label"
    assert duckdb.sql(query).fetchall() == [("hiss", 3), ("hum", 4)]


@pytest.mark.parametrize("how", [{"n_jobs": 2}, {"memory": "heard"}])
def test_rows_are_the_same_bits_for_any_workers(music, clips, tmp_path, monkeypatch, how, small_parts):
    monkeypatch.chdir(tmp_path)
    extract_dataset(clips, "out", SET, **how)
    extract_dataset(clips, "out", SET, **how)  # there is nothing to do
    is_the_same(tmp_path / "out", music / "whole")
    assert len(os.listdir("out/ledger")) == 3


def test_a_summary_counts_and_lists_failures(music, clips):
    found = extract_dataset(clips, music / "whole", SET)
    assert found.counts == {"ok": 4, "silent": 1, "truncated": 1, "duplicate": 1, "undecodable": 1}
    assert (found.n_inputs, found.n_done, found.n_analysed) == (8, 8, 7)
    assert [failure.index for failure in found.failures] == [5]


# --- killed, and gone on with ------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("count", range(1, 9))
def test_killed_at_any_file_it_goes_on(music, clips, tmp_path, small_parts, count, after):
    def act():
        killed_at(os, "replace", count, after=after)
        extract_dataset(clips, tmp_path / "out", SET)

    assert in_a_process_of_its_own(act) == -signal.SIGKILL
    extract_dataset(clips, tmp_path / "out", SET)
    is_the_same(tmp_path / "out", music / "whole")


@pytest.mark.parametrize("shard", [(1, 2), (2, 2)])
def test_a_shard_that_is_killed_is_gone_on_with_in_a_shared_folder(
    music, clips, tmp_path, small_parts, shard
):
    def act():
        killed_at(os, "replace", 6, after=False)
        extract_dataset(clips, tmp_path / "out", SET, shard=shard)

    extract_dataset(clips, tmp_path / "out", SET, shard=(3 - shard[0], 2))
    assert in_a_process_of_its_own(act) == -signal.SIGKILL
    found = extract_dataset(clips, tmp_path / "out", SET, shard=shard)
    assert found.n_done == 8
    is_the_same(tmp_path / "out", music / "whole")


def test_a_run_without_shard_does_what_all_shards_have_left(music, clips, tmp_path):
    found = extract_dataset(clips, tmp_path / "out", SET, shard=(2, 3))
    assert 0 < found.n_done < 8
    assert extract_dataset(clips, tmp_path / "out", SET).n_done == 8
    is_the_same(tmp_path / "out", music / "whole")


def test_what_is_done_is_written_when_a_run_is_interrupted(music, clips, tmp_path, monkeypatch):
    calls = []

    def interrupting(*args):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return analyse(*args)

    analyse = ClipAnalyser.analyse
    with monkeypatch.context() as patch:
        patch.setattr(dataset_extraction, "CLIPS_PER_TASK", 1)
        patch.setattr(ClipAnalyser, "analyse", interrupting)
        with pytest.raises(KeyboardInterrupt):
            extract_dataset(clips, tmp_path / "out", SET)
    n_done = len(ledger_of(tmp_path / "out"))
    assert n_done == 2  # the first of the four analyses is of the known sound
    extract_dataset(clips, tmp_path / "out", SET)
    is_the_same(tmp_path / "out", music / "whole")


def test_old_parts_are_written_while_a_long_recording_is_waited_for(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART_SECONDS", 0.05)
    seen = []
    analyse = ClipAnalyser.analyse

    def slow(analyser, source, index, rate=None):
        if index == 5:
            while not list(tmp_path.glob("out/ledger/part-000000000*")):
                time.sleep(0.01)
            seen.append(index)
        return analyse(analyser, source, index, rate)

    monkeypatch.setattr(dataset_extraction, "CLIPS_PER_TASK", 1)
    monkeypatch.setattr(ClipAnalyser, "analyse", slow)
    extract_dataset(clips, tmp_path / "out", SET)
    assert seen == [5]


def test_a_full_disk_is_one_error_and_what_was_written_stays(
    music, clips, tmp_path, small_parts, monkeypatch
):
    replace, calls = os.replace, []

    def full(*args):
        calls.append(args)
        if len(calls) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        words = r"out: it cannot be written \(No space left on device\); what was written before can be read"
        with pytest.raises(ExportError, match=words):
            extract_dataset(clips, tmp_path / "out", SET)
    assert len(ledger_of(tmp_path / "out")) == 3
    extract_dataset(clips, tmp_path / "out", SET)
    is_the_same(tmp_path / "out", music / "whole")


# --- what is analysed again -------------------------------------------------------------------------


def analysed(monkeypatch):
    """Return the list to which the places of all recordings that are analysed are added."""
    seen, analyse = [], ClipAnalyser.analyse

    def noted(analyser, source, index, rate=None):
        if isinstance(source, str):
            seen.append(index)
        return analyse(analyser, source, index, rate)

    monkeypatch.setattr(ClipAnalyser, "analyse", noted)
    return seen


def test_a_changed_file_is_analysed_again_and_one_that_was_touched_is_not(copied, tmp_path, monkeypatch):
    clips = load_dataset(copied)
    extract_dataset(clips, tmp_path / "out", SET)
    soundfile.write(copied / "hiss" / "1.wav", white_noise(0.3, random_state=9), RATE)
    os.utime(copied / "hiss" / "0.wav", (0, 0))
    seen = analysed(monkeypatch)
    found = extract_dataset(clips, tmp_path / "out", SET)
    assert seen == [1, 6]  # the second was a copy of the first
    assert found.counts["ok"] == 5
    extract_dataset(clips, tmp_path / "anew", SET)
    is_the_same(tmp_path / "out", tmp_path / "anew")


def test_a_file_that_is_gone_is_missing_until_it_is_there_again(copied, tmp_path):
    clips = load_dataset(copied)
    (copied / "hum" / "0.wav").rename(tmp_path / "0.wav")
    assert extract_dataset(clips, tmp_path / "out", SET).counts["missing"] == 1
    fewer = load_dataset(copied)  # as the command finds them
    assert extract_dataset(fewer, tmp_path / "out", SET).counts["missing"] == 1
    (tmp_path / "0.wav").rename(copied / "hum" / "0.wav")
    assert "missing" not in extract_dataset(clips, tmp_path / "out", SET).counts
    (copied / "hum" / "0.wav").unlink()
    assert "missing" not in extract_dataset(clips, tmp_path / "out", SET).counts  # it has been analysed


@dataclass(frozen=True)
class TroubledRows(ClipRows):
    """Rows of clips that hang or kill a worker."""

    hang: str = ""
    kill: str = ""

    def analyser(self, memory=None):
        return TroubledAnalyser(**vars(super().analyser(memory)), rows=self)


@dataclass(frozen=True, eq=False)
class TroubledAnalyser(ClipAnalyser):
    rows: TroubledRows = None

    def _computed(self, clip):
        if self.rows.hang and str(clip).endswith(self.rows.hang):
            time.sleep(600)
        if self.rows.kill and str(clip).endswith(self.rows.kill):
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._computed(clip)


def test_a_recording_that_hangs_is_given_up_and_tried_again_with_more_time(music, clips, tmp_path):
    chosen = feature_set(SET)
    found = extract_dataset(clips, tmp_path / "out", TroubledRows(chosen, hang="hiss/1.wav"), timeout=0.7)
    assert found.counts == {"ok": 4, "silent": 1, "truncated": 1, "undecodable": 1, "timed out": 1}
    assert found.failures[0].reason.startswith("it was given up after 0.7")
    assert extract_dataset(clips, tmp_path / "out", chosen, timeout=0.6).counts == found.counts
    extract_dataset(clips, tmp_path / "out", chosen)
    is_the_same(tmp_path / "out", music / "whole")


def test_a_dead_worker_of_joblib_costs_one_recording(music, clips, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def mortal(work, tasks, n_jobs):
        def results():
            yield work(tasks[0])
            raise BrokenProcessPool  # as loky does, for all that its workers had

        yield results()

    with monkeypatch.context() as patch:
        patch.setattr(dataset_extraction, "in_workers", mortal)
        patch.setattr(dataset_extraction, "CLIPS_PER_TASK", 2)
        found = extract_dataset(clips, tmp_path / "out", TroubledRows(feature_set(SET), kill="hum/0.wav"))
    assert [failure.index for failure in found.failures] == [3, 5]
    words = "the worker process at it ended by SIGKILL, 2 times; give fewer workers"
    assert found.failures[0].reason.startswith(words)
    assert found.counts["crashed"] == 1
    extract_dataset(clips, tmp_path / "out", SET)
    is_the_same(tmp_path / "out", music / "whole")


def test_a_mistake_of_the_package_is_recorded(clips, tmp_path, monkeypatch):
    analyse = ClipAnalyser.analyse

    def wrong(analyser, source, index, rate=None):
        if index == 2 and isinstance(source, str):
            raise ZeroDivisionError("no")
        return analyse(analyser, source, index, rate)

    monkeypatch.setattr(ClipAnalyser, "analyse", wrong)
    found = extract_dataset(clips, tmp_path / "out", SET)
    assert found.failures[0].reason.startswith("ZeroDivisionError: no; please report it")
    assert found.n_done == 8


# --- what is refused --------------------------------------------------------------------------------


def refused(words, clips, folder, *args, **how):
    before = features_of(folder) if Path(folder, "features").exists() else None
    with pytest.raises(ExportError, match=words):
        extract_dataset(clips, folder, *args, **how)
    if before is not None:
        pd.testing.assert_frame_equal(features_of(folder), before)


def test_another_set_list_or_number_of_shards_is_refused(music, clips, tmp_path):
    whole = music / "whole"
    refused(
        "it holds clips of timbre19 .*, not clips of pitch5 .*; choose another folder", clips, whole, "pitch5"
    )
    refused("it was begun as 1 shard, not 2; give the same number", clips, whole, SET, shard=(1, 2))
    frame = pd.concat([clips.frame, clips.frame.iloc[:1].assign(path="new.wav", recording="new")])
    more = type(clips)(frame, clips.name)
    refused(
        "of the 8 recordings with which it was begun, and 1 of 9 are not among them .new.wav",
        more,
        whole,
        SET,
    )
    other = type(clips)(clips.frame.assign(label="x"), clips.name)
    refused("the same files, but their order, labels or other columns have changed", other, whole, SET)


def test_numbers_that_would_be_others_are_refused(music, clips, tmp_path, monkeypatch):
    shutil.copytree(music / "whole", tmp_path / "out")
    place = tmp_path / "out" / "dataset.json"
    words = json.loads(place.read_text())
    place.write_text(json.dumps(words | {"code_hash": "another"}))
    extract_dataset(clips, tmp_path / "out", SET)  # other code, the same numbers
    words["probe"][1] += 1
    place.write_text(json.dumps(words | {"code_hash": "another"}))
    sentence = r"1 of 19 columns have other numbers \(spectral_centroid_tvar\); go on with the versions"
    refused(sentence, clips, tmp_path / "out", SET)
    assert extract_dataset(clips, tmp_path / "out", SET, overwrite=True).n_done == 8


def test_folders_that_hold_other_things_are_left_alone(clips, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("all of it")
    for overwrite in (False, True):
        refused("it holds other things .thesis.tex.", clips, tmp_path / "out", SET, overwrite=overwrite)
    (tmp_path / "file").write_text("")
    refused("file: it is a file; give the name of a folder", clips, tmp_path / "file", SET)
    refused("cannot be made .Not a directory.", clips, tmp_path / "file" / "out", SET)


def test_two_runs_of_a_shard_are_one_too_many(clips, tmp_path, monkeypatch):
    with dataset_extraction.begun(
        tmp_path / "out", ClipRows(feature_set(SET)), clips, (1, 2), timeout=None, overwrite=False
    ):
        words = rf"out: another run \(process {os.getpid()}\) is writing it"
        refused(words, clips, tmp_path / "out", SET, shard=(1, 2))
        refused(words, clips, tmp_path / "out", SET)
        extract_dataset(clips, tmp_path / "out", SET, shard=(2, 2))


def test_wrong_arguments(clips, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown feature set"):
        extract_dataset(clips, tmp_path / "out", "timbre")
    for how in ({"shard": (0, 2)}, {"shard": (3, 2)}, {"timeout": 0}, {"on_error": "ignore"}):
        with pytest.raises(ValueError, match=next(iter(how))):
            extract_dataset(clips, tmp_path / "out", SET, **how)
    with pytest.raises(ClipError, match=r"hum/2.wav: libsndfile cannot read it"):
        extract_dataset(clips, tmp_path / "out", SET, on_error="raise")
    assert not (tmp_path / "out" / "ledger").exists() or len(ledger_of(tmp_path / "out")) == 5
