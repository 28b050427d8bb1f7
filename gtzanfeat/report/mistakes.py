"""The section of the report page on the worst predicted clips, and what the decisions about them rested on.

Of a clip for which rhythm or pitch decided, the histogram is drawn; only these clips are analysed again, and
only if their files still exist. Other sections are in `sections`.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, GtzanfeatError
from gtzanfeat.evaluation import Evaluation, Experiment
from gtzanfeat.features.pitch_histograms import N_NOTES
from gtzanfeat.inspection import held_out_contributions, held_out_shapley_values
from gtzanfeat.inspection.feature_importance import column_groups, named_columns
from gtzanfeat.report.displays import segment_timeline
from gtzanfeat.report.histogram_displays import clip_histogram
from gtzanfeat.report.score_pictures import bars_svg, scale_svg
from gtzanfeat.report.vector_pictures import (
    beat_histogram_svg,
    circle_of_fifths_svg,
    pitch_histogram_svg,
    timeline_svg,
)

MOST_CLIPS = 6
MOST_SCORES = 5  # bars, beside those of truth and answer


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


def mistakes_section(
    found: Evaluation,
    clips: ClipTable | None,
    contributions: pd.DataFrame | None = None,
    links_from: Path | None = None,
) -> dict[str, Any] | None:
    """Return the section of the page, or None if all predictions are right.

    Parameters
    ----------
    found : Evaluation
        The result; timelines are drawn from its ``segments``, if it has them.
    clips : ClipTable or None
        The clips that were evaluated; by default the paths in the result are opened.
    contributions : DataFrame, optional
        Shares of families in the decisions, as `held_out_contributions` gives them.
    links_from : Path, optional
        The folder of the page, if it is to have links to the recordings.

    Returns
    -------
    dict or None
        The variables of the template: title, caption and one card per clip.
    """
    cards = []
    for row in rank_mistakes(found).to_dict("records"):
        clip, path = int(row["clip"]), str(row["path"])
        card = {"name": Path(path).name, "words": _describe_prediction(found, row)}
        card |= _link(path, links_from) | _score_figure(found, clip) | _timeline_figure(found, clip)
        lead = None if contributions is None else _lead(found, clip, contributions)
        if lead is not None:
            card |= _lead_figure(lead, *_answer_and_truth(found, clip))
            card |= _histogram_figures(path if clips is None else clips.clips[clip], lead)
        cards.append(card)
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
    caption = captions[found.task]
    if contributions is not None and found.predictions["repeat"].nunique() > 1:
        n_repeats = contributions.index.unique("repeat").size
        caption += (
            f" What spoke for the answer is of {'the first repeat' if n_repeats == 1 else 'all repeats'}."
        )
    return {"title": titles.get(found.task, "Furthest off"), "caption": caption, "cards": cards}


def explain_mistakes(experiment: Experiment, found: Evaluation) -> pd.DataFrame | None:
    """Return what the decisions about the worst predicted clips rested on.

    They are exact contributions where the model has them, otherwise Shapley values; of families, or of a
    finer grouping where all columns are of one family.

    Parameters
    ----------
    experiment : Experiment
        What was evaluated; it is trained once more in folds of one repeat.
    found : Evaluation
        Its result.

    Returns
    -------
    DataFrame or None
        As of `held_out_contributions`; None where nothing is wrong, the task is no classification, or the
        estimator does not learn from named columns.
    """
    clips = rank_mistakes(found)["clip"].tolist()
    if found.task != "single-label" or not clips:
        return None
    for by in ("family", "feature", "column"):
        try:
            columns = named_columns(experiment, by)
            if len(column_groups(columns, by, experiment.features.n_columns)) < 2:
                continue
        except GtzanfeatError:  # nothing is known of the columns but their names, or there are none
            continue
        with contextlib.suppress(GtzanfeatError):  # it is no linear model and no mixture
            return held_out_contributions(experiment, by=by)
        with contextlib.suppress(GtzanfeatError):  # it gives no scores, or there are too many groups
            return held_out_shapley_values(experiment, by=by, clips=clips)
    return None


def _answer_and_truth(found: Evaluation, clip: int) -> tuple[str, str]:
    """Return the commonest wrong class that a clip was taken for, and its true class."""
    tests = found.predictions[found.predictions["clip"] == clip]
    missed = tests[tests["label"] != tests["predicted"]]
    return str(missed["predicted"].mode().iloc[0]), str(tests["label"].iloc[0])


def _link(path: str, links_from: Path | None) -> dict[str, str]:
    """Return the address of a recording, relative to the folder of the page, if it is there."""
    if links_from is None or not Path(path).is_file():
        return {}
    try:
        relative = Path(os.path.relpath(path, links_from)).as_posix()
    except ValueError:  # on another drive
        return {"link": Path(path).absolute().as_uri()}
    return {"link": quote(relative)}


def _score_figure(found: Evaluation, clip: int) -> dict[str, str]:
    """Return the figure of a clip's mean scores, or of its answers on the scale of the truths."""
    tests = found.predictions[found.predictions["clip"] == clip]
    if found.task == "regression":
        truths = found.truth[np.isfinite(found.truth)]
        answers = tests["predicted"].to_numpy(dtype=float)
        picture = scale_svg(float(tests["target"].iloc[0]), answers, truths.min(), truths.max())
        return {
            "scores": picture,
            "about_scores": "The line is the truth, the dots are the answers.",
        }
    if found.scores is None:
        return {}
    means = np.asarray(found.scores[(found.predictions["clip"] == clip).to_numpy()].mean(axis=0))
    if found.task == "single-label":
        answer, truth = _answer_and_truth(found, clip)
        answered, true = {answer}, {truth}
    else:
        answered, true = (set(_tags(tests[name])) for name in ("predicted", "labels"))
    rank = np.argsort(-means, kind="stable")
    wanted = {found.labels[i] for i in rank[:MOST_SCORES]} | answered | true
    shown = [int(i) for i in rank if found.labels[i] in wanted][: 2 * MOST_SCORES]
    names, values = [found.labels[i] for i in shown], [float(means[i]) for i in shown]
    share = found.score_kind == "probability"
    texts = [f"{100 * value:.0f} %" if share else _signed(value) for value in values]
    kind = "probability" if share else "decision value"
    said = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    title = f"Mean {kind}: {said}"
    about = f"Mean {kind} over its tests; the answer has the strong bar, the truth is bold."
    return {
        "scores": bars_svg(values, names, texts, title, strong=true, main=answered),
        "about_scores": about,
    }


