"""Every recipe is saved, loaded and predicts the same; what is no whole model of today is refused."""

import hashlib
import io
import json
import pickle
import warnings
import zipfile
from dataclasses import replace
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gtzanfeat import (
    RECIPES,
    ClipFeatures,
    Deltas,
    Experiment,
    FrameFeatures,
    GroupedSearch,
    ModelError,
    ModelVersionWarning,
    SegmentClassifier,
    Summarize,
    feature_set,
    load_model,
    read_model,
    recipe,
    save_model,
    train,
)
from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation.systems import REGRESSORS, system
from gtzanfeat.models import model_archive as archive
from gtzanfeat.models import with_probabilities
from gtzanfeat.recipes import classifier

RATE = 22050


@cache
def sounds():
    """Twelve seconds of noise and tones in twelve clips, six of each."""
    rng = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    made = []
    for k in range(6):
        hertz = 200.0 + 60.0 * k + 5.0 * np.sin(2 * np.pi * (2 + k) * t)
        level = 0.2 + 0.1 * k
        made.append(level * rng.standard_normal(RATE) * np.exp(-t * k))
        made.append(level * np.sin(2 * np.pi * hertz * t) + 0.02 * rng.standard_normal(RATE))
    return [clip.astype(np.float32) for clip in made]


NAMES = ["noise", "tone"] * 6
TAGS = np.array([[name == "noise", k % 3 == 0] for k, name in enumerate(NAMES)]).astype(int)


def small(name):
    """A recipe, with few trees and few columns where only the kind matters."""
    fixed = RECIPES[name].features is not None
    model = recipe(name, None if fixed else "timbre19", random_state=0)
    for parameter, value in model.get_params().items():
        if parameter.endswith("n_estimators"):
            model.set_params(**{parameter: 5})
        elif parameter.endswith("max_iter") and value in (100, 1000) and "classify" in parameter:
            model.set_params(**{parameter: 20 if name == "gradient-boosting" else value})
    if name == "everything":
        model.set_params(features__full=ClipFeatures("timbre19"))
    if name == "qda":
        model.steps.insert(2, ("few", PCA(2)))
    return model


def answers(model, clips):
    methods = ("predict", "predict_proba", "decision_function")
    return [getattr(model, name)(clips) for name in methods if hasattr(model, name)]


