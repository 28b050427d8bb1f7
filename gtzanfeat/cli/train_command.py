"""``gtzanfeat train``: a model of all clips in one file, with the score of such models under a protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import estimator_options, experiments, options, outputs, screen
from gtzanfeat.cli.experiment_options import ExperimentOptions

if TYPE_CHECKING:
    from gtzanfeat.evaluation import Experiment
    from gtzanfeat.feature_sets import FeatureSet
    from gtzanfeat.models import ModelRecord

BY_ARTISTS = "artist"
BY_RECORDINGS = "random"


@dataclass(frozen=True, kw_only=True)
class TrainOptions(ExperimentOptions):
    """The options of the command, by their names."""

    output: Path


@click.command("train")
@click.argument("dataset", type=options.DatasetPath())
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=options.FilePath(),
    required=True,
    help="The model, such as model.gtz.",
)
@estimator_options.set_name
@estimator_options.join
@estimator_options.drop
@estimator_options.recipe
@options.target
@options.classes
@options.drop_lone
@click.option(
    "--protocol",
    "-p",
    metavar="NAME",
    help="How the score is measured; listed by `gtzanfeat evaluate --help`.  [default: artist where all "
    "artists are known, else random]",
)
@options.cv
@options.repeats
@estimator_options.balanced
@estimator_options.search
@estimator_options.search_kind
@estimator_options.inner_cv
@estimator_options.segments
@options.seed
@options.as_json
@options.layout
@options.on_error
@options.memory
@options.gpu
@options.jobs()
@options.overwrite
@options.quiet
def command(protocol: str | None, **words: Any) -> int:
    """Train a classifier on all clips of a dataset, and write it to a file.

    DATASET is what `gtzanfeat evaluate` takes. The score is that of models trained on parts of the clips and
    tested on the others; it stands in the file with all that qualifies it (see `gtzanfeat inspect`). Support
    vector machines give calibrated probabilities.
    """
    chosen = TrainOptions(protocol=protocol or BY_RECORDINGS, **words)
    system = estimator_options.named_system(chosen)
    _check_place(chosen)
    with outputs.held(chosen.output):
        return _train(chosen, system, protocol)


def _train(chosen: TrainOptions, system: estimator_options.NamedSystem, protocol: str | None) -> int:
    """Evaluate, fit, write and print; return the exit code."""
    from gtzanfeat.models import TrainingRange, save_model, train, with_probabilities

    if protocol is None:
        chosen = replace(chosen, protocol=_usual_protocol(chosen))
    clips, table = experiments.open_clips(chosen)
    screen.note(clips.notes, chosen.quiet)
    code = 0 if table is None else screen.list_failures(table.lost)
    estimator = with_probabilities(
        system.estimator, chosen.target, system.features, random_state=chosen.seed, memory=chosen.memory
    )
    if estimator is not system.estimator and (table is not None or chosen.join is not None):
        # the values are there already, so that nothing is extracted
        estimator = estimator[1:] if hasattr(estimator, "steps") else estimator
    system = replace(system, estimator=estimator)
    experiment, joined = experiments.checked(chosen, system, clips, table)
    experiment = experiments.with_features(chosen, system, experiment, table, joined)
    code |= screen.list_failures(experiment.features.failures)
    words = f"{system.name}: training and testing"
    with screen.progress(words, len(experiment.plan.folds), chosen.quiet) as advance:
        result = experiment.evaluate(progress=advance)
    beside = None if joined is None or chosen.without_set else _set_of(system, table)
    model = train(experiment, joined_to=beside)
    heard = TrainingRange.of_experiment(experiment, model, n_jobs=chosen.jobs, memory=chosen.memory)
    record = save_model(
        model,
        chosen.output,
        clips=experiment.used_clips,
        target=chosen.target,
        evaluation=result,
        training_range=heard.to_dict(),
        overwrite=chosen.overwrite,
    )
    _show(chosen, record, experiment)
    return code


def _check_place(chosen: TrainOptions) -> None:
    """Refuse a file that is there already, before anything is analysed."""
    from gtzanfeat.errors import ModelError

    if chosen.output.is_dir():
        raise ModelError(f"{chosen.output}: it is a folder; give the name of a file")
    if chosen.output.exists() and not chosen.overwrite:
        raise ModelError(f"{chosen.output}: the file exists already; choose another name or say --overwrite")


def _usual_protocol(chosen: TrainOptions) -> str:
    """Return the protocol of whole artists where all artists are known, else that of recordings."""
    clips, _ = experiments.open_clips(replace(chosen, drop_lone=False))
    artists = clips.artists
    return BY_RECORDINGS if artists is None or None in set(artists) else BY_ARTISTS


def _set_of(system: estimator_options.NamedSystem, table: Any) -> FeatureSet:
    """Return the features that stand before joined columns."""
    from gtzanfeat.feature_sets import feature_set

    if table is not None:
        found: FeatureSet = table.feature_set
        return found
    return feature_set("classic30") if system.features is None else system.features


def _show(chosen: TrainOptions, record: ModelRecord, experiment: Experiment) -> None:
    """Print the score and where the model is."""
    from gtzanfeat.evaluation.text import WORDS, interval_words, metric_words

    if chosen.as_json:
        screen.print_json({"model": str(chosen.output)} | record.to_dict())
        return
    value, low, high = record.score() or (float("nan"), None, None)
    assert record.evaluation is not None
    headline = record.evaluation["headline"]
    screen.show(
        f"{WORDS.get(headline, headline)} {metric_words(headline, value)}, 95 % interval "
        f"{interval_words(headline, low, high)}, protocol {record.evaluation['protocol']}"
    )
    for warning in record.evaluation["warnings"]:
        screen.warn(warning)
    screen.show(f"trained on {len(experiment.used_clips)} clips: {chosen.output}")
