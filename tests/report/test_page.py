"""The report page: what it says, and how a browser shows it, wide and narrow, light and dark."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import soundfile
from browser import CHROMIUM, Browser
from click.testing import CliRunner
from recordings import GTZAN100, needs_gtzan100
from signals import RATE, tone, white_noise

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable, load_dataset
from gtzanfeat.errors import ExportError, GtzanfeatError
from gtzanfeat.evaluation import Audit, Experiment, evaluate, read_evaluation
from gtzanfeat.evaluation.leakage import Finding
from gtzanfeat.extraction import Extraction, Failure
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.inspection import Robustness
from gtzanfeat.inspection.feature_importance import Importance
from gtzanfeat.report import class_sections, mistakes, write_report
from gtzanfeat.report.mistakes import explain_mistakes, rank_mistakes
from gtzanfeat.report.page import render


class Page(HTMLParser):
    """What a program that reads aloud finds: headings, tables with captions, pictures with names."""

    VOID = frozenset({"meta", "br", "img", "input", "hr", "link"})

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.tables, self.pictures, self.ids, self.refers = [], [], [], [], [], []
        self.title, self.tags = "", set()
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])
        if tag == "table":
            self.tables.append({"caption": "", "heads": 0})
        if tag == "th":
            assert said["scope"] in ("row", "col")
            self.tables[-1]["heads"] += 1
        if said.get("role") == "img":
            self.pictures.append(said["aria-label"])
        self.ids += [said["id"]] if "id" in said else []
        self.refers += [said["aria-labelledby"]] if "aria-labelledby" in said else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["caption"]:
            self.tables[-1]["caption"] += data
        if any(re.fullmatch("h[1-6]", tag) for tag in self.open[-2:]):  # a heading may be a link
            self.headings[-1][1] += data
        if self.open[-1:] == ["title"] and "svg" not in self.open:
            self.title += data


def read(text):
    """Check what holds for every page, and return it."""
    page = Page(text)
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(title.strip() for _, title in page.headings)
    assert all(table["caption"].strip() and table["heads"] for table in page.tables)
    assert all(name.strip() for name in page.pictures)
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.refers) <= set(page.ids)
    assert "script" not in page.tags
    assert not re.search(r"(src|href|url\()\s*=?\s*[\"']?\s*(https?:)?//", text)  # nothing is fetched
    for empty in ("None", "nan %", "nan<", "Undefined"):
        assert empty not in text
    return page


def sections(page):
    return [title for level, title in page.headings if level == 2]


def table(n=60, **columns):
    names = [f"{label}.{i:02d}" for label in ("jazz", "pop", "rock") for i in range(n // 3)]
    frame = pd.DataFrame({"path": names, "recording": names, "label": [name.split(".")[0] for name in names]})
    return ClipTable(frame.assign(**columns), "example")


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Three classes of recordings that are there, and one that is not."""
    folder = tmp_path_factory.mktemp("music")
    rows = []
    for i in range(5):
        kinds = {"hiss": white_noise(1, random_state=i), "hum": tone(200 + 50 * i, 1), "hush": np.zeros(RATE)}
        for label, samples in kinds.items():
            path = folder / f"{label}.{i}.wav"
            soundfile.write(path, samples, RATE)
            rows.append({"path": str(path), "recording": path.name, "label": label})
    rows[0]["path"] = str(folder / "gone.wav")
    return ClipTable(pd.DataFrame(rows), "music")


@pytest.fixture(scope="module")
def found(music):
    """Answers that are mostly wrong, with probabilities."""
    values = np.random.default_rng(0).normal(size=(len(music), 3))
    return evaluate("gmm1", music, values=values, cv=5, repeats=2)


@pytest.fixture(scope="module")
def tags():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    has = np.c_[x[:, 0] > 0, x[:, 1] > 0.2, rng.random(60) < 0.3]
    words = ["|".join(np.array(["guitar", "piano", "voice"])[row]) or "|" for row in has]
    return evaluate("logistic", table(labels=words), target="labels", values=x, cv=3, repeats=2)


