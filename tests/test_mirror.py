"""Tests mirror the package: `gtzanfeat/<room>/<module>.py` is tested by `tests/<room>/test_<module>.py`.

Modules that are tested elsewhere stand in `ELSEWHERE`, under the file that tests them and the reason why.
Files at the root of `tests/` ask something of the whole package, and mirror nothing.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "gtzanfeat"

# test file -> why it tests more than the module that it is named after, and which
ELSEWHERE = {
    "test_audio.py": (
        "decoding is asked of whole files, whatever reads them",
        "audio: c_messages clip containers decoder file_bytes levels mpeg refusals sound",
    ),
    "test_public_names.py": ("it is written once, and read by the front door", "version"),
    "test_feature_contract.py": (
        "what a row declares is asked of every row",
        "declarations: framing rows | features: cepstrum",
    ),
    "test_bad_input.py": ("the sentences of errors are read where they are raised", "errors"),
    "augmentation/test_degradations.py": (
        "clips and training clips are changed by the rows of degradations",
        "augmentation: audiomentations_effects augmented_training degraded_clips",
    ),
    "classifiers/test_gaussian_mixture.py": ("mixtures decide by it", "classifiers: bayes_rule"),
    "cli/test_cli.py": (
        "commands are run as a user runs them, one after the other in one folder",
        "cli: audit_command cache_command compare_command datasets_command demo_command estimator_options "
        "evaluate_command evaluate_options evaluate_results experiment_options experiments extract_command "
        "features_command inspect_command options reproduce_command train_command",
    ),
    "cli/test_dataset_output.py": ("shards are written to be merged", "cli: merge_command"),
    "cli/test_predict_command.py": ("sources in, results out", "cli: predict_results predict_sources"),
    "codebooks/test_codebook_histogram.py": (
        "the same contract holds for both encodings",
        "codebooks: frames_to_vector gaussian_supervector",
    ),
    "datasets/test_folder.py": ("folders are read by what their names mean", "datasets: folder_names"),
    "datasets/test_layouts.py": (
        "every layout is asked the same questions, on a small copy",
        "datasets: completeness gtzan table_columns",
    ),
    "datasets/test_published_lists.py": (
        "every published collection is asked the same questions, on a small copy",
        "datasets: ballroom emotion fma ismir2004 magnatagatune mtg_jamendo nsynth",
    ),
    "datasets/synthetic/test_corpus.py": (
        "what makes a piece is heard in the corpus",
        "datasets/synthetic: composer instruments random_draws studio styles",
    ),
    "evaluation/test_confounders.py": (
        "properties are measured to be compared",
        "extraction: file_properties",
    ),
    "evaluation/test_experiment.py": (
        "an experiment is what brings them together",
        "evaluation: controls cross_validation precomputation score systems",
    ),
    "evaluation/test_leakage.py": ("copies are planted on both sides of folds", "evaluation: duplicates"),
    "evaluation/test_metrics.py": ("intervals and tests are of metrics", "evaluation: uncertainty"),
    "evaluation/test_protocols.py": ("folds are what protocols make", "evaluation: folds"),
    "evaluation/test_result.py": ("the ways out of a result", "evaluation: tabulation text"),
    "evaluation/test_tasks.py": ("results of every task are written and read back", "evaluation: storage"),
    "export/dataset/test_dataset_extraction.py": (
        "an extraction that is killed and gone on with is what brings them together",
        "export/dataset: clip_rows ledger parts recording_analysis resumption",
    ),
    "export/test_verification.py": ("it is asked for on the command line, too", "cli: verify_command"),
    "export/test_frame_files.py": ("frames are asked for on the command line, too", "cli: frame_output"),
    "export/test_tables.py": ("every format is written and read back", "export: formats"),
    "extraction/test_array_analysis.py": (
        "an analysis is what asks every array kernel",
        "array_features: array_ingredients band_arrays spectrum_arrays waveform_arrays whole_tracks",
    ),
    "extraction/test_vectors.py": ("many clips are extracted by it", "extraction: parallel"),
    "extraction/test_analysis.py": ("an analysis is what drives them", "extraction: collectors"),
    "feature_sets/test_definition.py": (
        "every set keeps what a definition promises",
        "feature_sets: common_items feature_item sets",
    ),
    "feature_sets/test_constants.py": ("constants are declared by its rows", "ingredients/registry"),
    "feature_sets/test_feature_parameters.py": (
        "parameters are of features and summaries",
        "declarations: parameters",
    ),
    "features/test_bands.py": ("flatness and crest are taken per band there", "features: flatness"),
    "features/test_dynamics.py": ("loudness is what it is made for", "ingredients/k_weighting"),
    "features/test_f0.py": ("the fundamental is what it is made for", "ingredients/yin"),
    "features/test_librosa57.py": (
        "the columns of librosa57 are what it is made for",
        "features: librosa_chroma",
    ),
    "features/test_rhythm_patterns.py": ("loudness in sone is heard in them", "ingredients/psychoacoustics"),
    "features/test_tonality.py": ("chroma is what they are made for", "ingredients/chroma"),
    "ingredients/test_fourier.py": ("transforms are what they are made for", "jit: lanes"),
    "features/test_waveform.py": (
        "frames that overlap are rows of an array that does not say so",
        "jit: intrinsics",
    ),
    "ingredients/test_spectra.py": ("filters are applied to spectra", "ingredients: filterbanks"),
    "inspection/test_feature_importance.py": (
        "what a score owes to features, by another method",
        "inspection: feature_contributions",
    ),
    "report/test_displays.py": ("every display keeps one contract", "report: axes histogram_displays"),
    "report/test_page.py": (
        "the page is what they are parts of",
        "report: class_sections formatting mistakes score_pictures sections vector_pictures",
    ),
    "models/test_predictions.py": ("a pipeline is asked for them", "models: predictor"),
    "models/test_model_file.py": (
        "what a file holds and refuses is asked of whole files",
        "models: allowed_types contents joined_columns model_archive model_card model_record probe_sound "
        "training",
    ),
    "segments/test_segment_classifier.py": (
        "a classifier of windows is what brings them together",
        "segments: aggregation flat_table windows",
    ),
    "statistics/test_summaries.py": ("summaries are of tracks", "statistics: tracks"),
    "transformers/test_frame_summaries.py": (
        "frames are what it summarises",
        "transformers: time_dct | extraction: frame_matrices frame_sequence",
    ),
}
# test files in a room that are not named after a module of it
OF_NO_MODULE = {
    "cli/test_cli.py": "the command line as a user meets it",
    "features/test_tempogram.py": "the tempogram of features/tempo",
    "inspection/test_one_experiment.py": "evaluate, importance and robustness of one experiment say the same",
}


def modules_in(text):
    """Yield "room/module" of a text "room: module module | room/module"."""
    for part in text.split("|"):
        room, colon, names = part.rpartition(":")
        yield from (f"{room.strip()}/{name}" if colon else name for name in names.split())


MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
}
TESTED = [(file, module) for file, (_, modules) in ELSEWHERE.items() for module in modules_in(modules)]
TEST_FILES = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}


def mirrored(module):
    """Return the path of the test file of a module, below `tests`."""
    room, _, name = module.rpartition("/")
    return f"{room}/test_{name}.py" if room else f"test_{name}.py"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_module_has_its_test_file(module):
    files = [file for file, tested in TESTED if tested == module]
    if mirrored(module) in TEST_FILES:
        assert not files, f"{module} has a test file of its own: take it out of ELSEWHERE"
    else:
        assert len(files) == 1, f"write tests/{mirrored(module)}, or say in ELSEWHERE what tests {module}"
        assert files[0] in TEST_FILES, f"there is no {files[0]}"


def test_elsewhere_names_only_modules_that_are_there():
    assert {module for _, module in TESTED} <= MODULES


def test_every_test_file_in_a_room_is_named_after_a_module():
    in_rooms = {file for file in TEST_FILES if "/" in file}
    assert in_rooms - {mirrored(module) for module in MODULES} == set(OF_NO_MODULE)
