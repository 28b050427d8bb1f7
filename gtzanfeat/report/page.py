"""The report: one self-contained HTML page, without scripts and external files.

Its contents are made in `sections` and `mistakes`, its looks in ``page.html`` and ``page.css``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation import Evaluation
from gtzanfeat.evaluation.storage import PREDICTIONS, RESULT, SEGMENTS, check_folder, write_evaluation
from gtzanfeat.export.formats import put_in_place
from gtzanfeat.export.tables import check_place
from gtzanfeat.inspection import Robustness
from gtzanfeat.inspection.feature_importance import Importance
from gtzanfeat.report import mistakes, sections
from gtzanfeat.version import __version__

NAME = "report.html"


def write_report(
    evaluation: Evaluation,
    folder: str | os.PathLike[str],
    *,
    clips: ClipTable | None = None,
    command: str | None = None,
    importance: Importance | pd.DataFrame | None = None,
    robustness: Robustness | Sequence[Robustness] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a result as an HTML page, and in the same folder as JSON and Parquet.

    The page is one file that can be sent to someone: figures and styles are embedded, it loads nothing from
    a network, has no script, follows the reader's light or dark theme, and fits a phone. Sections for which
    there are no data are left out.

    Parameters
    ----------
    evaluation : Evaluation
        The result, from `evaluate`.
    folder : str or path
        The folder, which is created if it does not exist. The page is ``report.html`` in it, beside the files
        that `Evaluation.save` writes.
    clips : ClipTable, optional
        The clips that were evaluated, for the histograms of the worst predicted ones; by default the paths
        in the result are opened.
    command : str, optional
        The command line that made the result.
    importance : Importance or DataFrame, optional
        Permutation importances of groups of columns, which name the rows: ``importance``, the decrease of the
        score, and optionally ``spread``.
    robustness : Robustness or sequence of Robustness, optional
        Scores as a function of the strength of a degradation.
    overwrite : bool, default=False
        Whether existing files are replaced.

    Returns
    -------
    Path
        Path of the page.

    Raises
    ------
    ExportError
        If the folder cannot be created or written to, or has a report that may not be replaced.
    """
    folder = Path(folder)
    check_report(folder, overwrite)
    text = render(evaluation, clips=clips, command=command, importance=importance, robustness=robustness)
    write_evaluation(evaluation, folder, overwrite=overwrite)
    page = folder / NAME
    with put_in_place(page) as part:
        part.write_text(text, encoding="utf-8")
    return page


def check_report(folder: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise ExportError if a folder has a report that may not be replaced, or is no folder."""
    folder = Path(folder)
    check_folder(folder, overwrite)
    if folder.is_dir():
        check_place(folder / NAME, overwrite)


def render(
    evaluation: Evaluation,
    *,
    clips: ClipTable | None = None,
    command: str | None = None,
    importance: Importance | pd.DataFrame | None = None,
    robustness: Robustness | Sequence[Robustness] | None = None,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    evaluation : Evaluation
        The result, from `evaluate`.
    clips, command, importance, robustness : optional
        As in `write_report`.

    Returns
    -------
    str
        The page.
    """
    wrong = mistakes.mistakes_section(evaluation, clips)
    for card in wrong["cards"] if wrong else ():
        card |= {name: Markup(card[name]) for name in ("timeline", "beat", "pitch", "circle") if name in card}
    scatter = sections.regression_scatter(evaluation)
    sweeps = sections.robustness_curves(robustness)
    for sweep in sweeps or ():
        sweep["picture"] = Markup(sweep["picture"])
    return _template().render(
        title=f"{evaluation.estimator} on {evaluation.feature_set}",
        kicker=f"{evaluation.dataset}, protocol {evaluation.protocol}",
        score=sections.headline_score(evaluation),
        warnings=evaluation.warnings,
        confounds=sections.confound_table(evaluation.audit),
        asked=sections.setting_rows(evaluation, command),
        metrics=sections.metric_rows(evaluation),
        about_scores=sections.interval_caption(evaluation),
        remarks=sections.score_remarks(evaluation),
        matrix=sections.confusion_rows(evaluation),
        labels=evaluation.labels if evaluation.task == "single-label" else (),
        classes=sections.class_table(evaluation),
        pairs=sections.confused_pairs(evaluation),
        scatter=None if scatter is None else Markup(scatter),
        folds=sections.fold_table(evaluation),
        wrong=wrong,
        importance=sections.importance_table(importance, evaluation.headline),
        audit=sections.audit_section(evaluation.audit),
        robustness=sweeps,
        failures=evaluation.failures,
        version=__version__,
        beside=", ".join([RESULT, PREDICTIONS] + [SEGMENTS] * (evaluation.segments is not None)),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("gtzanfeat", "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html")