@pytest.fixture(scope="module")
def numbers():
    x = np.random.default_rng(0).normal(size=(60, 1))
    clips = table(target=120 + 20 * x[:, 0] + np.random.default_rng(1).normal(size=60))
    return evaluate("ridge", clips, target="target", values=x, cv=3, repeats=2)


SWEEP = Robustness(
    degradation="white_noise",
    meaning="signal-to-noise ratio",
    unit="dB",
    metric="accuracy",
    table=pd.DataFrame(
        {
            "strength": [np.nan, 30.0, 10.0],
            "accuracy": [0.6, 0.5, 0.2],
            "low": [0.5, 0.4, 0.1],
            "high": [0.7, 0.6, 0.3],
            "clips": 15,
        }
    ),
    estimator="gmm1",
    dataset="music",
    protocol="random",
    description="3-fold",
    random_state=0,
)
AUDIT = Audit(
    dataset="music",
    n_clips=15,
    n_folds=10,
    n_tests=30,
    findings=tuple(Finding("artist", f"artist {i}", "a.wav", "b.wav", 1, 2, 3) for i in range(40)),
    exposed={"artist": 20},
    notes=("albums are not known",),
)
WARNED = "Before you believe it"
IMPORTANCE = pd.DataFrame({"importance": [0.1, 0.3], "spread": [0.01, 0.02]}, index=["pitch", "timbre"])


# --- what it says ----------------------------------------------------------------------------------------


def test_the_score_its_interval_and_what_it_is_seen_against_come_first(found):
    text = render(found)
    page = read(text)
    row = found.metrics.set_index("metric").loc["accuracy"]
    between = f"{100 * row['low']:.1f} to {100 * row['high']:.1f} %"
    assert page.title.startswith(f"Accuracy {100 * found.accuracy:.1f} %: gmm1 on")
    assert f'<div class="value">{100 * found.accuracy:.1f} %</div>' in text
    assert f"Accuracy, 95 % interval {between}" in text
    assert f"left:{100 * found.accuracy:.1f}" in text.replace("left:33.33", "left:33.3")
    gauge = page.pictures[0]
    assert gauge.startswith(f"Accuracy {100 * found.accuracy:.1f} %; 95 % interval {between}; chance")
    assert text.index(between) < text.index("What was asked")


def test_warnings_stand_before_everything_else_and_whole(found):
    words = "these clips <confound> artist & genre"
    text = render(replace(found, warnings=(words,)))
    read(text)
    assert "these clips &lt;confound&gt; artist &amp; genre" in text
    assert text.index("Before you believe it") < text.index("What was asked")
    assert "<details" not in text
    assert "Before you believe it" not in render(replace(found, warnings=()))


def test_what_was_asked_is_all_there(found):
    text = render(found, command="gtzanfeat evaluate 'my music' --seed 7")
    for said in (
        found.dataset,
        f"{found.protocol}: {found.description}",
        found.estimator,
        found.feature_set,
        "gtzanfeat evaluate &#39;my music&#39; --seed 7",
        *(f"{name} {version}" for name, version in found.versions.items()),
        f"<dt>Seed</dt><dd>{found.random_state}</dd>",
    ):
        assert said in text
    assert "<dt>Spec hash</dt>" not in text  # the values came without one
    assert "<dt>Spec hash</dt><dd><code>abc</code></dd>" in render(replace(found, spec_hash="abc"))


def test_matrix_classes_pairs_and_folds_hold_the_numbers_of_the_result(found):
    text = render(found)
    page = read(text)
    shown = ["What was asked", "Scores", "Fold by fold", "Confusion", "Most confused", "Class by class"]
    assert [title for title in sections(page) if title in shown] == shown
    matrix = text[text.index('<table class="cells matrix">') :].split("</table>")[0]
    cells = [cell.rpartition(">")[2] for cell in re.findall(r"<td class=[^>]*>[^<]*", matrix)]
    counts, percents = found.confusion, found.confusion_paper.T
    expected = [f"{p:.0f}" if n else "·" for n, p in zip(counts.ravel(), percents.ravel(), strict=True)]
    assert cells == expected
    rows = re.findall(r'<th scope="row">(\w+)</th><td class="text">(\w+)</td><td>(\d+)</td>', text)
    off = {(i, j): counts[i, j] for i in range(3) for j in range(3) if i != j and counts[i, j]}
    assert {(found.labels.index(a), found.labels.index(b)): int(n) for a, b, n in rows} == off
    assert [int(n) for *_, n in rows] == sorted(off.values(), reverse=True)
    folds = text[text.index('<table class="cells folds">') :].split("</table>")[0]
    values = [int(cell) for cell in re.findall(r"%\">(\d+)</td>", folds)]
    assert values == [round(100 * score) for score in found.fold_scores["accuracy"]]


