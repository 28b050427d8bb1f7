"""The report: one self-contained HTML page, without scripts and external files.

Its contents are made in `sections`, `class_sections` and `mistakes`, its looks in ``page.html`` and
``page.css``.
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
from gtzanfeat.report import class_sections, mistakes, sections
from gtzanfeat.version import __version__

NAME = "report.html"
PICTURES = ("scores", "lead", "timeline", "beat", "pitch", "circle", "roc", "precision", "picture")  # SVG


def write_report(
    evaluation: Evaluation,
    folder: str | os.PathLike[str],
    *,
    clips: ClipTable | None = None,
    command: str | None = None,
    importance: Importance | pd.DataFrame | None = None,
    contributions: pd.DataFrame | None = None,
    robustness: Robustness | Sequence[Robustness] | None = None,
    links: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write a result as an HTML page, and in the same folder as JSON and Parquet.

    The page is one file that can be sent to someone: it loads nothing, has no script, follows the reader's
    light or dark theme, and fits a phone. Sections for which there are no data are left out.

    Parameters
    ----------
    evaluation : Evaluation
        The result, from `evaluate`.
    folder : str or path
        The folder, made if it is missing; the page is ``report.html``, beside what `write_evaluation` writes.
    clips : ClipTable, optional
        The clips that were evaluated; by default the paths in the result are opened.
    command : str, optional
        The command line that made the result.
    importance : Importance or DataFrame, optional
        Importances by group of columns: ``importance``, the loss of score, and optionally ``spread``.
    contributions : DataFrame, optional
        Shares of groups of columns in decisions, from `held_out_contributions` or `held_out_shapley_values`.
    robustness : Robustness or sequence of Robustness, optional
        Scores as a function of the strength of a degradation.
    links : bool, default=False
        Whether the worst predicted clips are links to their recordings, by paths relative to `folder`.
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
    text = render(
        evaluation,
        clips=clips,
        command=command,
        importance=importance,
        contributions=contributions,
        robustness=robustness,
        links_from=folder if links else None,
    )
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
    contributions: pd.DataFrame | None = None,
    robustness: Robustness | Sequence[Robustness] | None = None,
    links_from: Path | None = None,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    evaluation : Evaluation
        The result, from `evaluate`.
    clips, command, importance, contributions, robustness : optional
        As in `write_report`.
    links_from : Path, optional
        The folder that links to recordings start from; by default there are none.

    Returns
    -------
    str
        The page.
    """
    wrong = mistakes.mistakes_section(evaluation, clips, contributions, links_from)
    curves = class_sections.curve_cards(evaluation)
    scatter = sections.regression_scatter(evaluation)
    sweeps = sections.robustness_curves(robustness)
    for card in (*(wrong["cards"] if wrong else ()), *(curves["cards"] if curves else ()), *(sweeps or ())):
        card |= {name: Markup(card[name]) for name in PICTURES if name in card}
    return _template().render(
        title=f"{evaluation.estimator} on {evaluation.feature_set}",
        kicker=f"{evaluation.dataset}, protocol {evaluation.protocol}",
        score=sections.headline_score(evaluation),
        warnings=evaluation.warnings,
        confounds=sections.confound_table(evaluation.audit),
        asked=sections.setting_rows(evaluation),
        command=command,
        metrics=sections.metric_rows(evaluation),
        about_scores=sections.interval_caption(evaluation),
        remarks=sections.score_remarks(evaluation),
        matrix=sections.confusion_rows(evaluation),
        labels=evaluation.labels if evaluation.task == "single-label" else (),
        classes=class_sections.class_table(evaluation),
        pairs=sections.confused_pairs(evaluation),
        curves=curves,
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
