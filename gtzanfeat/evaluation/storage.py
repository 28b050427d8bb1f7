"""Evaluations on disk: ``evaluation.json`` and ``predictions.parquet`` in a folder, written and read back.

The predictions of windows of recordings, where there are any, are in ``segments.parquet``. What the values
mean is said in `result`.
"""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.errors import ExportError
from gtzanfeat.evaluation.confounders import Confounds
from gtzanfeat.evaluation.leakage import Audit, Finding
from gtzanfeat.evaluation.result import Evaluation
from gtzanfeat.export.formats import put_in_place
from gtzanfeat.export.tables import check_place
from gtzanfeat.extraction import Failure

RESULT = "evaluation.json"
PREDICTIONS = "predictions.parquet"
SEGMENTS = "segments.parquet"
FOLD_COLUMNS = ("repeat", "fold", "n_train", "n_test", "fit_seconds", "predict_seconds")


def write_evaluation(
    evaluation: Evaluation, folder: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write ``evaluation.json`` and ``predictions.parquet`` to a folder, which `read_evaluation` reads.

    Parameters
    ----------
    evaluation : Evaluation
        The result.
    folder : str or path
        The folder; it is made if it does not exist.
    overwrite : bool, default=False
        Whether existing files are replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ExportError
        If the files exist already, or cannot be written.
    """
    where = Path(folder)
    check_folder(where, overwrite)
    text = json.dumps(evaluation.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        where.mkdir(parents=True, exist_ok=True)
        if evaluation.segments is None:
            (where / SEGMENTS).unlink(missing_ok=True)
        else:
            with put_in_place(where / SEGMENTS) as segments:
                evaluation.segments.to_parquet(segments, index=False)
        with put_in_place(where / PREDICTIONS) as predictions, put_in_place(where / RESULT) as result:
            evaluation.predictions.to_parquet(predictions, index=False)
            result.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{where}: cannot be written ({error.strerror or error})") from error
    return where


def check_folder(folder: Path, overwrite: bool) -> None:
    """Raise ExportError if a folder holds an evaluation that may not be replaced, or is no folder."""
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder}: it is a file; give the name of a folder")
    if folder.is_dir():
        for name in (RESULT, PREDICTIONS, SEGMENTS):
            check_place(folder / name, overwrite)


def read_evaluation(path: str | os.PathLike[str]) -> Evaluation:
    """Return the evaluation that `write_evaluation` wrote to a folder.

    Parameters
    ----------
    path : str or path
        The folder, or ``evaluation.json`` in it.

    Returns
    -------
    Evaluation
        All scores are computed anew from the predictions.

    Raises
    ------
    ExportError
        If there is no evaluation, or it cannot be read.

    Examples
    --------
    >>> read_evaluation("nowhere")
    Traceback (most recent call last):
    ...
    gtzanfeat.errors.ExportError: nowhere: there is no evaluation.json; give a folder that ...
    """
    given = Path(path)
    folder = given.parent if given.name == RESULT else given
    if not (folder / RESULT).is_file():
        raise ExportError(
            f"{given}: there is no {RESULT}; give a folder that write_evaluation (--save) wrote"
        )
    try:
        stated = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        predictions = pd.read_parquet(folder / PREDICTIONS)
        segments = pd.read_parquet(folder / SEGMENTS) if (folder / SEGMENTS).is_file() else None
        return _evaluation(stated, predictions, segments)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ExportError(f"{given}: it cannot be read as an evaluation ({reason}); write it anew") from error


def _evaluation(
    stated: dict[str, Any], predictions: pd.DataFrame, segments: pd.DataFrame | None
) -> Evaluation:
    needed = [item.name for item in fields(Evaluation) if item.default is MISSING]
    known = {item.name: stated[item.name] for item in fields(Evaluation) if item.name in stated}
    known |= {name: stated[name] for name in needed if name != "predictions"}
    folds = pd.DataFrame(stated["folds"])
    return Evaluation(
        **known
        | {
            "predictions": predictions,
            "segments": segments,
            "failures": tuple(Failure(**failure) for failure in stated["failures"]),
            "warnings": tuple(stated["warnings"]),
            "names": tuple(stated["names"]),
            "audit": None if stated["audit"] is None else _audit(stated["audit"]),
            "refits": tuple(stated["refits"]),
            "folds": folds[list(FOLD_COLUMNS)] if set(FOLD_COLUMNS) <= set(folds) else None,
            "priors": None if stated["priors"] is None else np.array(stated["priors"], dtype=float),
        }
    )


def _audit(stated: dict[str, Any]) -> Audit:
    findings = tuple(Finding(**finding) for finding in stated["findings"])
    told = stated.get("confounds")
    return Audit(
        **stated
        | {
            "findings": findings,
            "notes": tuple(stated["notes"]),
            "confounds": None if told is None else Confounds.from_dict(told),
        }
    )