def test_the_class_table_has_intervals(found, tags):
    for result, metric in ((found, "recall"), (tags, "f1")):
        text = render(result)
        body = text.split('id="classes"')[1].split("</table>")[0]
        for label in result.labels:
            row = next(row for row in body.split("<tr>") if f'scope="row">{label}<' in row)
            value = result.per_class.loc[label, metric]
            low, high = (result.class_intervals.loc[label, f"{metric}_{end}"] for end in ("low", "high"))
            said = f'{100 * value:.1f}<span class="between">{100 * low:.0f} to {100 * high:.0f}</span>'
            assert f"<td>{said}</td>" in row
            assert f'<span class="at" style="left:{100 * result.per_class.loc[label, "f1"]:.4g}' in row


def test_tags_and_two_classes_have_curves(found, tags, monkeypatch):
    page = read(render(tags))
    for tag in tags.labels:
        area, precision = tags.per_class.loc[tag, ["roc_auc", "average_precision"]]
        assert f"ROC curve of {tag}: area {100 * area:.1f} %" in page.pictures
        assert f"Precision and recall of {tag}: average precision {100 * precision:.1f} %" in page.pictures
    assert "Ranking" not in sections(read(render(found)))  # of three classes
    two = table(n=60, label=["jazz", "pop"] * 30)
    values = np.random.default_rng(0).normal(size=(60, 2))
    page = read(render(evaluate("logistic", two, values=values, cv=3, repeats=1)))
    assert sum(name.startswith("ROC curve of ") for name in page.pictures) == 2
    monkeypatch.setattr(class_sections, "MOST_CURVES", 2)
    text = render(tags)
    assert "These are the 2 commonest of 3 tags." in text
    rarest = tags.per_class["clips"].idxmin()
    assert f"ROC curve of {rarest}" not in text


def shares(found, strongest, weakest):
    """Contributions of three families to every decision, as made up."""
    families = {"timbre": 0.25, "rhythm": 0.0, "pitch": 0.0} | {strongest: 3.0, weakest: -1.0}
    index = pd.MultiIndex.from_product(
        [[1], found.predictions["clip"].unique(), found.labels], names=["repeat", "clip", "class"]
    )
    wrong = {clip: mistakes._answer_and_truth(found, clip)[0] for clip in rank_mistakes(found)["clip"]}
    answered = np.array([wrong.get(clip) == label for _, clip, label in index])
    given = pd.DataFrame({name: np.where(answered, value, 0.0) for name, value in families.items()}, index)
    given["rest"] = np.where(answered, 0.5, 1.0)
    return given.assign(total=given.sum(axis=1))


def test_cards_show_what_the_decision_rested_on(found, music):
    text = render(found, clips=music, contributions=shares(found, "rhythm", "pitch"))
    page = read(text)
    leads = [name for name in page.pictures if name.startswith("For ")]
    assert len(leads) == len(rank_mistakes(found))
    for name in leads:
        assert re.fullmatch(
            r"For \w+ and against \w+: rhythm \+3\.00, pitch −1\.00, timbre \+0\.25, rest −0\.50", name
        )
    assert "Together: +1.75." in text
    assert "What spoke for the answer is of the first repeat." in text
    assert "Mean probability: " in " ".join(page.pictures)
    worst = rank_mistakes(found).iloc[0]["clip"]
    means = found.scores[(found.predictions["clip"] == worst).to_numpy()].mean(axis=0)
    order = np.argsort(-means, kind="stable")
    said = ", ".join(f"{found.labels[i]} {100 * means[i]:.0f} %" for i in order)
    assert f"Mean probability: {said}" in page.pictures


