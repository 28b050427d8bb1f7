"""Reproduction: published experiments, run again on other clips, beside the published numbers.

An experiment is one row at the foot of this file. Features are extracted once for all its parts, and every
part is tested on the same folds. Its tables are printed by the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.evaluation import evaluate
from gtzanfeat.evaluation.folds import plan
from gtzanfeat.evaluation.result import Evaluation
from gtzanfeat.extraction import Extraction, extract


@dataclass(frozen=True)
class PublishedExperiment:
    """One row of `PUBLISHED_EXPERIMENTS`.

    Parameters
    ----------
    name : str
        Its name.
    source : str
        The paper.
    feature_set : str
        The feature set.
    families : mapping of str to tuple of str
        Named groups of columns, by the beginnings of their names; tested one by one, and then all together.
    classifiers : mapping of str to str
        The recipe of each of the paper's classifiers, by the paper's name for it.
    matrix : str
        The paper's name of the classifier whose confusion matrix is shown.
    n_clips : int
        How many clips the paper had.
    n_classes : int
        How many classes.
    published : mapping of (str, str) to (int, int or None)
        Per cent and, where given, standard deviation, by classifier and family ("all" for all columns).
    caveat : str
        How far the published numbers and this run can be compared.
    """

    name: str
    source: str
    feature_set: str
    families: Mapping[str, tuple[str, ...]]
    classifiers: Mapping[str, str]
    matrix: str
    n_clips: int
    n_classes: int
    published: Mapping[tuple[str, str], tuple[int, int | None]]
    caveat: str


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The evaluations of a published experiment that was run again.

    Parameters
    ----------
    experiment : PublishedExperiment
        The published experiment.
    evaluations : mapping of (str, str) to Evaluation
        The result of each classifier, by the paper's name for it, on each family of columns or "all".
    """

    experiment: PublishedExperiment
    evaluations: Mapping[tuple[str, str], Evaluation]

    @property
    def is_complete(self) -> bool:
        """Whether the dataset has as many clips and classes as that of the paper."""
        found = self.main
        return (found.n_used, len(found.labels)) == (self.experiment.n_clips, self.experiment.n_classes)

    @property
    def main(self) -> Evaluation:
        """The evaluation whose confusion matrix the paper shows."""
        return self.evaluations[self.experiment.matrix, "all"]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per classifier and family: here and as published, in per cent.

        Returns
        -------
        DataFrame
            Columns ``classifier``, ``family``, ``columns`` (how many), ``accuracy`` and ``deviation``
            (between folds, n - 1), ``published`` and ``published_deviation`` (NaN where
            the paper gives none).
        """
        rows = []
        for (classifier, family), found in self.evaluations.items():
            published, deviation = self.experiment.published.get((classifier, family), (np.nan, None))
            scores = 100 * found.fold_scores["accuracy"]
            rows.append(
                {
                    "classifier": classifier,
                    "family": family,
                    "columns": found.n_columns,
                    "accuracy": scores.mean(),
                    "deviation": scores.std(ddof=1),
                    "published": float(published),
                    "published_deviation": np.nan if deviation is None else float(deviation),
                }
            )
        return pd.DataFrame(rows)


def reproduce(
    name: str,
    clips: ClipTable,
    *,
    repeats: int = 10,
    random_state: int = 0,
    n_jobs: int | None = None,
    values: Extraction | None = None,
    progress: Callable[[int], object] | None = None,
) -> Reproduction:
    """Run a published experiment on other clips, and return its scores beside the published ones.

    Parameters
    ----------
    name : str
        A key of `PUBLISHED_EXPERIMENTS`.
    clips : ClipTable
        The paper's dataset, or what there is of it.
    repeats : int, default=10
        How often ten folds are drawn anew; 10 give the paper's 100 tests of a tenth of the clips each.
    random_state : int, default=0
        Seed of the folds and of the classifiers; a number, so that the same line gives the same scores.
    n_jobs : int, optional
        Workers. The result does not depend on it.
    values : Extraction, optional
        The features of the experiment, if they were extracted before.
    progress : callable, optional
        Called with the number of folds done since the last call.

    Returns
    -------
    Reproduction
        One evaluation per classifier and group of columns.

    Raises
    ------
    UnknownNameError
        If there is no such experiment.
    ProtocolError
        If the clips are too few for it.
    ClipError
        If a clip cannot be analysed.
    ValueError
        If `values` are of another feature set.

    Examples
    --------
    >>> sorted(PUBLISHED_EXPERIMENTS)
    ['tzanetakis2002']
    """
    if name not in PUBLISHED_EXPERIMENTS:
        raise UnknownNameError("experiment", name, PUBLISHED_EXPERIMENTS)
    experiment = PUBLISHED_EXPERIMENTS[name]
    plan(clips, "random", repeats=repeats, random_state=random_state)  # too few clips are told of now
    if values is None:
        values = extract(clips.clips, experiment.feature_set, n_jobs=n_jobs)
    elif values.feature_set.name != experiment.feature_set:
        raise ValueError(
            f"{name} wants {experiment.feature_set!r}, but values are {values.feature_set.name!r}"
        )
    table = pd.DataFrame(values.values, columns=list(values.columns))
    parts = {family: _chosen(table, starts) for family, starts in experiment.families.items()}
    evaluations = {
        (classifier, family): evaluate(
            recipe,
            clips,
            values=part,
            repeats=repeats,
            random_state=random_state,
            n_jobs=n_jobs,
            on_error="skip",
            progress=progress,
        )
        for family, part in (*parts.items(), ("all", table))
        for classifier, recipe in experiment.classifiers.items()
    }
    return Reproduction(experiment, evaluations)


def _chosen(table: pd.DataFrame, starts: tuple[str, ...]) -> pd.DataFrame:
    return table[[column for column in table if str(column).startswith(starts)]]


PUBLISHED_EXPERIMENTS: dict[str, PublishedExperiment] = {
    row.name: row
    for row in (
        PublishedExperiment(
            name="tzanetakis2002",
            source="Tzanetakis & Cook 2002, Musical genre classification of audio signals",
            feature_set="tzanetakis2002",
            families={
                "STFT": ("spectral_", "zcr_", "low_energy"),
                "MFCC": ("mfcc_",),
                "BHF": ("beat_",),
                "PHF": ("pitch_",),
            },
            classifiers={
                "GS": "gmm1",
                **{f"GMM{n}": f"gmm{n}" for n in (2, 3, 4, 5)},
                **{f"k-NN{n}": f"knn{n}" for n in (1, 3, 5)},
            },
            matrix="GMM3",
            n_clips=1000,
            n_classes=10,
            published={
                ("GS", "PHF"): (23, None),
                ("GS", "BHF"): (28, None),
                ("GS", "STFT"): (45, None),
                ("GS", "MFCC"): (47, None),
                ("GS", "all"): (59, 4),
                ("GMM2", "all"): (60, 4),
                ("GMM3", "all"): (61, 4),
                ("GMM4", "all"): (61, 4),
                ("GMM5", "all"): (61, 4),
                ("k-NN1", "all"): (59, 4),
                ("k-NN3", "all"): (60, 4),
                ("k-NN5", "all"): (56, 3),
            },
            caveat="The published numbers are quoted from memory, not from the paper at hand.",
        ),
    )
}