def _timeline_figure(found: Evaluation, clip: int) -> dict[str, str]:
    """Return the figure of the segments of a clip, where segments were classified."""
    segments = found.segments
    if segments is None or found.task != "single-label" or not (segments["clip"] == clip).any():
        return {}
    own = segments[segments["clip"] == clip]
    return {"timeline": timeline_svg(*segment_timeline(own), truth=_answer_and_truth(found, clip)[1])}


def _lead(found: Evaluation, clip: int, contributions: pd.DataFrame) -> pd.Series | None:
    """Return what each group of columns adds to the lead of the answer over the truth, mean over repeats."""
    if found.task != "single-label" or clip not in contributions.index.unique("clip"):
        return None
    rows = contributions[contributions.index.get_level_values("clip") == clip]
    of_class = rows.groupby(level="class").mean()
    nothing = pd.Series(0.0, index=of_class.columns)  # of two classes, a linear model has one row for both
    answer, truth = (
        of_class.T[name] if name in of_class.index else nothing for name in _answer_and_truth(found, clip)
    )
    return answer - truth


def _lead_figure(lead: pd.Series, answer: str, truth: str) -> dict[str, str]:
    """Return the figure of the shares of groups of columns in the lead of the answer."""
    shares = lead.drop("total")
    groups = shares.drop("rest").abs().sort_values(ascending=False, kind="stable").index[:MOST_SCORES]
    names = [*map(str, groups), "rest"]
    values = [float(shares[name]) for name in groups]
    values.append(float(lead["total"]) - sum(values))
    texts = [_signed(value) for value in values]
    said = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    title = f"For {answer} and against {truth}: {said}"
    positive = [name for name, value in zip(names, values, strict=True) if value > 0]
    others = "other columns and " if len(shares) > len(names) else ""
    return {
        "lead": bars_svg(values, names, texts, title, main=positive),
        "about_lead": f"What spoke for {answer} (right) or {truth} (left); the rest is {others}what holds "
        f"for every clip. Together: {_signed(float(lead['total']))}.",
    }


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _describe_prediction(found: Evaluation, row: dict[Any, Any]) -> str:
    """Return truth and prediction of a clip in words."""
    tests = found.predictions[found.predictions["clip"] == row["clip"]]
    if found.task == "regression":
        answers = tests["predicted"].to_numpy(dtype=float)
        return f"{float(tests['target'].iloc[0]):.4g}, taken for {answers.mean():.4g}"
    if found.task == "multi-label":
        truth, answer = (", ".join(_tags(tests[name])) or "no tag" for name in ("labels", "predicted"))
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


def _tags(tests: pd.Series) -> list[str]:
    """Return the tags that half of the tests of a clip have, or more."""
    given = Counter(tag for text in tests for tag in str(text).split("|") if tag)
    return [tag for tag, count in sorted(given.items()) if 2 * count >= len(tests)]


def _histogram_figures(clip: Any, lead: pd.Series) -> dict[str, str]:
    """Return the histogram that is behind the family that spoke most for the answer, if it has one."""
    strongest = str(lead.drop(["rest", "total"]).idxmax())
    if not strongest.startswith(("rhythm", "beat", "pitch")) or lead[strongest] <= 0:
        return {}
    try:
        if not strongest.startswith("pitch"):
            return {"beat": beat_histogram_svg(clip_histogram(clip, "beat-histogram"))}
        notes = clip_histogram(clip, "pitch-histograms")[:N_NOTES]
    except ClipError as error:
        return {"silent": f"No histogram: {error.reason}."}
    return {"pitch": pitch_histogram_svg(notes), "circle": circle_of_fifths_svg(notes)}