@pytest.mark.parametrize(
    ("strongest", "figures"),
    [("timbre", []), ("rhythm", ["Beat histogram: "]), ("pitch", ["Pitch histogram: ", "Pitch classes on"])],
)
def test_a_histogram_is_drawn_where_it_decided(found, music, strongest, figures):
    weakest = "timbre" if strongest != "timbre" else "pitch"
    page = read(render(found, clips=music, contributions=shares(found, strongest, weakest)))
    for start in ("Beat histogram: ", "Pitch histogram: ", "Pitch classes on"):
        assert any(name.startswith(start) for name in page.pictures) == (start in figures)
    assert not any("istogram" in name for name in read(render(found, clips=music)).pictures)


def test_of_two_classes_one_row_of_a_linear_model_speaks_for_both():
    two = table(n=60, label=["jazz", "pop"] * 30)
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["tempo", "loudness"])
    experiment = Experiment("logistic", two, values=values, cv=3, repeats=1)
    result = experiment.evaluate()
    given = explain_mistakes(experiment, result)
    assert given.index.unique("class").tolist() == ["pop"]
    page = read(render(result, contributions=given))
    for row in rank_mistakes(result).to_dict("records"):
        answer, truth = mistakes._answer_and_truth(result, row["clip"])
        total = given.loc[(1, row["clip"], "pop"), "total"] * (1 if answer == "pop" else -1)
        assert total > 0  # what was answered had the lead
        assert any(name.startswith(f"For {answer} and against {truth}: ") for name in page.pictures)
        assert f"Together: +{total:.2f}." in render(result, contributions=given)


def test_mistakes_are_explained_by_the_exact_way_or_by_shapley_values(numbers):
    clips = table()
    rng = np.random.default_rng(0)

    def explained(estimator, name, **options):
        columns = feature_set(name)
        values = rng.normal(size=(60, len(columns.columns))).astype(np.float32)
        given = Extraction(columns, values, np.ones(60), ("",) * 60, ())
        experiment = Experiment(estimator, clips, values=given, cv=3, **options)
        result = experiment.evaluate()
        return explain_mistakes(experiment, result), rank_mistakes(result)["clip"]

    exact, _ = explained("lda", "classic30", repeats=1)
    assert list(exact.columns) == ["timbre", "rhythm", "pitch", "rest", "total"]
    assert exact.index.unique("clip").size == 60
    shapley, worst = explained("svm", "classic30", repeats=2)
    assert list(shapley.columns) == list(exact.columns)
    assert sorted(shapley.index.unique("clip")) == sorted(worst)
    finer, _ = explained("svm", "timbre19", repeats=1)  # all of one family
    assert "mfcc" in finer.columns
    assert explained("random-forest", "block-level", repeats=1)[0] is not None
    x = rng.normal(size=(60, 1))
    ridge = Experiment("ridge", table(target=x[:, 0]), target="target", values=x, cv=3, repeats=1)
    assert explain_mistakes(ridge, numbers) is None


def test_links_lead_to_the_recordings_that_are_there(found, music, tmp_path):
    page = write_report(found, tmp_path / "page", clips=music, links=True)
    text = page.read_text(encoding="utf-8")
    read(text)
    linked = re.findall(r'<h3><a href="([^"]+)">([^<]+)</a></h3>', text)
    there = [row for row in rank_mistakes(found)["path"] if Path(row).is_file()]
    assert [name for _, name in linked] == [Path(path).name for path in there]
    for (address, _), path in zip(linked, there, strict=True):
        assert not Path(address).is_absolute()
        assert (page.parent / unquote(address)).resolve() == Path(path).resolve()
    assert "<h3><a " not in render(found, clips=music)
    assert mistakes._link(str(tmp_path / "no.wav"), tmp_path) == {}
    strange = tmp_path / "50 % of #1?.wav"
    strange.write_bytes(b"")
    assert mistakes._link(str(strange), tmp_path) == {"link": "50%20%25%20of%20%231%3F.wav"}