def same_after_saving(model, path, given=None, **known):
    record = save_model(model, path, **known)
    loaded = load_model(path)
    given = sounds()[:4] if given is None else given
    for before, after in zip(answers(model, given), answers(loaded, given), strict=True):
        np.testing.assert_array_equal(before, after)
    assert read_model(path) == record
    return record


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_saved_and_predicts_the_same(name, tmp_path):
    if name == "hmm":
        pytest.importorskip("hmmlearn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of twelve clips, solvers have to say what is not asked here
        model = small(name).fit(sounds(), NAMES)
    record = same_after_saving(model, tmp_path / "model.gtz")
    assert record.labels == ("noise", "tone")


OTHERS = {
    "tags": (lambda: system("logistic", "multi-label", "timbre19", random_state=0), TAGS),
    "chain": (lambda: system("logistic-chain", "multi-label", "timbre19", random_state=0), TAGS),
    "windows": (lambda: SegmentClassifier("svm", 0.4, feature_set="timbre19"), NAMES),
    "search": (
        lambda: Pipeline(
            [
                ("features", ClipFeatures("timbre19")),
                ("search", GroupedSearch(classifier("svm"), {"classify__C": [1, 10]}, cv=2, random_state=0)),
            ]
        ),
        NAMES,
    ),
    "another rate": (lambda: make_pipeline(ClipFeatures("timbre19@16000"), classifier("knn1")), NAMES),
    "own set": (
        lambda: make_pipeline(
            ClipFeatures(replace(feature_set("timbre19").at(16000), name="mine")), classifier("knn1")
        ),
        NAMES,
    ),
    "own frames": (
        lambda: make_pipeline(
            FrameFeatures(feature_set("timbre19").items[:2]), Deltas(), Summarize(), classifier("lda")
        ),
        NAMES,
    ),
    "calibrated": (lambda: with_probabilities("svm", feature_set="timbre19"), NAMES),
    "calibrated codebook": (
        lambda: with_probabilities(recipe("mfcc-codebook").set_params(codebook__n_words=8)),
        NAMES,
    ),
} | {
    name: ((lambda name=name: system(name, "regression", "timbre19", random_state=0)), np.arange(12.0))
    for name in REGRESSORS
}


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_kind_is_saved_and_predicts_the_same(name, tmp_path):
    build, truth = OTHERS[name]
    model = build()
    for parameter in model.get_params():
        if parameter.endswith("n_estimators"):
            model.set_params(**{parameter: 5})
    record = same_after_saving(model.fit(sounds(), truth), tmp_path / "model.gtz")
    assert record.task == {"tags": "multi-label", "chain": "multi-label"}.get(
        name, "regression" if name in REGRESSORS else "single-label"
    )


@pytest.fixture(scope="module")
def model():
    return recipe("logistic", "timbre19").fit(sounds(), NAMES)


@pytest.fixture
def file(model, tmp_path):
    save_model(model, tmp_path / "model.gtz")
    return tmp_path / "model.gtz"


def table(n=12):
    names = [f"clip {k}" for k in range(n)]
    return ClipTable(pd.DataFrame({"path": names, "recording": names, "label": NAMES[:n]}), "twelve")


def test_a_model_of_joined_columns_asks_for_them(tmp_path):
    numbers = pd.DataFrame({"e_0": np.arange(12) % 2 + np.arange(12) / 50.0, "e_1": np.arange(12.0)})
    model = train(Experiment("knn1", table(), values=numbers, cv=2, repeats=1))
    record = same_after_saving(model, tmp_path / "model.gtz", numbers, clips=table())
    assert record.joined_columns == ("e_0", "e_1")
    loaded = load_model(tmp_path / "model.gtz")
    assert (loaded.predict(numbers[["e_1", "e_0"]]) == loaded.predict(numbers)).all()
    with pytest.raises(ModelError, match="trained on 2 joined columns .*'e_0'.*--join FILE"):
        loaded.predict(["song.wav"])
    with pytest.raises(ModelError, match="1 of its columns are not given .*'e_1'"):
        loaded.predict(numbers[["e_0"]])


def test_no_folder_worker_or_path_is_in_the_file(tmp_path):
    heard = tmp_path / "secret_folder"
    model = recipe("random-forest", "timbre19", random_state=0, n_jobs=2, memory=heard)
    model.set_params(classify__n_estimators=3).fit(sounds(), NAMES)
    save_model(model, tmp_path / "model.gtz", clips=table())
    with zipfile.ZipFile(tmp_path / "model.gtz") as whole:
        everything = [whole.read(name) for name in whole.namelist()]
    assert not any(b"secret_folder" in data or str(tmp_path).encode() in data for data in everything)
    assert not any(b"clip 3" in data for data in everything)
    assert model["features"].memory == heard  # the pipeline itself is as it was
    assert load_model(tmp_path / "model.gtz").get_params()["classify__n_jobs"] is None


def test_the_fingerprint_is_of_content_and_labels_in_any_order(model, tmp_path):
    def fingerprint(clips):
        return save_model(model, tmp_path / "model.gtz", clips=clips, overwrite=True).fingerprint

    turned = table().select(np.arange(12)[::-1])
    other = table().frame.assign(label=NAMES[::-1])
    assert fingerprint(table()) == fingerprint(turned)
    assert fingerprint(table()) != fingerprint(table(11))
    assert fingerprint(table()) != fingerprint(ClipTable(other, "twelve"))


def test_record_and_card_say_what_is_known(model, tmp_path):
    values = np.arange(24.0).reshape(12, 2) % 3
    evaluation = Experiment("logistic", table(), values=values, cv=3, repeats=1).evaluate()
    record = save_model(model, tmp_path / "m.gtz", clips=table(), evaluation=evaluation)
    value, low, high = record.score()
    assert (value, record.evaluation["protocol"]) == (evaluation.score, "random")
    assert low <= value <= high
    assert record.training["classes"] == {"noise": 6, "tone": 6}
    assert record.training["unread"] == 12
    assert record.feature_specs[0]["spec_hash"] == feature_set("timbre19").spec_hash
    for words in ("# m.gtz", "noise (6), tone (6)", "95 % interval", "timbre19: 19 columns", "load_model"):
        assert words in record.card
    unknown = save_model(model, tmp_path / "n.gtz")
    assert "It was not evaluated" in unknown.card
    assert unknown.score() is None


# --- what cannot be saved ------------------------------------------------------------------------------


class Mine(ClassifierMixin, BaseEstimator):
    """A classifier of the user's own."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: make_pipeline(ClipFeatures("timbre19"), Mine()), "test_model_file.Mine.* may not"),
        (
            lambda: make_pipeline(ClipFeatures("timbre19"), FunctionTransformer(np.save), Mine()),
            "numpy.save, .*may not",
        ),
    ],
)
def test_other_types_are_refused_by_name(build, words, tmp_path):
    fitted = build()
    fitted[-1].fit([[0.0]] * 12, NAMES)
    with pytest.raises(ModelError, match=words):
        save_model(fitted, tmp_path / "model.gtz")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_fitted_pipeline_of_recordings_is_refused(model, file):
    with pytest.raises(ModelError, match="not fitted yet"):
        save_model(recipe("svm"), file)
    with pytest.raises(ModelError, match="extracts nothing from recordings.*ClipFeatures"):
        save_model(make_pipeline(StandardScaler(), classifier("knn1")).fit([[0.0], [1.0]], ["a", "b"]), file)
    with pytest.raises(ModelError, match="no estimator that predicts"):
        save_model("svm", file)
    with pytest.raises(ModelError, match="exists already.*overwrite"):
        save_model(model, file)


# --- what cannot be loaded -----------------------------------------------------------------------------


def rewritten(file, change):
    """Write the members of a model anew, with checksums that fit, after ``change(members, manifest)``."""
    with zipfile.ZipFile(file) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    manifest = json.loads(members.pop(archive.MANIFEST))
    change(members, manifest)
    for name, data in members.items():
        manifest["members"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(manifest)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, data in {archive.MANIFEST: text, **members}.items():
            whole.writestr(name, data)
        whole.comment = hashlib.sha256(text.encode()).hexdigest().encode()


def test_a_truncated_file_is_refused_wherever_it_ends(file):
    whole = file.read_bytes()
    for end in (1, 3, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:end])
        with pytest.raises(ModelError, match=r"truncated or damaged|no model of gtzanfeat"):
            load_model(file)


def test_a_changed_byte_is_found_wherever_it_is(file):
    whole = bytearray(file.read_bytes())
    for place in range(40, len(whole), len(whole) // 40):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        file.write_bytes(changed)
        with pytest.raises(ModelError, match="model.gtz: "):
            load_model(file)


def test_a_member_that_was_replaced_is_found(file):
    with zipfile.ZipFile(file) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
        comment = whole.comment
    for name, words in ((archive.CARD, "card.md was changed"), (archive.MANIFEST, "manifest was changed")):
        with zipfile.ZipFile(file, "w") as changed:
            for each, data in members.items():
                changed.writestr(each, data.replace(b"tone", b"bird") if each == name else data)
            changed.comment = comment
        with pytest.raises(ModelError, match=words):
            read_model(file)


def bomb(members, manifest):
    members[archive.CARD] = bytes(1 << 27)


def packed(members, manifest):
    with zipfile.ZipFile(io.BytesIO(members[archive.PIPELINE])) as inner:
        parts = {name: inner.read(name) for name in inner.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as inner:
        for name, data in parts.items():
            inner.writestr(name, data)
    members[archive.PIPELINE] = buffer.getvalue()


def evil(members, manifest):
    members[archive.PIPELINE] = skops.io.dumps(FunctionTransformer(np.save))


def of_format(version):
    def change(members, manifest):
        manifest["format_version"] = version

    return change


def outdated(members, manifest):
    manifest["record"]["feature_specs"][0]["set_hash"] = "0123456789abcdef"
    manifest["record"]["code"]["version"] = "0.0.9"


def unknown_set(members, manifest):
    manifest["record"]["feature_specs"][0]["feature_set"] = "timbre1999"


def moved(members, manifest):
    probe = json.loads(members[archive.PROBE])
    probe["columns"]["mfcc_02_tmean"] *= 1.01
    members[archive.PROBE] = json.dumps(probe).encode()
    manifest["record"]["versions"]["numpy"] = "1.0"


def decided(members, manifest):
    probe = json.loads(members[archive.PROBE])
    probe["predict_proba"] = probe["predict_proba"][::-1]
    members[archive.PROBE] = json.dumps(probe).encode()


def relabelled(members, manifest):
    manifest["record"]["labels"].reverse()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (bomb, "would unpack to .* bytes, more than 200 times"),
        (packed, "its pipeline holds packed data"),
        (evil, "holds numpy.*save, which a model file may not"),
        (of_format(2), "format 2, and this version reads 1.*update gtzanfeat"),
        (of_format(0), "format 0.*train it anew"),
        (
            outdated,
            r"'timbre19' is another here .*0123456789abcdef, of gtzanfeat 0.0.9.*train the model anew",
        ),
        (unknown_set, "'timbre1999', which this version of gtzanfeat does not know"),
        (moved, r"1 of 19 columns .*'mfcc_02_tmean' .*made with .*numpy 1.0.*loaded with.*numpy [2-9]"),
        (decided, "decides otherwise here about the stored probe"),
        (relabelled, "other labels than its manifest"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(change, words, file):
    rewritten(file, change)
    with pytest.raises(ModelError, match=words):
        load_model(file)


class Trap:
    """Would be noticed if it were ever unpickled."""

    def __reduce__(self):
        return pytest.fail, ("it was executed",)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_pickles_and_joblib_files_are_not_opened(compress, tmp_path):
    joblib.dump(Trap(), tmp_path / "model.gtz", compress=compress)
    with pytest.raises(ModelError, match=r"run any program when .* not opened\. Save the pipeline with"):
        load_model(tmp_path / "model.gtz")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (pickle.dumps(Trap(), protocol=0), "it is a pickle"),
        (b"RIFF....WAVE", "it is a WAV file"),
        (b"hello", "no model of gtzanfeat; save the pipeline"),
    ],
)
def test_other_files_are_told_apart(data, words, tmp_path):
    (tmp_path / "model.gtz").write_bytes(data)
    with pytest.raises(ModelError, match=words):
        load_model(tmp_path / "model.gtz")


def test_other_zips_and_folders_are_told_apart(tmp_path):
    np.savez(tmp_path / "a.npz", x=1)
    skops.io.dump(StandardScaler(), tmp_path / "b.skops")
    with pytest.raises(ModelError, match="a zip without manifest.json"):
        load_model(tmp_path / "a.npz")
    with pytest.raises(ModelError, match="a bare skops file"):
        load_model(tmp_path / "b.skops")
    with pytest.raises(ModelError, match="it is a folder"):
        load_model(tmp_path)


def test_other_versions_that_compute_the_same_are_told_once(file):
    def older(members, manifest):
        manifest["record"]["versions"] |= {"numpy": "1.0", "scipy": "1.0"}

    rewritten(file, older)
    with pytest.warns(ModelVersionWarning, match=r"numpy 1.0 \(here .*scipy 1.0 ") as told:
        load_model(file)
    assert len(told) == 1


def test_an_interrupted_save_leaves_the_old_file(model, file, monkeypatch):
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.os, "fsync", full)
    with pytest.raises(ModelError, match="cannot be written .No space left"):
        save_model(model, file, overwrite=True)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
