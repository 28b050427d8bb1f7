"""The recordings that a result is most confidently wrong about, each with what can be seen of it.

Only these few recordings are opened again, and only if they are still where they were.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.evaluation import Evaluation
from gtzanfeat.features.pitch_histograms import N_NOTES
from gtzanfeat.report.displays import timeline
from gtzanfeat.report.histogram_displays import measured_histogram
from gtzanfeat.report.vector_pictures import beat_picture, circle_picture, pitch_picture, timeline_picture

SHOWN = 6


def worst(found: Evaluation, n: int = SHOWN) -> pd.DataFrame:
    """Rank the clips by how wrong the answers were, over all tests of each.

    One label: the mean over tests of the score of the answer minus the score of the truth, 0 where both are
    one; the share of wrong tests where there are no scores. Tags: the mean share of tags that were wrong.
    Numbers: the mean absolute error.

    Parameters
    ----------
    found : Evaluation
        The result.
    n : int
        How many clips at most.

    Returns
    -------
    DataFrame
        One row per clip, the worst first; clips that were always right are left out. Columns ``clip``,
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
        wrongness = wrong.astype(float) if found.scores is None else wrong * _margin(found, found.scores)
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


def _margin(found: Evaluation, scores: np.ndarray) -> np.ndarray:
    place = {name: i for i, name in enumerate(found.labels)}
    rows = np.arange(len(found.truth))
    answer, truth = ([place[name] for name in side] for side in (found.answers, found.truth))
    return np.asarray(scores[rows, answer] - scores[rows, truth])


def section(found: Evaluation, clips: ClipTable | None) -> dict[str, Any] | None:
    """Return the section of the page, or None if nothing was wrong.

    Parameters
    ----------
    found : Evaluation
        The result; the timelines are of its ``segments``, if it has them.
    clips : ClipTable or None
        The clips that were judged; else the paths of the result are opened.

    Returns
    -------
    dict or None
    """
    segments = found.segments
    cards = []
    for row in worst(found).to_dict("records"):
        clip = int(row["clip"])
        card = {"name": Path(str(row["path"])).name, "words": _words(found, row)}
        if segments is not None and found.task == "single-label" and (segments["clip"] == clip).any():
            own = segments[segments["clip"] == clip]
            card["timeline"] = timeline_picture(*timeline(own), truth=_truth(found, clip))
        cards.append(card | _pictures(str(row["path"]) if clips is None else clips.clips[clip]))
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


def _truth(found: Evaluation, clip: int) -> str:
    column = found.predictions.loc[found.predictions["clip"] == clip, "label"]
    return str(column.iloc[0])


def _words(found: Evaluation, row: dict[Any, Any]) -> str:
    tests = found.predictions[found.predictions["clip"] == row["clip"]]
    if found.task == "regression":
        answers = tests["predicted"].to_numpy(dtype=float)
        return f"{float(tests['target'].iloc[0]):.4g}, taken for {answers.mean():.4g}"
    if found.task == "multi-label":
        truth, answer = (_tags(str(tests[name].iloc[0])) for name in ("labels", "predicted"))
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


def _tags(text: str) -> str:
    return ", ".join(tag for tag in text.split("|") if tag) or "no tag"


def _pictures(clip: Any) -> dict[str, str]:
    """Measure a recording and draw its histograms; where that is impossible, say why."""
    try:
        beats = measured_histogram(clip, "beat-histogram")
        notes = measured_histogram(clip, "pitch-histograms")[:N_NOTES]
    except ClipError as error:
        return {"silent": f"No histograms: {error.reason}."}
    return {"beat": beat_picture(beats), "pitch": pitch_picture(notes), "circle": circle_picture(notes)}