def test_the_contents_list_every_section(found, tags, numbers):
    for text in (
        render(replace(found, audit=AUDIT), importance=IMPORTANCE, robustness=SWEEP),
        render(replace(tags, failures=(Failure(3, "bad.wav", "it is empty"),))),
        render(numbers),
    ):
        page = read(text)
        contents = text.split("<nav")[1].split("</nav>")[0]
        listed = re.findall(r'<a href="#(\w+)">([^<]+)</a>', contents)
        assert [title for _, title in listed] == [
            title for title in sections(page) if title != "Before you believe it"
        ]
        assert {name for name, _ in listed} <= set(page.ids)
        assert text.index("<nav") < text.index('id="asked"')


def test_the_most_confidently_wrong_come_first(found, music):
    text = render(found, clips=music)
    page = read(text)
    wrong = found.predictions[found.predictions["label"] != found.predictions["predicted"]]
    margin = [row[f"score_{row['predicted']}"] - row[f"score_{row['label']}"] for _, row in wrong.iterrows()]
    tests = found.predictions.groupby("path").size()
    ranked = (wrong.assign(margin=margin).groupby("path")["margin"].sum() / tests).dropna()
    worst = [Path(path).name for path in ranked.sort_values(ascending=False, kind="stable").index[:6]]
    cards = [title for level, title in page.headings if level == 3]
    assert cards == worst
    assert re.search(r"taken for \w+ in \d of 2 tests; it gave \d+ % to \w+ and \d+ % to", text)


def test_a_recording_that_is_gone_costs_only_its_pictures(found, music):
    only = found.predictions["path"].str.endswith("gone.wav")
    wrong = found.predictions.assign(predicted=np.where(only, "hum", found.predictions["label"]))
    wrong = replace(found, predictions=wrong)
    text = render(wrong, contributions=shares(wrong, "rhythm", "pitch"))
    page = read(text)
    assert [title for level, title in page.headings if level == 3] == ["gone.wav"]
    assert "No histogram: there is no such file." in text
    assert not any("histogram" in name for name in page.pictures)


def test_segments_give_a_timeline(found):
    clips = found.predictions["clip"].unique()
    segments = pd.DataFrame(
        {
            "clip": np.repeat(clips, 2),
            "start": np.tile([0.0, 0.5], len(clips)),
            "end": np.tile([0.5, 1.0], len(clips)),
            "score_hiss": 0.2,
            "score_hum": 0.7,
            "score_hush": 0.1,
        }
    )
    assert "Answers of 2 segments" not in render(found)
    text = render(replace(found, segments=segments))
    assert "Answers of 2 segments: hum 2" in " ".join(read(text).pictures)
    assert "predictions.parquet, segments.parquet" in text


def test_sections_are_there_when_there_is_something_to_show(found):
    bare = sections(read(render(replace(found, audit=None))))
    assert not {"What it relies on", "Audit of the folds", "Robustness", "Not analysed"} & set(bare)
    failed = replace(found, failures=(Failure(3, "bad <file>.wav", "it is empty"),), audit=AUDIT)
    text = render(failed, importance=IMPORTANCE, robustness=SWEEP)
    full = sections(read(text))
    assert {"What it relies on", "Audit of the folds", "Robustness", "Not analysed"} <= set(full)
    assert "bad &lt;file&gt;.wav" in text
    assert text.index(">timbre<") < text.index(">pitch<")  # the most important first
    assert "<td>30.0</td><td>2.0</td>" in text
    assert "The same artist is in training and in test: 40 artists, 20 of 30 tests (66.7%)" in text
    assert "(10 more were found)" in text
    assert "Albums are not known." in text
    assert '<th scope="row">10 dB</th><td>20.0 %</td><td>10.0 to 30.0 %</td>' in text
    clean = replace(AUDIT, findings=(), exposed={"recording": 0, "artist": 0})
    text = render(replace(found, audit=clean))
    assert "and not found in both: the same recording, the same artist." in text
    assert "same artist is in training" not in text
    searched = {"inner": "grid of 2, 3 folds", "chosen": [{"classify__C": 1.0}] * 3 + [{"classify__C": 10.0}]}
    text = render(replace(found, search=searched))
    assert "<dd>grid of 2, 3 folds; chosen: C=1.0 in 3 of 4 folds; C=10.0 in 1 of 4 folds</dd>" in text
    owed = Importance("accuracy", 0.5, "family", IMPORTANCE, "3-fold over recordings")
    assert "not trained on. 3-fold over recordings." in render(found, importance=owed)
    with pytest.raises(GtzanfeatError, match="needs the column 'importance'"):
        render(found, importance=IMPORTANCE[["spread"]])


