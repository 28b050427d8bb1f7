import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from recordings import GTZAN100, needs_gtzan100
from signals import RATE, harmonic_tone, white_noise

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable, load_dataset
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.evaluation import evaluate
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.inspection.reproduction import PUBLISHED_EXPERIMENTS as PUBLISHED
from gtzanfeat.inspection.reproduction import reproduce

PAPER = PUBLISHED["tzanetakis2002"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of six recordings."""
    folder = tmp_path_factory.mktemp("music")
    for i in range(6):
        kinds = {"hiss": white_noise(1, random_state=i), "hum": harmonic_tone(150 + 40 * i, 1)}
        for label, samples in kinds.items():
            path = folder / label / f"{i}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, samples, RATE)
    return folder


@pytest.fixture(scope="module")
def clips(folder):
    return load_dataset(folder)


@pytest.fixture(scope="module")
def values(clips):
    return extract(clips.clips, PAPER.feature_set)


@pytest.fixture(scope="module", autouse=True)
def _small():
    """The same experiment in small: two classifiers on one family, and one on all of them."""
    two = {name: PAPER.classifiers[name] for name in ("GS", "k-NN3")}
    families = {"BHF": PAPER.families["BHF"]}
    PUBLISHED["small"] = replace(PAPER, name="small", classifiers=two, families=families, matrix="GS")
    PUBLISHED["gaussian"] = replace(PAPER, name="gaussian", classifiers={"GS": "gmm1"}, matrix="GS")
    yield
    del PUBLISHED["small"], PUBLISHED["gaussian"]


@pytest.fixture(scope="module")
def found(clips, values):
    return reproduce("small", clips, values=values, repeats=1)


def test_the_families_of_the_paper_are_its_30_columns_once_each():
    columns = FEATURE_SETS["tzanetakis2002"].columns
    family = {
        name: [column for column in columns if column.startswith(starts)]
        for name, starts in PAPER.families.items()
    }
    assert {name: len(part) for name, part in family.items()} == {"STFT": 9, "MFCC": 10, "BHF": 6, "PHF": 5}
    assert sorted(column for part in family.values() for column in part) == sorted(columns)
    assert set(PAPER.published) <= {(c, f) for c in PAPER.classifiers for f in (*PAPER.families, "all")}


def test_every_part_is_what_evaluate_gives_on_the_same_columns(found, clips, values):
    table = pd.DataFrame(values.values, columns=list(values.columns))
    rhythm = table[[column for column in table if column.startswith("beat_")]]
    for classifier in ("GS", "k-NN3"):
        alone = evaluate(PAPER.classifiers[classifier], clips, values=rhythm, repeats=1)
        pd.testing.assert_frame_equal(found.evaluations[classifier, "BHF"].predictions, alone.predictions)
    assert list(found.evaluations) == [(c, f) for f in ("BHF", "all") for c in ("GS", "k-NN3")]
    rows = found.to_frame().set_index(["classifier", "family"])
    scores = 100 * found.evaluations["GS", "all"].fold_scores["accuracy"]
    assert rows.loc[("GS", "all"), "accuracy"] == pytest.approx(scores.mean())
    assert rows.loc[("GS", "all"), "deviation"] == pytest.approx(scores.std(ddof=1))
    assert rows.loc[("GS", "all"), ["columns", "published", "published_deviation"]].tolist() == [30, 59, 4]
    assert rows.loc[("GS", "BHF"), "published"] == 28
    assert np.isnan(rows.loc[("k-NN3", "BHF"), "published"])


def test_it_says_whether_the_set_is_whole(found):
    assert not found.is_complete
    assert found.main is found.evaluations["GS", "all"]


def test_without_values_the_clips_are_measured(found, clips):
    again = reproduce("small", clips, repeats=1)
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())


def test_a_failed_clip_is_left_out_of_every_part(clips, folder):
    frame = clips.frame.copy()
    frame.loc[0, "path"] = str(folder / "none.wav")
    broken = ClipTable(frame, "broken")
    values = extract(broken.clips, PAPER.feature_set, on_error="skip")
    part = reproduce("small", broken, values=values, repeats=1)
    assert {evaluation.n_used for evaluation in part.evaluations.values()} == {11}


def test_what_cannot_be_reproduced(clips, values):
    with pytest.raises(UnknownNameError, match="unknown experiment 'tzanetakis'.*Did you mean"):
        reproduce("tzanetakis", clips)
    with pytest.raises(ValueError, match="wants 'tzanetakis2002', but values are 'timbre19'"):
        reproduce("tzanetakis2002", clips, values=extract(clips.clips, "timbre19"))
    with pytest.raises(ProtocolError, match="class"):
        reproduce("tzanetakis2002", clips.select(np.arange(3)), values=values)


def test_the_command_prints_the_tables_of_the_paper(found, folder):
    words = ["reproduce", "gaussian", str(folder), "--repeats", "1"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    text = done.stdout
    assert "12 of 2 classes" in text
    assert "NOT the paper's 1000 clips of 10 classes" in text
    assert "quoted from memory" in text
    gaussian = 100 * found.evaluations["GS", "all"].fold_scores["accuracy"]
    cell = f"{gaussian.mean():.0f} ± {gaussian.std(ddof=1):.0f}"
    assert re.search(rf"^GS +{cell} +59 ± 4$", text, re.MULTILINE)
    assert re.search(
        r"^classifier +STFT \(9\) +MFCC \(10\) +BHF \(6\) +PHF \(5\) +all \(30\)$", text, re.MULTILINE
    )
    assert re.search(r"^GS, published +45 +47 +28 +23 +59 ± 4$", text, re.MULTILINE)
    assert re.search(r"^chance +50 +10$", text, re.MULTILINE)
    matrix = text.split("columns are the truth, rows predicted (per cent)\n")[1].splitlines()
    assert matrix[0].split() == ["hiss", "hum"]
    assert [line.split()[0] for line in matrix[1:]] == ["hiss", "hum"]
    columns = np.array([line.split()[1:] for line in matrix[1:]], dtype=float)
    np.testing.assert_allclose(columns.sum(axis=0), 100, atol=1)  # per cent of the truth, rounded


def test_the_command_refuses_in_one_line(folder):
    done = CliRunner().invoke(main, ["reproduce", "tzanetakis2003", str(folder)])
    assert done.exit_code == 2
    assert done.stderr.startswith(
        "gtzanfeat: error: unknown experiment 'tzanetakis2003'. Known: tzanetakis2002"
    )
    done = CliRunner().invoke(main, ["reproduce", "tzanetakis2002", str(folder / "none")])
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


@needs_gtzan100
def test_on_music_the_whole_is_better_than_its_weakest_family():
    clips = load_dataset(GTZAN100)
    gaussian = reproduce("gaussian", clips, repeats=1).to_frame().set_index("family")["accuracy"]
    assert gaussian["all"] > 40  # chance is 10; the paper has 59 with ten times the clips
    assert gaussian["BHF"] == gaussian.min()
    assert gaussian["all"] > gaussian[["BHF", "PHF"]].max()
