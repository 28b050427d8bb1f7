"""The experiment that the options of ``evaluate`` and ``train`` stand for: clips, system, features.

What is asked of it stands beside each command.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gtzanfeat.cli import options, screen
from gtzanfeat.cli.extract_command import extract_with_progress
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    import pandas as pd

    from gtzanfeat.cli.estimator_options import NamedSystem
    from gtzanfeat.cli.experiment_options import ExperimentOptions
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.evaluation import Experiment
    from gtzanfeat.extraction import Extraction


def open_clips(chosen: ExperimentOptions) -> tuple[ClipTable, Extraction | None]:
    """Return the clips that ``--classes`` and ``--drop-lone`` leave, and the rows of a table of features."""
    clips, table = _open(chosen.dataset, chosen.layout)
    kept = options.select_classes(clips, chosen.classes, chosen.drop_lone, chosen.protocol, chosen.target)
    if table is None or len(kept) == len(clips):
        return kept, table
    return kept, table.select([label in kept.classes for label in clips.labels])


def checked(
    chosen: ExperimentOptions, system: NamedSystem, clips: ClipTable, table: Extraction | None
) -> tuple[Experiment, pd.DataFrame | None]:
    """Return the experiment, checked as a whole before any clip is analysed, and what ``--join`` joins."""
    from gtzanfeat.evaluation import Experiment
    from gtzanfeat.export import join_columns

    experiment = Experiment(
        system.estimator,
        clips,
        target=chosen.target,
        feature_set=system.features,
        protocol=chosen.protocol,
        cv=chosen.cv,
        repeats=chosen.repeats,
        class_weight="balanced" if chosen.balanced else None,
        near_duplicates=chosen.near_duplicates,
        strict=chosen.strict,
        random_state=chosen.seed,
        n_jobs=chosen.jobs,
        memory=chosen.memory,
        on_error=chosen.on_error,
    )
    if system.extracts and (chosen.join is not None or table is not None):
        whose = system.name if chosen.segments is None else f"{system.name} on segments"
        raise ExportError(
            f"{chosen.join or chosen.dataset}: {whose} extracts features of recordings itself; give the "
            "recordings, without --join"
        )
    # what does not fit is told of before hours of analysis
    joined = None if chosen.join is None else join_columns(clips, chosen.join, drop=chosen.drop)
    _refuse_other_set(chosen, system, table)
    values = table if joined is None else joined
    return experiment if values is None else experiment.with_values(values), joined


def with_features(
    chosen: ExperimentOptions,
    system: NamedSystem,
    experiment: Experiment,
    table: Extraction | None,
    joined: pd.DataFrame | None,
) -> Experiment:
    """Return the experiment with its features, extracted or joined."""
    if joined is not None:
        return _joined(chosen, system, experiment, table)
    with screen.progress(f"{system.name}: analysing", len(experiment.clips), chosen.quiet) as advance:
        experiment.extract_features(advance)
    return experiment


def _refuse_other_set(chosen: ExperimentOptions, system: NamedSystem, table: Extraction | None) -> None:
    """Raise ExportError if a table holds another feature set than the one that was asked for."""
    wanted = system.features
    if table is not None and wanted is not None and wanted.spec_hash != table.feature_set.spec_hash:
        raise ExportError(
            f"{chosen.dataset}: it holds {table.feature_set.name}, not {wanted.name}; leave --set out, or "
            "give the recordings"
        )


def _joined(
    chosen: ExperimentOptions, system: NamedSystem, experiment: Experiment, table: Extraction | None
) -> Experiment:
    """Return an experiment on joined columns, alone or beside those of a table or of the feature set."""
    from gtzanfeat.export import join_columns
    from gtzanfeat.feature_sets import feature_set

    assert chosen.join is not None
    if chosen.without_set:
        lost = () if table is None else table.lost
        alone = replace(experiment.features, feature_set=chosen.join.name, lost=lost)
        return experiment.with_features(alone)
    if table is None:
        table = extract_with_progress(
            experiment.clips.clips,
            feature_set("classic30") if system.features is None else system.features,
            on_error=chosen.on_error,
            memory=chosen.memory,
            jobs=chosen.jobs,
            quiet=chosen.quiet,
        )
    experiment = experiment.with_values(join_columns(experiment.clips, chosen.join, table, drop=chosen.drop))
    reasons = {failure.index: failure for failure in table.failures}
    beside = replace(
        experiment.features,
        feature_set=f"{table.feature_set.name} + {chosen.join.name}",
        failures=tuple(reasons.get(failure.index, failure) for failure in experiment.features.failures),
        lost=table.lost,
        versions=table.versions,
    )
    return experiment.with_features(beside)


def _open(path: Path, layout: str | None) -> tuple[ClipTable, Extraction | None]:
    """Load a dataset; or, if that is what it is, a table of features."""
    from gtzanfeat.datasets import load_dataset
    from gtzanfeat.export import FORMATS, read_metadata, read_table

    if layout is None and path.is_file() and path.suffix.lower() in FORMATS:
        try:
            read_metadata(path)
        except ExportError:
            pass  # a manifest, which says nothing of features
        else:
            return read_table(path)
    return load_dataset(path, layout), None