def test_all_right_leaves_out_mistakes_and_pairs():
    clips = table()
    perfect = evaluate("knn1", clips, values=np.arange(60.0)[:, None] // 20, cv=3, repeats=1)
    page = read(render(perfect))
    assert "100.0 %" in page.title
    assert not {"Most confused", "Most confidently wrong", "Most often wrong"} & set(sections(page))


def test_tags_have_their_own_tables(tags):
    text = render(tags)
    page = read(text)
    assert page.title.startswith(f"F1, macro {100 * tags.score:.1f} %")
    assert "Tag by tag" in sections(page)
    assert "Confusion" not in sections(page)
    assert "Most tags wrong" in sections(page)
    assert "; answered " in text
    assert "AP" in text


def test_numbers_have_a_picture_of_truth_and_answer(numbers):
    text = render(numbers)
    page = read(text)
    assert page.title.startswith(f"R² {numbers.score:.2f}")
    assert {"Truth and answer", "Furthest off", "Fold by fold"} <= set(sections(page))
    assert "Confusion" not in sections(page)
    scatter = text.split('id="scatter"')[1].split("</figure>")[0]
    assert scatter.count('<circle class="dot"') == len(numbers.predictions)
    worst = (
        numbers.predictions.assign(off=np.abs(numbers.answers - numbers.truth)).groupby("clip")["off"].mean()
    )
    tests = numbers.predictions[numbers.predictions["clip"] == worst.idxmax()]
    truth, answer = tests["target"].iloc[0], tests["predicted"].mean()
    assert any(name.startswith(f"Truth {truth:.4g}, answers around {answer:.4g},") for name in page.pictures)
    assert "Root mean square error" in text
    # where the mean is better than the answers, R² is below 0, and the page can still be drawn
    upside = replace(
        numbers, predictions=numbers.predictions.assign(predicted=-numbers.predictions["target"])
    )
    assert "−" in read(render(upside)).title


def test_a_score_that_is_not_defined_is_a_dash(numbers, found):
    same = numbers.predictions.assign(target=1.0, predicted=1.0)  # R² has no meaning
    assert "R² –" in read(render(replace(numbers, predictions=same))).title
    lost = SWEEP.table.assign(accuracy=np.nan, low=np.nan, high=np.nan)
    text = render(found, robustness=replace(SWEEP, table=lost))
    read(text)
    assert '<th scope="row">10 dB</th><td>–</td><td>–</td>' in text
    assert 'd="M"' not in text


# --- the files -------------------------------------------------------------------------------------------


def test_files_for_programs_lie_beside_the_page(found, tmp_path):
    page = write_report(found, tmp_path / "new" / "report", command="x")
    assert page == tmp_path / "new" / "report" / "report.html"
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "evaluation.json",
        "predictions.parquet",
        "report.html",
    ]
    again = read_evaluation(page.parent)
    assert render(again, command="x") == page.read_text(encoding="utf-8")  # and nothing of it is random
    with pytest.raises(ExportError, match="exists already"):
        write_report(found, page.parent)
    assert write_report(found, page.parent, overwrite=True) == page


def test_a_place_that_is_none(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="it is a file; give the name of a folder"):
        write_report(found, tmp_path / "file")


