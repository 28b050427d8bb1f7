"""The section of the report page on the worst predicted clips, with their histograms and segments.

Only these clips are analysed again, and only if their files still exist. Other sections are in `sections`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.evaluation import Evaluation
from gtzanfeat.features.pitch_histograms import N_NOTES
from gtzanfeat.report.displays import segment_timeline
from gtzanfeat.report.histogram_displays import clip_histogram
from gtzanfeat.report.vector_pictures import (
    beat_histogram_svg,
    circle_of_fifths_svg,
    pitch_histogram_svg,
    timeline_svg,
)

MOST_CLIPS = 6


def rank_mistakes(found: Evaluation, n: int = MOST_CLIPS) -> pd.DataFrame:
    """Return the clips with the worst predictions, over all tests of each.

    Classes: the mean over tests of the score of the predicted minus that of the true class; or the share of
    wrong tests, if there are no scores. Tags: the mean share of wrong tags. Numbers: the mean absolute error.

    Parameters
    ----------
    found : Evaluation
        The result.
    n : int, default=6
        Largest number of clips.

    Returns
    -------
    DataFrame
        One row per clip, the worst first, without those that were always right. Columns ``clip``,
        ``recording``, ``path``, ``wrongness``, ``wrong`` and ``tests`` (how many of how many).
    """
    table = found.predictions
    if found.task == "regression":
        wrongness = np.abs(found.answers - found.truth)
        wrong = wrongness > 0
    elif found.task == "multi-label":
        wrongness = np.mean(found.answers != found.truth, axis=1)
        wrong = wrongness > 0
    else:
        wrong = np.asarray(found.answers != found.truth)
        wrongness = (
            wrong.astype(float) if found.scores is None else wrong * _score_margin(found, found.scores)
        )
    rows = table[["clip", "recording", "path"]].assign(wrongness=wrongness, wrong=wrong)
    by_clip = rows.groupby("clip", sort=True).agg(
        recording=("recording", "first"),
        path=("path", "first"),
        wrongness=("wrongness", "mean"),
        wrong=("wrong", "sum"),
        tests=("wrong", "size"),
    )
    ranked = by_clip.sort_values(["wrongness", "wrong"], ascending=False, kind="stable")
    return ranked[ranked["wrong"] > 0].head(n).reset_index()


def _score_margin(found: Evaluation, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score of the predicted minus that of the true class of each test, (n_tests,)."""
    place = {name: i for i, name in enumerate(found.labels)}
    rows = np.arange(len(found.truth))
    answer, truth = ([place[name] for name in side] for side in (found.answers, found.truth))
    return np.asarray(scores[rows, answer] - scores[rows, truth])


def mistakes_section(found: Evaluation, clips: ClipTable | None) -> dict[str, Any] | None:
    """Return the section of the page, or None if all predictions are right.

    Parameters
    ----------
    found : Evaluation
        The result; timelines are drawn from its ``segments``, if it has them.
    clips : ClipTable or None
        The clips that were evaluated; by default the paths in the result are opened.

    Returns
    -------
    dict or None
        The variables of the template: title, caption and one card per clip.
    """
    segments = found.segments
    cards = []
    for row in rank_mistakes(found).to_dict("records"):
        clip = int(row["clip"])
        card = {"name": Path(str(row["path"])).name, "words": _describe_prediction(found, row)}
        if segments is not None and found.task == "single-label" and (segments["clip"] == clip).any():
            own = segments[segments["clip"] == clip]
            card["timeline"] = timeline_svg(*segment_timeline(own), truth=_true_label(found, clip))
        cards.append(card | _histogram_figures(str(row["path"]) if clips is None else clips.clips[clip]))
    if not cards:
        return None
    titles = {"single-label": "Most confidently wrong", "multi-label": "Most tags wrong"}
    captions = {
        "single-label": "By how far the score of the answer was above that of the truth, over all its tests.",
        "multi-label": "By the share of tags that were wrong, over all its tests.",
        "regression": "By the mean distance of answer and truth, over all its tests.",
    }
    if found.task == "single-label" and found.scores is None:
        titles["single-label"] = "Most often wrong"
        captions["single-label"] = "By how often the answer was wrong; this classifier gives no scores."
    return {"title": titles.get(found.task, "Furthest off"), "caption": captions[found.task], "cards": cards}


def _true_label(found: Evaluation, clip: int) -> str:
    """Return the true class of a clip."""
    column = found.predictions.loc[found.predictions["clip"] == clip, "label"]
    return str(column.iloc[0])


def _describe_prediction(found: Evaluation, row: dict[Any, Any]) -> str:
    """Return truth and prediction of a clip in words."""
    tests = found.predictions[found.predictions["clip"] == row["clip"]]
    if found.task == "regression":
        answers = tests["predicted"].to_numpy(dtype=float)
        return f"{float(tests['target'].iloc[0]):.4g}, taken for {answers.mean():.4g}"
    if found.task == "multi-label":
        truth, answer = (_list_tags(str(tests[name].iloc[0])) for name in ("labels", "predicted"))
        return f"{truth}; answered {answer}"
    missed = tests[tests["label"] != tests["predicted"]]
    answer = str(missed["predicted"].mode().iloc[0])
    truth = str(tests["label"].iloc[0])
    words = f"{truth}, taken for {answer}"
    words += f" in {len(missed)} of {len(tests)} tests" if len(tests) > 1 else ""
    if found.score_kind == "probability":
        chosen = missed[missed["predicted"] == answer]
        said, deserved = (100 * chosen[f"score_{name}"].mean() for name in (answer, truth))
        words += f"; it gave {said:.0f} % to {answer} and {deserved:.0f} % to {truth}"
    return words


def _list_tags(text: str) -> str:
    return ", ".join(tag for tag in text.split("|") if tag) or "no tag"


def _histogram_figures(clip: Any) -> dict[str, str]:
    """Return the figures of a clip's beat and pitch histograms, or the reason why there are none."""
    try:
        beats = clip_histogram(clip, "beat-histogram")
        notes = clip_histogram(clip, "pitch-histograms")[:N_NOTES]
    except ClipError as error:
        return {"silent": f"No histograms: {error.reason}."}
    return {
        "beat": beat_histogram_svg(beats),
        "pitch": pitch_histogram_svg(notes),
        "circle": circle_of_fifths_svg(notes),
    }
