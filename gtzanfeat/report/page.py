"""The report: one HTML page that needs nothing beside it, neither a network nor a script.

`sections` and `mistakes` say what stands in it, ``page.html`` and ``page.css`` how it looks.
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
    directory: str | os.PathLike[str],
    *,
    clips: ClipTable | None = None,
    command: str | None = None,
    importance: Importance | pd.DataFrame | None = None,
    robustness: Robustness | Sequence[Robustness] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a result as a page for people, and beside it as JSON and Parquet for programs.

    The page is one file that can be sent to someone: pictures and styles are inside, it asks for nothing
    from a network, has no script, is light or dark as the reader's system is, and fits a phone. It has a
    section for what the result holds, and none for what it does not.

    Parameters
    ----------
    evaluation : Evaluation
        What `evaluate` found.
    directory : path
        A folder, made if it is not there. The page is ``report.html`` in it; what lies beside it is what
        `Evaluation.save` writes.
    clips : ClipTable, optional
        The clips that were evaluated, so that the histograms of those most wrongly answered can be drawn;
        by default their paths are opened as they stand in the result.
    command : str, optional
        The command line that led to it.
    importance : Importance or DataFrame, optional
        What the score owes to groups of columns, which name the rows: ``importance``, the loss of score, and
        perhaps ``spread``.
    robustness : Robustness or sequence of Robustness, optional
        Scores against the strength of a degradation.
    overwrite : bool, default=False
        Replace files that are there already.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ExportError
        If the folder cannot be made or written to, or holds a report that may not be replaced.
    """
    folder = Path(directory)
    check_report(folder, overwrite)
    text = render(evaluation, clips=clips, command=command, importance=importance, robustness=robustness)
    write_evaluation(evaluation, folder, overwrite=overwrite)
    page = folder / NAME
    with put_in_place(page) as part:
        part.write_text(text, encoding="utf-8")
    return page


def check_report(directory: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise ExportError if a folder holds a report that may not be replaced, or is no folder."""
    folder = Path(directory)
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
    """Return the page as text; the parameters are those of `write_report`.

    Parameters
    ----------
    evaluation : Evaluation
        What `evaluate` found.
    clips, command, importance, robustness : optional
        As for `write_report`.

    Returns
    -------
    str
        HTML.
    """
    wrong = mistakes.section(evaluation, clips)
    for card in wrong["cards"] if wrong else ():
        card |= {name: Markup(card[name]) for name in ("timeline", "beat", "pitch", "circle") if name in card}
    scatter = sections.scatter(evaluation)
    sweeps = sections.robustness(robustness)
    for sweep in sweeps or ():
        sweep["picture"] = Markup(sweep["picture"])
    return _template().render(
        title=f"{evaluation.estimator} on {evaluation.feature_set}",
        kicker=f"{evaluation.dataset}, protocol {evaluation.protocol}",
        score=sections.score(evaluation),
        warnings=evaluation.warnings,
        asked=sections.asked(evaluation, command),
        metrics=sections.metrics(evaluation),
        about_scores=sections.about_scores(evaluation),
        remarks=sections.remarks(evaluation),
        matrix=sections.matrix(evaluation),
        labels=evaluation.labels if evaluation.task == "single-label" else (),
        classes=sections.classes(evaluation),
        pairs=sections.pairs(evaluation),
        scatter=None if scatter is None else Markup(scatter),
        folds=sections.folds(evaluation),
        wrong=wrong,
        importance=sections.importance(importance, evaluation.headline),
        audit=sections.audit(evaluation.audit),
        robustness=sweeps,
        failures=evaluation.failures,
        version=__version__,
        beside=", ".join([RESULT, PREDICTIONS] + [SEGMENTS] * (evaluation.segments is not None)),
    )


@cache
def _template() -> Template:
    room = Environment(
        loader=PackageLoader("gtzanfeat", "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return room.get_template("page.html")