def test_the_command_line_writes_it_with_its_own_words(music, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    music.frame.iloc[1:].to_csv("music.csv", index=False)  # without the recording that is gone
    words = ["evaluate", "music.csv", "-c", "knn1", "--cv", "2", "--repeats", "1", "--report", "a page"]
    done = CliRunner().invoke(main, [*words, "--save", "a page"])
    assert done.exit_code == 0, done.output
    assert "gtzanfeat: note: the report is a page/report.html" in done.stderr
    text = Path("a page/report.html").read_text(encoding="utf-8")
    read(text)
    said = "gtzanfeat evaluate music.csv -c knn1 --cv 2 --repeats 1 --report &#39;a page&#39; --save"
    assert said in text
    assert "Spec hash" in text
    assert "Audit of the folds" in text
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "exists already" in done.stderr
    assert done.stdout == ""  # said before anything was analysed
    assert CliRunner().invoke(main, [*words, "--overwrite", "--links"]).exit_code == 0
    done = CliRunner().invoke(main, ["evaluate", "music.csv", "--links"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--links are on the page of --report" in done.stderr


def test_the_command_line_explains_and_links_what_is_wrong(tmp_path, monkeypatch):
    """Labels that sound does not tell, so that something is wrong under any classifier."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for i in range(8):
        soundfile.write(f"{i}.wav", white_noise(1, random_state=i), RATE)
        rows.append({"path": f"{i}.wav", "label": "ab"[i % 2]})
    pd.DataFrame(rows).to_csv("noise.csv", index=False)
    words = ["evaluate", "noise.csv", "--cv", "2", "--repeats", "1", "--report", "page", "--links", "-q"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    text = Path("page/report.html").read_text(encoding="utf-8")
    page = read(text)
    assert re.search(r'<h3><a href="\.\./\d\.wav">\d\.wav</a></h3>', text)
    leads = [name for name in page.pictures if name.startswith("For ")]
    assert leads
    assert all(
        set(re.findall(r"(\w+) [+−]", name)) == {"timbre", "rhythm", "pitch", "rest"} for name in leads
    )


# --- in a browser ----------------------------------------------------------------------------------------

# Every text must contrast with what is behind it as WCAG 2 asks (1.4.3: 4.5, large text 3). Colours are
# painted on a canvas to be read as the browser mixes them.
CONTRAST = """(() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const over = colours => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255);
  };
  const luminance = rgb => rgb.map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest('svg title')) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const style = getComputedStyle(element);
    const letters = element.closest('svg') ? style.fill : style.color;
    const [a, b] = [over(behind), over([...behind, letters])].map(luminance).sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if ((a + .05) / (b + .05) < (large ? 3 : 4.5))
      poor.push([walk.currentNode.data.trim(), (a + .05) / (b + .05), letters, ...behind]);
  }
  return poor;
})()"""

# Nothing may stick out of the page, be cut off, or have no size.
OUTSIDE = """[...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.scroll') || e.matches('.scroll'))
  .filter(e => { const r = e.getBoundingClientRect(); return r.right > innerWidth + .5 || r.left < -.5; })
  .map(e => e.outerHTML.slice(0, 80))"""
UNSEEN = """[...document.querySelectorAll(
    'h1, h2, h3, p, li, dt, dd, th, td, caption, svg, .gauge, .gauge span')]
  .filter(e => { const r = e.getBoundingClientRect(); const s = getComputedStyle(e);
    return (e.textContent.trim() || e.matches('svg, .gauge, .gauge span')) &&
      (r.width === 0 || r.height === 0 || s.visibility !== 'visible' || +s.opacity === 0); })
  .map(e => e.outerHTML.slice(0, 80))"""
WIDER = "[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
# A table, or a line of code, says that there is more to the right where there is, and only there.
UNSAID = """[...document.querySelectorAll('.scroll')]
  .filter(e => (e.scrollWidth > e.clientWidth) !==
    (e.querySelector('.hint').getBoundingClientRect().height > 8))
  .map(e => e.textContent.trim().slice(0, 80))"""
SCROLLED = """[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)
  .map(e => { e.scrollLeft = e.scrollWidth; return e; }).length"""
STILL_SAID = """new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(
  [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth &&
    getComputedStyle(e.querySelector('.hint')).visibility === 'visible').length))))"""
# Share of the bands of 100 pixels, from the score to the foot, in which something stands right of the middle.
RIGHT_HALF = """(() => {
  const top = document.querySelector('main').getBoundingClientRect().top;
  const bottom = document.querySelector('footer').getBoundingClientRect().top;
  const bands = new Array(Math.floor((bottom - top) / 100)).fill(false);
  for (const e of document.querySelectorAll('td, th, li, dd, p, svg, .strip, .gauge')) {
    const r = e.getBoundingClientRect();
    if (r.right < innerWidth * .6 || r.width === 0) continue;
    for (let k = Math.floor((r.top - top) / 100); k <= (r.bottom - top) / 100; k++) bands[k] = true;
  }
  return bands.filter(Boolean).length / bands.length;
})()"""
COMMAND = "document.querySelector('.line code').getClientRects().length"
CONTENTS = """[...document.querySelectorAll('nav a')].map(e => e.getBoundingClientRect())
  .map(r => [r.top + scrollY, r.height])"""
SMALLEST = """Math.min(...[...document.querySelectorAll('svg text')].map(e =>
  parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("there is no chromium to open the page in")
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def pages(found, music, tags, numbers, tmp_path_factory):
    """Pages with everything there is to show, of each task."""
    folder = tmp_path_factory.mktemp("pages")
    long = "StandardScaler(copy=True, with_mean=True) > " * 4 + "SVC(C=1.0)"
    everything = replace(
        found,
        estimator=long,
        warnings=("these clips confound artist and genre", "w" * 90),
        failures=(Failure(0, "/a/" + "very/" * 30 + "long.wav", "it is empty"),),
        naive=0.9,
        audit=AUDIT,
    )
    written = {
        "classes": render(
            everything,
            clips=music,
            command="gtzanfeat " + "x" * 90,
            importance=IMPORTANCE,
            contributions=shares(found, "rhythm", "pitch"),
            links_from=folder,
            robustness=[SWEEP, replace(SWEEP, degradation="mp3")],
        ),
        "tags": render(tags),
        "numbers": render(numbers),
    }
    if GTZAN100.is_dir():
        clips = load_dataset(GTZAN100)
        values = np.random.default_rng(0).normal(size=(len(clips), 2))
        written["ten classes"] = render(evaluate("knn3", clips, values=values, repeats=10), clips=clips)
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "name", ["classes", "tags", "numbers", pytest.param("ten classes", marks=needs_gtzan100)]
)
def test_a_browser_shows_all_of_it(browser, pages, name):
    page = pages / f"{name}.html"
    papers = {}
    for theme in ("light", "dark"):
        for width in (1280, 390):
            browser.open(page, width, theme)
            assert browser.complaints == []
            assert browser.requests == [page.as_uri()]  # nothing else was asked for
            assert browser.ask("document.documentElement.scrollWidth") <= width
            assert browser.ask(OUTSIDE) == []
            assert browser.ask(UNSEEN) == []
            assert browser.ask(CONTRAST) == []
            if browser.ask("!!document.querySelector('svg text')"):
                assert browser.ask(SMALLEST) >= 9.0  # pixels
            assert browser.ask(UNSAID) == []
            if width == 1280:
                assert max(browser.ask(WIDER)) <= 0  # a wide window need not be scrolled
                assert browser.ask(RIGHT_HALF) > 0.75
                if name == "classes":
                    assert browser.ask(COMMAND) == 1
            else:
                tops, heights = zip(*browser.ask(CONTENTS), strict=True)
                assert max(tops) < browser.ask("document.querySelector('section').offsetTop")
                assert min(heights) >= 24  # pixels that a finger needs (WCAG 2.2, 2.5.8)
                assert (browser.ask(SCROLLED) > 0) == (name != "numbers")
                assert browser.ask(STILL_SAID) == 0
        papers[theme] = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert papers["light"] != papers["dark"]


def test_the_measures_find_what_is_wrong(browser, tmp_path):
    page = tmp_path / "poor.html"
    page.write_text(
        "<!DOCTYPE html><meta name=viewport content='width=device-width'>"
        "<body style='background:#fff;margin:0'>"
        "<p style='color:#aaa'>pale</p><p style='width:600px'>wide</p><p style='opacity:0'>unseen</p>"
        "<img src='data:,'><script>console.error('no'); nothing()</script>"
    )
    browser.open(page, 390, "light")
    assert [row[0] for row in browser.ask(CONTRAST)] == ["pale"]
    assert browser.ask("document.documentElement.scrollWidth") == 600
    assert len(browser.ask(UNSEEN)) == 1
    assert len(browser.complaints) >= 2
